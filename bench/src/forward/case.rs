//! One case of `forward`: a world and its floors in turns, second by second. Holds nothing between cases.

use super::floor::Floor;
use crate::measure::{quantile, thread_cpu_time};
use anyhow::{Result, ensure};
use kenes_bench_shard::cipher::Cipher;
use kenes_bench_shard::script::Script;
use kenes_bench_shard::traffic::Loss;
use kenes_bench_shard::world::World;
use serde::{Deserialize, Serialize};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region};
use std::time::Duration;

/// Seconds until each slot has its key frame and its numbers are known.
const BEGINNING_S: u32 = 4;
/// Pairs of clock readings that say what one costs.
const CLOCK_READINGS: usize = 1_001;

pub(super) struct Case<'a> {
    pub group: &'static str,
    pub name: String,
    pub cipher: Cipher,
    pub open: &'a dyn Fn(&mut World) -> Result<()>,
    pub loss: Loss,
    pub warm_up_seconds: u32,
    pub rounds: usize,
    /// Also against a floor that keeps each packet.
    pub keeps: bool,
}

/// Medians over the rounds; CPU time. Forwarded includes what was sent again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    pub group: String,
    pub name: String,
    pub cipher: Cipher,
    pub people: usize,
    pub received_per_s: f64,
    pub forwarded_per_s: f64,
    /// Of those: answers to NACKs.
    pub retransmitted_per_s: f64,
    /// Packets that the publisher sent again and the shard took for the lost ones.
    pub recovered_per_s: f64,
    pub per_received_ns: f64,
    pub per_forwarded_ns: f64,
    /// Of the shard's best round.
    pub best_per_forwarded_ns: f64,
    pub floor_per_forwarded_ns: f64,
    pub kept_floor_per_forwarded_ns: Option<f64>,
    /// Shard over floor, of each round: median and quartiles.
    pub ratio: f64,
    pub ratio_quartiles: [f64; 2],
    pub kept_ratio: Option<f64>,
    pub allocations_per_forwarded: f64,
    pub allocated_bytes_per_forwarded: f64,
}

impl Row {
    /// Of the floor that touches as much memory, where there is one.
    pub(super) fn multiple(&self) -> f64 {
        self.kept_ratio.unwrap_or(self.ratio)
    }
}

/// What the rounds gave.
#[derive(Default)]
struct Rounds {
    shard_ns: Vec<f64>,
    floor_ns: Vec<f64>,
    kept_ns: Vec<f64>,
    allocations: f64,
    bytes: f64,
}

pub(super) fn measure(case: &Case<'_>) -> Result<Row> {
    let mut world = World::new(case.cipher, crate::clock::now())?;
    (case.open)(&mut world)?;
    world.play(BEGINNING_S)?;
    world.run(case.warm_up_seconds, case.loss)?;
    let clock_ns = clock_cost_ns()?;
    let before = world.counters().clone();
    let mut rounds = Rounds::default();
    let mut floors = None;
    let mut expected = 0;
    for _ in 0..case.rounds {
        let script = world.script(case.loss)?;
        expected += script.work.iter().map(|work| work.copies).sum::<usize>();
        let (floor, kept_floor) = match &mut floors {
            Some(floors) => floors,
            none => none.insert(make_floors(case, &world, &script)?),
        };
        rounds.shard(&mut world, &script, clock_ns)?;
        rounds.floor_ns.push(run_floor(floor, clock_ns)?);
        if let Some(kept_floor) = kept_floor {
            rounds.kept_ns.push(run_floor(kept_floor, clock_ns)?);
        }
    }
    let counters = world.counters();
    let change = Change {
        received: counters.rtp_received_packets - before.rtp_received_packets,
        forwarded: counters.rtp_forwarded_packets - before.rtp_forwarded_packets,
        retransmitted: counters.retransmitted_packets - before.retransmitted_packets,
        recovered: counters.recovered_packets - before.recovered_packets,
    };
    let sent = usize::try_from(change.forwarded + change.retransmitted)?;
    ensure!(sent == expected, "{}: {sent} packets were forwarded, not {expected}", case.name);
    rounds.row(case, world.people(), &change)
}

struct Change {
    received: u64,
    forwarded: u64,
    retransmitted: u64,
    recovered: u64,
}

fn make_floors(case: &Case<'_>, world: &World, script: &Script) -> Result<(Floor, Option<Floor>)> {
    let people = world.people();
    let kept_floor = case.keeps.then(|| Floor::new(case.cipher, people, script, true)).transpose()?;
    Ok((Floor::new(case.cipher, people, script, false)?, kept_floor))
}

impl Rounds {
    fn shard(&mut self, world: &mut World, script: &Script, clock_ns: f64) -> Result<()> {
        let mut spent = 0.0;
        for slice in script.slices() {
            world.receive(script, slice);
            let region = Region::new(&INSTRUMENTED_SYSTEM);
            let before = thread_cpu_time()?;
            world.run_slice(script, slice);
            spent += nanos_since(before, clock_ns)?;
            let change = region.change();
            self.allocations += float(change.allocations + change.reallocations);
            self.bytes += float(change.bytes_allocated);
        }
        self.shard_ns.push(spent);
        Ok(())
    }

    fn row(self, case: &Case<'_>, people: usize, change: &Change) -> Result<Row> {
        let rounds = float(case.rounds);
        let count = |packets: u64| -> Result<f64> { Ok(f64::from(u32::try_from(packets)?)) };
        let (received, sent) = (count(change.received)?, count(change.forwarded + change.retransmitted)?);
        let over = |below: &[f64]| -> Vec<f64> {
            self.shard_ns.iter().zip(below).map(|(shard, floor)| shard / floor).collect()
        };
        let (ratios, kept_ratios) = (over(&self.floor_ns), over(&self.kept_ns));
        let per_sent = |ns: f64| ns * rounds / sent;
        let shard = quantile(&self.shard_ns, 0.5);
        let kept = |value: f64| case.keeps.then_some(value);
        Ok(Row {
            group: case.group.to_owned(),
            name: case.name.clone(),
            cipher: case.cipher,
            people,
            received_per_s: received / rounds,
            forwarded_per_s: sent / rounds,
            retransmitted_per_s: count(change.retransmitted)? / rounds,
            recovered_per_s: count(change.recovered)? / rounds,
            per_received_ns: shard * rounds / received,
            per_forwarded_ns: per_sent(shard),
            best_per_forwarded_ns: per_sent(quantile(&self.shard_ns, 0.0)),
            floor_per_forwarded_ns: per_sent(quantile(&self.floor_ns, 0.5)),
            kept_floor_per_forwarded_ns: kept(per_sent(quantile(&self.kept_ns, 0.5))),
            ratio: quantile(&ratios, 0.5),
            ratio_quartiles: [quantile(&ratios, 0.25), quantile(&ratios, 0.75)],
            kept_ratio: kept(quantile(&kept_ratios, 0.5)),
            allocations_per_forwarded: self.allocations / sent,
            allocated_bytes_per_forwarded: self.bytes / sent,
        })
    }
}

fn run_floor(floor: &mut Floor, clock_ns: f64) -> Result<f64> {
    let mut spent = 0.0;
    for slice in floor.slices() {
        floor.receive(&slice);
        let before = thread_cpu_time()?;
        floor.run_slice(&slice)?;
        spent += nanos_since(before, clock_ns)?;
    }
    Ok(spent)
}

/// What reading the clock adds to each slice.
fn clock_cost_ns() -> Result<f64> {
    let mut readings = Vec::with_capacity(CLOCK_READINGS);
    for _ in 0..CLOCK_READINGS {
        readings.push(nanos_since(thread_cpu_time()?, 0.0)?);
    }
    Ok(quantile(&readings, 0.5))
}

fn nanos_since(before: Duration, clock_ns: f64) -> Result<f64> {
    Ok((thread_cpu_time()?.saturating_sub(before).as_secs_f64() * 1e9 - clock_ns).max(0.0))
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
