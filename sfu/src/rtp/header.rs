//! The RTP header (RFC 3550 §5.1) and its extensions (RFC 8285): read from a received packet, written for a sent one.
//!
//! Holds no state. It reads a packet before it is authentic, so nothing it returns may be acted upon until SRTP has opened
//! the packet; padding and payload can be read only after that.

use crate::description::ExtensionIds;
use crate::ids::{Mid, PayloadType, Rid, RtpTimestamp, SeqNo, Ssrc};
use std::ops::Range;

/// The fixed part without CSRCs and extensions.
pub const FIXED_LEN: usize = 12;
/// The longest header that [`write_header`] makes.
pub const MAX_WRITTEN_LEN: usize = FIXED_LEN + 4 + 8;

const VERSION: u8 = 2 << 6;
const PADDING: u8 = 1 << 5;
const EXTENSION: u8 = 1 << 4;
const MARKER: u8 = 1 << 7;
/// RFC 8285 §4.2
const ONE_BYTE_PROFILE: u16 = 0xbede;
/// RFC 8285 §4.3: the low four bits are the application's.
const TWO_BYTE_PROFILE: u16 = 0x1000;

/// A received packet's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpHeader {
    pub payload_type: PayloadType,
    pub marker: bool,
    pub sequence: SeqNo,
    pub timestamp: RtpTimestamp,
    pub ssrc: Ssrc,
    /// Bytes before the payload: fixed part, CSRCs and extensions. SRTP leaves just these in the clear.
    pub len: usize,
    has_padding: bool,
    extension_profile: u16,
    extensions: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    #[error("packet ends inside its header")]
    Truncated,
    #[error("RTP version is not 2")]
    Version,
    #[error("padding count is zero or exceeds the payload")]
    Padding,
    #[error("buffer cannot hold the header")]
    NoRoom,
}

impl RtpHeader {
    /// Of a packet that is not looked at otherwise.
    pub(crate) fn ssrc_of(packet: &[u8]) -> Option<Ssrc> {
        let &[.., a, b, c, d] = packet.first_chunk::<FIXED_LEN>()?;
        Some(Ssrc(u32::from_be_bytes([a, b, c, d])))
    }

    pub fn parse(packet: &[u8]) -> Result<Self, RtpError> {
        let fixed: &[u8; FIXED_LEN] = packet.first_chunk().ok_or(RtpError::Truncated)?;
        let &[first, second, seq_0, seq_1, time_0, time_1, time_2, time_3, ssrc_0, ssrc_1, ssrc_2, ssrc_3] = fixed;
        if first & 0xc0 != VERSION {
            return Err(RtpError::Version);
        }
        let csrcs_end = FIXED_LEN + 4 * usize::from(first & 0x0f);
        let (extension_profile, extensions) = if first & EXTENSION == 0 {
            (0, csrcs_end..csrcs_end)
        } else {
            let prefix = packet.get(csrcs_end..).and_then(<[u8]>::first_chunk).ok_or(RtpError::Truncated)?;
            let &[profile_0, profile_1, words_0, words_1] = prefix;
            let start = csrcs_end + 4;
            let words = usize::from(u16::from_be_bytes([words_0, words_1]));
            (u16::from_be_bytes([profile_0, profile_1]), start..start + 4 * words)
        };
        if extensions.end > packet.len() {
            return Err(RtpError::Truncated);
        }
        Ok(Self {
            payload_type: PayloadType(second & !MARKER),
            marker: second & MARKER != 0,
            sequence: SeqNo(u16::from_be_bytes([seq_0, seq_1])),
            timestamp: RtpTimestamp(u32::from_be_bytes([time_0, time_1, time_2, time_3])),
            ssrc: Ssrc(u32::from_be_bytes([ssrc_0, ssrc_1, ssrc_2, ssrc_3])),
            len: extensions.end,
            has_padding: first & PADDING != 0,
            extension_profile,
            extensions,
        })
    }

    /// Where the payload of an opened packet lies, its padding cut off (RFC 3550 §5.1). Empty for a padding-only probe.
    pub fn payload(&self, packet: &[u8]) -> Result<Range<usize>, RtpError> {
        if packet.len() < self.len {
            return Err(RtpError::Truncated);
        }
        let padding = match packet.last() {
            Some(0) if self.has_padding => return Err(RtpError::Padding),
            Some(count) if self.has_padding => usize::from(*count),
            _ => 0,
        };
        let end = packet.len().checked_sub(padding).filter(|end| *end >= self.len).ok_or(RtpError::Padding)?;
        Ok(self.len..end)
    }

    /// The negotiated extensions, in one pass. Elements of unknown id or impossible length are skipped, as RFC 8285 §4.1.2
    /// asks; a block that ends early gives what came before.
    #[inline]
    #[must_use]
    pub fn extensions(&self, packet: &[u8], ids: &ExtensionIds) -> Extensions {
        let mut found = Extensions::default();
        let block = packet.get(self.extensions.clone()).unwrap_or_default();
        let elements = Elements { rest: block, form: Form::of(self.extension_profile) };
        for (id, value) in elements {
            found.take(Some(id), value, ids);
        }
        found
    }
}

/// What the negotiated header extensions said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    pub mid: Option<Mid>,
    pub rid: Option<Rid>,
    pub repaired_rid: Option<Rid>,
    pub audio_level: Option<AudioLevel>,
    /// Transport-wide sequence number.
    pub transport_cc: Option<u16>,
}

/// RFC 6464 §3
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// Below overload: 0 is the loudest, 127 is silence (−dBov).
    pub level: u8,
    pub voice: bool,
}

impl Extensions {
    fn take(&mut self, id: Option<u8>, value: &[u8], ids: &ExtensionIds) {
        if id == ids.transport_cc {
            self.transport_cc = value.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
        } else if id == ids.audio_level {
            self.audio_level = value.first().map(|byte| AudioLevel { level: byte & 0x7f, voice: byte & 0x80 != 0 });
        } else if id == ids.mid {
            self.mid = Mid::from_bytes(value);
        } else if id == ids.rid {
            self.rid = Rid::from_bytes(value);
        } else if id == ids.repaired_rid {
            self.repaired_rid = Rid::from_bytes(value);
        }
    }
}

#[derive(Clone, Copy)]
enum Form {
    OneByte,
    TwoByte,
    Unknown,
}

impl Form {
    fn of(profile: u16) -> Self {
        match profile {
            ONE_BYTE_PROFILE => Self::OneByte,
            other if other & 0xfff0 == TWO_BYTE_PROFILE => Self::TwoByte,
            _ => Self::Unknown,
        }
    }
}

/// The elements of an extension block: id and value.
struct Elements<'a> {
    rest: &'a [u8],
    form: Form,
}

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        // Bytes of zero between elements are padding in both forms (RFC 8285 §4.1.1).
        while let [0, rest @ ..] = self.rest {
            self.rest = rest;
        }
        let (id, len, rest) = match (self.form, self.rest) {
            (Form::OneByte, [head, rest @ ..]) => (head >> 4, usize::from(head & 0x0f) + 1, rest),
            (Form::TwoByte, [id, len, rest @ ..]) => (*id, usize::from(*len), rest),
            _ => return None,
        };
        // RFC 8285 §4.2: id 15, and id 0 that claims a length, end the one-byte form.
        if matches!(self.form, Form::OneByte) && matches!(id, 0 | 15) {
            return None;
        }
        let (value, rest) = rest.split_at_checked(len)?;
        self.rest = rest;
        Some((id, value))
    }
}

/// A header to send: no CSRCs, extensions in the one-byte form.
#[derive(Clone, Copy, Debug)]
pub struct OutgoingHeader {
    /// The payload is followed by padding, whose last byte counts it.
    pub has_padding: bool,
    pub payload_type: PayloadType,
    pub marker: bool,
    pub sequence: SeqNo,
    pub timestamp: RtpTimestamp,
    pub ssrc: Ssrc,
    pub extensions: OutgoingExtensions,
}

/// Extensions to send, each with its negotiated id (1..=14).
#[derive(Clone, Copy, Debug, Default)]
pub struct OutgoingExtensions {
    pub audio_level: Option<(u8, AudioLevel)>,
    pub transport_cc: Option<(u8, u16)>,
}

/// Writes the header at the start of `out`, which has room for [`MAX_WRITTEN_LEN`] whatever the header has, and returns its length.
pub fn write_header(out: &mut [u8], header: &OutgoingHeader) -> Result<usize, RtpError> {
    let out: &mut [u8; MAX_WRITTEN_LEN] = out.first_chunk_mut().ok_or(RtpError::NoRoom)?;
    let (elements, words) = header.extensions.elements();
    let padding = if header.has_padding { PADDING } else { 0 };
    let first = VERSION | padding | if words == 0 { 0 } else { EXTENSION };
    let second = header.payload_type.0 & !MARKER | if header.marker { MARKER } else { 0 };
    let [seq_0, seq_1] = header.sequence.0.to_be_bytes();
    let [time_0, time_1, time_2, time_3] = header.timestamp.0.to_be_bytes();
    let [ssrc_0, ssrc_1, ssrc_2, ssrc_3] = header.ssrc.0.to_be_bytes();
    let [profile_0, profile_1] = ONE_BYTE_PROFILE.to_be_bytes();
    let [e_0, e_1, e_2, e_3, e_4, e_5, e_6, e_7] = elements.to_be_bytes();
    // All of it at once; what the header does not have is the payload's place.
    *out = [
        first, second, seq_0, seq_1, time_0, time_1, time_2, time_3, ssrc_0, ssrc_1, ssrc_2, ssrc_3, profile_0,
        profile_1, 0, words, e_0, e_1, e_2, e_3, e_4, e_5, e_6, e_7,
    ];
    Ok(FIXED_LEN + if words == 0 { 0 } else { 4 + 4 * usize::from(words) })
}

impl OutgoingExtensions {
    /// The elements, first byte first, and how many words they fill: none, one or two.
    fn elements(&self) -> (u64, u8) {
        let (mut elements, mut bits) = (0, 0_u8);
        if let Some((id, sequence)) = self.transport_cc {
            elements = u64::from(id << 4 | 1) << 56 | u64::from(sequence) << 40;
            bits = 24;
        }
        if let Some((id, audio)) = self.audio_level {
            let level = audio.level & 0x7f | if audio.voice { 0x80 } else { 0 };
            elements |= (u64::from(id << 4) << 56 | u64::from(level) << 48) >> bits;
            bits += 16;
        }
        (elements, bits.div_ceil(32))
    }
}
