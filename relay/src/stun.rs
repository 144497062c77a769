//! STUN messages as a TURN server reads and writes them (RFC 8489), and whoever asks one for an address.
//!
//! State: none. Anybody on the network may call [`Message::parse`]: it allocates nothing and looks at each byte a bounded number of times.
//! Knows attributes and integrity; what methods mean is `turn`'s. The shard has a reader of its own that knows connectivity checks alone
//! (ADR 0006).

use aws_lc_rs::{constant_time, hmac};
use md5::{Digest as _, Md5};
use std::net::{IpAddr, SocketAddr};

pub const HEADER_LEN: usize = 20;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const INTEGRITY_LEN: usize = 20;

pub const BINDING: u16 = 0x001;

pub(crate) const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
pub(crate) const ERROR_CODE: u16 = 0x0009;
pub(crate) const UNKNOWN_ATTRIBUTES: u16 = 0x000A;
pub(crate) const REALM: u16 = 0x0014;
pub(crate) const NONCE: u16 = 0x0015;
pub const XOR_MAPPED_ADDRESS: u16 = 0x0020;

const FAMILY_V4: u8 = 1;
const FAMILY_V6: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Request,
    Indication,
    Success,
    Error,
}

impl Class {
    /// C1 and C0 of the message type (RFC 8489 §5).
    const fn bits(self) -> u16 {
        match self {
            Self::Request => 0x000,
            Self::Indication => 0x010,
            Self::Success => 0x100,
            Self::Error => 0x110,
        }
    }
}

pub type TransactionId = [u8; 12];

/// A message whose lengths add up. Nothing in it is authentic before [`Message::verify`].
#[derive(Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    pub class: Class,
    pub method: u16,
    pub transaction: TransactionId,
}

/// Lengths or cookie are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl<'a> Message<'a> {
    /// # Errors
    /// The bytes are not exactly one message.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (header, body) = bytes.split_first_chunk::<HEADER_LEN>().ok_or(Malformed)?;
        let [t0, t1, l0, l1, c0, c1, c2, c3, transaction @ ..] = *header;
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        if t0 > 0x3F || [c0, c1, c2, c3] != MAGIC_COOKIE || length != body.len() || !length.is_multiple_of(4) {
            return Err(Malformed);
        }
        let kind = u16::from_be_bytes([t0, t1]);
        let class = match kind & 0x110 {
            0x000 => Class::Request,
            0x010 => Class::Indication,
            0x100 => Class::Success,
            _ => Class::Error,
        };
        // The method's twelve bits lie around the two of the class (RFC 8489 §5).
        let method = (kind & 0x000F) | ((kind & 0x00E0) >> 1) | ((kind & 0x3E00) >> 2);
        let message = Self { bytes, class, method, transaction };
        let mut attributes = message.attributes();
        attributes.by_ref().for_each(drop);
        if attributes.rest.is_empty() { Ok(message) } else { Err(Malformed) }
    }

    pub(crate) fn attributes(&self) -> Attributes<'a> {
        Attributes { rest: self.bytes.get(HEADER_LEN..).unwrap_or_default() }
    }

    /// The first of its kind (RFC 8489 §14). What follows MESSAGE-INTEGRITY is not protected by it and does not count.
    pub(crate) fn attribute(&self, kind: u16) -> Option<&'a [u8]> {
        let mut counted = self.attributes().take_while(|(kind, _)| *kind != MESSAGE_INTEGRITY);
        counted.find_map(|(candidate, value)| (candidate == kind).then_some(value))
    }

    pub(crate) fn text(&self, kind: u16) -> Option<&'a str> {
        std::str::from_utf8(self.attribute(kind)?).ok()
    }

    /// The part of a connectivity check's USERNAME that names the receiver (RFC 8445 §7.2.2: `receiver:sender`).
    pub(crate) fn local_ufrag(&self) -> Option<&'a str> {
        let is_check = self.class == Class::Request && self.method == BINDING;
        is_check.then(|| self.text(USERNAME)?.split_once(':').map(|(local, _)| local)).flatten()
    }

    /// Of an attribute that is XORed (RFC 8489 §14.2).
    #[must_use]
    pub fn address(&self, kind: u16) -> Option<SocketAddr> {
        decode_address(self.attribute(kind)?, &self.transaction)
    }

    pub(crate) fn addresses(&self, kind: u16) -> impl Iterator<Item = Option<SocketAddr>> {
        let transaction = self.transaction;
        let counted = self.attributes().take_while(|(kind, _)| *kind != MESSAGE_INTEGRITY);
        counted
            .filter(move |(candidate, _)| *candidate == kind)
            .map(move |(_, value)| decode_address(value, &transaction))
    }

    pub(crate) fn has_integrity(&self) -> bool {
        self.attributes().any(|(kind, _)| kind == MESSAGE_INTEGRITY)
    }

    /// The first attribute that a receiver must understand (RFC 8489 §14: below 0x8000) and that is not among `understood`.
    pub(crate) fn unknown_attribute(&self, understood: &[u16]) -> Option<u16> {
        const ALWAYS: [u16; 4] = [USERNAME, MESSAGE_INTEGRITY, REALM, NONCE];
        let mut kinds = self.attributes().map(|(kind, _)| kind);
        kinds.find(|kind| *kind < 0x8000 && !ALWAYS.contains(kind) && !understood.contains(kind))
    }

    /// Whether MESSAGE-INTEGRITY was made with this key (RFC 8489 §14.5), in constant time.
    pub(crate) fn verify(&self, key: &Key) -> bool {
        let body = self.bytes.len() - HEADER_LEN;
        let mut attributes = self.attributes();
        let mut left = body;
        while let Some((kind, value)) = attributes.next() {
            if kind == MESSAGE_INTEGRITY {
                let covered = self.bytes.get(..HEADER_LEN + body - left).unwrap_or_default();
                let expected = key.integrity_of(covered);
                return expected.is_some_and(|tag| constant_time::verify_slices_are_equal(&tag, value).is_ok());
            }
            left = attributes.rest.len();
        }
        false
    }
}

/// Attributes in order; ends before one that does not fit.
pub(crate) struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let ([k0, k1, l0, l1], tail) = self.rest.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        let value = tail.get(..length)?;
        self.rest = tail.get(length.next_multiple_of(4)..)?;
        Some((u16::from_be_bytes([*k0, *k1]), value))
    }
}

/// The address XORed with the cookie, an IPv6 one with the transaction too (RFC 8489 §14.2).
fn decode_address(value: &[u8], transaction: &TransactionId) -> Option<SocketAddr> {
    let ([_, family, p0, p1], masked) = value.split_first_chunk::<4>()?;
    let [c0, c1, ..] = MAGIC_COOKIE;
    let port = u16::from_be_bytes([p0 ^ c0, p1 ^ c1]);
    let ip = match *family {
        FAMILY_V4 => IpAddr::from(unmask::<4>(masked, transaction)?),
        FAMILY_V6 => IpAddr::from(unmask::<16>(masked, transaction)?),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

fn unmask<const N: usize>(masked: &[u8], transaction: &TransactionId) -> Option<[u8; N]> {
    let mut bytes: [u8; N] = masked.try_into().ok()?;
    for (byte, mask) in bytes.iter_mut().zip(MAGIC_COOKIE.iter().chain(transaction)) {
        *byte ^= mask;
    }
    Some(bytes)
}

/// The key of a long-term credential (RFC 8489 §9.2.2), which browsers know with MD5 and SHA-1 alone. MD5 is no more here than a way to
/// spell the password; forging the HMAC stays as hard as SHA-1's.
#[derive(Clone)]
pub(crate) struct Key(hmac::Key);

impl Key {
    pub(crate) fn long_term(username: &str, realm: &str, password: &str) -> Self {
        let digest = Md5::digest(format!("{username}:{realm}:{password}"));
        Self(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &digest))
    }

    /// HMAC of a message up to its MESSAGE-INTEGRITY attribute, with the length field that counts the attribute.
    fn integrity_of(&self, covered: &[u8]) -> Option<[u8; INTEGRITY_LEN]> {
        let (kind, rest) = covered.split_at_checked(2)?;
        let length = u16::try_from((covered.len() + 4 + INTEGRITY_LEN).checked_sub(HEADER_LEN)?).ok()?;
        let mut context = hmac::Context::with_key(&self.0);
        context.update(kind);
        context.update(&length.to_be_bytes());
        context.update(rest.get(2..)?);
        context.sign().as_ref().try_into().ok()
    }
}

/// A message under construction.
pub struct Writer {
    bytes: Vec<u8>,
    transaction: TransactionId,
}

impl Writer {
    #[must_use]
    pub fn begin(class: Class, method: u16, transaction: TransactionId) -> Self {
        let kind = (method & 0x000F) | ((method & 0x0070) << 1) | ((method & 0x0F80) << 2) | class.bits();
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&MAGIC_COOKIE);
        bytes.extend_from_slice(&transaction);
        Self { bytes, transaction }
    }

    /// `parts` one after the other, padded.
    #[must_use]
    pub fn attribute(mut self, kind: u16, parts: &[&[u8]]) -> Self {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        self.bytes.extend_from_slice(&kind.to_be_bytes());
        // Every value is ours or a datagram's, hence shorter than 64 KiB.
        self.bytes.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    pub(crate) fn address(self, kind: u16, address: SocketAddr) -> Self {
        let [c0, c1, ..] = MAGIC_COOKIE;
        let [p0, p1] = address.port().to_be_bytes();
        let port = [p0 ^ c0, p1 ^ c1];
        let transaction = self.transaction;
        match address.ip() {
            IpAddr::V4(ip) => {
                let masked = unmask::<4>(&ip.octets(), &transaction).unwrap_or_default();
                self.attribute(kind, &[&[0, FAMILY_V4], &port, &masked])
            }
            IpAddr::V6(ip) => {
                let masked = unmask::<16>(&ip.octets(), &transaction).unwrap_or_default();
                self.attribute(kind, &[&[0, FAMILY_V6], &port, &masked])
            }
        }
    }

    pub(crate) fn integrity(self, key: &Key) -> Self {
        let tag = key.integrity_of(&self.bytes).unwrap_or_default();
        self.attribute(MESSAGE_INTEGRITY, &[&tag])
    }

    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let length = u16::try_from(self.bytes.len() - HEADER_LEN).unwrap_or(u16::MAX);
        if let Some(field) = self.bytes.get_mut(2..4) {
            field.copy_from_slice(&length.to_be_bytes());
        }
        self.bytes
    }
}

#[cfg(test)]
#[path = "stun_tests.rs"]
mod tests;
