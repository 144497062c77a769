//! The golden files that Rust and JavaScript share: each is read and written back as it was, and what is invalid is refused
//! with the error that it names.

#![cfg(test)]
use kenes_signaling::message::{ClientMessage, ErrorCode, ServerMessage};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

fn files(folder: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned()))
        .collect();
    files.sort();
    files
}

fn value(name: &str, text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_client_message_reads_back_as_it_was_written() {
    for (name, text) in files("golden/client") {
        let message = ClientMessage::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(serde_json::to_value(&message).unwrap(), value(&name, &text), "{name}");
    }
}

#[test]
fn every_server_message_reads_back_as_it_was_written() {
    for (name, text) in files("golden/server") {
        let message: ServerMessage = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(value(&name, &message.to_json()), value(&name, &text), "{name}");
    }
}

#[test]
fn every_type_and_every_error_code_has_a_golden_file() {
    let types = |folder| -> BTreeSet<String> {
        files(folder).iter().map(|(name, text)| value(name, text)["type"].as_str().unwrap().to_owned()).collect()
    };
    let expected = |names: &str| names.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(types("golden/client"), expected("app intent join leave moderate offer ping stats"));
    assert_eq!(
        types("golden/server"),
        expected("answer app bye error joined layers pong quality reconnect renegotiate speakers state waiting")
    );
    let codes = files("golden/server").iter().filter(|(name, _)| name.contains("/error_")).count();
    assert_eq!(codes, 19);
}

#[test]
fn an_error_is_retryable_exactly_when_its_golden_file_says_so() {
    for (name, text) in files("golden/server") {
        if let ServerMessage::Error(error) = serde_json::from_str(&text).unwrap() {
            assert_eq!(error.retryable, error.code.is_retryable(), "{name}");
        }
    }
}

#[test]
fn an_invalid_message_is_refused_with_its_code_and_field() {
    for (name, text) in files("golden/invalid") {
        let case = value(&name, &text);
        let message = case["text"].as_str().map_or_else(|| case["message"].to_string(), str::to_owned);
        let error = ClientMessage::parse(&message).expect_err(&name);
        assert_eq!(json!({"code": error.code, "field": error.field}), case["error"], "{name}");
    }
}

#[test]
fn only_another_protocol_version_closes_the_socket() {
    let of = |text: &str| ClientMessage::parse(text).unwrap_err();
    assert!(of(r#"{"type":"join","proto":2}"#).closes());
    assert!(!of(r#"{"type":"teleport"}"#).closes());
    assert!(!of("{").closes());
}

#[test]
fn the_size_limit_is_larger_for_messages_that_carry_sdp() {
    let offer =
        |bytes: usize| format!(r#"{{"type":"offer","neg_id":1,"ice_restart":false,"sdp":"{}"}}"#, "x".repeat(bytes));
    assert!(ClientMessage::parse(&offer(200_000)).is_ok());
    assert_eq!(ClientMessage::parse(&offer(262_144)).unwrap_err().code, ErrorCode::MessageTooLarge);
}

#[test]
fn fractions_in_statistics_are_rounded() {
    let text = r#"{"type":"stats","interval_ms":1000,"uplink":{"rtt_ms":23.5,"loss_ratio":0,"rate_bps":100.4,"estimate_bps":7.6,"limited":"none","rung":"full"},
        "downlink":{"loss_ratio":0,"jitter_ms":0.2,"rate_bps":0,"concealed_ratio":0,"freeze_ratio":1,"frames_per_s":29.97}}"#;
    let Ok(ClientMessage::Stats(stats)) = ClientMessage::parse(text) else { panic!("not stats") };
    assert_eq!((stats.uplink.rtt_ms, stats.uplink.rate_bps, stats.downlink.frames_per_s), (24, 100, 30));
}

/// The seeds that the fuzzer starts from, and what it found since: none may panic, and what is read is read back.
#[test]
fn the_fuzz_corpus_never_panics_and_what_is_read_reads_back() {
    let mut read = 0;
    for (name, text) in files("fuzz-corpus/client_message") {
        if let Ok(message) = ClientMessage::parse(&text) {
            let again = serde_json::to_string(&message).unwrap();
            assert_eq!(ClientMessage::parse(&again).as_ref(), Ok(&message), "{name}");
            read += 1;
        }
    }
    assert!(read >= 20, "{read} seeds are messages");
}
