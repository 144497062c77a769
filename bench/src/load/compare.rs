//! `compare`: the same traffic through one server after another, round after round, and what each costs as a multiple of the first.
//!
//! Owns the order and the arithmetic; each turn is a `load` of its own, with a server started afresh. A turn that shows nothing (the
//! generator was the bottleneck, the server lost more than a hundredth, somebody saw nobody) has no figures, and says why.

use super::adapter::SfuKind;
use super::rig::{Setup, Stage};
use super::shape::{Room, Shape};
use super::{Load, LoadReport, Ramp};
use crate::peers::{Origin, Peer};
use crate::report::Table;
use anyhow::Result;
use serde::Serialize;

/// Of audio or of video, above which a server is no longer doing the work that it is measured at.
const MAX_LOSS_PERMILLE: f64 = 10.0;

#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Servers; the others are told as multiples of the first.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "kenes,janus,mediasoup,webrtc-rs")]
    pub peers: Vec<SfuKind>,
    /// What rooms are.
    #[arg(long, value_enum, default_value = "meeting")]
    pub shape: Shape,
    /// People in each room: of a meeting 2 to 7 (2 unless said), of a lecture 2 to 64 (51). Each number is a comparison of its own.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(2..))]
    pub people: Vec<u32>,
    #[command(flatten)]
    pub ramp: Ramp,
    /// Turns of each server at each load.
    #[arg(long, default_value_t = 5)]
    pub rounds: u32,
    #[command(flatten)]
    pub stage: Stage,
}

#[derive(Serialize)]
pub struct CompareReport {
    /// Where the other servers come from.
    pub origins: Vec<Origin>,
    /// One camera layer: not all of these servers choose among several in the same way.
    pub layers: usize,
    pub seconds: u64,
    pub seed: u64,
    /// Whether the servers ran before whatever else the machine did.
    pub server_at_once: bool,
    /// The processor that took in what arrived; `None`: the sender's.
    pub receive_cpu: Option<u32>,
    pub shape: Shape,
    pub comparisons: Vec<Comparison>,
}

/// Servers at one load.
#[derive(Serialize)]
pub struct Comparison {
    pub people: u32,
    pub rooms: u32,
    pub servers: Vec<Compared>,
}

/// One server at one load, over all rounds that have figures.
#[derive(Serialize)]
pub struct Compared {
    pub sfu: String,
    pub us_per_forwarded: Option<Spread>,
    /// Of the cost, to that of the first server in the same round.
    pub ratio: Option<Spread>,
    pub cpu_percent: Option<Spread>,
    pub resident_mib: Option<Spread>,
    pub latency_p50_us: Option<Spread>,
    pub latency_p99_us: Option<Spread>,
    /// The worse of audio and video.
    pub loss_permille: Option<Spread>,
    pub forwarded_per_s: Option<Spread>,
    /// Why rounds have no figures.
    pub refused: Vec<String>,
    /// Why a round's figures are of a later window than its first: the generator was late.
    pub passed_over: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
    pub rounds: usize,
}

/// What one server did in one round at one load: its figures, or why there are none.
struct Turn {
    sfu: usize,
    round: u32,
    people: u32,
    rooms: u32,
    load: Result<Load, String>,
}

impl Options {
    /// Installs what is to be compared; this has the network, the namespace has none.
    ///
    /// # Errors
    /// A server cannot be installed.
    pub fn prepare(&self) -> Result<()> {
        self.peers.iter().filter_map(|sfu| sfu.peer()).try_for_each(Peer::ensure)
    }

    fn setup(&self, sfu: SfuKind, people: u32) -> Setup {
        let (shape, stage) = (self.shape, self.stage.clone());
        Setup { sfu, shape, people: Some(people), layers: 1, obey_layers: false, stage }
    }

    /// Numbers of people that fit the shape.
    fn people(&self) -> Result<Vec<u32>> {
        let numbers: Vec<Option<u32>> =
            if self.people.is_empty() { vec![None] } else { self.people.iter().copied().map(Some).collect() };
        numbers.into_iter().map(|people| Ok(Room::new(self.shape, people)?.people)).collect()
    }
}

/// Runs inside the namespace.
///
/// # Errors
/// A server does not start, or lets somebody not in.
pub async fn run(options: &Options) -> Result<CompareReport> {
    let people = options.people()?;
    let mut turns = Vec::new();
    for round in 0..options.rounds {
        for &people in &people {
            for (index, &sfu) in options.peers.iter().enumerate() {
                let setup = options.setup(sfu, people);
                eprintln!("round {} of {}: {}", round + 1, options.rounds, setup.name());
                let load = super::Options { setup, ramp: options.ramp.clone() };
                turns.extend(of_round(options, super::run(&load).await, (index, round, people)));
            }
        }
    }
    let origins = options.peers.iter().filter_map(|sfu| sfu.peer()).map(Peer::origin).collect::<Result<_>>()?;
    let loads = people.iter().flat_map(|&people| options.ramp.rooms.iter().map(move |&rooms| (people, rooms)));
    let names: Vec<String> = options.peers.iter().map(|&sfu| options.setup(sfu, 2).name()).collect();
    let comparisons = loads.map(|load| compared(load, &names, &turns)).collect();
    let (seconds, shape, Stage { seed, server_at_once, receive_cpu, .. }) =
        (options.ramp.seconds, options.shape, &options.stage);
    let (seed, server_at_once, receive_cpu) = (*seed, *server_at_once, *receive_cpu);
    Ok(CompareReport { origins, layers: 1, seconds, seed, server_at_once, receive_cpu, shape, comparisons })
}

/// A turn for each load that was asked for: those that the report lacks were refused for its reason.
fn of_round(
    options: &Options,
    report: Result<LoadReport>,
    (sfu, round, people): (usize, u32, u32),
) -> impl Iterator<Item = Turn> {
    let (loads, reason) = match report {
        Ok(report) => (report.loads, report.refused.unwrap_or_else(|| "not reached".to_owned())),
        Err(error) => (Vec::new(), format!("{error:#}")),
    };
    let mut loads = loads.into_iter();
    options.ramp.rooms.clone().into_iter().map(move |rooms| {
        let load = loads.next().ok_or_else(|| reason.clone()).and_then(believable);
        Turn { sfu, round, people, rooms, load }
    })
}

fn believable(load: Load) -> Result<Load, String> {
    let loss = load.audio_loss_permille.max(load.video_loss_permille);
    if loss > MAX_LOSS_PERMILLE {
        return Err(format!("lost {loss:.0} permille"));
    }
    if load.visible_pairs < load.expected_pairs {
        return Err(format!("{} of {} saw each other", load.visible_pairs, load.expected_pairs));
    }
    Ok(load)
}

fn compared((people, rooms): (u32, u32), names: &[String], turns: &[Turn]) -> Comparison {
    let here: Vec<&Turn> = turns.iter().filter(|turn| turn.people == people && turn.rooms == rooms).collect();
    let cost = |sfu: usize, round: u32| {
        let turn = here.iter().find(|turn| turn.sfu == sfu && turn.round == round)?;
        turn.load.as_ref().ok().map(|load| load.server_us_per_forwarded)
    };
    let servers = names.iter().enumerate().map(|(sfu, name)| {
        let mine = || here.iter().filter(move |turn| turn.sfu == sfu);
        let spread =
            |figure: fn(&Load) -> f64| Spread::of(mine().filter_map(|turn| turn.load.as_ref().ok()).map(figure));
        Compared {
            sfu: name.clone(),
            us_per_forwarded: spread(|load| load.server_us_per_forwarded),
            ratio: Spread::of(mine().filter_map(|turn| Some(cost(sfu, turn.round)? / cost(0, turn.round)?))),
            cpu_percent: spread(|load| load.server_cpu_percent),
            resident_mib: spread(|load| load.server_resident_mib),
            latency_p50_us: spread(|load| load.latency_us.p50),
            latency_p99_us: spread(|load| load.latency_us.p99),
            loss_permille: spread(|load| load.audio_loss_permille.max(load.video_loss_permille)),
            forwarded_per_s: spread(|load| load.forwarded_per_s),
            refused: mine().filter_map(|turn| turn.load.as_ref().err().cloned()).collect(),
            passed_over: mine()
                .filter_map(|turn| turn.load.as_ref().ok())
                .flat_map(|it| it.passed_over.clone())
                .collect(),
        }
    });
    Comparison { people, rooms, servers: servers.collect() }
}

impl Spread {
    /// Of nothing, nothing.
    fn of(figures: impl Iterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.collect();
        figures.sort_by(f64::total_cmp);
        let (least, most) = (*figures.first()?, *figures.last()?);
        let (lower, upper) = (figures.get((figures.len() - 1) / 2)?, figures.get(figures.len() / 2)?);
        Some(Self { median: f64::midpoint(*lower, *upper), least, most, rounds: figures.len() })
    }

    fn render(self, digits: usize) -> String {
        let Self { median, least, most, .. } = self;
        format!("{median:.digits$} ({least:.digits$}-{most:.digits$})")
    }
}

impl CompareReport {
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        for Comparison { people, rooms, servers } in &self.comparisons {
            let room = Room { shape: self.shape, people: *people };
            let title = format!("{rooms} rooms of {}, {} s: medians of rounds (least-most)", room.name(), self.seconds);
            let columns = [
                "",
                "CPU us/forwarded",
                "x first",
                "latency p50 us",
                "p99 us",
                "loss permille",
                "MiB",
                "CPU %",
                "rounds",
            ];
            let mut table = Table::new(title, &columns);
            for server in servers {
                let cell =
                    |spread: Option<Spread>, digits| spread.map_or_else(|| "-".to_owned(), |it| it.render(digits));
                let median =
                    |spread: Option<Spread>| spread.map_or_else(|| "-".to_owned(), |it| format!("{:.1}", it.median));
                let rounds = server.us_per_forwarded.map_or(0, |it| it.rounds);
                table.row([
                    server.sfu.clone(),
                    cell(server.us_per_forwarded, 1),
                    cell(server.ratio, 2),
                    cell(server.latency_p50_us, 0),
                    cell(server.latency_p99_us, 0),
                    median(server.loss_permille),
                    median(server.resident_mib),
                    median(server.cpu_percent),
                    format!("{rounds} of {}", rounds + server.refused.len()),
                ]);
            }
            text.push_str(&table.render());
            for server in servers {
                for reason in &server.refused {
                    text.push_str(&format!("  {}: {reason}\n", server.sfu));
                }
                for reason in &server.passed_over {
                    text.push_str(&format!("  {}: another window, since {reason}\n", server.sfu));
                }
            }
        }
        text
    }

    /// Whether every server has figures at every load.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let mut servers = self.comparisons.iter().flat_map(|comparison| &comparison.servers);
        servers.all(|server| server.us_per_forwarded.is_some())
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
