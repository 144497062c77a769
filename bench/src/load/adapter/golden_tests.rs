//! What each server said in a run (`golden/`, `RUST_LOG=kenes_bench::load::adapter=debug`), read as the adapters read it.

use crate::load::sdp::{Agreement, Kind, LocalDescription, Section};
use serde_json::Value;
use std::path::Path;

const PUBLISHED: [Section; 2] = [Section::Publish(Kind::Audio), Section::Publish(Kind::Video)];

fn said(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/load/adapter/golden").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn sdp(name: &str) -> String {
    let said = said(name);
    said.get("jsep").unwrap_or(&said)["sdp"].as_str().unwrap().to_owned()
}

fn ours() -> LocalDescription {
    LocalDescription {
        address: "10.77.0.1:40000".parse().unwrap(),
        ufrag: "abcdefgh".to_owned(),
        pwd: "abcdefghabcdefghabcdefgh".to_owned(),
        fingerprint: vec!["AB"; 32].join(":"),
        layers: 1,
        first_ssrc: 1_000,
    }
}

/// Both are sent, by SSRC, to the server's one address in the namespace.
fn assert_published(agreement: &Agreement, port: u16) {
    assert_eq!(agreement.remote.address.to_string(), format!("10.77.0.1:{port}"));
    let kinds: Vec<Kind> = agreement.publications.iter().map(|publication| publication.kind).collect();
    assert_eq!(kinds, [Kind::Audio, Kind::Video]);
    assert!(agreement.publications.iter().all(|publication| publication.ssrcs.len() == 1));
}

#[test]
fn janus_takes_a_microphone_and_a_camera() {
    let agreement = ours().agree(&PUBLISHED, &sdp("janus_joined.json")).unwrap();
    let port = agreement.remote.address.port();
    assert_published(&agreement, port);
    assert_eq!(said("janus_joined.json")["plugindata"]["data"]["id"].as_u64(), Some(4_756_011_041_553_779));
}

#[test]
fn janus_offers_what_another_publishes() {
    let (answer, agreement) = ours().answer(&sdp("janus_offers.json"), &[]).unwrap();
    assert_eq!(agreement.payload_types, [(111, Kind::Audio), (96, Kind::Video)]);
    assert!(agreement.publications.is_empty());
    assert_eq!(answer.matches("a=recvonly").count(), 2);
    assert!(!answer.contains("transport-cc"), "the generator reports no arrivals: {answer}");
}

#[test]
fn mediasoup_takes_and_offers_a_microphone_and_a_camera() {
    assert_published(&ours().agree(&PUBLISHED, &sdp("mediasoup_answers.json")).unwrap(), 4_444);
    let (answer, agreement) = ours().answer(&sdp("mediasoup_offers.json"), &[]).unwrap();
    assert_eq!(agreement.payload_types, [(111, Kind::Audio), (96, Kind::Video)]);
    assert_eq!(answer.matches("a=recvonly").count(), 2);
}

#[test]
fn webrtc_rs_offers_again_on_the_connection_that_publishes() {
    let before = ours().agree(&PUBLISHED, &sdp("webrtc_rs_answers.json")).unwrap();
    assert_published(&before, 3_478);
    let (answer, after) = ours().answer(&sdp("webrtc_rs_offers.json"), &[Kind::Audio, Kind::Video]).unwrap();
    assert_published(&after, 3_478);
    assert_eq!(after.remote, before.remote);
    assert_eq!((answer.matches("a=sendonly").count(), answer.matches("a=recvonly").count()), (2, 2));
}
