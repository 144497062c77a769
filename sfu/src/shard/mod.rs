//! One shard: every peer of its rooms, sans-IO.
//!
//! Datagrams, commands and time go in; datagrams (into a [`SendBatch`]), events and the next deadline come out. Owns all state
//! of its peers; must not know sockets, threads, the wall clock, SDP or signaling. One room lives on one shard, so no lock is
//! ever taken.

mod ahead;
mod attention;
mod beat;
mod bindings;
mod congestion;
mod connect;
mod handshakes;
mod media;
mod overload;
mod peers;
mod rooms;
mod timers;

use crate::batch::SendBatch;
use crate::command::Command;
use crate::counters::Counters;
use crate::demux::{Class, Demux, classify};
use crate::downlink::Downlink;
use crate::event::Event;
use crate::ids::{PeerIndex, PeerKey, RoomKey, TrackKey};
use crate::moment::Timebase;
use crate::router::Router;
use crate::transport::dtls::DtlsIdentity;
use crate::uplink::Uplink;
use ahead::Trails;
use handshakes::HandshakeQueue;
use overload::Overload;
pub use overload::{LOAD_INTERVAL, Load};
use peers::Peer;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rooms::Room;
use slab::Slab;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;
use timers::TimerWheel;

/// Peers of one shard: 1,000 rooms of four.
pub const MAX_PEERS: usize = 4_096;
/// Peers looked after in one `handle_timeout`: what each makes sent (reports, NACKs, feedback) fits the batch.
const PEERS_PER_TIMEOUT: usize = 32;
/// Events waiting for the control plane; more are dropped and counted.
pub const MAX_EVENTS: usize = 8_192;

pub struct ShardConfig {
    /// The certificate whose fingerprint the answers carry.
    pub identity: DtlsIdentity,
    /// Of the shard's random numbers (first sequence numbers): one seed, one run.
    pub seed: u64,
}

pub struct Shard {
    identity: DtlsIdentity,
    rng: StdRng,
    timebase: Timebase,
    demux: Demux,
    router: Router,
    /// Three slabs with the same keys: connection, receiving half, sending half. A packet borrows one peer's receiving half and
    /// others' sending halves at once.
    peers: Slab<Peer>,
    uplinks: Slab<Uplink>,
    downlinks: Slab<Downlink>,
    by_key: HashMap<PeerKey, PeerIndex>,
    rooms: HashMap<RoomKey, Room>,
    trails: Trails,
    timers: TimerWheel,
    /// Whose time has come, and who was not reached in the last `handle_timeout`.
    due: Vec<PeerIndex>,
    handshakes: HandshakeQueue,
    overload: Overload,
    /// Reused by `update_speakers`: who is heard in a room, and how loudly.
    loud: Vec<(f32, TrackKey)>,
    events: VecDeque<Event>,
    counters: Counters,
}

impl Shard {
    #[must_use]
    pub fn new(config: ShardConfig, now: Instant) -> Self {
        Self {
            identity: config.identity,
            rng: StdRng::seed_from_u64(config.seed),
            timebase: Timebase::new(now),
            demux: Demux::default(),
            router: Router::default(),
            peers: Slab::new(),
            uplinks: Slab::new(),
            downlinks: Slab::new(),
            by_key: HashMap::new(),
            rooms: HashMap::new(),
            trails: Trails::default(),
            timers: TimerWheel::new(now),
            due: Vec::new(),
            handshakes: HandshakeQueue::default(),
            overload: Overload::default(),
            loud: Vec::new(),
            events: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// One datagram as it was received; its bytes are decrypted in place. What it causes to be sent is in `batch`.
    pub fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8], batch: &mut SendBatch) {
        let Some(class) = classify(datagram) else {
            self.counters.dropped.unclassified += 1;
            return;
        };
        if class == Class::Stun {
            return self.handle_stun(now, from, datagram, batch);
        }
        let Some(peer) = self.demux.peer_at(from) else {
            self.counters.dropped.unknown_address += 1;
            return;
        };
        match class {
            Class::Rtp => self.receive(now, peer, datagram, batch),
            Class::Rtcp => self.handle_rtcp(now, peer, datagram, batch),
            Class::Dtls => self.defer_dtls(now, peer, datagram),
            Class::Stun => {}
        }
    }

    pub fn handle_command(&mut self, now: Instant, command: Command, batch: &mut SendBatch) {
        let done = match command {
            Command::OpenPeer { peer, room, description } => self.open_peer(now, peer, room, &description),
            Command::RestartIce { peer, description } => self.restart_ice(peer, &description),
            Command::ClosePeer { peer } => self.close_peer(now, peer, batch),
            Command::SetForwarding { track, forwarding } => self.set_forwarding(track, forwarding),
            Command::BindAudio { subscriber, mid, track } => self.bind_audio(now, subscriber, mid, track),
            Command::BindVideo { subscriber, mid, track, max_height, priority } => {
                self.bind_video(now, subscriber, mid, track, bindings::Display { max_height, priority }, batch)
            }
        };
        self.counters.dropped.command_refused += u64::from(done.is_none());
    }

    /// Call at or after [`Shard::next_timeout`]. Does a bounded piece of work: what is left is due at once, so that media
    /// can be handled in between.
    pub fn handle_timeout(&mut self, now: Instant, batch: &mut SendBatch) {
        let mut due = std::mem::take(&mut self.due);
        self.timers.fire(now, &mut due);
        let reached = due.len().min(PEERS_PER_TIMEOUT);
        for (position, peer) in due.iter().enumerate().take(reached) {
            self.expect_attention(due.get(position + 1..).unwrap_or_default());
            self.attend(now, *peer, batch);
        }
        due.drain(..reached);
        self.due = due;
        self.continue_handshake(now, batch);
    }

    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        if self.due.is_empty() {
            let waiting = self.handshakes.waiting_since();
            return waiting.or_else(|| self.timers.next_timeout());
        }
        Some(self.timers.last_fired())
    }

    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Nothing is left of anybody who was ever here.
    #[must_use]
    pub fn is_vacant(&self) -> bool {
        let peers = self.peers.is_empty() && self.uplinks.is_empty() && self.downlinks.is_empty();
        let names = self.by_key.is_empty() && self.rooms.is_empty() && self.demux.is_empty();
        peers && names && self.router.is_empty() && self.handshakes.is_empty() && self.next_timeout().is_none()
    }

    fn tell(&mut self, event: Event) {
        if self.events.len() < MAX_EVENTS {
            self.events.push_back(event);
        } else {
            self.counters.events_dropped += 1;
        }
    }

    /// The peer is to be looked after at `deadline` at the latest.
    fn wake(&mut self, peer: PeerIndex, deadline: Instant) {
        wake(&mut self.peers, &mut self.timers, peer, deadline);
    }
}

/// For who has lent other parts of the shard.
fn wake(peers: &mut Slab<Peer>, timers: &mut TimerWheel, peer: PeerIndex, deadline: Instant) {
    let Some(state) = peers.get_mut(peer.0) else { return };
    if state.wakes_at.is_none_or(|wakes_at| deadline < wakes_at) {
        state.wakes_at = Some(timers.set(peer, deadline));
    }
}
