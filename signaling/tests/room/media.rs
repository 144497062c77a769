//! The life of a generation.

use crate::stage::{DOCTOR, NURSE, PATIENT, Stage, peer, resume, track};
use kenes_signaling::ids::{Mid, ParticipantId, Rid, Sdp};
use kenes_signaling::message::{ErrorCode, ReconnectTier, ServerMessage};
use kenes_signaling::room::{CloseReason, Effect, Input, MediaEvent};
use serde_json::{Value, json};

fn offer(neg_id: u32, ice_restart: bool) -> Value {
    json!({"type": "offer", "neg_id": neg_id, "sdp": "offer", "ice_restart": ice_restart})
}

fn refuse(stage: &mut Stage, neg_id: Option<u32>) {
    let (code, field) = (ErrorCode::BadOffer, Some("a=fingerprint".to_owned()));
    stage.handle(Input::Media(MediaEvent::Refused { peer: peer(1, 1), neg_id, code, field }));
}

fn is_reconnect_peer(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Reconnect { tier: ReconnectTier::Peer, .. })
}

#[test]
fn nothing_is_said_before_joined_and_joined_holds_the_answer() {
    let mut stage = Stage::new();
    stage.answers = false;
    let nurse = stage.join(NURSE);
    stage.join_with(DOCTOR, 1, None, None);
    assert_eq!(stage.sent(nurse), []);
    stage.open(peer(1, 1));
    let sent = stage.sent(nurse);
    assert!(matches!(sent.first(), Some(ServerMessage::Joined(joined)) if joined.answer == Some(Sdp::new("answer"))));
}

#[test]
fn a_person_without_media_enters_and_offers_later() {
    let mut stage = Stage::new();
    let nurse = stage.join_with(NURSE, 1, None, None);
    assert_eq!(stage.joined(nurse).answer, None);
    stage.say(nurse, &offer(1, false));
    assert!(stage.sent(nurse).contains(&ServerMessage::Answer { neg_id: 1, sdp: Sdp::new("answer") }));
}

#[test]
fn a_patient_who_offered_in_the_waiting_room_hears_joined_and_then_the_answer() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join_with(PATIENT, 1, None, None);
    stage.say(patient, &offer(5, false));
    stage.sent(patient);
    stage.moderate(nurse, "admit", Some("p2"));
    let sent = stage.sent(patient);
    let position = |wanted: fn(&ServerMessage) -> bool| sent.iter().position(wanted);
    let joined = position(|message| matches!(message, ServerMessage::Joined(joined) if joined.answer.is_none()));
    let answer = position(|message| matches!(message, ServerMessage::Answer { neg_id: 5, .. }));
    assert!(joined.is_some() && joined < answer, "{sent:?}");
}

#[test]
fn a_refused_offer_leaves_the_person_in_the_call_and_may_be_repeated() {
    let mut stage = Stage::new();
    stage.answers = false;
    let nurse = stage.join(NURSE);
    refuse(&mut stage, None);
    let sent = stage.sent(nurse);
    assert!(matches!(sent.first(), Some(ServerMessage::Joined(joined)) if joined.answer.is_none()));
    assert!(matches!(sent.get(1), Some(ServerMessage::Error(error))
        if error.code == ErrorCode::BadOffer && error.field.as_deref() == Some("a=fingerprint") && error.reference.is_none()));
    stage.say(nurse, &offer(3, false));
    refuse(&mut stage, None);
    assert_eq!(stage.error(nurse).and_then(|error| error.reference).as_deref(), Some("3"));
}

#[test]
fn an_ice_restart_is_answered_and_changes_nothing_else() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.publish(nurse, 1, &["camera"]);
    stage.effects();
    stage.sent(nurse);
    stage.say(nurse, &offer(2, true));
    assert_eq!(stage.effects(), [Effect::RestartMedia { peer: peer(1, 1), neg_id: 2, offer: Sdp::new("offer") }]);
    stage.handle(Input::Media(MediaEvent::Restarted { peer: peer(1, 1), neg_id: 2, answer: Sdp::new("again") }));
    assert_eq!(stage.sent(nurse), [ServerMessage::Answer { neg_id: 2, sdp: Sdp::new("again") }]);
    stage.say(nurse, &offer(3, true));
    refuse(&mut stage, Some(3));
    assert_eq!(stage.error(nurse).and_then(|error| error.reference).as_deref(), Some("3"));
}

#[test]
fn a_restart_of_nothing_and_a_second_first_offer_are_refused() {
    let mut stage = Stage::new();
    let nurse = stage.join_with(NURSE, 1, None, None);
    stage.sent(nurse);
    stage.say(nurse, &offer(1, true));
    assert_eq!(stage.error(nurse).and_then(|error| error.field).as_deref(), Some("ice_restart"));
    stage.say(nurse, &offer(2, false));
    stage.sent(nurse);
    stage.say(nurse, &offer(3, false));
    assert_eq!(stage.error_code(nurse), Some(ErrorCode::BadOffer));
}

#[test]
fn media_that_died_asks_for_a_new_peer_and_shows_as_reconnecting() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let doctor = stage.join(DOCTOR);
    let joined = stage.joined(nurse);
    stage.publish(nurse, 1, &["camera"]);
    stage.handle(Input::Media(MediaEvent::Closed { peer: peer(1, 1), reason: CloseReason::ConsentExpired }));
    assert!(stage.sent(nurse).iter().any(is_reconnect_peer));
    assert_eq!(stage.people(doctor), "p1 Reconnecting, p2 InCall");
    assert_eq!(stage.state(doctor).tracks.len(), 0);
    stage.effects();
    stage.join_on(nurse, NURSE, 2, Some("offer"), Some(resume(&joined)));
    assert!(!stage.effects().contains(&Effect::CloseMedia { peer: peer(1, 1) }), "the shard closed it already");
    assert_eq!(stage.people(doctor), "p1 InCall, p2 InCall");
    assert_eq!(stage.state(doctor).tracks.len(), 1);
}

#[test]
fn media_that_died_while_the_socket_was_lost_is_told_after_the_resume() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let joined = stage.joined(nurse);
    stage.lose(nurse);
    stage.handle(Input::Media(MediaEvent::Closed { peer: peer(1, 1), reason: CloseReason::HandshakeFailed }));
    let back = stage.join_with(NURSE, 1, None, Some(resume(&joined)));
    let sent = stage.sent(back);
    assert!(matches!(sent.first(), Some(ServerMessage::Joined(_))));
    assert!(sent.iter().any(is_reconnect_peer));
}

#[test]
fn a_page_that_closed_its_own_media_is_not_told_about_it() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.handle(Input::Media(MediaEvent::Closed { peer: peer(1, 1), reason: CloseReason::ClosedByPeer }));
    assert!(!stage.sent(nurse).iter().any(is_reconnect_peer));
}

#[test]
fn news_about_a_retired_generation_is_ignored() {
    let mut stage = Stage::new();
    stage.join(NURSE);
    let reloaded = stage.join(NURSE);
    stage.sent(reloaded);
    stage.effects();
    stage.open(peer(1, 1));
    stage.handle(Input::Media(MediaEvent::Closed { peer: peer(1, 1), reason: CloseReason::ConsentExpired }));
    stage.handle(Input::Media(MediaEvent::SpeakersChanged { tracks: vec![track(1, 1, "0")] }));
    stage.handle(Input::Media(MediaEvent::LayersWanted { track: track(1, 1, "1"), any: true, rids: Vec::new() }));
    assert_eq!((stage.sent(reloaded), stage.effects()), (vec![], vec![]));
}

#[test]
fn layers_are_told_to_their_publisher_once_and_again_after_a_resume() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let joined = stage.joined(nurse);
    let rids = vec![Rid::new("q").unwrap(), Rid::new("h").unwrap()];
    let wanted = MediaEvent::LayersWanted { track: track(1, 1, "1"), any: true, rids: rids.clone() };
    stage.handle(Input::Media(wanted.clone()));
    stage.handle(Input::Media(wanted));
    let message = ServerMessage::Layers { mid: Mid::new("1").unwrap(), active: rids };
    assert_eq!(stage.sent(nurse), std::slice::from_ref(&message));
    let back = stage.join_with(NURSE, 1, None, Some(resume(&joined)));
    assert_eq!(stage.sent(back).get(1), Some(&message));
}

#[test]
fn a_section_without_rids_is_wanted_as_all_or_not_at_all() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    stage.sent(nurse);
    let mut layers_for = |any| {
        stage.handle(Input::Media(MediaEvent::LayersWanted { track: track(1, 1, "2"), any, rids: Vec::new() }));
        stage.sent(nurse)
    };
    let layers = |active| vec![ServerMessage::Layers { mid: Mid::new("2").unwrap(), active }];
    assert_eq!(layers_for(true), layers(vec![Rid::new("all").unwrap()]));
    assert_eq!(layers_for(false), layers(vec![]));
}

#[test]
fn speakers_are_told_to_everybody_in_the_call_on_change() {
    let mut stage = Stage::new();
    let nurse = stage.join(NURSE);
    let patient = stage.join(PATIENT);
    stage.publish(nurse, 1, &["microphone", "stethoscope"]);
    stage.sent(nurse);
    stage.sent(patient);
    let speak = || {
        let tracks = vec![track(1, 1, "3"), track(1, 1, "0")];
        Input::Media(MediaEvent::SpeakersChanged { tracks })
    };
    stage.handle(speak());
    stage.handle(speak());
    assert_eq!(stage.sent(nurse), [ServerMessage::Speakers { ids: vec![ParticipantId(1)] }]);
    assert_eq!(stage.sent(patient), [], "who waits hears nothing");
}
