//! From a link to a seat in the room.

use crate::http;
use crate::person::Person;
use crate::test_app::TestApp;
use kenes_signaling::message::Role;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn an_invitation_gives_a_token_and_says_who_is_invited() {
    let app = TestApp::start().await;
    let answer = app.exchange(app.invitation("patient")).await.json();
    assert_eq!(answer["role"], "patient");
    assert_eq!(answer["language"], "ru");
    assert!(answer["name"].as_str().is_some_and(|name| !name.is_empty()));
    assert!(answer["room_title"].as_str().is_some_and(|title| !title.is_empty()));
    assert!(answer["expires_ms"].as_u64().unwrap() > crate::test_app::now().0);
}

#[tokio::test]
async fn a_forged_an_expired_and_a_malformed_request_are_problems_with_a_code() {
    let app = TestApp::start().await;
    let expired = app.invite(Role::Guest, "late", Duration::ZERO);
    let token = app.token(app.invitation("nurse")).await;
    let cases = [
        (json!({ "invitation": "forged" }).to_string(), 401, "invitation_invalid"),
        (json!({ "invitation": token }).to_string(), 401, "invitation_invalid"),
        (json!({ "invitation": expired }).to_string(), 401, "invitation_expired"),
        (json!({ "invitation": "x", "more": 1 }).to_string(), 400, "bad_request"),
        ("not json".to_owned(), 400, "bad_request"),
    ];
    for (body, status, code) in cases {
        let response = http::post(app.address(), "/api/v1/join", &body).await;
        assert_eq!((response.status, response.json()["code"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(response.header("content-type"), Some("application/problem+json"));
    }
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_held_off() {
    let app = TestApp::start_with(&[("KENES_HTTP_JOINS_PER_MINUTE", "3")]).await;
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(app.exchange(app.invitation("nurse")).await.status);
    }
    assert_eq!(codes, [200, 200, 200, 429]);
}

#[tokio::test]
async fn a_nurse_enters_at_once() {
    let app = TestApp::start().await;
    let (_nurse, joined) = app.enter("nurse").await;
    assert_eq!(joined["type"], "joined");
    assert_eq!(joined["id"], "p1");
    assert_eq!(joined["answer"], Value::Null);
    assert_eq!(joined["snapshot"]["participants"][0]["role"], "nurse");
}

#[tokio::test]
async fn a_forged_token_is_answered_and_the_socket_closed() {
    let app = TestApp::start().await;
    for token in ["forged".to_owned(), app.invitation("nurse").to_owned()] {
        let mut person = Person::connect(app.address(), token).await;
        person.join().await;
        assert_eq!(person.next("error").await["code"], "token_invalid");
        assert_eq!(person.close_code().await, Some(1000));
    }
}

#[tokio::test]
async fn an_expired_token_is_told_apart_from_a_forged_one() {
    let app = TestApp::start().await;
    let token = app.token(&app.invite(Role::Guest, "late", Duration::from_millis(300))).await;
    let mut person = Person::connect(app.address(), token).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    person.join().await;
    let error = person.next("error").await;
    assert_eq!((error["code"].as_str(), error["retryable"].as_bool()), (Some("token_expired"), Some(true)));
}

#[tokio::test]
async fn a_second_join_on_a_socket_is_refused_and_the_call_goes_on() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    nurse.join().await;
    assert_eq!(nurse.next("error").await["code"], "already_joined");
    nurse.settle().await;
}

#[tokio::test]
async fn a_page_of_another_site_cannot_open_the_socket() {
    let app = TestApp::start().await;
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: https://evil.example\r\n\r\n",
        app.address()
    );
    let response = http::send(app.address(), &request).await;
    assert_eq!((response.status, response.json()["code"].as_str()), (403, Some("forbidden")));
}

#[tokio::test]
async fn an_offer_is_answered_with_the_servers_address() {
    let app = TestApp::start().await;
    let mut nurse = app.connect("nurse").await;
    nurse.join_with(1, Value::String(chromium_offer()), Value::Null).await;
    let joined = nurse.next("joined").await;
    let answer = joined["answer"].as_str().unwrap_or_else(|| panic!("{joined}"));
    let port = app.server.media_addresses()[0].port().to_string();
    let candidate = answer.lines().find(|line| line.starts_with("a=candidate:")).unwrap();
    assert!(candidate.contains(&format!("127.0.0.1 {port} typ host")), "{candidate}");
    assert!(answer.contains("a=ice-lite"));
}

#[tokio::test]
async fn an_offer_that_is_no_sdp_is_a_typed_error_and_the_socket_stays() {
    let app = TestApp::start().await;
    let mut nurse = app.connect("nurse").await;
    nurse.join_with(1, Value::String("v=1\r\nnonsense".into()), Value::Null).await;
    assert_eq!(nurse.next("error").await["code"], "bad_offer");
    nurse.settle().await;
}

pub(crate) fn chromium_offer() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/sfu/tests/data/offers/chromium-slots.sdp")).unwrap()
}
