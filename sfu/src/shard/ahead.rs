//! What a packet is about to need of memory, asked for at once.
//!
//! A large shard has more state than fits the nearest caches, and the state of one packet is a chain: uplink, track, layer, routed
//! track, downlink, slot, cache. Followed link by link, each waits for memory in its turn. Where a peer's last packet went is
//! therefore kept in a table so dense that it stays near, and when another peer's packet comes, a word of each place is read
//! before any is used: the waits become one (ADR 0015). Owns that table. It may be out of date and nothing but time depends on it.

use super::Shard;
use crate::ids::{PeerIndex, TrackIndex};
use crate::packet::LayerIndex;
use crate::router::Subscriber;
use crate::uplink::Uplink;

/// By peer: where its last packet went.
#[derive(Default)]
pub(super) struct Trails {
    trails: Vec<Option<Trail>>,
    newest: Option<PeerIndex>,
}

/// A packet's way, with the first of those who got it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Trail {
    pub track: TrackIndex,
    pub layer: LayerIndex,
    pub viewer: Subscriber,
}

impl Trails {
    /// A packet of this peer went this way.
    pub(super) fn note(&mut self, from: PeerIndex, trail: Trail) {
        if self.trails.len() <= from.0 {
            self.trails.resize(from.0 + 1, None);
        }
        if let Some(place) = self.trails.get_mut(from.0)
            && *place != Some(trail)
        {
            *place = Some(trail);
        }
        self.newest = Some(from);
    }
}

impl Shard {
    /// Reads ahead for a packet of another peer than the last one's, whose state is still near.
    pub(super) fn read_ahead(&self, from: PeerIndex) {
        if self.trails.newest == Some(from) {
            return;
        }
        let Some(Some(Trail { track, layer, viewer })) = self.trails.trails.get(from.0) else { return };
        let routed = self.router.read_ahead(*track, *layer);
        let downlink = self.downlinks.get(viewer.peer.0).map_or(0, |downlink| downlink.read_ahead(viewer.section));
        let uplink = self.uplinks.get(from.0).map_or(0, Uplink::read_ahead);
        // What is read is of no use but must be.
        std::hint::black_box(routed ^ downlink ^ uplink);
    }
}
