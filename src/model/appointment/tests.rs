//! The guards of booking.md's table, one behaviour each; `matrix_tests` has who may do what from where.

use super::*;
use crate::model::refusal::Refusal;
use crate::model::role::{Role, Roles};
use crate::model::slot::Hold;
use crate::model::testing::{HOUR, MINUTE, NOON, appointment, id};
use crate::model::time::before;
use std::time::Duration;

const MILLI: Duration = Duration::from_millis(1);

fn user(n: u64, role: Role) -> Actor {
    Actor::User { id: id(n), roles: Roles::NONE.with(role) }
}

fn nurse() -> Actor {
    user(7, Role::Nurse)
}

fn specialist() -> Actor {
    user(3, Role::Specialist)
}

fn held_by(n: u64) -> Facts {
    Facts { hold: Some(Hold { by: id(n), until: NOON }), is_time_free: true, ..Facts::default() }
}

fn seen() -> Facts {
    Facts { was_specialist_present: true, was_cart_online: true, ..Facts::default() }
}

#[test]
fn booking_needs_a_hold_that_has_not_run_out() {
    let proposed = appointment(Status::Proposed);
    let just_before = before(NOON, MILLI);
    let booked = proposed.decide(&nurse(), Event::Book, &held_by(7), just_before).unwrap();
    assert!(booked.takes_time());
    assert_eq!(proposed.decide(&nurse(), Event::Book, &held_by(7), NOON), Err(Refusal::HoldExpired));
    let no_hold = Facts { hold: None, ..held_by(7) };
    assert_eq!(proposed.decide(&nurse(), Event::Book, &no_hold, just_before), Err(Refusal::HoldExpired));
}

#[test]
fn booking_on_somebody_elses_hold_is_refused() {
    let facts = held_by(8);
    let answer = appointment(Status::Proposed).decide(&nurse(), Event::Book, &facts, before(NOON, HOUR));
    assert_eq!(answer, Err(Refusal::HoldOfAnother));
}

#[test]
fn booking_over_another_visit_is_refused() {
    let facts = Facts { is_time_free: false, ..held_by(7) };
    let answer = appointment(Status::Proposed).decide(&nurse(), Event::Book, &facts, before(NOON, HOUR));
    assert_eq!(answer, Err(Refusal::TimeTaken));
}

#[test]
fn check_in_is_open_from_30_minutes_before_to_60_minutes_after_the_start() {
    let check_in =
        |now| appointment(Status::Booked).decide(&Actor::Patient, Event::CheckIn, &Facts::default(), now).map(|_| ());
    let (opens, closes) = (before(NOON, 30 * MINUTE), NOON.plus(60 * MINUTE));
    assert_eq!(check_in(before(opens, MILLI)), Err(Refusal::CheckInTooEarly));
    assert_eq!(check_in(opens), Ok(()));
    assert_eq!(check_in(closes), Ok(()));
    assert_eq!(check_in(closes.plus(MILLI)), Err(Refusal::CheckInTooLate));
}

#[test]
fn nobody_enters_the_call_before_consent_is_decided() {
    let admit = |is_consent_decided| {
        let facts = Facts { is_consent_decided, ..Facts::default() };
        appointment(Status::CheckedIn).decide(&specialist(), Event::Admit, &facts, NOON).map(|change| change.to)
    };
    assert_eq!(admit(false), Err(Refusal::ConsentUndecided));
    assert_eq!(admit(true), Ok(Status::InCall));
}

#[test]
fn a_nurse_admits_on_the_cart_alone() {
    let facts = Facts { is_consent_decided: true, ..Facts::default() };
    let at_home = Appointment { channel: Channel::HomeLink, cart: None, ..appointment(Status::CheckedIn) };
    assert_eq!(at_home.decide(&nurse(), Event::Admit, &facts, NOON), Err(Refusal::NotAllowed));
    assert!(appointment(Status::CheckedIn).decide(&nurse(), Event::Admit, &facts, NOON).is_ok());
}

#[test]
fn a_consultation_ends_with_a_summary_or_the_reason_for_none() {
    let complete = |reason, has_summary| {
        let facts = Facts { has_summary, ..Facts::default() };
        appointment(Status::InCall).decide(&specialist(), Event::Complete(reason), &facts, NOON)
    };
    assert_eq!(complete(None, false), Err(Refusal::SummaryMissing));
    assert_eq!(complete(None, true).unwrap().no_summary_reason, None);
    let left = complete(Some(NoSummaryReason::PatientLeft), false).unwrap();
    assert_eq!(left.no_summary_reason, Some(NoSummaryReason::PatientLeft));
}

#[test]
fn a_patient_cancels_before_the_start_and_staff_also_after_it() {
    let cancel = |actor, now| {
        let event = Event::Cancel(CancelReason::PatientIll);
        appointment(Status::Confirmed).decide(&actor, event, &Facts::default(), now)
    };
    assert!(cancel(Actor::Patient, before(NOON, MILLI)).is_ok());
    assert_eq!(cancel(Actor::Patient, NOON), Err(Refusal::VisitStarted));
    assert!(cancel(nurse(), NOON.plus(MINUTE)).is_ok());
}

#[test]
fn a_cancelled_appointment_frees_its_time_and_keeps_the_reason() {
    let booked = appointment(Status::Booked);
    let event = Event::Cancel(CancelReason::SpecialistUnavailable);
    let change = booked.decide(&specialist(), event, &Facts::default(), NOON).unwrap();
    assert!(change.frees_time());
    let after = booked.after(&change, NOON);
    assert_eq!((after.status, after.cancel_reason), (Status::Cancelled, Some(CancelReason::SpecialistUnavailable)));
    assert_eq!(after.stamp.version, booked.stamp.version.next());
}

#[test]
fn a_no_show_is_proposed_15_minutes_after_the_start() {
    let propose =
        |now| appointment(Status::Booked).decide(&Actor::System, Event::ProposeNoShow, &seen(), now).map(|c| c.to);
    assert_eq!(propose(before(NOON.plus(15 * MINUTE), MILLI)), Err(Refusal::NoShowTooEarly));
    assert_eq!(propose(NOON.plus(15 * MINUTE)), Ok(Status::Booked), "a proposal changes no status");
}

#[test]
fn a_cart_that_was_offline_is_never_a_no_show() {
    let facts = Facts { was_cart_online: false, ..seen() };
    let later = NOON.plus(HOUR);
    let proposed = Appointment { proposal: Some(Proposal::NoShow), ..appointment(Status::Confirmed) };
    let propose = appointment(Status::Booked).decide(&Actor::System, Event::ProposeNoShow, &facts, later);
    assert_eq!(propose, Err(Refusal::CartOffline));
    assert_eq!(proposed.decide(&nurse(), Event::ConfirmNoShow, &facts, later), Err(Refusal::CartOffline));
}

#[test]
fn without_the_specialist_it_is_no_no_show() {
    let facts = Facts { was_specialist_present: false, ..seen() };
    let answer = appointment(Status::Booked).decide(&Actor::System, Event::ProposeNoShow, &facts, NOON.plus(HOUR));
    assert_eq!(answer, Err(Refusal::SpecialistAbsent));
}

#[test]
fn a_patient_at_home_can_miss_a_visit_without_any_cart() {
    let at_home = Appointment { channel: Channel::HomeLink, cart: None, ..appointment(Status::Booked) };
    let facts = Facts { was_cart_online: false, ..seen() };
    assert!(at_home.decide(&Actor::System, Event::ProposeNoShow, &facts, NOON.plus(HOUR)).is_ok());
}

#[test]
fn an_ending_is_confirmed_only_after_it_was_proposed() {
    let booked = appointment(Status::Booked);
    let later = NOON.plus(HOUR);
    assert_eq!(booked.decide(&nurse(), Event::ConfirmNoShow, &seen(), later), Err(Refusal::NothingProposed));
    assert_eq!(booked.decide(&nurse(), Event::ConfirmFailure, &seen(), later), Err(Refusal::NothingProposed));
    let proposed = Appointment { proposal: Some(Proposal::NoShow), ..booked };
    assert_eq!(proposed.decide(&nurse(), Event::ConfirmFailure, &seen(), later), Err(Refusal::NothingProposed));
    assert_eq!(proposed.decide(&nurse(), Event::ConfirmNoShow, &seen(), later).unwrap().to, Status::NoShow);
}

#[test]
fn the_same_ending_is_proposed_once() {
    let later = NOON.plus(HOUR);
    let power = Event::ProposeFailure(FailureCode::Power);
    let proposed = Appointment { proposal: Some(Proposal::NoShow), ..appointment(Status::Booked) };
    let again = proposed.decide(&Actor::System, Event::ProposeNoShow, &seen(), later);
    assert_eq!(again, Err(Refusal::AlreadyProposed));
    let failing = proposed.after(&proposed.decide(&Actor::System, power, &seen(), later).unwrap(), later);
    assert_eq!(failing.proposal, Some(Proposal::Failed(FailureCode::Power)), "the later proposal stands");
    assert_eq!(failing.decide(&Actor::System, power, &seen(), later), Err(Refusal::AlreadyProposed));
}

#[test]
fn a_patient_who_comes_after_all_ends_the_proposal() {
    let proposed = Appointment { proposal: Some(Proposal::NoShow), ..appointment(Status::Booked) };
    let change = proposed.decide(&Actor::Patient, Event::CheckIn, &Facts::default(), NOON.plus(20 * MINUTE)).unwrap();
    assert_eq!(proposed.after(&change, NOON).proposal, None);
}

#[test]
fn a_confirmed_failure_carries_the_proposed_code() {
    let in_call =
        Appointment { proposal: Some(Proposal::Failed(FailureCode::PatientConnection)), ..appointment(Status::InCall) };
    let change = in_call.decide(&specialist(), Event::ConfirmFailure, &Facts::default(), NOON).unwrap();
    assert_eq!((change.to, change.failure), (Status::Failed, Some(FailureCode::PatientConnection)));
}

#[test]
fn an_ended_appointment_says_so() {
    for status in Status::ALL.iter().filter(|status| !status.is_live()) {
        let answer = appointment(*status).decide(&Actor::Patient, Event::CheckIn, &Facts::default(), NOON);
        assert_eq!(answer, Err(Refusal::AppointmentEnded), "{status}");
    }
}

#[test]
fn a_proposal_is_one_word() {
    let mut proposals = vec![Proposal::NoShow];
    proposals.extend(FailureCode::ALL.iter().map(|code| Proposal::Failed(*code)));
    for proposal in proposals {
        assert_eq!(proposal.to_string().parse(), Ok(proposal));
    }
}

#[test]
fn a_patient_books_by_an_offer_and_by_nothing_else() {
    let book = |facts: &Facts| appointment(Status::Proposed).decide(&Actor::Patient, Event::Book, facts, NOON);
    let offered = Facts { is_offered: true, is_time_free: true, ..Facts::default() };
    assert!(book(&offered).unwrap().by_offer);
    assert_eq!(book(&Facts { is_time_free: false, ..offered }), Err(Refusal::TimeTaken));
    assert_eq!(book(&held_by(7)), Err(Refusal::HoldExpired));
    let by_nurse = appointment(Status::Proposed).decide(&nurse(), Event::Book, &offered, NOON);
    assert_eq!(by_nurse, Err(Refusal::HoldExpired), "staff hold a slot before they book it");
}
