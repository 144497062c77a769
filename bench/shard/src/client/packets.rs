//! A client's packets, sealed: RTP with a browser's header extensions, RTX, and the RTCP that goes with them.
//!
//! Owns the numbering of a stream. Knows nothing of time or loss: `script` does.

use super::Client;
use anyhow::{Context as _, Result};
use kenes_sfu::description::{Codec, CodecParameters, ExtensionIds, Flow, MediaKind, PeerDescription, Section};
use kenes_sfu::ids::{Mid, RtpTimestamp, SeqNo, Ssrc};
use kenes_sfu::rtcp::reader::SenderInfo;
use kenes_sfu::rtcp::writer::CompoundWriter;
use kenes_sfu::rtcp::{NtpTime, ReportBlock};
use std::time::Duration;

/// −30 dBov and voice (RFC 6464 §3).
const AUDIO_LEVEL: u8 = 0x80 | 30;
const MAX_RTCP: usize = 1_200;

/// One published stream and its retransmissions.
pub(crate) struct Stream {
    pub(crate) mid: Mid,
    ssrc: Ssrc,
    rtx_ssrc: Option<Ssrc>,
    codec: CodecParameters,
    extensions: ExtensionIds,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    rtx_sequence: u16,
    packets: u32,
    octets: u32,
}

impl Stream {
    /// The detail camera: one layer, with its SSRCs in the offer.
    pub(super) fn video(description: &PeerDescription) -> Result<Self> {
        Self::of(description, MediaKind::Video, Codec::Vp8)
    }

    pub(super) fn voice(description: &PeerDescription) -> Result<Self> {
        Self::of(description, MediaKind::Audio, Codec::Opus)
    }

    fn of(description: &PeerDescription, kind: MediaKind, codec: Codec) -> Result<Self> {
        let declared = |section: &Section| match &section.flow {
            Flow::Uplink { rids, declared } if section.kind == kind && rids.is_empty() => declared.first().copied(),
            _ => None,
        };
        let mut sections = description.sections.iter();
        let (section, source) =
            sections.find_map(|section| Some((section, declared(section)?))).context("no such source in the offer")?;
        let codec =
            section.codecs.iter().find(|parameters| parameters.codec == codec).context("codec not agreed on")?;
        Ok(Self {
            mid: section.mid,
            ssrc: source.ssrc,
            rtx_ssrc: source.rtx,
            codec: codec.clone(),
            extensions: section.extensions,
            sequence: 1_000,
            timestamp: 0,
            rtx_sequence: 1,
            packets: 0,
            octets: 0,
        })
    }

    fn sender_info(&self, elapsed: Duration) -> SenderInfo {
        // Any wall clock: the shard only compares it with itself.
        let ntp = NtpTime::since_1900(Duration::from_secs(3_900_000_000) + elapsed);
        SenderInfo { ntp, rtp: RtpTimestamp(self.timestamp), packets: self.packets, octets: self.octets }
    }
}

/// What a packet is sealed from.
pub(crate) struct Outgoing<'a> {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) payload: &'a [u8],
}

impl Client {
    pub(crate) fn seal_video(&mut self, packet: &Outgoing<'_>) -> Result<Vec<u8>> {
        let (ssrc, payload_type) = (self.video.ssrc, self.video.codec.payload_type.0);
        self.video.packets += 1;
        self.video.octets = self.video.octets.wrapping_add(u32::try_from(packet.payload.len())?);
        self.seal(ssrc, payload_type, false, packet)
    }

    pub(crate) fn seal_voice(&mut self, packet: &Outgoing<'_>) -> Result<Vec<u8>> {
        let (ssrc, payload_type) = (self.voice.ssrc, self.voice.codec.payload_type.0);
        self.voice.packets += 1;
        self.voice.octets = self.voice.octets.wrapping_add(u32::try_from(packet.payload.len())?);
        self.seal(ssrc, payload_type, true, packet)
    }

    /// The same packet again, on the RTX stream (RFC 4588 §4).
    pub(crate) fn seal_again(&mut self, packet: &Outgoing<'_>) -> Result<Vec<u8>> {
        let ssrc = self.video.rtx_ssrc.context("no RTX in the offer")?;
        let payload_type = self.video.codec.rtx.context("no RTX agreed on")?.0;
        let payload = [&packet.sequence.to_be_bytes(), packet.payload].concat();
        let sequence = self.video.rtx_sequence;
        self.video.rtx_sequence = sequence.wrapping_add(1);
        self.seal(ssrc, payload_type, false, &Outgoing { sequence, payload: &payload, ..*packet })
    }

    fn seal(&mut self, ssrc: Ssrc, payload_type: u8, speaks: bool, packet: &Outgoing<'_>) -> Result<Vec<u8>> {
        let extensions = if speaks { &self.voice.extensions } else { &self.video.extensions };
        let mut elements = Vec::new();
        if let Some(id) = extensions.audio_level.filter(|_| speaks) {
            elements.extend([id << 4, AUDIO_LEVEL]);
        }
        if let Some(id) = extensions.transport_cc {
            let [high, low] = self.transport_sequence.to_be_bytes();
            elements.extend([id << 4 | 1, high, low]);
            self.transport_sequence = self.transport_sequence.wrapping_add(1);
        }
        elements.resize(elements.len().next_multiple_of(4), 0);
        let words = u16::try_from(elements.len() / 4)?;
        let mut plain = vec![0x90, u8::from(packet.marker) << 7 | payload_type];
        plain.extend(packet.sequence.to_be_bytes());
        plain.extend(packet.timestamp.to_be_bytes());
        plain.extend(ssrc.0.to_be_bytes());
        plain.extend([0xbe, 0xde]);
        plain.extend(words.to_be_bytes());
        plain.extend(elements);
        plain.extend(packet.payload);
        let context = self.seal.as_mut().context("sealing before the handshake")?;
        Ok(context.encrypt_rtp(&plain)?.to_vec())
    }

    /// Sender reports of what it sends and a receiver report of its slots, in one compound.
    pub(crate) fn seal_report(&mut self, elapsed: Duration) -> Result<Vec<u8>> {
        let mut blocks: Vec<ReportBlock> =
            self.received.iter().map(|(ssrc, sequence)| block(*ssrc, *sequence)).collect();
        blocks.sort_by_key(|block| block.ssrc.0);
        self.seal_rtcp(|client, compound| {
            compound.sender_report(client.video.ssrc, &client.video.sender_info(elapsed), &blocks)?;
            compound.sender_report(client.voice.ssrc, &client.voice.sender_info(elapsed), &[])?;
            compound.canonical_name(client.video.ssrc, "bench")
        })
    }

    pub(crate) fn seal_nack(&mut self, media: u32, missing: u16) -> Result<Vec<u8>> {
        self.seal_rtcp(|client, compound| {
            compound.receiver_report(client.video.ssrc, &[])?;
            compound.nack(client.video.ssrc, Ssrc(media), [SeqNo(missing)])
        })
    }

    fn seal_rtcp(
        &mut self,
        write: impl FnOnce(&Self, &mut CompoundWriter<'_>) -> Result<(), kenes_sfu::rtcp::writer::NoRoom>,
    ) -> Result<Vec<u8>> {
        let mut plain = [0; MAX_RTCP];
        let mut compound = CompoundWriter::new(&mut plain);
        write(self, &mut compound)?;
        let len = compound.len();
        let context = self.seal.as_mut().context("sealing before the handshake")?;
        Ok(context.encrypt_rtcp(plain.get(..len).unwrap_or_default())?.to_vec())
    }
}

fn block(ssrc: u32, sequence: u16) -> ReportBlock {
    ReportBlock {
        ssrc: Ssrc(ssrc),
        fraction_lost: 0,
        cumulative_lost: 0,
        highest_sequence: u32::from(sequence),
        jitter: 90,
        last_sender_report: 0,
        delay_since_last: 0,
    }
}

/// A VP8 packet: descriptor with a 15-bit picture id (RFC 7741 §4.2), and a key frame's header where one begins.
pub(crate) fn video_payload(out: &mut [u8], frame: u32, first: bool, key_frame: bool) {
    let [.., high, low] = frame.to_be_bytes();
    out.fill(0xa5);
    // RFC 6386 §9.1: no P bit, the start code, 640 x 360; or an inter frame.
    let start = if key_frame { [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01] } else { [0x11; 10] };
    let descriptor = [if first { 0x90 } else { 0x80 }, 0x80, 0x80 | high & 0x7f, low];
    let head = descriptor.into_iter().chain(start.into_iter().take(if first { 10 } else { 0 }));
    out.iter_mut().zip(head).for_each(|(byte, value)| *byte = value);
}
