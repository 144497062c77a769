//! Judges one event on one appointment: who, from which state, under which guards. Changes nothing; the answer is a [`Transition`]
//! to store, or a refusal.

use super::rules::rule_for;
use super::{
    Actor, Appointment, CancelReason, Event, EventKind, Facts, FailureCode, NoSummaryReason, Proposal, Status,
};
use crate::model::refusal::Refusal;
use crate::model::time::{UnixMillis, before};
use std::time::Duration;

/// Check-in opens this long before the start ..
pub const CHECK_IN_OPENS: Duration = Duration::from_secs(30 * 60);
/// .. and closes this long after it.
pub const CHECK_IN_CLOSES: Duration = Duration::from_secs(60 * 60);
/// Whoever is not there this long after the start has not come.
pub const NO_SHOW_AFTER: Duration = Duration::from_secs(15 * 60);

/// What an event does to an appointment: the fields that change, and what becomes of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    pub event: EventKind,
    pub from: Status,
    pub to: Status,
    /// Booked by an offer: the slot is free, not held.
    pub by_offer: bool,
    pub proposal: Option<Proposal>,
    pub cancel_reason: Option<CancelReason>,
    pub failure: Option<FailureCode>,
    pub no_summary_reason: Option<NoSummaryReason>,
}

impl Transition {
    /// The word for the history: why it was cancelled, failed or ended without a summary.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        match self.to {
            Status::Cancelled => self.cancel_reason.map(CancelReason::as_str),
            Status::Failed => self.failure.map(FailureCode::as_str),
            Status::Completed => self.no_summary_reason.map(NoSummaryReason::as_str),
            _ => None,
        }
    }

    /// The specialist, the patient and the cart are busy from now on.
    #[must_use]
    pub fn takes_time(&self) -> bool {
        !self.from.occupies_time() && self.to.occupies_time()
    }

    /// They are free again, and so is the slot.
    #[must_use]
    pub fn frees_time(&self) -> bool {
        self.from.occupies_time() && !self.to.occupies_time()
    }
}

impl Appointment {
    /// # Errors
    /// The first of: the actor may not do this at all, the state does not allow it, a guard does not hold.
    pub fn decide(&self, actor: &Actor, event: Event, facts: &Facts, now: UnixMillis) -> Result<Transition, Refusal> {
        let rule = rule_for(event.kind()).ok_or(Refusal::NotAllowed)?;
        if !rule.who.iter().any(|who| who.is(actor, self)) {
            return Err(Refusal::NotAllowed);
        }
        if !rule.from.contains(&self.status) {
            return Err(if self.status.is_live() { Refusal::AppointmentState } else { Refusal::AppointmentEnded });
        }
        self.guard(actor, event, facts, now)?;
        Ok(Transition { by_offer: event == Event::Book && *actor == Actor::Patient, ..self.transition(event, rule.to) })
    }

    /// What `actor` may try now, by role and status; a guard may still refuse it.
    pub fn open_to(&self, actor: &Actor) -> impl Iterator<Item = EventKind> {
        EventKind::ALL.iter().copied().filter(move |event| {
            let is_proposed = match event {
                EventKind::ConfirmNoShow => self.proposal == Some(Proposal::NoShow),
                EventKind::ConfirmFailure => matches!(self.proposal, Some(Proposal::Failed(_))),
                _ => true,
            };
            is_proposed
                && rule_for(*event).is_some_and(|rule| {
                    rule.from.contains(&self.status) && rule.who.iter().any(|who| who.is(actor, self))
                })
        })
    }

    /// The appointment as it is after `transition`.
    #[must_use]
    pub fn after(&self, transition: &Transition, now: UnixMillis) -> Self {
        Self {
            status: transition.to,
            proposal: transition.proposal,
            cancel_reason: transition.cancel_reason,
            failure: transition.failure,
            no_summary_reason: transition.no_summary_reason,
            stamp: self.stamp.changed(now),
            ..self.clone()
        }
    }

    fn guard(&self, actor: &Actor, event: Event, facts: &Facts, now: UnixMillis) -> Result<(), Refusal> {
        match event {
            Event::Book if *actor == Actor::Patient && facts.is_offered => {
                demand(facts.is_time_free, Refusal::TimeTaken)
            }
            Event::Book => check_hold(actor, facts, now),
            Event::CheckIn => self.check_in_window(now),
            Event::Admit => demand(facts.is_consent_decided, Refusal::ConsentUndecided),
            Event::Complete(reason) => demand(facts.has_summary || reason.is_some(), Refusal::SummaryMissing),
            Event::Cancel(_) if *actor == Actor::Patient => demand(now < self.time.start(), Refusal::VisitStarted),
            Event::ProposeNoShow => {
                demand(self.proposal != Some(Proposal::NoShow), Refusal::AlreadyProposed)?;
                self.check_no_show(facts, now)
            }
            Event::ConfirmNoShow => {
                demand(self.proposal == Some(Proposal::NoShow), Refusal::NothingProposed)?;
                self.check_no_show(facts, now)
            }
            Event::ProposeFailure(code) => {
                demand(self.proposal != Some(Proposal::Failed(code)), Refusal::AlreadyProposed)
            }
            Event::ConfirmFailure => {
                demand(matches!(self.proposal, Some(Proposal::Failed(_))), Refusal::NothingProposed)
            }
            Event::Confirm | Event::Cancel(_) | Event::EnterInError => Ok(()),
        }
    }

    fn check_in_window(&self, now: UnixMillis) -> Result<(), Refusal> {
        demand(now >= before(self.time.start(), CHECK_IN_OPENS), Refusal::CheckInTooEarly)?;
        demand(now <= self.time.start().plus(CHECK_IN_CLOSES), Refusal::CheckInTooLate)
    }

    /// Only who could have been seen can have stayed away.
    fn check_no_show(&self, facts: &Facts, now: UnixMillis) -> Result<(), Refusal> {
        demand(now >= self.time.start().plus(NO_SHOW_AFTER), Refusal::NoShowTooEarly)?;
        demand(self.cart.is_none() || facts.was_cart_online, Refusal::CartOffline)?;
        demand(facts.was_specialist_present, Refusal::SpecialistAbsent)
    }

    fn transition(&self, event: Event, to: Option<Status>) -> Transition {
        let mut transition = Transition {
            event: event.kind(),
            from: self.status,
            to: to.unwrap_or(self.status),
            by_offer: false,
            proposal: None,
            cancel_reason: self.cancel_reason,
            failure: self.failure,
            no_summary_reason: self.no_summary_reason,
        };
        match event {
            Event::ProposeNoShow => transition.proposal = Some(Proposal::NoShow),
            Event::ProposeFailure(code) => transition.proposal = Some(Proposal::Failed(code)),
            Event::Cancel(reason) => transition.cancel_reason = Some(reason),
            Event::Complete(reason) => transition.no_summary_reason = reason,
            Event::ConfirmFailure => {
                if let Some(Proposal::Failed(code)) = self.proposal {
                    transition.failure = Some(code);
                }
            }
            Event::Book | Event::Confirm | Event::CheckIn | Event::Admit => {}
            Event::ConfirmNoShow | Event::EnterInError => {}
        }
        transition
    }
}

fn check_hold(actor: &Actor, facts: &Facts, now: UnixMillis) -> Result<(), Refusal> {
    let hold = facts.hold.filter(|hold| hold.is_valid(now)).ok_or(Refusal::HoldExpired)?;
    let is_holder = matches!(actor, Actor::User { id, .. } if *id == hold.by);
    demand(is_holder, Refusal::HoldOfAnother)?;
    demand(facts.is_time_free, Refusal::TimeTaken)
}

fn demand(holds: bool, otherwise: Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(otherwise) }
}
