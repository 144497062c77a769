//! `kenes-bench`: one instrument a subcommand. Parses, runs, prints; exit code 1 = measured and not good enough, 2 = not measured.

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use kenes_bench::load::{self, namespace};
use kenes_bench::{crypto, floor, forward, report, talk};
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
    Forward,
    /// Rooms of people on a server over real UDP: what that costs it, what is lost, how late it comes.
    Load(load::Options),
}

impl Instrument {
    /// The generator's processor, of those that run in a network namespace of their own.
    fn generator_cpu(&self) -> Option<&str> {
        match self {
            Self::Load(options) => Some(&options.setup.generator_cpu),
            _ => None,
        }
    }
}

fn main() -> ExitCode {
    env_logger::init();
    let cli = Cli::parse();
    let outside = cli.instrument.generator_cpu().filter(|_| !namespace::is_inside());
    match outside.map_or_else(|| run(&cli).map(|passed| u8::from(!passed)), inside) {
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

/// Whether what was measured is good enough.
fn run(cli: &Cli) -> Result<bool> {
    match &cli.instrument {
        Instrument::Talk(options) => {
            let measured = tokio::runtime::Runtime::new()?.block_on(talk::run(options))?;
            report::say(&measured.render());
            write_json(cli, &measured)?;
            Ok(measured.passed)
        }
        Instrument::Crypto => {
            let measured = crypto::run()?;
            report::say(&measured.render());
            write_json(cli, &measured)?;
            Ok(true)
        }
        Instrument::Forward => {
            let measured = forward::run()?;
            report::say(&measured.render());
            write_json(cli, &measured)?;
            Ok(true)
        }
        Instrument::Load(options) => {
            let measured = tokio::runtime::Runtime::new()?.block_on(load::run(options))?;
            report::say(&measured.render());
            write_json(cli, &measured)?;
            measured.refused.map_or(Ok(true), |reason| bail!("no figures for {reason}"))
        }
        Instrument::Floor => {
            let measured = floor::run()?;
            report::say(&measured.render());
            write_json(cli, &measured)?;
            Ok(true)
        }
    }
}

fn write_json<T: serde::Serialize>(cli: &Cli, report: &T) -> Result<()> {
    cli.json.as_deref().map_or(Ok(()), |path| report::write_json(path, report))
}
