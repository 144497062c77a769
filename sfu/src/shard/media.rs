//! The path of a media packet, and of the RTCP that speaks about it.

use super::Shard;
use crate::batch::SendBatch;
use crate::ids::{PeerIndex, SeqNo, Ssrc};
use crate::rtcp::{self, RtcpPacket};
use std::time::Instant;

impl Shard {
    /// Receive, keep, rewrite and seal for each subscriber: one pass, no queue, no allocation.
    pub(super) fn forward(&mut self, now: Instant, from: PeerIndex, datagram: &mut [u8], batch: &mut SendBatch) {
        let Some(uplink) = self.uplinks.get_mut(from.0) else { return };
        let Some(received) = uplink.receive_rtp(now, datagram, &mut self.counters) else { return };
        let mut plays = false;
        for subscriber in self.router.subscribers(received.track) {
            let Some(downlink) = self.downlinks.get_mut(subscriber.peer.0) else { continue };
            plays |= downlink.send_rtp(
                now,
                subscriber.section,
                &received.packet,
                received.clocks,
                batch,
                &mut self.counters,
            );
        }
        if plays {
            self.router.keep(now, received.track, &received.packet);
        } else if self.overload.is_active() && received.packet.codec.is_video() {
            self.counters.dropped.overload += 1;
        }
        if let Some(deadline) = received.next_nack {
            self.wake(from, deadline);
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
            // The downlink does not number its packets transport-wide yet.
            RtcpPacket::TransportFeedback(_) | RtcpPacket::Goodbye { .. } | RtcpPacket::Other { .. } => {}
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
        let (layer, epoch, taken) = slot.origin(sequence)?;
        let packet = self.router.kept(now, slot.track?, layer, epoch, taken)?;
        if !slot.resend.admit(now, sequence, u16::try_from(packet.payload.len()).ok()?) {
            return None;
        }
        downlink.send_again(section, sequence, &packet, batch, &mut self.counters);
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
