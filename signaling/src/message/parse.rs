//! One text frame to one [`ClientMessage`]: the only door for what a page says. Bounds are checked here, and an error names its field.
//!
//! The message's own fields are taken one by one, so that an error can name the field (`publish[2]`); what lies inside is serde's.

use super::client::{
    AppDraft, AppKind, AudioWish, ClientMessage, Intent, Join, Moderate, Offer, Published, Resume, Stats, VideoWish,
};
use super::server::{ErrorCode, ErrorMessage};
use crate::ids::{AppBody, JoinToken, Mid, Sdp};
use crate::limits;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Why a text frame is not a message. Becomes an `error` to the page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code:?} in {field:?}")]
pub struct ParseError {
    pub code: ErrorCode,
    pub field: Option<String>,
}

impl ParseError {
    /// Whether the socket is closed after the error was sent: a page of another protocol version cannot be talked to.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.code == ErrorCode::Unsupported && self.field.as_deref() == Some("proto")
    }

    #[must_use]
    pub fn to_message(&self) -> ErrorMessage {
        ErrorMessage::new(self.code, self.field.clone(), None)
    }

    fn bad(field: &str) -> Self {
        Self { code: ErrorCode::BadMessage, field: Some(field.to_owned()) }
    }
}

/// Characters of an unknown field's or type's name that an error repeats.
const NAME_ECHO_CHARACTERS: usize = 64;

pub(super) fn client_message(text: &str) -> Result<ClientMessage, ParseError> {
    let too_large = ParseError { code: ErrorCode::MessageTooLarge, field: None };
    if text.len() > limits::SDP_MESSAGE_BYTES {
        return Err(too_large);
    }
    let Ok(Value::Object(object)) = serde_json::from_str(text) else {
        return Err(ParseError { code: ErrorCode::BadMessage, field: None });
    };
    let mut fields = Fields(object);
    let kind: String = fields.take("type")?;
    let carries_sdp = matches!(kind.as_str(), "join" | "offer");
    if !carries_sdp && text.len() > limits::MESSAGE_BYTES {
        return Err(too_large);
    }
    let message = match kind.as_str() {
        "join" => ClientMessage::Join(join(&mut fields)?),
        "intent" => ClientMessage::Intent(intent(&mut fields)?),
        "offer" => ClientMessage::Offer(offer(&mut fields)?),
        "moderate" => ClientMessage::Moderate(moderate(&mut fields)?),
        "app" => ClientMessage::App(app(&mut fields)?),
        "stats" => ClientMessage::Stats(stats(&mut fields)?),
        "ping" => ClientMessage::Ping { at_ms: fields.take("at_ms")? },
        "leave" => ClientMessage::Leave,
        _ => return Err(ParseError { code: ErrorCode::Unsupported, field: Some("type".to_owned()) }),
    };
    fields.finish().map(|()| message)
}

fn join(fields: &mut Fields) -> Result<Join, ParseError> {
    // First, so that another version's fields do not hide what is wrong.
    let proto = fields.take("proto")?;
    if proto != Join::PROTO {
        return Err(ParseError { code: ErrorCode::Unsupported, field: Some("proto".to_owned()) });
    }
    Ok(Join {
        proto,
        token: fields
            .take_if("token", |token: &JoinToken| (1..=limits::TOKEN_BYTES).contains(&token.as_str().len()))?,
        generation: fields.take("gen")?,
        offer: fields
            .take_if("offer", |offer: &Option<Sdp>| offer.as_ref().is_none_or(|sdp| !sdp.as_str().is_empty()))?,
        resume: fields.take_if("resume", |resume: &Option<Resume>| {
            resume.as_ref().is_none_or(|resume| resume.secret.as_str().len() <= limits::SECRET_BYTES)
        })?,
    })
}

fn intent(fields: &mut Fields) -> Result<Intent, ParseError> {
    Ok(Intent {
        rev: fields.take("rev")?,
        publish: fields.take_list("publish", limits::MAX_PUBLISHED, |entry: &Published, before| {
            before.iter().all(|other| other.mid != entry.mid && other.source != entry.source)
        })?,
        video: fields.take_list("video", limits::MAX_SECTIONS, |wish: &VideoWish, before| {
            wish.priority <= limits::MAX_PRIORITY && is_new_mid(&wish.mid, before)
        })?,
        audio: fields.take_if("audio", |audio: &AudioWish| audio.pinned.len() <= limits::MAX_PINNED)?,
    })
}

fn is_new_mid(mid: &Mid, before: &[VideoWish]) -> bool {
    before.iter().all(|other| other.mid != *mid)
}

fn offer(fields: &mut Fields) -> Result<Offer, ParseError> {
    Ok(Offer {
        neg_id: fields.take("neg_id")?,
        sdp: fields.take_if("sdp", |sdp: &Sdp| !sdp.as_str().is_empty())?,
        ice_restart: fields.take("ice_restart")?,
    })
}

fn moderate(fields: &mut Fields) -> Result<Moderate, ParseError> {
    let moderate = Moderate {
        op: fields.take("op")?,
        target: fields.take("target")?,
        req: fields.take_if("req", |req: &String| req.chars().count() <= limits::REQUEST_CHARACTERS)?,
    };
    if moderate.op.has_target() != moderate.target.is_some() {
        return Err(ParseError::bad("target"));
    }
    Ok(moderate)
}

fn app(fields: &mut Fields) -> Result<AppDraft, ParseError> {
    let (to, kind) = (fields.take("to")?, fields.take("kind")?);
    let most = match kind {
        AppKind::Chat => limits::APP_BODY_CHARACTERS,
        AppKind::Still => limits::STILL_CHARACTERS,
    };
    let body = fields.take_if("body", |body: &AppBody| (1..=most).contains(&body.as_str().chars().count()))?;
    Ok(AppDraft { to, kind, body })
}

fn stats(fields: &mut Fields) -> Result<Stats, ParseError> {
    Ok(Stats {
        interval_ms: fields.take_if("interval_ms", |interval_ms: &u32| *interval_ms > 0)?,
        uplink: fields.take("uplink")?,
        downlink: fields.take("downlink")?,
    })
}

/// The fields of one message that nobody has taken yet.
struct Fields(Map<String, Value>);

impl Fields {
    /// A field that must be there, null where its type may be null.
    fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ParseError> {
        let value = self.0.remove(name).ok_or_else(|| ParseError::bad(name))?;
        serde_json::from_value(value).map_err(|_| ParseError::bad(name))
    }

    fn take_if<T: DeserializeOwned>(&mut self, name: &str, within: impl FnOnce(&T) -> bool) -> Result<T, ParseError> {
        let value = self.take(name)?;
        if within(&value) { Ok(value) } else { Err(ParseError::bad(name)) }
    }

    /// A list of at most `max` entries, each of them fit to stand after those before it.
    fn take_list<T: DeserializeOwned>(
        &mut self,
        name: &str,
        max: usize,
        fits: impl Fn(&T, &[T]) -> bool,
    ) -> Result<Vec<T>, ParseError> {
        let values = self.take_if(name, |values: &Vec<Value>| values.len() <= max)?;
        let mut entries = Vec::with_capacity(values.len());
        for value in values {
            let bad = || ParseError::bad(&format!("{name}[{}]", entries.len()));
            let entry = serde_json::from_value(value).map_err(|_| bad())?;
            if !fits(&entry, &entries) {
                return Err(bad());
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    fn finish(self) -> Result<(), ParseError> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(unknown) => Err(ParseError::bad(&unknown.chars().take(NAME_ECHO_CHARACTERS).collect::<String>())),
        }
    }
}

/// A field that may be null but not absent, which serde would let pass.
pub(super) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}

/// [`rounded`], or null; never absent.
pub(super) fn rounded_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    struct Rounded(#[serde(deserialize_with = "rounded")] u32);
    Ok(Option::<Rounded>::deserialize(deserializer)?.map(|Rounded(number)| number))
}

/// A whole number from whatever a browser's statistics hold: fractions are rounded.
pub(super) fn rounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = f64::deserialize(deserializer)?.round();
    if !(0.0..=f64::from(u32::MAX)).contains(&number) {
        return Err(D::Error::custom("out of range"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked above")]
    Ok(number as u32)
}
