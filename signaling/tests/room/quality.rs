//! Quality reports on their way to everybody.

use crate::stage::{DOCTOR, NURSE, PATIENT, Stage, peer};
use kenes_signaling::ids::ConnectionId;
use kenes_signaling::message::{LinkQuality, Quality, QualityCause, Ratio, Rung, ServerMessage};
use kenes_signaling::room::{Effect, Input, MediaEvent, Report};
use serde_json::json;

fn link(loss: f64, rate_bps: u64) -> LinkQuality {
    let loss_ratio = Ratio::clamped(loss);
    LinkQuality { loss_ratio, rtt_ms: Some(40), jitter_ms: 5, rate_bps, estimate_bps: None, mos: None }
}

fn said(uplink: LinkQuality, downlink: LinkQuality) -> Input {
    said_of(1, uplink, downlink)
}

fn said_of(participant: u32, uplink: LinkQuality, downlink: LinkQuality) -> Input {
    Input::Media(MediaEvent::Report(Report {
        peer: peer(participant, 1),
        uplink,
        downlink,
        is_limited: false,
        paused: Vec::new(),
    }))
}

fn report(stage: &mut Stage, uplink: LinkQuality, downlink: LinkQuality) {
    stage.now.0 += 1000;
    stage.handle(said(uplink, downlink));
}

fn told(stage: &mut Stage, connection: ConnectionId) -> Option<Quality> {
    stage.sent(connection).into_iter().find_map(|message| match message {
        ServerMessage::Quality(quality) => Some(quality),
        _ => None,
    })
}

#[test]
fn the_quality_of_each_person_is_told_to_all_in_the_call() {
    let mut stage = Stage::new();
    let (nurse, doctor, patient) = (stage.join(NURSE), stage.join(DOCTOR), stage.join(PATIENT));
    report(&mut stage, link(0.3, 64_000), link(0.0, 0));
    let quality = told(&mut stage, doctor).unwrap();
    assert_eq!(quality.cause, Some(QualityCause::Uplink));
    assert_eq!(quality.downlink, None, "a direction that carries nothing has no quality");
    assert_eq!(told(&mut stage, nurse), Some(quality));
    assert_eq!(told(&mut stage, patient), None);
}

#[test]
fn what_the_page_concealed_counts_more_than_what_the_link_lost() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let mut stats = json!({"type": "stats", "interval_ms": 1000,
        "uplink": {"rtt_ms": 40, "loss_ratio": 0, "rate_bps": 64000, "estimate_bps": 90000, "limited": "none", "rung": "full"},
        "downlink": {"loss_ratio": 0.3, "jitter_ms": 5, "rate_bps": 64000, "concealed_ratio": 0.0, "freeze_ratio": 0, "frames_per_s": 30}});
    stage.say(nurse, &stats);
    report(&mut stage, link(0.0, 64_000), link(0.3, 64_000));
    assert_eq!(told(&mut stage, nurse).unwrap().cause, None, "all of it was repaired");
    stats["downlink"]["concealed_ratio"] = json!(0.3);
    stage.say(nurse, &stats);
    report(&mut stage, link(0.0, 64_000), link(0.0, 64_000));
    assert_eq!(told(&mut stage, nurse).unwrap().cause, Some(QualityCause::Downlink));
}

#[test]
fn what_a_speakers_uplink_lost_is_no_listeners_link() {
    let mut stage = Stage::new();
    let (nurse, _) = (stage.join(NURSE), stage.join(DOCTOR));
    stage.say(
        nurse,
        &json!({"type": "stats", "interval_ms": 1000,
        "uplink": {"rtt_ms": 40, "loss_ratio": 0, "rate_bps": 64000, "estimate_bps": 90000, "limited": "none", "rung": "full"},
        "downlink": {"loss_ratio": 0.2, "jitter_ms": 5, "rate_bps": 64000, "concealed_ratio": 0.2, "freeze_ratio": 0, "frames_per_s": 30}}),
    );
    stage.now.0 += 1000;
    stage.handle(said_of(2, link(0.2, 64_000), link(0.0, 64_000)));
    assert_eq!(told(&mut stage, nurse).unwrap().cause, Some(QualityCause::Uplink), "the doctor's");
    report(&mut stage, link(0.0, 64_000), link(0.0, 64_000));
    assert_eq!(told(&mut stage, nurse).unwrap().cause, None);
    report(&mut stage, link(0.0, 64_000), link(0.2, 64_000));
    assert_eq!(told(&mut stage, nurse).unwrap().cause, Some(QualityCause::Downlink), "both lose");
}

#[test]
fn what_the_page_says_of_itself_is_told_to_all() {
    let mut stage = Stage::new();
    let (nurse, doctor) = (stage.join(NURSE), stage.join(DOCTOR));
    stage.say(
        nurse,
        &json!({"type": "stats", "interval_ms": 1000,
        "uplink": {"rtt_ms": 40, "loss_ratio": 0, "rate_bps": 64000, "estimate_bps": 120000.4, "limited": "bandwidth", "rung": "stills"},
        "downlink": {"loss_ratio": 0, "jitter_ms": 5, "rate_bps": 64000, "concealed_ratio": 0.01, "freeze_ratio": 0, "frames_per_s": 30}}),
    );
    report(&mut stage, link(0.0, 64_000), link(0.0, 64_000));
    let quality = told(&mut stage, doctor).unwrap();
    assert_eq!((quality.rung, quality.cause), (Some(Rung::Stills), Some(QualityCause::Uplink)));
    assert_eq!(quality.uplink.unwrap().estimate_bps, Some(120_000));
    assert_eq!(quality.concealed_ratio, Some(Ratio::clamped(0.01)));
}

#[test]
fn a_slow_device_is_named_when_the_link_is_good() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.say(
        nurse,
        &json!({"type": "stats", "interval_ms": 1000,
        "uplink": {"rtt_ms": 40, "loss_ratio": 0, "rate_bps": 64000, "estimate_bps": null, "limited": "cpu", "rung": "full"},
        "downlink": {"loss_ratio": 0, "jitter_ms": 5, "rate_bps": 64000, "concealed_ratio": 0, "freeze_ratio": 0, "frames_per_s": 30}}),
    );
    report(&mut stage, link(0.0, 64_000), link(0.0, 64_000));
    assert_eq!(told(&mut stage, nurse).unwrap().cause, Some(QualityCause::Device));
}

#[test]
fn reports_that_come_too_fast_are_not_passed_on() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.sent(nurse);
    for round in 0..100 {
        stage.now.0 += 10;
        let loss = f64::from(round) / 100.0;
        stage.handle(said(link(loss, 1), link(loss, 1)));
    }
    assert_eq!(stage.sent(nurse).len(), 2);
}

#[test]
fn what_everybody_knows_is_rated_each_second_and_told_again_each_tenth() {
    let mut stage = Stage::new();
    let (nurse, doctor) = (stage.join(NURSE), stage.join(DOCTOR));
    stage.effects();
    let mut heard = [0, 0];
    for second in 0..30 {
        let calm = LinkQuality { jitter_ms: 5 + second % 10, ..link(0.0, 64_000) };
        report(&mut stage, calm, link(0.004, 40_000 + u64::from(second) * 1_000));
        for (count, connection) in heard.iter_mut().zip([nurse, doctor]) {
            *count += usize::from(told(&mut stage, connection).is_some());
        }
    }
    assert_eq!(heard, [3, 3]);
    assert_eq!(stage.effects().iter().filter(|effect| matches!(effect, Effect::Rated(_))).count(), 30);
}

#[test]
fn what_somebody_would_notice_is_told_at_once() {
    let calm = LinkQuality { estimate_bps: Some(800_000), ..link(0.0, 64_000) };
    let changes = [
        LinkQuality { loss_ratio: Ratio::clamped(0.02), ..calm },
        LinkQuality { rtt_ms: Some(90), ..calm },
        LinkQuality { rtt_ms: None, ..calm },
        LinkQuality { estimate_bps: Some(600_000), ..calm },
    ];
    for changed in changes {
        let mut stage = Stage::new();
        let (_nurse, doctor) = (stage.join(NURSE), stage.join(DOCTOR));
        report(&mut stage, link(0.0, 64_000), calm);
        assert!(told(&mut stage, doctor).is_some());
        report(&mut stage, link(0.0, 64_000), calm);
        assert_eq!(told(&mut stage, doctor), None, "nothing has changed");
        report(&mut stage, link(0.0, 64_000), changed);
        let told = told(&mut stage, doctor).and_then(|quality| quality.downlink);
        assert_eq!(told.map(|link| LinkQuality { mos: None, ..link }), Some(changed));
    }
}

#[test]
fn whoever_comes_is_told_what_the_others_know_already() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    report(&mut stage, link(0.0, 64_000), link(0.0, 64_000));
    assert!(told(&mut stage, nurse).is_some());
    let doctor = stage.join(DOCTOR);
    report(&mut stage, link(0.0, 64_000), link(0.0, 64_000));
    assert!(told(&mut stage, doctor).is_some());
    assert_eq!(told(&mut stage, nurse), None);
}
