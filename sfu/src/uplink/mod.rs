//! The server's receiving half of one peer: opens its SRTP, finds out which layer of which track a packet is, and keeps account.
//!
//! Owns the SRTP receiver, the published tracks and the transport-wide arrival record. Knows no subscriber.

pub(crate) mod feedback;
mod sources;
mod standing;

use crate::counters::Counters;
use crate::description::{Codec, ExtensionIds, MediaKind, PeerDescription};
use crate::ids::{Mid, RtpTimestamp, SeqNo, Ssrc, TrackIndex};
use crate::moment::Moment;
use crate::packet::{LayerClocks, LayerIndex, MediaPacket};
use crate::prefetch;
pub(crate) use crate::publisher::missing::Asking;
use crate::publisher::reception::Verdict;
pub(crate) use crate::publisher::track::PublishedTrack;
use crate::rtcp::transport_feedback::ArrivalRecorder;
use crate::rtp::header::{Extensions, RtpHeader};
use crate::rtp::payload::{Outline, Pictures};
use crate::rtp::{red, rtx};
use crate::transport::srtp::{FIRST_RECEIVER_BYTES, SrtpError, SrtpReceiver};
use feedback::FeedbackPace;
use sources::{Carried, Role, Source, Sources};
use standing::StandingQueue;
use std::ops::Range;
use std::time::Instant;

/// Of an uplink: all before the SRTP receiver that the packets of its first sources touch.
const FIRST_BYTES: usize = 256;

/// What each packet touches comes first and begins with a line of memory.
#[repr(C, align(64))]
pub(crate) struct Uplink {
    pub(crate) tracks: Vec<UplinkTrack>,
    pub(crate) arrivals: ArrivalRecorder,
    pub(crate) feedback_pace: FeedbackPace,
    /// Something was missing when the layers were last looked through, or since.
    may_miss: bool,
    /// One numbering for all bundled sections (RFC 8843 §9.1), so a packet's extensions are read before its section is known.
    extensions: ExtensionIds,
    sources: Sources,
    srtp: Option<SrtpReceiver>,
    queue: StandingQueue,
}

#[repr(C, align(64))]
pub(crate) struct UplinkTrack {
    pub(crate) index: TrackIndex,
    pub(crate) published: PublishedTrack,
}

/// A packet to forward, and the clocks with which a subscriber may switch to it.
pub(crate) struct Received<'a> {
    pub track: TrackIndex,
    /// Among the uplink's tracks.
    pub position: u8,
    pub packet: MediaPacket<'a>,
    pub clocks: &'a LayerClocks,
    /// A loss was noticed: this uplink is to be looked after then.
    pub next_nack: Option<Instant>,
    /// Packets before this one may still come.
    pub is_early: bool,
    /// Older frames stand beside this one.
    pub redundancy: Option<Redundancy>,
}

/// Redundant audio (RFC 2198) whose newest frame was received: where it stands in the opened datagram, and of which packet.
#[derive(Clone)]
pub(crate) struct Redundancy {
    /// Of the track among the uplink's.
    position: u8,
    layer: LayerIndex,
    sequence: SeqNo,
    timestamp: RtpTimestamp,
    payload: Range<usize>,
}

impl Redundancy {
    fn beside(source: Source, header: &RtpHeader, payload: Range<usize>) -> Self {
        let (sequence, timestamp) = (header.sequence, header.timestamp);
        Self { position: source.position, layer: source.layer, sequence, timestamp, payload }
    }

    /// The older frames, the oldest first, each with how many packets before this one it was sent first: browsers repeat what
    /// they sent last, in a row.
    pub(crate) fn frames<'a>(&self, datagram: &'a [u8]) -> impl Iterator<Item = (u16, red::Block<'a>)> {
        let blocks = red::blocks(datagram.get(self.payload.clone()).unwrap_or_default());
        let older = u16::try_from(blocks.older()).unwrap_or(0);
        (1..=older).rev().zip(blocks)
    }
}

impl Uplink {
    /// `add_track` gives each published section its place in the router.
    pub(crate) fn new(description: &PeerDescription, mut add_track: impl FnMut(Mid, MediaKind) -> TrackIndex) -> Self {
        let tracks: Vec<_> = description
            .sections
            .iter()
            .filter_map(PublishedTrack::new)
            .map(|published| UplinkTrack { index: add_track(published.mid, published.kind), published })
            .collect();
        let extensions =
            tracks.iter().fold(ExtensionIds::default(), |ids, track| merge(ids, track.published.extensions));
        let sources = Sources::declared(description, &tracks);
        Self {
            tracks,
            arrivals: ArrivalRecorder::default(),
            feedback_pace: FeedbackPace::default(),
            may_miss: false,
            extensions,
            sources,
            srtp: None,
            queue: StandingQueue::default(),
        }
    }

    pub(crate) fn begin(&mut self, srtp: SrtpReceiver) {
        self.srtp = Some(srtp);
    }

    pub(crate) fn track(&self, index: TrackIndex) -> Option<&PublishedTrack> {
        self.tracks.iter().find(|track| track.index == index).map(|track| &track.published)
    }

    pub(crate) fn track_mut(&mut self, index: TrackIndex) -> Option<&mut PublishedTrack> {
        self.tracks.iter_mut().find(|track| track.index == index).map(|track| &mut track.published)
    }

    /// What was sent last has not arrived: each picture that still comes begins anew.
    pub(crate) fn need_keyframes(&mut self, now: Instant) {
        let tracks = self.tracks.iter_mut().map(|track| &mut track.published);
        for layer in tracks.filter(|track| track.kind == MediaKind::Video).flat_map(|track| &mut track.layers) {
            layer.needs_keyframe |= layer.is_flowing(now);
        }
    }

    /// Any stream of the peer: transport-wide feedback must name one.
    pub(crate) fn any_ssrc(&self) -> Option<Ssrc> {
        self.tracks.iter().flat_map(|track| &track.published.layers).find_map(|layer| layer.ssrc)
    }

    /// Of each packet, whatever it carries (`shard::ahead`).
    pub(crate) fn request(&self) {
        prefetch::request_first(self, FIRST_BYTES);
        prefetch::request_first(&self.srtp, FIRST_RECEIVER_BYTES);
    }

    /// What a look at the peer touches beyond that.
    pub(crate) fn request_for_look(&self) {
        self.arrivals.request_pending();
        for track in &self.tracks {
            track.published.request(LayerIndex::SINGLE);
        }
    }

    /// What that leads to, for a packet of this source. Reads nothing of it.
    pub(crate) fn request_source(&self, ssrc: Ssrc, track: u8, layer: LayerIndex) {
        if let Some(track) = self.tracks.get(usize::from(track)) {
            track.published.request(layer);
        }
        if let Some(srtp) = &self.srtp {
            srtp.request_window(ssrc);
        }
        self.arrivals.request_next();
    }

    /// Opens one datagram that RFC 7983 classifies as RTP, in place. `None`: dropped, and counted why.
    pub(crate) fn receive_rtp<'a>(
        &'a mut self,
        now: Moment,
        datagram: &'a mut [u8],
        counters: &mut Counters,
    ) -> Option<Received<'a>> {
        counters.rtp_received_packets += 1;
        counters.rtp_received_bytes += datagram.len() as u64;
        let Some(srtp) = &mut self.srtp else {
            counters.dropped.before_handshake += 1;
            return None;
        };
        let Ok(header) = RtpHeader::parse(datagram) else {
            counters.dropped.rtp_malformed += 1;
            return None;
        };
        let plain_len = match srtp.unprotect_rtp(datagram, &header) {
            Ok(unprotected) => unprotected.len,
            Err(error) => {
                count_srtp_error(error, counters);
                return None;
            }
        };
        let plain = datagram.get(..plain_len)?;
        let extensions = header.extensions(plain, &self.extensions);
        if let Some(sequence) = extensions.transport_cc {
            self.arrivals.record(sequence, now.us);
        }
        self.feedback_pace.note(plain_len);
        self.accept(now, &header, &extensions, plain, counters)
    }

    /// A frame that came again in a later packet: of use when its own was lost.
    pub(crate) fn receive_redundant<'a>(
        &'a mut self,
        redundancy: &Redundancy,
        age: u16,
        frame: &red::Block<'a>,
        counters: &mut Counters,
    ) -> Option<Received<'a>> {
        let UplinkTrack { index, published } = self.tracks.get_mut(usize::from(redundancy.position))?;
        let codec = published.codec(frame.payload_type)?.codec;
        let layer = published.layer_mut(redundancy.layer)?;
        let epoch = layer.epoch;
        let lost = SeqNo(redundancy.sequence.0.wrapping_sub(age));
        let Verdict::FillsGap { sequence } = layer.reception.accept_recovered(lost) else { return None };
        counters.recovered_packets += 1;
        let packet = MediaPacket {
            layer: redundancy.layer,
            epoch,
            sequence,
            timestamp: RtpTimestamp(redundancy.timestamp.0.wrapping_sub(frame.timestamp_offset.into())),
            marker: false,
            codec,
            is_entry_point: true,
            audio_level: None,
            pictures: Pictures::default(),
            payload: frame.data,
        };
        let (track, position) = (*index, redundancy.position);
        let clocks = &published.clocks;
        Some(Received { track, position, packet, clocks, next_nack: None, is_early: false, redundancy: None })
    }

    fn accept<'a>(
        &'a mut self,
        now: Moment,
        header: &RtpHeader,
        extensions: &Extensions,
        plain: &'a [u8],
        counters: &mut Counters,
    ) -> Option<Received<'a>> {
        let Ok(range) = header.payload(plain) else {
            counters.dropped.rtp_malformed += 1;
            return None;
        };
        let payload = plain.get(range.clone())?;
        let Self { tracks, sources, may_miss, .. } = self;
        let Some((source, Carried { codec, nack })) = sources.of_packet(header, extensions, tracks) else {
            counters.dropped.rtp_unknown_source += 1;
            return None;
        };
        let UplinkTrack { index, published } = tracks.get_mut(source.track())?;
        let is_redundant = codec == Codec::Red;
        let (codec, payload) = if is_redundant { newest_frame(published, payload)? } else { (codec, payload) };
        let kind = published.kind;
        let layer = published.layer_mut(source.layer)?;
        layer.note_packet(now.at, header.len + payload.len());
        let (verdict, payload) = match source.role {
            Role::Media => (layer.reception.accept(now, header.sequence, header.timestamp), payload),
            // A retransmission without a number is padding: a probe for bandwidth.
            Role::Retransmission => {
                let (original, payload) = rtx::split(payload)?;
                (layer.reception.accept_recovered(original), payload)
            }
        };
        let (sequence, next_nack, is_early) = match verdict {
            Verdict::Newest { sequence, gap_too_large } => {
                layer.needs_keyframe |= gap_too_large && kind == MediaKind::Video;
                let next_nack = layer.reception.missing.next_deadline().filter(|_| nack);
                *may_miss |= next_nack.is_some();
                (sequence, next_nack, next_nack.is_some())
            }
            Verdict::FillsGap { sequence } => {
                counters.recovered_packets += u64::from(source.role == Role::Retransmission);
                (sequence, None, true)
            }
            Verdict::Duplicate => {
                counters.dropped.rtp_duplicate += 1;
                return None;
            }
        };
        let outline = Outline::of(codec, payload);
        let is_entry_point = outline.starts_key_frame;
        if is_entry_point && kind == MediaKind::Video {
            layer.needs_keyframe = false;
            layer.height = outline.size.map(|size| size.height).or(layer.height);
        }
        let epoch = layer.epoch;
        if let Some(level) = extensions.audio_level {
            published.loudness.note(now.at, level);
        }
        let packet = MediaPacket {
            layer: source.layer,
            epoch,
            sequence,
            timestamp: header.timestamp,
            marker: header.marker,
            codec,
            is_entry_point,
            audio_level: extensions.audio_level,
            pictures: outline.pictures,
            payload,
        };
        let redundancy = is_redundant.then(|| Redundancy::beside(source, header, range));
        let (track, position) = (*index, source.position);
        Some(Received { track, position, packet, clocks: &published.clocks, next_nack, is_early, redundancy })
    }

    /// Opens one datagram that RFC 7983 classifies as RTCP, in place, and gives the plain compound.
    pub(crate) fn open_rtcp<'a>(&mut self, datagram: &'a mut [u8], counters: &mut Counters) -> Option<&'a [u8]> {
        counters.rtcp_received_packets += 1;
        let Some(srtp) = &mut self.srtp else {
            counters.dropped.before_handshake += 1;
            return None;
        };
        match srtp.unprotect_rtcp(datagram) {
            Ok(len) => datagram.get(..len),
            Err(error) => {
                count_srtp_error(error, counters);
                None
            }
        }
    }
}

/// What a subscriber without RED could play. Within the server audio is always this: redundancy is between two neighbours.
fn newest_frame<'a>(track: &PublishedTrack, payload: &'a [u8]) -> Option<(Codec, &'a [u8])> {
    let newest = red::primary(payload)?;
    let codec = track.codec(newest.payload_type)?.codec;
    (codec != Codec::Red).then_some((codec, newest.data))
}

fn merge(ids: ExtensionIds, more: ExtensionIds) -> ExtensionIds {
    ExtensionIds {
        mid: ids.mid.or(more.mid),
        rid: ids.rid.or(more.rid),
        repaired_rid: ids.repaired_rid.or(more.repaired_rid),
        audio_level: ids.audio_level.or(more.audio_level),
        transport_cc: ids.transport_cc.or(more.transport_cc),
    }
}

fn count_srtp_error(error: SrtpError, counters: &mut Counters) {
    let counter = match error {
        SrtpError::Replayed => &mut counters.dropped.srtp_replayed,
        SrtpError::Truncated => &mut counters.dropped.rtp_malformed,
        SrtpError::NotAuthentic
        | SrtpError::NotEncrypted
        | SrtpError::NoRoom
        | SrtpError::KeyingMaterial
        | SrtpError::KeyExhausted => &mut counters.dropped.srtp_unauthentic,
    };
    *counter += 1;
}
