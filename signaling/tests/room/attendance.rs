//! What the record of a visit is told: who came, who was admitted by whom, who left when.

use crate::stage::{DOCTOR, GUEST, NURSE, PATIENT, Stage, resume};
use kenes_signaling::ids::{ParticipantId, Subject};
use kenes_signaling::message::{ByeReason, Status};
use kenes_signaling::room::Attendance::{Admitted, Arrived, Departed};
use kenes_signaling::room::{Effect, Input};
use serde_json::json;
use std::time::Duration;

const FIRST: ParticipantId = ParticipantId(1);
const SECOND: ParticipantId = ParticipantId(2);

fn admit(stage: &mut Stage, subject: &str) {
    stage.handle(Input::Admit { subject: Subject::new(subject).unwrap() });
}

#[test]
fn coming_admission_and_leaving_are_noted() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    stage.moderate(nurse, "admit", Some("p2"));
    stage.say(patient, &json!({"type": "leave"}));
    let expected = [
        Arrived { who: FIRST, is_in_call: true },
        Arrived { who: SECOND, is_in_call: false },
        Admitted { who: SECOND, by: Some(FIRST) },
        Departed { who: SECOND, lost_at: None },
    ];
    assert_eq!(stage.notes(), expected);
    let person = stage.room.person(SECOND).unwrap();
    assert_eq!((person.subject.as_str(), person.name.as_str(), person.status), ("patient", "patient", None));
}

#[test]
fn who_returns_arrives_again_and_at_once_in_the_call() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.join(PATIENT);
    stage.moderate(nurse, "admit", Some("p2"));
    stage.notes();
    stage.join(PATIENT);
    assert_eq!(stage.notes(), [Arrived { who: SECOND, is_in_call: true }], "a reload is no departure");
}

#[test]
fn a_resumed_socket_is_no_absence() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let joined = stage.joined(nurse);
    stage.notes();
    stage.lose(nurse);
    stage.join_with(NURSE, 1, None, Some(resume(&joined)));
    assert_eq!(stage.notes(), []);
}

#[test]
fn who_never_came_back_left_when_the_socket_was_lost() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.notes();
    let lost_at = stage.now;
    stage.lose(nurse);
    stage.wait(31);
    assert_eq!(stage.notes(), [Departed { who: FIRST, lost_at: Some(lost_at) }]);
    assert!(stage.now > lost_at.plus(Duration::from_secs(30)));
}

#[test]
fn the_server_admits_who_waits_without_a_host() {
    let mut stage = Stage::new();
    let patient = stage.join(PATIENT);
    stage.notes();
    admit(&mut stage, "patient");
    assert_eq!(stage.notes(), [Admitted { who: FIRST, by: None }]);
    assert_eq!(stage.joined(patient).id, FIRST);
    admit(&mut stage, "patient");
    admit(&mut stage, "nobody");
    assert_eq!(stage.notes(), []);
}

#[test]
fn the_server_does_not_undo_a_hosts_removal() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.join(PATIENT);
    stage.moderate(nurse, "admit", Some("p2"));
    stage.moderate(nurse, "remove", Some("p2"));
    let back = stage.join(PATIENT);
    admit(&mut stage, "patient");
    assert!(stage.waiting(back).is_some());
    assert_eq!(stage.room.people().last().and_then(|person| person.status), Some(Status::Waiting));
}

#[test]
fn the_server_ends_a_visit_as_a_host_does() {
    let mut stage = Stage::new();
    let doctor = stage.join(DOCTOR);
    let guest = stage.join(GUEST);
    stage.effects();
    stage.handle(Input::End);
    assert_eq!((stage.bye(doctor), stage.bye(guest)), (Some(ByeReason::Ended), Some(ByeReason::Ended)));
    assert_eq!(stage.effects().last(), Some(&Effect::RoomEnded { by: None }));
    assert!(stage.room.people().is_empty());
    stage.handle(Input::End);
    assert_eq!(stage.effects(), [], "once is enough");
}
