//! Other SFUs on this machine: whether they are here, which version, and how they get here by their registries' own clients.
//!
//! Holds no state but files: what is built lies in a cache outside the clone. Installs nothing unasked but what is asked for by
//! name, and says each command that it runs. Must not know how an SFU is started or spoken to.

pub mod janus;
pub mod mediasoup;
pub mod webrtc_rs;

use crate::report::Table;
use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum;
use serde::Serialize;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Installs these; without any, says what is here.
    #[arg(long, value_enum, value_delimiter = ',')]
    install: Vec<Peer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    /// Meetecho's Janus with its VideoRoom plugin: Debian's package.
    Janus,
    /// mediasoup: its npm package, the worker built with Debian's libraries.
    Mediasoup,
    /// The `sfu` crate of webrtc-rs with its example server.
    WebrtcRs,
}

/// What a result file says of a peer.
#[derive(Clone, Debug, Serialize)]
pub struct Origin {
    pub name: &'static str,
    /// `None`: not here.
    pub version: Option<String>,
    pub source: &'static str,
    pub licence: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Report {
    pub peers: Vec<Origin>,
}

/// Installs what is asked for, and says what is here.
///
/// # Errors
/// A registry's client or a build failed.
pub fn run(options: &Options) -> Result<Report> {
    for peer in &options.install {
        peer.ensure()?;
    }
    let peers = Peer::value_variants().iter().map(|peer| peer.origin()).collect::<Result<_>>()?;
    Ok(Report { peers })
}

impl Report {
    #[must_use]
    pub fn render(&self) -> String {
        let mut table = Table::new("other SFUs on this machine", &["name", "version", "licence", "source"]);
        for Origin { name, version, source, licence } in &self.peers {
            table.row([*name, version.as_deref().unwrap_or("not installed"), *licence, *source]);
        }
        table.render()
    }
}

impl Peer {
    /// Installs it where it is missing.
    ///
    /// # Errors
    /// A registry's client or a build failed.
    pub fn ensure(self) -> Result<()> {
        if self.origin()?.version.is_some() {
            return Ok(());
        }
        match self {
            Self::Janus => janus::install(),
            Self::Mediasoup => mediasoup::install(),
            Self::WebrtcRs => webrtc_rs::install(),
        }
        .with_context(|| format!("{self:?} cannot be installed here"))?;
        ensure!(self.origin()?.version.is_some(), "{self:?} was installed and is not found");
        Ok(())
    }

    /// # Errors
    /// The machine cannot say what is installed.
    pub fn origin(self) -> Result<Origin> {
        Ok(match self {
            Self::Janus => Origin {
                name: "janus",
                version: janus::version()?,
                source: "Debian package janus, VideoRoom plugin",
                licence: "GPL-3.0",
            },
            Self::Mediasoup => Origin {
                name: "mediasoup",
                version: mediasoup::version()?,
                source: "npm package mediasoup, worker built with Debian's libraries",
                licence: "ISC",
            },
            Self::WebrtcRs => Origin {
                name: "webrtc-rs",
                version: webrtc_rs::version()?,
                source: "crate sfu, example server chat",
                licence: "MIT OR Apache-2.0",
            },
        })
    }
}

/// A folder of the cache: `KENES_BENCH_CACHE`, or `kenes-bench` in the user's cache folder. It may not exist yet.
fn cached(name: &str) -> Result<PathBuf> {
    let user = || {
        let folder = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        folder.or_else(home).map(|folder| folder.join("kenes-bench"))
    };
    let cache = std::env::var_os("KENES_BENCH_CACHE").map(PathBuf::from).or_else(user);
    Ok(cache.context("no cache folder: set KENES_BENCH_CACHE")?.join(name))
}

/// Says the command, and runs it to its end; what it prints goes to standard error.
fn carry_out(command: &mut Command) -> Result<()> {
    let words: Vec<String> = [command.get_program()].into_iter().chain(command.get_args()).map(shown).collect();
    note(&format!("+ {}", words.join(" ")));
    command.stdin(Stdio::null()).stdout(std::io::stderr());
    let status = command.status().with_context(|| format!("{} does not start", shown(command.get_program())))?;
    ensure!(status.success(), "{} failed: {status}", words.join(" "));
    Ok(())
}

/// What it prints, or an error with its complaint.
fn output_of(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("{} does not start", shown(command.get_program())))?;
    if !output.status.success() {
        bail!("{}: {}", shown(command.get_program()), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn shown(word: &OsStr) -> String {
    word.to_string_lossy().into_owned()
}

/// To standard error; whoever stopped reading it does not stop the run.
fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Debian's packages, those that are missing.
fn ensure_debian_packages(packages: &[&str]) -> Result<()> {
    let mut missing = Vec::new();
    for package in packages {
        if debian_version(package)?.is_none() {
            missing.push(*package);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    carry_out(Command::new("apt-get").args(["-qq", "update"]))?;
    let install = ["-qq", "install", "-y", "--no-install-recommends"];
    carry_out(Command::new("apt-get").args(install).args(missing).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// `None`: not installed.
fn debian_version(package: &str) -> Result<Option<String>> {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status} ${Version}", package]).stderr(Stdio::null());
    let output = query.output().context("no dpkg-query: this needs Debian or a relative of it")?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.strip_prefix("installed ").map(|version| version.trim().to_owned()))
}

/// A file of the cache, its folder included.
fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
