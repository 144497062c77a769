//! mediasoup from its npm package. Its worker is C++ and its own build downloads seven libraries and a prebuilt binary from outside the
//! registries; here Debian's libraries and two small headers of ours stand in for them (`bench/peers/mediasoup`).
//!
//! Owns the cache's `mediasoup-VERSION` folder.

use super::{cached, carry_out, ensure_debian_packages, output_of, write};
use anyhow::{Context as _, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = "3.27.1";
/// Compilers, and what stands in for the worker's downloads: libuv, OpenSSL, FlatBuffers, and Abseil for two of them.
const PACKAGES: [&str; 9] = [
    "g++",
    "make",
    "pkg-config",
    "dpkg-dev",
    "libuv1-dev",
    "libssl-dev",
    "libflatbuffers-dev",
    "flatbuffers-compiler",
    "libabsl-dev",
];
/// In the folder; both are from `bench/peers/mediasoup`.
const FILES: [(&str, &str); 4] = [
    ("server.mjs", include_str!("../../peers/mediasoup/server.mjs")),
    ("Makefile", include_str!("../../peers/mediasoup/Makefile")),
    ("shims/srtp.h", include_str!("../../peers/mediasoup/include/srtp.h")),
    ("shims/ankerl/unordered_dense.h", include_str!("../../peers/mediasoup/include/ankerl/unordered_dense.h")),
];

/// # Errors
/// There is no cache folder.
pub fn version() -> Result<Option<String>> {
    Ok(worker()?.is_file().then(|| VERSION.to_owned()))
}

/// # Errors
/// There is no cache folder.
pub fn worker() -> Result<PathBuf> {
    Ok(folder()?.join("build/mediasoup-worker"))
}

/// The server that stands around the library, as this build of the tool has it.
///
/// # Errors
/// It cannot be written.
pub fn server() -> Result<PathBuf> {
    let folder = folder()?;
    for (name, text) in FILES {
        let path = folder.join(name);
        // Not touched where equal: make goes by the time.
        if std::fs::read_to_string(&path).ok().as_deref() != Some(text) {
            write(&path, text)?;
        }
    }
    Ok(folder.join("server.mjs"))
}

fn folder() -> Result<PathBuf> {
    cached(&format!("mediasoup-{VERSION}"))
}

pub(super) fn install() -> Result<()> {
    ensure_debian_packages(&PACKAGES)?;
    server()?;
    let folder = folder()?;
    write(&folder.join("package.json"), "{ \"private\": true }\n")?;
    let npm = ["install", "--ignore-scripts", "--no-audit", "--no-fund"];
    carry_out(Command::new("npm").args(npm).arg(format!("mediasoup@{VERSION}")).current_dir(&folder))?;
    let srtp = srtp_source(&folder)?;
    let build = folder.join("build");
    std::fs::create_dir_all(&build)?;
    let jobs = std::thread::available_parallelism()?;
    carry_out(
        Command::new("make")
            .args(["--silent", "--file"])
            .arg(folder.join("Makefile"))
            .arg(format!("--jobs={jobs}"))
            .arg(format!("WORKER={}", folder.join("node_modules/mediasoup/worker").display()))
            .arg(format!("SRTP={}", srtp.display()))
            .arg(format!("SHIMS={}", folder.join("shims").display()))
            .current_dir(build),
    )
}

/// Source of libsrtp 2 as Debian has it, by apt with a list of its own: the machine's own lists stay as they are.
fn srtp_source(folder: &Path) -> Result<PathBuf> {
    let apt = folder.join("apt");
    let release = std::fs::read_to_string("/etc/os-release").context("no /etc/os-release")?;
    let suite =
        release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).context("a system without a suite")?;
    let mut lists = String::new();
    for entry in std::fs::read_dir("/etc/apt/sources.list.d").context("no apt sources")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sources") {
            lists.push_str(&source_stanzas(&std::fs::read_to_string(path)?, suite));
        }
    }
    ensure!(!lists.is_empty(), "apt names no source of {suite} in /etc/apt/sources.list.d");
    write(&apt.join("lists/partial/.keep"), "")?;
    write(&apt.join("parts/source.sources"), &lists)?;
    let options = [
        "Dir::Etc::sourcelist=/dev/null".to_owned(),
        format!("Dir::Etc::sourceparts={}", apt.join("parts").display()),
        format!("Dir::State::lists={}", apt.join("lists").display()),
        "APT::Sandbox::User=root".to_owned(),
    ];
    let with_options = |command: &mut Command| {
        for option in &options {
            command.args(["-o", option]);
        }
    };
    let mut update = Command::new("apt-get");
    with_options(&mut update);
    carry_out(update.args(["-qq", "update"]))?;
    let mut source = Command::new("apt-get");
    with_options(&mut source);
    carry_out(source.args(["-qq", "source", "libsrtp2"]).current_dir(&apt))?;
    let found = output_of(Command::new("find").arg(&apt).args(["-maxdepth", "1", "-type", "d", "-name", "libsrtp*"]))?;
    Ok(PathBuf::from(found.lines().next().context("apt unpacked no libsrtp")?))
}

/// The stanzas of an apt source file (deb822) that name this suite, for source packages.
fn source_stanzas(file: &str, suite: &str) -> String {
    let of_suite = |stanza: &&str| {
        let suites = stanza.lines().find_map(|line| line.strip_prefix("Suites:")).unwrap_or_default();
        suites.split_whitespace().any(|named| named == suite)
    };
    let stanzas = file.split("\n\n").filter(of_suite);
    stanzas
        .map(|stanza| stanza.trim().replace("Types: deb", "Types: deb-src").replace("deb-src-src", "deb-src") + "\n\n")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_asked_of_the_suite_that_runs_here() {
        let file = "Types: deb\nURIs: http://mirror\nSuites: bookworm bookworm-updates\nComponents: main\n\n\
                    Types: deb\nURIs: http://other\nSuites: nodistro\n";
        let stanzas = source_stanzas(file, "bookworm");
        assert_eq!(
            stanzas,
            "Types: deb-src\nURIs: http://mirror\nSuites: bookworm bookworm-updates\nComponents: main\n\n"
        );
    }
}
