//! Messages that are wrong: a typed error each, and the socket stays.

use crate::test_app::TestApp;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde_json::{Value, json};
use std::io::Write as _;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn malformed_messages_get_typed_errors_and_the_socket_stays() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    let cases = [
        ("{", "bad_message", None),
        ("[]", "bad_message", None),
        ("null", "bad_message", None),
        (r#"{"type":"dance"}"#, "unsupported", Some("type")),
        (r#"{"type":"ping"}"#, "bad_message", Some("at_ms")),
        (r#"{"type":"ping","at_ms":1,"extra":1}"#, "bad_message", Some("extra")),
        (r#"{"type":"moderate","op":"fly","target":null,"req":"r"}"#, "bad_message", Some("op")),
        (r#"{"type":"app","to":"p9","kind":"chat","body":"x"}"#, "unknown_target", None),
    ];
    for (text, code, field) in cases {
        nurse.send_text(text.to_owned()).await;
        let error = nurse.next("error").await;
        assert_eq!(error["code"], code, "{text}");
        if let Some(field) = field {
            assert_eq!(error["field"], field, "{text}");
        }
    }
    nurse.settle().await;
}

#[tokio::test]
async fn before_join_nothing_else_is_taken() {
    let app = TestApp::start().await;
    let mut nurse = app.connect("nurse").await;
    nurse.moderate("lock", &Value::Null).await;
    let error = nurse.next("error").await;
    assert_eq!((error["code"].as_str(), error["ref"].as_str()), (Some("not_joined"), Some("r1")));
    nurse.join().await;
    nurse.next("joined").await;
}

#[tokio::test]
async fn another_protocol_version_is_told_so_and_closed() {
    let app = TestApp::start().await;
    let mut nurse = app.connect("nurse").await;
    nurse.send(json!({ "type": "join", "proto": 2, "token": "x", "gen": 1, "offer": null, "resume": null })).await;
    let error = nurse.next("error").await;
    assert_eq!((error["code"].as_str(), error["field"].as_str()), (Some("unsupported"), Some("proto")));
    assert_eq!(nurse.close_code().await, Some(1000));
}

#[tokio::test]
async fn a_deflated_message_is_answered_in_kind() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    let long = "сестра ".repeat(200);
    nurse.chat(&long).await;
    assert!(matches!(nurse.next_frame().await, Some(Message::Text(_))), "who has sent none may not read any");
    let chat = json!({ "type": "app", "to": "room", "kind": "chat", "body": long });
    nurse.send_frame(Message::binary(deflate(&chat.to_string()))).await;
    let Some(Message::Binary(bytes)) = nurse.next_frame().await else { panic!("it was not deflated") };
    assert_eq!(inflate(&bytes)["body"], long);
    // What is short comes as it is.
    nurse.settle().await;
}

#[tokio::test]
async fn a_binary_frame_that_is_no_message_gets_a_typed_error_and_the_socket_stays() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    let cases = [
        (vec![0_u8; 100], "bad_message"),
        (deflate("{"), "bad_message"),
        (deflate(&"0".repeat(1 << 24)), "message_too_large"),
    ];
    for (bytes, code) in cases {
        nurse.send_frame(Message::binary(bytes)).await;
        assert_eq!(nurse.next("error").await["code"], code);
    }
    nurse.settle().await;
}

fn deflate(text: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn inflate(bytes: &[u8]) -> Value {
    serde_json::from_reader(DeflateDecoder::new(bytes)).unwrap()
}

#[tokio::test]
async fn a_message_over_its_kinds_limit_is_refused_and_the_socket_stays() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    nurse.chat(&"x".repeat(17 * 1024)).await;
    assert_eq!(nurse.next("error").await["code"], "message_too_large");
    nurse.settle().await;
}

#[tokio::test]
async fn a_message_over_every_limit_closes_with_1009() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    nurse.send_text("x".repeat(257 * 1024)).await;
    assert_eq!(nurse.close_code().await, Some(1009));
}

#[tokio::test]
async fn a_flood_of_messages_is_rate_limited_and_the_socket_stays() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    for _ in 0..200 {
        nurse.send(json!({ "type": "ping", "at_ms": 1 })).await;
    }
    let error = nurse.next("error").await;
    assert_eq!((error["code"].as_str(), error["retryable"].as_bool()), (Some("rate_limited"), Some(true)));
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    nurse.send(json!({ "type": "ping", "at_ms": 77 })).await;
    nurse.next_where("an answer", |message| message["type"] == "pong" && message["at_ms"] == 77).await;
}
