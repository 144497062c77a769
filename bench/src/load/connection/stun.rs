//! Connectivity checks (RFC 8489, RFC 8445): requests of a controlling agent, and answers to those of a server that checks too.
//!
//! Pure: bytes in, bytes out. Integrity is checked both ways, so that a stray answer completes nothing.

use aws_lc_rs::hmac;
use std::net::{IpAddr, SocketAddr};

const COOKIE: u32 = 0x2112_a442;
const REQUEST: u16 = 0x0001;
const SUCCESS: u16 = 0x0101;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLING: u16 = 0x802a;
const INTEGRITY_LEN: usize = 24;

/// What a datagram that begins with 0..=3 is (RFC 7983 §7).
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Check {
    Request { transaction: [u8; 12] },
    Success { transaction: [u8; 12] },
}

/// A request to `remote`, keyed by its password.
#[must_use]
pub(crate) fn request(transaction: [u8; 12], local_ufrag: &str, remote_ufrag: &str, remote_pwd: &str) -> Vec<u8> {
    let mut message = Message::new(REQUEST, transaction);
    message.attribute(USERNAME, format!("{remote_ufrag}:{local_ufrag}").as_bytes());
    message.attribute(PRIORITY, &1_845_501_695_u32.to_be_bytes());
    message.attribute(ICE_CONTROLLING, &[1, 2, 3, 4, 5, 6, 7, 8]);
    message.attribute(USE_CANDIDATE, &[]);
    message.finish(remote_pwd)
}

/// The answer to a request from `from`, keyed by our password.
#[must_use]
pub(crate) fn success(transaction: [u8; 12], from: SocketAddr, local_pwd: &str) -> Vec<u8> {
    let mut message = Message::new(SUCCESS, transaction);
    if let IpAddr::V4(address) = from.ip() {
        let [high, low] = (from.port() ^ 0x2112).to_be_bytes();
        let [a, b, c, d] = (u32::from(address) ^ COOKIE).to_be_bytes();
        message.attribute(XOR_MAPPED_ADDRESS, &[0, 1, high, low, a, b, c, d]);
    }
    message.finish(local_pwd)
}

/// `None`: not STUN, or not by somebody who knows the password. Requests are keyed by our password, answers by theirs.
#[must_use]
pub(crate) fn read(datagram: &[u8], local_pwd: &str, remote_pwd: &str) -> Option<Check> {
    let (header, mut attributes) = datagram.split_first_chunk::<20>()?;
    let [kind_high, kind_low, _, _, a, b, c, d, transaction @ ..] = *header;
    if u32::from_be_bytes([a, b, c, d]) != COOKIE {
        return None;
    }
    let (check, pwd) = match u16::from_be_bytes([kind_high, kind_low]) {
        REQUEST => (Check::Request { transaction }, local_pwd),
        SUCCESS => (Check::Success { transaction }, remote_pwd),
        _ => return None,
    };
    while let Some(([kind_high, kind_low, high, low], rest)) = attributes.split_first_chunk::<4>() {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if u16::from_be_bytes([*kind_high, *kind_low]) == MESSAGE_INTEGRITY {
            let covered = datagram.len() - attributes.len();
            let mut signed = datagram.get(..covered)?.to_vec();
            set_length(&mut signed, covered + INTEGRITY_LEN);
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, pwd.as_bytes());
            return hmac::verify(&key, &signed, rest.get(..length)?).ok().map(|()| check);
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

struct Message(Vec<u8>);

impl Message {
    fn new(kind: u16, transaction: [u8; 12]) -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&COOKIE.to_be_bytes());
        bytes.extend_from_slice(&transaction);
        Self(bytes)
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        let length = u16::try_from(value.len()).unwrap_or_default();
        self.0.extend_from_slice(&kind.to_be_bytes());
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    /// MESSAGE-INTEGRITY and FINGERPRINT, each over a length that ends with itself (RFC 8489 §14.5, §14.7).
    fn finish(mut self, pwd: &str) -> Vec<u8> {
        let length = self.0.len();
        set_length(&mut self.0, length + INTEGRITY_LEN);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, pwd.as_bytes());
        let tag = hmac::sign(&key, &self.0);
        self.attribute(MESSAGE_INTEGRITY, tag.as_ref());
        let length = self.0.len();
        set_length(&mut self.0, length + 8);
        let checksum = crc32(&self.0) ^ 0x5354_554e;
        self.attribute(FINGERPRINT, &checksum.to_be_bytes());
        self.0
    }
}

/// The header's length counts what follows the header, up to `end`.
fn set_length(message: &mut [u8], end: usize) {
    let length = u16::try_from(end.saturating_sub(20)).unwrap_or_default();
    if let Some(field) = message.get_mut(2..4) {
        field.copy_from_slice(&length.to_be_bytes());
    }
}

/// ISO 3309, a bit at a time: twice a connection and every few seconds.
fn crc32(bytes: &[u8]) -> u32 {
    let fold = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1)))
    };
    !bytes.iter().fold(!0, fold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtc::stun::integrity::MessageIntegrity;
    use rtc::stun::message::Message as Other;

    const TRANSACTION: [u8; 12] = [7; 12];

    #[test]
    fn another_implementation_believes_our_requests() {
        let bytes = request(TRANSACTION, "ours", "their", "a password of theirs..");
        let mut message = Other::new();
        message.unmarshal_binary(&bytes).unwrap();
        let provider = rtc::crypto::default_provider().unwrap();
        MessageIntegrity::check(&mut message, b"a password of theirs..", provider.crypto()).unwrap();
        rtc::stun::fingerprint::FingerprintAttr.check(&message).unwrap();
    }

    #[test]
    fn an_answer_is_believed_by_its_password_alone() {
        let bytes = success(TRANSACTION, "10.77.0.1:5000".parse().unwrap(), "right");
        assert_eq!(read(&bytes, "ours", "right"), Some(Check::Success { transaction: TRANSACTION }));
        assert_eq!(read(&bytes, "ours", "wrong"), None);
    }

    #[test]
    fn crc_32_of_the_check_string_is_the_known_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
