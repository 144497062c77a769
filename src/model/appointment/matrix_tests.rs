//! The state machine against the table of booking.md, whole: each status, each event, each actor; and a test by name for each pair
//! of states.

use super::*;
use crate::model::role::{Role, Roles};
use crate::model::slot::Hold;
use crate::model::testing::{HOUR, MINUTE, NOON, appointment, id};
use crate::model::time::before;

/// booking.md as written, with its notes spelled out as rows: `events | from | to | who`. Proposals by the system change no status.
const TABLE: &str = "
    book            | proposed                                          | booked     | nurse, operator, contact_operator, own specialist, patient
    confirm         | booked                                            | confirmed  | patient, nurse, operator, contact_operator
    check_in        | booked, confirmed                                 | checked_in | patient, nurse, operator, contact_operator, own cart
    admit           | checked_in                                        | in_call    | own specialist, nurse, own cart
    complete        | in_call                                           | completed  | own specialist
    cancel          | booked, confirmed, checked_in                     | cancelled  | nurse, patient, own specialist, senior, admin
    propose_no_show | booked                                            | booked     | system
    propose_no_show | confirmed                                         | confirmed  | system
    confirm_no_show | booked, confirmed                                 | no_show    | nurse, own specialist
    propose_failure | proposed                                          | proposed   | system
    propose_failure | booked                                            | booked     | system
    propose_failure | confirmed                                         | confirmed  | system
    propose_failure | checked_in                                        | checked_in | system
    propose_failure | in_call                                           | in_call    | system
    confirm_failure | proposed, booked, confirmed, checked_in, in_call  | failed     | nurse, operator, contact_operator, own specialist, senior, admin
    enter_in_error  | proposed, booked, confirmed, checked_in, in_call, completed, cancelled, no_show, failed | entered_in_error | admin
";

const ACTORS: [&str; 15] = [
    "nurse",
    "own specialist",
    "specialist",
    "family_doctor",
    "operator",
    "senior",
    "contact_operator",
    "manager",
    "admin",
    "integrator",
    "own cart",
    "cart",
    "patient",
    "system",
    "nobody",
];

#[test]
fn every_event_from_every_state_by_everybody_is_as_the_table_says() {
    for from in Status::ALL {
        for event in EventKind::ALL {
            for actor in ACTORS {
                let wanted = row(*from, *event, actor);
                assert_eq!(outcome(*from, *event, actor), wanted, "{actor}: {event} from {from}");
            }
        }
    }
}

/// The status that the table leads to.
fn row(from: Status, event: EventKind, actor: &str) -> Option<Status> {
    let rows = TABLE.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let mut rows = rows.filter(|cells| cells.len() == 4 && cells[0] == event.as_str());
    let has = |cell: &str, word: &str| cell.split(',').any(|entry| entry.trim() == word);
    let row = rows.find(|cells| has(cells[1], from.as_str()) && has(cells[3], actor))?;
    Some(row[2].parse().expect("a status in the third column"))
}

/// The status that the machine leads to, with every guard satisfied.
fn outcome(from: Status, kind: EventKind, actor: &str) -> Option<Status> {
    let (event, proposal) = match kind {
        EventKind::Book => (Event::Book, None),
        EventKind::Confirm => (Event::Confirm, None),
        EventKind::CheckIn => (Event::CheckIn, None),
        EventKind::Admit => (Event::Admit, None),
        EventKind::Complete => (Event::Complete(None), None),
        EventKind::Cancel => (Event::Cancel(CancelReason::NotNeeded), None),
        EventKind::ProposeNoShow => (Event::ProposeNoShow, None),
        EventKind::ConfirmNoShow => (Event::ConfirmNoShow, Some(Proposal::NoShow)),
        EventKind::ProposeFailure => (Event::ProposeFailure(FailureCode::Power), None),
        EventKind::ConfirmFailure => (Event::ConfirmFailure, Some(Proposal::Failed(FailureCode::Power))),
        EventKind::EnterInError => (Event::EnterInError, None),
    };
    let is_no_show = matches!(kind, EventKind::ProposeNoShow | EventKind::ConfirmNoShow);
    let now = if is_no_show { NOON.plus(HOUR) } else { before(NOON, 15 * MINUTE) };
    let actor = actor_named(actor);
    let appointment = Appointment { proposal, ..appointment(from) };
    appointment.decide(&actor, event, &all_is_well(&actor), now).ok().map(|change| change.to)
}

fn actor_named(word: &str) -> Actor {
    let user = |n, roles| Actor::User { id: id(n), roles };
    match word {
        "own specialist" => user(3, Roles::NONE.with(Role::Specialist)),
        "own cart" => Actor::Cart(id(4)),
        "cart" => Actor::Cart(id(5)),
        "patient" => Actor::Patient,
        "system" => Actor::System,
        "nobody" => user(7, Roles::NONE),
        role => user(7, Roles::NONE.with(role.parse().expect("a role"))),
    }
}

/// Whoever acts holds the slot, and every guard is satisfied.
fn all_is_well(actor: &Actor) -> Facts {
    let hold = match actor {
        Actor::User { id, .. } => Some(Hold { by: *id, until: NOON }),
        _ => None,
    };
    Facts {
        hold,
        is_offered: *actor == Actor::Patient,
        is_time_free: true,
        is_consent_decided: true,
        has_summary: true,
        was_specialist_present: true,
        was_cart_online: true,
    }
}

/// A named test per pair of states: whether any event by anybody leads from the one to the other.
macro_rules! pairs {
    ($leads:literal: $($name:ident = $from:ident => $to:ident,)+) => {$(
        #[test]
        fn $name() {
            let (from, to) = (Status::$from, Status::$to);
            let changes = |kind: &EventKind| !matches!(kind, EventKind::ProposeNoShow | EventKind::ProposeFailure);
            let mut ways = EventKind::ALL.iter().filter(|kind| changes(kind)).flat_map(|kind| ACTORS.map(|actor| (*kind, actor)));
            assert_eq!(ways.any(|(kind, actor)| outcome(from, kind, actor) == Some(to)), $leads);
        }
    )+};
}

pairs! {
    true:
    proposed_becomes_booked = Proposed => Booked,
    proposed_becomes_failed = Proposed => Failed,
    proposed_becomes_entered_in_error = Proposed => EnteredInError,
    booked_becomes_confirmed = Booked => Confirmed,
    booked_becomes_checked_in = Booked => CheckedIn,
    booked_becomes_cancelled = Booked => Cancelled,
    booked_becomes_no_show = Booked => NoShow,
    booked_becomes_failed = Booked => Failed,
    booked_becomes_entered_in_error = Booked => EnteredInError,
    confirmed_becomes_checked_in = Confirmed => CheckedIn,
    confirmed_becomes_cancelled = Confirmed => Cancelled,
    confirmed_becomes_no_show = Confirmed => NoShow,
    confirmed_becomes_failed = Confirmed => Failed,
    confirmed_becomes_entered_in_error = Confirmed => EnteredInError,
    checked_in_becomes_in_call = CheckedIn => InCall,
    checked_in_becomes_cancelled = CheckedIn => Cancelled,
    checked_in_becomes_failed = CheckedIn => Failed,
    checked_in_becomes_entered_in_error = CheckedIn => EnteredInError,
    in_call_becomes_completed = InCall => Completed,
    in_call_becomes_failed = InCall => Failed,
    in_call_becomes_entered_in_error = InCall => EnteredInError,
    completed_becomes_entered_in_error = Completed => EnteredInError,
    cancelled_becomes_entered_in_error = Cancelled => EnteredInError,
    no_show_becomes_entered_in_error = NoShow => EnteredInError,
    failed_becomes_entered_in_error = Failed => EnteredInError,
}

pairs! {
    false:
    proposed_never_becomes_proposed = Proposed => Proposed,
    proposed_never_becomes_confirmed = Proposed => Confirmed,
    proposed_never_becomes_checked_in = Proposed => CheckedIn,
    proposed_never_becomes_in_call = Proposed => InCall,
    proposed_never_becomes_completed = Proposed => Completed,
    proposed_never_becomes_cancelled = Proposed => Cancelled,
    proposed_never_becomes_no_show = Proposed => NoShow,
    booked_never_becomes_proposed = Booked => Proposed,
    booked_never_becomes_booked = Booked => Booked,
    booked_never_becomes_in_call = Booked => InCall,
    booked_never_becomes_completed = Booked => Completed,
    confirmed_never_becomes_proposed = Confirmed => Proposed,
    confirmed_never_becomes_booked = Confirmed => Booked,
    confirmed_never_becomes_confirmed = Confirmed => Confirmed,
    confirmed_never_becomes_in_call = Confirmed => InCall,
    confirmed_never_becomes_completed = Confirmed => Completed,
    checked_in_never_becomes_proposed = CheckedIn => Proposed,
    checked_in_never_becomes_booked = CheckedIn => Booked,
    checked_in_never_becomes_confirmed = CheckedIn => Confirmed,
    checked_in_never_becomes_checked_in = CheckedIn => CheckedIn,
    checked_in_never_becomes_completed = CheckedIn => Completed,
    checked_in_never_becomes_no_show = CheckedIn => NoShow,
    in_call_never_becomes_proposed = InCall => Proposed,
    in_call_never_becomes_booked = InCall => Booked,
    in_call_never_becomes_confirmed = InCall => Confirmed,
    in_call_never_becomes_checked_in = InCall => CheckedIn,
    in_call_never_becomes_in_call = InCall => InCall,
    in_call_never_becomes_cancelled = InCall => Cancelled,
    in_call_never_becomes_no_show = InCall => NoShow,
    completed_never_becomes_proposed = Completed => Proposed,
    completed_never_becomes_booked = Completed => Booked,
    completed_never_becomes_confirmed = Completed => Confirmed,
    completed_never_becomes_checked_in = Completed => CheckedIn,
    completed_never_becomes_in_call = Completed => InCall,
    completed_never_becomes_completed = Completed => Completed,
    completed_never_becomes_cancelled = Completed => Cancelled,
    completed_never_becomes_no_show = Completed => NoShow,
    completed_never_becomes_failed = Completed => Failed,
    cancelled_never_becomes_proposed = Cancelled => Proposed,
    cancelled_never_becomes_booked = Cancelled => Booked,
    cancelled_never_becomes_confirmed = Cancelled => Confirmed,
    cancelled_never_becomes_checked_in = Cancelled => CheckedIn,
    cancelled_never_becomes_in_call = Cancelled => InCall,
    cancelled_never_becomes_completed = Cancelled => Completed,
    cancelled_never_becomes_cancelled = Cancelled => Cancelled,
    cancelled_never_becomes_no_show = Cancelled => NoShow,
    cancelled_never_becomes_failed = Cancelled => Failed,
    no_show_never_becomes_proposed = NoShow => Proposed,
    no_show_never_becomes_booked = NoShow => Booked,
    no_show_never_becomes_confirmed = NoShow => Confirmed,
    no_show_never_becomes_checked_in = NoShow => CheckedIn,
    no_show_never_becomes_in_call = NoShow => InCall,
    no_show_never_becomes_completed = NoShow => Completed,
    no_show_never_becomes_cancelled = NoShow => Cancelled,
    no_show_never_becomes_no_show = NoShow => NoShow,
    no_show_never_becomes_failed = NoShow => Failed,
    failed_never_becomes_proposed = Failed => Proposed,
    failed_never_becomes_booked = Failed => Booked,
    failed_never_becomes_confirmed = Failed => Confirmed,
    failed_never_becomes_checked_in = Failed => CheckedIn,
    failed_never_becomes_in_call = Failed => InCall,
    failed_never_becomes_completed = Failed => Completed,
    failed_never_becomes_cancelled = Failed => Cancelled,
    failed_never_becomes_no_show = Failed => NoShow,
    failed_never_becomes_failed = Failed => Failed,
    entered_in_error_never_becomes_proposed = EnteredInError => Proposed,
    entered_in_error_never_becomes_booked = EnteredInError => Booked,
    entered_in_error_never_becomes_confirmed = EnteredInError => Confirmed,
    entered_in_error_never_becomes_checked_in = EnteredInError => CheckedIn,
    entered_in_error_never_becomes_in_call = EnteredInError => InCall,
    entered_in_error_never_becomes_completed = EnteredInError => Completed,
    entered_in_error_never_becomes_cancelled = EnteredInError => Cancelled,
    entered_in_error_never_becomes_no_show = EnteredInError => NoShow,
    entered_in_error_never_becomes_failed = EnteredInError => Failed,
    entered_in_error_never_becomes_entered_in_error = EnteredInError => EnteredInError,
}
