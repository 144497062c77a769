//! `forward`: what the shard costs for each packet it forwards, beside the crypto and copies that no SFU can avoid.
//!
//! The shard and the floor take turns over the same packets. No sockets: `floor` says what those cost.

mod case;
mod floor;
pub mod memory;

pub use case::Row;
pub use memory::Memory;

use crate::report::Table;
use anyhow::Result;
use case::{Case, measure};
use clap::{Args, ValueEnum};
use kenes_bench_shard::cipher::Cipher;
use kenes_bench_shard::traffic::{Loss, Traffic};
use serde::{Deserialize, Serialize};

/// Caches fill, tables and each slot of the timer wheel grow to their size.
const WARM_UP_SECONDS: u32 = 600;
const VIEWERS: [usize; 4] = [1, 3, 5, 10];
const PEOPLE: [usize; 3] = [2, 4, 6];
/// Rooms of two on one shard, and how many rounds they get: the more rooms, the more packets in a round.
const ROOMS: [(usize, usize); 4] = [(1, 201), (10, 41), (100, 11), (500, 5)];
const FLATNESS_WARM_UP_SECONDS: u32 = 5;
/// Flatness takes its cases in turn so often, each time in memory of its own: where that happens to lie is a tenth of a small case's
/// cost. Odd.
const FLATNESS_TURNS: usize = 3;
/// media.md, as ADR 0033 reads it: how many times one room's multiple of the floor may be that of many.
const MAX_GROWTH: f64 = 1.15;
const REPAIR_LOSS: Loss = Loss { uplink_one_in: None, downlink_one_in: Some(20) };
const UPLINK_LOSS: Loss = Loss { uplink_one_in: Some(20), downlink_one_in: None };
const BOTH: Loss = Loss { uplink_one_in: Some(20), downlink_one_in: Some(20) };

#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Only these parts (default: all).
    #[arg(long, value_delimiter = ',', value_name = "PART")]
    pub only: Vec<Part>,
    /// Seconds of traffic measured for each case; flatness has its own.
    #[arg(long, default_value_t = 101)]
    pub rounds: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// One publisher of full packets to 1, 3, 5 and 10 viewers, with each cipher.
    FanOut,
    /// The same to 3 viewers, with packets lost on either side and brought back.
    Repair,
    /// Rooms in which everybody sends camera and microphone.
    Rooms,
    /// 1 to 500 rooms of two on one shard.
    Flatness,
    /// Bytes of a peer.
    Memory,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct ForwardReport {
    pub rows: Vec<Row>,
    pub memory: Option<Memory>,
}

pub fn run(options: &Options) -> Result<ForwardReport> {
    let wants = |part| options.only.is_empty() || options.only.contains(&part);
    let mut report = ForwardReport { rows: Vec::new(), memory: None };
    if wants(Part::FanOut) {
        for cipher in Cipher::ALL {
            for viewers in VIEWERS {
                report.rows.push(lecture("fan-out", format!("1 -> {viewers}"), cipher, viewers, Loss::NONE, options)?);
            }
        }
    }
    if wants(Part::Repair) {
        let cases = [
            ("none lost", Loss::NONE),
            ("5 % to viewers", REPAIR_LOSS),
            ("5 % to the server", UPLINK_LOSS),
            ("5 % both", BOTH),
        ];
        for (name, loss) in cases {
            report.rows.push(lecture("repair, 1 -> 3", name.to_owned(), Cipher::Gcm128, 3, loss, options)?);
        }
    }
    if wants(Part::Rooms) {
        for people in PEOPLE {
            report.rows.push(room(people, options)?);
        }
    }
    if wants(Part::Flatness) {
        report.rows.extend(flatness()?);
    }
    if wants(Part::Memory) {
        report.memory = Some(memory::measure()?);
    }
    Ok(report)
}

fn lecture(
    group: &'static str,
    name: String,
    cipher: Cipher,
    viewers: usize,
    loss: Loss,
    options: &Options,
) -> Result<Row> {
    measure(&Case {
        group,
        name,
        cipher,
        open: &|world| world.open_lecture(viewers, Traffic::FULL_PACKETS),
        loss,
        warm_up_seconds: WARM_UP_SECONDS,
        rounds: options.rounds,
        keeps: false,
    })
}

fn room(people: usize, options: &Options) -> Result<Row> {
    measure(&Case {
        group: "rooms",
        name: format!("{people} people"),
        cipher: Cipher::Gcm256,
        open: &|world| world.open_room(people, Traffic::PERSON),
        loss: Loss::NONE,
        warm_up_seconds: WARM_UP_SECONDS,
        rounds: options.rounds,
        keeps: false,
    })
}

/// Of each case the turn whose multiple of the floor is the median.
fn flatness() -> Result<Vec<Row>> {
    let mut turns = ROOMS.map(|_| Vec::with_capacity(FLATNESS_TURNS));
    for _ in 0..FLATNESS_TURNS {
        for ((rooms, rounds), rows) in ROOMS.into_iter().zip(&mut turns) {
            rows.push(many_rooms(rooms, rounds)?);
        }
    }
    Ok(turns.into_iter().filter_map(median_turn).collect())
}

fn median_turn(mut rows: Vec<Row>) -> Option<Row> {
    rows.sort_by(|one, other| one.multiple().total_cmp(&other.multiple()));
    let middle = rows.len() / 2;
    rows.into_iter().nth(middle)
}

fn many_rooms(rooms: usize, rounds: usize) -> Result<Row> {
    measure(&Case {
        group: "flatness",
        name: format!("{rooms} rooms of 2"),
        cipher: Cipher::Gcm256,
        open: &|world| (0..rooms).try_for_each(|_| world.open_room(2, Traffic::PERSON)),
        loss: Loss::NONE,
        warm_up_seconds: FLATNESS_WARM_UP_SECONDS,
        rounds,
        keeps: true,
    })
}

impl ForwardReport {
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        let mut rows = self.rows.as_slice();
        while let Some(first) = rows.first() {
            let len = rows.iter().take_while(|row| row.group == first.group).count();
            let (group, rest) = rows.split_at_checked(len).unwrap_or((rows, &[]));
            text += &render_group(group);
            rows = rest;
        }
        text += &self.memory.as_ref().map(Memory::render).unwrap_or_default();
        text + "\nfloor = open once, copy and seal for each viewer, same packets, same run; + kept = and keep each packet for a \
                second.\nGrowth is over the first case's cost. CPU time, medians of the rounds.\n"
    }
}

fn render_group(rows: &[Row]) -> String {
    let title = rows.first().map(|row| row.group.clone()).unwrap_or_default();
    let has_kept = rows.iter().any(|row| row.kept_ratio.is_some());
    let mut columns =
        vec!["case", "cipher", "packets/s", "us / forwarded", "best", "floor", "ratio", "quartiles", "allocations"];
    if has_kept {
        columns.extend(["floor + kept", "ratio", "growth", "of the floor", "beyond it"]);
    }
    let mut table = Table::new(format!("forward: {title}"), &columns);
    let micros = |ns: f64| format!("{:.3}", ns / 1_000.0);
    for row in rows {
        let [low, high] = row.ratio_quartiles;
        let mut cells = vec![
            row.name.clone(),
            row.cipher.name().to_owned(),
            format!("{:.0}", row.forwarded_per_s),
            micros(row.per_forwarded_ns),
            micros(row.best_per_forwarded_ns),
            micros(row.floor_per_forwarded_ns),
            format!("{:.2}", row.ratio),
            format!("{low:.2}-{high:.2}"),
            format!("{:.4}", row.allocations_per_forwarded),
        ];
        if let (Some(floor), Some(ratio)) = (row.kept_floor_per_forwarded_ns, row.kept_ratio) {
            cells.extend([micros(floor), format!("{ratio:.2}")]);
            let growth = |of: fn(&Row) -> f64| rows.first().map_or(1.0, |first| of(row) / of(first));
            let floors = growth(|row| row.kept_floor_per_forwarded_ns.unwrap_or(row.floor_per_forwarded_ns));
            let growths = [growth(|row| row.per_forwarded_ns), floors, growth(Row::multiple)];
            cells.extend(growths.map(|growth| format!("{growth:.2}")));
        }
        table.row(cells);
    }
    table.render() + &verdict(rows)
}

/// Of rows that have grown beside a floor.
fn verdict(rows: &[Row]) -> String {
    let Some((first, many)) = rows.split_first().filter(|(first, _)| first.kept_ratio.is_some()) else {
        return String::new();
    };
    let most = many.iter().map(|row| row.multiple() / first.multiple()).fold(1.0, f64::max);
    let is_flat = if most <= MAX_GROWTH { "flat enough" } else { "not flat" };
    format!(
        "{is_flat}: beyond the floor's growth a packet costs {most:.2} times the first case's at most; {MAX_GROWTH} may be\n"
    )
}
