//! The media shards as the control plane sees them: where a room goes, what an offer is answered with, the way of a command.
//!
//! Owns the handles and each shard's last numbers. Answers SDP itself, on the caller's thread: no request waits for a shard.

use crate::metrics::media::ShardSnapshot;
use kenes_sfu::command::Command;
use kenes_sfu::description::{Fingerprint, PeerDescription};
use kenes_sfu::io::{ShardBusy, ShardHandle};
use kenes_sfu::sdp::{self, AnswerOptions, Negotiated, SdpError};
use parking_lot::Mutex;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

pub struct Media {
    fingerprint: Fingerprint,
    shards: Vec<ShardSlot>,
}

/// Index of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardId(pub usize);

/// A running shard, as needed here.
pub struct ShardSlot {
    handle: ShardHandle,
    /// Where clients reach it, most preferred first.
    candidates: Vec<SocketAddr>,
    rooms: AtomicUsize,
    latest: Mutex<ShardSnapshot>,
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
    pub fn new(fingerprint: Fingerprint, shards: Vec<ShardSlot>) -> Self {
        Self { fingerprint, shards }
    }

    /// The shard with the fewest rooms takes the next one, and keeps it: forwarding never crosses threads.
    pub(super) fn place_room(&self) -> ShardId {
        let loads = self.shards.iter().map(|shard| shard.rooms.load(Ordering::Relaxed)).enumerate();
        let (index, _) = loads.min_by_key(|(_, rooms)| *rooms).unwrap_or_default();
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
        let options = AnswerOptions { fingerprint: self.fingerprint, candidates: &slot.candidates };
        let mut rng = UnwrapErr(SysRng);
        match previous {
            Some(previous) => sdp::restart(offer, previous, &options, &mut rng),
            None => sdp::answer(offer, &options, &mut rng),
        }
        .map_err(NotAnswered::BadOffer)
    }

    pub(super) fn send(&self, shard: ShardId, command: Command) -> Result<(), ShardBusy> {
        self.shards.get(shard.0).ok_or(ShardBusy)?.handle.send(command)
    }

    pub(super) fn take_in(&self, shard: ShardId, snapshot: ShardSnapshot) {
        if let Some(slot) = self.shards.get(shard.0) {
            *slot.latest.lock() = snapshot;
        }
    }

    /// Of each shard, as of its last report.
    #[must_use]
    pub fn snapshots(&self) -> Vec<ShardSnapshot> {
        self.shards.iter().map(|slot| slot.latest.lock().clone()).collect()
    }
}

impl ShardSlot {
    #[must_use]
    pub fn new(handle: ShardHandle, candidates: Vec<SocketAddr>) -> Self {
        Self { handle, candidates, rooms: AtomicUsize::new(0), latest: Mutex::default() }
    }
}
