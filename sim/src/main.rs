//! `kenes-sim`: runs consultations by name or by seed, and says what a person would have noticed.

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use kenes_sim::compare::{self, Row};
use kenes_sim::oracle::{Oracle, Whom, measure};
use kenes_sim::{Report, Scenario, catalog, rural};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
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
    Run {
        names: Vec<String>,
        /// Each so often, with the seeds that follow its own.
        #[arg(long, default_value_t = 1)]
        seeds: u64,
    },
    /// One consultation drawn from its seed.
    Seed { seed: u64 },
    /// Our estimate of a link beside `str0m`'s; fails where ours is worse.
    Compare {
        /// Where `estimate.json` and `estimate.md` are written.
        #[arg(long, conflicts_with = "links")]
        results: Option<PathBuf>,
        /// Links in words in place of the table's, as in 'rate=recording:verizon.down delay=50ms queue=100k'.
        links: Vec<String>,
    },
    /// The rural table's links: what people on them hear and see.
    Rural,
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
    #[arg(long, default_value_t = JOBS)]
    jobs: usize,
    /// Runs each a second time, which has to be the same to the last packet.
    #[arg(long)]
    twice: bool,
}

/// Threads.
const JOBS: usize = 2;

fn main() -> Result<()> {
    match Options::parse().command {
        Command::Run { names, seeds } => run(&names, seeds),
        Command::Seed { seed } => show_all(&[catalog::drawn(seed)?]),
        Command::Search(options) => search(&options),
        Command::Compare { results, links } => compare_all(results.as_deref(), &links),
        Command::Rural => show_rural(),
    }
}

fn compare_all(results: Option<&Path>, links: &[String]) -> Result<()> {
    if let Some(folder) = results {
        // Not when minutes have passed.
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let traces: Vec<(&str, &str)> = if links.is_empty() {
        compare::TRACES.iter().map(|trace| (trace.name, trace.link)).collect()
    } else {
        links.iter().map(|link| (link.as_str(), link.as_str())).collect()
    };
    let row = |index: usize| traces.get(index).map(|(name, link)| compare::compare(name, link));
    let rows = in_threads(traces.len(), JOBS, row);
    let rows = rows?.into_iter().flatten().collect::<Result<Vec<Row>>>()?;
    let table = compare::table(&rows);
    print!("{table}");
    if let Some(folder) = results {
        fs::write(folder.join("estimate.json"), serde_json::to_string_pretty(&rows)? + "\n")?;
        fs::write(folder.join("estimate.md"), format!("{}\n{table}", compare::PREFACE))?;
    }
    let worse: Vec<&str> = rows.iter().filter(|row| !row.is_no_worse()).map(|row| row.trace.as_str()).collect();
    if !worse.is_empty() {
        bail!("worse on {} of {} links: {}", worse.len(), rows.len(), worse.join(", "));
    }
    Ok(())
}

fn show_rural() -> Result<()> {
    let links: Vec<_> = rural::links().collect();
    let rows = in_threads(links.len(), JOBS, |index| links.get(index).map(|link| rural::row(*link)))?;
    print!("{}", rural::table(&rows.into_iter().flatten().collect::<Result<Vec<_>>>()?));
    Ok(())
}

/// `work` for each index, over some threads; in order of the indexes.
fn in_threads<T: Send>(count: usize, jobs: usize, work: impl Fn(usize) -> T + Sync) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|index| *index < count);
    let some = || std::iter::from_fn(take).map(|index| (index, work(index))).collect::<Vec<_>>();
    let done: Result<Vec<_>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(some)).collect();
        threads.into_iter().map(|thread| thread.join().or_else(|_| bail!("a run panicked"))).collect()
    });
    let mut done: Vec<(usize, T)> = done?.into_iter().flatten().collect();
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, value)| value).collect())
}

fn run(names: &[String], seeds: u64) -> Result<()> {
    let scenarios: Vec<_> = if names.is_empty() {
        catalog::fixed()?
    } else {
        names.iter().map(|name| catalog::named(name)).collect::<Result<_>>()?
    };
    let seeds = |first: u64| first..first.saturating_add(seeds);
    let runs = scenarios.iter().flat_map(|(scenario, first)| seeds(*first).map(move |seed| (scenario.clone(), seed)));
    show_all(&runs.collect::<Vec<_>>())
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
    println!("{:16}trace {:016x}: {}", "", report.trace, scenario.described());
}

/// What failed is printed at once, and which seeds again in the end.
fn search(options: &Search) -> Result<()> {
    let run = |index: usize| -> Result<Option<u64>> {
        let (scenario, seed) = catalog::drawn(options.from + index as u64)?;
        let report = scenario.run(seed)?;
        let violations = scenario.judge(&report);
        for violation in &violations {
            println!("seed {seed}: {violation}   ({})", scenario.described());
        }
        let repeats = !options.twice || scenario.run(seed)? == report;
        if !repeats {
            println!("seed {seed}: its second run was another   ({})", scenario.described());
        }
        Ok((!violations.is_empty() || !repeats).then_some(seed))
    };
    let outcomes = in_threads(usize::try_from(options.seeds)?, options.jobs, run)?;
    let failed: Vec<u64> = outcomes.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    if !failed.is_empty() {
        bail!("{} of {} seeds failed: {failed:?}", failed.len(), options.seeds);
    }
    println!("{} seeds, from {}: nothing that a person would not have put up with", options.seeds, options.from);
    Ok(())
}
