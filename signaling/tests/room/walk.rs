//! Random walks: whatever people, sockets, shard and time do, in any order, what the room asks for stays sound. A failing
//! seed is printed; one that found a bug stays.

use crate::stage::{Who, sections};
use kenes_signaling::ids::{
    ConnectionId, Generation, Language, MediaKind, Mid, ParticipantId, PersonName, ResumeSecret, Rid, RoomId, Sdp,
    Subject,
};
use kenes_signaling::message::{
    ClientMessage, ErrorCode, Join, LinkQuality, ModerateOp, Ratio, Role, ServerMessage, Status,
};
use kenes_signaling::room::{
    Attendance, Claims, CloseReason, Direction, Effect, Input, MediaEvent, MediaPeer, MediaTrack, Report, Room, Section,
};
use kenes_signaling::time::UnixMillis;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const SEEDS: std::ops::Range<u64> = 0..100;
/// 438: an offer held from before an admission was opened beside a newer one.
const SEEDS_THAT_FOUND_A_BUG: [u64; 1] = [438];
const STEPS: usize = 400;
const CAST: [Who; 6] = [
    Who("nurse", Role::Nurse),
    Who("doctor", Role::Specialist),
    Who("second-doctor", Role::Specialist),
    Who("patient", Role::Patient),
    Who("guest", Role::Guest),
    Who("second-guest", Role::Guest),
];

#[test]
fn whatever_happens_effects_stay_sound() {
    let mut reached = BTreeSet::new();
    for seed in SEEDS.chain(SEEDS_THAT_FOUND_A_BUG) {
        let walk = std::panic::catch_unwind(|| {
            let mut walk = Walk::new(seed);
            for _ in 0..STEPS {
                walk.step();
            }
            walk.reached
        });
        match walk {
            Ok(seen) => reached.extend(seen),
            Err(panic) => {
                eprintln!("seed {seed}");
                std::panic::resume_unwind(panic);
            }
        }
    }
    // A walk that never gets anywhere proves nothing.
    for wanted in
        ["admitted", "bound audio", "bound video", "resumed", "retired", "restarted", "ended", "drained", "empty"]
    {
        assert!(reached.contains(wanted), "no walk ever {wanted}: {reached:?}");
    }
}

/// The server, the pages and the shard as far as soundness needs them.
struct Walk {
    random: u64,
    room: Room,
    now: UnixMillis,
    connections: u64,
    /// Sockets that were neither closed by the room nor lost, with who is behind them.
    sockets: BTreeMap<ConnectionId, Who>,
    closed: BTreeSet<ConnectionId>,
    /// Latest resume and generation that each page heard.
    grants: BTreeMap<&'static str, (Value, u32)>,
    pending: Vec<MediaPeer>,
    living: BTreeSet<MediaPeer>,
    used: BTreeSet<MediaPeer>,
    waiting: BTreeSet<ParticipantId>,
    bindings: BTreeMap<(MediaPeer, Mid), MediaTrack>,
    /// As noted for the record.
    here: BTreeSet<ParticipantId>,
    rev: u32,
    reached: BTreeSet<&'static str>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        Self {
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            room: Room::new(RoomId::new("visit").unwrap()),
            now: UnixMillis(1_790_000_000_000),
            connections: 0,
            sockets: BTreeMap::new(),
            closed: BTreeSet::new(),
            grants: BTreeMap::new(),
            pending: Vec::new(),
            living: BTreeSet::new(),
            used: BTreeSet::new(),
            waiting: BTreeSet::new(),
            bindings: BTreeMap::new(),
            here: BTreeSet::new(),
            rev: 0,
            reached: BTreeSet::new(),
        }
    }

    /// xorshift64*
    fn below(&mut self, bound: usize) -> usize {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        let number = self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % bound
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.below(from.len())].clone()) }
    }

    fn step(&mut self) {
        self.now = self.now.plus(Duration::from_millis(u64::try_from(self.below(1500)).unwrap()));
        match self.below(20) {
            0..=2 => self.join(),
            3 => self.lose_socket(),
            4 => {
                let pause = if self.below(10) == 0 { 31 } else { 1 };
                self.now = self.now.plus(Duration::from_secs(pause));
                self.handle(Input::Tick);
            }
            5..=9 => self.answer(),
            10..=11 => self.shard_event(),
            12 if self.below(60) == 0 => {
                self.handle(Input::Drain { url: None, after: Duration::ZERO });
                self.reached.insert("drained");
            }
            _ => self.speak(),
        }
    }

    fn join(&mut self) {
        let who = self.pick(&CAST).unwrap();
        let old_sockets: Vec<_> =
            self.sockets.iter().filter(|(_, other)| other.0 == who.0).map(|(id, _)| *id).collect();
        let reuse = self.below(5) == 0;
        let connection = old_sockets.first().copied().filter(|_| reuse).unwrap_or_else(|| {
            self.connections += 1;
            ConnectionId(self.connections)
        });
        let grant = self.grants.get(who.0).cloned().filter(|_| self.below(2) == 0);
        let offer = if self.below(3) == 0 { Value::Null } else { json!("offer") };
        let generation =
            grant.as_ref().map_or(1, |(_, generation)| *generation) + u32::try_from(self.below(2)).unwrap();
        let resume = grant.map(|(resume, _)| resume);
        let text = json!({"type": "join", "proto": Join::PROTO, "token": "t", "gen": generation, "offer": offer, "resume": resume});
        let ClientMessage::Join(join) = ClientMessage::parse(&text.to_string()).unwrap() else { unreachable!() };
        let claims = Claims {
            room: RoomId::new("visit").unwrap(),
            subject: Subject::new(who.0).unwrap(),
            role: who.1,
            name: PersonName::new(who.0),
            language: Language::new("ru").unwrap(),
        };
        self.sockets.insert(connection, who);
        if resume.is_some() {
            self.reached.insert("resumed");
        }
        let secret = ResumeSecret::new(format!("secret-{}-{}", connection.0, self.now.0));
        self.handle(Input::Join { connection, claims, join, secret });
    }

    fn lose_socket(&mut self) {
        let sockets: Vec<_> = self.sockets.keys().copied().collect();
        if let Some(connection) = self.pick(&sockets) {
            self.sockets.remove(&connection);
            self.closed.insert(connection);
            self.handle(Input::SocketLost { connection });
        }
    }

    /// The server comes back with an answer or a refusal, perhaps for a peer that is gone.
    fn answer(&mut self) {
        let pending = self.pending.clone();
        let Some(peer) = self.pick(&pending) else { return };
        self.pending.retain(|other| *other != peer);
        let event = if self.below(6) == 0 {
            self.living.remove(&peer);
            MediaEvent::Refused { peer, neg_id: None, code: ErrorCode::MediaUnavailable, field: None }
        } else {
            let count = 4 + self.below(14);
            MediaEvent::Opened {
                peer,
                answer: Sdp::new("answer"),
                sections: sections().into_iter().take(count).collect(),
            }
        };
        self.handle(Input::Media(event));
    }

    fn shard_event(&mut self) {
        let peers: Vec<_> = self.used.iter().copied().collect();
        let Some(peer) = self.pick(&peers) else { return };
        let mid = Mid::new(self.below(18).to_string()).unwrap();
        let link = LinkQuality {
            loss_ratio: Ratio::clamped(0.1),
            rtt_ms: None,
            jitter_ms: 3,
            rate_bps: 9000,
            estimate_bps: None,
            mos: None,
        };
        let event = match self.below(6) {
            0 => MediaEvent::Connected { peer },
            1 if !self.pending.contains(&peer) => {
                self.living.remove(&peer);
                self.bindings.retain(|(subscriber, _), _| *subscriber != peer);
                MediaEvent::Closed { peer, reason: CloseReason::ConsentExpired }
            }
            2 => MediaEvent::LayersWanted {
                track: MediaTrack { peer, mid },
                any: self.below(2) == 0,
                rids: vec![Rid::new("q").unwrap()],
            },
            3 => MediaEvent::SpeakersChanged {
                tracks: [peer, self.pick(&peers).unwrap()].map(|peer| MediaTrack { peer, mid: mid.clone() }).to_vec(),
            },
            4 => MediaEvent::Restarted { peer, neg_id: 7, answer: Sdp::new("answer") },
            _ => {
                MediaEvent::Report(Report { peer, uplink: link, downlink: link, is_limited: false, paused: vec![mid] })
            }
        };
        self.handle(Input::Media(event));
    }

    fn speak(&mut self) {
        let sockets: Vec<_> = self.sockets.keys().copied().collect();
        let Some(connection) = self.pick(&sockets) else { return };
        let target = format!("p{}", 1 + self.below(7));
        self.rev += 1;
        let rev = self.rev;
        let message = match self.below(16) {
            0..=3 => json!({"type": "moderate", "op": "admit", "target": target, "req": "a"}),
            4..=7 => self.intent(rev, &target),
            8 => json!({"type": "offer", "neg_id": rev, "sdp": "offer", "ice_restart": self.below(2) == 0}),
            9 => {
                json!({"type": "app", "to": if self.below(2) == 0 { "room" } else { &target }, "kind": "chat", "body": "b"})
            }
            10 => json!({"type": "leave"}),
            11 => json!({"type": "moderate", "op": "mute", "target": target, "req": "m"}),
            12 => json!({"type": "moderate", "op": "remove", "target": target, "req": "r"}),
            13 => {
                json!({"type": "moderate", "op": if self.below(3) == 0 { "lock" } else { "unlock" }, "target": null, "req": "l"})
            }
            14 if self.below(40) == 0 => json!({"type": "moderate", "op": "end", "target": null, "req": "e"}),
            _ => json!({"type": "ping", "at_ms": rev}),
        };
        let message = ClientMessage::parse(&message.to_string()).unwrap();
        self.handle(Input::Message { connection, message });
    }

    fn intent(&mut self, rev: u32, target: &str) -> Value {
        let mut entry = |mid: &str, source: &str| json!({"mid": mid, "source": source, "active": self.below(4) > 0, "muted": self.below(4) == 0});
        let publish = [entry("0", "microphone"), entry("1", "camera")];
        let track = format!("{target}/camera");
        json!({"type": "intent", "rev": rev, "publish": publish,
            "video": [{"mid": "10", "track": track, "max_height": 360, "priority": 1}],
            "audio": {"auto": true, "pinned": [format!("{target}/microphone")]}})
    }

    fn handle(&mut self, input: Input) {
        let admitted = match &input {
            Input::Message { message: ClientMessage::Moderate(moderate), .. } if moderate.op == ModerateOp::Admit => {
                moderate.target
            }
            _ => None,
        };
        let effects = self.room.handle(self.now, input);
        let is_error = |effect: &Effect| matches!(effect, Effect::Send { message: ServerMessage::Error(_), .. });
        if let Some(id) = admitted.filter(|_| !effects.iter().any(is_error))
            && self.waiting.remove(&id)
        {
            self.reached.insert("admitted");
        }
        for effect in effects {
            self.check(effect);
        }
        // Whoever is bound to must be alive once the call is over.
        for ((subscriber, mid), track) in &self.bindings {
            assert!(self.living.contains(subscriber), "{subscriber:?} is gone and {mid:?} still bound");
            assert!(self.living.contains(&track.peer), "{mid:?} of {subscriber:?} shows the ghost {track:?}");
        }
        let occupancy = self.room.occupancy();
        assert!(occupancy.waiting + occupancy.in_call <= CAST.len());
        assert_eq!(self.here.len(), self.room.people().len(), "the record knows who is here");
        assert_eq!(self.room.next_deadline().is_none(), occupancy.waiting + occupancy.in_call == 0);
    }

    fn check(&mut self, effect: Effect) {
        match effect {
            Effect::Send { connection, message } => self.check_message(connection, message),
            Effect::SendToAll { connections, message } => {
                connections.into_iter().for_each(|connection| self.check_message(connection, message.clone()));
            }
            Effect::CloseSocket { connection } => {
                self.sockets.remove(&connection);
                assert!(self.closed.insert(connection), "{connection:?} was closed twice");
            }
            Effect::OpenMedia { peer, .. } => {
                assert!(!self.waiting.contains(&peer.participant), "{peer:?} waits and gets media");
                let ghost = self.living.iter().find(|other| other.participant == peer.participant);
                assert_eq!(ghost, None, "a second living generation");
                assert!(self.used.last_generation(peer) <= Some(peer.generation), "generations never go back");
                self.living.insert(peer);
                self.used.insert(peer);
                self.pending.push(peer);
            }
            Effect::RestartMedia { peer, .. } => {
                assert!(self.living.contains(&peer));
                self.reached.insert("restarted");
            }
            Effect::CloseMedia { peer } => {
                assert!(self.living.remove(&peer), "{peer:?} is closed without being open");
                self.bindings.retain(|(subscriber, _), _| *subscriber != peer);
                self.reached.insert("retired");
            }
            Effect::SetForwarding { track, .. } => {
                self.assert_section(&track.peer, &track.mid, Direction::Uplink, None);
            }
            Effect::BindAudio { subscriber, mid, track } => {
                self.check_binding(MediaKind::Audio, subscriber, mid, track);
            }
            Effect::BindVideo { subscriber, mid, track, .. } => {
                self.check_binding(MediaKind::Video, subscriber, mid, track);
            }
            Effect::RoomEmpty => _ = self.reached.insert("empty"),
            Effect::RoomEnded { .. } => _ = self.reached.insert("ended"),
            Effect::Noted(note) => self.note(note),
            Effect::Rated(_) => {}
        }
    }

    fn note(&mut self, note: Attendance) {
        match note {
            Attendance::Arrived { who, .. } => drop(self.here.insert(who)),
            Attendance::Admitted { who, .. } => assert!(self.here.contains(&who), "{who} is admitted and not here"),
            Attendance::Departed { who, .. } => assert!(self.here.remove(&who), "{who} leaves and was not here"),
        }
    }

    fn check_binding(&mut self, kind: MediaKind, subscriber: MediaPeer, mid: Mid, track: Option<MediaTrack>) {
        self.assert_section(&subscriber, &mid, Direction::Downlink, Some(kind));
        match track {
            None => _ = self.bindings.remove(&(subscriber, mid)),
            Some(track) => {
                self.assert_section(&track.peer, &track.mid, Direction::Uplink, Some(kind));
                assert!(!self.waiting.contains(&track.peer.participant), "{track:?} belongs to somebody who waits");
                self.bindings.insert((subscriber, mid), track);
                self.reached.insert(if kind == MediaKind::Audio { "bound audio" } else { "bound video" });
            }
        }
    }

    fn assert_section(&self, peer: &MediaPeer, mid: &Mid, direction: Direction, kind: Option<MediaKind>) {
        assert!(self.living.contains(peer), "{peer:?} is not open");
        assert!(!self.pending.contains(peer), "{peer:?} has no answer yet");
        let fits = |section: &Section| {
            section.mid == *mid && section.direction == direction && kind.is_none_or(|kind| section.kind == kind)
        };
        assert!(sections().iter().any(fits), "{mid:?} is no {direction:?} section of {kind:?}");
    }

    fn check_message(&mut self, connection: ConnectionId, message: ServerMessage) {
        assert!(!self.closed.contains(&connection), "{connection:?} is closed and was sent {message:?}");
        let text = message.to_json();
        assert_eq!(serde_json::from_str::<ServerMessage>(&text).unwrap(), message, "{text}");
        let name = self.sockets.get(&connection).map(|who| who.0);
        match message {
            ServerMessage::Waiting(waiting) => {
                // A host who waited at a lock may come again when it is open; others always need somebody's word.
                if self.sockets.get(&connection).is_some_and(|who| !who.1.is_host()) {
                    self.waiting.insert(waiting.id);
                }
                let resume = json!({"id": waiting.id, "secret": waiting.resume.secret, "last_rev": 0});
                name.map(|name| self.grants.insert(name, (resume, 1)));
            }
            ServerMessage::Joined(joined) => {
                assert!(!self.waiting.contains(&joined.id), "{} joined without being admitted", joined.id);
                let resume = json!({"id": joined.id, "secret": joined.resume.secret, "last_rev": joined.rev});
                name.map(|name| self.grants.insert(name, (resume, u32::from(joined.generation))));
                assert!(joined.snapshot.is_none_or(|state| state.rev == joined.rev));
            }
            ServerMessage::State(state) => {
                let is_host = !state.permissions.moderate.is_empty();
                let sees_waiting = state.participants.iter().any(|person| person.status == Status::Waiting);
                assert!(is_host || !sees_waiting, "only hosts see who waits");
            }
            _ => {}
        }
    }
}

trait LastGeneration {
    fn last_generation(&self, of: MediaPeer) -> Option<Generation>;
}

impl LastGeneration for BTreeSet<MediaPeer> {
    fn last_generation(&self, of: MediaPeer) -> Option<Generation> {
        self.iter().filter(|other| other.participant == of.participant).map(|other| other.generation).max()
    }
}
