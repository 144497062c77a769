//! Tests of `compare`: what the rounds of servers come to. Made-up loads, no server.

use super::*;
use crate::load::{Joins, Quantiles};

fn load(us_per_forwarded: f64) -> Load {
    let latency = Quantiles { p50: 100.0, p99: 200.0, p999: 300.0 };
    Load {
        rooms: 10,
        people: 20,
        ingress_per_s: 3_500.0,
        forwarded_per_s: 3_500.0,
        audio_loss_permille: 0.0,
        video_loss_permille: 0.0,
        audible_pairs: 20,
        visible_pairs: 20,
        expected_pairs: 20,
        latency_us: latency,
        audio_latency_us: latency,
        video_latency_us: latency,
        join_ms: Joins { count: 0, p50: 0.0, p99: 0.0 },
        server_us_per_forwarded: us_per_forwarded,
        server_us_per_ingress: us_per_forwarded,
        server_cpu_percent: 10.0,
        server_waited_percent: 0.0,
        server_resident_mib: 30.0,
        server_descriptors: 10,
        generator_cpu_percent: 10.0,
        engine_cpu_percent: 10.0,
        generator_lag_p99_us: 100.0,
        key_frames_asked: 0,
        unauthentic: 0,
        passed_over: Vec::new(),
    }
}

fn turn(sfu: usize, round: u32, load: Result<Load, String>) -> Turn {
    Turn { sfu, round, people: 2, rooms: 10, load }
}

fn both(turns: &[Turn]) -> Vec<Compared> {
    compared((2, 10), &["ours".to_owned(), "theirs".to_owned()], turns).servers
}

#[test]
fn a_ratio_is_of_one_round_and_not_of_medians() {
    // The machine was twice as slow in the second round, for both.
    let turns: Vec<Turn> = [(0, 0, 5.0), (1, 0, 40.0), (0, 1, 10.0), (1, 1, 80.0), (0, 2, 6.0), (1, 2, 60.0)]
        .map(|(sfu, round, cost)| turn(sfu, round, Ok(load(cost))))
        .into();
    let servers = both(&turns);
    assert_eq!(servers[1].ratio, Some(Spread { median: 8.0, least: 8.0, most: 10.0, rounds: 3 }));
    assert_eq!(servers[0].ratio, Some(Spread { median: 1.0, least: 1.0, most: 1.0, rounds: 3 }));
}

#[test]
fn a_round_that_was_refused_counts_for_nobody_and_says_why() {
    let turns = [
        turn(0, 0, Err("busy".to_owned())),
        turn(1, 0, Ok(load(40.0))),
        turn(0, 1, Ok(load(5.0))),
        turn(1, 1, Ok(load(50.0))),
    ];
    let servers = both(&turns);
    assert_eq!(servers[1].ratio.map(|ratio| (ratio.median, ratio.rounds)), Some((10.0, 1)));
    assert_eq!(servers[0].refused, ["busy"]);
}

#[test]
fn a_server_that_loses_a_hundredth_or_shows_nobody_has_no_figures() {
    assert!(believable(load(5.0)).is_ok());
    assert!(believable(Load { video_loss_permille: 11.0, ..load(5.0) }).is_err());
    assert!(believable(Load { visible_pairs: 19, ..load(5.0) }).is_err());
}
