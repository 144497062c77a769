//! `kenes-link`: two network namespaces with a bad link between them, until it is interrupted or a command in there ends.

use anyhow::{Context as _, Result};
use clap::Parser;
use kenes_link::emulator::{Carried, Directions, Emulator, End, Ends, Namespaces};
use kenes_link::{Counters, Profile, ProfileError};
use std::io::Write as _;
use std::process::{Child, Command, ExitCode};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Joins two network namespaces by an emulated link (needs root, /dev/net/tun and `ip`).
///
/// A link is words of key=value: rate=300k queue=60k|codel|codel:60k delay=150ms jitter=30ms loss=5% (loss=5%/4: in bursts of 4)
/// duplicate=1% reorder=1% outage=10s+5s. The left end is 10.99.N.1 and fd99:N::1, the right one 10.99.N.2 and fd99:N::2.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// The person's side; made, and removed at the end, when it is not there.
    #[arg(long, default_value = "kenes-left")]
    left: String,
    /// The server's side; likewise.
    #[arg(long, default_value = "kenes-right")]
    right: String,
    /// N, for several links at once.
    #[arg(long, default_value_t = 1)]
    number: u8,
    /// From left to right.
    #[arg(long, default_value = "", value_name = "LINK")]
    uplink: Profile,
    /// From right to left.
    #[arg(long, default_value = "", value_name = "LINK")]
    downlink: Profile,
    /// One seed, one fate for the same packets.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// From the beginning, or from the last change.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u64>,
    /// Takes another link, for both directions, or `UPLINK; DOWNLINK`, from each line of standard input, and says what the one before
    /// has carried.
    #[arg(long, conflicts_with = "command")]
    changing: bool,
    /// Runs within the left namespace; the link ends with it, by its exit code.
    #[arg(last = true)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("kenes-link: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    let ends = Ends { left: cli.left, right: cli.right, number: cli.number };
    let _namespaces = Namespaces::ensure(&ends)?;
    let directions = Directions { uplink: cli.uplink, downlink: cli.downlink };
    let mut emulator = Emulator::between(&ends, directions, cli.seed)?;
    say(&format!(
        "ready: {} in {}, {} in {}\n",
        ends.address_of(&ends.left),
        ends.left,
        ends.address_of(&ends.right),
        ends.right
    ));
    let mut child = start(&ends.left, &cli.command)?;
    let changes = if cli.changing { changes() } else { channel().1 };
    let end = loop {
        match emulator.run(cli.seconds.map(Duration::from_secs), child.as_mut(), &changes) {
            Ok(End::Changed(directions)) => {
                report(emulator.carried());
                emulator.change(*directions);
                say("changed\n");
            }
            end => break end,
        }
    };
    if let Some(child) = &mut child {
        // It has no network from here on; gone already is fine.
        let _ = child.kill();
        let _ = child.wait();
    }
    let end = end?;
    report(emulator.carried());
    Ok(match end {
        End::CommandEnded { code } => ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        End::TimeIsUp | End::Told | End::Changed(_) => ExitCode::SUCCESS,
    })
}

/// Links by the line; a line that is none is told and changes nothing.
fn changes() -> Receiver<Directions> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            match directions(&line) {
                // After the link's end there is nobody to tell.
                Ok(directions) => drop(sender.send(directions)),
                Err(error) => eprintln!("kenes-link: {error}"),
            }
        }
    });
    receiver
}

fn directions(line: &str) -> Result<Directions, ProfileError> {
    let (uplink, downlink) = line.split_once(';').unwrap_or((line, line));
    Ok(Directions { uplink: uplink.parse()?, downlink: downlink.parse()? })
}

fn start(namespace: &str, command: &[String]) -> Result<Option<Child>> {
    let Some((program, arguments)) = command.split_first() else { return Ok(None) };
    let mut process = Command::new("ip");
    process.args(["netns", "exec", namespace, program]).args(arguments);
    process.spawn().map(Some).with_context(|| format!("cannot run {program}"))
}

fn report(carried: Carried) {
    for (
        name,
        Counters {
            sent,
            delivered,
            delivered_bytes,
            queue_dropped,
            lost,
            cut_off,
            duplicated,
            reordered,
            longest_queueing,
        },
    ) in [("uplink", carried.uplink), ("downlink", carried.downlink)]
    {
        say(&format!(
            "{name}: {sent} packets sent, {delivered} delivered ({delivered_bytes} bytes), {queue_dropped} dropped by the queue, \
             {lost} lost, {cut_off} cut off, {duplicated} doubled, {reordered} reordered, {} ms in the queue at most\n",
            longest_queueing.as_millis()
        ));
    }
}

/// Whoever stopped reading does not stop the link.
fn say(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
