//! One slot: a media section in which we send, and the track that it carries now.
//!
//! Owns the slot's numbering and its wishes (layer, key frame); writes plain RTP into a buffer that the downlink then seals.

use super::evenness::Evenness;
use super::pictures::{self, PictureNumbers, PictureOffset};
use super::receipts::Receipts;
use super::redundancy::{Ages, MAX_FRAMES, Redundancy};
use super::resend::ResendBudget;
use super::timeline::{Source, Timeline};
use crate::description::{Codec, CodecParameters, ExtensionIds, Flow, MediaKind, Section};
use crate::ids::{Mid, PayloadType, RtpTimestamp, SeqNo, Ssrc, TrackIndex};
use crate::measure::Loss;
use crate::packet::recent::RecentFrames;
use crate::packet::{Context, KeptPacket, LayerClocks, LayerIndex, MediaPacket};
use crate::rtcp::reader::SenderInfo;
use crate::rtcp::{NtpTime, ReportBlock};
use crate::rtp::header::{OutgoingExtensions, OutgoingHeader, write_header};
use crate::rtp::opus;
use crate::rtp::payload::Outline;
use crate::rtp::red::{self, Block};
use crate::rtp::rtx::{self, OSN_LEN};
use crate::rtp::sequence::ExtendedSeq;
use arrayvec::ArrayVec;
use std::mem::offset_of;
use std::time::Instant;

/// A payload with older frames beside the newest: below every path's MTU.
pub(crate) const MAX_REDUNDANT_PAYLOAD: usize = 1_000;

/// What each packet touches comes first and begins with a line of memory; the timeline ends with what only switches and
/// retransmissions do.
#[repr(C, align(64))]
pub(crate) struct Slot {
    pub(crate) kind: MediaKind,
    needs_keyframe: bool,
    /// The viewer's decoder waits for a key frame of what plays.
    is_stuck: bool,
    /// Each packet is sent again a moment later (`downlink::repeats`).
    pub(crate) is_repeated: bool,
    /// The layer that should play; the one that does is the timeline's until a key frame of the wanted one comes.
    wanted: Option<LayerIndex>,
    /// Of the codec that was asked for last: a stream seldom changes its codec.
    payload_type: Option<(Codec, PayloadType)>,
    extensions: ExtensionIds,
    pub(crate) ssrc: Ssrc,
    /// For sender reports, modulo 2^32: retransmissions are another stream and do not count.
    sent_packets: u32,
    sent_octets: u32,
    numbers: PictureNumbers,
    evenness: Evenness,
    /// Of audio, where the subscriber takes older frames beside the newest.
    redundancy: Option<Redundancy>,
    timeline: Timeline,
    pub(crate) track: Option<TrackIndex>,
    pub(crate) mid: Mid,
    codecs: Vec<CodecParameters>,
    /// What the viewer displays, device pixels; 0 = paused.
    pub(crate) max_height: u16,
    pub(crate) priority: u8,
    /// The shard's load keeps from it what would fill the display.
    pub(crate) is_limited: bool,
    /// The highest layer that the subscriber's link carries; `None`: not even the lowest.
    pub(crate) carried: Option<LayerIndex>,
    /// When it carried any.
    pub(crate) fitted: Option<Instant>,
    /// The layer that fills the display, whether or not it comes.
    pub(crate) desired: Option<LayerIndex>,
    /// Layer and epoch of what was put in the pacer's queue last, while anything of the slot may be in there.
    queued: Option<(LayerIndex, u32)>,
    rtx: Option<Rtx>,
    pub(crate) resend: ResendBudget,
    receipts: Receipts,
}

/// Of a packet of nothing else: the most that its last byte can count.
pub(crate) const PADDING_LEN: usize = 255;

/// What a slot says to a packet that would have to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Refused,
    Continues,
    Begins,
}

struct Rtx {
    ssrc: Ssrc,
    sequence: ExtendedSeq,
}

/// Plain RTP in the caller's buffer, ready to be sealed under this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub ssrc: Ssrc,
    pub header_len: usize,
    pub len: usize,
    pub sequence: ExtendedSeq,
    /// The packet began a new stretch: another layer or track plays from here on.
    pub switched: bool,
}

/// Why a slot did not write a packet that was offered to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotWritten {
    /// Another layer plays, the packet is older than the switch, or a key frame is awaited: as it should be.
    NotPlaying,
    CodecMismatch,
    NoRoom,
}

impl Slot {
    /// All that each packet touches.
    pub(crate) const FIRST_BYTES: usize = offset_of!(Self, timeline) + Timeline::FIRST_BYTES;

    /// `None` for a section in which we do not send. `first_sequence` and `first_rtx` are random and below 32,768.
    pub(crate) fn new(section: &Section, first_sequence: u16, first_rtx: u16) -> Option<Self> {
        let Flow::Downlink { ssrc, rtx } = section.flow else { return None };
        let clock_rate_hz = section.codecs.first().map_or(90_000, |codec| codec.clock_rate_hz);
        Some(Self {
            mid: section.mid,
            kind: section.kind,
            ssrc,
            codecs: section.codecs.clone(),
            payload_type: None,
            extensions: section.extensions,
            track: None,
            max_height: 0,
            priority: 0,
            is_limited: false,
            carried: Some(LayerIndex::HIGHEST),
            fitted: None,
            desired: None,
            wanted: None,
            needs_keyframe: false,
            is_stuck: false,
            is_repeated: false,
            queued: None,
            timeline: Timeline::new(clock_rate_hz, first_sequence),
            numbers: PictureNumbers::default(),
            evenness: Evenness::default(),
            rtx: rtx.map(|ssrc| Rtx { ssrc, sequence: ExtendedSeq(u64::from(first_rtx)) }),
            resend: ResendBudget::new(),
            receipts: Receipts::default(),
            redundancy: section
                .codecs
                .iter()
                .find(|codec| codec.codec == Codec::Red)
                .map(|red| Redundancy::new(red.payload_type)),
            sent_packets: 0,
            sent_octets: 0,
        })
    }

    /// Another track, or none. The stream goes on under the same SSRC.
    pub(crate) fn bind(&mut self, track: Option<TrackIndex>) {
        if self.track != track {
            self.track = track;
            self.timeline.forget();
            (self.desired, self.wanted, self.queued) = (None, None, None);
            (self.carried, self.is_limited, self.fitted) = (Some(LayerIndex::HIGHEST), false, None);
            self.needs_keyframe = track.is_some() && self.kind == MediaKind::Video;
        }
    }

    /// The layer that the bandwidth allocation gives this slot; `None` pauses it.
    pub(crate) fn want(&mut self, layer: Option<LayerIndex>) {
        self.wanted = layer;
        match layer {
            None => {
                self.timeline.stop();
                self.queued = None;
            }
            Some(layer) if self.playing() != Some(layer) => self.needs_keyframe = self.kind == MediaKind::Video,
            Some(_) => {}
        }
    }

    /// What comes next is not a continuation of what was sent, even on the same layer.
    pub(crate) fn interrupt(&mut self) {
        self.timeline.stop();
        self.queued = None;
        self.needs_keyframe = self.track.is_some() && self.kind == MediaKind::Video;
    }

    /// The viewer displays its track and is given none of it.
    pub(crate) fn is_paused(&self) -> bool {
        (self.is_limited || self.carried.is_none()) && self.max_height > 0 && self.wanted.is_none()
    }

    /// Every layer that the slot has a use for.
    pub(crate) fn uses(&self) -> impl Iterator<Item = LayerIndex> {
        [self.desired, self.wanted, self.playing()].into_iter().flatten()
    }

    /// What plays, or will when what waits has left.
    pub(crate) fn playing(&self) -> Option<LayerIndex> {
        self.last_admitted().map(|(layer, _)| layer)
    }

    fn last_admitted(&self) -> Option<(LayerIndex, u32)> {
        self.queued.or_else(|| self.timeline.playing().map(|source| (source.layer, source.epoch)))
    }

    /// The layer whose key frame the slot waits for.
    pub(crate) fn awaits_keyframe(&self) -> Option<LayerIndex> {
        self.wanted.filter(|_| self.needs_keyframe && self.track.is_some())
    }

    /// The layer whose key frame shows something until the awaited one's comes, which may be never: the small picture while
    /// nothing plays, and what plays while the viewer cannot decode it.
    pub(crate) fn stand_in(&self) -> Option<LayerIndex> {
        match self.playing() {
            None => Some(LayerIndex::SINGLE),
            Some(playing) => Some(playing).filter(|_| self.is_stuck),
        }
    }

    /// The viewer's decoder asks for one (RFC 4585 §6.3.1).
    pub(crate) fn request_keyframe(&mut self) {
        (self.needs_keyframe, self.is_stuck) = (true, true);
    }

    /// Whether the slot may begin with a packet of this layer that is still to come.
    pub(crate) fn may_yet_begin(&self, layer: LayerIndex) -> bool {
        self.needs_keyframe && self.wanted.is_some_and(|wanted| wanted == layer || self.stands_in(layer, wanted))
    }

    /// Whether a packet will play once its turn has come; [`Admission::Begins`] when nothing of another layer will before it.
    pub(crate) fn admit(&mut self, packet: &MediaPacket<'_>) -> Admission {
        let source = (packet.layer, packet.epoch);
        let continues = self.last_admitted() == Some(source);
        let may_begin = self.may_begin(packet);
        if !continues && !may_begin {
            return Admission::Refused;
        }
        if may_begin {
            self.needs_keyframe = self.wanted != Some(packet.layer);
        }
        self.queued = Some(source);
        if continues { Admission::Continues } else { Admission::Begins }
    }

    /// Nothing of the slot waits any more.
    pub(crate) fn note_queue_empty(&mut self) {
        self.queued = None;
    }

    /// The id under which the slot's packets carry a transport-wide number, where that was agreed.
    pub(crate) fn numbering(&self) -> Option<u8> {
        self.extensions.transport_cc
    }

    /// Rewrites a packet of the slot's track into `out`. `number` is the transport-wide one and its extension.
    pub(crate) fn write(
        &mut self,
        packet: &MediaPacket<'_>,
        context: &Context<'_>,
        number: Option<(u8, u16)>,
        out: &mut [u8],
    ) -> Result<Written, NotWritten> {
        let switched = self.follow(packet, context)?;
        let source = self.timeline.playing().ok_or(NotWritten::NotPlaying)?;
        let sequence = Timeline::map(source, packet.sequence).ok_or(NotWritten::NotPlaying)?;
        let timestamp = RtpTimestamp(packet.timestamp.0.wrapping_add(source.timestamp_offset));
        let mut header = OutgoingHeader {
            has_padding: false,
            payload_type: self.payload_type(packet.codec).ok_or(NotWritten::CodecMismatch)?,
            marker: packet.marker,
            sequence: sequence.seq_no(),
            timestamp,
            ssrc: self.ssrc,
            extensions: OutgoingExtensions { audio_level: None, transport_cc: number },
        };
        let (header_len, payload_len) = if self.kind == MediaKind::Video {
            header.has_padding = self.evenness.pads(timestamp, packet.marker, packet.payload.len());
            self.write_video(packet, &header, sequence, out)?
        } else {
            header.extensions.audio_level = self.extensions.audio_level.zip(packet.audio_level);
            header.marker |= switched;
            self.write_audio(packet, header, sequence, context.recent, out)?
        };
        let highest = self.timeline.highest();
        if sequence != highest.next() {
            self.note_gap(highest, sequence);
        }
        self.timeline.note_sent(context.now.at, sequence, timestamp);
        self.sent_packets = self.sent_packets.wrapping_add(1);
        self.sent_octets = self.sent_octets.wrapping_add(u32::try_from(payload_len).unwrap_or(0));
        let len = header_len + payload_len + usize::from(header.has_padding);
        Ok(Written { ssrc: self.ssrc, header_len, len, sequence, switched })
    }

    /// Where feedback tells of each packet, what was left out matters only to sound that is asked for again.
    #[cold]
    fn note_gap(&mut self, highest: ExtendedSeq, sequence: ExtendedSeq) {
        if self.numbering().is_none() || self.redundancy.is_some() {
            self.receipts.note_gap(highest, sequence);
        }
    }

    /// Gives the lengths of header and payload, as [`Self::write_audio`] does.
    fn write_video(
        &mut self,
        packet: &MediaPacket<'_>,
        header: &OutgoingHeader,
        sequence: ExtendedSeq,
        out: &mut [u8],
    ) -> Result<(usize, usize), NotWritten> {
        let header_len = write_header(out, header).map_err(|_| NotWritten::NoRoom)?;
        let payload = payload_room(out, header_len, packet.payload)?;
        let offset = self.timeline.playing().map(|source| source.pictures).unwrap_or_default();
        let is_newest = sequence > self.timeline.highest();
        self.numbers.rewrite(packet.codec, payload, packet.pictures, offset, is_newest);
        if header.has_padding {
            // One byte, which counts itself (RFC 3550 §5.1).
            *out.get_mut(header_len + packet.payload.len()).ok_or(NotWritten::NoRoom)? = 1;
        }
        Ok((header_len, packet.payload.len()))
    }

    /// With the older frames that its turn has come for, where the subscriber takes any.
    fn write_audio(
        &mut self,
        packet: &MediaPacket<'_>,
        mut header: OutgoingHeader,
        sequence: ExtendedSeq,
        recent: Option<&RecentFrames>,
        out: &mut [u8],
    ) -> Result<(usize, usize), NotWritten> {
        if let (Some(recent), Some(redundancy), Some(source)) = (recent, &mut self.redundancy, self.timeline.playing())
        {
            let ages = redundancy.take(sequence, || opus::duration(packet.payload));
            let older = find_older(recent, ages, header.payload_type, source, packet);
            if !older.is_empty() {
                let newest = Block { payload_type: header.payload_type, timestamp_offset: 0, data: packet.payload };
                header.payload_type = redundancy.payload_type;
                let header_len = write_header(out, &header).map_err(|_| NotWritten::NoRoom)?;
                let room = out.get_mut(header_len..).unwrap_or_default();
                return Ok((header_len, red::write(room, &older, &newest).ok_or(NotWritten::NoRoom)?));
            }
        }
        let header_len = write_header(out, &header).map_err(|_| NotWritten::NoRoom)?;
        payload_room(out, header_len, packet.payload)?;
        Ok((header_len, packet.payload.len()))
    }

    /// Whether the subscriber may ask for a packet of this slot again.
    pub(crate) fn repairs(&self) -> bool {
        self.kind == MediaKind::Video || self.redundancy.is_some()
    }

    /// Audio that the subscriber lost goes beside what comes next; `None`: not this one, or not this slot.
    pub(crate) fn owe(&mut self, sequence: ExtendedSeq) -> Option<()> {
        if self.receipts.was_left_out(sequence) {
            return None;
        }
        self.redundancy.as_mut()?.owe(sequence).then_some(())
    }

    /// Whether packets wait before the link's bottleneck.
    pub(crate) fn note_queueing(&mut self, is_long: bool) {
        if let Some(redundancy) = &mut self.redundancy {
            redundancy.note_queueing(is_long);
        }
    }

    /// What the subscriber's report says was lost of what was sent since the last one.
    pub(crate) fn receive_report(&mut self, block: &ReportBlock) -> Loss {
        let [_, _, high, low] = block.highest_sequence.to_be_bytes();
        let highest = self.extend(SeqNo(u16::from_be_bytes([high, low])));
        highest.map_or(Loss::default(), |highest| self.receipts.report(highest, block.cumulative_lost))
    }

    pub(crate) fn note_loss(&mut self, loss: Loss) {
        if let Some(redundancy) = &mut self.redundancy {
            redundancy.note_loss(loss);
        }
    }

    /// Whether the packet belongs to what plays; begins a new stretch where it may. True when it just did.
    fn follow(&mut self, packet: &MediaPacket<'_>, context: &Context<'_>) -> Result<bool, NotWritten> {
        if self.timeline.plays(packet) {
            if packet.is_entry_point {
                self.needs_keyframe &= self.wanted != Some(packet.layer);
                self.is_stuck = false;
            }
            return Ok(false);
        }
        if !self.may_begin(packet) {
            return Err(NotWritten::NotPlaying);
        }
        self.begin(packet, context);
        Ok(true)
    }

    #[cold]
    fn begin(&mut self, packet: &MediaPacket<'_>, context: &Context<'_>) {
        let clock = |layer: LayerIndex| context.clocks.get(layer.index()).copied().flatten();
        let clocks = self.timeline.playing().and_then(|source| clock(source.layer)).zip(clock(packet.layer));
        let pictures: PictureOffset = self.numbers.begin(packet.pictures);
        self.timeline.begin(context.now.at, packet, clocks, pictures);
        self.needs_keyframe = self.kind == MediaKind::Video && self.wanted != Some(packet.layer);
        self.is_stuck = false;
    }

    /// With a key frame of the wanted layer; as long as nothing plays, with one of any below it: a small picture now, the large one
    /// when it comes. What was admitted to the queue begins, whatever is wanted by now: what played before it was given up for it.
    fn may_begin(&self, packet: &MediaPacket<'_>) -> bool {
        let is_admitted = || self.queued == Some((packet.layer, packet.epoch));
        let begins = |wanted| wanted == packet.layer || self.stands_in(packet.layer, wanted) || is_admitted();
        packet.is_entry_point && self.wanted.is_some_and(begins)
    }

    fn stands_in(&self, layer: LayerIndex, wanted: LayerIndex) -> bool {
        layer < wanted && self.playing().is_none()
    }

    /// Where the packet that was sent under `sequence` came from: layer, epoch and the publisher's number.
    pub(crate) fn origin(&self, sequence: ExtendedSeq) -> Option<(LayerIndex, u32, ExtendedSeq)> {
        let (source, taken) = self.timeline.unmap(sequence)?;
        Some((source.layer, source.epoch, taken))
    }

    /// The 48-bit index of a number that the subscriber names.
    pub(crate) fn extend(&self, sequence: SeqNo) -> Option<ExtendedSeq> {
        self.timeline.highest().nearest(sequence).filter(|extended| *extended <= self.timeline.highest())
    }

    /// Writes the packet once sent under `sequence` again, on the RTX stream (RFC 4588 §4).
    pub(crate) fn write_again(
        &mut self,
        sequence: ExtendedSeq,
        packet: &KeptPacket<'_>,
        number: Option<(u8, u16)>,
        out: &mut [u8],
    ) -> Option<Written> {
        let (source, _) = self.timeline.unmap(sequence)?;
        let payload_type = self.codec(packet.codec)?.rtx?;
        let rtx = self.rtx.as_mut()?;
        rtx.sequence = rtx.sequence.next();
        let header_sequence = rtx.sequence;
        let header = OutgoingHeader {
            has_padding: false,
            payload_type,
            marker: packet.marker,
            sequence: header_sequence.seq_no(),
            timestamp: RtpTimestamp(packet.timestamp.0.wrapping_add(source.timestamp_offset)),
            ssrc: rtx.ssrc,
            extensions: OutgoingExtensions { audio_level: None, transport_cc: number },
        };
        let header_len = write_header(out, &header).ok()?;
        out.get_mut(header_len..)?.get_mut(..OSN_LEN)?.copy_from_slice(&rtx::osn(sequence.seq_no()));
        let payload = payload_room(out, header_len + OSN_LEN, packet.payload).ok()?;
        pictures::rewrite(packet.codec, payload, Outline::of(packet.codec, packet.payload).pictures, source.pictures);
        let len = header_len + OSN_LEN + packet.payload.len();
        Some(Written { ssrc: header.ssrc, header_len, len, sequence: header_sequence, switched: false })
    }

    pub(crate) fn carries_padding(&self) -> bool {
        self.rtx.is_some() && self.numbering().is_some() && self.codecs.iter().any(|codec| codec.rtx.is_some())
    }

    /// Writes a packet of padding alone on the RTX stream (RFC 3550 §5.1): a receiver counts it and throws it away.
    pub(crate) fn write_padding(&mut self, number: (u8, u16), out: &mut [u8]) -> Option<Written> {
        let payload_type = self.codecs.iter().find_map(|codec| codec.rtx)?;
        let timestamp = self.timeline.last_timestamp().unwrap_or(RtpTimestamp(0));
        let rtx = self.rtx.as_mut()?;
        rtx.sequence = rtx.sequence.next();
        let (ssrc, sequence) = (rtx.ssrc, rtx.sequence);
        let header = OutgoingHeader {
            has_padding: true,
            payload_type,
            marker: false,
            sequence: sequence.seq_no(),
            timestamp,
            ssrc,
            extensions: OutgoingExtensions { audio_level: None, transport_cc: Some(number) },
        };
        let header_len = write_header(out, &header).ok()?;
        let padding = out.get_mut(header_len..)?.get_mut(..PADDING_LEN)?;
        padding.fill(0);
        *padding.last_mut()? = u8::try_from(PADDING_LEN).ok()?;
        Some(Written { ssrc, header_len, len: header_len + PADDING_LEN, sequence, switched: false })
    }

    /// What a sender report says now: the moment by the publisher's own clock, so that its tracks stay in step (RFC 3550 §6.4.1).
    pub(crate) fn sender_info(&self, now: Instant, clocks: &LayerClocks) -> Option<SenderInfo> {
        let source = self.timeline.playing()?;
        let clock = clocks.get(source.layer.index()).copied().flatten()?;
        let elapsed = now.saturating_duration_since(clock.arrived);
        let ticks = elapsed.as_nanos() * u128::from(self.clock_rate_hz()) / 1_000_000_000;
        let [.., a, b, c, d] = ticks.to_be_bytes();
        let since_report = u32::from_be_bytes([a, b, c, d]).wrapping_add(source.timestamp_offset);
        Some(SenderInfo {
            ntp: NtpTime(clock.ntp.0.wrapping_add(NtpTime::since_1900(elapsed).0)),
            rtp: RtpTimestamp(clock.rtp.0.wrapping_add(since_report)),
            packets: self.sent_packets,
            octets: self.sent_octets,
        })
    }

    pub(crate) fn clock_rate_hz(&self) -> u32 {
        self.codecs.first().map_or(90_000, |codec| codec.clock_rate_hz)
    }

    fn payload_type(&mut self, codec: Codec) -> Option<PayloadType> {
        if let Some((last, payload_type)) = self.payload_type
            && last == codec
        {
            return Some(payload_type);
        }
        let payload_type = self.codec(codec)?.payload_type;
        self.payload_type = Some((codec, payload_type));
        Some(payload_type)
    }

    fn codec(&self, codec: Codec) -> Option<&CodecParameters> {
        self.codecs.iter().find(|parameters| parameters.codec == codec)
    }
}

/// The frames that go beside this packet's, the oldest first.
#[cold]
fn find_older<'a>(
    recent: &'a RecentFrames,
    ages: Ages,
    payload_type: PayloadType,
    source: &Source,
    packet: &MediaPacket<'_>,
) -> ArrayVec<Block<'a>, MAX_FRAMES> {
    let frame = |behind: u64| {
        let wanted = packet.sequence.0.checked_sub(behind).map(ExtendedSeq);
        let (timestamp, data) = recent.find(source.epoch, wanted.filter(|wanted| *wanted >= source.first_taken)?)?;
        let timestamp_offset = u16::try_from(packet.timestamp.0.wrapping_sub(timestamp.0)).ok()?;
        let block = Block { payload_type, timestamp_offset, data };
        (timestamp_offset <= red::MAX_TIMESTAMP_OFFSET).then_some(block)
    };
    let mut room = MAX_REDUNDANT_PAYLOAD.saturating_sub(packet.payload.len());
    let fits = |block: &Block<'_>| {
        let left = room.checked_sub(block.data.len() + red::HEADER_LEN);
        room = left.unwrap_or(room);
        left.is_some()
    };
    ages.oldest_first().filter_map(frame).take_while(fits).take(MAX_FRAMES).collect()
}

/// Copies the payload behind the header and lends the copy.
fn payload_room<'a>(out: &'a mut [u8], offset: usize, payload: &[u8]) -> Result<&'a mut [u8], NotWritten> {
    let room = out.get_mut(offset..).and_then(|rest| rest.get_mut(..payload.len())).ok_or(NotWritten::NoRoom)?;
    room.copy_from_slice(payload);
    Ok(room)
}

#[cfg(test)]
#[path = "slot_tests.rs"]
mod tests;
