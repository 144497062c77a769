//! The consultations that are always run: by name, each with its links and with what a person puts up with on them. And any
//! number of others, drawn from a seed, with bounds that follow from how bad their links are.

use crate::oracle::Bound;
use crate::oracle::Oracle::{
    AudioBack, AudioGap, Concealed, FirstFrame, FirstWord, FrameRate, Frozen, QueueDown, VideoBack,
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
    /// Seconds at which the first patient's address changes.
    moves: &'static [u64],
    bounds: &'static [Bound],
}

const ENTRY: Entry =
    Entry { name: "", uplink: GOOD, downlink: GOOD, patients: 1, seconds: 30, dtx: false, moves: &[], bounds: &[] };

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

/// Half a second's outage and a change of network are noticed, and over soon.
const BACK_SOON: &[Bound] = &[
    (Patients, AudioBack, 300.0),
    (Patients, VideoBack, 1_000.0),
    (Specialist, AudioBack, 300.0),
    (Specialist, VideoBack, 1_000.0),
];

const ENTRIES: &[Entry] = &[
    Entry { name: "plain", bounds: UNNOTICED, ..ENTRY },
    Entry { name: "silence", dtx: true, bounds: QUIET, ..ENTRY },
    Entry { name: "far", uplink: FAR, downlink: FAR, bounds: FAR_AWAY, ..ENTRY },
    Entry { name: "outage", uplink: OUTAGE, downlink: OUTAGE, bounds: BACK_SOON, ..ENTRY },
    Entry { name: "move", moves: &[10, 20], bounds: BACK_SOON, ..ENTRY },
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

const FAR: &str = "rate=6M delay=300ms queue=400k";
const OUTAGE: &str = "rate=6M delay=40ms queue=200k outage=10s+10s";

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

/// All that are always run, each with its seed.
pub fn fixed() -> Result<Vec<(Scenario, u64)>> {
    ENTRIES.iter().map(Entry::scenario).collect()
}

pub fn named(name: &str) -> Result<(Scenario, u64)> {
    let entry = ENTRIES.iter().find(|entry| entry.name == name);
    entry.with_context(|| format!("no consultation is called {name}"))?.scenario()
}

/// The consultation of a seed: links as bad as rural ones are, and what has to hold on any of them.
pub fn drawn(seed: u64) -> Result<(Scenario, u64)> {
    let mut rng = StdRng::seed_from_u64(seed);
    let text = drawn_link(&mut rng);
    let link: Profile = text.parse()?;
    let moves = if rng.random_ratio(1, 5) { vec![Duration::from_secs(rng.random_range(8..20))] } else { Vec::new() };
    let scenario = Scenario {
        name: format!("seed {seed}"),
        uplink: link.clone(),
        downlink: link,
        patients: rng.random_range(1..=2),
        lasts: Duration::from_secs(30),
        dtx: rng.random_ratio(1, 2),
        moves,
        bounds: ALWAYS.to_vec(),
    };
    Ok((scenario, seed))
}

/// What holds on any link that is drawn: somebody is heard, and comes back.
const ALWAYS: &[Bound] = &[
    (Patients, FirstWord, 2_000.0),
    (Patients, AudioBack, 2_000.0),
    (Specialist, FirstWord, 2_000.0),
    (Specialist, AudioBack, 2_000.0),
];

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
            moves: self.moves.iter().map(|at| Duration::from_secs(*at)).collect(),
            bounds: self.bounds.to_vec(),
        };
        Ok((scenario, SEED))
    }
}

/// Of the fixed ones: any would do.
const SEED: u64 = 1;
