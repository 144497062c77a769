//! One room as a pure state machine: who waits, who is in the call, whose media goes where.
//!
//! [`Room::handle`] takes what happened and returns what to do about it. The room never blocks on media: an offer goes out as an
//! effect and its answer comes back as an input, and everything about a generation is held until then. Handlers change the state;
//! [`Room::settle`] then brings the shard's bindings and everybody's view up to it, once a call, by difference.

mod chat;
mod effect;
mod entry;
mod input;
mod media;
mod moderation;
mod person;
mod quality;
mod rights;
mod slots;
mod view;
mod wishes;

pub use effect::{Attendance, Effect, MediaPeer, MediaTrack};
pub use input::{Claims, CloseReason, Direction, Input, MediaEvent, Report, Section};

use crate::ids::{ConnectionId, MediaKind, ParticipantId, PersonName, RoomId, Subject};
use crate::message::{
    ByeReason, ClientMessage, ErrorCode, ErrorMessage, IceServer, Published, Role, ServerMessage, Status,
};
use crate::time::UnixMillis;
use chat::ChatLog;
use person::{Person, Session, Socket};
use std::collections::BTreeMap;

/// One consultation room, from the first join to the end of the visit.
pub struct Room {
    id: RoomId,
    ice_servers: Vec<IceServer>,
    /// Everybody who was ever here, at most `limits::MAX_PEOPLE`; those with a session are here now.
    people: BTreeMap<ParticipantId, Person>,
    arrivals: u64,
    locked: bool,
    over: Option<Over>,
    chat: ChatLog,
    /// Loudest first.
    speakers: Vec<ParticipantId>,
    /// Something that views or bindings depend on changed since the last `settle`.
    changed: bool,
    /// Effects of the call under way.
    out: Vec<Effect>,
}

/// Why nobody may join any more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Ended,
    Draining,
}

impl Over {
    fn reason(self) -> ByeReason {
        match self {
            Self::Ended => ByeReason::Ended,
            Self::Draining => ByeReason::Draining,
        }
    }
}

/// One person of the visit, for whoever keeps its record.
#[derive(Clone, Copy, Debug)]
pub struct Participant<'r> {
    pub subject: &'r Subject,
    pub role: Role,
    pub name: &'r PersonName,
    /// `None`: not here now.
    pub status: Option<Status>,
}

/// How many people wait and how many are in the call (reconnecting included).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    pub waiting: usize,
    pub in_call: usize,
}

impl Room {
    #[must_use]
    pub fn new(id: RoomId) -> Self {
        Self {
            id,
            ice_servers: Vec::new(),
            people: BTreeMap::new(),
            arrivals: 0,
            locked: false,
            over: None,
            chat: ChatLog::default(),
            speakers: Vec::new(),
            changed: false,
            out: Vec::new(),
        }
    }

    /// What whoever joins from now on is told; credentials among it are for one person's next PeerConnections.
    pub fn set_ice_servers(&mut self, ice_servers: Vec<IceServer>) {
        self.ice_servers = ice_servers;
    }

    /// Takes in what happened at `now` and returns what to do, in order.
    pub fn handle(&mut self, now: UnixMillis, input: Input) -> Vec<Effect> {
        match input {
            Input::Join { connection, claims, join, secret } => self.handle_join(now, connection, claims, join, secret),
            Input::Message { connection, message } => self.handle_message(now, connection, message),
            Input::SocketLost { connection } => self.handle_socket_lost(now, connection),
            Input::Media(event) => self.handle_media(now, event),
            Input::Admit { subject } => self.admit_subject(&subject),
            Input::End => self.end(None),
            Input::Tick => self.expire(now),
            Input::Drain { url, after } => self.handle_drain(url.as_deref(), after),
        }
        self.settle();
        std::mem::take(&mut self.out)
    }

    /// When [`Input::Tick`] is due at the latest; `None` when nobody is here.
    #[must_use]
    pub fn next_deadline(&self) -> Option<UnixMillis> {
        self.sessions().map(|(_, session)| session.deadline()).min()
    }

    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        let in_call = self.sessions().filter(|(_, session)| session.is_in_call()).count();
        Occupancy { waiting: self.sessions().count() - in_call, in_call }
    }

    /// Everybody who is here, in order of arrival.
    #[must_use]
    pub fn people(&self) -> Vec<Participant<'_>> {
        self.arrival_order().into_iter().filter_map(|id| self.person(id)).collect()
    }

    /// Somebody who is or was here.
    #[must_use]
    pub fn person(&self, id: ParticipantId) -> Option<Participant<'_>> {
        let person = self.people.get(&id)?;
        let status = person.session.as_ref().map(Session::status);
        Some(Participant { subject: &person.subject, role: person.role, name: &person.name, status })
    }

    /// Who speaks over this socket.
    #[must_use]
    pub fn participant_of(&self, connection: ConnectionId) -> Option<ParticipantId> {
        self.sessions().find(|(_, session)| session.connection() == Some(connection)).map(|(person, _)| person.id)
    }

    /// Whether this person sends any picture now.
    #[must_use]
    pub fn sends_video(&self, id: ParticipantId) -> bool {
        let intent =
            self.session(id).filter(|session| session.is_connected()).and_then(|session| session.intent.as_ref());
        let is_sent = |entry: &Published| entry.active && !entry.muted && entry.source.kind() == MediaKind::Video;
        intent.is_some_and(|intent| intent.publish.iter().any(is_sent))
    }

    /// A moderator ended the visit.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.over == Some(Over::Ended)
    }

    fn handle_message(&mut self, now: UnixMillis, connection: ConnectionId, message: ClientMessage) {
        self.hear(now, connection);
        let Some(id) = self.participant_of(connection) else {
            self.refuse_about(connection, ErrorCode::NotJoined, None, message.reference());
            return;
        };
        match message {
            ClientMessage::Join(_) => self.refuse(connection, ErrorCode::AlreadyJoined, None),
            ClientMessage::Intent(intent) => self.handle_intent(connection, id, intent),
            ClientMessage::Offer(offer) => self.handle_offer(connection, id, offer),
            ClientMessage::Moderate(moderate) => self.handle_moderate(connection, id, moderate),
            ClientMessage::App(draft) => self.handle_app(now, connection, id, draft),
            ClientMessage::Stats(stats) => {
                if let Some(session) = self.session_mut(id) {
                    session.stats = Some((now, stats));
                }
            }
            ClientMessage::Ping { at_ms } => self.send(connection, ServerMessage::Pong { at_ms }),
            ClientMessage::Leave => self.part(id, ByeReason::Left),
        }
    }

    /// Anything that comes over a socket shows that it lives.
    fn hear(&mut self, now: UnixMillis, from: ConnectionId) {
        let session = self.participant_of(from).and_then(|id| self.session_mut(id));
        if let Some(Socket::Live { heard_at, .. }) = session.map(|session| &mut session.socket) {
            *heard_at = now;
        }
    }

    /// Bindings first, so that views show them.
    fn settle(&mut self) {
        if std::mem::take(&mut self.changed) {
            let tracks = self.tracks();
            self.wire(&tracks);
            self.tell(&tracks);
        }
    }

    fn sessions(&self) -> impl Iterator<Item = (&Person, &Session)> {
        self.people.values().filter_map(|person| person.session.as_ref().map(|session| (person, session)))
    }

    fn session(&self, id: ParticipantId) -> Option<&Session> {
        self.people.get(&id)?.session.as_ref()
    }

    fn session_mut(&mut self, id: ParticipantId) -> Option<&mut Session> {
        self.people.get_mut(&id)?.session.as_mut()
    }

    /// Everybody who is here.
    fn arrival_order(&self) -> Vec<ParticipantId> {
        let mut order: Vec<_> = self.sessions().map(|(person, session)| (session.arrival, person.id)).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, id)| id).collect()
    }

    fn send(&mut self, connection: ConnectionId, message: ServerMessage) {
        self.out.push(Effect::Send { connection, message });
    }

    fn send_to_call(&mut self, message: ServerMessage) {
        let connections = self.greeted();
        self.out.push(Effect::SendToAll { connections, message });
    }

    /// The sockets of everybody in the call.
    fn greeted(&self) -> Vec<ConnectionId> {
        self.sessions().filter_map(|(_, session)| session.greeted()).collect()
    }

    fn refuse(&mut self, connection: ConnectionId, code: ErrorCode, field: Option<&str>) {
        self.refuse_about(connection, code, field.map(str::to_owned), None);
    }

    fn refuse_about(
        &mut self,
        connection: ConnectionId,
        code: ErrorCode,
        field: Option<String>,
        reference: Option<String>,
    ) {
        self.send(connection, ServerMessage::Error(ErrorMessage::new(code, field, reference)));
    }
}
