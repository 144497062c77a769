//! The instruction gate of `cargo xtask test`: counts, compares with `instructions.json`, exit code 1 when it is over.

use anyhow::Result;
use clap::{Parser, Subcommand};
use kenes_bench_shard::budget;
use kenes_bench_shard::instructions::{Workload, count_all};
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// Writes what is counted as the new budget.
    #[arg(long)]
    accept: bool,
    #[command(subcommand)]
    counted: Option<Counted>,
}

#[derive(Subcommand)]
enum Counted {
    /// What callgrind counts: runs one workload.
    #[command(hide = true)]
    Workload { workload: Workload },
}

fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    if let Some(Counted::Workload { workload }) = cli.counted {
        writeln!(std::io::stdout(), "{}", workload.run(now())?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let counts = count_all(&std::env::current_exe()?)?;
    if cli.accept {
        budget::accept(&counts)?;
    }
    let (text, passed) = budget::judge(&counts)?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::disallowed_methods, reason = "the origin of virtual time; nothing reads the clock again")]
fn now() -> Instant {
    Instant::now()
}
