//! `churn`: people who come and go for minutes, and do what people do; at the end everybody is gone, and so must be all that the server
//! held of them.
//!
//! Owns everybody's life and the samples. Steps are seeded; their order on the server is not.

use super::adapter::{Act, Attendance, Seat, Sfu};
use super::process::{self, Usage};
use super::rig::{Rig, Setup, seats};
use super::sdp::Kind;
use super::traffic::Seeded;
use super::wiring::Wiring;
use super::{count, window::Window};
use crate::clock;
use crate::report::Table;
use anyhow::Result;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const SAMPLE_INTERVAL: Duration = Duration::from_secs(60);
/// Consent lasts 30 s, a session without a socket 30 s; some time on top.
const PATIENCE: Duration = Duration::from_secs(90);
const HOLDINGS_INTERVAL: Duration = Duration::from_secs(5);
/// Pages, tables and pools that a server keeps once it has been busy.
const RESIDENT_BOUND_BYTES: u64 = 64 << 20;

#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    #[command(flatten)]
    pub setup: Setup,
    /// Rooms that people come and go in.
    #[arg(long, default_value_t = 10)]
    pub rooms: u32,
    #[arg(long, default_value_t = 30)]
    pub minutes: u64,
}

#[derive(Serialize)]
pub struct ChurnReport {
    pub sfu: String,
    pub rooms: u32,
    pub people: u32,
    pub minutes: u64,
    /// Before anybody came, each minute, and after the last had gone.
    pub samples: Vec<Sample>,
    pub deeds: Deeds,
    pub leaked: Vec<String>,
    pub passed: bool,
}

#[derive(Clone, Serialize)]
pub struct Sample {
    pub second: u64,
    pub resident_mib: f64,
    pub descriptors: u64,
    pub received: u64,
    pub lost: i64,
    pub holds: Vec<(String, u64)>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Deeds {
    pub joined: u64,
    pub refused: u64,
    pub left: u64,
    pub vanished: u64,
    pub acts: u64,
    pub broken_off: u64,
}

#[derive(Default)]
struct Tellers {
    joined: AtomicU64,
    refused: AtomicU64,
    left: AtomicU64,
    vanished: AtomicU64,
    acts: AtomicU64,
    broken_off: AtomicU64,
}

/// Runs inside the namespace.
///
/// # Errors
/// The server does not start, or ends.
pub async fn run(options: &Options) -> Result<ChurnReport> {
    let Options { setup, rooms, minutes } = options;
    let rig = Rig::start(setup).await?;
    let begin = clock::now();
    let before = sample(&rig, begin, &rig.forget().await?).await?;
    let mut samples = vec![before.clone()];
    let tellers = Arc::new(Tellers::default());
    let until = begin + Duration::from_secs(60 * minutes);
    let mut lives = JoinSet::new();
    for (number, seat) in (1..).zip(seats(0..*rooms, rig.room.people)) {
        let (sfu, wiring) = rig.hosts();
        let life = Life {
            seat,
            sfu,
            wiring,
            tellers: Arc::clone(&tellers),
            seeded: Seeded::new(setup.stage.seed ^ number << 20),
        };
        lives.spawn(life.live(until));
    }
    while clock::now() < until {
        tokio::time::sleep_until((clock::now() + SAMPLE_INTERVAL).min(until).into()).await;
        samples.push(sample(&rig, begin, &rig.forget().await?).await?);
        eprintln!("{}", samples.last().map(Sample::render).unwrap_or_default());
    }
    while lives.join_next().await.is_some() {}
    let last = emptied(&rig, begin, &before).await?;
    let leaked = leaked(&before, &last);
    samples.push(last);
    let (sfu, people) = (setup.name(), rig.room.people);
    let passed = leaked.is_empty();
    Ok(ChurnReport { sfu, rooms: *rooms, people, minutes: *minutes, samples, deeds: tellers.told(), leaked, passed })
}

/// The last sample: when nothing is held any more, or when patience has ended.
async fn emptied(rig: &Rig, begin: Instant, before: &Sample) -> Result<Sample> {
    let deadline = clock::now() + PATIENCE;
    loop {
        let last = sample(rig, begin, &rig.forget().await?).await?;
        if leaked(before, &last).is_empty() || clock::now() >= deadline {
            return Ok(last);
        }
        tokio::time::sleep(HOLDINGS_INTERVAL).await;
    }
}

fn leaked(before: &Sample, last: &Sample) -> Vec<String> {
    let held = last.holds.iter().filter(|(_, held)| *held > 0);
    let mut leaked: Vec<String> = held.map(|(what, held)| format!("{what}: {held}")).collect();
    if last.descriptors > before.descriptors {
        leaked.push(format!("descriptors: {} before, {} after", before.descriptors, last.descriptors));
    }
    if last.resident_mib > before.resident_mib + count(RESIDENT_BOUND_BYTES) / f64::from(1 << 20) {
        leaked.push(format!("memory: {:.0} MiB before, {:.0} after", before.resident_mib, last.resident_mib));
    }
    leaked
}

async fn sample(rig: &Rig, begin: Instant, window: &Window) -> Result<Sample> {
    // Counted first: asking opens a connection of its own.
    let Usage { resident_bytes, descriptors, .. } = process::usage(&rig.sfu.processes())?;
    Ok(Sample {
        second: clock::now().saturating_duration_since(begin).as_secs(),
        resident_mib: count(resident_bytes) / f64::from(1 << 20),
        descriptors,
        received: window.received(),
        lost: window.tally.audio.lost + window.tally.video.lost,
        holds: rig.sfu.holds().await?.unwrap_or_default(),
    })
}

/// A person who comes again and again.
struct Life {
    seat: Seat,
    sfu: Arc<dyn Sfu>,
    wiring: Wiring,
    tellers: Arc<Tellers>,
    seeded: Seeded,
}

impl Life {
    async fn live(mut self, until: Instant) {
        while clock::now() < until {
            self.pause(2_000).await;
            match self.sfu.join(self.seat, &self.wiring).await {
                Ok(attendance) => {
                    self.tellers.joined.fetch_add(1, Relaxed);
                    self.attend(attendance, until).await;
                }
                Err(error) => {
                    log::warn!("person {} of room {} stays out: {error:#}", self.seat.person, self.seat.room);
                    self.tellers.refused.fetch_add(1, Relaxed);
                }
            }
        }
    }

    async fn attend(&mut self, mut attendance: Box<dyn Attendance>, until: Instant) {
        for _ in 0..self.seeded.below(10) {
            self.pause(3_000).await;
            if clock::now() >= until {
                break;
            }
            if let Err(error) = attendance.act(self.choose()).await {
                log::warn!("person {} of room {}: {error:#}", self.seat.person, self.seat.room);
                self.tellers.broken_off.fetch_add(1, Relaxed);
                return;
            }
            self.tellers.acts.fetch_add(1, Relaxed);
        }
        if self.seeded.below(3) == 0 {
            drop(attendance);
            self.tellers.vanished.fetch_add(1, Relaxed);
        } else if let Err(error) = attendance.leave().await {
            log::warn!("person {} of room {}: {error:#}", self.seat.person, self.seat.room);
            self.tellers.broken_off.fetch_add(1, Relaxed);
        } else {
            self.tellers.left.fetch_add(1, Relaxed);
        }
    }

    fn choose(&mut self) -> Act {
        match self.seeded.below(8) {
            0 => Act::Mute(Kind::Audio, true),
            1 => Act::Mute(Kind::Audio, false),
            2 => Act::Mute(Kind::Video, true),
            3 => Act::Mute(Kind::Video, false),
            4 => Act::Display(90),
            5 => Act::Display(360),
            6 => Act::Display(1_080),
            _ => Act::RestartIce,
        }
    }

    async fn pause(&mut self, at_most_ms: u64) {
        tokio::time::sleep(Duration::from_millis(self.seeded.below(at_most_ms))).await;
    }
}

impl Tellers {
    fn told(&self) -> Deeds {
        let told = |teller: &AtomicU64| teller.load(Relaxed);
        Deeds {
            joined: told(&self.joined),
            refused: told(&self.refused),
            left: told(&self.left),
            vanished: told(&self.vanished),
            acts: told(&self.acts),
            broken_off: told(&self.broken_off),
        }
    }
}

impl Sample {
    fn render(&self) -> String {
        let holds: Vec<String> = self.holds.iter().map(|(what, held)| format!("{what} {held}")).collect();
        let Self { second, resident_mib, descriptors, received, lost, .. } = self;
        format!(
            "{second:>5} s  {resident_mib:.1} MiB  {descriptors} fds  {received} packets, {lost} lost  {}",
            holds.join("  ")
        )
    }
}

impl ChurnReport {
    #[must_use]
    pub fn render(&self) -> String {
        let title = format!("{}: {} rooms of {} for {} min", self.sfu, self.rooms, self.people, self.minutes);
        let mut table = Table::new(title, &["second", "MiB", "fds", "packets", "lost", "held"]);
        for sample in &self.samples {
            let held: u64 = sample.holds.iter().map(|(_, held)| held).sum();
            table.row([
                sample.second.to_string(),
                format!("{:.1}", sample.resident_mib),
                sample.descriptors.to_string(),
                sample.received.to_string(),
                sample.lost.to_string(),
                held.to_string(),
            ]);
        }
        let leaked =
            if self.passed { "nothing is left".to_owned() } else { format!("LEFT: {}", self.leaked.join(", ")) };
        table.render() + &format!("  {:?}\n  {leaked}\n", self.deeds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(resident_mib: f64, descriptors: u64, peers: u64) -> Sample {
        let holds = vec![("peers".to_owned(), peers), ("rooms".to_owned(), 0)];
        Sample { second: 0, resident_mib, descriptors, received: 0, lost: 0, holds }
    }

    #[test]
    fn whatever_is_left_is_named() {
        let before = sample(50.0, 28, 0);
        assert!(leaked(&before, &sample(110.0, 28, 0)).is_empty());
        assert_eq!(leaked(&before, &sample(50.0, 28, 1)), ["peers: 1"]);
        assert_eq!(leaked(&before, &sample(50.0, 29, 0)).len(), 1);
        assert_eq!(leaked(&before, &sample(115.0, 28, 0)).len(), 1);
    }
}
