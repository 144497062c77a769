//! A viewer's link and what goes over it: which layers fit, what waits for its turn, and probes for more.

use super::Shard;
use crate::batch::SendBatch;
use crate::description::{MAX_LAYERS, MAX_SECTIONS, MediaKind};
use crate::downlink::{self, Downlink, LayerView, Wish};
use crate::ids::{PeerIndex, SectionIndex};
use crate::packet::{Context, LayerIndex, MediaPacket};
use crate::router::Subscriber;
use crate::rtcp::transport_feedback::TransportFeedback;
use crate::rtp::payload::Outline;
use crate::uplink::PublishedTrack;
use std::time::Instant;

/// Packets that leave in one look at a peer; what is due beyond leaves with the next.
const PACKETS_PER_LOOK: usize = 16;

impl Shard {
    pub(super) fn handle_transport_feedback(
        &mut self,
        now: Instant,
        from: PeerIndex,
        feedback: &TransportFeedback<'_>,
    ) {
        let moment = self.timebase.moment(now);
        let Some(downlink) = self.downlinks.get_mut(from.0) else { return };
        let is_other = downlink.handle_transport_feedback(moment, feedback, &mut self.counters);
        if is_other && let Some(peer) = self.peers.get_mut(from.0) {
            peer.next_layers = now;
        }
        if is_other || downlink.congestion.is_pacing() {
            self.wake(from, now);
        }
    }

    /// Sends what has waited long enough, what is sent twice, and the next part of a probe.
    pub(super) fn pace(&mut self, now: Instant, index: PeerIndex, batch: &mut SendBatch) {
        let moment = self.timebase.moment(now);
        for _ in 0..PACKETS_PER_LOOK {
            let Some(downlink) = self.downlinks.get_mut(index.0) else { return };
            let Some(waiting) = downlink.congestion.pacer.pop(moment) else { break };
            let publisher = self.router.track(waiting.track).map(|track| track.publisher);
            let uplink = publisher.and_then(|publisher| self.uplinks.get(publisher.0));
            let Some(published) = uplink.and_then(|uplink| uplink.track(waiting.track)) else { continue };
            let kept = self.router.kept(now, waiting.track, waiting.layer, waiting.epoch, waiting.sequence);
            let Some(kept) = kept else {
                self.counters.dropped.pacer += 1;
                continue;
            };
            let outline = Outline::of(kept.codec, kept.payload);
            let packet = MediaPacket {
                layer: waiting.layer,
                epoch: waiting.epoch,
                sequence: waiting.sequence,
                timestamp: kept.timestamp,
                marker: kept.marker,
                codec: kept.codec,
                is_entry_point: outline.starts_key_frame,
                audio_level: None,
                pictures: outline.pictures,
                payload: kept.payload,
            };
            let context = Context { now: moment, clocks: &published.clocks, has_waited: true, recent: None };
            downlink.send_waiting(&waiting, &packet, &context, batch, &mut self.counters);
        }
        let Some(downlink) = self.downlinks.get_mut(index.0) else { return };
        if !downlink.congestion.pacer.is_waiting() {
            downlink.note_queue_empty();
        }
        downlink.send_probe(moment, batch, &mut self.counters);
        self.send_repeats(now, index, batch);
    }

    fn send_repeats(&mut self, now: Instant, index: PeerIndex, batch: &mut SendBatch) {
        let moment = self.timebase.moment(now);
        while let Some((section, sequence)) =
            self.downlinks.get_mut(index.0).and_then(|downlink| downlink.next_repeat(moment))
        {
            if self.send_again(now, index, section, sequence, batch).is_some() {
                self.counters.repeated_packets += 1;
            }
        }
    }

    /// Says for each of a viewer's slots which layer its link carries.
    pub(super) fn allocate(&mut self, now: Instant, index: PeerIndex) {
        let mut wishes = [Wish::NONE; MAX_SECTIONS];
        let mut limits = [Some(LayerIndex::HIGHEST); MAX_SECTIONS];
        let mut sections = [SectionIndex(0); MAX_SECTIONS];
        let (mut count, mut listening) = (0, 0);
        let carrying = self.downlinks.get(index.0).map(Downlink::carrying);
        let is_measured =
            self.downlinks.get(index.0).is_some_and(|downlink| downlink.congestion.rate_bps(now).is_some());
        for section in carrying.into_iter().flatten() {
            let Some(slot) = self.slot_mut(index, section) else { continue };
            // What does not come yet begins small: the rest of it when it is known what fits.
            let begins = is_measured && slot.playing().is_none();
            slot.carried = Some(if begins { LayerIndex::SINGLE } else { LayerIndex::HIGHEST });
            slot.is_repeated = false;
            listening += usize::from(slot.kind == MediaKind::Audio);
            let Some(wish) = self.wish(now, Subscriber { peer: index, section }) else { continue };
            if let (Some(room), Some(place)) = (wishes.get_mut(count), sections.get_mut(count)) {
                (*room, *place) = (wish, section);
                count += 1;
            }
        }
        let Some(downlink) = self.downlinks.get_mut(index.0) else { return };
        let voices_bps = downlink.congestion.voices_bps(now, listening);
        let wishes = wishes.get_mut(..count).unwrap_or_default();
        let limits = limits.get_mut(..count).unwrap_or_default();
        downlink.shrink_wishes(wishes);
        downlink.fit(now, voices_bps, wishes, limits);
        if downlink.note_fitting(now, voices_bps, &sections, wishes, limits) {
            downlink.fit(now, voices_bps, wishes, limits);
        }
        let is_repeated = downlink.review_repeats(now, voices_bps, wishes, limits, self.overload.is_active());
        for (section, limit) in sections.iter().zip(limits) {
            if let Some(slot) = downlink.slot_mut(*section) {
                slot.carried = *limit;
                slot.is_repeated = is_repeated;
            }
        }
        // A probe that nobody can receive yet would find nothing.
        if downlink.is_ready() {
            let rtt = downlink.feedback.rtt_by_reports();
            downlink.congestion.review(now, rtt, &mut self.counters);
        }
    }

    /// What a slot would take of the link; `None` when nothing comes, or nothing is to.
    fn wish(&self, now: Instant, subscriber: Subscriber) -> Option<Wish> {
        let slot = self.downlinks.get(subscriber.peer.0)?.slot(subscriber.section)?;
        let track = slot.track.filter(|_| slot.kind == MediaKind::Video)?;
        let routed = self.router.track(track).filter(|routed| routed.forwarding)?;
        let published = self.uplinks.get(routed.publisher.0)?.track(track)?;
        let views = LayerViews::of(now, published);
        let views = views.as_slice();
        let mut measured = [None; MAX_LAYERS];
        // Before the link has told anything what layers usually take is good enough: a small picture is seen meanwhile.
        if self.downlinks.get(subscriber.peer.0)?.congestion.told_bps().is_some() {
            for (rate, layer) in measured.iter_mut().zip(&published.layers) {
                *rate = layer.rate.bps();
            }
        }
        let load = self.layer_limit(routed.room, routed.key.peer, views.len(), slot.priority)?;
        let filling = downlink::filling(views, slot.max_height)?.min(load.index());
        Some(Wish {
            priority: slot.priority,
            layer_bps: downlink::layer_costs(views, &measured)?,
            filling: LayerIndex(u8::try_from(filling).ok()?),
            playing: slot.playing(),
            endures: None,
        })
    }
}

/// What is known of a track's layers, lowest first.
pub(super) struct LayerViews {
    views: [LayerView; MAX_LAYERS],
    count: usize,
}

impl LayerViews {
    pub(super) fn of(now: Instant, track: &PublishedTrack) -> Self {
        let mut views = [LayerView { height: None, is_flowing: false }; MAX_LAYERS];
        for (view, layer) in views.iter_mut().zip(&track.layers) {
            *view = LayerView { height: layer.height, is_flowing: layer.is_flowing(now) };
        }
        Self { views, count: track.layers.len().min(MAX_LAYERS) }
    }

    pub(super) fn as_slice(&self) -> &[LayerView] {
        self.views.get(..self.count).unwrap_or_default()
    }
}
