//! One person of a visit, and the session that a person has while in the room.

use super::effect::{MediaPeer, MediaTrack};
use super::input::Section;
use super::quality::Told;
use crate::ids::{
    ConnectionId, Generation, MediaKind, Mid, ParticipantId, PersonName, ResumeSecret, Rid, Sdp, Subject, TrackId,
};
use crate::limits;
use crate::message::{HostStatus, Intent, ResumeGrant, Role, State, Stats, Status};
use crate::room::Direction;
use crate::time::UnixMillis;
use std::collections::BTreeMap;

/// Remembered for the whole visit, so that ids stay and an admission holds.
pub(super) struct Person {
    pub id: ParticipantId,
    pub subject: Subject,
    pub role: Role,
    pub name: PersonName,
    pub standing: Standing,
    /// The last generation that was used, over all sessions.
    pub generation: Option<Generation>,
    /// The first chat message that this person may read; `None` before the first admission.
    pub reads_from: Option<u64>,
    pub session: Option<Session>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Newcomer,
    Admitted,
    Removed,
}

/// From a `join` without `resume` to the next one or to the leave.
pub(super) struct Session {
    /// Order of arrival in the room; a reload keeps its place in the queue.
    pub arrival: u64,
    pub place: Place,
    pub secret: ResumeSecret,
    pub started_at: UnixMillis,
    pub socket: Socket,
    pub generation: Generation,
    pub media: Media,
    /// An offer that waits for admission or for a socket to answer on.
    pub held_offer: Option<HeldOffer>,
    /// The answer to the offer of a `join` whose socket was lost meanwhile.
    pub unsent_answer: Option<Sdp>,
    pub intent: Option<Intent>,
    pub wiring: Wiring,
    /// As last sent; its `rev` is the session's.
    pub view: Option<State>,
    pub stats: Option<(UnixMillis, Stats)>,
    pub rated_at: Option<UnixMillis>,
    /// Of this person's quality.
    pub told: Option<Told>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Waiting,
    InCall,
}

pub(super) enum Socket {
    Live { connection: ConnectionId, heard_at: UnixMillis, greeting: Greeting },
    Lost { at: UnixMillis },
}

/// How far the first words on a socket have come: nothing else is said before `joined`.
pub(super) enum Greeting {
    Waiting { told: Option<(u32, HostStatus)> },
    AwaitingAnswer { last_rev: Option<u32> },
    Due { answer: Option<Sdp>, last_rev: Option<u32> },
    Done,
}

pub(super) enum Media {
    None,
    /// `neg_id` of the `offer`; `None` for the offer of a `join`.
    Opening {
        neg_id: Option<u32>,
    },
    Live {
        sections: Vec<Section>,
        connected: bool,
    },
    /// The shard dropped it; only a new generation helps.
    Closed,
}

pub(super) struct HeldOffer {
    pub sdp: Sdp,
    pub neg_id: Option<u32>,
}

/// What the shard and the page were last told about the living generation.
#[derive(Default)]
pub(super) struct Wiring {
    pub forwarding: BTreeMap<Mid, bool>,
    pub audio: BTreeMap<Mid, Carried>,
    pub video: BTreeMap<Mid, VideoSlot>,
    pub layers: BTreeMap<Mid, Vec<Rid>>,
}

impl Wiring {
    /// The track that is seen in this slot.
    pub(super) fn viewed(&self, mid: &Mid) -> Option<TrackId> {
        self.video.get(mid)?.carried.as_ref().map(|carried| carried.id)
    }
}

/// A published track as a slot carries it. The id outlives the generation, `media` does not.
#[derive(Clone, PartialEq)]
pub(super) struct Carried {
    pub id: TrackId,
    pub media: MediaTrack,
}

#[derive(Clone, Default, PartialEq)]
pub(super) struct VideoSlot {
    pub carried: Option<Carried>,
    pub max_height: u16,
    pub priority: u8,
}

impl Session {
    pub(super) fn new(
        now: UnixMillis,
        connection: ConnectionId,
        generation: Generation,
        secret: ResumeSecret,
        (place, arrival): (Place, u64),
    ) -> Self {
        let greeting = match place {
            Place::Waiting => Greeting::Waiting { told: None },
            Place::InCall => Greeting::Due { answer: None, last_rev: None },
        };
        Self {
            arrival,
            place,
            secret,
            started_at: now,
            socket: Socket::Live { connection, heard_at: now, greeting },
            generation,
            media: Media::None,
            held_offer: None,
            unsent_answer: None,
            intent: None,
            wiring: Wiring::default(),
            view: None,
            stats: None,
            rated_at: None,
            told: None,
        }
    }

    pub(super) fn connection(&self) -> Option<ConnectionId> {
        match self.socket {
            Socket::Live { connection, .. } => Some(connection),
            Socket::Lost { .. } => None,
        }
    }

    /// The socket of a person in the call who has heard `joined`: the one that room messages go to.
    pub(super) fn greeted(&self) -> Option<ConnectionId> {
        match self.socket {
            Socket::Live { connection, greeting: Greeting::Done, .. } => Some(connection),
            Socket::Live { .. } | Socket::Lost { .. } => None,
        }
    }

    pub(super) fn greeting_mut(&mut self) -> Option<&mut Greeting> {
        match &mut self.socket {
            Socket::Live { greeting, .. } => Some(greeting),
            Socket::Lost { .. } => None,
        }
    }

    pub(super) fn is_in_call(&self) -> bool {
        self.place == Place::InCall
    }

    pub(super) fn status(&self) -> Status {
        match (self.place, &self.socket, &self.media) {
            (Place::Waiting, ..) => Status::Waiting,
            (Place::InCall, Socket::Lost { .. }, _) | (Place::InCall, _, Media::Closed) => Status::Reconnecting,
            (Place::InCall, ..) => Status::InCall,
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.status() == Status::InCall && matches!(self.media, Media::Live { connected: true, .. })
    }

    /// The sections of the living generation; none before its offer was answered.
    pub(super) fn sections(&self) -> &[Section] {
        match &self.media {
            Media::Live { sections, .. } => sections,
            Media::None | Media::Opening { .. } | Media::Closed => &[],
        }
    }

    pub(super) fn has_section(&self, mid: &Mid, direction: Direction, kind: MediaKind) -> bool {
        self.sections()
            .iter()
            .any(|section| section.mid == *mid && section.direction == direction && section.kind == kind)
    }

    pub(super) fn peer(&self, participant: ParticipantId) -> MediaPeer {
        MediaPeer { participant, generation: self.generation }
    }

    pub(super) fn resume_grant(&self, id: ParticipantId) -> ResumeGrant {
        ResumeGrant { id, secret: self.secret.clone(), expires_ms: self.started_at.plus(limits::SESSION_LIFETIME) }
    }

    pub(super) fn rev(&self) -> u32 {
        self.view.as_ref().map_or(0, |view| view.rev)
    }

    /// When time alone changes something about this session.
    pub(super) fn deadline(&self) -> UnixMillis {
        let socket_deadline = match self.socket {
            Socket::Live { heard_at, .. } => heard_at.plus(limits::DEAD_AFTER),
            Socket::Lost { at } => at.plus(limits::RESUME_WINDOW),
        };
        socket_deadline.min(self.started_at.plus(limits::SESSION_LIFETIME))
    }
}
