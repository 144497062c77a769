//! What hosts may do, and nobody else.

use crate::stage::{DOCTOR, GUEST, NURSE, PATIENT, Stage, Who, peer, resume, track};
use kenes_signaling::ids::ParticipantId;
use kenes_signaling::message::{ByeReason, ErrorCode, Role};
use kenes_signaling::room::Effect;
use serde_json::json;

#[test]
fn a_patient_may_not_moderate_and_is_told_which_right_lacks() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    stage.moderate(nurse, "admit", Some("p2"));
    for op in ["lock", "unlock", "end"] {
        stage.sent(patient);
        stage.moderate(patient, op, None);
        let error = stage.error(patient).unwrap();
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::NotAllowed, Some(op)));
        assert_eq!(error.reference.as_deref(), Some("r1"));
    }
    assert!(stage.state(patient).permissions.moderate.is_empty());
    assert!(!stage.room.is_ended());
}

#[test]
fn nobody_admits_oneself() {
    let mut stage = Stage::new();
    stage.join(NURSE);
    let guest = stage.join(GUEST);
    stage.sent(guest);
    stage.moderate(guest, "admit", Some("p2"));
    assert_eq!(stage.error_code(guest), Some(ErrorCode::NotAllowed));
}

#[test]
fn an_unknown_target_is_named_as_such() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.sent(nurse);
    stage.moderate(nurse, "admit", Some("p9"));
    assert_eq!(stage.error_code(nurse), Some(ErrorCode::UnknownTarget));
}

#[test]
fn who_was_removed_is_out_and_waits_again_with_the_same_token() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    stage.moderate(nurse, "admit", Some("p2"));
    let joined = stage.joined(patient);
    stage.effects();
    stage.moderate(nurse, "remove", Some("p2"));
    assert_eq!(stage.bye(patient), Some(ByeReason::Removed));
    let effects = stage.effects();
    assert_eq!(effects, [Effect::CloseMedia { peer: peer(2, 1) }, Effect::CloseSocket { connection: patient }]);
    assert_eq!(stage.people(nurse), "p1 InCall");
    let resumed = stage.join_with(PATIENT, 1, None, Some(resume(&joined)));
    assert_eq!(stage.error_code(resumed), Some(ErrorCode::SessionUnknown));
    let back = stage.join(PATIENT);
    assert!(stage.waiting(back).is_some());
}

#[test]
fn a_removed_specialist_waits_too() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.join(DOCTOR);
    stage.moderate(nurse, "remove", Some("p2"));
    let back = stage.join(DOCTOR);
    assert!(stage.waiting(back).is_some());
    stage.moderate(back, "admit", Some("p2"));
    assert_eq!(stage.error_code(back), Some(ErrorCode::NotAllowed));
}

#[test]
fn who_is_turned_away_from_the_waiting_room_is_denied() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let guest = stage.join(GUEST);
    stage.moderate(nurse, "remove", Some("p2"));
    assert_eq!(stage.bye(guest), Some(ByeReason::Denied));
}

#[test]
fn mute_stops_forwarding_and_shows_until_the_next_intent() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let doctor = stage.join(DOCTOR);
    stage.publish(doctor, 1, &["microphone", "camera"]);
    stage.effects();
    stage.moderate(nurse, "mute", Some("p2"));
    assert_eq!(stage.effects(), [Effect::SetForwarding { track: track(2, 1, "0"), forwarding: false }]);
    let state = stage.state(doctor);
    assert_eq!(state.intent_rev, 1);
    assert!(state.tracks.iter().all(|track| track.muted == (track.id.to_string() == "p2/microphone")));
    stage.publish(doctor, 2, &["microphone", "camera"]);
    assert_eq!(stage.effects(), [Effect::SetForwarding { track: track(2, 1, "0"), forwarding: true }]);
}

#[test]
fn a_locked_room_refuses_guests_and_lets_other_newcomers_wait() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.moderate(nurse, "lock", None);
    assert!(stage.state(nurse).locked);
    let guest = stage.join(GUEST);
    assert_eq!(stage.error_code(guest), Some(ErrorCode::RoomLocked));
    let (doctor, patient) = (stage.join(DOCTOR), stage.join(PATIENT));
    assert!(stage.waiting(doctor).is_some() && stage.waiting(patient).is_some());
    stage.moderate(nurse, "admit", Some("p2"));
    assert_eq!(stage.people(doctor), "p1 InCall, p2 InCall, p3 Waiting");
}

#[test]
fn a_lock_does_not_stop_those_who_were_admitted_before() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.join(DOCTOR);
    stage.moderate(nurse, "lock", None);
    let reloaded = stage.join(DOCTOR);
    assert_eq!(stage.joined(reloaded).id.to_string(), "p2");
}

#[test]
fn a_lock_that_nobody_inside_could_open_does_not_hold_a_host() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.moderate(nurse, "lock", None);
    stage.say(nurse, &json!({"type": "leave"}));
    let colleague = stage.join(Who("colleague", Role::Nurse));
    assert_eq!(stage.joined(colleague).id.to_string(), "p2");
}

#[test]
fn an_unlocked_room_takes_guests_again() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.moderate(nurse, "lock", None);
    stage.moderate(nurse, "unlock", None);
    let guest = stage.join(GUEST);
    assert!(stage.waiting(guest).is_some());
}

#[test]
fn the_end_is_the_end_for_everybody_and_for_latecomers() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    stage.effects();
    stage.moderate(nurse, "end", None);
    assert_eq!((stage.bye(nurse), stage.bye(patient)), (Some(ByeReason::Ended), Some(ByeReason::Ended)));
    let effects = stage.effects();
    assert!(effects.contains(&Effect::CloseMedia { peer: peer(1, 1) }));
    assert_eq!(effects.last(), Some(&Effect::RoomEnded { by: Some(ParticipantId(1)) }));
    let late = stage.join(DOCTOR);
    assert_eq!(stage.bye(late), Some(ByeReason::Ended));
    assert_eq!(stage.effects(), [Effect::CloseSocket { connection: late }]);
}
