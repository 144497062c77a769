//! Tests of `transport::stun`: RFC 5769's vectors, refusals, and datagrams that mean harm.

use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

/// RFC 5769 §2.1.
const RFC_REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae\
    802200105354554e207465737420636c69656e74\
    002400046e0001ff80290008932ff9b151263b36\
    000600096576746a3a6836765920202000080014\
    9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";
const RFC_PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";
const TRANSACTION: TransactionId = TransactionId([7; 12]);

/// A check as a browser makes it, for tests to bend.
pub(in crate::transport) struct Check<'a> {
    pub(in crate::transport) username: &'a str,
    pub(in crate::transport) password: Option<&'a str>,
    pub(in crate::transport) use_candidate: bool,
    pub(in crate::transport) role: u16,
    pub(in crate::transport) extra: Option<u16>,
}

impl<'a> Check<'a> {
    pub(in crate::transport) fn new(username: &'a str, password: &'a str) -> Self {
        Self { username, password: Some(password), use_candidate: false, role: ICE_CONTROLLING, extra: None }
    }

    pub(in crate::transport) fn controlled(self) -> Self {
        Self { role: ICE_CONTROLLED, ..self }
    }

    pub(in crate::transport) fn bytes(&self) -> Vec<u8> {
        let mut out = vec![0; 512];
        let mut message = Response::begin(&mut out, BINDING_REQUEST, TRANSACTION).unwrap();
        message.attribute(USERNAME, &[self.username.as_bytes()]).unwrap();
        message.attribute(0xC057, &[&[0, 1, 0, 10]]).unwrap();
        message.attribute(self.role, &[&[9; 8]]).unwrap();
        if self.use_candidate {
            message.attribute(USE_CANDIDATE, &[]).unwrap();
        }
        if let Some(kind) = self.extra {
            message.attribute(kind, &[b"?"]).unwrap();
        }
        message.attribute(PRIORITY, &[&7_u32.to_be_bytes()]).unwrap();
        if let Some(password) = self.password {
            message.integrity(&Password::new(password)).unwrap();
        }
        let length = message.fingerprint().unwrap();
        out.truncate(length);
        out
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Response kind, and error number when it is one.
pub(in crate::transport) fn read_response(response: &[u8]) -> (u16, Option<u16>) {
    let kind = u16::from_be_bytes([response[0], response[1]]);
    let error = (kind == BINDING_ERROR).then(|| u16::from(response[26]) * 100 + u16::from(response[27]));
    (kind, error)
}

fn has_integrity(response: &[u8], password: &str) -> bool {
    let at = response.len() - 8 - 24;
    let tag = Password::new(password).integrity_of(&response[..at]).unwrap();
    response[at..at + 4] == [0, 8, 0, 20] && response[at + 4..at + 24] == tag
}

#[test]
fn the_request_of_rfc_5769_is_read_and_verified() {
    let bytes = hex(RFC_REQUEST);
    let request = parse(&bytes).unwrap();
    assert!(is_stun(&bytes));
    assert_eq!(request.local_ufrag(), Some("evtj"));
    assert_eq!(request.priority(), Some(0x6E00_01FF));
    assert_eq!(request.role(), Some(IceRole::Controlled));
    assert!(!request.use_candidate());
    assert!(request.verify(&Password::new(RFC_PASSWORD)));
    assert!(!request.verify(&Password::new("VOkJxbRl1RmTxUk/WvJxBu")));
}

#[test]
fn mapped_addresses_are_those_of_rfc_5769() {
    let transaction = parse(&hex(RFC_REQUEST)).unwrap().transaction();
    let mut out = [0; MAX_RESPONSE_LEN];
    let password = Password::new(RFC_PASSWORD);
    write_success(&mut out, transaction, "192.0.2.1:32853".parse().unwrap(), &password).unwrap();
    assert_eq!(out[20..32], hex("002000080001a147e112a643"));
    write_success(&mut out, transaction, "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap(), &password)
        .unwrap();
    assert_eq!(out[20..44], hex("002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"));
}

#[test]
fn an_ipv4_peer_of_a_dual_stack_socket_is_told_its_ipv4_address() {
    let mut out = [0; MAX_RESPONSE_LEN];
    let password = Password::new("p");
    let length = write_success(&mut out, TRANSACTION, "[::ffff:192.0.2.1]:5".parse().unwrap(), &password).unwrap();
    assert_eq!((out[25], length), (1, 64));
}

#[test]
fn a_success_response_is_authenticated_and_fits() {
    let mut out = [0; MAX_RESPONSE_LEN];
    let password = Password::new("secret");
    let length = write_success(&mut out, TRANSACTION, "[2001:db8::1]:5".parse().unwrap(), &password).unwrap();
    assert_eq!(read_response(&out[..length]), (BINDING_SUCCESS, None));
    assert!(has_integrity(&out[..length], "secret"));
    assert_eq!(out[length - 4..length], (crc32(&out[..length - 8]) ^ FINGERPRINT_XOR).to_be_bytes());
    assert_eq!(write_success(&mut out[..50], TRANSACTION, "192.0.2.1:5".parse().unwrap(), &password), None);
}

#[test]
fn error_responses_are_shorter_than_the_request_and_signed_only_when_the_password_is_shared() {
    let password = Password::new("secret");
    for (error, number, signed) in [
        (ErrorCode::BadRequest, 400, false),
        (ErrorCode::Unauthenticated, 401, false),
        (ErrorCode::UnknownAttribute(0x7777), 420, true),
        (ErrorCode::RoleConflict, 487, true),
    ] {
        let mut out = [0; MAX_RESPONSE_LEN];
        let length = write_error(&mut out, TRANSACTION, error, &password).unwrap();
        assert_eq!(read_response(&out[..length]), (BINDING_ERROR, Some(number)));
        assert_eq!(has_integrity(&out[..length], "secret"), signed);
        let mut check = Check::new("abcdefgh:wxyz", "secret");
        check.extra = matches!(error, ErrorCode::UnknownAttribute(_)).then_some(0x7777);
        assert!(length <= check.bytes().len(), "{error:?}: {length}");
    }
}

#[test]
fn a_request_whose_fingerprint_is_wrong_absent_or_not_last_is_refused() {
    let mut wrong = hex(RFC_REQUEST);
    wrong[30] ^= 1;
    assert_eq!(parse(&wrong).err(), Some(StunError::BadFingerprint));
    let mut absent = hex(RFC_REQUEST);
    absent.truncate(absent.len() - 8);
    absent[3] -= 8;
    assert_eq!(parse(&absent).err(), Some(StunError::BadFingerprint));
    let mut early = hex(RFC_REQUEST);
    early.extend([0, 0x25, 0, 0]);
    early[3] += 4;
    assert_eq!(parse(&early).err(), Some(StunError::BadFingerprint));
}

/// A Binding request with nothing but a text of `len` bytes.
fn plain(len: usize) -> Vec<u8> {
    let mut request = vec![0, 1];
    request.extend(u16::try_from(len + 4).unwrap().to_be_bytes());
    request.extend(MAGIC_COOKIE);
    request.extend(TRANSACTION.0);
    request.extend([0x80, 0x22]);
    request.extend(u16::try_from(len).unwrap().to_be_bytes());
    request.extend(vec![b'x'; len]);
    request
}

#[test]
fn a_request_without_credentials_is_answered_with_no_more_than_it_brought() {
    let mut out = [0; MAX_RESPONSE_LEN];
    let longest = write_plain_success(&mut out, TRANSACTION, "[2001:db8::1]:5".parse().unwrap()).unwrap();
    assert_eq!((longest, read_response(&out[..longest])), (MAX_PLAIN_RESPONSE_LEN, (BINDING_SUCCESS, None)));
    assert_eq!(parse_plain(&plain(MAX_PLAIN_RESPONSE_LEN - 24)), Some(TRANSACTION));
    assert_eq!(parse_plain(&plain(MAX_PLAIN_RESPONSE_LEN - 28)), None, "shorter than the answer");
    assert_eq!(parse_plain(&plain(MAX_REQUEST_LEN)), None);
    assert_eq!(parse_plain(&Check::new("a:b", "secret").bytes()), None, "credentials are for a peer");
    for index in 0..20 {
        let mut request = plain(40);
        request[index] ^= 0xff;
        assert_eq!(parse_plain(&request).is_some(), index >= 8, "byte {index}");
    }
}

#[test]
fn what_follows_message_integrity_does_not_count() {
    let mut out = vec![0; 256];
    let mut message = Response::begin(&mut out, BINDING_REQUEST, TRANSACTION).unwrap();
    message.attribute(USERNAME, &[b"a:b"]).unwrap();
    message.integrity(&Password::new("p")).unwrap();
    message.attribute(USE_CANDIDATE, &[]).unwrap();
    message.attribute(0x7777, &[]).unwrap();
    let length = message.fingerprint().unwrap();
    let request = parse(&out[..length]).unwrap();
    assert!(!request.use_candidate());
    assert_eq!(request.unknown_attribute(), None);
}

#[test]
fn only_binding_requests_of_bounded_size_are_looked_at() {
    let mut indication = hex(RFC_REQUEST);
    indication[1] = 0x11;
    assert_eq!(parse(&indication).err(), Some(StunError::NotBindingRequest));
    assert_eq!(parse(&[0; 19]).err(), Some(StunError::NotStun));
    assert_eq!(parse(&vec![0; MAX_REQUEST_LEN + 1]).err(), Some(StunError::TooLong));
    let mut out = vec![0; 512];
    let mut message = Response::begin(&mut out, BINDING_REQUEST, TRANSACTION).unwrap();
    for _ in 0..MAX_ATTRIBUTES {
        message.attribute(0xC001, &[]).unwrap();
    }
    let length = message.fingerprint().unwrap();
    assert_eq!(parse(&out[..length]).err(), Some(StunError::TooManyAttributes));
}

#[test]
fn no_mutation_of_a_request_panics_or_passes_verification() {
    let seed = 0x5EED;
    let mut rng = StdRng::seed_from_u64(seed);
    let password = Password::new(RFC_PASSWORD);
    let original = hex(RFC_REQUEST);
    let authentic = original.len() - 8;
    for round in 0..200_000 {
        let mut bytes = original.clone();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..bytes.len());
            bytes[at] = rng.random();
        }
        bytes.truncate(rng.random_range(bytes.len() / 2..=bytes.len()));
        // Half of the mutants get a right length and CRC, so that they come past the first gate.
        if round % 2 == 0 && bytes.len() > 28 {
            bytes.truncate(bytes.len() / 4 * 4);
            let end = bytes.len() - 8;
            let length = u16::try_from(bytes.len() - HEADER_LEN).unwrap();
            bytes[2..4].copy_from_slice(&length.to_be_bytes());
            let crc = crc32(&bytes[..end]) ^ FINGERPRINT_XOR;
            bytes[end..end + 4].copy_from_slice(&[0x80, 0x28, 0, 4]);
            bytes[end + 4..].copy_from_slice(&crc.to_be_bytes());
        }
        if let Ok(request) = parse(&bytes)
            && request.verify(&password)
        {
            assert_eq!(bytes[..authentic], original[..authentic], "seed {seed}, round {round}");
        }
    }
}

#[test]
fn the_corpus_does_not_panic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus/stun");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        if let Ok(request) = parse(&bytes) {
            let _ = request.verify(&Password::new(RFC_PASSWORD));
        }
        files += 1;
    }
    assert!(files > 0);
}
