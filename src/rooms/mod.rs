//! Running consultations: which rooms are open, and the way of every message and every media event to its room.
//!
//! Owns the registry. A room is a pure state machine (`kenes_signaling::room`) behind a mutex of its own, not a task: nothing in
//! there waits, a socket's task pays for the SDP that it asks for, and effects happen in the order in which the room decided
//! them. Must not decide anything that the state machine decides.

mod cell;
mod convert;
mod deflate;
mod effects;
mod events;
pub mod media;
mod notices;
mod outbox;
pub mod trial;
mod watchdog;
pub mod websocket;

use crate::clock;
use crate::metrics::Metrics;
use cell::RoomCell;
use dashmap::DashMap;
use kenes_sfu::ids::{PeerKey, RoomKey};
use kenes_signaling::ids::{ConnectionId, ResumeSecret, RoomId, Subject};
use kenes_signaling::message::Join;
use kenes_signaling::room::{Claims, Input, MediaPeer};
use media::Media;
use outbox::Outbox;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

pub use events::{EVENT_QUEUE, ShardReport};
pub use notices::{Happening, NOTICE_QUEUE, Person, RoomNotice};

pub struct Rooms {
    by_id: DashMap<RoomId, Arc<RoomCell>>,
    /// The same rooms, as the shards name them.
    by_key: DashMap<RoomKey, Arc<RoomCell>>,
    /// Open PeerConnections, as the shards name them.
    peers: DashMap<PeerKey, (Arc<RoomCell>, MediaPeer)>,
    media: Media,
    metrics: Arc<Metrics>,
    limits: RoomLimits,
    /// To whoever keeps the record of visits.
    notices: mpsc::Sender<RoomNotice>,
    phase: watch::Sender<Phase>,
    /// For rooms, peers and sockets alike; nothing is numbered twice.
    next_number: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
pub struct RoomLimits {
    pub max_rooms: usize,
    /// How long a room that everybody has left remembers whom it admitted, what was said, and that it was ended.
    pub empty_life: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// No new sockets and rooms; those that are open may finish.
    Draining,
    Stopped,
}

/// No new room: as many are open as the configuration allows.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl Rooms {
    #[must_use]
    pub fn new(
        media: Media,
        metrics: Arc<Metrics>,
        limits: RoomLimits,
        notices: mpsc::Sender<RoomNotice>,
    ) -> Arc<Self> {
        Arc::new(Self {
            by_id: DashMap::new(),
            by_key: DashMap::new(),
            peers: DashMap::new(),
            media,
            metrics,
            limits,
            notices,
            phase: watch::Sender::new(Phase::Running),
            next_number: AtomicU64::new(1),
        })
    }

    #[must_use]
    pub fn media(&self) -> &Media {
        &self.media
    }

    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.phase.borrow() != Phase::Running
    }

    /// Resolves when the server begins to stop.
    pub async fn drained(&self) {
        // An error means that the registry is gone, which is as good as stopped.
        let _ = self.phase.subscribe().wait_for(|phase| *phase != Phase::Running).await;
    }

    /// Brings a socket's `join` to its room, which is opened when need be.
    fn join(
        self: &Arc<Self>,
        connection: ConnectionId,
        outbox: &Outbox,
        claims: &Claims,
        join: &Join,
        secret: &ResumeSecret,
    ) -> Result<Arc<RoomCell>, Full> {
        loop {
            let cell = self.room(&claims.room)?;
            let input = Input::Join { connection, claims: claims.clone(), join: join.clone(), secret: secret.clone() };
            // A room that closed between the look-up and the lock is gone; the next look-up finds or opens another.
            if let Ok(()) = cell.enter(self, connection, outbox.clone(), input, clock::unix_ms()) {
                return Ok(cell);
            }
        }
    }

    /// Lets somebody who waits into the call, unless a host removed the person. Nothing happens where nobody of this subject waits.
    pub fn admit(&self, room: &RoomId, subject: Subject) {
        if let Some(cell) = self.find(room) {
            cell.handle(self, Input::Admit { subject }, clock::unix_ms());
        }
    }

    /// Everybody hears that the consultation is over, and nobody comes back in while the room is remembered.
    pub fn end(&self, room: &RoomId) {
        if let Some(cell) = self.find(room) {
            cell.handle(self, Input::End, clock::unix_ms());
        }
    }

    /// Who waits and who is in the call, in order of arrival; nobody where no room is open.
    #[must_use]
    pub fn people(&self, room: &RoomId) -> Vec<Person> {
        self.find(room).map(|cell| cell.people()).unwrap_or_default()
    }

    fn find(&self, room: &RoomId) -> Option<Arc<RoomCell>> {
        self.by_id.get(room).map(|cell| Arc::clone(&cell))
    }

    fn room(self: &Arc<Self>, id: &RoomId) -> Result<Arc<RoomCell>, Full> {
        if let Some(cell) = self.find(id) {
            return Ok(cell);
        }
        if self.by_id.len() >= self.limits.max_rooms {
            return Err(Full);
        }
        let cell = Arc::clone(&self.by_id.entry(id.clone()).or_insert_with(|| self.open(id.clone())));
        self.metrics.session.rooms.set(i64::try_from(self.by_id.len()).unwrap_or(i64::MAX));
        Ok(cell)
    }

    fn open(self: &Arc<Self>, id: RoomId) -> Arc<RoomCell> {
        let key = RoomKey(self.next_number());
        let cell = Arc::new(RoomCell::new(id, key, self.media.place_room()));
        self.by_key.insert(key, Arc::clone(&cell));
        tokio::spawn(cell::keep_time(Arc::clone(self), Arc::clone(&cell)));
        cell.span().in_scope(|| tracing::info!("room opened"));
        cell
    }

    /// Forgets a room that has closed itself.
    fn close(&self, cell: &RoomCell) {
        self.by_id.remove_if(cell.id(), |_, held| held.key() == cell.key());
        self.by_key.remove(&cell.key());
        self.media.release_room(cell.shard());
        self.metrics.session.rooms.set(i64::try_from(self.by_id.len()).unwrap_or(i64::MAX));
        cell.span().in_scope(|| tracing::info!("room closed"));
    }

    /// Tells everybody to come back later or elsewhere; new sockets are refused from here on.
    pub fn drain(self: &Arc<Self>, after: Duration) {
        self.phase.send_replace(Phase::Draining);
        for cell in self.cells() {
            cell.handle(self, Input::Drain { url: None, after }, clock::unix_ms());
        }
    }

    /// Closes every socket.
    pub fn stop(&self) {
        self.phase.send_replace(Phase::Stopped);
    }

    /// A copy, so that no map is locked while a room works.
    fn cells(&self) -> Vec<Arc<RoomCell>> {
        self.by_id.iter().map(|entry| Arc::clone(entry.value())).collect()
    }

    fn next_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }
}
