//! The table of appointment states in booking.md, row by row: from where, to where, by whom. Guards stand in `decide`.

use super::{Actor, Appointment, Channel, EventKind, Status};
use crate::model::role::Role;

pub(super) struct Rule {
    pub(super) event: EventKind,
    pub(super) from: &'static [Status],
    /// `None`: the event proposes an ending and changes no status.
    pub(super) to: Option<Status>,
    pub(super) who: &'static [Who],
}

/// One of the parties that a row names.
#[derive(Clone, Copy)]
pub(super) enum Who {
    Patient,
    Nurse,
    /// The visit's own cart: a touch on it is made by whoever stands beside it.
    Cart,
    /// A nurse, where the visit is on a cart.
    NurseOnCart,
    /// Of the telemedicine centre or of the contact centre.
    Operator,
    /// The one whose appointment it is: nobody enters another doctor's consultation.
    Specialist,
    Senior,
    Admin,
    System,
}

use EventKind as On;
use Status::{Booked, Cancelled, CheckedIn, Completed, Confirmed, EnteredInError, Failed, InCall, NoShow, Proposed};

const LIVE: &[Status] = &[Proposed, Booked, Confirmed, CheckedIn, InCall];
const ALL_BUT_ERRORS: &[Status] =
    &[Proposed, Booked, Confirmed, CheckedIn, InCall, Completed, Cancelled, NoShow, Failed];
/// Who repairs what went wrong: confirms a failure, moves a visit.
pub(super) const STAFF: &[Who] = &[Who::Nurse, Who::Operator, Who::Specialist, Who::Senior, Who::Admin];

const RULES: [Rule; 11] = [
    // The patient by an offer of the waiting list.
    rule(On::Book, &[Proposed], Some(Booked), &[Who::Nurse, Who::Operator, Who::Specialist, Who::Patient]),
    rule(On::Confirm, &[Booked], Some(Confirmed), &[Who::Patient, Who::Nurse, Who::Operator]),
    rule(On::CheckIn, &[Booked, Confirmed], Some(CheckedIn), &[Who::Patient, Who::Nurse, Who::Cart, Who::Operator]),
    rule(On::Admit, &[CheckedIn], Some(InCall), &[Who::Specialist, Who::NurseOnCart, Who::Cart]),
    rule(On::Complete, &[InCall], Some(Completed), &[Who::Specialist]),
    rule(
        On::Cancel,
        &[Booked, Confirmed, CheckedIn],
        Some(Cancelled),
        &[Who::Nurse, Who::Patient, Who::Specialist, Who::Senior, Who::Admin],
    ),
    rule(On::ProposeNoShow, &[Booked, Confirmed], None, &[Who::System]),
    rule(On::ConfirmNoShow, &[Booked, Confirmed], Some(NoShow), &[Who::Nurse, Who::Specialist]),
    rule(On::ProposeFailure, LIVE, None, &[Who::System]),
    rule(On::ConfirmFailure, LIVE, Some(Failed), STAFF),
    rule(On::EnterInError, ALL_BUT_ERRORS, Some(EnteredInError), &[Who::Admin]),
];

const fn rule(event: EventKind, from: &'static [Status], to: Option<Status>, who: &'static [Who]) -> Rule {
    Rule { event, from, to, who }
}

/// Every kind of event has its row; the test of this module holds it.
pub(super) fn rule_for(event: EventKind) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.event == event)
}

impl Who {
    pub(super) fn is(self, actor: &Actor, appointment: &Appointment) -> bool {
        let has = |role| matches!(actor, Actor::User { roles, .. } if roles.contains(role));
        match self {
            Self::Patient => *actor == Actor::Patient,
            Self::Cart => matches!(actor, Actor::Cart(cart) if appointment.cart == Some(*cart)),
            Self::Nurse => has(Role::Nurse),
            Self::NurseOnCart => has(Role::Nurse) && appointment.channel == Channel::Cart,
            Self::Operator => has(Role::Operator) || has(Role::ContactOperator),
            Self::Specialist => {
                has(Role::Specialist) && matches!(actor, Actor::User { id, .. } if *id == appointment.specialist)
            }
            Self::Senior => has(Role::Senior),
            Self::Admin => has(Role::Admin),
            Self::System => *actor == Actor::System,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_one_row() {
        for event in EventKind::ALL {
            assert_eq!(RULES.iter().filter(|rule| rule.event == *event).count(), 1, "{event}");
        }
    }
}
