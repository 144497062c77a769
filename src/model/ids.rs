//! One newtype per kind of thing over a UUIDv7 (RFC 9562 §5.7), so that a patient's id is never taken for an appointment's.
//! Draws no random numbers and reads no clock: both are parameters.

use kenes_signaling::time::UnixMillis;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;
use utoipa::openapi::SchemaFormat;
use uuid::{Builder, Uuid};

/// The text is not a UUIDv7 in its hyphenated form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

/// Length of the hyphenated form; the short, braced and URN forms are refused, so that an id has one spelling.
const TEXT_LEN: usize = 36;

fn parse(text: &str) -> Result<Uuid, NotAnId> {
    if text.len() != TEXT_LEN {
        return Err(NotAnId);
    }
    Uuid::try_parse(text).ok().filter(|uuid| uuid.get_version_num() == 7).ok_or(NotAnId)
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id. Ids made later sort later, to the millisecond; `random` keeps those of one millisecond apart.
            #[must_use]
            pub fn new(now: UnixMillis, random: [u8; 10]) -> Self {
                Self(Builder::from_unix_timestamp_millis(now.0, &random).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse(text).map(Self)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let text = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::Type::String);
                text.format(Some(SchemaFormat::Custom("uuid".to_owned()))).into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )+};
}

ids! {
    SiteId,
    UserId,
    CartId,
    PatientId,
    ReferralId,
    ScheduleId,
    ScheduleExceptionId,
    SlotId,
    AppointmentId,
    BookingAttemptId,
    WaitlistEntryId,
    WaitlistOfferId,
    ReconfirmCallId,
    JoinTokenId,
    ConsentId,
    ConclusionId,
    /// One consultation as it took place: join times, outcome, quality.
    VisitId,
    /// A person's sign-in.
    LoginId,
    ApiKeyId,
    AuditId,
    MessageId,
    LinkCheckId,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "018e0000-0000-7000-8000-000000000001";

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = PatientId::new(UnixMillis(1_700_000_000_000), [7; 10]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(TEXT.parse::<PatientId>().unwrap().to_string(), TEXT);
    }

    #[test]
    fn ids_made_later_sort_later_as_values_and_as_text() {
        let (first, second) = (SlotId::new(UnixMillis(1), [255; 10]), SlotId::new(UnixMillis(2), [0; 10]));
        assert!(first < second);
        assert!(first.to_string() < second.to_string());
    }

    #[test]
    fn only_a_hyphenated_version_7_is_an_id() {
        for text in ["", "1", "018e0000000070008000000000000001", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "{018e0000}"]
        {
            assert_eq!(text.parse::<PatientId>(), Err(NotAnId), "{text}");
        }
    }

    #[test]
    fn an_id_is_a_string_in_json() {
        let id: CartId = TEXT.parse().unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{TEXT}\""));
        assert!(serde_json::from_str::<CartId>("\"no\"").is_err());
    }
}
