//! Peers come and go: one PeerConnection each, from `OpenPeer` to its end.

use super::beat::Beat;
use super::rooms::Room;
use super::{MAX_PEERS, Shard};
use crate::batch::SendBatch;
use crate::description::{DtlsParameters, PeerDescription};
use crate::downlink::{Downlink, Slot};
use crate::event::{CloseReason, Event};
use crate::ids::{PeerIndex, PeerKey, RoomKey, SectionIndex, TrackIndex, TrackKey};
use crate::prefetch;
use crate::router::Subscriber;
use crate::transport::dtls::DtlsTransport;
use crate::transport::first_round_trip::FirstRoundTrip;
use crate::transport::ice::IceLite;
use crate::uplink::Uplink;
use std::collections::VecDeque;
use std::mem::offset_of;
use std::time::{Duration, Instant};

/// From `OpenPeer` to a finished DTLS handshake.
pub(super) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

/// Connection and schedule of one peer; the media halves are its neighbours in the other slabs. What each look at it touches comes
/// first.
#[repr(C, align(64))]
pub(super) struct Peer {
    pub key: PeerKey,
    pub room: RoomKey,
    /// The room's.
    pub beat: Beat,
    /// The entry in the timer wheel that counts.
    pub wakes_at: Option<Instant>,
    pub next_layers: Instant,
    /// Looks at layers are closer together until then.
    pub eager_until: Instant,
    pub next_report: Instant,
    pub reported: Instant,
    pub opened: Instant,
    pub dtls_deadline: Option<Instant>,
    /// Until the peer's turn comes (`handshakes.rs`).
    pub dtls_waiting: VecDeque<Box<[u8]>>,
    pub connected: bool,
    pub ice: IceLite,
    /// Made when ICE has found an address. Large, and of no use after the handshake but for the end.
    pub dtls: Option<Box<DtlsTransport>>,
    pub dtls_parameters: DtlsParameters,
    pub round_trip: FirstRoundTrip,
}

/// Of a peer: all before its connection.
const FIRST_BYTES: usize = offset_of!(Peer, ice) + size_of::<Instant>();

impl Peer {
    /// What a look at it touches (`shard::ahead`).
    pub(super) fn request(&self) {
        prefetch::request_first(self, FIRST_BYTES);
    }
}

impl Shard {
    pub(super) fn open_peer(
        &mut self,
        now: Instant,
        key: PeerKey,
        room: RoomKey,
        description: &PeerDescription,
    ) -> Option<()> {
        if self.by_key.contains_key(&key) || self.peers.len() >= MAX_PEERS {
            self.counters.dropped.limit += 1;
            return None;
        }
        let origin = self.timebase.origin();
        let opened = self.rooms.entry(room).or_insert_with(|| Room::new(Beat::new(origin, now)));
        let index = PeerIndex(self.peers.insert(Peer {
            key,
            room,
            beat: opened.beat,
            ice: IceLite::new(&description.ice, now),
            dtls_parameters: description.dtls.clone(),
            dtls: None,
            round_trip: FirstRoundTrip::default(),
            dtls_deadline: None,
            dtls_waiting: VecDeque::new(),
            opened: now,
            connected: false,
            wakes_at: None,
            next_layers: now,
            eager_until: now,
            next_report: now,
            reported: now,
        }));
        opened.peers.push(index);
        let router = &mut self.router;
        let uplink = Uplink::new(description, |mid, kind| router.add(TrackKey { peer: key, mid }, room, index, kind));
        self.uplinks.insert(uplink);
        self.downlinks.insert(Downlink::new(now, index, description, &mut self.rng));
        self.demux.add_ufrag(&description.ice.local_ufrag, index);
        self.by_key.insert(key, index);
        self.count_population();
        self.wake(index, now + HANDSHAKE_TIMEOUT);
        Some(())
    }

    pub(super) fn restart_ice(&mut self, key: PeerKey, description: &PeerDescription) -> Option<()> {
        let index = *self.by_key.get(&key)?;
        let peer = self.peers.get_mut(index.0)?;
        let unused = peer.ice.restart(&description.ice);
        if let Some(ufrag) = unused {
            self.demux.remove_ufrag(&ufrag);
        }
        self.demux.add_ufrag(&description.ice.local_ufrag, index);
        Some(())
    }

    /// By the control plane's wish: the client is told by DTLS, the control plane is not told at all.
    pub(super) fn close_peer(&mut self, now: Instant, key: PeerKey, batch: &mut SendBatch) -> Option<()> {
        let index = *self.by_key.get(&key)?;
        if let Some(dtls) = self.peers.get_mut(index.0).and_then(|peer| peer.dtls.as_mut()) {
            dtls.close();
        }
        self.flush_dtls(now, index, batch);
        self.remove_peer(index);
        Some(())
    }

    /// By itself: the control plane learns why.
    pub(super) fn lose_peer(&mut self, index: PeerIndex, reason: CloseReason) {
        let Some(peer) = self.peers.get(index.0) else { return };
        let event = Event::PeerClosed { peer: peer.key, reason };
        self.counters.closed.count(reason);
        self.remove_peer(index);
        self.tell(event);
    }

    fn remove_peer(&mut self, index: PeerIndex) {
        let Some(peer) = self.peers.try_remove(index.0) else { return };
        self.handshakes.forget(&peer);
        for ufrag in peer.ice.local_ufrags() {
            self.demux.remove_ufrag(ufrag);
        }
        for address in peer.ice.addresses() {
            self.demux.remove_address(*address, index);
        }
        self.by_key.remove(&peer.key);
        if let Some(uplink) = self.uplinks.try_remove(index.0) {
            for track in uplink.tracks {
                self.remove_track(track.index);
            }
        }
        if let Some(downlink) = self.downlinks.try_remove(index.0) {
            for (section, track) in downlink.slots().filter_map(|(section, slot)| Some((section, slot.track?))) {
                self.router.unsubscribe(track, Subscriber { peer: index, section });
            }
        }
        self.leave_room(peer.room, index);
        self.count_population();
    }

    fn remove_track(&mut self, track: TrackIndex) {
        for subscriber in self.router.remove(track) {
            if let Some(downlink) = self.downlinks.get_mut(subscriber.peer.0) {
                downlink.bind(subscriber.section, None);
            }
        }
    }

    pub(super) fn slot_mut(&mut self, peer: PeerIndex, section: SectionIndex) -> Option<&mut Slot> {
        self.downlinks.get_mut(peer.0)?.slot_mut(section)
    }

    pub(super) fn count_population(&mut self) {
        self.counters.peers = self.peers.len() as u64;
        self.counters.rooms = self.rooms.len() as u64;
        self.counters.tracks = self.router.len() as u64;
        self.counters.subscriptions = self.router.subscriptions() as u64;
    }
}
