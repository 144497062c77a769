//! A named single-visit link for whom has no account: the patient, an interpreter, a family doctor, a legal representative. Holds the
//! token's hash and never the token. No clock, no SQL.

use super::appointment::CHECK_IN_OPENS;
use super::ids::{AppointmentId, JoinTokenId, UserId};
use super::invalid::{Fields, Invalid, TextLimit};
use super::private::Private;
use super::refusal::Refusal;
use super::time::{Interval, UnixMillis, before};
use super::words::words;
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

/// What the token of a visit's link begins with.
pub const LINK_PREFIX: &str = "v_";
/// .. and that of a link to a time offered to the waiting list.
pub const OFFER_LINK_PREFIX: &str = "o_";

/// A link goes on working so long after the visit's planned end: visits run late, and the survey comes after them.
const AFTER_END: Duration = Duration::from_secs(60 * 60);
const NAME: TextLimit = TextLimit { min: 2, max: 200 };

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinToken {
    pub id: JoinTokenId,
    pub hash: TokenHash,
    pub appointment: AppointmentId,
    pub details: NewJoinToken,
    /// From when to when it opens anything.
    pub window: Interval,
    pub revoked: Option<UnixMillis>,
    pub created_by: Option<UserId>,
    pub created: UnixMillis,
}

/// SHA-256 of the token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(***)")
    }
}

words! {
    GuestRole {
        Patient = "patient",
        LegalRepresentative = "legal_representative",
        Interpreter = "interpreter",
        FamilyDoctor = "family_doctor",
    }
}

/// A link's fields, each found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJoinToken {
    pub role: GuestRole,
    /// As the others in the call see it.
    pub name: Private<String>,
}

impl GuestRole {
    /// When a link to `visit`, made at `now`, works. The patient's works at once, to confirm or to cancel by it; entering the visit has its
    /// own window, which the appointment guards. The others' opens with the waiting room.
    #[must_use]
    pub fn window(self, visit: Interval, now: UnixMillis) -> Option<Interval> {
        let opens = match self {
            Self::Patient | Self::LegalRepresentative => now,
            Self::Interpreter | Self::FamilyDoctor => before(visit.start(), CHECK_IN_OPENS),
        };
        Interval::new(opens, visit.end().plus(AFTER_END))
    }

    /// May confirm and cancel as the patient does.
    #[must_use]
    pub const fn acts_for_patient(self) -> bool {
        matches!(self, Self::Patient | Self::LegalRepresentative)
    }
}

impl JoinToken {
    /// # Errors
    /// Withdrawn, too early, or expired.
    pub fn check(&self, now: UnixMillis) -> Result<(), Refusal> {
        if self.revoked.is_some() {
            return Err(Refusal::LinkRevoked);
        }
        if now < self.window.start() {
            return Err(Refusal::LinkTooEarly);
        }
        if now >= self.window.end() { Err(Refusal::LinkExpired) } else { Ok(()) }
    }
}

#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinTokenInput {
    pub role: Option<String>,
    pub name: Option<String>,
}

impl NewJoinToken {
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &JoinTokenInput) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let role = fields.required("role", input.role.as_deref());
        let name = fields.line("name", input.name.as_deref(), NAME);
        fields.finish((|| Some(Self { role: role?, name: Private::new(name?) }))())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{DAY, HOUR, MINUTE, NOON, id};

    fn token(role: GuestRole) -> JoinToken {
        let issued = before(NOON, DAY);
        let visit = Interval::new(NOON, NOON.plus(HOUR)).unwrap();
        JoinToken {
            id: id(1),
            hash: TokenHash([9; 32]),
            appointment: id(2),
            details: NewJoinToken { role, name: Private::new("Ивин П. П.".to_owned()) },
            window: role.window(visit, issued).unwrap(),
            revoked: None,
            created_by: None,
            created: issued,
        }
    }

    #[test]
    fn a_patients_link_works_from_the_message_on_to_an_hour_after_the_visit() {
        let token = token(GuestRole::Patient);
        assert_eq!(token.check(before(NOON, DAY)), Ok(()));
        assert_eq!(token.check(before(NOON.plus(2 * HOUR), MINUTE)), Ok(()));
        assert_eq!(token.check(NOON.plus(2 * HOUR)), Err(Refusal::LinkExpired));
    }

    #[test]
    fn a_third_partys_link_opens_with_the_waiting_room() {
        let token = token(GuestRole::Interpreter);
        assert_eq!(token.check(before(NOON, 31 * MINUTE)), Err(Refusal::LinkTooEarly));
        assert_eq!(token.check(before(NOON, 30 * MINUTE)), Ok(()));
    }

    #[test]
    fn a_withdrawn_link_opens_nothing() {
        let revoked = JoinToken { revoked: Some(NOON), ..token(GuestRole::Patient) };
        assert_eq!(revoked.check(NOON), Err(Refusal::LinkRevoked));
    }

    #[test]
    fn a_link_prints_without_its_hash_and_name() {
        let printed = format!("{:?}", token(GuestRole::FamilyDoctor));
        assert!(!printed.contains("Ивин") && !printed.contains("9, 9"), "{printed}");
    }

    #[test]
    fn a_guest_is_named() {
        let input = JoinTokenInput { role: Some("interpreter".to_owned()), name: None };
        assert_eq!(NewJoinToken::validate(&input).unwrap_err().0[0].field, "name");
    }
}
