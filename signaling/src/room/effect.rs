//! What a room wants done, as values. The server executes all effects of one input, in order, before it hands in the next.

use crate::ids::{ConnectionId, Generation, Mid, ParticipantId, Sdp};
use crate::message::{Quality, ServerMessage};
use crate::time::UnixMillis;

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Send {
        connection: ConnectionId,
        message: ServerMessage,
    },
    /// The same to each.
    SendToAll {
        connections: Vec<ConnectionId>,
        message: ServerMessage,
    },
    /// Close once what was sent before is out. The room has forgotten the connection already.
    CloseSocket {
        connection: ConnectionId,
    },
    /// Answer the first offer of a generation and open its peer; comes back as `MediaEvent::Opened` or `Refused`.
    OpenMedia {
        peer: MediaPeer,
        offer: Sdp,
    },
    /// Answer an ICE restart (RFC 8445 §9); comes back as `MediaEvent::Restarted` or `Refused`.
    RestartMedia {
        peer: MediaPeer,
        neg_id: u32,
        offer: Sdp,
    },
    /// Retire the peer. No event about it is expected any more.
    CloseMedia {
        peer: MediaPeer,
    },
    /// Whether what arrives on a published section is forwarded.
    SetForwarding {
        track: MediaTrack,
        forwarding: bool,
    },
    /// What a listening slot carries. A slot never named carries nothing.
    BindAudio {
        subscriber: MediaPeer,
        mid: Mid,
        track: Option<MediaTrack>,
    },
    /// What a viewing slot carries. `max_height` in device pixels, 0 = do not send; `priority` 0..=3.
    BindVideo {
        subscriber: MediaPeer,
        mid: Mid,
        track: Option<MediaTrack>,
        max_height: u16,
        priority: u8,
    },
    /// The last person is gone (not said after an end or a drain). Whoever drops the room now also drops who was admitted, the chat and the ids.
    RoomEmpty,
    /// A moderator ended the visit, or the server (`by` is `None`). A room that is kept answers everybody who joins with `bye{ended}`.
    RoomEnded {
        by: Option<ParticipantId>,
    },
    /// For the visit's record; nothing has to be done.
    Noted(Attendance),
    /// How somebody fares, for the visit's record and the metrics: each rating, of which only what is news is also told.
    Rated(Quality),
}

/// How people come and go, as the record of a visit tells it. Who they are says [`super::Room::person`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attendance {
    /// A session begins: arrival, reload, return. A lost socket that is resumed was no absence.
    Arrived { who: ParticipantId, is_in_call: bool },
    /// Out of the waiting room; `by` is `None` when the server did it.
    Admitted { who: ParticipantId, by: Option<ParticipantId> },
    /// The session has ended. `lost_at` is when its socket was lost, where that is what ended it.
    Departed { who: ParticipantId, lost_at: Option<UnixMillis> },
}

/// One PeerConnection: one generation of one participant, never reused within a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaPeer {
    pub participant: ParticipantId,
    pub generation: Generation,
}

/// What one peer publishes on one section.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaTrack {
    pub peer: MediaPeer,
    pub mid: Mid,
}
