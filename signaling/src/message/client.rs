//! What a page says to the server.

use super::parse::{self, ParseError};
use crate::ids::{AppBody, Generation, JoinToken, Malformed, Mid, ParticipantId, ResumeSecret, Sdp, Source, TrackId};
use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    Join(Join),
    Intent(Intent),
    Offer(Offer),
    Moderate(Moderate),
    App(AppDraft),
    Stats(Stats),
    Ping { at_ms: UnixMillis },
    Leave,
}

impl ClientMessage {
    /// Reads one text frame. Every field is present (null where it may be), none is unknown, each value is within its bounds.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::client_message(text)
    }

    /// What an `error` about this message carries in `ref`.
    #[must_use]
    pub fn reference(&self) -> Option<String> {
        match self {
            Self::Intent(intent) => Some(intent.rev.to_string()),
            Self::Offer(offer) => Some(offer.neg_id.to_string()),
            Self::Moderate(moderate) => Some(moderate.req.clone()),
            Self::Join(_) | Self::App(_) | Self::Stats(_) | Self::Ping { .. } | Self::Leave => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Join {
    /// Always [`Join::PROTO`]: others are refused by the parser.
    pub proto: u32,
    pub token: JoinToken,
    #[serde(rename = "gen")]
    pub generation: Generation,
    pub offer: Option<Sdp>,
    pub resume: Option<Resume>,
}

impl Join {
    pub const PROTO: u32 = 1;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    pub id: ParticipantId,
    pub secret: ResumeSecret,
    pub last_rev: u32,
}

/// The whole wish of one person, every time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Intent {
    pub rev: u32,
    pub publish: Vec<Published>,
    pub video: Vec<VideoWish>,
    pub audio: AudioWish,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    pub mid: Mid,
    pub source: Source,
    pub active: bool,
    pub muted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VideoWish {
    pub mid: Mid,
    #[serde(deserialize_with = "parse::present")]
    pub track: Option<TrackId>,
    /// Device pixels; 0 = do not send.
    pub max_height: u16,
    /// 0..=3.
    pub priority: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AudioWish {
    pub auto: bool,
    pub pinned: Vec<TrackId>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offer {
    pub neg_id: u32,
    pub sdp: Sdp,
    pub ice_restart: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moderate {
    pub op: ModerateOp,
    /// Present for `admit`, `mute` and `remove`, null for the rest: the parser sees to it.
    pub target: Option<ParticipantId>,
    pub req: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModerateOp {
    Admit,
    Mute,
    Remove,
    Lock,
    Unlock,
    End,
}

impl ModerateOp {
    pub const ALL: [Self; 6] = [Self::Admit, Self::Mute, Self::Remove, Self::Lock, Self::Unlock, Self::End];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admit => "admit",
            Self::Mute => "mute",
            Self::Remove => "remove",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::End => "end",
        }
    }

    #[must_use]
    pub fn has_target(self) -> bool {
        matches!(self, Self::Admit | Self::Mute | Self::Remove)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AppDraft {
    pub to: Recipient,
    pub kind: AppKind,
    pub body: AppBody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppKind {
    Chat,
    /// A fifth of a picture instead of video, JPEG in base64: shown until the next, kept nowhere.
    Still,
}

/// `"room"` or a participant id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Recipient {
    Room,
    Participant(ParticipantId),
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        match recipient {
            Recipient::Room => "room".to_owned(),
            Recipient::Participant(id) => id.to_string(),
        }
    }
}

impl TryFrom<String> for Recipient {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        if text == "room" { Ok(Self::Room) } else { ParticipantId::try_from(text).map(Self::Participant) }
    }
}

/// What the page measured since its last `stats`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stats {
    pub interval_ms: u32,
    pub uplink: UplinkStats,
    pub downlink: DownlinkStats,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UplinkStats {
    #[serde(deserialize_with = "parse::rounded")]
    pub rtt_ms: u32,
    pub loss_ratio: Ratio,
    #[serde(deserialize_with = "parse::rounded")]
    pub rate_bps: u32,
    /// What the browser believes the link carries; `None` where it does not tell.
    #[serde(deserialize_with = "parse::rounded_or_null")]
    pub estimate_bps: Option<u32>,
    pub limited: Limited,
    pub rung: Rung,
}

/// Of the bandwidth ladder: what a person sends of picture and sound. The lower, the later here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// 720p.
    Full,
    /// 360p at 15 frames a second.
    Small,
    /// Sound, and a picture every 5 s.
    Stills,
    Audio,
    /// Not even sound gets through.
    Phone,
}

impl Rung {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Small => "small",
            Self::Stills => "stills",
            Self::Audio => "audio",
            Self::Phone => "phone",
        }
    }
}

/// What holds the sender's quality down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limited {
    None,
    Cpu,
    Bandwidth,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DownlinkStats {
    pub loss_ratio: Ratio,
    #[serde(deserialize_with = "parse::rounded")]
    pub jitter_ms: u32,
    #[serde(deserialize_with = "parse::rounded")]
    pub rate_bps: u32,
    pub concealed_ratio: Ratio,
    pub freeze_ratio: Ratio,
    #[serde(deserialize_with = "parse::rounded")]
    pub frames_per_s: u32,
}

/// 0.0..=1.0.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(into = "f64", try_from = "f64")]
pub struct Ratio(f64);

impl Ratio {
    /// `ratio` brought into 0..=1; NaN is 0.
    #[must_use]
    pub fn clamped(ratio: f64) -> Self {
        Self(if ratio.is_nan() { 0.0 } else { ratio.clamp(0.0, 1.0) })
    }
}

impl From<Ratio> for f64 {
    fn from(ratio: Ratio) -> Self {
        ratio.0
    }
}

impl TryFrom<f64> for Ratio {
    type Error = Malformed;

    fn try_from(number: f64) -> Result<Self, Malformed> {
        if (0.0..=1.0).contains(&number) { Ok(Self(number)) } else { Err(Malformed::new("ratio")) }
    }
}
