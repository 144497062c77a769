//! `cargo xtask`: the project's own chores, so that a person and CI type the same thing.
//!
//! Reads the command line and hands over; `steps` says what runs in which order, `install` brings what the steps need.
//! Holds no state and is no part of the server.

mod install;
mod process;
mod rural;
mod steps;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use steps::{Selection, Stage};

const USAGE: &str = "\
cargo xtask <command> [options]

commands
  test      install what the tests need, then run all of them; stops at the first step that fails
  check     the static part: fmt, clippy, cargo-deny, tidy, tsc
  install   only install what the tests need
  sim       search seeds for a consultation that a person would not put up with: --seeds <N> [--from <seed>]
  rural     two real browsers over bad links, through Kenes and through Janus in turn, into bench/results (root, minutes)
  steps     list the steps

options
  --only <step>    run this step alone (may be given several times)
  --skip <step>    leave this step out (may be given several times)
  --keep-going     run the later steps even after a failure
  of rural         see tests/browser/rural/README.md";

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut args: impl Iterator<Item = String>) -> Result<()> {
    let command = args.next().unwrap_or_default();
    let root = workspace_root()?;
    match command.as_str() {
        "test" => steps::run_all(&root, &selection(args, Stage::Dynamic)?),
        "check" => steps::run_all(&root, &selection(args, Stage::Static)?),
        "install" => install::everything(&root),
        "sim" => steps::search(&root, args),
        "rural" => rural::run_comparison(&root, args),
        "steps" => {
            steps::list();
            Ok(())
        }
        "" | "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("unknown command `{other}`\n\n{USAGE}"),
    }
}

fn selection(mut args: impl Iterator<Item = String>, up_to: Stage) -> Result<Selection> {
    let mut selection = Selection { up_to, only: Vec::new(), skip: Vec::new(), keep_going: false };
    while let Some(arg) = args.next() {
        let mut step = || args.next().with_context(|| format!("{arg} wants the name of a step"));
        match arg.as_str() {
            "--only" => selection.only.push(step()?),
            "--skip" => selection.skip.push(step()?),
            "--keep-going" => selection.keep_going = true,
            other => bail!("unknown option `{other}`\n\n{USAGE}"),
        }
    }
    Ok(selection)
}

fn workspace_root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?;
    Ok(root.to_path_buf())
}
