//! What every subcommand prints: a table for a person, and the same values as JSON for a machine; and `report`, which makes a page
//! with plots of that JSON.
//!
//! Holds no state beyond the rows; knows nothing of what it prints.

mod charts;
mod machine;
pub mod page;
mod plot;

use anyhow::{Context as _, Result};
use machine::Machine;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::Path;

/// Rows under one heading; the first column is left-aligned, the others right-aligned, as figures are.
pub struct Table {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    #[must_use]
    pub fn new(title: impl Into<String>, columns: &[&str]) -> Self {
        Self { title: title.into(), rows: vec![columns.iter().map(ToString::to_string).collect()] }
    }

    pub fn row<I: IntoIterator<Item = S>, S: Into<String>>(&mut self, cells: I) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    #[must_use]
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = format!("\n{}\n", self.title);
        for row in &self.rows {
            let mut line = String::new();
            for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
                match index {
                    0 => line.push_str(&format!("  {cell:<width$}")),
                    _ => line.push_str(&format!("  {cell:>width$}")),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// To standard output; whoever stopped reading it does not stop the run.
pub fn say(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// A run in a file.
#[derive(Serialize, Deserialize)]
struct Document<T> {
    /// As it was typed, without the program and `--json FILE`.
    command: String,
    machine: Machine,
    figures: T,
    /// What was printed, line by line.
    table: Vec<String>,
}

/// A run's values, with the machine's name for them.
pub fn write_json<T: Serialize>(path: &Path, command: &str, table: &str, figures: &T) -> Result<()> {
    let table = table.lines().map(str::to_owned).collect();
    let document = Document { command: command.to_owned(), machine: Machine::this(), figures, table };
    let text = serde_json::to_string_pretty(&document).context("cannot write the report as JSON")?;
    std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_under_their_headings() {
        let mut table = Table::new("cost", &["what", "us"]);
        table.row(["seal", "0.158"]);
        table.row(["open and check", "12"]);
        assert_eq!(
            table.render(),
            "\ncost\n  what               us\n  seal            0.158\n  open and check     12\n"
        );
    }
}
