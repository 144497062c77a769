//! What may happen to an appointment, who makes it happen, and what has to be known to judge it. Values only.

use super::{CancelReason, FailureCode, NoSummaryReason};
use crate::model::ids::{CartId, UserId};
use crate::model::role::Roles;
use crate::model::slot::Hold;
use crate::model::words::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Book,
    Confirm,
    CheckIn,
    /// Lets the patient out of the waiting room and into the call.
    Admit,
    /// `None`: there is a summary ([`Facts::has_summary`]).
    Complete(Option<NoSummaryReason>),
    Cancel(CancelReason),
    ProposeNoShow,
    ConfirmNoShow,
    ProposeFailure(FailureCode),
    ConfirmFailure,
    EnterInError,
}

words! {
    /// An [`Event`] without what it carries.
    EventKind {
        Book = "book",
        Confirm = "confirm",
        CheckIn = "check_in",
        Admit = "admit",
        Complete = "complete",
        Cancel = "cancel",
        ProposeNoShow = "propose_no_show",
        ConfirmNoShow = "confirm_no_show",
        ProposeFailure = "propose_failure",
        ConfirmFailure = "confirm_failure",
        EnterInError = "enter_in_error",
    }
}

impl Event {
    #[must_use]
    pub const fn kind(self) -> EventKind {
        match self {
            Self::Book => EventKind::Book,
            Self::Confirm => EventKind::Confirm,
            Self::CheckIn => EventKind::CheckIn,
            Self::Admit => EventKind::Admit,
            Self::Complete(_) => EventKind::Complete,
            Self::Cancel(_) => EventKind::Cancel,
            Self::ProposeNoShow => EventKind::ProposeNoShow,
            Self::ConfirmNoShow => EventKind::ConfirmNoShow,
            Self::ProposeFailure(_) => EventKind::ProposeFailure,
            Self::ConfirmFailure => EventKind::ConfirmFailure,
            Self::EnterInError => EventKind::EnterInError,
        }
    }
}

/// Who makes an event happen. That a person reaches the appointment's site, and that a link is this visit's, was shown before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    User {
        id: UserId,
        roles: Roles,
    },
    /// By the visit's link, or by telephone through somebody who writes it down.
    Patient,
    /// A paired cart: whoever touches it stands beside it.
    Cart(CartId),
    /// A program with a key, which reads appointments and changes none.
    Integrator,
    System,
}

/// What the appointment itself does not know. The default knows nothing, so that what was not looked up refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The hold on the slot, if there is one.
    pub hold: Option<Hold>,
    /// The patient takes an offered slot: the offer, still open, stands for the hold.
    pub is_offered: bool,
    /// Specialist, patient and cart have no other visit then; the database has the last word.
    pub is_time_free: bool,
    /// Given or refused: either way the patient was asked.
    pub is_consent_decided: bool,
    pub has_summary: bool,
    /// The specialist was in the waiting room or the call between the start and now.
    pub was_specialist_present: bool,
    /// No heartbeat was missed between the start and now.
    pub was_cart_online: bool,
}
