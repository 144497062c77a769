//! The server's sending half of one peer: its slots, the keys that seal them, and what the peer reports back.
//!
//! Owns the slots and the SRTP sender; writes sealed packets straight into the send batch. Knows no publisher.

pub(crate) mod congestion;
mod feedback;
mod repeats;

pub(crate) use crate::bandwidth::allocation::{Wish, layer_costs};
pub(crate) use crate::bandwidth::pacer::NEXT_LOOK;
pub(crate) use crate::bandwidth::{LayerView, Limits, filling};
pub(crate) use crate::subscriber::slot::Slot;

use crate::bandwidth;
use crate::bandwidth::pacer::Waiting;
use crate::batch::SendBatch;
use crate::counters::Counters;
use crate::description::{MediaKind, PeerDescription};
use crate::ids::{Mid, PeerIndex, SectionIndex, Ssrc, TrackIndex};
use crate::moment::Moment;
use crate::packet::{Context, KeptPacket, LayerIndex, MediaPacket};
use crate::prefetch;
use crate::rtp::sequence::ExtendedSeq;
use crate::subscriber::slot::{Admission, MAX_REDUNDANT_PAYLOAD, NotWritten, Written};
use crate::transport::srtp::{MAX_OVERHEAD, SrtpSender};
use congestion::Congestion;
use feedback::Feedback;
use rand::{Rng, RngExt};
use std::mem::offset_of;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Room asked of the batch above a payload: header, extensions, RTX number and authentication tag.
const PACKET_OVERHEAD: usize = 64 + MAX_OVERHEAD;

/// A plain compound of ours: below every path's MTU when sealed.
pub(crate) const MAX_RTCP_LEN: usize = 1_100;

/// Of a downlink: with the congestion's beginning.
const FIRST_BYTES: usize = offset_of!(Downlink, congestion) + Congestion::FIRST_BYTES;
/// Of the sender: the way to the keys, which are the library's and elsewhere.
const FIRST_SENDER_BYTES: usize = 64;

/// What each packet touches comes first and begins with a line of memory; behind the keys is what time and reports touch.
#[repr(C, align(64))]
pub(crate) struct Downlink {
    destination: u32,
    remote: Option<SocketAddr>,
    sent_bytes: u64,
    /// Sections whose slot carries a track, a bit each ([`crate::description::MAX_SECTIONS`]): what time brings need not look at the others.
    carrying: u32,
    /// By section: `None` where we do not send.
    slots: Vec<Option<Slot>>,
    pub(crate) congestion: Congestion,
    srtp: Option<SrtpSender>,
    pub(crate) feedback: Feedback,
    pub(crate) cname: String,
}

/// What became of a packet that was offered to a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    /// It does not play there, or the subscriber never asks for it again.
    Done,
    /// The slot plays it, and the subscriber may ask for it again: even if it was lost here.
    Sent,
    /// That, and it is sent again a moment later: [`Downlink::next_repeat`].
    SentFirst,
    /// It plays when its turn comes: [`Downlink::send_waiting`].
    Waits,
}

impl Downlink {
    pub(crate) fn new(now: Instant, peer: PeerIndex, description: &PeerDescription, rng: &mut impl Rng) -> Self {
        let mut first = || rng.random_range(0..1 << 15);
        let slots: Vec<_> = description.sections.iter().map(|section| Slot::new(section, first(), first())).collect();
        let is_numbered = slots.iter().flatten().any(|slot| slot.numbering().is_some());
        Self {
            destination: u32::try_from(peer.0).unwrap_or(u32::MAX),
            remote: None,
            srtp: None,
            slots,
            feedback: Feedback::default(),
            congestion: Congestion::new(now, is_numbered),
            cname: description.cname.clone(),
            sent_bytes: 0,
            carrying: 0,
        }
    }

    /// `round_trip`: at most, as far as is known.
    pub(crate) fn begin(&mut self, now: Instant, srtp: SrtpSender, round_trip: Option<Duration>) {
        self.srtp = Some(srtp);
        self.feedback.note_round_trip_within(now, round_trip);
    }

    /// Where ICE sends us: the newest nominated pair. True when the peer was elsewhere before.
    pub(crate) fn route(&mut self, remote: SocketAddr) -> bool {
        self.remote.replace(remote).is_some_and(|before| before != remote)
    }

    /// What was sent last has not arrived: each picture begins anew.
    pub(crate) fn request_keyframes(&mut self) {
        self.slots.iter_mut().flatten().filter(|slot| slot.kind == MediaKind::Video).for_each(Slot::request_keyframe);
    }

    /// Media can be sent: a key frame asked for earlier would be lost.
    pub(crate) fn is_ready(&self) -> bool {
        self.remote.is_some() && self.srtp.is_some()
    }

    pub(crate) fn section_of(&self, mid: Mid) -> Option<SectionIndex> {
        self.slots().find(|(_, slot)| slot.mid == mid).map(|(section, _)| section)
    }

    pub(crate) fn slot_mut(&mut self, section: SectionIndex) -> Option<&mut Slot> {
        self.slots.get_mut(section.0)?.as_mut()
    }

    pub(crate) fn slot(&self, section: SectionIndex) -> Option<&Slot> {
        self.slots.get(section.0)?.as_ref()
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = (SectionIndex, &Slot)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| Some((SectionIndex(index), slot.as_ref()?)))
    }

    /// Another track on the slot, or none.
    pub(crate) fn bind(&mut self, section: SectionIndex, track: Option<TrackIndex>) {
        let bit = u32::try_from(section.0).ok().and_then(|place| 1_u32.checked_shl(place)).unwrap_or(0);
        let Some(slot) = self.slot_mut(section) else { return };
        slot.bind(track);
        self.carrying = if track.is_some() { self.carrying | bit } else { self.carrying & !bit };
    }

    /// The sections whose slot carries a track.
    pub(crate) fn carrying(&self) -> impl Iterator<Item = SectionIndex> + use<> {
        let mut left = self.carrying;
        std::iter::from_fn(move || {
            let lowest = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (lowest < u32::BITS).then(|| usize::try_from(lowest).ok().map(SectionIndex)).flatten()
        })
    }

    /// Slots that display something and are given nothing of it.
    pub(crate) fn paused(&self) -> Vec<Mid> {
        self.slots().filter(|(_, slot)| slot.is_paused()).map(|(_, slot)| slot.mid).collect()
    }

    /// The shard's load keeps from a slot what would fill its display.
    pub(crate) fn is_limited(&self) -> bool {
        self.carrying().filter_map(|section| self.slot(section)).any(|slot| slot.is_limited)
    }

    pub(crate) fn section_of_ssrc(&self, ssrc: Ssrc) -> Option<SectionIndex> {
        self.slots().find(|(_, slot)| slot.ssrc == ssrc).map(|(section, _)| section)
    }

    /// Gives a viewing slot the layer that its display, what flows and `limits` allow. `layers` lowest first.
    pub(crate) fn choose_layer(&mut self, section: SectionIndex, layers: &[LayerView], limits: Limits) {
        let Some(slot) = self.slot_mut(section) else { return };
        let choice = bandwidth::choose(layers, slot.max_height, limits.lowest());
        slot.is_limited = bandwidth::is_limited(layers, slot.max_height, limits.load);
        slot.carried = limits.link;
        slot.desired = choice.map(|choice| choice.desired);
        slot.want(choice.map(|choice| choice.playable));
    }

    /// Bytes sent since the last call.
    pub(crate) fn take_sent_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.sent_bytes)
    }

    /// Of each packet, whatever slot it is for (`shard::ahead`).
    pub(crate) fn request(&self) {
        prefetch::request_first(self, FIRST_BYTES);
        prefetch::request_first(&self.srtp, FIRST_SENDER_BYTES);
    }

    /// What that leads to, for a packet of this slot. Reads nothing of it.
    pub(crate) fn request_slot(&self, section: SectionIndex) {
        if let Some(slot) = self.slots.get(section.0) {
            prefetch::request_first(slot, Slot::FIRST_BYTES);
        }
        self.congestion.request_history();
    }

    /// What a look at the peer touches beyond that.
    pub(crate) fn request_for_look(&self) {
        for slot in self.carrying().filter_map(|section| self.slots.get(section.0)) {
            prefetch::request(slot);
        }
        prefetch::request(&self.srtp);
    }

    /// The hot end of a packet's path: rewrite into the batch, seal there. Video that the link does not carry at once waits in its
    /// layer's cache; what is said waits for nothing.
    pub(crate) fn send_rtp(
        &mut self,
        section: SectionIndex,
        packet: &MediaPacket<'_>,
        context: &Context<'_>,
        batch: &mut SendBatch,
        counters: &mut Counters,
    ) -> Offered {
        if packet.codec.is_video() && !context.has_waited && !self.congestion.pacer.is_free(context.now) {
            return self.queue(section, packet, counters);
        }
        self.send(section, packet, context, batch, counters)
    }

    /// The slot may begin with a packet of this layer that is still to come.
    pub(crate) fn may_yet_begin(&self, section: SectionIndex, layer: LayerIndex) -> bool {
        self.slot(section).is_some_and(|slot| slot.may_yet_begin(layer))
    }

    /// Sends what had to wait, unless its slot carries something else by now.
    pub(crate) fn send_waiting(
        &mut self,
        waiting: &Waiting,
        packet: &MediaPacket<'_>,
        context: &Context<'_>,
        batch: &mut SendBatch,
        counters: &mut Counters,
    ) {
        if self.slot(waiting.section).is_some_and(|slot| slot.track == Some(waiting.track)) {
            self.send_rtp(waiting.section, packet, context, batch, counters);
        }
    }

    fn queue(&mut self, section: SectionIndex, packet: &MediaPacket<'_>, counters: &mut Counters) -> Offered {
        let Some(slot) = self.slots.get_mut(section.0).and_then(Option::as_mut) else { return Offered::Done };
        let Some(track) = slot.track else { return Offered::Done };
        let pacer = &mut self.congestion.pacer;
        match slot.admit(packet) {
            Admission::Refused => return Offered::Done,
            Admission::Continues => {}
            Admission::Begins => counters.dropped.pacer += pacer.forget_frames(section) as u64,
        }
        if !pacer.push(Waiting::new(section, track, packet)) {
            // Too much of everything: this picture begins anew with a key frame when there is room.
            counters.dropped.pacer += pacer.forget(section) as u64 + 1;
            slot.interrupt();
            return Offered::Done;
        }
        counters.paced_packets += 1;
        Offered::Waits
    }

    fn send(
        &mut self,
        section: SectionIndex,
        packet: &MediaPacket<'_>,
        context: &Context<'_>,
        batch: &mut SendBatch,
        counters: &mut Counters,
    ) -> Offered {
        let (Some(remote), Some(srtp)) = (&self.remote, &self.srtp) else { return Offered::Done };
        let Some(slot) = self.slots.get_mut(section.0).and_then(Option::as_mut) else { return Offered::Done };
        let redundant_room = context.recent.map_or(0, |_| MAX_REDUNDANT_PAYLOAD);
        let room = packet.payload.len().max(redundant_room) + PACKET_OVERHEAD;
        let Some(out) = batch.reserve(room) else {
            counters.dropped.batch_full += 1;
            return offered(slot);
        };
        let number = self.congestion.number(slot);
        let written = match slot.write(packet, context, number, out) {
            Ok(written) => written,
            Err(NotWritten::NotPlaying) => return Offered::Done,
            Err(NotWritten::CodecMismatch) => {
                counters.dropped.codec_mismatch += 1;
                return Offered::Done;
            }
            Err(NotWritten::NoRoom) => {
                counters.dropped.rtp_malformed += 1;
                return Offered::Done;
            }
        };
        counters.layer_switches += u64::from(written.switched);
        let Some(len) = seal(srtp, &written, out) else { return offered(slot) };
        batch.commit(*remote, self.destination, len);
        self.congestion.note_sent(context.now, slot.kind, len, number.is_some());
        self.sent_bytes += len as u64;
        counters.rtp_forwarded_packets += 1;
        counters.rtp_forwarded_bytes += len as u64;
        if slot.is_repeated {
            self.congestion.repeats.push(context.now, section, written.sequence);
            return Offered::SentFirst;
        }
        offered(slot)
    }

    /// Sends a cached packet again on the slot's RTX stream.
    pub(crate) fn send_again(
        &mut self,
        now: Moment,
        section: SectionIndex,
        sequence: ExtendedSeq,
        packet: &KeptPacket<'_>,
        batch: &mut SendBatch,
        counters: &mut Counters,
    ) {
        let (Some(remote), Some(srtp)) = (self.remote, &self.srtp) else { return };
        let Some(slot) = self.slots.get_mut(section.0).and_then(Option::as_mut) else { return };
        let Some(out) = batch.reserve(packet.payload.len() + PACKET_OVERHEAD) else {
            counters.dropped.batch_full += 1;
            return;
        };
        let number = self.congestion.number(slot);
        let Some(written) = slot.write_again(sequence, packet, number, out) else { return };
        let Some(len) = seal(srtp, &written, out) else { return };
        batch.commit(remote, self.destination, len);
        self.congestion.note_sent(now, MediaKind::Video, len, number.is_some());
        self.sent_bytes += len as u64;
        counters.retransmitted_packets += 1;
        // The publisher's packet came late, and was asked for while it waited: once is enough.
        let origin = slot.origin(sequence);
        if origin.is_some_and(|(layer, _, taken)| self.congestion.pacer.forget_packet(section, taken, layer)) {
            self.note_queue_empty();
        }
    }

    /// Seals a plain compound and sends it; nothing when it is empty.
    pub(crate) fn send_rtcp(&mut self, plain: &[u8], batch: &mut SendBatch, counters: &mut Counters) {
        let (Some(remote), Some(srtp)) = (self.remote, &mut self.srtp) else { return };
        if plain.is_empty() {
            return;
        }
        let Some(out) = batch.reserve(plain.len() + MAX_OVERHEAD) else {
            counters.dropped.batch_full += 1;
            return;
        };
        if let Some(room) = out.get_mut(..plain.len()) {
            room.copy_from_slice(plain);
        }
        if let Ok(len) = srtp.protect_rtcp(out, plain.len()) {
            batch.commit(remote, self.destination, len);
            counters.rtcp_sent_packets += 1;
        }
    }
}

/// Of a packet that the slot plays: whether it may be asked for again.
fn offered(slot: &Slot) -> Offered {
    if slot.repairs() { Offered::Sent } else { Offered::Done }
}

fn seal(srtp: &SrtpSender, written: &Written, out: &mut [u8]) -> Option<usize> {
    srtp.protect_rtp(out, written.header_len, written.len, written.ssrc, written.sequence).ok()
}
