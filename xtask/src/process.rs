//! Starting other programs: one place that prints the command, passes its output through and turns a bad exit into an
//! error. Reads nothing that they print.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Runs `line[0]` with the rest as its arguments in `dir`.
pub(crate) fn run(dir: &Path, line: &[&str]) -> Result<()> {
    run_with(dir, line, &[])
}

/// As [`run`], with environment variables on top of ours.
pub(crate) fn run_with(dir: &Path, line: &[&str], env: &[(&str, &str)]) -> Result<()> {
    let (program, args) = line.split_first().context("a command line has a program")?;
    println!("$ {}", line.join(" "));
    let status = Command::new(program)
        .args(args)
        .current_dir(dir)
        .envs(env.iter().copied())
        .env("PATH", search_path()?)
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("{program} did not start"))?;
    if !status.success() {
        bail!("`{}` ended with {status}", line.join(" "));
    }
    Ok(())
}

/// Whether a program of this name is on the path that [`run`] uses.
pub(crate) fn is_installed(program: &str) -> Result<bool> {
    Ok(std::env::split_paths(&search_path()?).any(|folder| folder.join(program).is_file()))
}

/// Where xtask keeps the cargo tools that it builds: outside the clone, so that a fresh clone finds them.
pub(crate) fn tools_dir() -> Result<PathBuf> {
    Ok(cache_dir()?.join("tools"))
}

/// The virtual environment with the Python packages.
pub(crate) fn python_dir() -> Result<PathBuf> {
    Ok(cache_dir()?.join("python"))
}

fn cache_dir() -> Result<PathBuf> {
    let cache = match std::env::var_os("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(cache.join("kenes"))
}

fn search_path() -> Result<std::ffi::OsString> {
    let ours = tools_dir()?.join("bin");
    let theirs = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(ours).chain(std::env::split_paths(&theirs)))?)
}
