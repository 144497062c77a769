//! What the server says to a page.

use super::client::{AppKind, ModerateOp, Ratio, Recipient, Rung};
use crate::ids::{
    AppBody, Generation, MediaKind, Mid, ParticipantId, PersonName, ResumeSecret, Rid, Sdp, Source, TrackId,
};
use crate::limits::Limits;
use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ServerMessage {
    Waiting(Waiting),
    Joined(Box<Joined>),
    Answer { neg_id: u32, sdp: Sdp },
    Renegotiate { reason: RenegotiateReason },
    State(State),
    Layers { mid: Mid, active: Vec<Rid> },
    Speakers { ids: Vec<ParticipantId> },
    Quality(Quality),
    Reconnect { tier: ReconnectTier, url: Option<String>, after_ms: u32 },
    App(App),
    Error(ErrorMessage),
    Pong { at_ms: UnixMillis },
    Bye { reason: ByeReason },
}

impl ServerMessage {
    /// The text frame.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Every map key is a string and every value has a JSON form, so serialisation cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    pub id: ParticipantId,
    /// 1 = next.
    pub position: u32,
    pub host_status: HostStatus,
    pub resume: ResumeGrant,
}

/// Whether somebody who may admit is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostStatus {
    Absent,
    /// In the room, without media yet or for the moment.
    Present,
    InCall,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResumeGrant {
    pub id: ParticipantId,
    pub secret: ResumeSecret,
    pub expires_ms: UnixMillis,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joined {
    pub id: ParticipantId,
    #[serde(rename = "gen")]
    pub generation: Generation,
    pub answer: Option<Sdp>,
    pub ice_servers: Vec<IceServer>,
    pub resume: ResumeGrant,
    pub rev: u32,
    pub snapshot: Option<State>,
    pub history: Vec<App>,
    pub limits: Limits,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IceServer {
    pub urls: Vec<String>,
    pub username: String,
    pub credential: String,
}

impl std::fmt::Debug for IceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IceServer({:?}, credential hidden)", self.urls)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenegotiateReason {
    IceFailed,
    ServerMoved,
}

/// The whole room as one person may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Grows by one with each change of this person's view.
    pub rev: u32,
    pub intent_rev: u32,
    pub locked: bool,
    /// In order of arrival.
    pub participants: Vec<ParticipantView>,
    pub tracks: Vec<TrackView>,
    pub video: Vec<SlotView>,
    pub audio: Vec<SlotView>,
    pub permissions: Permissions,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParticipantView {
    pub id: ParticipantId,
    pub name: PersonName,
    pub role: Role,
    pub status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Nurse,
    Specialist,
    Patient,
    Guest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Waiting,
    InCall,
    Reconnecting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackView {
    pub id: TrackId,
    pub participant: ParticipantId,
    pub source: Source,
    pub kind: MediaKind,
    pub active: bool,
    pub muted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotView {
    pub mid: Mid,
    pub track: Option<TrackId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    pub publish: Vec<Source>,
    pub moderate: Vec<ModerateOp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    pub id: ParticipantId,
    pub uplink: Option<LinkQuality>,
    pub downlink: Option<LinkQuality>,
    /// Of what the person hears, how much its page made up; of what it sees, how long it stood still. `None` while the page says nothing.
    pub concealed_ratio: Option<Ratio>,
    pub freeze_ratio: Option<Ratio>,
    /// What the person sends; `None` while the page says nothing.
    pub rung: Option<Rung>,
    /// What the person wants to see and does not get, because its link or the server carries no more.
    pub paused: Vec<TrackId>,
    /// Mean opinion score of speech, 1.0..=4.5: of the worse direction.
    pub mos: Option<f64>,
    pub cause: Option<QualityCause>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkQuality {
    pub loss_ratio: Ratio,
    /// `None` until known.
    pub rtt_ms: Option<u32>,
    pub jitter_ms: u32,
    pub rate_bps: u64,
    /// What the link is believed to carry; `None` until known.
    pub estimate_bps: Option<u64>,
    /// Of speech in this direction, 1.0..=4.5; `None` in what the shard reports.
    pub mos: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityCause {
    Uplink,
    Downlink,
    Device,
    Server,
}

impl QualityCause {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uplink => "uplink",
            Self::Downlink => "downlink",
            Self::Device => "device",
            Self::Server => "server",
        }
    }
}

/// The rung of the recovery ladder that the client shall take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReconnectTier {
    Socket,
    Ice,
    Peer,
    Server,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    pub from: ParticipantId,
    pub to: Recipient,
    pub kind: AppKind,
    pub body: AppBody,
    pub at_ms: UnixMillis,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorMessage {
    pub code: ErrorCode,
    pub retryable: bool,
    pub field: Option<String>,
    #[serde(rename = "ref")]
    pub reference: Option<String>,
}

impl ErrorMessage {
    #[must_use]
    pub fn new(code: ErrorCode, field: Option<String>, reference: Option<String>) -> Self {
        Self { code, retryable: code.is_retryable(), field, reference }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    BadMessage,
    Unsupported,
    MessageTooLarge,
    RateLimited,
    NotJoined,
    AlreadyJoined,
    TokenInvalid,
    TokenExpired,
    SessionUnknown,
    StaleGeneration,
    RoomFull,
    RoomLocked,
    NotAllowed,
    UnknownTarget,
    UnknownTrack,
    UnknownMid,
    BadOffer,
    MediaUnavailable,
    Internal,
}

impl ErrorCode {
    /// Whether the same message may succeed later.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::TokenExpired
                | Self::SessionUnknown
                | Self::RoomFull
                | Self::RoomLocked
                | Self::MediaUnavailable
                | Self::Internal
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByeReason {
    Left,
    Removed,
    Ended,
    Replaced,
    Expired,
    Draining,
    Denied,
}
