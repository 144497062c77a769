//! The steps of `cargo xtask test` in their order: cheap ones first, so that a slip is told early. Each step is a
//! few command lines; a step that fails ends the run, unless `--keep-going`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::install;
use crate::process::{python_dir, run, run_with};

/// Which steps one run takes.
pub(crate) struct Selection {
    pub(crate) up_to: Stage,
    pub(crate) only: Vec<String>,
    pub(crate) skip: Vec<String>,
    pub(crate) keep_going: bool,
}

/// What a step looks at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The text of the project: `cargo xtask check`.
    Static,
    /// The running code: `cargo xtask test`.
    Dynamic,
}

struct Step {
    name: &'static str,
    what: &'static str,
    stage: Stage,
    run: fn(&Path) -> Result<()>,
}

const STEPS: [Step; 12] = [
    Step { name: "install", what: "what the other steps need", stage: Stage::Static, run: install::everything },
    Step { name: "fmt", what: "rustfmt changes nothing", stage: Stage::Static, run: fmt },
    Step {
        name: "types",
        what: "tsc finds nothing in the web client and the journeys",
        stage: Stage::Static,
        run: types,
    },
    Step { name: "web", what: "the web client's unit tests", stage: Stage::Dynamic, run: web },
    Step { name: "deny", what: "licences, sources, banned crates", stage: Stage::Static, run: deny },
    Step { name: "clippy", what: "no warning in the whole workspace", stage: Stage::Static, run: clippy },
    Step { name: "tidy", what: "arrows, sizes, dead files", stage: Stage::Static, run: tidy },
    Step { name: "fuzz", what: "the fuzz targets build", stage: Stage::Static, run: fuzz },
    Step { name: "rust", what: "unit, integration, media and corpus tests", stage: Stage::Dynamic, run: rust },
    Step {
        name: "instructions",
        what: "a forwarded packet takes no more instructions than it may",
        stage: Stage::Dynamic,
        run: instructions,
    },
    Step { name: "api", what: "schemathesis finds the API as it is described", stage: Stage::Dynamic, run: api },
    Step { name: "browser", what: "journeys in Chromium and Firefox", stage: Stage::Dynamic, run: browser },
];

pub(crate) fn list() {
    for step in &STEPS {
        println!("{:12} {}", step.name, step.what);
    }
}

pub(crate) fn run_all(root: &Path, selection: &Selection) -> Result<()> {
    let steps = chosen(selection)?;
    let mut report: Vec<(&str, Duration, bool)> = Vec::new();
    let mut failures = Vec::new();
    for step in steps {
        println!("\n==> {}: {}", step.name, step.what);
        let started = now();
        let outcome = (step.run)(root);
        let took = started.elapsed();
        println!("==> {} took {:.1} s", step.name, took.as_secs_f32());
        report.push((step.name, took, outcome.is_ok()));
        if let Err(error) = outcome {
            eprintln!("==> {} FAILED: {error:#}", step.name);
            failures.push(step.name);
            if !selection.keep_going {
                break;
            }
        }
    }
    print_report(&report);
    if failures.is_empty() {
        return Ok(());
    }
    bail!("failed: {}", failures.join(", "))
}

fn chosen(selection: &Selection) -> Result<Vec<&'static Step>> {
    for name in selection.only.iter().chain(&selection.skip) {
        if !STEPS.iter().any(|step| step.name == name) {
            bail!("no step is called `{name}`; `cargo xtask steps` lists them");
        }
    }
    let is_wanted = |step: &&Step| {
        let named = |names: &[String]| names.iter().any(|name| name == step.name);
        let included = if selection.only.is_empty() { step.stage <= selection.up_to } else { named(&selection.only) };
        included && !named(&selection.skip)
    };
    Ok(STEPS.iter().filter(is_wanted).collect())
}

fn print_report(report: &[(&str, Duration, bool)]) {
    println!("\nstep           time  result");
    for (name, took, passed) in report {
        println!("{name:12} {:5.1} s  {}", took.as_secs_f32(), if *passed { "ok" } else { "FAILED" });
    }
    let total: Duration = report.iter().map(|(_, took, _)| *took).sum();
    println!("{:12} {:5.1} s", "all", total.as_secs_f32());
}

#[expect(clippy::disallowed_methods, reason = "a build chore times its steps; nothing of the server runs here")]
fn now() -> Instant {
    Instant::now()
}

fn fmt(root: &Path) -> Result<()> {
    run(root, &["cargo", "fmt", "--all", "--check"])
}

fn types(root: &Path) -> Result<()> {
    let web_client = root.join("web-client");
    run(&web_client, &["npx", "--no-install", "tsc"])?;
    run(&web_client, &["npx", "--no-install", "tsc", "--project", "../tests/browser"])
}

fn web(root: &Path) -> Result<()> {
    run(&root.join("web-client"), &["node", "--test", "--test-reporter=spec", "tests/"])
}

/// The advisory database lies in a git repository that a hospital's or a CI's network seldom reaches, so it is not
/// part of the gate; `cargo deny check advisories` asks it where it can be reached.
fn deny(root: &Path) -> Result<()> {
    run(root, &["cargo", "deny", "--locked", "--exclude-dev", "check", "bans"])?;
    run(root, &["cargo", "deny", "--locked", "--workspace", "check", "licenses", "sources"])
}

fn clippy(root: &Path) -> Result<()> {
    run(root, &["cargo", "clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"])
}

fn tidy(root: &Path) -> Result<()> {
    run(root, &["cargo", "nextest", "run", "--locked", "--package", "kenes", "--test", "tidy"])
}

/// They are no members of the workspace, so nothing else would notice that a parser's signature changed.
fn fuzz(root: &Path) -> Result<()> {
    run(&root.join("fuzz"), &["cargo", "check", "--quiet"])
}

/// A developer's build, which the tests have made already: its arithmetic is checked.
pub(crate) fn search(root: &Path, options: impl Iterator<Item = String>) -> Result<()> {
    let options: Vec<String> = options.collect();
    let command = ["cargo", "run", "--locked", "--quiet", "--package", "kenes-sim", "--", "search"];
    let line: Vec<&str> = command.into_iter().chain(options.iter().map(String::as_str)).collect();
    run(root, &line)
}

fn rust(root: &Path) -> Result<()> {
    run(root, &["cargo", "nextest", "run", "--locked", "--workspace"])
}

/// The code that ships: release, as the journeys build it too.
fn instructions(root: &Path) -> Result<()> {
    run(root, &["cargo", "run", "--locked", "--release", "--quiet", "--package", "kenes-bench-shard"])
}

/// A developer's build: its arithmetic is checked, so that an overflow is a failure and not a wrong answer.
fn api(root: &Path) -> Result<()> {
    run(root, &["cargo", "build", "--locked", "--package", "kenes"])?;
    let server = target_dir(root).join("debug/kenes").display().to_string();
    let schemathesis = python_dir()?.join("bin/schemathesis").display().to_string();
    let programs = [("KENES_BIN", &*server), ("SCHEMATHESIS", &*schemathesis)];
    run_with(root, &["node", "tests/api/schemathesis.js"], &programs)
}

/// The journeys drive the binary that ships: release, with the web client embedded.
fn browser(root: &Path) -> Result<()> {
    run(root, &["cargo", "build", "--locked", "--release", "--package", "kenes", "--package", "kenes-link"])?;
    let binary = |name: &str| target_dir(root).join("release").join(name).display().to_string();
    let binaries = [("KENES_BIN", binary("kenes")), ("KENES_LINK_BIN", binary("kenes-link"))];
    run_with(
        &root.join("tests/browser"),
        &["npm", "test"],
        &binaries.each_ref().map(|(name, path)| (*name, path.as_str())),
    )
}

pub(crate) fn target_dir(root: &Path) -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root.join(dir),
        None => root.join("target"),
    }
}
