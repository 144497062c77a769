//! Rungs 1 and 3 of the recovery ladder, as far as signaling goes.

use crate::person::Person;
use crate::test_app::TestApp;
use serde_json::{Value, json};

fn resume_of(joined: &Value) -> Value {
    json!({ "id": joined["resume"]["id"], "secret": joined["resume"]["secret"], "last_rev": joined["rev"] })
}

#[tokio::test]
async fn a_lost_socket_is_resumed_by_the_same_person() {
    let app = TestApp::start().await;
    let (mut specialist, _) = app.enter("specialist").await;
    let (nurse, joined) = app.enter("nurse").await;
    let token = nurse.vanish();
    specialist.state_where("a lost nurse", |state| state["participants"][1]["status"] == "reconnecting").await;

    let mut back = Person::connect(app.address(), token).await;
    back.join_with(1, Value::Null, resume_of(&joined)).await;
    let again = back.next("joined").await;
    assert_eq!((&again["id"], &again["gen"]), (&joined["id"], &joined["gen"]));
    specialist.state_where("the nurse again", |state| state["participants"][1]["status"] == "in_call").await;
}

#[tokio::test]
async fn a_guessed_secret_resumes_nothing() {
    let app = TestApp::start().await;
    let (_nurse, joined) = app.enter("nurse").await;
    let mut thief = app.connect("specialist").await;
    let mut resume = resume_of(&joined);
    resume["secret"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into();
    thief.join_with(1, Value::Null, resume).await;
    assert_eq!(thief.next("error").await["code"], "session_unknown");
}

#[tokio::test]
async fn after_session_unknown_the_same_socket_may_join_afresh() {
    let app = TestApp::start().await;
    let mut nurse = app.connect("nurse").await;
    nurse.join_with(1, Value::Null, json!({ "id": "p9", "secret": "x", "last_rev": 0 })).await;
    assert_eq!(nurse.next("error").await["code"], "session_unknown");
    nurse.join().await;
    nurse.next("joined").await;
}

#[tokio::test]
async fn a_second_page_of_a_person_replaces_the_first() {
    let app = TestApp::start().await;
    let (mut first, _) = app.enter("nurse").await;
    let (_second, joined) = app.enter("nurse").await;
    assert_eq!(joined["id"], "p1");
    assert_eq!(first.next("bye").await["reason"], "replaced");
}
