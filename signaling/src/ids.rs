//! Names of things on the wire. Newtypes without `Deref`; texts that must never reach a log print only their length.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A value that does not have the form its type demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed {0}")]
pub struct Malformed(&'static str);

impl Malformed {
    pub(crate) fn new(what: &'static str) -> Self {
        Self(what)
    }
}

/// A person in one room: `p3`. Given in order of first arrival, kept over reloads, generations and absences, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ParticipantId(pub u32);

/// What a person publishes: `p3/camera`. Stable over reloads and generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TrackId {
    pub participant: ParticipantId,
    pub source: Source,
}

/// What a published track shows or carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Microphone,
    Camera,
    Exam,
    Screen,
    Stethoscope,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    Audio,
    Video,
}

/// Counts the PeerConnections of one person in one visit, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u32", try_from = "u32")]
pub struct Generation(u32);

/// One WebSocket, chosen by the server, never reused in the process. Not on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// `a=mid` (RFC 5888 §4): 1 to 16 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Mid(String);

/// `a=rid` (RFC 8851 §4): 1 to 16 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Rid(String);

/// A room: 1 to 64 visible ASCII characters, chosen by the server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RoomId(String);

/// Who a token was given to within one visit: 1 to 128 visible ASCII characters, chosen by the server. Equal subjects are one person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Subject(String);

/// A language tag (RFC 5646) of at most 16 characters: `kk`, `ru`, `en`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Language(String);

impl Source {
    pub const ALL: [Self; 5] = [Self::Microphone, Self::Camera, Self::Exam, Self::Screen, Self::Stethoscope];

    #[must_use]
    pub fn kind(self) -> MediaKind {
        match self {
            Self::Microphone | Self::Stethoscope => MediaKind::Audio,
            Self::Camera | Self::Exam | Self::Screen => MediaKind::Video,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Microphone => "microphone",
            Self::Camera => "camera",
            Self::Exam => "exam",
            Self::Screen => "screen",
            Self::Stethoscope => "stethoscope",
        }
    }
}

impl fmt::Display for ParticipantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}

impl From<ParticipantId> for String {
    fn from(id: ParticipantId) -> Self {
        id.to_string()
    }
}

impl TryFrom<&str> for ParticipantId {
    type Error = Malformed;

    /// Only the form that `Display` writes: one participant has one name.
    fn try_from(text: &str) -> Result<Self, Malformed> {
        let malformed = Malformed("participant id");
        let digits = text.strip_prefix('p').ok_or(malformed)?;
        let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        if !canonical {
            return Err(malformed);
        }
        digits.parse().map(Self).map_err(|_| malformed)
    }
}

impl TryFrom<String> for ParticipantId {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::try_from(text.as_str())
    }
}

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.participant, self.source.as_str())
    }
}

impl From<TrackId> for String {
    fn from(id: TrackId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for TrackId {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        let malformed = Malformed("track id");
        let (participant, name) = text.split_once('/').ok_or(malformed)?;
        let source = Source::ALL.into_iter().find(|source| source.as_str() == name).ok_or(malformed)?;
        Ok(Self { participant: ParticipantId::try_from(participant)?, source })
    }
}

impl Generation {
    pub const FIRST: Self = Self(1);

    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl From<Generation> for u32 {
    fn from(generation: Generation) -> Self {
        generation.0
    }
}

impl TryFrom<u32> for Generation {
    type Error = Malformed;

    fn try_from(number: u32) -> Result<Self, Malformed> {
        if number == 0 { Err(Malformed("generation")) } else { Ok(Self(number)) }
    }
}

/// A name of 1 to `max` visible ASCII characters.
macro_rules! ascii_name {
    ($type:ident, $what:literal, $max:literal) => {
        impl $type {
            pub fn new(text: impl Into<String>) -> Result<Self, Malformed> {
                let text = text.into();
                let well_formed = (1..=$max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
                if well_formed { Ok(Self(text)) } else { Err(Malformed($what)) }
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = Malformed;

            fn try_from(text: String) -> Result<Self, Malformed> {
                Self::new(text)
            }
        }
    };
}

ascii_name!(Mid, "mid", 16);
ascii_name!(Rid, "rid", 16);
ascii_name!(RoomId, "room id", 64);
ascii_name!(Subject, "subject", 128);
ascii_name!(Language, "language", 16);

/// A text that must not be printed: `Debug` shows its length alone.
macro_rules! private_text {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(String);

        impl $type {
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($type), "({} bytes)"), self.0.len())
            }
        }
    };
}

private_text!(
    /// An offer or an answer (RFC 8866), opaque here. Holds ICE passwords and addresses.
    Sdp
);
private_text!(
    /// A signed join token, opaque here.
    JoinToken
);
private_text!(
    /// A person's name as the others see it.
    PersonName
);
private_text!(
    /// The body of an `app` message.
    AppBody
);
private_text!(
    /// What proves that a `resume` comes from the page that held the session. At least 128 random bits, made by the server.
    ResumeSecret
);

impl ResumeSecret {
    /// Compares without an early exit, so that time does not tell how much of a guess was right.
    #[must_use]
    pub fn matches(&self, guess: &Self) -> bool {
        let difference = self.0.bytes().zip(guess.0.bytes()).fold(0, |seen, (ours, theirs)| seen | (ours ^ theirs));
        self.0.len() == guess.0.len() && difference == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_participant_has_one_name() {
        assert_eq!(ParticipantId::try_from("p3"), Ok(ParticipantId(3)));
        for wrong in ["", "p", "3", "p03", "p0", "p+3", "p-1", "p4294967296", "P3", "p3 "] {
            assert!(ParticipantId::try_from(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_track_id_reads_back_as_it_was_written() {
        let id = TrackId { participant: ParticipantId(12), source: Source::Stethoscope };
        assert_eq!(TrackId::try_from(String::from(id)), Ok(id));
        assert!(TrackId::try_from("p12/nose".to_owned()).is_err());
        assert!(TrackId::try_from("p12".to_owned()).is_err());
    }

    #[test]
    fn a_secret_matches_itself_alone() {
        let secret = ResumeSecret::new("abc");
        assert!(secret.matches(&ResumeSecret::new("abc")));
        assert!(!secret.matches(&ResumeSecret::new("abd")));
        assert!(!secret.matches(&ResumeSecret::new("ab")));
        assert!(!secret.matches(&ResumeSecret::new("")));
    }

    #[test]
    fn private_texts_are_not_printed() {
        assert_eq!(format!("{:?}", PersonName::new("Aigerim")), "PersonName(7 bytes)");
    }
}
