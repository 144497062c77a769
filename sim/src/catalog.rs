//! The consultations that are always run: by name, each with its links and with what a person puts up with on them. And any
//! number of others, drawn from a seed, with bounds that follow from how bad their links are.

use crate::oracle::Bound;
use crate::oracle::Oracle::{
    AudioBack, AudioGap, Concealed, Fairness, FirstFrame, FirstWord, FrameRate, Frozen, QueueDown, VideoBack,
};
use crate::oracle::Whom::{Patients, Specialist};
use crate::scenario::Scenario;
use anyhow::{Context as _, Result};
use kenes_link::Profile;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;

struct Entry {
    name: &'static str,
    uplink: &'static str,
    downlink: &'static str,
    patients: usize,
    seconds: u64,
    dtx: bool,
    red: bool,
    steady_bps: Option<u64>,
    /// Seconds at which the first patient's address changes.
    moves: &'static [u64],
    bounds: &'static [Bound],
}

const ENTRY: Entry = Entry {
    name: "",
    uplink: GOOD,
    downlink: GOOD,
    patients: 1,
    seconds: 30,
    dtx: false,
    red: true,
    steady_bps: None,
    moves: &[],
    bounds: &[],
};

/// What a rural camera makes of a link that loses but is wide enough.
const MODEST_BPS: Option<u64> = Some(800_000);

const ENTRIES: &[Entry] = &[
    Entry { name: "plain", bounds: UNNOTICED, ..ENTRY },
    Entry { name: "silence", dtx: true, bounds: QUIET, ..ENTRY },
    Entry { name: "jitter", bounds: UNEVEN, ..both("rate=6M delay=40ms jitter=60ms queue=200k") },
    Entry { name: "reordering", bounds: UNEVEN, ..both("rate=6M delay=40ms reorder=5% queue=200k") },
    Entry { name: "duplicates", bounds: UNNOTICED, ..both("rate=6M delay=40ms duplicate=5% queue=200k") },
    Entry { name: "bursts-5", steady_bps: MODEST_BPS, bounds: LOSSY, ..both("rate=6M delay=40ms loss=5%/4") },
    Entry { name: "bursts-10", steady_bps: MODEST_BPS, bounds: LOSSY, ..both("rate=6M delay=40ms loss=10%/4") },
    Entry { name: "bursts-20", steady_bps: MODEST_BPS, bounds: VERY_LOSSY, ..both("rate=6M delay=40ms loss=20%/4") },
    Entry { name: "far", bounds: FAR_AWAY, ..both("rate=6M delay=300ms queue=400k") },
    Entry { name: "far-lossy", steady_bps: MODEST_BPS, bounds: FAR_AND_LOSSY, ..both("rate=6M delay=150ms loss=10%") },
    Entry {
        name: "outage-2",
        steady_bps: MODEST_BPS,
        bounds: BACK_SOON,
        ..both("rate=6M delay=40ms queue=200k outage=10s+2s")
    },
    Entry { name: "outage-10", bounds: BACK_SOON, ..both("rate=6M delay=40ms queue=200k outage=10s+10s") },
    Entry { name: "narrow-1M", downlink: "rate=1M delay=30ms queue=60k", bounds: NARROW, ..ENTRY },
    Entry { name: "narrow-300k", downlink: "rate=300k delay=50ms queue=30k", bounds: NARROW, ..ENTRY },
    Entry {
        name: "narrow-lossy",
        downlink: "rate=300k delay=25ms loss=10% queue=22500",
        bounds: NARROW_AND_LOSSY,
        ..ENTRY
    },
    Entry { name: "narrow-100k", downlink: "rate=100k delay=80ms queue=20k", bounds: WORDS_ALONE, ..ENTRY },
    Entry { name: "steps", downlink: STEPS, seconds: 45, bounds: SWINGING, ..ENTRY },
    Entry { name: "steps-codel", downlink: STEPS_CODEL, seconds: 45, bounds: SWINGING, ..ENTRY },
    Entry { name: "mobile-1", downlink: "rate=mobile:1 delay=50ms queue=100k", bounds: SWINGING, ..ENTRY },
    Entry { name: "mobile-3", downlink: "rate=mobile:3 delay=50ms queue=100k", bounds: SWINGING, ..ENTRY },
    Entry { name: "shared", downlink: "rate=1M delay=30ms queue=60k", patients: 2, bounds: SHARED, ..ENTRY },
    Entry { name: "move", moves: &[10, 20], bounds: BACK_SOON, ..ENTRY },
    Entry { name: "recorded-500k", downlink: "rate=recording:4g-500k delay=50ms queue=30k", bounds: RECORDED, ..ENTRY },
    Entry {
        name: "recorded-600k",
        downlink: "rate=recording:4g-600k delay=50ms queue=100k",
        bounds: RECORDED,
        ..ENTRY
    },
    Entry { name: "recorded-3m", downlink: "rate=recording:4g-3m delay=50ms queue=100k", bounds: RECORDED, ..ENTRY },
];

const fn both(link: &'static str) -> Entry {
    Entry { uplink: link, downlink: link, ..ENTRY }
}

const GOOD: &str = "rate=6M delay=20ms queue=200k";

/// Nobody notices that there is a network.
const UNNOTICED: &[Bound] = &[
    (Patients, FirstWord, 300.0),
    (Patients, FirstFrame, 500.0),
    (Patients, AudioGap, 60.0),
    (Patients, Concealed, 0.5),
    (Patients, Frozen, 2.0),
    (Patients, FrameRate, 24.0),
    (Patients, QueueDown, 60.0),
    (Specialist, FirstWord, 300.0),
    (Specialist, FirstFrame, 500.0),
    (Specialist, AudioGap, 120.0),
    (Specialist, Concealed, 1.5),
    (Specialist, Frozen, 6.0),
    (Specialist, FrameRate, 23.0),
];

/// As unnoticed, but nobody knows when the first word is said.
const QUIET: &[Bound] = &[
    (Patients, FirstFrame, 500.0),
    (Patients, AudioGap, 60.0),
    (Patients, Concealed, 0.5),
    (Patients, Frozen, 2.0),
    (Specialist, AudioGap, 120.0),
    (Specialist, Concealed, 1.5),
];

/// Delay is bought against it; words are not lost.
const UNEVEN: &[Bound] = &[
    (Patients, FirstFrame, 700.0),
    (Patients, AudioGap, 100.0),
    (Patients, Concealed, 2.0),
    (Patients, Frozen, 3.0),
    (Patients, FrameRate, 23.0),
    (Specialist, AudioGap, 120.0),
    (Specialist, Concealed, 2.0),
    (Specialist, Frozen, 6.0),
];

const STEPS: &str = "rate=1M/15s,300k/15s,1M/15s delay=40ms queue=60k";
const STEPS_CODEL: &str = "rate=1M/15s,300k/15s,1M/15s delay=40ms queue=codel:60k";

/// A small picture and every word, without a queue.
const NARROW: &[Bound] = &[
    (Patients, FirstWord, 400.0),
    (Patients, FirstFrame, 1_500.0),
    (Patients, AudioGap, 120.0),
    (Patients, Concealed, 2.0),
    (Patients, Frozen, 10.0),
    (Patients, FrameRate, 20.0),
    (Patients, QueueDown, 100.0),
];

/// What repairs the words leaves room for the small picture.
const NARROW_AND_LOSSY: &[Bound] = &[
    (Patients, FirstWord, 400.0),
    (Patients, FirstFrame, 1_500.0),
    (Patients, AudioGap, 120.0),
    (Patients, Concealed, 4.0),
    (Patients, Frozen, 25.0),
    (Patients, FrameRate, 15.0),
    (Patients, QueueDown, 200.0),
];

/// Beside a voice even the smallest picture that is made hardly fits: it is tried now and then, at the cost of a queue. The words are
/// as on any other link, and the page shows stills (ADR 0016).
const WORDS_ALONE: &[Bound] = &[
    (Patients, FirstWord, 400.0),
    (Patients, AudioGap, 100.0),
    (Patients, Concealed, 1.0),
    (Patients, QueueDown, 240.0),
];

/// The link becomes narrow under one's hands, and wide again.
const SWINGING: &[Bound] = &[
    (Patients, AudioGap, 600.0),
    (Patients, Concealed, 6.0),
    (Patients, Frozen, 30.0),
    (Patients, FrameRate, 15.0),
    (Patients, QueueDown, 300.0),
];

/// What a phone's link carries changes faster than anybody can follow: words come through, and the picture seldom halts.
const RECORDED: &[Bound] = &[
    (Patients, AudioGap, 400.0),
    (Patients, Concealed, 5.0),
    (Patients, Frozen, 15.0),
    (Patients, FrameRate, 20.0),
    (Patients, QueueDown, 450.0),
];

/// Two see a picture each, and neither takes the other's.
const SHARED: &[Bound] =
    &[(Patients, AudioGap, 300.0), (Patients, Concealed, 4.0), (Patients, Fairness, 0.7), (Patients, QueueDown, 200.0)];

/// Speech is understood, the picture goes on.
const LOSSY: &[Bound] = &[
    (Patients, FirstFrame, 1_500.0),
    (Patients, AudioGap, 300.0),
    (Patients, Concealed, 4.0),
    (Patients, Frozen, 10.0),
    (Patients, FrameRate, 22.0),
    (Specialist, AudioGap, 300.0),
    (Specialist, Concealed, 8.0),
    (Specialist, Frozen, 10.0),
    (Specialist, FrameRate, 22.0),
];

/// Speech is understood.
const VERY_LOSSY: &[Bound] = &[
    (Patients, FirstFrame, 3_000.0),
    (Patients, AudioGap, 400.0),
    (Patients, Concealed, 7.0),
    (Patients, FrameRate, 15.0),
    (Specialist, AudioGap, 400.0),
    (Specialist, Concealed, 14.0),
    (Specialist, FrameRate, 20.0),
];

/// Over a satellite: late, and otherwise as near by.
const FAR_AWAY: &[Bound] = &[
    (Patients, FirstWord, 800.0),
    (Patients, FirstFrame, 1_500.0),
    (Patients, AudioGap, 60.0),
    (Patients, Concealed, 0.5),
    (Patients, Frozen, 2.0),
    (Specialist, AudioGap, 120.0),
    (Specialist, Concealed, 1.5),
];

/// A repair takes longer than a picture may wait: words come through, the picture halts now and then.
const FAR_AND_LOSSY: &[Bound] = &[
    (Patients, FirstFrame, 3_000.0),
    (Patients, AudioGap, 300.0),
    (Patients, Concealed, 5.0),
    (Patients, FrameRate, 18.0),
    (Specialist, Concealed, 10.0),
    (Specialist, FrameRate, 16.0),
];

/// Is noticed, and over soon.
const BACK_SOON: &[Bound] = &[
    (Patients, AudioBack, 300.0),
    (Patients, VideoBack, 1_000.0),
    (Specialist, AudioBack, 300.0),
    (Specialist, VideoBack, 1_000.0),
];

/// All that are always run, each with its seed.
pub fn fixed() -> Result<Vec<(Scenario, u64)>> {
    ENTRIES.iter().map(Entry::scenario).collect()
}

/// By name, or on a link in words, as `kenes_link::Profile` reads it.
pub fn named(name: &str) -> Result<(Scenario, u64)> {
    if name.contains('=') {
        return on_link(name);
    }
    let entry = ENTRIES.iter().find(|entry| entry.name == name);
    entry.with_context(|| format!("no consultation is called {name}"))?.scenario()
}

/// One patient behind a link that is given in words, both ways, or one link for each way with a bar between.
fn on_link(link: &str) -> Result<(Scenario, u64)> {
    let (scenario, seed) = ENTRY.scenario()?;
    let (uplink, downlink) = link.split_once('|').unwrap_or((link, link));
    let (uplink, downlink) = (uplink.trim().parse()?, downlink.trim().parse()?);
    Ok((Scenario { name: "given".to_owned(), uplink, downlink, steady_bps: Some(800_000), ..scenario }, seed))
}

/// The consultation of a seed: links as bad as rural ones are, and what has to hold on any of them.
pub fn drawn(seed: u64) -> Result<(Scenario, u64)> {
    let mut rng = StdRng::seed_from_u64(seed);
    let text = drawn_link(&mut rng);
    let link: Profile = text.parse()?;
    let moves = if rng.random_ratio(1, 5) { vec![Duration::from_secs(rng.random_range(8..20))] } else { Vec::new() };
    let dtx = rng.random_ratio(1, 2);
    let scenario = Scenario {
        name: format!("seed {seed}"),
        uplink: link.clone(),
        downlink: link,
        patients: rng.random_range(1..=2),
        lasts: Duration::from_secs(30),
        dtx,
        red: rng.random_ratio(2, 3),
        steady_bps: None,
        moves,
        bounds: if dtx { SEEN_AGAIN } else { HEARD_AGAIN }.to_vec(),
    };
    Ok((scenario, seed))
}

/// What holds on any link that is drawn: people are heard and seen, and come back.
const HEARD_AGAIN: &[Bound] = &[
    (Patients, FirstWord, 1_000.0),
    (Patients, FirstFrame, 5_000.0),
    (Patients, AudioBack, 1_000.0),
    (Patients, VideoBack, 4_000.0),
    (Specialist, FirstWord, 1_000.0),
    (Specialist, FirstFrame, 5_000.0),
    (Specialist, AudioBack, 1_000.0),
];

/// The same, when nobody knows when the next word is said.
const SEEN_AGAIN: &[Bound] =
    &[(Patients, FirstFrame, 5_000.0), (Patients, VideoBack, 4_000.0), (Specialist, FirstFrame, 5_000.0)];

fn drawn_link(rng: &mut StdRng) -> String {
    let mut words = vec![
        format!("rate={}k", rng.random_range(2_000..8_000)),
        format!("queue={}k", rng.random_range(100..300)),
        format!("delay={}ms", rng.random_range(5..150)),
    ];
    let mut sometimes = |chance: u32, word: &dyn Fn(&mut StdRng) -> String| {
        if rng.random_ratio(1, chance) {
            words.push(word(rng));
        }
    };
    sometimes(2, &|rng| format!("loss={}%/{}", rng.random_range(1..10), rng.random_range(1..5)));
    sometimes(3, &|rng| format!("jitter={}ms", rng.random_range(1..50)));
    sometimes(4, &|rng| format!("reorder={}%", rng.random_range(1..5)));
    sometimes(4, &|rng| format!("duplicate={}%", rng.random_range(1..5)));
    sometimes(4, &|rng| format!("outage={}s+{}s", rng.random_range(6..15), rng.random_range(1..8)));
    words.join(" ")
}

impl Entry {
    fn scenario(&self) -> Result<(Scenario, u64)> {
        let scenario = Scenario {
            name: self.name.to_owned(),
            uplink: self.uplink.parse()?,
            downlink: self.downlink.parse()?,
            patients: self.patients,
            lasts: Duration::from_secs(self.seconds),
            dtx: self.dtx,
            red: self.red,
            steady_bps: self.steady_bps,
            moves: self.moves.iter().map(|at| Duration::from_secs(*at)).collect(),
            bounds: self.bounds.to_vec(),
        };
        Ok((scenario, SEED))
    }
}

/// Of the fixed ones: any would do.
const SEED: u64 = 1;
