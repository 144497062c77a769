//! The media shards as the control plane sees them: where a room goes, what an offer is answered with, the way of a command.
//!
//! Owns the handles and each shard's last numbers. Answers SDP itself, on the caller's thread: no request waits for a shard.

use super::watchdog::Pulse;
use crate::metrics::media::{ShardSnapshot, ShardState};
use kenes_relay::{AudioTypes, Relay, Route};
use kenes_sfu::command::Command;
use kenes_sfu::description::{Fingerprint, MediaKind, PeerDescription};
use kenes_sfu::io::{ShardBusy, ShardHandle};
use kenes_sfu::sdp::{self, AnswerOptions, Negotiated, SdpError};
use kenes_signaling::message::IceServer;
use parking_lot::Mutex;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub struct Media {
    fingerprint: Fingerprint,
    shards: Vec<ShardSlot>,
    over_tcp: OverTcp,
}

/// The way in for clients that no UDP reaches.
pub struct OverTcp {
    pub relay: Arc<Relay>,
    /// Where clients reach it; empty = they are not told.
    pub candidates: Vec<SocketAddr>,
    /// Of TURN over TLS, where browsers trust the certificate.
    pub turn_url: Option<String>,
}

/// Longer than any visit: it is asked for with each join, and an allocation outlives its credential.
const TURN_CREDENTIAL_LIFE: Duration = Duration::from_secs(12 * 3_600);

/// Index of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardId(pub usize);

/// A running shard, as needed here.
pub struct ShardSlot {
    handle: ShardHandle,
    /// Where clients reach it, most preferred first.
    candidates: Vec<SocketAddr>,
    /// Where this process reaches it.
    near: SocketAddr,
    rooms: AtomicUsize,
    latest: Mutex<ShardSnapshot>,
    pulse: Mutex<Pulse>,
}

/// Why an offer got no answer.
#[derive(Debug)]
pub(super) enum NotAnswered {
    BadOffer(SdpError),
    /// No shard, or it has ended.
    Unavailable,
}

impl Media {
    /// `fingerprint` is of the certificate that all shards use.
    #[must_use]
    pub fn new(fingerprint: Fingerprint, shards: Vec<ShardSlot>, over_tcp: OverTcp) -> Self {
        Self { fingerprint, shards, over_tcp }
    }

    #[must_use]
    pub fn relay(&self) -> &Arc<Relay> {
        &self.over_tcp.relay
    }

    /// For one person's next PeerConnections.
    #[must_use]
    pub fn ice_servers(&self) -> Vec<IceServer> {
        let Some(url) = &self.over_tcp.turn_url else { return Vec::new() };
        let Ok(credential) = self.over_tcp.relay.credential(TURN_CREDENTIAL_LIFE) else { return Vec::new() };
        vec![IceServer { urls: vec![url.clone()], username: credential.username, credential: credential.password }]
    }

    /// Of the shards at work, the one with the fewest rooms takes the next one, and keeps it: forwarding never crosses threads.
    pub(super) fn place_room(&self) -> ShardId {
        let loads =
            self.shards.iter().map(|shard| (shard.is_stalled(), shard.rooms.load(Ordering::Relaxed))).enumerate();
        let (index, _) = loads.min_by_key(|(_, load)| *load).unwrap_or_default();
        if let Some(shard) = self.shards.get(index) {
            shard.rooms.fetch_add(1, Ordering::Relaxed);
        }
        ShardId(index)
    }

    pub(super) fn release_room(&self, shard: ShardId) {
        if let Some(shard) = self.shards.get(shard.0) {
            shard.rooms.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The answer to a PeerConnection's first offer, or to a later one when `previous` is given.
    pub(super) fn answer(
        &self,
        shard: ShardId,
        offer: &str,
        previous: Option<&PeerDescription>,
    ) -> Result<Negotiated, NotAnswered> {
        let slot = self.shards.get(shard.0).filter(|slot| slot.handle.is_alive()).ok_or(NotAnswered::Unavailable)?;
        let options = AnswerOptions {
            fingerprint: self.fingerprint,
            candidates: &slot.candidates,
            tcp_candidates: &self.over_tcp.candidates,
        };
        let mut rng = UnwrapErr(SysRng);
        match previous {
            Some(previous) => sdp::restart(offer, previous, &options, &mut rng),
            None => sdp::answer(offer, &options, &mut rng),
        }
        .map_err(NotAnswered::BadOffer)
    }

    /// From now on a client that names itself so over TCP is brought to its shard.
    pub(super) fn expect(&self, shard: ShardId, peer: &PeerDescription) {
        let Some(slot) = self.shards.get(shard.0) else { return };
        let sound = peer.sections.iter().filter(|section| section.kind == MediaKind::Audio);
        let audio: AudioTypes = sound.flat_map(|section| &section.codecs).map(|codec| codec.payload_type.0).collect();
        self.over_tcp.relay.routes().insert(&peer.ice.local_ufrag, Route { shard: slot.near, audio });
    }

    pub(super) fn forget(&self, peer: &PeerDescription) {
        self.over_tcp.relay.routes().remove(&peer.ice.local_ufrag);
    }

    pub(super) fn send(&self, shard: ShardId, command: Command) -> Result<(), ShardBusy> {
        self.shards.get(shard.0).ok_or(ShardBusy)?.handle.send(command)
    }

    pub(super) fn take_in(&self, shard: ShardId, snapshot: ShardSnapshot) {
        if let Some(slot) = self.shards.get(shard.0) {
            *slot.latest.lock() = snapshot;
        }
    }

    pub(super) fn look_at_shards(&self, now: Instant) {
        for (index, slot) in self.shards.iter().enumerate() {
            slot.pulse.lock().look(now, index, &slot.handle);
        }
    }

    /// No shard can take a room.
    #[must_use]
    pub fn stands_still(&self) -> bool {
        self.shards.iter().all(ShardSlot::is_stalled)
    }

    /// Where media is offered, by each shard, most preferred first.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.shards.iter().flat_map(|shard| shard.candidates.iter().copied())
    }

    /// Of each shard: its numbers as of its last report, and whether it turns.
    #[must_use]
    pub fn states(&self) -> Vec<ShardState> {
        self.shards.iter().map(ShardSlot::state).collect()
    }
}

impl ShardSlot {
    #[must_use]
    pub fn new(handle: ShardHandle, candidates: Vec<SocketAddr>, local: SocketAddr) -> Self {
        Self {
            handle,
            candidates,
            near: kenes_relay::reachable(local),
            rooms: AtomicUsize::new(0),
            latest: Mutex::default(),
            pulse: Mutex::default(),
        }
    }

    fn is_stalled(&self) -> bool {
        self.pulse.lock().is_stalled
    }

    fn state(&self) -> ShardState {
        let Pulse { is_stalled, stalls, .. } = *self.pulse.lock();
        ShardState { snapshot: self.latest.lock().clone(), is_stalled, stalls }
    }
}
