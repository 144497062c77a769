//! A consultation that is to take place: who, when, by what channel, and how far it has come.
//!
//! [`Appointment::decide`] is the only way to change its status; `rules` has the table of booking.md. No clock, no SQL: `now`, the
//! actor and the facts are parameters, and whoever stores the transition does so in one transaction with its event and audit row.

mod decide;
mod event;
mod place;
mod proposal;
mod rules;

pub use decide::{CHECK_IN_CLOSES, CHECK_IN_OPENS, NO_SHOW_AFTER, Transition};
pub use event::{Actor, Event, EventKind, Facts};
pub use place::Place;
pub use proposal::{AppointmentInput, NewAppointment};

use super::ids::{AppointmentId, CartId, PatientId, ReferralId, SiteId, SlotId, UserId};
use super::record::Stamp;
use super::time::Interval;
use super::words::{UnknownWord, words};
use std::fmt;
use std::str::FromStr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appointment {
    pub id: AppointmentId,
    /// `None`: nobody referred, as for a call of the centre.
    pub referral: Option<ReferralId>,
    /// Where the patient is: the cart's site, or the one that looks after the patient.
    pub site: SiteId,
    pub patient: PatientId,
    pub specialist: UserId,
    /// `Some` exactly when the channel is the cart.
    pub cart: Option<CartId>,
    pub slot: Option<SlotId>,
    pub time: Interval,
    pub channel: Channel,
    pub status: Status,
    /// The ending that the system has proposed and nobody has confirmed yet.
    pub proposal: Option<Proposal>,
    pub cancel_reason: Option<CancelReason>,
    pub failure: Option<FailureCode>,
    pub no_summary_reason: Option<NoSummaryReason>,
    /// The ended appointment in whose stead this one stands.
    pub rescheduled_from: Option<AppointmentId>,
    pub stamp: Stamp,
}

words! {
    Status {
        Proposed = "proposed",
        Booked = "booked",
        Confirmed = "confirmed",
        CheckedIn = "checked_in",
        InCall = "in_call",
        Completed = "completed",
        Cancelled = "cancelled",
        NoShow = "no_show",
        Failed = "failed",
        EnteredInError = "entered_in_error",
    }
}

impl Status {
    /// May still go on.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Proposed | Self::Booked | Self::Confirmed | Self::CheckedIn | Self::InCall)
    }

    /// Keeps the specialist, the patient and the cart from other visits. A proposed one has only its slot's hold.
    #[must_use]
    pub const fn occupies_time(self) -> bool {
        matches!(self, Self::Booked | Self::Confirmed | Self::CheckedIn | Self::InCall)
    }

    /// Ended without a consultation, so that another appointment may stand in its stead.
    #[must_use]
    pub const fn can_be_rescheduled(self) -> bool {
        matches!(self, Self::Cancelled | Self::NoShow | Self::Failed)
    }
}

words! {
    Channel {
        Cart = "cart",
        HomeLink = "home_link",
        Phone = "phone",
    }
}

words! {
    CancelReason {
        PatientDeclined = "patient_declined",
        PatientIll = "patient_ill",
        /// Hospital, ambulance, or seen elsewhere.
        PatientElsewhere = "patient_elsewhere",
        PatientDied = "patient_died",
        SpecialistUnavailable = "specialist_unavailable",
        CartUnavailable = "cart_unavailable",
        Rescheduled = "rescheduled",
        NotNeeded = "not_needed",
    }
}

words! {
    /// Why the technology did not carry a consultation.
    FailureCode {
        CartOffline = "cart_offline",
        CartDevice = "cart_device",
        PatientConnection = "patient_connection",
        PatientDevice = "patient_device",
        SpecialistConnection = "specialist_connection",
        SpecialistDevice = "specialist_device",
        Power = "power",
        Server = "server",
    }
}

words! {
    /// Why a consultation ended without a summary.
    NoSummaryReason {
        PatientLeft = "patient_left",
        ConsentRefused = "consent_refused",
        SentToHospital = "sent_to_hospital",
        WrittenInMis = "written_in_mis",
        TechnicalCheck = "technical_check",
    }
}

/// An ending that the system suggests and a person confirms. One word, stored in one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proposal {
    NoShow,
    Failed(FailureCode),
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoShow => Status::NoShow.as_str(),
            Self::Failed(code) => code.as_str(),
        })
    }
}

impl FromStr for Proposal {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        if text == Status::NoShow.as_str() { Ok(Self::NoShow) } else { text.parse().map(Self::Failed) }
    }
}

#[cfg(test)]
mod matrix_tests;
#[cfg(test)]
mod tests;
