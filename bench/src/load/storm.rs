//! `storm`: rooms that run, and beside them many people who come within a second, stay, and leave at once. What the running rooms notice.
//!
//! Owns the order of events and the report.

use super::rig::{self, Measured, Rig, Setup, seats};
use super::shape::Room;
use super::{JOINS_AT_ONCE, Quantiles, count, us};
use crate::clock;
use crate::report::Table;
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::time::Duration;
use tokio::task::JoinSet;

/// What 99 of 100 packets of running consultations must stay within while the storm passes.
const MAX_P99_US: f64 = 5_000.0;
/// For the joins and leaves themselves, beside their second and the stay.
const SETTLING: Duration = Duration::from_secs(2);

#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    #[command(flatten)]
    pub setup: Setup,
    /// Rooms that run all the time: as many as keep the server's processor about half busy.
    #[arg(long, default_value_t = 200)]
    pub rooms: u32,
    /// People who come within a second, into other rooms.
    #[arg(long, default_value_t = 100)]
    pub guests: u32,
    /// How long they stay.
    #[arg(long, default_value_t = 5)]
    pub stay_seconds: u64,
    /// Before and after.
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
}

#[derive(Serialize)]
pub struct StormReport {
    pub sfu: String,
    pub rooms: u32,
    pub people: u32,
    pub guests: u32,
    pub phases: Vec<Phase>,
    pub guests_failed: u32,
    pub passed: bool,
    /// Why a phase has no figures.
    pub refused: Option<String>,
}

/// Of the running rooms alone, but for the server's CPU.
#[derive(Serialize)]
pub struct Phase {
    pub name: &'static str,
    pub latency_us: Quantiles,
    pub lost: i64,
    pub received: u64,
    pub server_cpu_percent: f64,
    pub server_waited_percent: f64,
    pub generator_cpu_percent: f64,
    pub generator_lag_p99_us: f64,
}

/// Runs inside the namespace.
///
/// # Errors
/// The server does not start, or somebody of the running rooms does not get in.
pub async fn run(options: &Options) -> Result<StormReport> {
    let Options { setup, rooms, guests, stay_seconds, seconds } = options;
    let mut report = StormReport {
        sfu: setup.name(),
        rooms: *rooms,
        people: setup.room()?.people,
        guests: *guests,
        phases: Vec::new(),
        guests_failed: 0,
        passed: false,
        refused: None,
    };
    let mut rig = Rig::start(setup).await?;
    rig.observe_rooms_below(*rooms);
    let running = rig.join(seats(0..*rooms, rig.room.people), JOINS_AT_ONCE).await?;
    tokio::time::sleep(SETTLING).await;

    rig.forget().await?;
    let quiet = Duration::from_secs(*seconds);
    let stay = Duration::from_secs(*stay_seconds);
    for (name, length) in [("before", quiet), ("storm", Duration::from_secs(1) + stay + SETTLING), ("after", quiet)] {
        let storm = (name == "storm").then(|| pass(&rig, options, stay));
        let measured = rig.measure(length).await?;
        if let Some(storm) = storm {
            report.guests_failed = storm.await.context("the storm broke off")?;
        }
        if let Err(reason) = measured.ensure_not_the_generator() {
            report.refused = Some(format!("{name}: {reason}"));
            return Ok(report);
        }
        report.phases.push(Phase::new(name, &measured));
    }
    rig::leave(running).await;
    let worst = report.phases.iter().map(|phase| phase.latency_us.p99).fold(0.0, f64::max);
    report.passed = report.guests_failed == 0 && worst < MAX_P99_US;
    Ok(report)
}

/// Guests come evenly over a second, stay, and all leave in the same moment; how many did not get in.
fn pass(rig: &Rig, options: &Options, stay: Duration) -> tokio::task::JoinHandle<u32> {
    let (sfu, wiring) = rig.hosts();
    let (first, guests, Room { people, .. }) = (options.rooms, options.guests, rig.room);
    tokio::spawn(async move {
        let begin = clock::now();
        let mut coming = JoinSet::new();
        for (number, seat) in (0..guests).zip(seats(first..first + guests.div_ceil(people), people)) {
            let at = begin + Duration::from_secs(1) * number / guests;
            let (sfu, wiring) = (sfu.clone(), wiring.clone());
            coming.spawn(async move {
                tokio::time::sleep_until(at.into()).await;
                let attendance = sfu.join(seat, &wiring).await;
                tokio::time::sleep_until((begin + Duration::from_secs(1) + stay).into()).await;
                attendance?.leave().await
            });
        }
        let mut failed = 0;
        while let Some(done) = coming.join_next().await {
            if let Err(error) = done.map_err(anyhow::Error::from).flatten() {
                log::warn!("a guest: {error:#}");
                failed += 1;
            }
        }
        failed
    })
}

impl Phase {
    fn new(name: &'static str, measured: &Measured) -> Self {
        let window = &measured.window;
        let seconds = window.elapsed.as_secs_f64();
        Self {
            name,
            latency_us: Quantiles::of(&window.latency()),
            lost: window.tally.audio.lost + window.tally.video.lost,
            received: window.received(),
            server_cpu_percent: measured.server_cpu.as_secs_f64() / seconds * 100.0,
            server_waited_percent: measured.server_waited.as_secs_f64() / seconds * 100.0,
            generator_cpu_percent: measured.generator_cpu.as_secs_f64() / seconds * 100.0,
            generator_lag_p99_us: us(window.tally.lag.quantile(990)),
        }
    }
}

impl StormReport {
    #[must_use]
    pub fn render(&self) -> String {
        let title = format!(
            "{}: {} rooms of {}, {} guests within a second, {} of them failed",
            self.sfu, self.rooms, self.people, self.guests, self.guests_failed
        );
        let mut table = Table::new(
            title,
            &[
                "running rooms",
                "latency p50 / p99 / p99.9 us",
                "lost",
                "packets",
                "server CPU %",
                "waited %",
                "generator CPU %",
                "late p99 us",
            ],
        );
        for phase in &self.phases {
            table.row([
                phase.name.to_owned(),
                phase.latency_us.render(),
                phase.lost.to_string(),
                format!("{:.0}", count(phase.received)),
                format!("{:.1}", phase.server_cpu_percent),
                format!("{:.1}", phase.server_waited_percent),
                format!("{:.1}", phase.generator_cpu_percent),
                format!("{:.0}", phase.generator_lag_p99_us),
            ]);
        }
        let verdict = if self.passed { "good enough" } else { "NOT good enough" };
        table.render() + &format!("  {verdict}: p99 below {MAX_P99_US} us in each phase, nobody failed\n")
    }
}
