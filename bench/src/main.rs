//! `kenes-bench`: one instrument a subcommand. Parses, runs, prints; exit code 1 = measured and not good enough, 2 = not measured.

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use kenes_bench::load::{self, churn, compare, namespace, storm};
use kenes_bench::peers::{self, Peer};
use kenes_bench::{bare, crypto, floor, forward, report, talk};
use kenes_bench_shard::instructions::{self, Workload};
use kenes_bench_shard::lines;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    instrument: Instrument,
    /// Writes the report as JSON too.
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Instrument {
    /// Two synthetic people talk through a running server; what arrives is decoded and judged.
    Talk(talk::Options),
    /// Cost of sealing and opening SRTP packets, aws-lc-rs beside ring.
    Crypto,
    /// This machine's cost of receiving, sending, sealing and copying one packet.
    Floor,
    /// The shard's cost for each forwarded packet, beside the crypto floor of the same run.
    Forward(forward::Options),
    /// Instructions that the shard takes for a forwarded packet, by callgrind; `cargo xtask test` gates the same count.
    Instructions,
    /// A page with plots of what runs have written with --json.
    Report(report::page::Options),
    /// What callgrind counts: runs one workload.
    #[command(hide = true)]
    Workload { workload: Workload },
    /// Lines of memory that a forwarded packet brings from beyond the second cache, in one room and in many, by callgrind.
    Lines,
    /// What callgrind counts for it.
    #[command(hide = true)]
    RoomsOfTwo { rooms: usize },
    /// Forwards by a fixed table and does nothing else: the floor of a whole process, as `load --sfu bare` uses it.
    Bare(bare::Options),
    /// Other SFUs on this machine: what is installed, and `--install`.
    Peers(peers::Options),
    /// Rooms of people on a server over real UDP: what that costs it, what is lost, how late it comes.
    Load(load::Options),
    /// Rooms that run while a hundred others come within a second, and leave at once: what the running ones notice.
    Storm(storm::Options),
    /// People who come and go for minutes; at the end nothing of them may be left in the server.
    Churn(churn::Options),
    /// The same traffic through one server after another: what each costs, as a multiple of ours.
    Compare(compare::Options),
}

impl Instrument {
    /// The generator's processor, of those that run in a network namespace of their own.
    fn generator_cpu(&self) -> Option<&str> {
        match self {
            Self::Load(load::Options { setup, .. })
            | Self::Storm(storm::Options { setup, .. })
            | Self::Churn(churn::Options { setup, .. }) => Some(&setup.stage.generator_cpu),
            Self::Compare(options) => Some(&options.stage.generator_cpu),
            _ => None,
        }
    }

    /// Installs the servers that it needs: outside, since the namespace has no network.
    fn prepare(&self) -> Result<()> {
        match self {
            Self::Load(load::Options { setup, .. })
            | Self::Storm(storm::Options { setup, .. })
            | Self::Churn(churn::Options { setup, .. }) => setup.sfu.peer().map_or(Ok(()), Peer::ensure),
            Self::Compare(options) => options.prepare(),
            _ => Ok(()),
        }
    }
}

fn main() -> ExitCode {
    env_logger::init();
    let cli = Cli::parse();
    let outside = cli.instrument.generator_cpu().filter(|_| !namespace::is_inside());
    let result = match outside {
        Some(cpus) => cli.instrument.prepare().and_then(|()| inside(cpus)),
        None => run(&cli).map(|passed| u8::from(!passed)),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("kenes-bench: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// This command again, inside a namespace.
fn inside(cpus: &str) -> Result<u8> {
    tokio::runtime::Runtime::new()?.block_on(namespace::run_inside(cpus))
}

fn in_namespace<T>(run: impl Future<Output = Result<T>>) -> Result<T> {
    load::runtime()?.block_on(namespace::unless_interrupted(run))
}

/// Whether what was measured is good enough.
fn run(cli: &Cli) -> Result<bool> {
    match &cli.instrument {
        Instrument::Talk(options) => {
            let measured = tokio::runtime::Runtime::new()?.block_on(talk::run(options))?;
            tell(cli, &measured.render(), &measured)?;
            Ok(measured.passed)
        }
        Instrument::Crypto => {
            let measured = crypto::run()?;
            tell(cli, &measured.render(), &measured)?;
            Ok(true)
        }
        Instrument::Forward(options) => {
            let measured = forward::run(options)?;
            tell(cli, &measured.render(), &measured)?;
            Ok(true)
        }
        Instrument::Load(options) => {
            let measured = in_namespace(load::run(options))?;
            tell(cli, &measured.render(), &measured)?;
            measured.refused.map_or(Ok(true), |reason| bail!("no figures for {reason}"))
        }
        Instrument::Storm(options) => {
            let measured = in_namespace(storm::run(options))?;
            tell(cli, &measured.render(), &measured)?;
            measured.refused.map_or(Ok(measured.passed), |reason| bail!("no figures for {reason}"))
        }
        Instrument::Churn(options) => {
            let measured = in_namespace(churn::run(options))?;
            tell(cli, &measured.render(), &measured)?;
            Ok(measured.passed)
        }
        Instrument::Compare(options) => {
            let measured = in_namespace(compare::run(options))?;
            tell(cli, &measured.render(), &measured)?;
            Ok(measured.is_complete())
        }
        Instrument::Instructions => {
            let counts = instructions::count_all(&std::env::current_exe()?)?;
            let (table, _) = kenes_bench_shard::budget::judge(&counts)?;
            tell(cli, &table, &counts)?;
            Ok(true)
        }
        Instrument::Bare(options) => bare::run(options).map(|()| true),
        Instrument::Report(options) => report::page::run(options).map(|()| true),
        Instrument::Workload { workload } => {
            report::say(&workload.run(kenes_bench::clock::now())?.to_string());
            Ok(true)
        }
        Instrument::Lines => {
            let counted = lines::count_all(&std::env::current_exe()?)?;
            tell(cli, &counted.render(), &counted)?;
            Ok(true)
        }
        Instrument::RoomsOfTwo { rooms } => {
            report::say(&lines::run_rooms(*rooms, kenes_bench::clock::now())?.to_string());
            Ok(true)
        }
        Instrument::Peers(options) => {
            let found = peers::run(options)?;
            tell(cli, &found.render(), &found)?;
            Ok(true)
        }
        Instrument::Floor => {
            let measured = floor::run()?;
            tell(cli, &measured.render(), &measured)?;
            Ok(true)
        }
    }
}

/// The table for a person, the figures for a machine.
fn tell<T: serde::Serialize>(cli: &Cli, table: &str, figures: &T) -> Result<()> {
    report::say(table);
    cli.json.as_deref().map_or(Ok(()), |path| report::write_json(path, &command_line(), table, figures))
}

/// As it was typed, without the program and where the JSON goes.
fn command_line() -> String {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(json) = words.iter().position(|word| word == "--json") {
        words.drain(json..(json + 2).min(words.len()));
    }
    words.retain(|word| !word.starts_with("--json="));
    words.join(" ")
}
