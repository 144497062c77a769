//! One open room: its state machine, its sockets and its PeerConnections behind one mutex.
//!
//! [`RoomCell::handle`] is the only way in: input, effects, and the inputs that effects make, under one lock. Nothing in there
//! waits. The room's timer is a task that ends with the room.

use super::effects;
use super::media::ShardId;
use super::notices::Person;
use super::outbox::Outbox;
use super::{RoomLimits, Rooms};
use crate::clock;
use crate::model::quality::{DEGRADED_RATIO, Quality};
use kenes_sfu::description::PeerDescription;
use kenes_sfu::ids::{PeerKey, RoomKey};
use kenes_signaling::ids::{ConnectionId, ParticipantId, RoomId};
use kenes_signaling::message::ClientMessage;
use kenes_signaling::room::{Input, MediaPeer, Room};
use kenes_signaling::time::UnixMillis;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

pub(super) struct RoomCell {
    id: RoomId,
    key: RoomKey,
    shard: ShardId,
    /// What happens in here is logged with the room's and the shard's number.
    span: tracing::Span,
    state: Mutex<RoomState>,
    /// The next deadline has changed.
    deadline_changed: Notify,
}

pub(super) struct RoomState {
    pub(super) room: Room,
    pub(super) sockets: HashMap<ConnectionId, Outbox>,
    pub(super) peers: BTreeMap<MediaPeer, OpenPeer>,
    /// For how long people have waited, by socket.
    pub(super) waiting_since: HashMap<ConnectionId, UnixMillis>,
    /// What each person's connection was like since the person came.
    pub(super) measured: BTreeMap<ParticipantId, Quality>,
    empty_since: Option<UnixMillis>,
    deadline: Option<UnixMillis>,
    /// Forgotten by the registry; takes nothing more.
    closed: bool,
}

/// One PeerConnection as the shard knows it.
pub(super) struct OpenPeer {
    pub(super) key: PeerKey,
    pub(super) opened_at: UnixMillis,
    /// What was negotiated last; an ICE restart builds on it.
    pub(super) description: PeerDescription,
    pub(super) connected: bool,
    /// How often its quality was rated, and how often it was poor.
    pub(super) ratings: u32,
    pub(super) poor_ratings: u32,
}

/// The room has closed.
pub(super) struct Gone;

impl RoomCell {
    pub(super) fn new(id: RoomId, key: RoomKey, shard: ShardId) -> Self {
        let room = Room::new(id.clone());
        let state = RoomState {
            room,
            sockets: HashMap::new(),
            peers: BTreeMap::new(),
            waiting_since: HashMap::new(),
            measured: BTreeMap::new(),
            empty_since: None,
            deadline: None,
            closed: false,
        };
        let span = tracing::info_span!(parent: None, "room", room_id = key.0, shard_id = shard.0);
        Self { id, key, shard, span, state: Mutex::new(state), deadline_changed: Notify::new() }
    }

    pub(super) fn id(&self) -> &RoomId {
        &self.id
    }

    pub(super) fn key(&self) -> RoomKey {
        self.key
    }

    pub(super) fn span(&self) -> &tracing::Span {
        &self.span
    }

    pub(super) fn shard(&self) -> ShardId {
        self.shard
    }

    /// A socket's first message to this room.
    pub(super) fn enter(
        self: &Arc<Self>,
        rooms: &Rooms,
        connection: ConnectionId,
        outbox: Outbox,
        join: Input,
        now: UnixMillis,
    ) -> Result<(), Gone> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Gone);
        }
        state.sockets.insert(connection, outbox);
        state.room.set_ice_servers(rooms.media.ice_servers());
        self.run(rooms, &mut state, join, now);
        Ok(())
    }

    pub(super) fn handle(self: &Arc<Self>, rooms: &Rooms, input: Input, now: UnixMillis) {
        let mut state = self.state.lock();
        if let Input::Message { connection, message: ClientMessage::Stats(stats) } = &input
            && let Some(id) = state.room.participant_of(*connection)
        {
            state.measured.entry(id).or_default().add_stats(stats);
        }
        if !state.closed {
            self.run(rooms, &mut state, input, now);
        }
    }

    pub(super) fn lost(self: &Arc<Self>, rooms: &Rooms, connection: ConnectionId, now: UnixMillis) {
        let mut state = self.state.lock();
        state.sockets.remove(&connection);
        state.waiting_since.remove(&connection);
        if !state.closed {
            self.run(rooms, &mut state, Input::SocketLost { connection }, now);
        }
    }

    /// Notes that media runs; how long it took since the offer.
    pub(super) fn peer_connected(&self, peer: MediaPeer, now: UnixMillis) -> Option<Duration> {
        let mut state = self.state.lock();
        let open = state.peers.get_mut(&peer)?;
        open.connected = true;
        Some(now.since(open.opened_at))
    }

    /// The shard has dropped the peer by itself.
    pub(super) fn peer_closed(&self, rooms: &Rooms, peer: MediaPeer) {
        effects::forget_peer(rooms, &mut self.state.lock(), peer);
    }

    pub(super) fn people(&self) -> Vec<Person> {
        self.state.lock().room.people().iter().map(Person::of).collect()
    }

    fn run(self: &Arc<Self>, rooms: &Rooms, state: &mut RoomState, input: Input, now: UnixMillis) {
        let _span = self.span.enter();
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for effect in state.room.handle(now, input) {
                inputs.extend(effects::run(rooms, self, state, effect, now));
            }
        }
        let deadline = state.next_deadline(&rooms.limits, now);
        if deadline != state.deadline {
            state.deadline = deadline;
            self.deadline_changed.notify_one();
        }
    }

    /// Closes the room when it has been empty for long enough; true when it is closed.
    fn handle_deadline(self: &Arc<Self>, rooms: &Rooms, now: UnixMillis) -> bool {
        let mut state = self.state.lock();
        if state.empty_since.is_some_and(|since| now >= since.plus(rooms.limits.empty_life)) {
            state.closed = true;
        } else {
            self.run(rooms, &mut state, Input::Tick, now);
        }
        state.closed
    }

    fn deadline(&self) -> Option<UnixMillis> {
        self.state.lock().deadline
    }
}

impl OpenPeer {
    pub(super) fn new(key: PeerKey, description: PeerDescription, now: UnixMillis) -> Self {
        Self { key, opened_at: now, description, connected: false, ratings: 0, poor_ratings: 0 }
    }

    /// How it went, as counted.
    pub(super) fn outcome(&self) -> &'static str {
        if !self.connected {
            "failed"
        } else if f64::from(self.poor_ratings) > DEGRADED_RATIO * f64::from(self.ratings) {
            "degraded"
        } else {
            "ok"
        }
    }
}

impl RoomState {
    fn next_deadline(&mut self, limits: &RoomLimits, now: UnixMillis) -> Option<UnixMillis> {
        let occupancy = self.room.occupancy();
        let is_empty = occupancy.waiting + occupancy.in_call == 0 && self.sockets.is_empty();
        self.empty_since = is_empty.then(|| self.empty_since.unwrap_or(now));
        let closes_at = self.empty_since.map(|since| since.plus(limits.empty_life));
        self.room.next_deadline().into_iter().chain(closes_at).min()
    }
}

/// The room's timer: wakes it at its deadlines until it is closed.
pub(super) async fn keep_time(rooms: Arc<Rooms>, cell: Arc<RoomCell>) {
    loop {
        let pause = cell.deadline().map(|deadline| deadline.since(clock::unix_ms()));
        let is_due = async {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = cell.deadline_changed.notified() => continue,
            () = is_due => {}
        }
        if cell.handle_deadline(&rooms, clock::unix_ms()) {
            rooms.close(&cell);
            return;
        }
    }
}
