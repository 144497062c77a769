//! How many instructions a forwarded packet may take: the checked-in figures, and what is said when they are left.
//!
//! Reads and writes one file; knows nothing of how the counts are made.

use crate::instructions::{Count, Workload};
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// More than this above the budget is a failure.
const TOLERANCE: f64 = 0.03;

/// Own instructions for each forwarded packet.
type Budget = BTreeMap<Workload, f64>;

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("instructions.json")
}

/// What to tell, and whether every count is within its budget.
pub fn judge(counts: &[Count]) -> Result<(String, bool)> {
    let text = std::fs::read_to_string(file()).with_context(|| format!("cannot read {}", file().display()))?;
    let budget: Budget = serde_json::from_str(&text).context("the budget is not what --accept writes")?;
    Ok(verdict(counts, &budget))
}

/// The counts become the budget.
pub fn accept(counts: &[Count]) -> Result<()> {
    let budget: Budget = counts.iter().map(|count| (count.workload, count.own)).collect();
    std::fs::write(file(), serde_json::to_string_pretty(&budget)? + "\n").context("cannot write the budget")
}

fn verdict(counts: &[Count], budget: &Budget) -> (String, bool) {
    let mut text = String::from(
        "instructions for each forwarded packet\n  workload          total   crypto   copies      own   budget\n",
    );
    let (mut passed, mut is_loose) = (true, false);
    for count in counts {
        let allowed = budget.get(&count.workload).copied().unwrap_or(0.0);
        let name = format!("{:?}", count.workload);
        let mut figures = String::new();
        for value in [count.total, count.crypto, count.copies, count.own, allowed] {
            figures += &format!(" {value:>8.1}");
        }
        passed &= count.own <= allowed * (1.0 + TOLERANCE);
        is_loose |= count.own < allowed * (1.0 - TOLERANCE);
        let more = (count.own / allowed - 1.0) * 100.0;
        text += &format!("  {name:14}{figures}  {more:+.1} %\n");
    }
    if !passed {
        text += "More than 3 % over the budget: the packet path has become dearer. Make it cheaper; or, if it is worth its price (or the \
                 compiler has changed), run `cargo run --release -p kenes-bench-shard -- --accept` and say why in the commit.\n";
    } else if is_loose {
        text += "More than 3 % under the budget: well done; keep it with `cargo run --release -p kenes-bench-shard -- --accept`.\n";
    }
    (text, passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(own: f64) -> Count {
        Count { workload: Workload::Repair, packets: 1, total: own, crypto: 0.0, copies: 0.0, own }
    }

    #[test]
    fn four_percent_too_many_fail_and_two_do_not() {
        let budget = Budget::from([(Workload::Repair, 1_000.0)]);
        assert!(verdict(&[count(1_020.0)], &budget).1);
        let (text, passed) = verdict(&[count(1_040.0)], &budget);
        assert!(!passed && text.contains("--accept"), "{text}");
    }

    #[test]
    fn a_workload_without_a_budget_fails() {
        assert!(!verdict(&[count(1.0)], &Budget::new()).1);
    }
}
