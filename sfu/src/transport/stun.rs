//! STUN as far as an ICE-lite agent needs it: read Binding requests, write their responses (RFC 8489, RFC 8445 §7.3).
//!
//! State: none. Anybody on the network may call [`parse`], so it allocates nothing, looks at each byte a bounded number
//! of times and refuses early; the HMAC is left to [`BindingRequest::verify`], once a peer claims the user name.
//! Must not: send requests (a lite agent never does), or know peers.

use std::net::{IpAddr, SocketAddr};

use aws_lc_rs::{constant_time, hmac};

/// Largest request looked at: an Ethernet frame's worth.
pub const MAX_REQUEST_LEN: usize = 1500;
/// Attributes looked at in one request; browsers send at most ten.
pub const MAX_ATTRIBUTES: usize = 24;
/// Length of the longest answer without credentials: header, an IPv6 address, FINGERPRINT.
pub const MAX_PLAIN_RESPONSE_LEN: usize = 20 + 24 + 8;
/// Room that every response fits into.
pub const MAX_RESPONSE_LEN: usize = 128;

const HEADER_LEN: usize = 20;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;

const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000A;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802A;
/// Defined by RFC 8489 §14, without meaning in a connectivity check: ignored rather than unknown.
const IGNORED: [u16; 9] = [0x0001, 0x0009, 0x000A, 0x0014, 0x0015, 0x001C, 0x001D, 0x001E, 0x0020];

const INTEGRITY_LEN: usize = 20;
/// RFC 8489 §14.7: CRC-32 is XORed with "STUN" so that it differs from other protocols' CRCs.
const FINGERPRINT_XOR: u32 = 0x5354_554E;

/// Whether the datagram is STUN, by RFC 7983 §7 and the magic cookie.
#[must_use]
pub fn is_stun(datagram: &[u8]) -> bool {
    matches!(datagram, [0..=3, _, _, _, cookie @ ..] if cookie.starts_with(&MAGIC_COOKIE))
}

/// Why a datagram is not a Binding request worth an answer. All of them are counted and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StunError {
    #[error("not STUN")]
    NotStun,
    #[error("longer than a datagram of ours may be")]
    TooLong,
    #[error("length field or attribute does not fit the datagram")]
    Malformed,
    #[error("STUN, but not a Binding request")]
    NotBindingRequest,
    #[error("more attributes than are looked at")]
    TooManyAttributes,
    #[error("FINGERPRINT is absent or wrong")]
    BadFingerprint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionId(pub [u8; 12]);

/// The role that the sender of a check believes to have (RFC 8445 §7.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IceRole {
    Controlling,
    Controlled,
}

/// A well-formed Binding request with a right FINGERPRINT. Nothing in it is authentic before [`BindingRequest::verify`].
#[derive(Clone, Copy)]
pub struct BindingRequest<'a> {
    message: &'a [u8],
    transaction: TransactionId,
    username: Option<&'a [u8]>,
    priority: Option<u32>,
    use_candidate: bool,
    role: Option<IceRole>,
    integrity: Option<Integrity>,
    /// First attribute that we would have to understand and do not (RFC 8489 §6.3.1).
    unknown_attribute: Option<u16>,
}

/// MESSAGE-INTEGRITY: where it starts in the message, and its value.
#[derive(Clone, Copy)]
struct Integrity {
    offset: usize,
    tag: [u8; INTEGRITY_LEN],
}

impl<'a> BindingRequest<'a> {
    #[must_use]
    pub fn transaction(&self) -> TransactionId {
        self.transaction
    }

    /// The part of USERNAME that names the receiver (RFC 8445 §7.2.2: `receiver:sender`): what demux looks up.
    #[must_use]
    pub fn local_ufrag(&self) -> Option<&'a str> {
        let username = std::str::from_utf8(self.username?).ok()?;
        username.split_once(':').map(|(local, _)| local)
    }

    #[must_use]
    pub fn priority(&self) -> Option<u32> {
        self.priority
    }

    #[must_use]
    pub fn use_candidate(&self) -> bool {
        self.use_candidate
    }

    #[must_use]
    pub fn role(&self) -> Option<IceRole> {
        self.role
    }

    #[must_use]
    pub fn unknown_attribute(&self) -> Option<u16> {
        self.unknown_attribute
    }

    #[must_use]
    pub fn has_integrity(&self) -> bool {
        self.integrity.is_some()
    }

    /// Whether MESSAGE-INTEGRITY was made with this password (RFC 8489 §14.5), in constant time.
    #[must_use]
    pub fn verify(&self, password: &Password) -> bool {
        let Some(Integrity { offset, tag }) = self.integrity else { return false };
        let Some(covered) = self.message.get(..offset) else { return false };
        password
            .integrity_of(covered)
            .is_some_and(|expected| constant_time::verify_slices_are_equal(&expected, &tag).is_ok())
    }
}

/// A short-term credential's password as an expanded key (RFC 8489 §9.1.1: the key is the password itself).
#[derive(Clone)]
pub struct Password(hmac::Key);

impl Password {
    #[must_use]
    pub fn new(password: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()))
    }

    /// HMAC-SHA1 of a message up to its MESSAGE-INTEGRITY attribute, with the length field that counts the attribute.
    fn integrity_of(&self, covered: &[u8]) -> Option<[u8; INTEGRITY_LEN]> {
        let (kind, rest) = covered.split_at_checked(2)?;
        let length = u16::try_from(covered.len() + 4 + INTEGRITY_LEN - HEADER_LEN).ok()?;
        let mut context = hmac::Context::with_key(&self.0);
        context.update(kind);
        context.update(&length.to_be_bytes());
        context.update(rest.get(2..)?);
        context.sign().as_ref().try_into().ok()
    }
}

/// Read a Binding request. O(length), no allocation, no cryptography but a CRC.
pub fn parse(datagram: &[u8]) -> Result<BindingRequest<'_>, StunError> {
    if datagram.len() > MAX_REQUEST_LEN {
        return Err(StunError::TooLong);
    }
    let (header, mut rest) = datagram.split_first_chunk::<HEADER_LEN>().ok_or(StunError::NotStun)?;
    let [t0, t1, l0, l1, c0, c1, c2, c3, transaction @ ..] = *header;
    if t0 > 3 || [c0, c1, c2, c3] != MAGIC_COOKIE {
        return Err(StunError::NotStun);
    }
    if usize::from(u16::from_be_bytes([l0, l1])) != rest.len() {
        return Err(StunError::Malformed);
    }
    if u16::from_be_bytes([t0, t1]) != BINDING_REQUEST {
        return Err(StunError::NotBindingRequest);
    }
    let mut request = BindingRequest {
        message: datagram,
        transaction: TransactionId(transaction),
        username: None,
        priority: None,
        use_candidate: false,
        role: None,
        integrity: None,
        unknown_attribute: None,
    };
    for _ in 0..MAX_ATTRIBUTES {
        let offset = datagram.len() - rest.len();
        let ([k0, k1, l0, l1], tail) = rest.split_first_chunk::<4>().ok_or(StunError::BadFingerprint)?;
        let (kind, length) = (u16::from_be_bytes([*k0, *k1]), usize::from(u16::from_be_bytes([*l0, *l1])));
        let value = tail.get(..length).ok_or(StunError::Malformed)?;
        rest = tail.get(length.next_multiple_of(4)..).ok_or(StunError::Malformed)?;
        if kind == FINGERPRINT {
            // RFC 8489 §14.7: the last attribute, over everything before it.
            let covered = datagram.get(..offset).unwrap_or_default();
            let right = rest.is_empty() && value == (crc32(covered) ^ FINGERPRINT_XOR).to_be_bytes();
            return if right { Ok(request) } else { Err(StunError::BadFingerprint) };
        }
        // RFC 8489 §14.5: what follows MESSAGE-INTEGRITY is not protected by it and does not count.
        if request.integrity.is_none() {
            request.take_attribute(kind, value, offset)?;
        }
    }
    Err(StunError::TooManyAttributes)
}

/// A Binding request without credentials, by which somebody asks whether datagrams pass (RFC 8489 §7.3.1). Looked at no further: it
/// gets an answer of [`MAX_PLAIN_RESPONSE_LEN`] at most and has to be as long, so that nobody is flooded through us.
#[must_use]
pub fn parse_plain(datagram: &[u8]) -> Option<TransactionId> {
    let (header, rest) = datagram.split_first_chunk::<HEADER_LEN>()?;
    let [t0, t1, l0, l1, c0, c1, c2, c3, transaction @ ..] = *header;
    let is_request = u16::from_be_bytes([t0, t1]) == BINDING_REQUEST && [c0, c1, c2, c3] == MAGIC_COOKIE;
    let is_whole = usize::from(u16::from_be_bytes([l0, l1])) == rest.len();
    let has_credentials = rest.starts_with(&USERNAME.to_be_bytes());
    let is_long = (MAX_PLAIN_RESPONSE_LEN..=MAX_REQUEST_LEN).contains(&datagram.len());
    (is_request && is_whole && is_long && !has_credentials).then_some(TransactionId(transaction))
}

/// Write the answer to [`parse_plain`]: XOR-MAPPED-ADDRESS, FINGERPRINT. `None` when `out` is too small.
#[must_use]
pub fn write_plain_success(out: &mut [u8], transaction: TransactionId, mapped: SocketAddr) -> Option<usize> {
    let mut response = Response::begin(out, BINDING_SUCCESS, transaction)?;
    response.xor_mapped_address(transaction, mapped)?;
    response.fingerprint()
}

impl<'a> BindingRequest<'a> {
    /// RFC 8489 §14: of an attribute that comes twice, the first counts.
    fn take_attribute(&mut self, kind: u16, value: &'a [u8], offset: usize) -> Result<(), StunError> {
        match kind {
            USERNAME => self.username = self.username.or(Some(value)),
            PRIORITY => self.priority = self.priority.or(Some(u32::from_be_bytes(fixed(value)?))),
            USE_CANDIDATE => self.use_candidate = true,
            ICE_CONTROLLED => {
                fixed::<8>(value)?;
                self.role = self.role.or(Some(IceRole::Controlled));
            }
            ICE_CONTROLLING => {
                fixed::<8>(value)?;
                self.role = self.role.or(Some(IceRole::Controlling));
            }
            MESSAGE_INTEGRITY => self.integrity = Some(Integrity { offset, tag: fixed(value)? }),
            _ if kind < 0x8000 && !IGNORED.contains(&kind) => {
                self.unknown_attribute = self.unknown_attribute.or(Some(kind));
            }
            _ => {}
        }
        Ok(())
    }
}

fn fixed<const N: usize>(value: &[u8]) -> Result<[u8; N], StunError> {
    value.try_into().map_err(|_| StunError::Malformed)
}

/// Error responses of an ICE-lite agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// 400: USERNAME without MESSAGE-INTEGRITY (RFC 8489 §9.1.3).
    BadRequest,
    /// 401: wrong password (RFC 8489 §9.1.3).
    Unauthenticated,
    /// 420: an attribute that must be understood is not (RFC 8489 §6.3.1).
    UnknownAttribute(u16),
    /// 487: both sides believe to be controlled (RFC 8445 §7.3.1.1).
    RoleConflict,
}

/// Write a success response: XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY, FINGERPRINT. `None` when `out` is too small.
#[must_use]
pub fn write_success(
    out: &mut [u8],
    transaction: TransactionId,
    mapped: SocketAddr,
    password: &Password,
) -> Option<usize> {
    let mut response = Response::begin(out, BINDING_SUCCESS, transaction)?;
    response.xor_mapped_address(transaction, mapped)?;
    response.integrity(password)?;
    response.fingerprint()
}

/// Write an error response. 400 and 401 go out without MESSAGE-INTEGRITY: there is no shared key (RFC 8489 §9.1.3).
/// It is never longer than the authenticated request it answers, so it cannot amplify.
#[must_use]
pub fn write_error(out: &mut [u8], transaction: TransactionId, error: ErrorCode, password: &Password) -> Option<usize> {
    let mut response = Response::begin(out, BINDING_ERROR, transaction)?;
    let (class, number, reason) = match error {
        ErrorCode::BadRequest => (4, 0, "Bad Request"),
        ErrorCode::Unauthenticated => (4, 1, "Unauthenticated"),
        ErrorCode::UnknownAttribute(_) => (4, 20, "Unknown Attribute"),
        ErrorCode::RoleConflict => (4, 87, "Role Conflict"),
    };
    response.attribute(ERROR_CODE, &[&[0, 0, class, number], reason.as_bytes()])?;
    if let ErrorCode::UnknownAttribute(kind) = error {
        response.attribute(UNKNOWN_ATTRIBUTES, &[&kind.to_be_bytes()])?;
    }
    if matches!(error, ErrorCode::UnknownAttribute(_) | ErrorCode::RoleConflict) {
        response.integrity(password)?;
    }
    response.fingerprint()
}

/// A message under construction in the caller's buffer.
struct Response<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl<'a> Response<'a> {
    fn begin(out: &'a mut [u8], kind: u16, transaction: TransactionId) -> Option<Self> {
        let mut response = Self { out, len: 0 };
        response.push(&kind.to_be_bytes())?;
        response.push(&[0, 0])?;
        response.push(&MAGIC_COOKIE)?;
        response.push(&transaction.0)?;
        Some(response)
    }

    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.len + bytes.len();
        self.out.get_mut(self.len..end)?.copy_from_slice(bytes);
        self.len = end;
        Some(())
    }

    fn attribute(&mut self, kind: u16, parts: &[&[u8]]) -> Option<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        self.push(&kind.to_be_bytes())?;
        self.push(&u16::try_from(length).ok()?.to_be_bytes())?;
        for part in parts {
            self.push(part)?;
        }
        self.push([0; 3].get(..length.next_multiple_of(4) - length)?)
    }

    /// The header's length field for a message that ends at `end`.
    fn set_length(&mut self, end: usize) -> Option<()> {
        let length = u16::try_from(end.checked_sub(HEADER_LEN)?).ok()?;
        self.out.get_mut(2..4)?.copy_from_slice(&length.to_be_bytes());
        Some(())
    }

    /// RFC 8489 §14.2: the address XORed with the cookie, an IPv6 one with the transaction too.
    fn xor_mapped_address(&mut self, transaction: TransactionId, mapped: SocketAddr) -> Option<()> {
        let [c0, c1, ..] = MAGIC_COOKIE;
        let [p0, p1] = mapped.port().to_be_bytes();
        let mut mask = MAGIC_COOKIE.iter().chain(&transaction.0);
        let port = [p0 ^ c0, p1 ^ c1];
        // A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d; the peer knows itself as IPv4.
        match mapped.ip().to_canonical() {
            IpAddr::V4(ip) => {
                let address = ip.octets().map(|byte| byte ^ mask.next().unwrap_or(&0));
                self.attribute(XOR_MAPPED_ADDRESS, &[&[0, 1], &port, &address])
            }
            IpAddr::V6(ip) => {
                let address = ip.octets().map(|byte| byte ^ mask.next().unwrap_or(&0));
                self.attribute(XOR_MAPPED_ADDRESS, &[&[0, 2], &port, &address])
            }
        }
    }

    fn integrity(&mut self, password: &Password) -> Option<()> {
        let tag = password.integrity_of(self.out.get(..self.len)?)?;
        self.attribute(MESSAGE_INTEGRITY, &[&tag])
    }

    /// Closes the message and returns its length.
    fn fingerprint(mut self) -> Option<usize> {
        self.set_length(self.len + 8)?;
        let crc = crc32(self.out.get(..self.len)?) ^ FINGERPRINT_XOR;
        self.attribute(FINGERPRINT, &[&crc.to_be_bytes()])?;
        Some(self.len)
    }
}

/// CRC-32 of ITU-T V.42, as FINGERPRINT wants (RFC 8489 §14.7).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        let [low, ..] = crc.to_le_bytes();
        let slot = CRC_TABLE.get(usize::from(low ^ byte)).copied().unwrap_or_default();
        (crc >> 8) ^ slot
    })
}

const CRC_TABLE: [u32; 256] = crc_table();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, where an index out of range is an error; `n` is under 256"
)]
const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let mut crc = n as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[n] = crc;
        n += 1;
    }
    table
}

#[cfg(test)]
#[path = "stun_tests.rs"]
pub(super) mod tests;
