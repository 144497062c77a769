//! Who gets what: published tracks, their subscribers, and the packets that a subscriber may ask for again.
//!
//! Owns the subscription lists, the log of what was forwarded and a bounded index of it per layer. Knows neither how a packet came in nor how it goes out.

pub(crate) mod cache;
pub(crate) mod demand;
mod log;

use crate::description::{MAX_LAYERS, MediaKind};
use crate::ids::{PeerIndex, RoomKey, SectionIndex, TrackIndex, TrackKey};
use crate::packet::recent::RecentFrames;
use crate::packet::{KeptPacket, LayerIndex, MediaPacket};
use crate::prefetch;
use crate::rtp::sequence::ExtendedSeq;
use arrayvec::ArrayVec;
use cache::PacketCache;
use demand::Demand;
use log::PacketLog;
use slab::Slab;
use std::collections::HashMap;
use std::mem::offset_of;
use std::time::Instant;

/// Slots that may carry one track: everybody else in the largest room.
const MAX_SUBSCRIBERS: usize = 64;

/// One slot of one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subscriber {
    pub peer: PeerIndex,
    pub section: SectionIndex,
}

#[derive(Default)]
pub(crate) struct Router {
    tracks: Slab<RoutedTrack>,
    by_key: HashMap<TrackKey, TrackIndex>,
    subscriptions: usize,
    log: PacketLog,
}

/// Of a track: with the first of its subscribers, who are behind their number.
const FIRST_BYTES: usize = offset_of!(RoutedTrack, subscribers) + size_of::<usize>() + size_of::<Subscriber>();
/// Of a track: what a packet does not touch, and a look does.
const NAMES: usize = offset_of!(RoutedTrack, publisher);

/// In place and small. What each packet touches comes first and begins with a line of memory, the first subscriber included.
#[repr(C, align(64))]
pub(crate) struct RoutedTrack {
    /// False while muted on the server: packets are received and go nowhere.
    pub(crate) forwarding: bool,
    pub(crate) kind: MediaKind,
    /// One per layer, made when somebody gets its first packet.
    caches: [Option<PacketCache>; MAX_LAYERS],
    /// Of audio, made likewise.
    recent: Option<RecentFrames>,
    pub(crate) demand: Demand,
    pub(crate) subscribers: ArrayVec<Subscriber, MAX_SUBSCRIBERS>,
    pub(crate) publisher: PeerIndex,
    pub(crate) key: TrackKey,
    pub(crate) room: RoomKey,
}

impl Router {
    pub(crate) fn add(&mut self, key: TrackKey, room: RoomKey, publisher: PeerIndex, kind: MediaKind) -> TrackIndex {
        let track = RoutedTrack {
            key,
            room,
            publisher,
            kind,
            forwarding: true,
            subscribers: ArrayVec::new(),
            demand: Demand::default(),
            caches: [const { None }; MAX_LAYERS],
            recent: None,
        };
        let index = TrackIndex(self.tracks.insert(track));
        self.by_key.insert(key, index);
        index
    }

    /// The track is gone; its last subscribers, whose slots must be cleared.
    pub(crate) fn remove(&mut self, index: TrackIndex) -> ArrayVec<Subscriber, MAX_SUBSCRIBERS> {
        let Some(track) = self.tracks.try_remove(index.0) else { return ArrayVec::new() };
        self.by_key.remove(&track.key);
        self.subscriptions -= track.subscribers.len();
        track.subscribers
    }

    pub(crate) fn find(&self, key: TrackKey) -> Option<TrackIndex> {
        self.by_key.get(&key).copied()
    }

    pub(crate) fn track(&self, index: TrackIndex) -> Option<&RoutedTrack> {
        self.tracks.get(index.0)
    }

    pub(crate) fn track_mut(&mut self, index: TrackIndex) -> Option<&mut RoutedTrack> {
        self.tracks.get_mut(index.0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tracks.is_empty() && self.by_key.is_empty() && self.subscriptions == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.tracks.len()
    }

    pub(crate) fn subscriptions(&self) -> usize {
        self.subscriptions
    }

    /// False when the track is gone or has its [`MAX_SUBSCRIBERS`].
    pub(crate) fn subscribe(&mut self, index: TrackIndex, subscriber: Subscriber) -> bool {
        let Some(track) = self.tracks.get_mut(index.0) else { return false };
        if track.subscribers.contains(&subscriber) {
            return true;
        }
        let subscribed = track.subscribers.try_push(subscriber).is_ok();
        self.subscriptions += usize::from(subscribed);
        subscribed
    }

    pub(crate) fn unsubscribe(&mut self, index: TrackIndex, subscriber: Subscriber) {
        let Some(track) = self.tracks.get_mut(index.0) else { return };
        if let Some(position) = track.subscribers.iter().position(|other| *other == subscriber) {
            track.subscribers.remove(position);
            self.subscriptions -= 1;
        }
    }

    /// Who may get the track's packets: nobody while it is muted.
    pub(crate) fn subscribers(&self, index: TrackIndex) -> &[Subscriber] {
        self.tracks.get(index.0).filter(|track| track.forwarding).map_or(&[], |track| &track.subscribers)
    }

    /// A packet that somebody got, and may ask for again.
    pub(crate) fn keep(&mut self, now: Instant, index: TrackIndex, packet: &MediaPacket<'_>) {
        let Some(track) = self.tracks.get_mut(index.0) else { return };
        match track.kind {
            MediaKind::Video => track.keep(now, packet, &mut self.log),
            MediaKind::Audio => track.recent.get_or_insert_with(RecentFrames::new).insert(packet),
            MediaKind::Other => {}
        }
    }

    pub(crate) fn recent(&self, index: TrackIndex) -> Option<&RecentFrames> {
        self.tracks.get(index.0)?.recent.as_ref()
    }

    /// What a packet of this track touches (`shard::ahead`).
    pub(crate) fn request(&self, index: TrackIndex) {
        let Some(track) = self.tracks.get(index.0) else { return };
        prefetch::request_first(track, FIRST_BYTES);
    }

    /// What a look at a peer that sends or gets this track touches.
    pub(crate) fn request_for_look(&self, index: TrackIndex) {
        if let Some(track) = self.tracks.get(index.0) {
            prefetch::request_first(track, FIRST_BYTES);
            prefetch::request_part(track, NAMES, size_of::<RoutedTrack>() - NAMES);
        }
    }

    /// Where its next packet will be kept.
    pub(crate) fn request_cache(&self, index: TrackIndex, layer: LayerIndex) {
        let Some(track) = self.tracks.get(index.0) else { return };
        if let Some(cache) = track.caches.get(layer.index()).and_then(Option::as_ref) {
            cache.request_next();
        }
        if let Some(recent) = &track.recent {
            recent.request_next();
        }
    }

    pub(crate) fn kept(
        &self,
        now: Instant,
        index: TrackIndex,
        layer: LayerIndex,
        epoch: u32,
        sequence: ExtendedSeq,
    ) -> Option<KeptPacket<'_>> {
        let cache = self.tracks.get(index.0)?.caches.get(layer.index())?.as_ref()?;
        cache.find(now, epoch, sequence, &self.log)
    }
}

impl RoutedTrack {
    fn keep(&mut self, now: Instant, packet: &MediaPacket<'_>, log: &mut PacketLog) {
        if let Some(cache) = self.caches.get_mut(packet.layer.index()) {
            cache.get_or_insert_with(|| PacketCache::new(packet.epoch)).insert(now, packet, log);
        }
    }
}
