//! `cargo xtask rural`: brings what the comparison over rural links needs and starts it; `tests/browser/rural` is the comparison.

use std::path::Path;

use anyhow::Result;

use crate::install;
use crate::process::{run, run_with};
use crate::steps::target_dir;

/// The arguments are the comparison's own.
pub(crate) fn run_comparison(root: &Path, args: impl Iterator<Item = String>) -> Result<()> {
    install::for_rural(root)?;
    run(root, &["cargo", "build", "--locked", "--release", "--package", "kenes", "--package", "kenes-link"])?;
    let binary = |name: &str| target_dir(root).join("release").join(name).display().to_string();
    let args: Vec<String> = args.collect();
    let line: Vec<&str> =
        ["node", "tests/browser/rural/rural.js"].into_iter().chain(args.iter().map(String::as_str)).collect();
    run_with(root, &line, &[("KENES_BIN", &binary("kenes")), ("KENES_LINK_BIN", &binary("kenes-link"))])
}
