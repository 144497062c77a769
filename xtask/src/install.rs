//! Brings what the tests need: Debian packages, cargo tools, npm packages. Says what it installs and why, and does
//! nothing where it is there already. The server itself needs none of it.

use std::path::Path;

use anyhow::{Result, bail};

use crate::process::{is_installed, python_dir, run, run_with, tools_dir};

/// A program that the tests start, the Debian package that has it, and what it is for.
struct Program {
    name: &'static str,
    package: &'static str,
    purpose: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program { name: "cc", package: "gcc", purpose: "builds the crypto library" },
    Program { name: "c++", package: "g++", purpose: "builds the fuzz targets" },
    Program { name: "npm", package: "npm", purpose: "brings tsc, the browser driver, a sign-in provider" },
    Program { name: "chromium", package: "chromium", purpose: "browser journeys" },
    Program { name: "firefox-esr", package: "firefox-esr", purpose: "browser journeys" },
    Program { name: "ip", package: "iproute2", purpose: "makes the clinic's network of the firewall journeys" },
    Program { name: "nft", package: "nftables", purpose: "is that clinic's firewall" },
    Program { name: "openssl", package: "openssl", purpose: "signs the certificate of that clinic's server" },
    Program { name: "certutil", package: "libnss3-tools", purpose: "has Firefox trust it" },
    Program { name: "espeak-ng", package: "espeak-ng", purpose: "speaks the talk that media tests send" },
    Program { name: "ffmpeg", package: "ffmpeg", purpose: "makes and judges media in tests" },
    // The server itself is on no path; this wrapper comes with it.
    Program { name: "pg_createcluster", package: "postgresql", purpose: "storage's tests run on it too" },
    Program { name: "valgrind", package: "valgrind", purpose: "counts the packet path's instructions" },
    Program { name: "promtool", package: "prometheus", purpose: "judges /metrics" },
];

/// For the comparison over rural links, which no test needs.
const RURAL_PROGRAMS: &[Program] = &[
    Program { name: "ip", package: "iproute2", purpose: "makes the links' network namespaces" },
    Program { name: "npm", package: "npm", purpose: "brings the browser driver" },
    Program { name: "chromium", package: "chromium", purpose: "the two people" },
    Program { name: "espeak-ng", package: "espeak-ng", purpose: "speaks for them" },
    Program { name: "janus", package: "janus", purpose: "the other server" },
];

/// Cargo tools, built once into [`tools_dir`]; unoptimised, because they run for seconds and build for minutes.
const CARGO_TOOLS: [&str; 2] = ["cargo-nextest", "cargo-deny"];

/// Python packages with their versions, for tests/api.
const REQUIREMENTS: &str = "tests/api/requirements.txt";

/// Folders with a `package-lock.json`.
const NPM_FOLDERS: [&str; 3] = ["web-client", "tests/browser", "tests/openid"];

pub(crate) fn everything(root: &Path) -> Result<()> {
    let mut packages = missing(PROGRAMS)?;
    if !makes_virtual_environments(root)? {
        println!("Python's venv is missing (holds schemathesis): package python3-venv");
        packages.push("python3-venv");
    }
    debian_packages(root, &packages)?;
    cargo_tools(root)?;
    for folder in NPM_FOLDERS {
        npm_packages(&root.join(folder))?;
    }
    python_packages(root)
}

pub(crate) fn for_rural(root: &Path) -> Result<()> {
    debian_packages(root, &missing(RURAL_PROGRAMS)?)?;
    npm_packages(&root.join("tests/browser"))
}

fn missing(programs: &[Program]) -> Result<Vec<&'static str>> {
    let mut packages = Vec::new();
    for Program { name, package, purpose } in programs {
        if !is_installed(name)? {
            println!("{name} is missing ({purpose}): package {package}");
            packages.push(*package);
        }
    }
    Ok(packages)
}

fn debian_packages(root: &Path, packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        println!("Debian packages: all there");
        return Ok(());
    }
    if !is_installed("apt-get")? {
        bail!("no apt-get here: install {} by hand", packages.join(", "));
    }
    let sudo: &[&str] = if is_root() { &[] } else { &["sudo"] };
    run(root, &[sudo, &["apt-get", "update", "--quiet"]].concat())?;
    let install = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--quiet"];
    run(root, &[sudo, &install, &["--no-install-recommends"], packages].concat())
}

fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata("/proc/self").is_ok_and(|own_process| own_process.uid() == 0)
    }
    #[cfg(not(unix))]
    false
}

/// Debian ships Python without what a virtual environment needs, and no program tells it.
fn makes_virtual_environments(root: &Path) -> Result<bool> {
    Ok(is_installed("python3")? && run(root, &["python3", "-c", "import ensurepip, venv"]).is_ok())
}

/// What [`REQUIREMENTS`] lists, in a virtual environment of its own.
fn python_packages(root: &Path) -> Result<()> {
    let folder = python_dir()?;
    let (wanted, installed) = (root.join(REQUIREMENTS), folder.join("requirements.txt"));
    if std::fs::read(&installed).ok() == Some(std::fs::read(&wanted)?) {
        println!("Python packages: all there");
        return Ok(());
    }
    run(root, &["python3", "-m", "venv", "--clear", &folder.display().to_string()])?;
    let pip = folder.join("bin/pip").display().to_string();
    run(root, &[&pip, "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS])?;
    // Last, so that it says that all the others are there.
    std::fs::copy(wanted, installed)?;
    Ok(())
}

fn cargo_tools(root: &Path) -> Result<()> {
    let tools = tools_dir()?.display().to_string();
    for tool in CARGO_TOOLS {
        if is_installed(tool)? {
            println!("{tool}: there");
            continue;
        }
        println!("{tool} is missing: building it into {tools} (minutes, once)");
        let build = ["cargo", "install", "--quiet", "--locked", "--debug", "--root", &tools, tool];
        run_with(root, &build, &[("CARGO_PROFILE_DEV_DEBUG", "false")])?;
    }
    Ok(())
}

fn npm_packages(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    if !lock.is_file() {
        println!("{}: no package-lock.json, nothing to install", folder.display());
        return Ok(());
    }
    // npm writes this copy of the lock last, so it says which lock the folder was made from.
    let installed = folder.join("node_modules/.package-lock.json");
    let modified = |file: &Path| file.metadata().and_then(|data| data.modified());
    if installed.is_file() && modified(&installed)? >= modified(&lock)? {
        println!("{}: npm packages are there", folder.display());
        return Ok(());
    }
    run_with(folder, &["npm", "ci", "--no-audit", "--no-fund"], &[("PUPPETEER_SKIP_DOWNLOAD", "1")])
}
