//! Coming and going.

use crate::stage::{DOCTOR, GUEST, NURSE, PATIENT, Stage, Who, peer, resume};
use kenes_signaling::ids::ParticipantId;
use kenes_signaling::message::{ByeReason, ErrorCode, HostStatus, Role, ServerMessage};
use kenes_signaling::room::{Effect, Occupancy};
use serde_json::json;

#[test]
fn nurse_and_specialist_enter_at_once() {
    let mut stage = Stage::new();
    let (nurse, doctor) = (stage.join(NURSE), stage.join(DOCTOR));
    assert_eq!(stage.joined(nurse).id, ParticipantId(1));
    assert_eq!(stage.joined(doctor).id, ParticipantId(2));
    assert_eq!(stage.people(nurse), "p1 InCall, p2 InCall");
    assert_eq!(stage.room.occupancy(), Occupancy { waiting: 0, in_call: 2 });
}

#[test]
fn a_patient_waits_unseen_by_other_patients_until_admitted() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    assert!(stage.waiting(patient).is_some());
    assert_eq!(stage.people(nurse), "p1 InCall, p2 Waiting");
    stage.moderate(nurse, "admit", Some("p2"));
    let _other = stage.join(GUEST);
    assert_eq!(stage.people(patient), "p1 InCall, p2 InCall");
    assert_eq!(stage.people(nurse), "p1 InCall, p2 InCall, p3 Waiting");
}

#[test]
fn no_media_is_opened_for_those_who_wait_and_admission_answers_their_offer() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    stage.effects();
    stage.moderate(nurse, "admit", Some("p2"));
    assert!(matches!(stage.effects().first(), Some(Effect::OpenMedia { peer: opened, .. }) if *opened == peer(2, 1)));
    assert!(stage.joined(patient).answer.is_some());
}

#[test]
fn positions_move_up_as_people_leave_the_queue() {
    let mut stage = Stage::new();
    let first = stage.join(PATIENT);
    let second = stage.join(GUEST);
    assert_eq!(stage.waiting(second).map(|waiting| waiting.position), Some(2));
    stage.say(first, &json!({"type": "leave"}));
    assert_eq!(stage.waiting(second).map(|waiting| waiting.position), Some(1));
}

#[test]
fn host_status_follows_the_host_from_absent_to_in_call() {
    let mut stage = Stage::new();
    let patient = stage.join(PATIENT);
    let status = |stage: &mut Stage| stage.waiting(patient).map(|waiting| waiting.host_status);
    assert_eq!(status(&mut stage), Some(HostStatus::Absent));
    let nurse = stage.join_with(NURSE, 1, None, None);
    assert_eq!(status(&mut stage), Some(HostStatus::Present));
    stage.say(nurse, &json!({"type": "offer", "neg_id": 1, "sdp": "offer", "ice_restart": false}));
    assert_eq!(status(&mut stage), Some(HostStatus::InCall));
    stage.say(nurse, &json!({"type": "leave"}));
    assert_eq!(status(&mut stage), Some(HostStatus::Absent));
}

#[test]
fn who_was_admitted_once_reloads_into_the_call_under_the_same_id() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    stage.moderate(nurse, "admit", Some("p2"));
    stage.effects();
    let reloaded = stage.join(PATIENT);
    let joined = stage.joined(reloaded);
    assert_eq!((joined.id, u32::from(joined.generation)), (ParticipantId(2), 2));
    assert_eq!(stage.bye(patient), Some(ByeReason::Replaced));
    assert_eq!(stage.effects().first(), Some(&Effect::CloseMedia { peer: peer(2, 1) }));
    assert_eq!(stage.people(nurse), "p1 InCall, p2 InCall");
}

#[test]
fn who_left_comes_back_under_the_same_id_and_last_in_order() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.join(DOCTOR);
    stage.say(nurse, &json!({"type": "leave"}));
    assert_eq!(stage.bye(nurse), Some(ByeReason::Left));
    let back = stage.join(NURSE);
    assert_eq!(stage.people(back), "p2 InCall, p1 InCall");
}

#[test]
fn a_lost_socket_is_resumed_without_touching_media() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let doctor = stage.join(DOCTOR);
    let joined = stage.joined(doctor);
    stage.lose(doctor);
    assert_eq!(stage.people(nurse), "p1 InCall, p2 Reconnecting");
    stage.effects();
    stage.wait(29);
    stage.say(nurse, &json!({"type": "ping", "at_ms": 1}));
    let resumed = stage.join_with(DOCTOR, 1, None, Some(resume(&joined)));
    assert_eq!(
        stage.effects(),
        [Effect::CloseSocket { connection: nurse }],
        "the nurse was silent, media is untouched"
    );
    assert_eq!(u32::from(stage.joined(resumed).generation), 1);
}

#[test]
fn a_resume_with_the_newest_revision_needs_no_snapshot() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let first = stage.joined(nurse);
    // Media connected after `joined`, which the views do not show.
    stage.lose(nurse);
    let second = stage.join_with(NURSE, 1, None, Some(resume(&first)));
    let second = stage.joined(second);
    assert_eq!((second.snapshot.is_none(), second.rev), (true, first.rev));
    let stale = json!({"id": "p1", "secret": second.resume.secret, "last_rev": first.rev + 7});
    let third = stage.join_with(NURSE, 1, None, Some(stale));
    assert!(stage.joined(third).snapshot.is_some());
}

#[test]
fn what_changed_while_the_socket_was_lost_is_in_the_snapshot() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let first = stage.joined(nurse);
    stage.lose(nurse);
    stage.join(DOCTOR);
    let resumed = stage.join_with(NURSE, 1, None, Some(resume(&first)));
    let joined = stage.joined(resumed);
    assert_eq!(joined.snapshot.map(|state| state.participants.len()), Some(2));
    assert_eq!(joined.rev, first.rev + 1);
}

#[test]
fn thirty_seconds_after_its_socket_a_session_is_over() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let doctor = stage.join(DOCTOR);
    let joined = stage.joined(doctor);
    stage.lose(doctor);
    stage.effects();
    for _ in 0..3 {
        stage.wait(10);
        stage.say(nurse, &json!({"type": "ping", "at_ms": 1}));
    }
    assert_eq!(stage.effects(), [Effect::CloseMedia { peer: peer(2, 1) }]);
    assert_eq!(stage.people(nurse), "p1 InCall");
    let late = stage.join_with(DOCTOR, 1, None, Some(resume(&joined)));
    assert_eq!(stage.error_code(late), Some(ErrorCode::SessionUnknown));
    stage.join_on(late, DOCTOR, 1, Some("offer"), None);
    assert_eq!(stage.joined(late).id, ParticipantId(2));
}

#[test]
fn a_resume_needs_the_secret_and_the_person() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let joined = stage.joined(nurse);
    let guess = json!({"id": "p1", "secret": "secret-0", "last_rev": 0});
    let guesser = stage.join_with(NURSE, 1, None, Some(guess));
    assert_eq!(stage.error_code(guesser), Some(ErrorCode::SessionUnknown));
    let thief = stage.join_with(PATIENT, 1, None, Some(resume(&joined)));
    assert_eq!(stage.error_code(thief), Some(ErrorCode::SessionUnknown));
    assert_eq!(stage.bye(nurse), None);
}

#[test]
fn after_a_fresh_join_the_older_secret_is_void() {
    let mut stage = Stage::new();
    let tab = stage.join(NURSE);
    let joined = stage.joined(tab);
    stage.join(NURSE);
    let back = stage.join_with(NURSE, 3, Some("offer"), Some(resume(&joined)));
    assert_eq!(stage.error_code(back), Some(ErrorCode::SessionUnknown));
}

#[test]
fn a_larger_generation_retires_the_older_one_in_the_same_step() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let joined = stage.joined(nurse);
    stage.answers = false;
    stage.effects();
    stage.join_on(nurse, NURSE, 2, Some("offer"), Some(resume(&joined)));
    let effects = stage.effects();
    assert_eq!(effects.first(), Some(&Effect::CloseMedia { peer: peer(1, 1) }));
    assert!(matches!(effects.get(1), Some(Effect::OpenMedia { peer: opened, .. }) if *opened == peer(1, 2)));
    assert_eq!(stage.bye(nurse), None, "its own socket is not replaced");
    stage.open(peer(1, 2));
    assert!(stage.joined(nurse).answer.is_some());
}

#[test]
fn a_smaller_or_used_generation_is_stale() {
    let mut stage = Stage::new();
    let nurse = stage.join_with(NURSE, 5, Some("offer"), None);
    let joined = stage.joined(nurse);
    for (generation, offer) in [(4, Some("offer")), (4, None), (5, Some("offer"))] {
        let again = stage.join_with(NURSE, generation, offer, Some(resume(&joined)));
        assert_eq!(stage.error_code(again), Some(ErrorCode::StaleGeneration));
    }
}

#[test]
fn who_was_admitted_while_away_finds_the_answer_when_back() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    let grant = stage.waiting(patient).map(|waiting| waiting.resume).unwrap();
    stage.lose(patient);
    stage.effects();
    stage.moderate(nurse, "admit", Some("p2"));
    assert_eq!(stage.effects(), [], "nobody could hear the answer");
    let back = stage.join_with(PATIENT, 1, None, Some(json!({"id": "p2", "secret": grant.secret, "last_rev": 0})));
    assert!(stage.joined(back).answer.is_some());
}

#[test]
fn an_answer_whose_socket_was_lost_is_given_to_the_next() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    let grant = stage.waiting(patient).map(|waiting| waiting.resume).unwrap();
    stage.answers = false;
    stage.moderate(nurse, "admit", Some("p2"));
    stage.lose(patient);
    stage.open(peer(2, 1));
    let back = stage.join_with(PATIENT, 1, None, Some(json!({"id": "p2", "secret": grant.secret, "last_rev": 0})));
    assert!(stage.joined(back).answer.is_some());
}

#[test]
fn a_silent_socket_is_closed_after_25_seconds_and_may_be_resumed() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let joined = stage.joined(nurse);
    stage.effects();
    assert_eq!(stage.room.next_deadline(), Some(kenes_signaling::time::UnixMillis(stage.now.0 + 25_000)));
    stage.wait(24);
    assert_eq!(stage.effects(), []);
    stage.wait(1);
    assert_eq!(stage.effects(), [Effect::CloseSocket { connection: nurse }]);
    let back = stage.join_with(NURSE, 1, None, Some(resume(&joined)));
    assert_eq!(stage.joined(back).id, ParticipantId(1));
}

#[test]
fn anything_that_a_page_says_keeps_its_socket_alive() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.effects();
    for at_ms in 0..20 {
        stage.wait(20);
        stage.say(nurse, &json!({"type": "ping", "at_ms": at_ms}));
    }
    assert_eq!(stage.effects(), []);
    assert!(stage.sent(nurse).contains(&ServerMessage::Pong { at_ms: kenes_signaling::time::UnixMillis(19) }));
}

#[test]
fn a_session_ends_after_twelve_hours_whatever_its_socket_does() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let expires = stage.joined(nurse).resume.expires_ms;
    while stage.now.0 + 20_000 < expires.0 {
        stage.wait(20);
        stage.say(nurse, &json!({"type": "ping", "at_ms": 1}));
    }
    assert_eq!(stage.bye(nurse), None);
    stage.wait(20);
    assert_eq!(stage.bye(nurse), Some(ByeReason::Expired));
}

#[test]
fn the_65th_person_is_refused_and_those_inside_are_not() {
    let mut stage = Stage::new();
    let names: Vec<&'static str> = (0..65).map(|number| &*format!("person-{number}").leak()).collect();
    for name in &names[..64] {
        stage.join(Who(name, Role::Patient));
    }
    let last = stage.join(Who(names[64], Role::Nurse));
    let error = stage.error(last).unwrap();
    assert_eq!((error.code, error.retryable), (ErrorCode::RoomFull, true));
    let reload = stage.join(Who(names[0], Role::Patient));
    assert!(stage.waiting(reload).is_some());
}

#[test]
fn a_socket_that_did_not_join_is_told_so() {
    let mut stage = Stage::new();
    let stranger = stage.connect();
    stage.moderate(stranger, "end", None);
    let error = stage.error(stranger).unwrap();
    assert_eq!((error.code, error.reference.as_deref()), (ErrorCode::NotJoined, Some("r1")));
}

#[test]
fn a_second_join_on_a_joined_socket_is_refused() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.sent(nurse);
    stage.join_on(nurse, NURSE, 2, Some("offer"), None);
    assert_eq!(stage.error_code(nurse), Some(ErrorCode::AlreadyJoined));
}

#[test]
fn the_room_says_when_the_last_person_is_gone() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    stage.say(nurse, &json!({"type": "leave"}));
    assert!(!stage.effects().contains(&Effect::RoomEmpty));
    stage.say(patient, &json!({"type": "leave"}));
    assert_eq!(stage.effects().last(), Some(&Effect::RoomEmpty));
    assert_eq!(stage.room.next_deadline(), None);
}

#[test]
fn a_draining_server_tells_everybody_when_to_come_back() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    let after = std::time::Duration::from_secs(2);
    stage.handle(kenes_signaling::room::Input::Drain { url: None, after });
    for connection in [nurse, patient] {
        let sent = stage.sent(connection);
        assert!(sent.iter().any(|message| matches!(message, ServerMessage::Reconnect { after_ms: 2000, .. })));
        assert_eq!(sent.last(), Some(&ServerMessage::Bye { reason: ByeReason::Draining }));
    }
    assert!(stage.effects().contains(&Effect::CloseMedia { peer: peer(1, 1) }));
    let late = stage.join(DOCTOR);
    assert_eq!(stage.bye(late), Some(ByeReason::Draining));
}
