//! What can happen to a room, as values.

use super::effect::{MediaPeer, MediaTrack};
use crate::ids::{ConnectionId, Language, MediaKind, Mid, PersonName, ResumeSecret, Rid, RoomId, Sdp, Subject};
use crate::message::{ClientMessage, ErrorCode, Join, LinkQuality, Role};
use std::time::Duration;

#[derive(Clone, Debug)]
pub enum Input {
    /// A `join` whose token the server has checked. `secret` is fresh: at least 128 random bits.
    Join {
        connection: ConnectionId,
        claims: Claims,
        join: Join,
        secret: ResumeSecret,
    },
    /// Any message of a socket that has sent a `join` to this room, `join` itself excepted.
    Message {
        connection: ConnectionId,
        message: ClientMessage,
    },
    /// The socket closed, for whatever reason. Harmless for a socket that the room has let go of already.
    SocketLost {
        connection: ConnectionId,
    },
    Media(MediaEvent),
    /// Whoever waits as this subject goes into the call, as if a host had admitted the person. Who was removed stays outside.
    Admit {
        subject: Subject,
    },
    /// The visit is over.
    End,
    /// [`super::Room::next_deadline`] has come.
    Tick,
    /// The server stops: everybody is told to come back after `after`, to `url` when another node takes over.
    Drain {
        url: Option<String>,
        after: Duration,
    },
}

/// What a checked join token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    pub room: RoomId,
    pub subject: Subject,
    pub role: Role,
    pub name: PersonName,
    pub language: Language,
}

/// What the server reports about media: the outcome of an offer, and what the shard says. An event about a peer that the
/// room has retired meanwhile is ignored.
#[derive(Clone, Debug)]
pub enum MediaEvent {
    /// [`super::Effect::OpenMedia`] succeeded. `sections` in the order of the offer.
    Opened { peer: MediaPeer, answer: Sdp, sections: Vec<Section> },
    /// [`super::Effect::RestartMedia`] succeeded.
    Restarted { peer: MediaPeer, neg_id: u32, answer: Sdp },
    /// Either was refused: `bad_offer` with the section or attribute, or `media_unavailable`. `neg_id` of the restart, `None`
    /// for an opening.
    Refused { peer: MediaPeer, neg_id: Option<u32>, code: ErrorCode, field: Option<String> },
    /// DTLS is done and media may run.
    Connected { peer: MediaPeer },
    /// The shard dropped the peer by itself.
    Closed { peer: MediaPeer, reason: CloseReason },
    /// The layers of a published section that anybody displays. For a section without rids `any` alone counts.
    LayersWanted { track: MediaTrack, any: bool, rids: Vec<Rid> },
    /// Audio tracks that carry sound, loudest first. A stethoscope among them is not speech.
    SpeakersChanged { tracks: Vec<MediaTrack> },
    /// Once a second for each peer. `is_limited`: an overloaded server keeps video from it.
    Report(Report),
}

/// One accepted section of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub mid: Mid,
    pub kind: MediaKind,
    pub direction: Direction,
}

/// Which way media runs in a section. An inactive section is not reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The client publishes.
    Uplink,
    /// A slot: the server sends.
    Downlink,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    ConsentExpired,
    HandshakeTimeout,
    HandshakeFailed,
    /// The page closed its PeerConnection: it knows.
    ClosedByPeer,
}

/// How one peer's media fared over about a second.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub peer: MediaPeer,
    pub uplink: LinkQuality,
    pub downlink: LinkQuality,
    /// It gets less video than it displays because the server is overloaded.
    pub is_limited: bool,
    /// Slots whose video is displayed and not sent.
    pub paused: Vec<Mid>,
}
