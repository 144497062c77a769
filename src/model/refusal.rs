//! Why a rule of the model says no: one enum for the whole boundary, each value with a stable code for problem+json, for the
//! three languages of the client and for metrics. Carries nothing of a person.

/// A rule that was broken. [`Refusal::code`] never changes its meaning once shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    #[error("this person may not do this")]
    NotAllowed,
    #[error("the record was changed by somebody else in the meantime")]
    Changed,
    #[error("the appointment has ended; make a new one")]
    AppointmentEnded,
    #[error("the appointment is not in a state for this")]
    AppointmentState,
    #[error("the slot is not held, or the hold has expired")]
    HoldExpired,
    #[error("somebody else holds the slot")]
    HoldOfAnother,
    #[error("the specialist, the patient or the cart has another visit at this time")]
    TimeTaken,
    #[error("check-in opens 30 minutes before the start")]
    CheckInTooEarly,
    #[error("check-in closed 60 minutes after the start")]
    CheckInTooLate,
    #[error("the patient has not decided about consent")]
    ConsentUndecided,
    #[error("the patient has not consented to the consultation")]
    ConsentRefused,
    #[error("nobody has checked the patient in yet")]
    NotCheckedIn,
    #[error("the conclusion is signed; add to it instead")]
    ConclusionSigned,
    #[error("a summary, or the reason for none, is missing")]
    SummaryMissing,
    #[error("the visit has started")]
    VisitStarted,
    #[error("a no-show is known 15 minutes after the start at the earliest")]
    NoShowTooEarly,
    #[error("the specialist was not there; this is no no-show")]
    SpecialistAbsent,
    #[error("the cart was offline; this is no no-show")]
    CartOffline,
    #[error("nothing of this kind is proposed for the appointment")]
    NothingProposed,
    #[error("the same is proposed already")]
    AlreadyProposed,
    #[error("the slot is taken")]
    SlotTaken,
    #[error("the slot is closed")]
    SlotBlocked,
    #[error("the slot is over")]
    SlotPast,
    #[error("the referral is closed")]
    ReferralClosed,
    #[error("the referral is not in a state for this")]
    ReferralState,
    #[error("the person no longer waits")]
    NotWaiting,
    #[error("the offer has expired")]
    OfferExpired,
    #[error("the offer has been answered")]
    OfferAnswered,
    #[error("less than 24 hours ahead: telephone instead")]
    OfferTooLate,
    #[error("the slot is not what the person waits for")]
    OfferUnfit,
    #[error("the appointment has its answer, or was called three times")]
    ReconfirmDone,
    #[error("only consent that was given can be withdrawn")]
    ConsentNotGiven,
    #[error("the link is not valid yet")]
    LinkTooEarly,
    #[error("the link has expired")]
    LinkExpired,
    #[error("the link was withdrawn")]
    LinkRevoked,
}

impl Refusal {
    pub const ALL: &'static [Self] = &[
        Self::NotAllowed,
        Self::Changed,
        Self::AppointmentEnded,
        Self::AppointmentState,
        Self::HoldExpired,
        Self::HoldOfAnother,
        Self::TimeTaken,
        Self::CheckInTooEarly,
        Self::CheckInTooLate,
        Self::ConsentUndecided,
        Self::ConsentRefused,
        Self::NotCheckedIn,
        Self::ConclusionSigned,
        Self::SummaryMissing,
        Self::VisitStarted,
        Self::NoShowTooEarly,
        Self::SpecialistAbsent,
        Self::CartOffline,
        Self::NothingProposed,
        Self::AlreadyProposed,
        Self::SlotTaken,
        Self::SlotBlocked,
        Self::SlotPast,
        Self::ReferralClosed,
        Self::ReferralState,
        Self::NotWaiting,
        Self::OfferExpired,
        Self::OfferAnswered,
        Self::OfferTooLate,
        Self::OfferUnfit,
        Self::ReconfirmDone,
        Self::ConsentNotGiven,
        Self::LinkTooEarly,
        Self::LinkExpired,
        Self::LinkRevoked,
    ];

    /// Stable word for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAllowed => "not_allowed",
            Self::Changed => "changed",
            Self::AppointmentEnded => "appointment_ended",
            Self::AppointmentState => "appointment_state",
            Self::HoldExpired => "hold_expired",
            Self::HoldOfAnother => "hold_of_another",
            Self::TimeTaken => "time_taken",
            Self::CheckInTooEarly => "check_in_too_early",
            Self::CheckInTooLate => "check_in_too_late",
            Self::ConsentUndecided => "consent_undecided",
            Self::ConsentRefused => "consent_refused",
            Self::NotCheckedIn => "not_checked_in",
            Self::ConclusionSigned => "conclusion_signed",
            Self::SummaryMissing => "summary_missing",
            Self::VisitStarted => "visit_started",
            Self::NoShowTooEarly => "no_show_too_early",
            Self::SpecialistAbsent => "specialist_absent",
            Self::CartOffline => "cart_offline",
            Self::NothingProposed => "nothing_proposed",
            Self::AlreadyProposed => "already_proposed",
            Self::SlotTaken => "slot_taken",
            Self::SlotBlocked => "slot_blocked",
            Self::SlotPast => "slot_past",
            Self::ReferralClosed => "referral_closed",
            Self::ReferralState => "referral_state",
            Self::NotWaiting => "not_waiting",
            Self::OfferExpired => "offer_expired",
            Self::OfferAnswered => "offer_answered",
            Self::OfferTooLate => "offer_too_late",
            Self::OfferUnfit => "offer_unfit",
            Self::ReconfirmDone => "reconfirm_done",
            Self::ConsentNotGiven => "consent_not_given",
            Self::LinkTooEarly => "link_too_early",
            Self::LinkExpired => "link_expired",
            Self::LinkRevoked => "link_revoked",
        }
    }

    /// The field of the request that the rule looked at, where there is one.
    #[must_use]
    pub const fn field(self) -> Option<&'static str> {
        match self {
            Self::HoldExpired | Self::HoldOfAnother | Self::SlotTaken | Self::SlotBlocked | Self::SlotPast => {
                Some("slot")
            }
            Self::TimeTaken => Some("start"),
            Self::ConsentUndecided | Self::ConsentRefused | Self::ConsentNotGiven => Some("consent"),
            Self::SummaryMissing => Some("summary"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_refusal_has_a_code_of_its_own() {
        let codes: BTreeSet<_> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
    }
}
