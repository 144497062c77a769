//! What a page measures its link with before a call: for who could enter one, and bounded.

use crate::http::{self, Response};
use crate::person::Person;
use crate::test_app::TestApp;
use serde_json::{Value, json};

const MOST_BYTES: usize = 128 * 1024;

async fn ask(app: &TestApp, method: &str, path: &str, token: &str, body: &str) -> Response {
    let (address, length) = (app.address(), body.len());
    let head = format!("{method} /api/v1/link-check{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    let more = format!("Authorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n{body}");
    http::send(address, &(head + &more)).await
}

#[tokio::test]
async fn nobody_measures_without_a_way_into_a_call() {
    let app = TestApp::start().await;
    for token in ["forged", app.invitation("patient")] {
        for (method, path) in [("GET", ""), ("GET", "/sample?bytes=10"), ("POST", "/sample"), ("POST", "/trial")] {
            let answer = ask(&app, method, path, token, "").await;
            assert_eq!(
                (answer.status, answer.json()["code"].as_str()),
                (401, Some("not_signed_in")),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn a_sample_has_as_many_bytes_as_were_asked_for_and_no_more_than_a_sample_has() {
    let app = TestApp::start().await;
    let token = app.token(app.invitation("patient")).await;
    for (bytes, status) in [(0, 200), (4096, 200), (MOST_BYTES, 200), (MOST_BYTES + 1, 422)] {
        let answer = ask(&app, "GET", &format!("/sample?bytes={bytes}"), &token, "").await;
        assert_eq!(answer.status, status, "{bytes}");
        if status == 200 {
            assert_eq!(answer.header("content-length"), Some(bytes.to_string().as_str()));
        }
    }
}

#[tokio::test]
async fn a_sample_is_taken_in_up_to_its_size() {
    let app = TestApp::start().await;
    let token = app.token(app.invitation("patient")).await;
    assert_eq!(ask(&app, "POST", "/sample", &token, &"x".repeat(MOST_BYTES)).await.status, 204);
    assert_eq!(ask(&app, "POST", "/sample", &token, &"x".repeat(MOST_BYTES + 1)).await.status, 400);
}

fn offer(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/sfu/tests/data/offers");
    std::fs::read_to_string(format!("{folder}/{name}.sdp")).unwrap()
}

#[tokio::test]
async fn a_trial_is_answered_with_the_servers_address_and_enters_no_room() {
    let app = TestApp::start().await;
    let token = app.token(app.invitation("patient")).await;
    let offers = json!({ "speak": offer("chromium-plain-data"), "listen": offer("firefox-slots") });
    let answer = ask(&app, "POST", "/trial", &token, &offers.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let candidate = format!("127.0.0.1 {} typ host", app.server.media_addresses()[0].port());
    for end in ["speak", "listen"] {
        assert!(answer.json()[end].as_str().unwrap().contains(&candidate), "{end}");
    }
    let metrics = app.metrics().await;
    let rooms = metrics.lines().find(|line| line.starts_with("kenes_rooms"));
    assert!(rooms.is_none_or(|line| line == "kenes_rooms 0"), "no room was opened: {rooms:?}");
    // The token still opens its own room.
    let mut patient = Person::connect(app.address(), token).await;
    patient.join().await;
    patient.next("waiting").await;
}

#[tokio::test]
async fn a_trial_of_what_is_no_offer_is_refused() {
    let app = TestApp::start().await;
    let token = app.token(app.invitation("patient")).await;
    let (speaks, listens) = (offer("chromium-plain-data"), offer("firefox-slots"));
    // The last of them offers nothing to hear with.
    for (speak, listen) in [("v=1", &*listens), (&speaks, ""), (&speaks, &speaks)] {
        let answer =
            ask(&app, "POST", "/trial", &token, &json!({ "speak": speak, "listen": listen }).to_string()).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("bad_request")));
    }
}

#[tokio::test]
async fn an_address_that_measures_too_often_is_held_off() {
    let app = TestApp::start_with(&[("KENES_HTTP_LINK_CHECKS_PER_MINUTE", "1")]).await;
    let token = app.token(app.invitation("patient")).await;
    let mut answered = 0;
    while ask(&app, "GET", "", &token, "").await.status == 200 {
        answered += 1;
        assert!(answered < 100, "there is no limit");
    }
    assert_eq!(ask(&app, "GET", "", &token, "").await.json()["code"], "rate_limited");
    assert!((21..=23).contains(&answered), "{answered}");
}

fn figures(rtt_ms: u32) -> Value {
    json!({ "transport": "udp", "rtt_ms": rtt_ms, "up_bps": 900_000, "down_bps": 4_000_000, "lost_up_percent": 0, "lost_down_percent": null })
}

#[tokio::test]
async fn what_came_of_checks_is_kept_by_site_the_newest_first() {
    let app = TestApp::with_clinic().await;
    let (nurse, admin) = (app.staff("aigul").await, app.staff("ruslan").await);
    for rtt_ms in [80, 90] {
        assert_eq!(nurse.post("/link-check", &figures(rtt_ms)).await.status, 204);
        // What came within one millisecond came at once.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let site = nurse.read("/session").await["site"]["id"].as_str().unwrap().to_owned();
    let history = admin.read(&format!("/sites/{site}/link-checks")).await;
    let kept: Vec<_> =
        history["items"].as_array().unwrap().iter().map(|check| check["measured"]["rtt_ms"].as_u64()).collect();
    assert_eq!(kept, [Some(90), Some(80)]);
    let newest = &history["items"][0];
    assert_eq!((newest["place"].as_str(), newest["measured"]["transport"].as_str()), (Some("desk"), Some("udp")));
    assert_eq!(newest["measured"]["lost_down_percent"], Value::Null);
}

#[tokio::test]
async fn figures_that_nobody_measures_are_refused() {
    let app = TestApp::with_clinic().await;
    let nurse = app.staff("aigul").await;
    let answer = nurse.post("/link-check", &figures(100_000)).await;
    assert_eq!((answer.status, answer.json()["fields"][0]["field"].as_str()), (422, Some("rtt_ms")));
}

#[tokio::test]
async fn a_room_of_no_appointment_leaves_no_history() {
    let app = TestApp::start().await;
    let token = app.token(app.invitation("patient")).await;
    assert_eq!(ask(&app, "POST", "", &token, &figures(80).to_string()).await.status, 204);
}
