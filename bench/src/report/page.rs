//! `report`: from the JSON of runs to one page of Markdown with its plots. Reads files and writes files; measures nothing.

use super::{Document, charts};
use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[derive(Args, Clone, Debug)]
pub struct Options {
    /// What runs have written with --json, in the order of the page.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Where README.md and the plots go.
    #[arg(long, default_value = "bench/results")]
    pub into: PathBuf,
}

const OPENING: &str = "\
# Results

Made by `kenes-bench report` from the JSON beside it; [`../README.md`](../README.md) says how each figure is made and what it does not
say. Figures of different runs are not to be compared: ratios within a run are. What real browsers get over bad links is on a page of its own,
[rural.md](rural.md).
";

pub fn run(options: &Options) -> Result<()> {
    std::fs::create_dir_all(&options.into).with_context(|| format!("cannot make {}", options.into.display()))?;
    let mut page = OPENING.to_owned();
    for file in &options.files {
        page += &section(file, &options.into)?;
    }
    write(&options.into.join("README.md"), &page)
}

fn section(file: &Path, into: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let document: Document<Value> =
        serde_json::from_str(&text).with_context(|| format!("{} is no report of a run", file.display()))?;
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut section = format!("\n## {stem}\n`kenes-bench {}` on {}\n\n", document.command, document.machine.line());
    for chart in charts::of(command_name(&document.command), &document.figures) {
        let name = format!("{stem}-{}.svg", chart.name);
        write(&into.join(&name), &chart.svg)?;
        let _ = writeln!(section, "![{}]({name})\n", chart.title);
    }
    let _ = writeln!(section, "```text\n{}\n```", document.table.join("\n").trim());
    Ok(section)
}

/// The command line's first word.
fn command_name(command: &str) -> &str {
    command.split(' ').next().unwrap_or_default()
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::super::write_json;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_run_becomes_a_section_with_its_machine_its_table_and_its_plots() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("floor.json");
        let figures = json!({ "rows": [{ "what": "sendto", "cost": { "median_ns": 4_000.0 } }] });
        write_json(&file, "floor --quick", "\nfloor\n  sendto  4.0\n", &figures).unwrap();
        let into = folder.path().join("page");
        run(&Options { files: vec![file], into: into.clone() }).unwrap();
        let page = std::fs::read_to_string(into.join("README.md")).unwrap();
        assert!(page.contains("`kenes-bench floor --quick` on ") && page.contains("  sendto  4.0"), "{page}");
        assert!(page.contains("(floor-packet.svg)"), "{page}");
        assert!(std::fs::read_to_string(into.join("floor-packet.svg")).unwrap().contains(">sendto<"));
    }
}
