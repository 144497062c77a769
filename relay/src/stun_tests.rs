//! STUN by RFC 5769's vectors and by what nobody should send.

use super::*;
use crate::framing::Framing;
use std::path::Path;

/// RFC 5769 §2.4: a request with long-term authentication.
const LONG_TERM: [u8; 116] = [
    0x00, 0x01, 0x00, 0x60, 0x21, 0x12, 0xa4, 0x42, 0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72, 0xc0, 0x29, 0xda, 0x41,
    0x2e, 0x00, 0x06, 0x00, 0x12, 0xe3, 0x83, 0x9e, 0xe3, 0x83, 0x88, 0xe3, 0x83, 0xaa, 0xe3, 0x83, 0x83, 0xe3, 0x82,
    0xaf, 0xe3, 0x82, 0xb9, 0x00, 0x00, 0x00, 0x15, 0x00, 0x1c, 0x66, 0x2f, 0x2f, 0x34, 0x39, 0x39, 0x6b, 0x39, 0x35,
    0x34, 0x64, 0x36, 0x4f, 0x4c, 0x33, 0x34, 0x6f, 0x4c, 0x39, 0x46, 0x53, 0x54, 0x76, 0x79, 0x36, 0x34, 0x73, 0x41,
    0x00, 0x14, 0x00, 0x0b, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72, 0x67, 0x00, 0x00, 0x08, 0x00,
    0x14, 0xf6, 0x70, 0x24, 0x65, 0x6d, 0xd6, 0x4a, 0x3e, 0x02, 0xb8, 0xe0, 0x71, 0x2e, 0x85, 0xc9, 0xa2, 0x8c, 0xa8,
    0x96, 0x66,
];

const TRANSACTION: TransactionId = [0xB7, 0xE7, 0xA7, 0x01, 0xBC, 0x34, 0xD6, 0x86, 0xFA, 0x87, 0xDF, 0xAE];

#[test]
fn the_rfcs_long_term_request_verifies_with_its_password_alone() {
    let message = Message::parse(&LONG_TERM).unwrap();
    assert_eq!((message.class, message.method), (Class::Request, BINDING));
    let username = message.text(USERNAME).unwrap();
    assert_eq!(
        (username, message.text(REALM), message.text(NONCE)),
        ("マトリックス", Some("example.org"), Some("f//499k954d6OL34oL9FSTvy64sA"),)
    );
    assert!(message.verify(&Key::long_term(username, "example.org", "TheMatrIX")));
    assert!(!message.verify(&Key::long_term(username, "example.org", "TheMatrIY")));
}

#[test]
fn the_rfcs_addresses_are_written_and_read() {
    // RFC 5769 §2.2 and §2.3.
    let addresses = [
        ("192.0.2.1:32853", &[0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43][..]),
        (
            "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
            &[
                0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe,
                0xd2, 0xb9, 0xd9,
            ],
        ),
    ];
    for (text, value) in addresses {
        let address: SocketAddr = text.parse().unwrap();
        let written = Writer::begin(Class::Success, BINDING, TRANSACTION).address(XOR_MAPPED_ADDRESS, address).finish();
        let message = Message::parse(&written).unwrap();
        assert_eq!(message.attribute(XOR_MAPPED_ADDRESS), Some(value));
        assert_eq!(message.address(XOR_MAPPED_ADDRESS), Some(address));
    }
}

#[test]
fn class_and_method_survive_for_every_type() {
    for method in [0x001, 0x003, 0x009, 0x07F, 0x080, 0xFFF] {
        for class in [Class::Request, Class::Indication, Class::Success, Class::Error] {
            let written = Writer::begin(class, method, TRANSACTION).finish();
            let message = Message::parse(&written).unwrap();
            assert_eq!((message.class, message.method, message.transaction), (class, method, TRANSACTION));
        }
    }
}

#[test]
fn what_follows_the_integrity_is_not_protected_and_does_not_count() {
    let key = Key::long_term("a", "b", "c");
    let written = Writer::begin(Class::Request, BINDING, TRANSACTION)
        .attribute(REALM, &[b"b"])
        .integrity(&key)
        .attribute(USERNAME, &[b"mallory"])
        .finish();
    let message = Message::parse(&written).unwrap();
    assert!(message.verify(&key), "the length that counts is the one up to the integrity");
    assert_eq!((message.text(REALM), message.text(USERNAME)), (Some("b"), None));
}

#[test]
fn lengths_that_do_not_add_up_are_refused() {
    let whole = Writer::begin(Class::Request, BINDING, TRANSACTION).attribute(USERNAME, &[b"user"]).finish();
    assert!(Message::parse(&whole).is_ok());
    for cut in 0..whole.len() {
        assert!(Message::parse(&whole[..cut]).is_err(), "cut to {cut}");
    }
    let mut long = whole.clone();
    long[23] = 200;
    assert!(Message::parse(&long).is_err(), "an attribute longer than its message");
    let mut cookie = whole;
    cookie[4] ^= 1;
    assert!(Message::parse(&cookie).is_err());
}

#[test]
fn the_fuzz_corpus_is_read_without_a_panic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus/turn");
    let mut messages = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let stream = std::fs::read(entry.unwrap().path()).unwrap();
        for framing in [Framing::Length, Framing::Turn] {
            if let Ok(Some(length)) = framing.message_len(&stream) {
                messages += stream.get(..length).and_then(|message| Message::parse(message).ok()).iter().count();
            }
        }
    }
    assert_eq!(messages, 3, "the corpus' whole STUN messages");
}
