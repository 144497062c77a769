//! A room with a server around it that answers every offer at once, and pages that remember what they were told.

use kenes_signaling::ids::{
    ConnectionId, Generation, Language, MediaKind, Mid, ParticipantId, PersonName, ResumeSecret, RoomId, Sdp, Subject,
};
use kenes_signaling::message::{
    ByeReason, ClientMessage, ErrorCode, ErrorMessage, Join, Joined, Role, ServerMessage, State, Waiting,
};
use kenes_signaling::room::{
    Attendance, Claims, Direction, Effect, Input, MediaEvent, MediaPeer, MediaTrack, Room, Section,
};
use kenes_signaling::time::UnixMillis;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) struct Stage {
    pub(crate) room: Room,
    pub(crate) now: UnixMillis,
    /// Offers are answered at once; otherwise they wait in `effects`.
    pub(crate) answers: bool,
    effects: Vec<Effect>,
    notes: Vec<Attendance>,
    sent: BTreeMap<ConnectionId, Vec<ServerMessage>>,
    states: BTreeMap<ConnectionId, State>,
    connections: u64,
}

#[derive(Clone, Copy)]
pub(crate) struct Who(pub(crate) &'static str, pub(crate) Role);

pub(crate) const NURSE: Who = Who("nurse", Role::Nurse);
pub(crate) const DOCTOR: Who = Who("doctor", Role::Specialist);
pub(crate) const PATIENT: Who = Who("patient", Role::Patient);
pub(crate) const GUEST: Who = Who("guest", Role::Guest);

impl Stage {
    pub(crate) fn new() -> Self {
        Self {
            room: Room::new(RoomId::new("visit").unwrap()),
            now: UnixMillis(1_790_000_000_000),
            answers: true,
            effects: Vec::new(),
            notes: Vec::new(),
            sent: BTreeMap::new(),
            states: BTreeMap::new(),
            connections: 0,
        }
    }

    pub(crate) fn handle(&mut self, input: Input) {
        let mut offered = Vec::new();
        for effect in self.room.handle(self.now, input) {
            match effect {
                Effect::Send { connection, message } => self.receive(connection, message),
                Effect::SendToAll { connections, message } => {
                    connections.into_iter().for_each(|connection| self.receive(connection, message.clone()));
                }
                Effect::Noted(note) => self.notes.push(note),
                other => {
                    offered.extend(if let Effect::OpenMedia { peer, .. } = &other { Some(*peer) } else { None });
                    self.effects.push(other);
                }
            }
        }
        for peer in offered.into_iter().filter(|_| self.answers).collect::<Vec<_>>() {
            self.open(peer);
        }
    }

    pub(crate) fn open(&mut self, peer: MediaPeer) {
        self.handle(Input::Media(MediaEvent::Opened { peer, answer: Sdp::new("answer"), sections: sections() }));
        self.handle(Input::Media(MediaEvent::Connected { peer }));
    }

    fn receive(&mut self, connection: ConnectionId, message: ServerMessage) {
        let state = match &message {
            ServerMessage::State(state) => Some(state.clone()),
            ServerMessage::Joined(joined) => joined.snapshot.clone(),
            _ => None,
        };
        if let Some(state) = state {
            self.states.insert(connection, state);
        }
        self.sent.entry(connection).or_default().push(message);
    }

    pub(crate) fn connect(&mut self) -> ConnectionId {
        self.connections += 1;
        ConnectionId(self.connections)
    }

    /// A fresh `join` with an offer on a new socket.
    pub(crate) fn join(&mut self, who: Who) -> ConnectionId {
        self.join_with(who, 1, Some("offer"), None)
    }

    pub(crate) fn join_with(
        &mut self,
        who: Who,
        generation: u32,
        offer: Option<&str>,
        resume: Option<Value>,
    ) -> ConnectionId {
        let connection = self.connect();
        self.join_on(connection, who, generation, offer, resume);
        connection
    }

    pub(crate) fn join_on(
        &mut self,
        connection: ConnectionId,
        who: Who,
        generation: u32,
        offer: Option<&str>,
        resume: Option<Value>,
    ) {
        let mut message = json!({"type": "join", "proto": 1, "token": "t", "gen": generation, "offer": offer});
        message["resume"] = resume.into();
        let ClientMessage::Join(join) = ClientMessage::parse(&message.to_string()).unwrap() else {
            panic!("not a join")
        };
        self.join_as(connection, who, join);
    }

    fn join_as(&mut self, connection: ConnectionId, who: Who, join: Join) {
        let claims = Claims {
            room: RoomId::new("visit").unwrap(),
            subject: Subject::new(who.0).unwrap(),
            role: who.1,
            name: PersonName::new(who.0),
            language: Language::new("kk").unwrap(),
        };
        let secret = ResumeSecret::new(format!("secret-{}", connection.0));
        self.handle(Input::Join { connection, claims, join, secret });
    }

    /// The text frame of a page, through the parser.
    pub(crate) fn say(&mut self, connection: ConnectionId, message: &Value) {
        let message = ClientMessage::parse(&message.to_string()).unwrap();
        self.handle(Input::Message { connection, message });
    }

    pub(crate) fn moderate(&mut self, connection: ConnectionId, op: &str, target: Option<&str>) {
        self.say(connection, &json!({"type": "moderate", "op": op, "target": target, "req": "r1"}));
    }

    pub(crate) fn publish(&mut self, connection: ConnectionId, rev: u32, sources: &[&str]) {
        self.wish(connection, rev, sources, &[], &json!({"auto": true, "pinned": []}));
    }

    pub(crate) fn watch(&mut self, connection: ConnectionId, rev: u32, tracks: &[(&str, &str)]) {
        self.wish(connection, rev, &[], tracks, &json!({"auto": true, "pinned": []}));
    }

    pub(crate) fn wish(
        &mut self,
        to: ConnectionId,
        rev: u32,
        sources: &[&str],
        tracks: &[(&str, &str)],
        audio: &Value,
    ) {
        let mid = |source: &str| match source {
            "microphone" => "0",
            "camera" => "1",
            "exam" | "screen" => "2",
            _ => "3",
        };
        let publish: Vec<Value> = sources
            .iter()
            .map(|source| json!({"mid": mid(source), "source": source, "active": true, "muted": false}))
            .collect();
        let video: Vec<Value> = tracks
            .iter()
            .map(|(mid, track)| json!({"mid": mid, "track": track, "max_height": 360, "priority": 1}))
            .collect();
        self.say(to, &json!({"type": "intent", "rev": rev, "publish": publish, "video": video, "audio": audio}));
    }

    pub(crate) fn lose(&mut self, connection: ConnectionId) {
        self.handle(Input::SocketLost { connection });
    }

    pub(crate) fn wait(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self.handle(Input::Tick);
    }

    /// What the page of this connection was sent since it was last asked.
    pub(crate) fn sent(&mut self, connection: ConnectionId) -> Vec<ServerMessage> {
        self.sent.remove(&connection).unwrap_or_default()
    }

    pub(crate) fn joined(&mut self, connection: ConnectionId) -> Joined {
        let joined = self.sent(connection).into_iter().find_map(|message| match message {
            ServerMessage::Joined(joined) => Some(*joined),
            _ => None,
        });
        joined.unwrap_or_else(|| panic!("{connection:?} was not sent joined"))
    }

    pub(crate) fn waiting(&mut self, connection: ConnectionId) -> Option<Waiting> {
        self.sent(connection).into_iter().rev().find_map(|message| match message {
            ServerMessage::Waiting(waiting) => Some(waiting),
            _ => None,
        })
    }

    pub(crate) fn error(&mut self, connection: ConnectionId) -> Option<ErrorMessage> {
        self.sent(connection).into_iter().find_map(|message| match message {
            ServerMessage::Error(error) => Some(error),
            _ => None,
        })
    }

    pub(crate) fn error_code(&mut self, connection: ConnectionId) -> Option<ErrorCode> {
        self.error(connection).map(|error| error.code)
    }

    pub(crate) fn bye(&mut self, connection: ConnectionId) -> Option<ByeReason> {
        self.sent(connection).into_iter().find_map(|message| match message {
            ServerMessage::Bye { reason } => Some(reason),
            _ => None,
        })
    }

    /// The room as the page of this connection knows it.
    pub(crate) fn state(&self, connection: ConnectionId) -> &State {
        self.states.get(&connection).unwrap_or_else(|| panic!("{connection:?} knows no state"))
    }

    /// `p1 in_call, p2 waiting`
    pub(crate) fn people(&self, connection: ConnectionId) -> String {
        let people = &self.state(connection).participants;
        let words = people.iter().map(|person| format!("{} {:?}", person.id, person.status));
        words.collect::<Vec<_>>().join(", ")
    }

    /// The tracks in the listening slots of this page, empty slots left out.
    pub(crate) fn heard(&self, connection: ConnectionId) -> Vec<String> {
        self.state(connection).audio.iter().filter_map(|slot| slot.track).map(|track| track.to_string()).collect()
    }

    pub(crate) fn seen(&self, connection: ConnectionId, mid: &str) -> Option<String> {
        let slot = self.state(connection).video.iter().find(|slot| slot.mid.as_str() == mid);
        slot.and_then(|slot| slot.track).map(|track| track.to_string())
    }

    /// Who came and went since it was last asked.
    pub(crate) fn notes(&mut self) -> Vec<Attendance> {
        std::mem::take(&mut self.notes)
    }

    /// What the server was asked to do with media and sockets since it was last asked.
    pub(crate) fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }
}

pub(crate) fn resume(joined: &Joined) -> Value {
    json!({"id": joined.resume.id, "secret": joined.resume.secret, "last_rev": joined.rev})
}

pub(crate) fn peer(participant: u32, generation: u32) -> MediaPeer {
    MediaPeer { participant: ParticipantId(participant), generation: Generation::try_from(generation).unwrap() }
}

pub(crate) fn track(participant: u32, generation: u32, mid: &str) -> MediaTrack {
    MediaTrack { peer: peer(participant, generation), mid: Mid::new(mid).unwrap() }
}

/// The 17 sections of PROTOCOL.md.
pub(crate) fn sections() -> Vec<Section> {
    (0..17)
        .map(|index| Section {
            mid: Mid::new(index.to_string()).unwrap(),
            kind: if matches!(index, 0 | 3..=9) { MediaKind::Audio } else { MediaKind::Video },
            direction: if index < 4 { Direction::Uplink } else { Direction::Downlink },
        })
        .collect()
}
