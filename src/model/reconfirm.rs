//! The contact centre's daily work: each booked visit is confirmed by telephone one or two days ahead; a declined one goes to the waiting
//! list. Says who is to be called when, and what an answer does to the appointment. No clock, no SQL.

use super::appointment::{Actor, Appointment, CancelReason, Event, Status};
use super::ids::{AppointmentId, ReconfirmCallId, UserId};
use super::invalid::{Fields, Invalid, TextLimit};
use super::private::Private;
use super::refusal::Refusal;
use super::time::{UnixMillis, Zone};
use super::words::words;
use jiff::civil::Date;
use serde::Deserialize;
use std::time::Duration;

/// After so many calls without an answer the visit stays as it is booked.
pub const MAX_ATTEMPTS: u8 = 3;
/// From one call to the next.
pub const RETRY: Duration = Duration::from_secs(2 * 3600);
/// The list has the visits of tomorrow and of the day after.
const DAYS_AHEAD: std::ops::RangeInclusive<i32> = 1..=2;
const NOTE: TextLimit = TextLimit { min: 1, max: 500 };

/// One call; rows are only ever added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconfirmCall {
    pub id: ReconfirmCallId,
    pub appointment: AppointmentId,
    pub operator: UserId,
    /// From 1.
    pub attempt: u8,
    pub details: NewReconfirmCall,
    pub at: UnixMillis,
}

words! {
    ReconfirmResult {
        Confirmed = "confirmed",
        Declined = "declined",
        NoAnswer = "no_answer",
        WrongNumber = "wrong_number",
        /// The patient asked to be called later.
        CallBack = "call_back",
    }
}

impl ReconfirmResult {
    /// What the patient's word does to the appointment. It is the patient's own act, whoever writes it down: cancelling by telephone ends
    /// with the start, as by link.
    #[must_use]
    pub fn event(self) -> Option<(Actor, Event)> {
        match self {
            Self::Confirmed => Some((Actor::Patient, Event::Confirm)),
            Self::Declined => Some((Actor::Patient, Event::Cancel(CancelReason::PatientDeclined))),
            Self::NoAnswer | Self::WrongNumber | Self::CallBack => None,
        }
    }

    /// No further call will change it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Confirmed | Self::Declined | Self::WrongNumber)
    }
}

/// Where a visit stands on the work list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Now,
    /// Called in vain; again then.
    Later(UnixMillis),
}

/// The visit's place on the list of `today`, the clinic's day; `None`: it is not on it. `calls` are this appointment's.
#[must_use]
pub fn turn(appointment: &Appointment, calls: &[ReconfirmCall], zone: &Zone, now: UnixMillis) -> Option<Turn> {
    let is_waiting = appointment.status == Status::Booked && may_call(calls).is_ok();
    if !is_waiting || !DAYS_AHEAD.contains(&days_ahead(zone, appointment.time.start(), now)?) {
        return None;
    }
    let again = calls.iter().map(|call| call.at.plus(RETRY)).max();
    Some(again.filter(|again| *again > now).map_or(Turn::Now, Turn::Later))
}

/// The number of the call that is about to be made.
///
/// # Errors
/// The patient has answered, or was called often enough.
pub fn may_call(calls: &[ReconfirmCall]) -> Result<u8, Refusal> {
    let attempt = calls.iter().map(|call| call.attempt).max().unwrap_or(0).saturating_add(1);
    let is_done = attempt > MAX_ATTEMPTS || calls.iter().any(|call| call.details.result.is_final());
    if is_done { Err(Refusal::ReconfirmDone) } else { Ok(attempt) }
}

/// The clinic's days from now to `start`.
fn days_ahead(zone: &Zone, start: UnixMillis, now: UnixMillis) -> Option<i32> {
    let date = |at| -> Date { zone.local(at).date() };
    date(now).until(date(start)).ok().map(|span| span.get_days())
}

/// A call's fields, each found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReconfirmCall {
    pub result: ReconfirmResult,
    pub note: Option<Private<String>>,
}

#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconfirmInput {
    pub result: Option<String>,
    pub note: Option<String>,
}

impl NewReconfirmCall {
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &ReconfirmInput) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let result = fields.required("result", input.result.as_deref());
        let note = fields.optional_line("note", input.note.as_deref(), NOTE);
        fields.finish((|| Some(Self { result: result?, note: note?.map(Private::new) }))())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::appointment::Facts;
    use crate::model::testing::{HOUR, NOON, appointment, id};
    use crate::model::time::{Interval, before, parse_rfc3339};

    fn almaty() -> Zone {
        Zone::named("Asia/Almaty").unwrap()
    }

    fn starting(text: &str) -> Appointment {
        let start = parse_rfc3339(text).unwrap();
        Appointment { time: Interval::new(start, start.plus(HOUR)).unwrap(), ..appointment(Status::Booked) }
    }

    fn call(attempt: u8, result: ReconfirmResult, at: UnixMillis) -> ReconfirmCall {
        let details = NewReconfirmCall { result, note: None };
        ReconfirmCall { id: id(u64::from(attempt)), appointment: id(1), operator: id(7), attempt, details, at }
    }

    #[test]
    fn visits_of_tomorrow_and_the_day_after_are_on_the_list_by_the_clinics_calendar() {
        // Noon in UTC is 17:00 on the 23rd in Almaty.
        let turn = |start| turn(&starting(start), &[], &almaty(), NOON);
        assert_eq!(turn("2026-11-23T23:30:00+05:00"), None, "today");
        assert_eq!(turn("2026-11-24T00:30:00+05:00"), Some(Turn::Now));
        assert_eq!(turn("2026-11-25T23:30:00+05:00"), Some(Turn::Now));
        assert_eq!(turn("2026-11-26T00:30:00+05:00"), None);
    }

    #[test]
    fn a_visit_across_the_end_of_a_month_is_days_ahead_and_not_months() {
        let now = parse_rfc3339("2026-11-30T12:00:00+05:00").unwrap();
        assert_eq!(turn(&starting("2026-12-01T10:00:00+05:00"), &[], &almaty(), now), Some(Turn::Now));
        assert_eq!(turn(&starting("2026-12-31T10:00:00+05:00"), &[], &almaty(), now), None);
    }

    #[test]
    fn only_what_is_booked_and_not_confirmed_is_called() {
        let visit = starting("2026-11-24T10:00:00+05:00");
        for status in Status::ALL.iter().filter(|status| **status != Status::Booked) {
            let visit = Appointment { status: *status, ..visit.clone() };
            assert_eq!(turn(&visit, &[], &almaty(), NOON), None, "{status}");
        }
    }

    #[test]
    fn a_call_in_vain_is_repeated_two_hours_later_three_times_in_all() {
        let visit = starting("2026-11-24T10:00:00+05:00");
        let unanswered = |n: u8| call(n, ReconfirmResult::NoAnswer, before(NOON, HOUR));
        let again = Turn::Later(NOON.plus(HOUR));
        assert_eq!(turn(&visit, &[unanswered(1)], &almaty(), NOON), Some(again));
        assert_eq!(turn(&visit, &[unanswered(1)], &almaty(), NOON.plus(HOUR)), Some(Turn::Now));
        let three = [unanswered(1), unanswered(2), unanswered(3)];
        assert_eq!(may_call(&three[..2]), Ok(3));
        assert_eq!(may_call(&three), Err(Refusal::ReconfirmDone));
        assert_eq!(turn(&visit, &three, &almaty(), NOON.plus(HOUR)), None);
    }

    #[test]
    fn who_has_answered_is_not_called_again() {
        for result in ReconfirmResult::ALL {
            let calls = [call(1, *result, NOON)];
            assert_eq!(may_call(&calls).is_err(), result.is_final(), "{result}");
        }
    }

    #[test]
    fn a_confirmed_visit_is_confirmed_and_a_declined_one_frees_its_time() {
        let visit = appointment(Status::Booked);
        let after = |result: ReconfirmResult| {
            let (actor, event) = result.event().unwrap();
            visit.decide(&actor, event, &Facts::default(), before(NOON, HOUR)).unwrap()
        };
        assert_eq!(after(ReconfirmResult::Confirmed).to, Status::Confirmed);
        let declined = after(ReconfirmResult::Declined);
        assert_eq!((declined.to, declined.frees_time()), (Status::Cancelled, true));
        assert_eq!(ReconfirmResult::NoAnswer.event(), None);
    }
}
