//! Writes an RTCP compound into a caller's buffer, packet by packet.
//!
//! Holds only how much of the buffer is used. A packet that does not fit leaves the compound as it was before it, so what is
//! there can still be sent. The caller knows which compounds RFC 3550 §6.1 and RFC 5506 allow.

use super::reader::SenderInfo;
use super::{ReportBlock, feedback_type, packet_type};
use crate::ids::{SeqNo, Ssrc};

/// Report blocks in one report: the count has five bits.
pub const MAX_REPORT_BLOCKS: usize = 31;

/// The buffer has no room for the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("buffer has no room for the RTCP packet")]
pub struct NoRoom;

pub struct CompoundWriter<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> CompoundWriter<'a> {
    #[must_use]
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// Bytes written so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// RFC 3550 §6.4.1. Blocks beyond [`MAX_REPORT_BLOCKS`] are an error.
    pub fn sender_report(&mut self, ssrc: Ssrc, info: &SenderInfo, reports: &[ReportBlock]) -> Result<(), NoRoom> {
        self.packet(packet_type::SENDER_REPORT, report_count(reports)?, |body| {
            body.u32(ssrc.0)?;
            body.bytes(&info.ntp.0.to_be_bytes())?;
            body.u32(info.rtp.0)?;
            body.u32(info.packets)?;
            body.u32(info.octets)?;
            write_reports(body, reports)
        })
    }

    /// RFC 3550 §6.4.2. Blocks beyond [`MAX_REPORT_BLOCKS`] are an error; without blocks it is the empty report that has to
    /// open a compound of feedback.
    pub fn receiver_report(&mut self, ssrc: Ssrc, reports: &[ReportBlock]) -> Result<(), NoRoom> {
        self.packet(packet_type::RECEIVER_REPORT, report_count(reports)?, |body| {
            body.u32(ssrc.0)?;
            write_reports(body, reports)
        })
    }

    /// SDES with one chunk of one CNAME (RFC 3550 §6.5.1), cut at 255 bytes.
    pub fn canonical_name(&mut self, ssrc: Ssrc, cname: &str) -> Result<(), NoRoom> {
        const CNAME: u8 = 1;
        self.packet(packet_type::SOURCE_DESCRIPTION, 1, |body| {
            let text = cname.as_bytes().get(..255).unwrap_or(cname.as_bytes());
            body.u32(ssrc.0)?;
            body.bytes(&[CNAME, u8::try_from(text.len()).unwrap_or(u8::MAX)])?;
            body.bytes(text)?;
            // The chunk ends with at least one zero, on a word's boundary.
            body.bytes(&[0])?;
            body.fill_word()
        })
    }

    /// RFC 3550 §6.6, without a reason; at most 31 sources.
    pub fn goodbye(&mut self, sources: &[Ssrc]) -> Result<(), NoRoom> {
        let count = u8::try_from(sources.len()).ok().filter(|count| *count < 32).ok_or(NoRoom)?;
        self.packet(packet_type::GOODBYE, count, |body| sources.iter().try_for_each(|source| body.u32(source.0)))
    }

    /// RFC 4585 §6.2.1. `missing` in ascending order (modulo 2^16), so that neighbours share an entry.
    pub fn nack(&mut self, sender: Ssrc, media: Ssrc, missing: impl IntoIterator<Item = SeqNo>) -> Result<(), NoRoom> {
        self.packet(packet_type::TRANSPORT_FEEDBACK, feedback_type::NACK, |body| {
            body.u32(sender.0)?;
            body.u32(media.0)?;
            let mut entry: Option<(u16, u16)> = None;
            for SeqNo(seq) in missing {
                match &mut entry {
                    Some((base, mask)) if (1..=16).contains(&seq.wrapping_sub(*base)) => {
                        *mask |= 1 << (seq.wrapping_sub(*base) - 1);
                    }
                    full => {
                        if let Some((base, mask)) = full.replace((seq, 0)) {
                            body.u32(u32::from(base) << 16 | u32::from(mask))?;
                        }
                    }
                }
            }
            entry.map_or(Ok(()), |(base, mask)| body.u32(u32::from(base) << 16 | u32::from(mask)))
        })
    }

    /// RFC 4585 §6.3.1
    pub fn picture_loss(&mut self, sender: Ssrc, media: Ssrc) -> Result<(), NoRoom> {
        self.packet(packet_type::PAYLOAD_FEEDBACK, feedback_type::PLI, |body| {
            body.u32(sender.0)?;
            body.u32(media.0)
        })
    }

    /// The header (RFC 3550 §6.1) around what `write` puts into the body, which is whole words.
    pub(super) fn packet(
        &mut self,
        packet_type: u8,
        count: u8,
        write: impl FnOnce(&mut Body<'_>) -> Result<(), NoRoom>,
    ) -> Result<(), NoRoom> {
        let free = self.buffer.get_mut(self.len..).ok_or(NoRoom)?;
        let (header, rest) = free.split_first_chunk_mut::<4>().ok_or(NoRoom)?;
        let mut body = Body { out: rest, len: 0 };
        write(&mut body)?;
        let body_len = body.len;
        let words = u16::try_from(body_len / 4).map_err(|_| NoRoom)?;
        let [words_0, words_1] = words.to_be_bytes();
        *header = [2 << 6 | count, packet_type, words_0, words_1];
        self.len += 4 + body_len;
        Ok(())
    }
}

fn report_count(reports: &[ReportBlock]) -> Result<u8, NoRoom> {
    u8::try_from(reports.len()).ok().filter(|count| usize::from(*count) <= MAX_REPORT_BLOCKS).ok_or(NoRoom)
}

fn write_reports(body: &mut Body<'_>, reports: &[ReportBlock]) -> Result<(), NoRoom> {
    for report in reports {
        let lost = report.cumulative_lost.clamp(-(1 << 23), (1 << 23) - 1);
        let [_, lost_0, lost_1, lost_2] = lost.to_be_bytes();
        body.u32(report.ssrc.0)?;
        body.bytes(&[report.fraction_lost, lost_0, lost_1, lost_2])?;
        body.u32(report.highest_sequence)?;
        body.u32(report.jitter)?;
        body.u32(report.last_sender_report)?;
        body.u32(report.delay_since_last)?;
    }
    Ok(())
}

/// A packet's body while it is written.
pub(super) struct Body<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl Body<'_> {
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        let end = self.len + bytes.len();
        self.out.get_mut(self.len..end).ok_or(NoRoom)?.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    pub(super) fn u16(&mut self, value: u16) -> Result<(), NoRoom> {
        self.bytes(&value.to_be_bytes())
    }

    pub(super) fn u32(&mut self, value: u32) -> Result<(), NoRoom> {
        self.bytes(&value.to_be_bytes())
    }

    /// Zeros up to the next word.
    pub(super) fn fill_word(&mut self) -> Result<(), NoRoom> {
        let zeros = self.len.next_multiple_of(4) - self.len;
        self.bytes([0; 3].get(..zeros).unwrap_or_default())
    }
}
