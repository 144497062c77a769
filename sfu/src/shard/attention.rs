//! What a peer needs from time to time: handshake timers, consent, repair, reports, layers.

use super::Shard;
use super::peers::{HANDSHAKE_TIMEOUT, Peer};
use crate::batch::SendBatch;
use crate::downlink::{MAX_RTCP_LEN, NEXT_LOOK};
use crate::event::{CloseReason, Event};
use crate::ids::{PeerIndex, PeerKey};
use crate::uplink::Asking;
use crate::uplink::feedback::FEEDBACK_SSRC;
use std::time::{Duration, Instant};

/// Between two looks at layers and key frames.
const LAYERS_INTERVAL: Duration = Duration::from_millis(200);
/// … while first pictures are awaited: a layer that begins to flow is asked for a key frame at once. How long that lasts.
pub(super) const EAGER_INTERVAL: Duration = Duration::from_millis(50);
pub(super) const EAGER_FOR: Duration = Duration::from_secs(2);
/// Between two reports, RTCP and ours (RFC 3550 §6.2 lets a small session go below 5 s).
pub(super) const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Feedback packets for one peer at once; a recorder full of arrivals makes fewer.
const MAX_FEEDBACKS: usize = 8;

impl Shard {
    pub(super) fn attend(&mut self, now: Instant, index: PeerIndex, batch: &mut SendBatch) {
        let Some(peer) = self.peers.get_mut(index.0) else { return };
        // An entry that an earlier deadline has overtaken.
        if peer.wakes_at.is_none_or(|wakes_at| now < wakes_at) {
            return;
        }
        peer.wakes_at = None;
        if let Some(reason) = expired(peer, now) {
            return self.lose_peer(index, reason);
        }
        // Nothing is sent again while the answer to it waits for its turn.
        if peer.dtls_waiting.is_empty() && peer.dtls_deadline.is_some_and(|deadline| deadline <= now) {
            if let Some(dtls) = &mut peer.dtls {
                dtls.handle_timeout(now);
            }
            self.flush_dtls(now, index, batch);
        }
        if self.peers.get(index.0).is_some_and(|peer| peer.connected) {
            self.look_after_media(now, index, batch);
        }
        if let Some(deadline) = self.next_deadline(now, index) {
            self.wake(index, deadline);
        }
    }

    fn look_after_media(&mut self, now: Instant, index: PeerIndex, batch: &mut SendBatch) {
        self.ask_for_lost_packets(now, index, batch);
        let Some(peer) = self.peers.get_mut(index.0) else { return };
        let interval = if now < peer.eager_until { EAGER_INTERVAL } else { LAYERS_INTERVAL };
        let layers = take_due(&mut peer.next_layers, now, || peer.beat.next(now, interval));
        let report = take_due(&mut peer.next_report, now, || peer.beat.next(now, REPORT_INTERVAL));
        let (key, room) = (peer.key, peer.room);
        let interval = now.saturating_duration_since(peer.reported);
        // Of who has fallen silent: else it goes out with a packet that comes.
        self.send_transport_feedback(now, index, batch);
        if layers {
            self.review_layers(now, index, batch);
            self.update_speakers(now, room, index);
        }
        if self.downlinks.get(index.0).is_some_and(|downlink| downlink.congestion.is_pacing()) {
            self.pace(now, index, batch);
        }
        if report {
            self.send_reports(now, index, batch);
            self.report_links(now, index, key, interval);
        }
    }

    fn ask_for_lost_packets(&mut self, now: Instant, index: PeerIndex, batch: &mut SendBatch) {
        let (Some(uplink), Some(downlink)) = (self.uplinks.get_mut(index.0), self.downlinks.get_mut(index.0)) else {
            return;
        };
        if uplink.next_nack().is_none_or(|at| now < at) {
            return;
        }
        let mut compound = [0; MAX_RTCP_LEN];
        let asking = Asking { rtt: downlink.feedback.rtt(), is_twice: downlink.feedback.loses_requests() };
        let asked = uplink.write_nacks(now, asking, &mut compound);
        self.counters.nack_sent += asked.sequences;
        downlink.send_rtcp(compound.get(..asked.len).unwrap_or_default(), batch, &mut self.counters);
    }

    /// If it is time for it. Also called with each packet that comes, since then what it touches of the uplink is near, and no
    /// wake-up is needed for it.
    pub(super) fn send_transport_feedback(&mut self, now: Instant, index: PeerIndex, batch: &mut SendBatch) {
        let Some(uplink) = self.uplinks.get_mut(index.0).filter(|uplink| uplink.owes_feedback(now)) else { return };
        let Some(downlink) = self.downlinks.get_mut(index.0) else { return };
        uplink.feedback_pace.begin_interval(now);
        let media = uplink.any_ssrc().unwrap_or(FEEDBACK_SSRC);
        for _ in 0..MAX_FEEDBACKS {
            let mut packet = [0; MAX_RTCP_LEN];
            let Some(len) = uplink.arrivals.build(FEEDBACK_SSRC, media, &mut packet) else { return };
            downlink.send_rtcp(packet.get(..len).unwrap_or_default(), batch, &mut self.counters);
        }
    }

    /// As a viewer: its layers. As a publisher: what of it is used, and the key frames that mend what repair could not.
    fn review_layers(&mut self, now: Instant, index: PeerIndex, batch: &mut SendBatch) {
        self.choose_layers(now, index, batch);
        let tracks = self.uplinks.get(index.0).map_or(0, |uplink| uplink.tracks.len());
        for position in 0..tracks {
            let Some(track) = self.uplinks.get(index.0).and_then(|uplink| uplink.tracks.get(position)) else {
                continue;
            };
            let (track, broken) = (track.index, track.published.first_broken_layer());
            self.announce_demand(now, track);
            if let Some(layer) = broken.filter(|_| self.router.track(track).is_some_and(|track| track.forwarding)) {
                self.request_keyframe(now, index, track, layer, batch);
            }
        }
    }

    fn send_reports(&mut self, now: Instant, index: PeerIndex, batch: &mut SendBatch) {
        let (Some(uplink), Some(downlink)) = (self.uplinks.get_mut(index.0), self.downlinks.get_mut(index.0)) else {
            return;
        };
        let mut compound = [0; MAX_RTCP_LEN];
        let len = uplink.write_receiver_report(now, &downlink.cname, &mut compound);
        downlink.send_rtcp(compound.get(..len).unwrap_or_default(), batch, &mut self.counters);
        for section in downlink.carrying() {
            let Some(track) = downlink.slot(section).and_then(|slot| slot.track) else { continue };
            let Some(publisher) = self.router.track(track).map(|routed| routed.publisher) else { continue };
            let Some(published) = self.uplinks.get(publisher.0).and_then(|uplink| uplink.track(track)) else {
                continue;
            };
            let len = downlink.write_sender_report(now, section, &published.clocks, &mut compound);
            downlink.send_rtcp(compound.get(..len).unwrap_or_default(), batch, &mut self.counters);
        }
    }

    fn report_links(&mut self, now: Instant, index: PeerIndex, key: PeerKey, interval: Duration) {
        let (Some(uplink), Some(downlink)) = (self.uplinks.get_mut(index.0), self.downlinks.get_mut(index.0)) else {
            return;
        };
        let downlink_report = downlink.measure(interval);
        let is_limited = downlink.is_limited();
        let paused = downlink.paused();
        let uplink_report = uplink.measure(interval, downlink_report.rtt);
        if let Some(peer) = self.peers.get_mut(index.0) {
            peer.reported = now;
        }
        let (uplink, downlink) = (uplink_report, downlink_report);
        self.tell(Event::PeerReport { peer: key, uplink, downlink, is_limited, paused });
    }

    fn next_deadline(&mut self, now: Instant, index: PeerIndex) -> Option<Instant> {
        let peer = self.peers.get(index.0)?;
        let lost = if peer.connected { peer.ice.consent_deadline() } else { peer.opened + HANDSHAKE_TIMEOUT };
        let mut deadline = peer.dtls_deadline.map_or(lost, |dtls| dtls.min(lost));
        if peer.connected {
            deadline = deadline.min(peer.next_layers).min(peer.next_report);
            if self.downlinks.get(index.0)?.congestion.is_pacing() {
                deadline = deadline.min(now + NEXT_LOOK);
            }
            let uplink = self.uplinks.get_mut(index.0)?;
            deadline = uplink.next_nack().map_or(deadline, |nack| nack.min(deadline));
        }
        Some(deadline)
    }
}

fn expired(peer: &Peer, now: Instant) -> Option<CloseReason> {
    if !peer.connected && now.saturating_duration_since(peer.opened) >= HANDSHAKE_TIMEOUT {
        return Some(CloseReason::HandshakeTimeout);
    }
    (peer.connected && peer.ice.consent_expired(now)).then_some(CloseReason::ConsentExpired)
}

/// True when the moment has come; then the next one is set.
fn take_due(next: &mut Instant, now: Instant, following: impl FnOnce() -> Instant) -> bool {
    let due = *next <= now;
    if due {
        *next = following();
    }
    due
}
