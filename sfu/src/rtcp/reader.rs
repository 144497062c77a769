//! Reads a plain RTCP compound, packet by packet, as borrowed values.
//!
//! Holds no state. Any bytes are safe to give it: what is not understood or too short is reported, never guessed.

use super::transport_feedback::TransportFeedback;
use super::{NtpTime, ReportBlock, feedback_type, packet_type};
use crate::ids::{RtpTimestamp, SeqNo, Ssrc};

/// What the shard reads of RTCP.
#[derive(Clone, Debug)]
pub enum RtcpPacket<'a> {
    /// RFC 3550 §6.4.1
    SenderReport {
        ssrc: Ssrc,
        info: SenderInfo,
        reports: ReportBlocks<'a>,
    },
    /// RFC 3550 §6.4.2
    ReceiverReport {
        ssrc: Ssrc,
        reports: ReportBlocks<'a>,
    },
    /// RFC 3550 §6.6
    Goodbye {
        sources: Sources<'a>,
    },
    /// RFC 4585 §6.2.1
    Nack {
        media: Ssrc,
        missing: Missing<'a>,
    },
    /// RFC 4585 §6.3.1
    PictureLoss {
        media: Ssrc,
    },
    /// RFC 5104 §4.3.1: a key frame request with the sources in its entries.
    FullIntraRequest {
        requests: IntraRequests<'a>,
    },
    TransportFeedback(TransportFeedback<'a>),
    /// A well-formed packet of a type the shard has no use for, such as SDES.
    Other {
        packet_type: u8,
    },
}

/// What a sender says of itself (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    pub ntp: NtpTime,
    /// The same instant on the RTP clock.
    pub rtp: RtpTimestamp,
    pub packets: u32,
    /// Of payload.
    pub octets: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed RTCP")]
pub struct Malformed;

/// The packets of a compound, whole or of reduced size (RFC 5506). A packet with a bad body is one error and the next goes
/// on; after a bad length there is no next.
#[must_use]
pub fn packets(compound: &[u8]) -> Packets<'_> {
    Packets { rest: compound }
}

#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<RtcpPacket<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let frame = Frame::split_off(&mut self.rest);
        if frame.is_none() {
            self.rest = &[];
        }
        Some(frame.and_then(|frame| frame.parse()).ok_or(Malformed))
    }
}

/// One packet by its header (RFC 3550 §6.1): the body without padding.
struct Frame<'a> {
    /// Five bits: report count, source count or feedback message type.
    count: u8,
    packet_type: u8,
    body: &'a [u8],
}

impl<'a> Frame<'a> {
    fn split_off(rest: &mut &'a [u8]) -> Option<Self> {
        let (&[first, packet_type, words_0, words_1], after) = rest.split_first_chunk()?;
        if first >> 6 != 2 {
            return None;
        }
        let words = usize::from(u16::from_be_bytes([words_0, words_1]));
        let (padded, next) = after.split_at_checked(4 * words)?;
        *rest = next;
        let padding = match padded.last() {
            Some(count) if first & 0x20 != 0 => usize::from(*count),
            _ => 0,
        };
        let body = padded.get(..padded.len().checked_sub(padding)?)?;
        Some(Self { count: first & 0x1f, packet_type, body })
    }

    fn parse(&self) -> Option<RtcpPacket<'a>> {
        let packet = match (self.packet_type, self.count) {
            (packet_type::SENDER_REPORT, count) => {
                let (ssrc, rest) = take_u32(self.body)?;
                let (info, rest) = take_sender_info(rest)?;
                RtcpPacket::SenderReport { ssrc: Ssrc(ssrc), info, reports: ReportBlocks::of(count, rest)? }
            }
            (packet_type::RECEIVER_REPORT, count) => {
                let (ssrc, rest) = take_u32(self.body)?;
                RtcpPacket::ReceiverReport { ssrc: Ssrc(ssrc), reports: ReportBlocks::of(count, rest)? }
            }
            (packet_type::GOODBYE, count) => {
                RtcpPacket::Goodbye { sources: Sources { rest: self.body.get(..4 * usize::from(count))? } }
            }
            (packet_type::TRANSPORT_FEEDBACK, feedback_type::NACK) => {
                let (_, media, rest) = take_feedback(self.body)?;
                RtcpPacket::Nack { media, missing: Missing { rest, base: SeqNo(0), mask: 0 } }
            }
            (packet_type::TRANSPORT_FEEDBACK, feedback_type::TRANSPORT_CC) => {
                let (_, media, rest) = take_feedback(self.body)?;
                RtcpPacket::TransportFeedback(TransportFeedback::parse(media, rest)?)
            }
            (packet_type::PAYLOAD_FEEDBACK, feedback_type::PLI) => {
                let (_, media, _) = take_feedback(self.body)?;
                RtcpPacket::PictureLoss { media }
            }
            (packet_type::PAYLOAD_FEEDBACK, feedback_type::FIR) => {
                let (_, _, rest) = take_feedback(self.body)?;
                RtcpPacket::FullIntraRequest { requests: IntraRequests { rest } }
            }
            (packet_type, _) => RtcpPacket::Other { packet_type },
        };
        Some(packet)
    }
}

fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*word), rest))
}

/// Feedback starts with the SSRCs of its sender and of the media it is about (RFC 4585 §6.1).
fn take_feedback(body: &[u8]) -> Option<(Ssrc, Ssrc, &[u8])> {
    let (sender, rest) = take_u32(body)?;
    let (media, rest) = take_u32(rest)?;
    Some((Ssrc(sender), Ssrc(media), rest))
}

fn take_sender_info(bytes: &[u8]) -> Option<(SenderInfo, &[u8])> {
    let (ntp, rest) = bytes.split_first_chunk()?;
    let (rtp, rest) = take_u32(rest)?;
    let (packets, rest) = take_u32(rest)?;
    let (octets, rest) = take_u32(rest)?;
    Some((SenderInfo { ntp: NtpTime(u64::from_be_bytes(*ntp)), rtp: RtpTimestamp(rtp), packets, octets }, rest))
}

/// The report blocks of a sender or receiver report.
#[derive(Clone, Debug)]
pub struct ReportBlocks<'a> {
    rest: &'a [u8],
}

const REPORT_BLOCK_LEN: usize = 24;

impl<'a> ReportBlocks<'a> {
    /// All `count` blocks must be there; what follows them is a profile's extension.
    fn of(count: u8, body: &'a [u8]) -> Option<Self> {
        Some(Self { rest: body.get(..REPORT_BLOCK_LEN * usize::from(count))? })
    }
}

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (ssrc, rest) = take_u32(self.rest)?;
        let (&[fraction_lost, lost_0, lost_1, lost_2], rest) = rest.split_first_chunk()?;
        let (highest_sequence, rest) = take_u32(rest)?;
        let (jitter, rest) = take_u32(rest)?;
        let (last_sender_report, rest) = take_u32(rest)?;
        let (delay_since_last, rest) = take_u32(rest)?;
        self.rest = rest;
        Some(ReportBlock {
            ssrc: Ssrc(ssrc),
            fraction_lost,
            // 24 bits moved to the top, and back down with their sign
            cumulative_lost: i32::from_be_bytes([lost_0, lost_1, lost_2, 0]) >> 8,
            highest_sequence,
            jitter,
            last_sender_report,
            delay_since_last,
        })
    }
}

/// The sources that a goodbye names.
#[derive(Clone, Debug)]
pub struct Sources<'a> {
    rest: &'a [u8],
}

impl Iterator for Sources<'_> {
    type Item = Ssrc;

    fn next(&mut self) -> Option<Ssrc> {
        let (ssrc, rest) = take_u32(self.rest)?;
        self.rest = rest;
        Some(Ssrc(ssrc))
    }
}

/// The sequence numbers that a NACK asks for: each entry is one and a bitmask of the 16 after it (RFC 4585 §6.2.1).
#[derive(Clone, Debug)]
pub struct Missing<'a> {
    rest: &'a [u8],
    base: SeqNo,
    /// Bits of the current entry not given yet.
    mask: u16,
}

impl Iterator for Missing<'_> {
    type Item = SeqNo;

    fn next(&mut self) -> Option<SeqNo> {
        if self.mask == 0 {
            let (&[base_0, base_1, mask_0, mask_1], rest) = self.rest.split_first_chunk()?;
            self.rest = rest;
            self.base = SeqNo(u16::from_be_bytes([base_0, base_1]));
            self.mask = u16::from_be_bytes([mask_0, mask_1]);
            return Some(self.base);
        }
        let bit = self.mask.trailing_zeros();
        self.mask &= self.mask - 1;
        u16::try_from(bit + 1).ok().map(|after| SeqNo(self.base.0.wrapping_add(after)))
    }
}

/// The entries of a full intra request.
#[derive(Clone, Debug)]
pub struct IntraRequests<'a> {
    rest: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntraRequest {
    pub media: Ssrc,
    /// A repeat of the request keeps its number (RFC 5104 §4.3.1.1).
    pub number: u8,
}

impl Iterator for IntraRequests<'_> {
    type Item = IntraRequest;

    fn next(&mut self) -> Option<IntraRequest> {
        let (ssrc, rest) = take_u32(self.rest)?;
        let (&[number, _, _, _], rest) = rest.split_first_chunk()?;
        self.rest = rest;
        Some(IntraRequest { media: Ssrc(ssrc), number })
    }
}
