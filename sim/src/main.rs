//! `kenes-sim`: runs consultations by name or by seed, and says what a person would have noticed.

use anyhow::{Result, bail};
use clap::{Args, Parser, Subcommand};
use kenes_sim::compare::{self, Outcome, Row};
use kenes_sim::oracle::{Oracle, Whom, measure};
use kenes_sim::{Report, Scenario, catalog};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

#[derive(Parser)]
#[command(about = "Whole consultations on virtual time: the real shard, independent clients, seeded links")]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Consultations of the catalog, by name or all, as a table of what was noticed.
    Run { names: Vec<String> },
    /// One consultation drawn from its seed.
    Seed { seed: u64 },
    /// Our estimate of a link beside `str0m`'s; fails where ours is worse.
    Compare,
    /// Consultations drawn from many seeds; ends with those that a person would not have put up with.
    Search(Search),
}

#[derive(Args)]
struct Search {
    /// How many.
    #[arg(long)]
    seeds: u64,
    /// The first.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

fn main() -> Result<()> {
    match Options::parse().command {
        Command::Run { names } => run(&names),
        Command::Seed { seed } => show_all(&[catalog::drawn(seed)?]),
        Command::Search(options) => search(&options),
        Command::Compare => compare_all(),
    }
}

fn compare_all() -> Result<()> {
    println!(
        "{:22}{:>20}{:>20}{:>16}{:>16}",
        "kenes / str0m", "goodput kbit/s", "queue p95 ms", "dropped %", "concealed %"
    );
    let mut worse = Vec::new();
    for trace in compare::TRACES {
        let row = compare::compare(trace)?;
        let Row { kenes, str0m, .. } = &row;
        let pair = |value: fn(&Outcome) -> f64| format!("{:.1} / {:.1}", value(kenes), value(str0m));
        println!(
            "{:22}{:>20}{:>20}{:>16}{:>16}  {}",
            row.trace,
            pair(|outcome| outcome.goodput_kbps),
            pair(|outcome| outcome.queueing_p95_ms),
            pair(|outcome| outcome.dropped_percent),
            pair(|outcome| outcome.audio_concealed_percent),
            if row.is_no_worse() { "" } else { "worse" },
        );
        worse.extend((!row.is_no_worse()).then_some(row.trace));
    }
    if !worse.is_empty() {
        bail!("worse on {} of {} links: {}", worse.len(), compare::TRACES.len(), worse.join(", "));
    }
    Ok(())
}

fn run(names: &[String]) -> Result<()> {
    let scenarios = if names.is_empty() {
        catalog::fixed()?
    } else {
        names.iter().map(|name| catalog::named(name)).collect::<Result<_>>()?
    };
    show_all(&scenarios)
}

fn show_all(scenarios: &[(Scenario, u64)]) -> Result<()> {
    println!(
        "{:16}{:12}{}",
        "consultation",
        "who",
        Oracle::ALL.map(|oracle| format!("{:>15}", oracle.name())).concat()
    );
    let mut failed = 0;
    for (scenario, seed) in scenarios {
        let report = scenario.run(*seed)?;
        show(scenario, &report);
        for violation in scenario.judge(&report) {
            println!("{:16}{violation}", "");
            failed += 1;
        }
    }
    if failed > 0 {
        bail!("{failed} bounds were not kept");
    }
    Ok(())
}

fn show(scenario: &Scenario, report: &Report) {
    for whom in [Whom::Patients, Whom::Specialist] {
        let values = Oracle::ALL.map(|oracle| format!("{:>15.1}", measure(scenario, report, whom, oracle)));
        println!("{:16}{:12}{}", scenario.name, format!("{whom:?}"), values.concat());
    }
}

/// Each thread takes the next seed; what failed is printed at once and again in the end, in order.
fn search(options: &Search) -> Result<()> {
    let next = AtomicU64::new(options.from);
    let end = options.from + options.seeds;
    let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < end);
    let work = || -> Result<Vec<u64>> {
        let mut failed = Vec::new();
        while let Some(seed) = take() {
            let (scenario, seed) = catalog::drawn(seed)?;
            let report = scenario.run(seed)?;
            let violations = scenario.judge(&report);
            for violation in &violations {
                println!("seed {seed}: {violation}   ({})", scenario.described());
            }
            failed.extend((!violations.is_empty()).then_some(seed));
        }
        Ok(failed)
    };
    let mut failed: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..options.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        let outcomes = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| bail!("a run panicked")));
        outcomes.collect::<Result<Vec<_>>>()
    })?
    .concat();
    failed.sort_unstable();
    if !failed.is_empty() {
        bail!("{} of {} seeds failed: {failed:?}", failed.len(), options.seeds);
    }
    println!("{} seeds, from {}: nothing that a person would not have put up with", options.seeds, options.from);
    Ok(())
}
