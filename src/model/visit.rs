//! A consultation as it took place: when the waiting room was opened, who came and went, when the call began, how it ended and how it was.
//! One visit per appointment, however often people left and came back. No clock, no SQL.

use super::appointment::{Appointment, Channel, Status};
use super::consent::{self, Consent, Purpose};
use super::ids::{AppointmentId, CartId, JoinTokenId, UserId, VisitId};
use super::join_link::GuestRole;
use super::private::Private;
use super::quality::Quality;
use super::refusal::Refusal;
use super::time::UnixMillis;
use super::words::words;
use kenes_signaling::message::Role as CallRole;
use std::fmt;
use std::str::FromStr;

#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    pub id: VisitId,
    pub appointment: AppointmentId,
    /// What the room is called: unguessable.
    pub room: String,
    pub opened: UnixMillis,
    /// When the patient's side was admitted.
    pub started: Option<UnixMillis>,
    pub ended: Option<Ending>,
    /// Of everybody together, as far as they have left.
    pub quality: Quality,
    /// When the server last kept the room.
    pub seen: UnixMillis,
    /// The patient's answer to the one question, 1 to 5.
    pub survey_score: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    pub at: UnixMillis,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq)]
pub struct VisitPerson {
    pub subject: Attendee,
    pub role: VisitRole,
    /// As the others saw it.
    pub name: Private<String>,
    pub joined: UnixMillis,
    /// When first in the call; `None`: never beyond the waiting room.
    pub in_call: Option<UnixMillis>,
    /// `None`: still there.
    pub left: Option<UnixMillis>,
    pub returns: u32,
    pub quality: Quality,
}

/// Who a join token was given to. Its text is the subject that the room knows, and the actor of the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attendee {
    User(UserId),
    Cart(CartId),
    Link(JoinTokenId),
}

words! {
    /// As what a person took part.
    VisitRole {
        Specialist = "specialist",
        Nurse = "nurse",
        Cart = "cart",
        Patient = "patient",
        LegalRepresentative = "legal_representative",
        Interpreter = "interpreter",
        FamilyDoctor = "family_doctor",
    }
}

words! {
    Outcome {
        Ok = "ok",
        /// More than a tenth of the time somebody was hard to understand.
        Degraded = "degraded",
        AudioOnly = "audio_only",
        Phone = "phone",
        /// The call never began, or no media ran in it.
        Failed = "failed",
    }
}

impl Outcome {
    #[must_use]
    pub fn of(channel: Channel, has_started: bool, quality: &Quality) -> Self {
        match channel {
            Channel::Phone => Self::Phone,
            _ if !has_started || quality.ratings == 0 => Self::Failed,
            _ if quality.with_video == 0 => Self::AudioOnly,
            _ if quality.is_degraded() => Self::Degraded,
            _ => Self::Ok,
        }
    }
}

impl VisitRole {
    /// What the room knows this role as, and with it what the person may do there.
    #[must_use]
    pub const fn in_room(self) -> CallRole {
        match self {
            Self::Specialist => CallRole::Specialist,
            Self::Nurse | Self::Cart => CallRole::Nurse,
            Self::Patient => CallRole::Patient,
            Self::LegalRepresentative | Self::Interpreter | Self::FamilyDoctor => CallRole::Guest,
        }
    }

    /// Who brings the patient before the camera: on a cart whoever stands at it, at home the patient or who acts for the patient.
    #[must_use]
    pub const fn is_patients_side(self, channel: Channel) -> bool {
        match self {
            Self::Patient | Self::LegalRepresentative => true,
            Self::Nurse | Self::Cart => matches!(channel, Channel::Cart),
            Self::Specialist | Self::Interpreter | Self::FamilyDoctor => false,
        }
    }
}

impl From<GuestRole> for VisitRole {
    fn from(role: GuestRole) -> Self {
        match role {
            GuestRole::Patient => Self::Patient,
            GuestRole::LegalRepresentative => Self::LegalRepresentative,
            GuestRole::Interpreter => Self::Interpreter,
            GuestRole::FamilyDoctor => Self::FamilyDoctor,
        }
    }
}

/// Whether somebody may enter the room of `appointment` now: after check-in, and the patient's side, which shows the patient, only with
/// the consent to the consultation.
///
/// # Errors
/// Nobody has checked in yet, it is over, nobody was asked for consent, or it was refused or withdrawn.
pub fn check_join(appointment: &Appointment, role: VisitRole, consents: &[Consent]) -> Result<(), Refusal> {
    match appointment.status {
        Status::CheckedIn | Status::InCall => {}
        status if status.is_live() => return Err(Refusal::NotCheckedIn),
        _ => return Err(Refusal::AppointmentEnded),
    }
    if !role.is_patients_side(appointment.channel) || consent::is_given(consents, Purpose::Consultation) {
        return Ok(());
    }
    Err(if consent::is_decided(consents) { Refusal::ConsentRefused } else { Refusal::ConsentUndecided })
}

impl fmt::Display for Attendee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Cart(id) => write!(f, "cart:{id}"),
            Self::Link(id) => write!(f, "link:{id}"),
        }
    }
}

/// The text names nobody who can take part in a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an attendee")]
pub struct NotAnAttendee;

impl FromStr for Attendee {
    type Err = NotAnAttendee;

    fn from_str(text: &str) -> Result<Self, NotAnAttendee> {
        let (kind, id) = text.split_once(':').ok_or(NotAnAttendee)?;
        let attendee = match kind {
            "user" => id.parse().map(Self::User),
            "cart" => id.parse().map(Self::Cart),
            "link" => id.parse().map(Self::Link),
            _ => return Err(NotAnAttendee),
        };
        attendee.map_err(|_| NotAnAttendee)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::consent::{Decision, Giver, NewConsent};
    use crate::model::language::Language;
    use crate::model::quality::tests::rated;
    use crate::model::testing::{NOON, appointment, id};

    fn decided(decision: Decision) -> Vec<Consent> {
        let details = NewConsent {
            purpose: Purpose::Consultation,
            decision,
            text_version: 1,
            language: Language::Kazakh,
            giver: Giver::Patient,
            giver_name: None,
        };
        vec![Consent { id: id(1), appointment: id(1), patient: id(2), details, taken_by: None, at: NOON }]
    }

    #[test]
    fn nobody_enters_before_check_in_or_after_the_end() {
        let given = decided(Decision::Given);
        let join = |status| check_join(&appointment(status), VisitRole::Specialist, &given);
        assert_eq!(join(Status::Confirmed), Err(Refusal::NotCheckedIn));
        assert_eq!(join(Status::CheckedIn), Ok(()));
        assert_eq!(join(Status::InCall), Ok(()));
        assert_eq!(join(Status::Completed), Err(Refusal::AppointmentEnded));
    }

    #[test]
    fn the_patients_side_enters_with_consent_alone() {
        let visit = appointment(Status::CheckedIn);
        for role in [VisitRole::Patient, VisitRole::LegalRepresentative, VisitRole::Nurse, VisitRole::Cart] {
            assert_eq!(check_join(&visit, role, &[]), Err(Refusal::ConsentUndecided), "{role}");
            for refused in [Decision::Refused, Decision::Withdrawn] {
                assert_eq!(check_join(&visit, role, &decided(refused)), Err(Refusal::ConsentRefused), "{role}");
            }
            assert_eq!(check_join(&visit, role, &decided(Decision::Given)), Ok(()), "{role}");
        }
    }

    #[test]
    fn who_does_not_show_the_patient_needs_no_consent() {
        let at_home = Appointment { channel: Channel::HomeLink, cart: None, ..appointment(Status::CheckedIn) };
        for role in [VisitRole::Specialist, VisitRole::Interpreter, VisitRole::FamilyDoctor, VisitRole::Nurse] {
            assert_eq!(check_join(&at_home, role, &[]), Ok(()), "{role}");
        }
    }

    #[test]
    fn an_outcome_says_what_the_person_would_say() {
        let of = |quality: &Quality| Outcome::of(Channel::HomeLink, true, quality);
        assert_eq!(of(&rated(&[4.2, 4.3], true)), Outcome::Ok);
        assert_eq!(of(&rated(&[4.2, 2.0], true)), Outcome::Degraded);
        assert_eq!(of(&rated(&[4.2], false)), Outcome::AudioOnly);
        assert_eq!(of(&Quality::default()), Outcome::Failed);
        assert_eq!(Outcome::of(Channel::HomeLink, false, &rated(&[4.2], true)), Outcome::Failed);
        assert_eq!(Outcome::of(Channel::Phone, true, &Quality::default()), Outcome::Phone);
    }

    #[test]
    fn an_attendee_is_read_as_it_is_written() {
        for attendee in [Attendee::User(id(1)), Attendee::Cart(id(2)), Attendee::Link(id(3))] {
            assert_eq!(attendee.to_string().parse(), Ok(attendee));
        }
        for text in ["", "nurse", "user:", "user:1", "system", "api_key:018e0000-0000-7000-8000-000000000001"] {
            assert_eq!(text.parse::<Attendee>(), Err(NotAnAttendee), "{text}");
        }
    }
}
