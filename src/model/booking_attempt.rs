//! The pilot's slot accounting: every attempt to book ends in exactly one row, the failed ones too, with a code that says whose matter it
//! was. No SQL, no clock.

use super::appointment::Channel;
use super::ids::{AppointmentId, BookingAttemptId};
use super::invalid::Invalid;
use super::refusal::Refusal;
use super::specialty::Specialty;
use super::time::UnixMillis;
use super::words::words;

/// An attempt that goes on. [`Attempt::end`] takes it, so that it ends in one row and not in two; whoever begins one ends it in the same
/// function, on every way out.
#[must_use = "an attempt ends in a row"]
#[derive(Debug)]
pub struct Attempt {
    id: BookingAttemptId,
    channel: Channel,
    specialty: Specialty,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingAttempt {
    pub id: BookingAttemptId,
    pub channel: Channel,
    pub specialty: Specialty,
    pub outcome: Outcome,
    pub at: UnixMillis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Success(AppointmentId),
    Failure(Failure),
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// People and rules: no time, taken, not allowed. The code is the refusal's or the field's.
    Organisational(&'static str),
    Technical(TechnicalCode),
}

words! {
    AttemptResult {
        Success = "success",
        Organisational = "organisational",
        Technical = "technical",
    }
}

words! {
    TechnicalCode {
        Database = "database",
        DatabaseBusy = "database_busy",
        Timeout = "timeout",
        /// The client went away before the answer.
        Abandoned = "abandoned",
        CartOffline = "cart_offline",
        Mis = "mis",
        Internal = "internal",
    }
}

/// The search found no time at all.
pub const NO_FREE_SLOT: Failure = Failure::Organisational("no_free_slot");

impl Attempt {
    pub fn begin(id: BookingAttemptId, channel: Channel, specialty: Specialty) -> Self {
        Self { id, channel, specialty }
    }

    #[must_use]
    pub fn end(self, outcome: Outcome, now: UnixMillis) -> BookingAttempt {
        BookingAttempt { id: self.id, channel: self.channel, specialty: self.specialty, outcome, at: now }
    }
}

impl Outcome {
    #[must_use]
    pub const fn result(self) -> AttemptResult {
        match self {
            Self::Success(_) => AttemptResult::Success,
            Self::Failure(Failure::Organisational(_)) => AttemptResult::Organisational,
            Self::Failure(Failure::Technical(_)) => AttemptResult::Technical,
        }
    }

    #[must_use]
    pub const fn error_code(self) -> Option<&'static str> {
        match self {
            Self::Success(_) => None,
            Self::Failure(Failure::Organisational(code)) => Some(code),
            Self::Failure(Failure::Technical(code)) => Some(code.as_str()),
        }
    }

    #[must_use]
    pub const fn appointment(self) -> Option<AppointmentId> {
        match self {
            Self::Success(appointment) => Some(appointment),
            Self::Failure(_) => None,
        }
    }
}

impl<E: Into<Failure>> From<Result<AppointmentId, E>> for Outcome {
    fn from(result: Result<AppointmentId, E>) -> Self {
        result.map_or_else(|failure| Self::Failure(failure.into()), Self::Success)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::CartOffline => Self::Technical(TechnicalCode::CartOffline),
            refusal => Self::Organisational(refusal.code()),
        }
    }
}

impl From<&Invalid> for Failure {
    /// The first fault stands for all.
    fn from(invalid: &Invalid) -> Self {
        Self::Organisational(invalid.0.first().map_or("field_malformed", |fault| fault.fault.code()))
    }
}

impl From<TechnicalCode> for Failure {
    fn from(code: TechnicalCode) -> Self {
        Self::Technical(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{NOON, id};

    fn ended(outcome: Outcome) -> (AttemptResult, Option<&'static str>, Option<AppointmentId>) {
        let attempt = Attempt::begin(id(1), Channel::Cart, "cardiology".parse().unwrap());
        let row = attempt.end(outcome, NOON);
        (row.outcome.result(), row.outcome.error_code(), row.outcome.appointment())
    }

    #[test]
    fn a_success_has_its_appointment_and_no_code() {
        let booked = Outcome::from(Ok::<_, Refusal>(id(5)));
        assert_eq!(ended(booked), (AttemptResult::Success, None, Some(id(5))));
    }

    #[test]
    fn a_rule_that_was_broken_is_organisational_with_its_code() {
        let taken = Outcome::from(Err::<AppointmentId, _>(Refusal::TimeTaken));
        assert_eq!(ended(taken), (AttemptResult::Organisational, Some("time_taken"), None));
        assert_eq!(ended(Outcome::Failure(NO_FREE_SLOT)), (AttemptResult::Organisational, Some("no_free_slot"), None));
    }

    #[test]
    fn machines_that_failed_are_technical() {
        let outcome = |failure: Failure| ended(Outcome::Failure(failure));
        assert_eq!(outcome(TechnicalCode::Database.into()), (AttemptResult::Technical, Some("database"), None));
        assert_eq!(outcome(Refusal::CartOffline.into()), (AttemptResult::Technical, Some("cart_offline"), None));
    }

    #[test]
    fn every_refusal_is_counted_as_one_of_the_two() {
        for refusal in Refusal::ALL {
            let failure = Failure::from(*refusal);
            assert!(Outcome::Failure(failure).error_code().is_some_and(|code| !code.is_empty()), "{refusal:?}");
        }
    }
}
