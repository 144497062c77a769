//! The path of a media packet, and of the RTCP that speaks about it.

use super::{Shard, wake};
use crate::batch::SendBatch;
use crate::counters::Counters;
use crate::description::MediaKind;
use crate::downlink::{Downlink, NEXT_LOOK, Offered};
use crate::ids::{PeerIndex, SectionIndex, SeqNo, Ssrc, TrackIndex};
use crate::moment::Moment;
use crate::packet::Context;
use crate::router::Router;
use crate::rtcp::{self, RtcpPacket};
use crate::rtp::header::RtpHeader;
use crate::rtp::sequence::ExtendedSeq;
use crate::uplink::{Received, Redundancy};
use slab::Slab;
use std::time::Instant;

impl Shard {
    /// Receive, keep, rewrite and seal for each subscriber: one pass, no queue, no allocation.
    pub(super) fn receive(&mut self, now: Instant, from: PeerIndex, datagram: &mut [u8], batch: &mut SendBatch) {
        self.forward(now, from, datagram, batch);
        self.send_transport_feedback(now, from, batch);
    }

    fn forward(&mut self, now: Instant, from: PeerIndex, datagram: &mut [u8], batch: &mut SendBatch) {
        let now = self.timebase.moment(now);
        let ssrc = RtpHeader::ssrc_of(datagram).filter(|_| self.is_spread());
        let Some(uplink) = self.uplinks.get_mut(from.0) else { return };
        let received = uplink.receive_rtp(now, datagram, &mut self.counters);
        // By reference: it is large.
        let Some(received) = &received else { return };
        if let Some(ssrc) = ssrc {
            self.trails.note(from, ssrc, received, self.router.subscribers(received.track));
        }
        let fate = fan_out(&mut self.router, &mut self.downlinks, &mut self.counters, now, received, batch);
        if !fate.is_kept && self.overload.is_active() && received.packet.codec.is_video() {
            self.counters.dropped.overload += 1;
        }
        let (track, next_nack, redundancy) = (received.track, received.next_nack, received.redundancy.clone());
        if fate.waits {
            self.wake_pacers(now.at, track);
        }
        if let Some(redundancy) = redundancy {
            self.forward_redundant(now, from, &redundancy, datagram, batch);
        }
        if let Some(deadline) = next_nack {
            self.wake(from, deadline);
        }
    }

    /// The packet waits for the links of some who get it: they are looked after soon.
    fn wake_pacers(&mut self, now: Instant, track: TrackIndex) {
        for subscriber in self.router.subscribers(track) {
            if self.downlinks.get(subscriber.peer.0).is_some_and(|downlink| downlink.congestion.is_pacing()) {
                wake(&mut self.peers, &mut self.timers, subscriber.peer, now + NEXT_LOOK);
            }
        }
    }

    /// What a packet of redundant audio brings back of those before it.
    fn forward_redundant(
        &mut self,
        now: Moment,
        from: PeerIndex,
        redundancy: &Redundancy,
        datagram: &[u8],
        batch: &mut SendBatch,
    ) {
        let Some(uplink) = self.uplinks.get_mut(from.0) else { return };
        for (age, frame) in redundancy.frames(datagram) {
            if let Some(received) = uplink.receive_redundant(redundancy, age, &frame, &mut self.counters) {
                fan_out(&mut self.router, &mut self.downlinks, &mut self.counters, now, &received, batch);
            }
        }
    }

    pub(super) fn handle_rtcp(&mut self, now: Instant, from: PeerIndex, datagram: &mut [u8], batch: &mut SendBatch) {
        let Some(uplink) = self.uplinks.get_mut(from.0) else { return };
        let Some(compound) = uplink.open_rtcp(datagram, &mut self.counters) else { return };
        for packet in rtcp::packets(compound) {
            match packet {
                Ok(packet) => self.handle_rtcp_packet(now, from, packet, batch),
                Err(rtcp::reader::Malformed) => self.counters.dropped.rtcp_malformed += 1,
            }
        }
    }

    fn handle_rtcp_packet(&mut self, now: Instant, from: PeerIndex, packet: RtcpPacket<'_>, batch: &mut SendBatch) {
        let (Some(uplink), Some(downlink)) = (self.uplinks.get_mut(from.0), self.downlinks.get_mut(from.0)) else {
            return;
        };
        match packet {
            RtcpPacket::SenderReport { ssrc, info, reports } => {
                uplink.handle_sender_report(now, ssrc, &info);
                reports.for_each(|block| downlink.handle_report_block(now, &block));
            }
            RtcpPacket::ReceiverReport { reports, .. } => {
                reports.for_each(|block| downlink.handle_report_block(now, &block));
            }
            RtcpPacket::Nack { media, missing } => {
                for sequence in missing {
                    self.answer_nack(now, from, media, sequence, batch);
                }
            }
            RtcpPacket::PictureLoss { media } => self.note_keyframe_request(now, from, media),
            RtcpPacket::FullIntraRequest { requests } => {
                for request in requests {
                    self.note_keyframe_request(now, from, request.media);
                }
            }
            RtcpPacket::TransportFeedback(feedback) => self.handle_transport_feedback(now, from, &feedback),
            RtcpPacket::Goodbye { .. } | RtcpPacket::Other { .. } => {}
        }
    }

    /// From the subscriber's number back to the publisher's packet, and out again as a retransmission.
    fn answer_nack(&mut self, now: Instant, from: PeerIndex, media: Ssrc, sequence: SeqNo, batch: &mut SendBatch) {
        self.counters.nack_received += 1;
        if self.resend(now, from, media, sequence, batch).is_none() {
            self.counters.nack_unanswered += 1;
        }
    }

    fn resend(
        &mut self,
        now: Instant,
        from: PeerIndex,
        media: Ssrc,
        sequence: SeqNo,
        batch: &mut SendBatch,
    ) -> Option<()> {
        let downlink = self.downlinks.get_mut(from.0)?;
        let section = downlink.section_of_ssrc(media)?;
        let slot = downlink.slot_mut(section)?;
        let sequence = slot.extend(sequence)?;
        if slot.kind == MediaKind::Audio {
            return slot.owe(sequence);
        }
        self.send_again(now, from, section, sequence, batch)
    }

    /// On the slot's RTX stream, if it is still there and not too much.
    pub(super) fn send_again(
        &mut self,
        now: Instant,
        to: PeerIndex,
        section: SectionIndex,
        sequence: ExtendedSeq,
        batch: &mut SendBatch,
    ) -> Option<()> {
        let moment = self.timebase.moment(now);
        let downlink = self.downlinks.get_mut(to.0)?;
        let is_clogged = downlink.congestion.pacer.is_clogged(moment);
        let slot = downlink.slot_mut(section)?;
        let (layer, epoch, taken) = slot.origin(sequence)?;
        let packet = self.router.kept(now, slot.track?, layer, epoch, taken)?;
        if is_clogged || !slot.resend.admit(now, sequence, u16::try_from(packet.payload.len()).ok()?) {
            return None;
        }
        downlink.send_again(moment, section, sequence, &packet, batch, &mut self.counters);
        Some(())
    }

    fn note_keyframe_request(&mut self, now: Instant, from: PeerIndex, media: Ssrc) {
        self.counters.pli_received += 1;
        let Some(downlink) = self.downlinks.get_mut(from.0) else { return };
        let Some(section) = downlink.section_of_ssrc(media) else { return };
        if let Some(slot) = downlink.slot_mut(section) {
            slot.request_keyframe();
        }
        // Its requests go out when the peer is next looked after: now, once for all slots.
        if let Some(peer) = self.peers.get_mut(from.0) {
            peer.next_layers = now;
        }
        self.wake(from, now);
    }
}

/// What became of a packet among those who carry its track.
#[derive(Clone, Copy, Default)]
struct Fate {
    /// Somebody may ask for it again.
    is_kept: bool,
    /// Somebody's link carries it only later, or once more then.
    waits: bool,
}

/// To everybody who carries the track.
fn fan_out(
    router: &mut Router,
    downlinks: &mut Slab<Downlink>,
    counters: &mut Counters,
    now: Moment,
    received: &Received<'_>,
    batch: &mut SendBatch,
) -> Fate {
    let context = Context { now, clocks: received.clocks, has_waited: false, recent: router.recent(received.track) };
    let mut fate = Fate::default();
    for subscriber in router.subscribers(received.track) {
        let Some(downlink) = downlinks.get_mut(subscriber.peer.0) else { continue };
        let offered = downlink.send_rtp(subscriber.section, &received.packet, &context, batch, counters);
        // Where a key frame's first packet may still come, what follows is asked for then.
        let may_be_asked_for =
            || received.is_early && downlink.may_yet_begin(subscriber.section, received.packet.layer);
        fate.is_kept |= offered != Offered::Done || may_be_asked_for();
        fate.waits |= matches!(offered, Offered::Waits | Offered::SentFirst);
    }
    if fate.is_kept {
        router.keep(now.at, received.track, &received.packet);
    }
    fate
}
