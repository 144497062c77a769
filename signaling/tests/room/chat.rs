//! What people write to each other.

use crate::stage::{DOCTOR, GUEST, NURSE, PATIENT, Stage};
use kenes_signaling::ids::ConnectionId;
use kenes_signaling::message::{ErrorCode, ServerMessage};
use serde_json::json;

fn write(stage: &mut Stage, from: ConnectionId, to: &str, body: &str) {
    stage.say(from, &json!({"type": "app", "to": to, "kind": "chat", "body": body}));
}

fn read(stage: &mut Stage, reader: ConnectionId) -> Vec<String> {
    stage
        .sent(reader)
        .into_iter()
        .filter_map(|message| match message {
            ServerMessage::App(app) => Some(app.body.as_str().to_owned()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_message_to_the_room_reaches_everybody_in_the_call_its_writer_too() {
    let mut stage = Stage::new();
    let (nurse, doctor, patient) = (stage.join(NURSE), stage.join(DOCTOR), stage.join(PATIENT));
    write(&mut stage, nurse, "room", "120/80");
    assert_eq!((read(&mut stage, nurse).len(), read(&mut stage, doctor).len()), (1, 1));
    assert_eq!(read(&mut stage, patient), [""; 0], "who waits reads nothing");
}

#[test]
fn a_private_message_reaches_its_two_ends_alone() {
    let mut stage = Stage::new();
    let (nurse, doctor) = (stage.join(NURSE), stage.join(DOCTOR));
    let guest = stage.join(GUEST);
    stage.moderate(nurse, "admit", Some("p3"));
    write(&mut stage, nurse, "p2", "between us");
    assert_eq!((read(&mut stage, nurse).len(), read(&mut stage, doctor).len()), (1, 1));
    assert_eq!(read(&mut stage, guest), [""; 0]);
}

#[test]
fn those_who_wait_may_not_write_and_cannot_be_written_to() {
    let mut stage = Stage::new();
    let (nurse, patient) = (stage.join(NURSE), stage.join(PATIENT));
    stage.sent(patient);
    write(&mut stage, patient, "room", "hello?");
    assert_eq!(stage.error_code(patient), Some(ErrorCode::NotAllowed));
    write(&mut stage, nurse, "p2", "a moment");
    assert_eq!(stage.error_code(nurse), Some(ErrorCode::UnknownTarget));
}

#[test]
fn a_reload_finds_what_was_sent_to_that_person_and_a_newcomer_nothing_older() {
    let mut stage = Stage::new();
    let (nurse, _) = (stage.join(NURSE), stage.join(DOCTOR));
    write(&mut stage, nurse, "room", "to all");
    write(&mut stage, nurse, "p2", "to the doctor");
    let doctor = stage.join(DOCTOR);
    assert_eq!(stage.joined(doctor).history.len(), 2);
    let guest = stage.join(GUEST);
    stage.moderate(nurse, "admit", Some("p3"));
    assert_eq!(stage.joined(guest).history, []);
    write(&mut stage, nurse, "room", "later");
    let guest = stage.join(GUEST);
    assert_eq!(stage.joined(guest).history.len(), 1);
}

#[test]
fn the_room_remembers_200_messages() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    for number in 0..250 {
        write(&mut stage, nurse, "room", &format!("message {number}"));
    }
    let reloaded = stage.join(NURSE);
    let history = stage.joined(reloaded).history;
    assert_eq!((history.len(), history[0].body.as_str()), (200, "message 50"));
}

#[test]
fn a_still_goes_to_the_others_and_is_not_remembered() {
    let mut stage = Stage::new();
    let (nurse, doctor) = (stage.join(NURSE), stage.join(DOCTOR));
    stage.say(nurse, &json!({"type": "app", "to": "room", "kind": "still", "body": "/9j/"}));
    assert_eq!((read(&mut stage, nurse).len(), read(&mut stage, doctor).len()), (0, 1));
    let doctor = stage.join(DOCTOR);
    assert_eq!(stage.joined(doctor).history, []);
}
