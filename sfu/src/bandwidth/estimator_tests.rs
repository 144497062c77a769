//! The estimator at one end of a simulated link, a receiver that reports each 50 ms at the other.

use super::*;
use kenes_link::Link;
use std::collections::BTreeMap;

/// Sent at most this much, like a room whose layers end there.
const APPETITE_BPS: f64 = 3_000_000.0;
const PACKET: usize = 1_000;
/// A packet of a probe: padding, as long as padding can be, its header and its tag.
const PADDING: usize = 300;

struct Run {
    /// Of each second.
    sent_bps: Vec<f64>,
    estimate_bps: Vec<f64>,
    queueing: Vec<Duration>,
}

/// Sends as much as the estimate allows for `seconds`, in frames of 25 a second; a link's time is the receiver's.
fn run(link: &str, seconds: u64, seed: u64) -> Run {
    run_sending(link, seconds, seed, APPETITE_BPS, PACKET)
}

/// The same, but at most so much, in packets of this length.
fn run_sending(link: &str, seconds: u64, seed: u64, most_bps: f64, packet: usize) -> Run {
    let profile: kenes_link::Profile = link.parse().unwrap();
    let delay = profile.delay;
    let mut way = Link::new(profile, seed);
    let start = Instant::now();
    let mut estimator = Estimator::new(start);
    let mut run = Run { sent_bps: Vec::new(), estimate_bps: Vec::new(), queueing: Vec::new() };
    let (mut received, mut reported) = (BTreeMap::new(), 0);
    let mut reports: Vec<(Duration, Vec<Arrival>)> = Vec::new();
    let (mut credit, mut number, mut sent_bytes, mut worst) = (0.0, 0_u64, 0, Duration::ZERO);
    for ms in 0..seconds * 1_000 {
        let (elapsed, now) = (Duration::from_millis(ms), start + Duration::from_millis(ms));
        if ms % 5 == 0 {
            credit = (credit + estimator.estimate_bps().min(most_bps) / 8.0 * 0.005).min(6_000.0);
            let probe = estimator.next_probe(now, None, estimator.estimate_bps() < APPETITE_BPS);
            let mut train = probe.map_or(0, |probe| probe.bytes.max(PADDING * 5));
            let mut gap = Duration::ZERO;
            while credit >= packet as f64 || train > 0 {
                let train_of = probe.filter(|_| train > 0);
                let len = if train_of.is_some() { PADDING } else { packet };
                estimator.note_sent(Moment::since(start, now + gap), len, train_of.map(|probe| probe.id));
                way.send(elapsed + gap, len, (number, elapsed + gap));
                if let Some(probe) = train_of {
                    gap += Duration::from_secs_f64(len as f64 * 8.0 / probe.rate_bps);
                    train = train.saturating_sub(len);
                } else {
                    credit -= len as f64;
                }
                number += 1;
                sent_bytes += len;
            }
        }
        while let Some((arrived, sent)) = way.poll(elapsed).map(|arrival| arrival.packet) {
            worst = worst.max((elapsed - sent).saturating_sub(delay));
            received.insert(arrived, elapsed);
        }
        if ms % 50 == 0 && received.last_key_value().is_some_and(|(last, _)| *last >= reported) {
            let last = *received.last_key_value().unwrap().0;
            let arrivals = (reported..=last).map(|number| Arrival {
                sequence: u16::try_from(number & 0xffff).unwrap(),
                received_us: received.get(&number).map(|at| i64::try_from(at.as_micros()).unwrap()),
            });
            reports.push((elapsed + delay, arrivals.collect()));
            reported = last + 1;
        }
        while reports.first().is_some_and(|(at, _)| *at <= elapsed) {
            estimator.handle_feedback(Moment::since(start, now), reports.remove(0).1.into_iter(), Some(2 * delay));
        }
        if ms % 1_000 == 999 {
            run.sent_bps.push(f64::from(u32::try_from(sent_bytes).unwrap()) * 8.0);
            run.estimate_bps.push(estimator.estimate_bps());
            run.queueing.push(worst);
            (sent_bytes, worst) = (0, Duration::ZERO);
        }
    }
    run
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

impl Run {
    /// Of the seconds from `from` on.
    fn estimate_from(&self, from: usize) -> f64 {
        mean(&self.estimate_bps[from..])
    }

    fn worst_queueing_from(&self, from: usize) -> Duration {
        self.queueing[from..].iter().copied().max().unwrap()
    }
}

#[test]
fn a_free_link_is_found_within_seconds() {
    let run = run("rate=5M delay=40ms", 10, 1);
    assert!(run.estimate_bps[2] > 1_500_000.0, "{:?}", run.estimate_bps);
    assert!(run.estimate_from(5) > 2_500_000.0, "{:?}", run.estimate_bps);
}

#[test]
fn a_district_link_is_used_and_its_queue_stays_short() {
    for (rate, seed) in [(200_000.0, 1), (300_000.0, 2), (600_000.0, 3), (1_000_000.0, 4)] {
        let run = run(&format!("rate={rate} delay=75ms queue=100k"), 60, seed);
        let used = run.estimate_from(20) / rate;
        assert!((0.7..1.1).contains(&used), "{rate}: {used} {:?}", run.estimate_bps);
        let mut waits = run.queueing[20..].to_vec();
        waits.sort();
        let usual = waits[waits.len() / 2];
        assert!(usual < Duration::from_millis(260), "{rate}: {usual:?}, worst {:?}", run.worst_queueing_from(20));
    }
}

#[test]
fn bursts_of_loss_do_not_starve_a_link_that_has_room() {
    let run = run("rate=2M delay=75ms loss=10%/4", 60, 5);
    assert!(run.estimate_from(20) > 450_000.0, "{:?}", run.estimate_bps);
}

#[test]
fn jitter_of_a_radio_is_no_congestion() {
    let run = run("rate=2M delay=50ms jitter=40ms", 60, 6);
    assert!(run.estimate_from(20) > 900_000.0, "{:?}", run.estimate_bps);
}

#[test]
fn a_policer_with_hardly_a_queue_is_respected() {
    let run = run("rate=500k delay=40ms queue=6k", 60, 7);
    let used = run.estimate_from(20) / 500_000.0;
    assert!((0.5..1.25).contains(&used), "{used} {:?}", run.estimate_bps);
}

#[test]
fn who_is_back_from_an_outage_and_is_sent_nothing_is_asked_for_a_sign_of_life() {
    let start = Instant::now();
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    let mut estimator = Estimator::new(start);
    let send = |estimator: &mut Estimator, now| estimator.note_sent(Moment::since(start, now), PACKET, None);
    send(&mut estimator, start);
    let arrival = Arrival { sequence: 0, received_us: Some(1) };
    estimator.handle_feedback(Moment::since(start, start), [arrival].into_iter(), None);
    send(&mut estimator, start);
    estimator.handle_silence(at(1));
    send(&mut estimator, at(1));
    estimator.handle_silence(at(1));
    assert_eq!(estimator.next_probe(at(1), None, true), None, "media goes out, which will be answered if anything is");
    estimator.handle_silence(at(2));
    estimator.handle_silence(at(3));
    assert!(estimator.next_probe(at(3), None, false).is_some());
    assert_eq!(estimator.next_probe(at(3), None, false), None, "once a second");
}

#[test]
fn what_the_air_loses_the_bottleneck_has_carried() {
    let start = Instant::now();
    let mut estimator = Estimator::new(start);
    estimator.loss_based.update(start, None, 300_000.0);
    (0..100).for_each(|number| estimator.loss_based.note(PACKET, number % 10 != 0));
    estimator.loss_based.update(start + Duration::from_millis(300), None, 300_000.0);
    let carried_bps = estimator.measured(Some(270_000.0), None).acked_bps.unwrap();
    assert!((carried_bps - 300_000.0).abs() < 1.0, "{carried_bps}");
}

#[test]
fn who_sends_words_alone_does_not_take_the_queue_of_its_own_probes_for_a_full_link() {
    let run = run_sending("rate=150k delay=25ms queue=15k", 30, 3, 48_000.0, 120);
    assert!((135_000.0..155_000.0).contains(&run.estimate_from(10)), "{:?}", run.estimate_bps);
}
