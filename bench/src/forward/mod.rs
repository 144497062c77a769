//! `forward`: what the shard costs for each packet it forwards, beside the crypto and copies that no SFU can avoid.
//!
//! The shard and the floor take turns over the same number of packets. No sockets: `floor` says what those cost.

mod client;
mod floor;
mod room;

use crate::measure::thread_cpu_time;
use crate::report::Table;
use anyhow::{Result, ensure};
use floor::Floor;
use room::{PACKETS, Room};
use serde::Serialize;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region};

const SUBSCRIBERS: [u16; 3] = [1, 3, 5];
/// Seconds of video before counting: caches fill, tables and each slot of the timer wheel grow to their size.
const WARM_UP_ROUNDS: usize = 600;
const ROUNDS: usize = 201;

#[derive(Debug, Serialize)]
pub struct ForwardReport {
    pub rows: Vec<Row>,
}

/// Medians over the rounds; CPU time.
#[derive(Debug, Serialize)]
pub struct Row {
    pub subscribers: u16,
    pub per_received_ns: f64,
    pub per_forwarded_ns: f64,
    /// Of the shard's best round.
    pub best_per_forwarded_ns: f64,
    pub floor_per_forwarded_ns: f64,
    /// Shard over floor, of each round.
    pub ratio: f64,
    pub allocations_per_forwarded: f64,
    pub allocated_bytes_per_forwarded: f64,
}

pub fn run() -> Result<ForwardReport> {
    Ok(ForwardReport { rows: SUBSCRIBERS.into_iter().map(measure).collect::<Result<_>>()? })
}

fn measure(subscribers: u16) -> Result<Row> {
    let mut room = Room::new(subscribers)?;
    let mut floor = Floor::new(subscribers)?;
    let received = f64::from(PACKETS);
    let forwarded = received * f64::from(subscribers);
    let (mut shard_ns, mut floor_ns, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut allocations, mut bytes) = (0.0, 0.0);
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        let mut bursts = room.prepare_second()?;
        let region = Region::new(&INSTRUMENTED_SYSTEM);
        let before = thread_cpu_time()?;
        let sent = room.forward(&mut bursts);
        let shard = thread_cpu_time()?.saturating_sub(before).as_secs_f64() * 1e9;
        let change = region.change();

        floor.prepare();
        let before = thread_cpu_time()?;
        floor.forward()?;
        let bare = thread_cpu_time()?.saturating_sub(before).as_secs_f64() * 1e9;
        if round < WARM_UP_ROUNDS {
            continue;
        }
        ensure!(f64::from(u32::try_from(sent)?) >= forwarded, "only {sent} of {forwarded} packets were forwarded");
        allocations += f64::from(u32::try_from(change.allocations + change.reallocations)?);
        bytes += f64::from(u32::try_from(change.bytes_allocated)?);
        shard_ns.push(shard);
        floor_ns.push(bare);
        ratios.push(shard / bare);
    }
    let rounds = f64::from(u32::try_from(ROUNDS)?);
    let best = shard_ns.iter().copied().fold(f64::INFINITY, f64::min);
    let shard = median(shard_ns);
    Ok(Row {
        subscribers,
        per_received_ns: shard / received,
        per_forwarded_ns: shard / forwarded,
        best_per_forwarded_ns: best / forwarded,
        floor_per_forwarded_ns: median(floor_ns) / forwarded,
        ratio: median(ratios),
        allocations_per_forwarded: allocations / (rounds * forwarded),
        allocated_bytes_per_forwarded: bytes / (rounds * forwarded),
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

impl ForwardReport {
    #[must_use]
    pub fn render(&self) -> String {
        let columns = [
            "fan-out",
            "us / received",
            "us / forwarded",
            "best",
            "floor us / forwarded",
            "ratio",
            "allocations / forwarded",
        ];
        let mut table = Table::new("forward, CPU time in the process, AES-128-GCM, 1,100 bytes", &columns);
        let micros = |ns: f64| format!("{:.3}", ns / 1_000.0);
        for row in &self.rows {
            table.row([
                format!("1 -> {}", row.subscribers),
                micros(row.per_received_ns),
                micros(row.per_forwarded_ns),
                micros(row.best_per_forwarded_ns),
                micros(row.floor_per_forwarded_ns),
                format!("{:.2}", row.ratio),
                format!("{:.4}", row.allocations_per_forwarded),
            ]);
        }
        let text = table.render();
        format!("{text}\nfloor = open once, copy and seal for each subscriber, same run. Medians of {ROUNDS} rounds.\n")
    }
}
