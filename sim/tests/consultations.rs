//! The consultations of the catalog, and those whose seeds once found a bug; and that a seed is a run.

// So that clippy takes the functions outside `#[test]` for what they are.
#![cfg(test)]

use kenes_sim::{Scenario, catalog};
use std::time::Duration;

/// Everything that a link can do.
const WORST: &str = "rate=1M delay=30ms loss=5%/4 jitter=20ms reorder=1% duplicate=1% queue=codel:60k outage=5s+3s";

/// Of each, more than half were another run each time while hash maps took their keys from the system.
const SEEDS: u64 = 4;

#[test]
fn one_seed_is_one_run_to_the_last_packet_and_another_seed_is_another() {
    for steady_bps in [None, Some(800_000)] {
        let (scenario, _) = catalog::named(WORST).unwrap();
        let scenario = Scenario { dtx: true, patients: 2, steady_bps, lasts: Duration::from_secs(15), ..scenario };
        let reports: Vec<_> = (0..SEEDS).map(|seed| scenario.run(seed).unwrap()).collect();
        for (seed, report) in (0..).zip(&reports) {
            assert!(scenario.run(seed).unwrap() == *report, "seed {seed}");
        }
        assert!(reports.windows(2).all(|pair| pair[0].trace != pair[1].trace));
    }
}

/// Of the search; what each had found.
const FOUND: [(u64, &str); 8] = [
    (69, "a handshake that was given up: a lost flight came again after a second, and no more than four times"),
    (2, "after an outage the one probe for what the link had carried before was lost: no picture for 4.5 s"),
    (
        275,
        "another viewer's frames came between a probe's packets, which found a quarter of what there was: no picture again",
    ),
    (300, "a probe into the outage was still waited for when it was over: 5.4 s"),
    (588, "nobody spoke after the outage and no picture was sent, so that nothing told that the link was back: 4.2 s"),
    (
        234,
        "on another network the nominating check was lost and came again after 2 s, as no browser has it: 3.3 s without sound",
    ),
    (
        701,
        "a key frame's first packet came late, what followed it was not kept, and the viewer was stuck: no picture for 6.4 s",
    ),
    (
        516,
        "the server's last flight was lost, and of the client's repetitions every other stayed without an answer: 1.95 s to the first word",
    ),
];

#[test]
fn a_seed_that_found_a_bug_finds_it_no_more() {
    for (seed, what) in FOUND {
        let (scenario, seed) = catalog::drawn(seed).unwrap();
        let violations = scenario.judge(&scenario.run(seed).unwrap());
        assert!(
            violations.is_empty(),
            "seed {seed}, {what}: {}",
            violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        );
    }
}

#[test]
fn the_catalog_is_what_a_person_puts_up_with() {
    let mut violations = Vec::new();
    for (scenario, seed) in catalog::fixed().unwrap() {
        let report = scenario.run(seed).unwrap();
        violations.extend(scenario.judge(&report).iter().map(|found| format!("{}: {found}", scenario.name)));
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}
