//! Who is heard and seen in which slot.

use crate::stage::{DOCTOR, NURSE, PATIENT, Stage, Who, peer, resume, track};
use kenes_signaling::ids::{ConnectionId, Mid};
use kenes_signaling::message::{ErrorCode, Role};
use kenes_signaling::room::{Effect, Input, MediaEvent};
use serde_json::json;

/// `count` specialists with a microphone each; p1 is the first.
fn choir(stage: &mut Stage, count: usize) -> Vec<ConnectionId> {
    (0..count)
        .map(|number| {
            let singer = stage.join(Who(format!("singer-{number}").leak(), Role::Specialist));
            stage.publish(singer, 1, &["microphone"]);
            singer
        })
        .collect()
}

fn loudest(stage: &mut Stage, people: &[u32]) {
    let tracks = people.iter().map(|id| track(*id, 1, "0")).collect();
    stage.handle(Input::Media(MediaEvent::SpeakersChanged { tracks }));
}

#[test]
fn everybody_is_heard_by_the_others_and_not_by_oneself() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let doctor = stage.join(DOCTOR);
    stage.publish(nurse, 1, &["microphone", "stethoscope"]);
    stage.publish(doctor, 1, &["microphone"]);
    assert_eq!(stage.heard(doctor), ["p1/microphone", "p1/stethoscope"]);
    assert_eq!(stage.heard(nurse), ["p2/microphone"]);
}

#[test]
fn those_who_wait_are_neither_heard_nor_do_they_hear() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    stage.publish(nurse, 1, &["microphone"]);
    stage.effects();
    stage.publish(patient, 1, &["microphone"]);
    assert_eq!(stage.effects(), []);
    assert_eq!(stage.heard(nurse), [""; 0]);
    stage.moderate(nurse, "admit", Some("p2"));
    assert_eq!(
        (stage.heard(nurse), stage.heard(patient)),
        (vec!["p2/microphone".to_owned()], vec!["p1/microphone".to_owned()])
    );
}

#[test]
fn a_silent_microphone_takes_no_slot() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let doctor = stage.join(DOCTOR);
    let silent = json!([{"mid": "0", "source": "microphone", "active": false, "muted": false}]);
    let audio = json!({"auto": true, "pinned": []});
    stage.say(doctor, &json!({"type": "intent", "rev": 1, "publish": silent, "video": [], "audio": audio}));
    assert_eq!(stage.heard(nurse), [""; 0]);
}

#[test]
fn with_more_voices_than_slots_the_loudest_are_heard_and_keep_their_slots() {
    let mut stage = Stage::new();
    let choir = choir(&mut stage, 9);
    let listener = choir[0];
    assert_eq!(stage.heard(listener).len(), 6);
    let before = stage.state(listener).audio.clone();
    loudest(&mut stage, &[9, 2]);
    let after = stage.state(listener).audio.clone();
    let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    assert_eq!(changed, 1, "only one slot changed hands: {before:?} {after:?}");
    assert!(stage.heard(listener).contains(&"p9/microphone".to_owned()));
    // The pause of a speaker does not cost a slot.
    stage.effects();
    loudest(&mut stage, &[2]);
    assert_eq!(stage.effects(), []);
}

#[test]
fn the_pinned_are_heard_before_the_loudest_and_without_auto_they_alone_are() {
    let mut stage = Stage::new();
    let choir = choir(&mut stage, 9);
    loudest(&mut stage, &[2, 3, 4, 5, 6, 7]);
    stage.wish(choir[0], 2, &[], &[], &json!({"auto": true, "pinned": ["p9/microphone"]}));
    assert!(stage.heard(choir[0]).contains(&"p9/microphone".to_owned()));
    stage.wish(choir[0], 3, &[], &[], &json!({"auto": false, "pinned": ["p9/microphone", "p1/microphone"]}));
    assert_eq!(stage.heard(choir[0]), ["p9/microphone"]);
}

#[test]
fn a_wish_to_see_becomes_a_binding_with_its_size() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let doctor = stage.join(DOCTOR);
    stage.publish(nurse, 1, &["camera"]);
    stage.effects();
    stage.watch(doctor, 1, &[("10", "p1/camera")]);
    let expected = Effect::BindVideo {
        subscriber: peer(2, 1),
        mid: Mid::new("10").unwrap(),
        track: Some(track(1, 1, "1")),
        max_height: 360,
        priority: 1,
    };
    assert_eq!(stage.effects(), [expected]);
    assert_eq!(stage.seen(doctor, "10").as_deref(), Some("p1/camera"));
}

#[test]
fn a_wish_waits_for_its_track_and_takes_it_up_again_after_an_absence() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let doctor = stage.join(DOCTOR);
    stage.watch(doctor, 1, &[("10", "p1/camera")]);
    assert_eq!((stage.error(doctor), stage.seen(doctor, "10")), (None, None));
    stage.publish(nurse, 1, &["camera"]);
    assert_eq!(stage.seen(doctor, "10").as_deref(), Some("p1/camera"));
    stage.say(nurse, &json!({"type": "leave"}));
    assert_eq!(stage.seen(doctor, "10"), None);
    let back = stage.join(NURSE);
    stage.publish(back, 1, &["camera"]);
    assert_eq!(stage.seen(doctor, "10").as_deref(), Some("p1/camera"));
}

#[test]
fn a_new_generation_of_a_publisher_is_bound_in_place_of_the_older_one() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let doctor = stage.join(DOCTOR);
    let joined = stage.joined(nurse);
    stage.publish(nurse, 1, &["microphone", "camera"]);
    stage.watch(doctor, 1, &[("10", "p1/camera")]);
    stage.effects();
    stage.join_with(NURSE, 2, Some("offer"), Some(resume(&joined)));
    let bound: Vec<_> = stage
        .effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::BindVideo { track, .. } | Effect::BindAudio { track, .. } => track,
            _ => None,
        })
        .collect();
    assert_eq!(bound, [track(1, 2, "1"), track(1, 2, "0")]);
}

#[test]
fn a_new_generation_of_a_subscriber_is_told_all_its_bindings_after_its_answer() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let doctor = stage.join(DOCTOR);
    let joined = stage.joined(doctor);
    stage.publish(nurse, 1, &["microphone", "camera"]);
    stage.watch(doctor, 1, &[("10", "p1/camera")]);
    stage.answers = false;
    stage.effects();
    stage.join_with(DOCTOR, 2, Some("offer"), Some(resume(&joined)));
    let binds = |effects: Vec<Effect>| {
        effects
            .into_iter()
            .filter(|effect| matches!(effect, Effect::BindVideo { .. } | Effect::BindAudio { .. }))
            .count()
    };
    assert_eq!(binds(stage.effects()), 0, "held until the answer");
    stage.open(peer(2, 2));
    assert_eq!(binds(stage.effects()), 2);
}

#[test]
fn a_patient_may_not_publish_a_screen_and_nothing_of_that_intent_counts() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    stage.moderate(nurse, "admit", Some("p2"));
    stage.sent(patient);
    stage.publish(patient, 7, &["microphone", "screen"]);
    let error = stage.error(patient).unwrap();
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::NotAllowed, Some("screen")));
    assert_eq!(error.reference.as_deref(), Some("7"));
    assert_eq!((stage.state(patient).intent_rev, stage.state(patient).tracks.len()), (0, 0));
}

#[test]
fn mids_and_tracks_that_never_were_are_errors() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.sent(nurse);
    let mut error_of = |mid: &str, name: &str| {
        stage.watch(nurse, 1, &[(mid, name)]);
        stage.error(nurse).map(|error| (error.code, error.field.unwrap()))
    };
    assert_eq!(error_of("99", "p1/camera"), Some((ErrorCode::UnknownMid, "video[0]".to_owned())));
    assert_eq!(error_of("4", "p1/camera"), Some((ErrorCode::UnknownMid, "video[0]".to_owned())), "a listening slot");
    assert_eq!(error_of("10", "p8/camera"), Some((ErrorCode::UnknownTrack, "video[0]".to_owned())));
    assert_eq!(error_of("10", "p1/microphone"), Some((ErrorCode::UnknownTrack, "video[0]".to_owned())));
    assert_eq!(error_of("10", "p1/camera"), None);
}

#[test]
fn an_older_intent_is_ignored() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.publish(nurse, 2, &["microphone", "camera"]);
    stage.publish(nurse, 1, &[]);
    stage.publish(nurse, 2, &[]);
    assert_eq!((stage.state(nurse).intent_rev, stage.state(nurse).tracks.len()), (2, 2));
}

#[test]
fn an_intent_said_before_the_answer_is_put_to_use_with_it() {
    let mut stage = Stage::new();
    stage.answers = false;
    let nurse = stage.join(NURSE);
    stage.publish(nurse, 1, &["microphone"]);
    stage.open(peer(1, 1));
    assert_eq!(stage.joined(nurse).snapshot.map(|state| state.tracks.len()), Some(1));
}

#[test]
fn nothing_is_forwarded_that_nobody_published() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let forwarding: Vec<bool> = stage
        .effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::SetForwarding { forwarding, .. } => Some(forwarding),
            _ => None,
        })
        .collect();
    assert_eq!(forwarding, [false; 4]);
    stage.publish(nurse, 1, &["camera"]);
    assert_eq!(stage.effects(), [Effect::SetForwarding { track: track(1, 1, "1"), forwarding: true }]);
}

#[test]
fn one_change_is_told_in_one_state_and_only_to_those_who_see_it() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    stage.moderate(nurse, "admit", Some("p2"));
    stage.sent(nurse);
    stage.sent(patient);
    stage.join(Who("another", Role::Patient));
    assert_eq!((stage.sent(nurse).len(), stage.sent(patient).len()), (1, 0));
    let rev = stage.state(patient).rev;
    stage.publish(nurse, 1, &["microphone", "camera"]);
    assert_eq!((stage.sent(nurse).len(), stage.sent(patient).len()), (1, 1));
    assert_eq!(stage.state(patient).rev, rev + 1);
}
