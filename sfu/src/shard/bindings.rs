//! Which track is on which slot, at which layer, and what publishers hear of it.

use super::Shard;
use super::attention::{EAGER_FOR, EAGER_INTERVAL};
use super::congestion::LayerViews;
use crate::batch::SendBatch;
use crate::description::MediaKind;
use crate::downlink::{Downlink, Limits, Slot};
use crate::event::Event;
use crate::ids::{Mid, PeerIndex, PeerKey, TrackIndex, TrackKey};
use crate::packet::LayerIndex;
use crate::router::Subscriber;
use crate::router::demand::LayerSet;
use std::time::Instant;

/// What a viewer does with a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Display {
    /// Device pixels; 0 = not shown.
    pub max_height: u16,
    pub priority: u8,
}

impl Shard {
    pub(super) fn set_forwarding(&mut self, key: TrackKey, forwarding: bool) -> Option<()> {
        let index = self.router.find(key)?;
        let track = self.router.track_mut(index)?;
        if std::mem::replace(&mut track.forwarding, forwarding) == forwarding {
            return Some(());
        }
        // What was not forwarded must not look like loss.
        for subscriber in track.subscribers.clone() {
            if let Some(downlink) = self.downlinks.get_mut(subscriber.peer.0) {
                downlink.interrupt(subscriber.section);
            }
        }
        Some(())
    }

    pub(super) fn bind_audio(
        &mut self,
        now: Instant,
        subscriber: PeerKey,
        mid: Mid,
        track: Option<TrackKey>,
    ) -> Option<()> {
        let subscriber = self.put_on_slot(now, subscriber, mid, track, MediaKind::Audio)?;
        self.slot_mut(subscriber.peer, subscriber.section)?.want(track.map(|_| LayerIndex::SINGLE));
        Some(())
    }

    pub(super) fn bind_video(
        &mut self,
        now: Instant,
        subscriber: PeerKey,
        mid: Mid,
        track: Option<TrackKey>,
        display: Display,
        batch: &mut SendBatch,
    ) -> Option<()> {
        let subscriber = self.put_on_slot(now, subscriber, mid, track, MediaKind::Video)?;
        let slot = self.slot_mut(subscriber.peer, subscriber.section)?;
        (slot.max_height, slot.priority) = (display.max_height, display.priority);
        // The whole link is shared out anew: what this slot takes, others cannot have.
        self.choose_layers(now, subscriber.peer, batch);
        if let Some(index) = track.and_then(|key| self.router.find(key)) {
            self.announce_demand(now, index);
        }
        Some(())
    }

    /// Moves the slot from the track it carries to the new one. `None`, and nothing changed, when the slot or the track is not
    /// there, of another kind or of another room.
    fn put_on_slot(
        &mut self,
        now: Instant,
        subscriber: PeerKey,
        mid: Mid,
        track: Option<TrackKey>,
        kind: MediaKind,
    ) -> Option<Subscriber> {
        let peer = *self.by_key.get(&subscriber)?;
        let section = self.downlinks.get(peer.0)?.section_of(mid)?;
        let room = self.peers.get(peer.0)?.room;
        let index = match track {
            None => None,
            Some(key) => {
                let index = self.router.find(key)?;
                let routed = self.router.track(index)?;
                let allowed = routed.room == room && routed.kind == kind && routed.publisher != peer;
                Some(allowed.then_some(index)?)
            }
        };
        let subscriber = Subscriber { peer, section };
        let slot = self.slot_mut(peer, section).filter(|slot| slot.kind == kind)?;
        let before = slot.track;
        if before != index {
            if let Some(index) = index
                && !self.router.subscribe(index, subscriber)
            {
                self.counters.dropped.limit += 1;
                return None;
            }
            if let Some(before) = before {
                self.router.unsubscribe(before, subscriber);
                self.announce_demand(now, before);
            }
            self.downlinks.get_mut(peer.0)?.bind(section, index);
            if kind == MediaKind::Video {
                self.await_picture(now, peer);
            }
            self.count_population();
        }
        Some(subscriber)
    }

    fn await_picture(&mut self, now: Instant, viewer: PeerIndex) {
        let Some(peer) = self.peers.get_mut(viewer.0).filter(|peer| peer.connected) else { return };
        peer.eager_until = now + EAGER_FOR;
        peer.next_layers = peer.next_layers.min(peer.beat.next(now, EAGER_INTERVAL));
        let next = peer.next_layers;
        self.wake(viewer, next);
    }

    /// As a viewer: the layers of its slots, and the key frames that they wait for.
    pub(super) fn choose_layers(&mut self, now: Instant, viewer: PeerIndex, batch: &mut SendBatch) {
        self.allocate(now, viewer);
        let carrying = self.downlinks.get(viewer.0).map(Downlink::carrying);
        for section in carrying.into_iter().flatten() {
            let subscriber = Subscriber { peer: viewer, section };
            if self.is_viewing(subscriber) {
                self.choose_layer(now, subscriber);
                self.request_keyframe_for(now, subscriber, batch);
            }
        }
    }

    /// Gives a viewing slot the layer that its display, what flows, the shard's load and the viewer's link allow.
    fn choose_layer(&mut self, now: Instant, subscriber: Subscriber) {
        let slot = self.downlinks.get(subscriber.peer.0).and_then(|downlink| downlink.slot(subscriber.section));
        let Some((slot, track)) = slot.and_then(|slot| Some((slot, slot.track?))) else { return };
        let Some(routed) = self.router.track(track) else { return };
        let Some(published) = self.uplinks.get(routed.publisher.0).and_then(|uplink| uplink.track(track)) else {
            return;
        };
        let load = self.layer_limit(routed.room, routed.key.peer, published.layers.len(), slot.priority);
        let limits = Limits { load, link: slot.carried };
        let views = LayerViews::of(now, published);
        if let Some(downlink) = self.downlinks.get_mut(subscriber.peer.0) {
            downlink.choose_layer(subscriber.section, views.as_slice(), limits);
        }
    }

    /// Asks the publisher for the key frame that a slot waits for, within the throttle.
    fn request_keyframe_for(&mut self, now: Instant, subscriber: Subscriber, batch: &mut SendBatch) {
        let Some(downlink) = self.downlinks.get(subscriber.peer.0).filter(|downlink| downlink.is_ready()) else {
            return;
        };
        let Some(slot) = downlink.slot(subscriber.section) else { return };
        let (Some(layer), Some(track)) = (slot.awaits_keyframe(), slot.track) else { return };
        let Some(routed) = self.router.track(track).filter(|routed| routed.forwarding) else { return };
        let (publisher, stand_in) = (routed.publisher, slot.stand_in().filter(|stand_in| *stand_in != layer));
        self.request_keyframe(now, publisher, track, layer, batch);
        if let Some(stand_in) = stand_in {
            self.request_keyframe(now, publisher, track, stand_in, batch);
        }
    }

    pub(super) fn request_keyframe(
        &mut self,
        now: Instant,
        publisher: PeerIndex,
        track: TrackIndex,
        layer: LayerIndex,
        batch: &mut SendBatch,
    ) {
        let Some(uplink) = self.uplinks.get_mut(publisher.0) else { return };
        let mut request = [0; 64];
        let len = uplink.write_keyframe_request(now, track, layer, &mut request);
        if len == 0 {
            return;
        }
        self.counters.pli_sent += 1;
        if let Some(downlink) = self.downlinks.get_mut(publisher.0) {
            downlink.send_rtcp(request.get(..len).unwrap_or_default(), batch, &mut self.counters);
        }
    }

    /// Tells the publisher which layers are used, when that is due.
    pub(super) fn announce_demand(&mut self, now: Instant, index: TrackIndex) {
        if self.router.track(index).is_none_or(|track| track.kind != MediaKind::Video) {
            return;
        }
        let used = self.layers_used(index);
        let lingers = !self.overload.is_active();
        let Some(track) = self.router.track_mut(index) else { return };
        let (key, publisher) = (track.key, track.publisher);
        let Some(demand) = track.demand.update(now, used, lingers) else { return };
        let Some(published) = self.uplinks.get(publisher.0).and_then(|uplink| uplink.track(index)) else { return };
        let rids = published.layers.iter().filter_map(|layer| layer.rid);
        let rids = rids.filter(|rid| published.layer_of_rid(Some(*rid)).is_some_and(|layer| demand.contains(layer)));
        let event = Event::LayersWanted { track: key, any: !demand.is_empty(), rids: rids.collect() };
        self.tell(event);
    }

    fn layers_used(&self, index: TrackIndex) -> LayerSet {
        let subscribers = self.router.track(index).map_or(&[][..], |track| &track.subscribers);
        let slot = |subscriber: &Subscriber| self.downlinks.get(subscriber.peer.0)?.slot(subscriber.section);
        let used: LayerSet = subscribers.iter().filter_map(slot).flat_map(Slot::uses).collect();
        // Where a viewer falls to when its link does: it must be there already.
        if used.is_empty() { used } else { used.with(LayerIndex::SINGLE) }
    }

    /// The slot shows a track to somebody.
    fn is_viewing(&self, subscriber: Subscriber) -> bool {
        let slot = self.downlinks.get(subscriber.peer.0).and_then(|downlink| downlink.slot(subscriber.section));
        slot.is_some_and(|slot| slot.kind == MediaKind::Video && slot.track.is_some())
    }
}
