//! `load`: rooms of people on a server over real UDP, with real ICE, DTLS and SRTP, and what that cost the server.
//!
//! Owns the ramp from one load to the next and the report. `storm` and `churn` are other plays on the same stage.

pub mod adapter;
pub mod churn;
pub mod compare;
mod connection;
mod engine;
mod histogram;
mod inbound;
pub mod namespace;
mod outbound;
mod process;
mod rig;
mod rtcp;
mod sdp;
mod shape;
mod socket;
pub mod storm;
mod traffic;
mod window;
mod wiring;

use crate::report::Table;
use anyhow::{Result, ensure};
use histogram::Histogram;
use rig::{Measured, Rig, Setup, quantile, seats};
use serde::Serialize;
use shape::{Room, Shape};
use std::time::Duration;
use window::Flow;

/// People who are let in at the same time while a load is built up.
const JOINS_AT_ONCE: usize = 8;

#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    #[command(flatten)]
    pub setup: Setup,
    #[command(flatten)]
    pub ramp: Ramp,
}

/// From one load to the next on the same server.
#[derive(clap::Args, Clone, Debug)]
pub struct Ramp {
    /// Rooms of each load, growing.
    #[arg(long, value_delimiter = ',', default_value = "10,50")]
    pub rooms: Vec<u32>,
    /// Length of each measurement.
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// Between the last join and the measurement.
    #[arg(long, default_value_t = 3)]
    pub warm_up_seconds: u64,
}

#[derive(Serialize)]
pub struct LoadReport {
    pub sfu: String,
    pub shape: Shape,
    pub people: u32,
    pub layers: usize,
    pub seconds: u64,
    pub loads: Vec<Load>,
    /// Why the next load has no figures.
    pub refused: Option<String>,
}

/// One load. Rates are per second, as the generator saw them.
#[derive(Serialize)]
pub struct Load {
    pub rooms: u32,
    pub people: u32,
    /// What the server got and what arrived of it, each packet at each receiver.
    pub ingress_per_s: f64,
    pub forwarded_per_s: f64,
    pub audio_loss_permille: f64,
    pub video_loss_permille: f64,
    /// (Who, whom) that heard and saw each other in this window, and how many should have.
    pub audible_pairs: usize,
    pub visible_pairs: usize,
    pub expected_pairs: usize,
    pub latency_us: Quantiles,
    pub audio_latency_us: Quantiles,
    pub video_latency_us: Quantiles,
    pub join_ms: Joins,
    pub server_us_per_forwarded: f64,
    pub server_us_per_ingress: f64,
    pub server_cpu_percent: f64,
    /// Of the window, summed over threads, in which they could have run and something else had the processor: latency suffers from it,
    /// CPU time does not.
    pub server_waited_percent: f64,
    pub server_resident_mib: f64,
    pub server_descriptors: u64,
    pub generator_cpu_percent: f64,
    pub engine_cpu_percent: f64,
    pub generator_lag_p99_us: f64,
    pub key_frames_asked: u64,
    pub unauthentic: u64,
    /// Why windows before this one do not count: the generator was late in them.
    pub passed_over: Vec<String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Quantiles {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Joins {
    pub count: usize,
    pub p50: f64,
    pub p99: f64,
}

/// The threads that signal and shake hands, below the engine's.
///
/// # Errors
/// There are no threads to be had.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().worker_threads(1).on_thread_start(process::run_beside);
    Ok(builder.build()?)
}

/// Runs inside the namespace.
///
/// # Errors
/// The server does not start, or somebody does not get in.
pub async fn run(options: &Options) -> Result<LoadReport> {
    let Options { setup, ramp: Ramp { rooms, seconds, warm_up_seconds } } = options;
    ensure!(rooms.is_sorted() && rooms.first() > Some(&0), "--rooms: loads grow, as 10,50");
    let room = setup.room()?;
    let mut report = LoadReport {
        sfu: setup.name(),
        shape: room.shape,
        people: room.people,
        layers: setup.layers,
        seconds: *seconds,
        loads: Vec::new(),
        refused: None,
    };
    let mut rig = Rig::start(setup).await?;
    let (mut attending, mut running) = (Vec::new(), 0);
    for &rooms in rooms {
        eprintln!("{rooms} rooms of {}", room.name());
        match rig.join(seats(running..rooms, room.people), JOINS_AT_ONCE).await {
            Ok(joined) => attending.extend(joined),
            // What was measured before stands.
            Err(error) if !report.loads.is_empty() => {
                report.refused = Some(format!("{rooms} rooms: {error:#}"));
                break;
            }
            Err(error) => return Err(error),
        }
        running = rooms;
        tokio::time::sleep(Duration::from_secs(*warm_up_seconds)).await;
        let warm_up = rig.forget().await?;
        let joins = joins(&rig.join_times(&warm_up));
        let (measured, passed_over) = rig.measure_undisturbed(Duration::from_secs(*seconds)).await?;
        if let Err(reason) = measured.ensure_not_the_generator() {
            report.refused = Some(format!("{rooms} rooms: {reason}"));
            break;
        }
        report.loads.push(Load { passed_over, ..Load::new(rooms, room, joins, &measured) });
    }
    rig::leave(attending).await;
    Ok(report)
}

impl Load {
    fn new(rooms: u32, room: Room, join_ms: Joins, measured: &Measured) -> Self {
        let Measured { window, server_cpu, server_waited, generator_cpu, server } = measured;
        let seconds = window.elapsed.as_secs_f64();
        let (ingress, forwarded) = (count(window.tally.sent), count(window.received()));
        let server_us = server_cpu.as_secs_f64() * 1e6;
        let pairs = rooms * room.pairs();
        Self {
            rooms,
            people: rooms * room.people,
            ingress_per_s: ingress / seconds,
            forwarded_per_s: forwarded / seconds,
            audio_loss_permille: loss_permille(&window.tally.audio),
            video_loss_permille: loss_permille(&window.tally.video),
            audible_pairs: window.audible,
            visible_pairs: window.visible,
            expected_pairs: usize::try_from(pairs).unwrap_or(usize::MAX),
            latency_us: Quantiles::of(&window.latency()),
            audio_latency_us: Quantiles::of(&window.tally.audio.latency),
            video_latency_us: Quantiles::of(&window.tally.video.latency),
            join_ms,
            server_us_per_forwarded: server_us / forwarded,
            server_us_per_ingress: server_us / ingress,
            server_cpu_percent: server_cpu.as_secs_f64() / seconds * 100.0,
            server_waited_percent: server_waited.as_secs_f64() / seconds * 100.0,
            server_resident_mib: count(server.resident_bytes) / f64::from(1 << 20),
            server_descriptors: server.descriptors,
            generator_cpu_percent: generator_cpu.as_secs_f64() / seconds * 100.0,
            engine_cpu_percent: window.cpu.as_secs_f64() / seconds * 100.0,
            generator_lag_p99_us: us(window.tally.lag.quantile(990)),
            key_frames_asked: window.tally.key_frames_asked,
            unauthentic: window.tally.unauthentic,
            passed_over: Vec::new(),
        }
    }
}

impl Quantiles {
    /// In microseconds; of nothing, not a number.
    fn of(histogram: &Histogram) -> Self {
        let at = |thousandths| us(histogram.quantile(thousandths));
        Self { p50: at(500), p99: at(990), p999: at(999) }
    }

    fn render(&self) -> String {
        format!("{:.0} / {:.0} / {:.0}", self.p50, self.p99, self.p999)
    }
}

fn joins(times: &[Duration]) -> Joins {
    let ms = |thousandths| us(quantile(times, thousandths)) / 1e3;
    Joins { count: times.len(), p50: ms(500), p99: ms(990) }
}

fn us(duration: Option<Duration>) -> f64 {
    duration.map_or(f64::NAN, |duration| duration.as_secs_f64() * 1e6)
}

#[expect(clippy::cast_precision_loss, reason = "counts of one run are far below 2^52")]
fn count(count: u64) -> f64 {
    count as f64
}

fn loss_permille(flow: &Flow) -> f64 {
    let lost = u64::try_from(flow.lost).unwrap_or(0);
    let sent = flow.received + lost;
    if sent == 0 { 0.0 } else { count(lost) / count(sent) * 1e3 }
}

impl LoadReport {
    #[must_use]
    pub fn render(&self) -> String {
        let room = Room { shape: self.shape, people: self.people };
        let title =
            format!("{}: rooms of {}, {} layer(s), {} s each", self.sfu, room.name(), self.layers, self.seconds);
        let columns: Vec<String> = self.loads.iter().map(|load| format!("{} rooms", load.rooms)).collect();
        let heading: Vec<&str> = std::iter::once("").chain(columns.iter().map(String::as_str)).collect();
        let mut table = Table::new(title, &heading);
        let mut row = |what: &str, value: &dyn Fn(&Load) -> String| {
            table.row(std::iter::once(what.to_owned()).chain(self.loads.iter().map(value)));
        };
        row("ingress packets/s", &|load| format!("{:.0}", load.ingress_per_s));
        row("forwarded packets/s", &|load| format!("{:.0}", load.forwarded_per_s));
        row("server CPU us / forwarded packet", &|load| format!("{:.2}", load.server_us_per_forwarded));
        row("server CPU us / ingress packet", &|load| format!("{:.2}", load.server_us_per_ingress));
        row("server CPU %", &|load| format!("{:.1}", load.server_cpu_percent));
        row("server waited for its processor %", &|load| format!("{:.1}", load.server_waited_percent));
        row("server memory MiB", &|load| format!("{:.1}", load.server_resident_mib));
        row("loss audio / video, permille", &|load| {
            format!("{:.2} / {:.2}", load.audio_loss_permille, load.video_loss_permille)
        });
        row("pairs that hear / see / should", &|load| {
            format!("{} / {} / {}", load.audible_pairs, load.visible_pairs, load.expected_pairs)
        });
        row("latency p50 / p99 / p99.9 us", &|load| load.latency_us.render());
        row("  of audio", &|load| load.audio_latency_us.render());
        row("  of video", &|load| load.video_latency_us.render());
        row("join p50 / p99 ms", &|load| format!("{:.0} / {:.0}", load.join_ms.p50, load.join_ms.p99));
        row("generator CPU %", &|load| format!("{:.1}", load.generator_cpu_percent));
        row("generator late p99 us", &|load| format!("{:.0}", load.generator_lag_p99_us));
        row("windows passed over", &|load| load.passed_over.len().to_string());
        table.render()
    }
}
