//! What a datagram is about to need of memory, asked for while those before it are handled.
//!
//! A large shard has more state than fits the nearest caches, and the state of one packet is a chain: uplink, track, layer, routed
//! track, downlink, slot, cache. Followed link by link, each waits for memory in its turn. Where the packets of a peer's sources
//! went is therefore kept in a table so dense that it stays near, and a datagram that waits behind others is taken along its way in
//! two steps: first the places whose address is known, a datagram later what they lead to (ADR 0019). Owns that table. It may
//! be out of date, and nothing but time depends on it.

use super::Shard;
use crate::demux::{Class, classify};
use crate::ids::{PeerIndex, SectionIndex, Ssrc, TrackIndex};
use crate::packet::LayerIndex;
use crate::router::Subscriber;
use crate::rtp::header::RtpHeader;
use crate::uplink::Received;
use std::net::SocketAddr;
use std::num::NonZeroU8;

/// The state of so few peers stays near by itself: to ask for it would cost a twentieth of a packet and bring nothing.
const NEAR_PEERS: usize = 8;

/// Sources of a peer whose way is known: a microphone, a camera with its repair, and one more.
const WAYS: usize = 4;

#[derive(Default)]
pub(super) struct Trails {
    /// By peer.
    ways: Vec<Ways>,
    /// Whose packet was noted last.
    newest: Option<Source>,
    /// Whose datagram was expected last, and the way of which half has been asked for.
    expected: Option<Source>,
    half_way: Option<(PeerIndex, Way)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Source {
    peer: PeerIndex,
    ssrc: Ssrc,
}

/// Of one peer: a line of memory.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Ways([Option<Way>; WAYS]);

/// A source's packets, with the first of those who get them. As small as it can be.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Way {
    ssrc: Ssrc,
    track: u32,
    /// Of the track among its uplink's, from one on: so it takes no room to say that a way is not known.
    position: NonZeroU8,
    layer: LayerIndex,
    viewer: u32,
    section: u8,
}

impl Way {
    fn of(ssrc: Ssrc, received: &Received<'_>, viewer: Subscriber) -> Option<Self> {
        Some(Self {
            ssrc,
            track: u32::try_from(received.track.0).ok()?,
            position: NonZeroU8::MIN.checked_add(received.position)?,
            layer: received.packet.layer,
            viewer: u32::try_from(viewer.peer.0).ok()?,
            section: u8::try_from(viewer.section.0).ok()?,
        })
    }

    fn track(self) -> TrackIndex {
        TrackIndex(usize::try_from(self.track).unwrap_or(usize::MAX))
    }

    fn position(self) -> u8 {
        self.position.get() - 1
    }

    fn viewer(self) -> usize {
        usize::try_from(self.viewer).unwrap_or(usize::MAX)
    }

    fn section(self) -> SectionIndex {
        SectionIndex(self.section.into())
    }
}

impl Trails {
    fn way(&self, source: Source) -> Option<Way> {
        self.ways.get(source.peer.0)?.0.iter().flatten().find(|way| way.ssrc == source.ssrc).copied()
    }

    /// A packet has come, and goes to these.
    pub(super) fn note(&mut self, peer: PeerIndex, ssrc: Ssrc, received: &Received<'_>, subscribers: &[Subscriber]) {
        let source = Source { peer, ssrc };
        if self.newest.replace(source) != Some(source)
            && let Some(viewer) = subscribers.first()
            && let Some(way) = Way::of(ssrc, received, *viewer)
        {
            self.remember(peer, way);
        }
    }

    fn remember(&mut self, peer: PeerIndex, way: Way) {
        if self.ways.len() <= peer.0 {
            self.ways.resize(peer.0 + 1, Ways::default());
        }
        let Some(Ways(ways)) = self.ways.get_mut(peer.0) else { return };
        let own = ways.iter().position(|known| known.is_none_or(|known| known.ssrc == way.ssrc));
        if own.is_none() {
            // The oldest makes room.
            ways.rotate_left(1);
        }
        if let Some(place) = ways.get_mut(own.unwrap_or(WAYS - 1)).filter(|place| **place != Some(way)) {
            *place = Some(way);
        }
    }
}

impl Shard {
    /// A datagram that will be handed over after the next one, or `None` where there is none. Called before each datagram of a
    /// burst, and with the first two of it before that.
    pub fn expect(&mut self, datagram: Option<(SocketAddr, &[u8])>) {
        if !self.is_spread() {
            return;
        }
        self.request_what_is_far();
        if let Some((from, datagram)) = datagram
            && classify(datagram) == Some(Class::Rtp)
            && let Some(ssrc) = RtpHeader::ssrc_of(datagram)
            && let Some(peer) = self.demux.expected_at(from)
        {
            self.request_what_is_near(Source { peer, ssrc });
        }
    }

    /// More state than the nearest caches hold.
    pub(super) fn is_spread(&self) -> bool {
        self.peers.len() > NEAR_PEERS
    }

    /// Who will be looked after next: of the third the places whose address is known, of the second what they lead to, of the first
    /// what that leads to.
    pub(super) fn expect_attention(&self, next: &[PeerIndex]) {
        if !self.is_spread() {
            return;
        }
        if let Some(third) = next.get(2) {
            if let Some(peer) = self.peers.get(third.0) {
                peer.request();
            }
            if let Some(uplink) = self.uplinks.get(third.0) {
                uplink.request();
            }
            if let Some(downlink) = self.downlinks.get(third.0) {
                downlink.request();
            }
        }
        if let Some(second) = next.get(1) {
            if let Some(uplink) = self.uplinks.get(second.0) {
                uplink.request_for_look();
            }
            if let Some(downlink) = self.downlinks.get(second.0) {
                downlink.request_for_look();
            }
        }
        if let Some(first) = next.first() {
            if let Some(uplink) = self.uplinks.get(first.0) {
                uplink.tracks.iter().for_each(|track| self.router.request_for_look(track.index));
            }
            if let Some(downlink) = self.downlinks.get(first.0) {
                let slots = downlink.carrying().filter_map(|section| downlink.slot(section)?.track);
                slots.for_each(|track| self.router.request_for_look(track));
            }
        }
    }

    fn request_what_is_near(&mut self, source: Source) {
        if self.trails.expected.replace(source) == Some(source) {
            return;
        }
        let Some(way) = self.trails.way(source) else { return };
        if let Some(uplink) = self.uplinks.get(source.peer.0) {
            uplink.request();
        }
        self.router.request(way.track());
        if let Some(downlink) = self.downlinks.get(way.viewer()) {
            downlink.request();
        }
        self.trails.half_way = Some((source.peer, way));
    }

    fn request_what_is_far(&mut self) {
        let Some((peer, way)) = self.trails.half_way.take() else { return };
        if let Some(uplink) = self.uplinks.get(peer.0) {
            uplink.request_source(way.ssrc, way.position(), way.layer);
        }
        self.router.request_cache(way.track(), way.layer);
        if let Some(downlink) = self.downlinks.get(way.viewer()) {
            downlink.request_slot(way.section());
        }
    }
}
