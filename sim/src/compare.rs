//! Our estimate of a viewer's link beside `str0m`'s, on the same links, with the same media: what arrived, how long packets
//! waited at the bottleneck, what its queue dropped.
//!
//! Ours is the whole shard, which forwards another's simulcast to a viewer; theirs a `str0m` sender that forwards the best
//! layer its estimate carries. Pure but for the runs it makes.

use crate::camera::SIMULCAST;
use crate::chance;
use crate::direct::Direct;
use crate::network::Carried;
use crate::person::{Equipment, Person};
use crate::world::World;
use anyhow::{Context as _, Result};
use kenes_link::Profile;
use serde::Serialize;
use std::time::Duration;

/// Long enough for several climbs and falls.
const LASTS: Duration = Duration::from_secs(60);
/// What the first seconds are like is another question: all begin from nothing.
const SETTLED: Duration = Duration::from_secs(5);
/// People connect before media is asked for.
const GATHERING: Duration = Duration::from_secs(1);
/// One run may be lucky: the mean of many is compared. With three, one run that lost its probes made half a table's row.
const SEEDS: [u64; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
/// Of what goes the other way, and of the publisher's access.
const BACK: &str = "delay=20ms";

pub struct Trace {
    pub name: &'static str,
    pub link: &'static str,
}

const fn trace(name: &'static str, link: &'static str) -> Trace {
    Trace { name, link }
}

pub const TRACES: &[Trace] = &[
    trace("3 Mbit/s", "rate=3M delay=20ms queue=100k"),
    trace("1 Mbit/s", "rate=1M delay=30ms queue=60k"),
    trace("1 Mbit/s, CoDel", "rate=1M delay=30ms queue=codel:60k"),
    trace("300 kbit/s", "rate=300k delay=50ms queue=30k"),
    trace("300 kbit/s, bloated", "rate=300k delay=50ms queue=100k"),
    trace("100 kbit/s", "rate=100k delay=80ms queue=20k"),
    trace("1M, 300k, 1M", "rate=1M/20s,300k/20s,1M/20s delay=40ms queue=60k"),
    trace("1M, 300k, 1M, CoDel", "rate=1M/20s,300k/20s,1M/20s delay=40ms queue=codel:60k"),
    trace("3M, 500k by turns", "rate=3M/10s,500k/10s delay=30ms queue=60k"),
    trace("2 % lost", "rate=2M delay=40ms queue=60k loss=2%"),
    trace("5 % lost in bursts", "rate=2M delay=40ms queue=60k loss=5%/4"),
    trace("10 % lost in bursts", "rate=2M delay=40ms queue=60k loss=10%/4"),
    trace("jitter of 40 ms", "rate=2M delay=40ms queue=60k jitter=40ms"),
    trace("far away", "rate=2M delay=250ms queue=100k"),
    trace("mobile 1", "rate=mobile:1 delay=50ms queue=100k"),
    trace("mobile 2", "rate=mobile:2 delay=50ms queue=100k"),
    trace("mobile 3", "rate=mobile:3 delay=50ms queue=100k"),
    trace("mobile 4", "rate=mobile:4 delay=50ms queue=100k"),
    trace("mobile 5", "rate=mobile:5 delay=50ms queue=codel:100k"),
    trace("mobile 6", "rate=mobile:6 delay=50ms queue=codel:100k"),
    trace("4G, 0.5 Mbit/s", "rate=recording:4g-500k delay=50ms queue=30k"),
    trace("4G, 0.5 Mbit/s, CoDel", "rate=recording:4g-500k delay=50ms queue=codel:100k"),
    trace("4G, 0.6 Mbit/s", "rate=recording:4g-600k delay=50ms queue=100k"),
    trace("4G, 3 Mbit/s", "rate=recording:4g-3m delay=50ms queue=100k"),
    trace("4G, 3 Mbit/s, CoDel", "rate=recording:4g-3m delay=50ms queue=codel:100k"),
];

/// One estimator on one link.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Outcome {
    /// Video that reached the viewer, without repairs and padding.
    pub goodput_kbps: f64,
    /// 95 of 100 packets waited less at the bottleneck.
    pub queueing_p95_ms: f64,
    /// By the queue, of what was sent.
    pub dropped_percent: f64,
    pub audio_concealed_percent: f64,
    pub frames_per_second: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub trace: String,
    pub link: String,
    pub kenes: Outcome,
    pub str0m: Outcome,
}

impl Row {
    /// No worse goodput and no more delay; within what a run's chance makes of it.
    #[must_use]
    pub fn is_no_worse(&self) -> bool {
        let goodput = self.kenes.goodput_kbps >= self.str0m.goodput_kbps * (1.0 - TOLERATED) - TOLERATED_KBPS;
        let delay = self.kenes.queueing_p95_ms <= self.str0m.queueing_p95_ms * (1.0 + TOLERATED) + TOLERATED_MS;
        goodput && delay
    }
}

const TOLERATED: f64 = 0.02;
const TOLERATED_KBPS: f64 = 2.0;
const TOLERATED_MS: f64 = 5.0;

/// Of a link in its text ([`Profile`]); its name is for the table.
pub fn compare(name: &str, text: &str) -> Result<Row> {
    let (link, back) = (text.parse()?, BACK.parse()?);
    Ok(Row {
        trace: name.to_owned(),
        link: text.to_owned(),
        kenes: mean(|seed| ours(&link, &back, seed))?,
        str0m: mean(|seed| theirs(&link, &back, seed))?,
    })
}

/// A page's beginning: what the table is.
pub const PREFACE: &str = "\
# Our estimate of a link beside str0m's

`cargo run -p kenes-sim -- compare --results bench/results` makes this page. Virtual time, one minute a run, the mean of twelve
seeds, the first five seconds left out. *Kenes* is the whole shard that forwards a simulcast camera (150, 500 and 1,500 kbit/s)
and a voice to a str0m viewer; *str0m* is a str0m sender with its own estimate (GoogCC's port), told as its manual says what the
next layer and the best one take, that forwards the best layer of the same media that fits to the same viewer, without a server.
Goodput is video without repairs and padding, queue what 95 of 100 packets waited less at the bottleneck, dropped what its queue
threw away, concealed how much of the voice was made up. Mobile links are made up from seeds (`link/src/model/mobile.rs`),
4G is what phones recorded (`link/recordings/`). Whoever has another recording (Mahimahi's form) compares on it by
`compare 'rate=recording:FILE delay=50ms queue=100k'`.
";

/// In Markdown, kenes before str0m in each cell.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| link | | goodput kbit/s | queue ms | dropped % | concealed % | frames/s | |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let pair = |value: fn(&Outcome) -> f64| format!("{:.1} / {:.1}", value(&row.kenes), value(&row.str0m));
        let cells = [
            row.trace.clone(),
            format!("`{}`", row.link),
            pair(|outcome| outcome.goodput_kbps),
            pair(|outcome| outcome.queueing_p95_ms),
            pair(|outcome| outcome.dropped_percent),
            pair(|outcome| outcome.audio_concealed_percent),
            pair(|outcome| outcome.frames_per_second),
            if row.is_no_worse() { "" } else { "worse" }.to_owned(),
        ];
        table.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    table
}

fn mean(run: impl Fn(u64) -> Result<Outcome> + Sync) -> Result<Outcome> {
    let outcomes = SEEDS.into_iter().map(|seed| chance::of_seed(seed, || run(seed))).collect::<Result<Vec<_>>>()?;
    let of = |value: fn(&Outcome) -> f64| outcomes.iter().map(value).sum::<f64>() / outcomes.len() as f64;
    Ok(Outcome {
        goodput_kbps: of(|outcome| outcome.goodput_kbps),
        queueing_p95_ms: of(|outcome| outcome.queueing_p95_ms),
        dropped_percent: of(|outcome| outcome.dropped_percent),
        audio_concealed_percent: of(|outcome| outcome.audio_concealed_percent),
        frames_per_second: of(|outcome| outcome.frames_per_second),
    })
}

fn ours(link: &Profile, back: &Profile, seed: u64) -> Result<Outcome> {
    let mut world = World::new(&[(back.clone(), back.clone()), (back.clone(), link.clone())], seed)?;
    let steady_bps = Some(SIMULCAST.iter().map(|layer| layer.max_bps).sum());
    let [.., highest] = SIMULCAST;
    world.join(&Equipment { camera: SIMULCAST.to_vec(), steady_bps, ..Equipment::default() })?;
    world.join(&Equipment { access: 1, slots: 1, ..Equipment::default() })?;
    world.run_until(GATHERING)?;
    world.bind_all(highest.height)?;
    world.run_until(LASTS)?;
    let [.., [_, carried]] = &world.network.carried()[..] else { anyhow::bail!("no access") };
    outcome(world.people.last().context("no viewer")?, carried)
}

fn theirs(link: &Profile, back: &Profile, seed: u64) -> Result<Outcome> {
    let mut direct = Direct::new(link, back, seed)?;
    direct.run_until(LASTS)?;
    let [[carried, _]] = &direct.network.carried()[..] else { anyhow::bail!("no access") };
    outcome(&direct.receiver, carried)
}

fn outcome(viewer: &Person, carried: &Carried) -> Result<Outcome> {
    let (_, ear) = viewer.ears.first().context("no ear")?;
    let (_, screen) = viewer.screens.first().context("no screen")?;
    let (heard, seen) = (ear.heard(), screen.seen());
    Ok(Outcome {
        goodput_kbps: seen.bytes(SETTLED) as f64 * 8.0 / 1_000.0 / (LASTS - SETTLED).as_secs_f64(),
        queueing_p95_ms: carried.queueing_p95(SETTLED).as_secs_f64() * 1_000.0,
        dropped_percent: 100.0 * carried.counters.queue_dropped as f64 / carried.counters.sent.max(1) as f64,
        audio_concealed_percent: 100.0 * heard.concealed(),
        frames_per_second: seen.rate(SETTLED, LASTS),
    })
}
