//! Who waits, who may what, what everybody sees: through real sockets, in a call without media.

use crate::test_app::TestApp;
use kenes_signaling::message::Role;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_patient_waits_until_the_nurse_admits() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    let (mut patient, waiting) = app.enter("patient").await;
    assert_eq!((waiting["type"].as_str(), waiting["position"].as_u64()), (Some("waiting"), Some(1)));

    let state = nurse.state_where("a waiting patient", |state| state["participants"][1]["status"] == "waiting").await;
    nurse.moderate("admit", &state["participants"][1]["id"]).await;
    let joined = patient.next("joined").await;
    assert_eq!(joined["id"], waiting["id"]);
    nurse.state_where("an admitted patient", |state| state["participants"][1]["status"] == "in_call").await;
}

#[tokio::test]
async fn a_patient_may_not_admit_anybody() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    let (mut patient, waiting) = app.enter("patient").await;
    nurse.moderate("admit", &waiting["id"]).await;
    patient.next("joined").await;
    patient.moderate("remove", &json!("p1")).await;
    let error = patient.next("error").await;
    assert_eq!((error["code"].as_str(), error["ref"].as_str()), (Some("not_allowed"), Some("r1")));
    nurse.settle().await;
}

#[tokio::test]
async fn a_removed_person_is_out() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    let (mut specialist, joined) = app.enter("specialist").await;
    nurse.moderate("remove", &joined["id"]).await;
    assert_eq!(specialist.next("bye").await["reason"], "removed");
    assert_eq!(specialist.close_code().await, Some(1000));
}

#[tokio::test]
async fn chat_reaches_everybody_in_the_call_and_nobody_who_waits() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    let (mut specialist, _) = app.enter("specialist").await;
    let (mut patient, _) = app.enter("patient").await;
    nurse.chat("Здравствуйте").await;
    let heard = specialist.next("app").await;
    assert_eq!((heard["body"].as_str(), heard["from"].as_str()), (Some("Здравствуйте"), Some("p1")));
    patient.send(json!({ "type": "ping", "at_ms": 1 })).await;
    let answer = patient.next_of(&["app", "pong"]).await;
    assert_eq!(answer["type"], "pong", "who waits hears nothing");
}

#[tokio::test]
async fn an_ended_consultation_lets_nobody_back_in() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    let (mut specialist, _) = app.enter("specialist").await;
    nurse.moderate("end", &Value::Null).await;
    assert_eq!(specialist.next("bye").await["reason"], "ended");
    let (_, greeting) = app.enter("specialist").await;
    assert_eq!((greeting["type"].as_str(), greeting["reason"].as_str()), (Some("bye"), Some("ended")));
}

#[tokio::test]
async fn a_guest_comes_by_link_and_waits() {
    let app = TestApp::start().await;
    let (_nurse, _) = app.enter("nurse").await;
    let token = app.token(&app.invite(Role::Guest, "interpreter", Duration::from_secs(60))).await;
    let mut guest = crate::person::Person::connect(app.address(), token).await;
    guest.join().await;
    assert_eq!(guest.next_of(&["waiting", "joined"]).await["type"], "waiting");
}

#[tokio::test]
async fn rooms_do_not_hear_each_other() {
    let app = TestApp::start_with(&[("KENES_DEMO_ROOMS", "2")]).await;
    let token = app.token(&app.invitations("nurse")[1]).await;
    let mut other = crate::person::Person::connect(app.address(), token).await;
    other.join().await;
    let joined = other.next("joined").await;
    assert_eq!(joined["snapshot"]["participants"].as_array().map(Vec::len), Some(1));

    let (mut nurse, _) = app.enter("nurse").await;
    nurse.chat("here").await;
    nurse.next("app").await;
    other.send(json!({ "type": "ping", "at_ms": 1 })).await;
    assert_eq!(other.next_of(&["app", "pong"]).await["type"], "pong");
}
