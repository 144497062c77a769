//! A family doctor's request for a specialist, from its arrival out of the MIS to its conclusion. No SQL, no clock.

use super::ids::{PatientId, ReferralId, SiteId};
use super::invalid::{Fault, Fields, Invalid, TextLimit};
use super::private::Private;
use super::record::Stamp;
use super::refusal::Refusal;
use super::specialty::Specialty;
use super::words::words;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

const MIS_REF: TextLimit = TextLimit { min: 1, max: 80 };
const SOURCE: TextLimit = TextLimit { min: 1, max: 40 };
const DOCTOR: TextLimit = TextLimit { min: 2, max: 200 };
const REASON: TextLimit = TextLimit { min: 3, max: 4_000 };

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    pub id: ReferralId,
    pub details: NewReferral,
    pub status: ReferralStatus,
    pub stamp: Stamp,
}

/// A referral's fields, each found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReferral {
    /// The system that sent it.
    pub source: String,
    /// Its number there, unique within the source.
    pub mis_ref: String,
    /// Whose nurse takes it.
    pub site: SiteId,
    pub patient: PatientId,
    pub referring_doctor: Private<String>,
    pub specialty: Specialty,
    pub reason: Private<String>,
    pub icd10: Option<Icd10>,
    pub priority: Priority,
}

words! {
    /// Ordered: the urgent come first.
    Priority {
        Urgent = "urgent",
        Routine = "routine",
    }
}

words! {
    ReferralStatus {
        Received = "received",
        InWork = "in_work",
        Booked = "booked",
        Waitlisted = "waitlisted",
        Completed = "completed",
        Rejected = "rejected",
        Cancelled = "cancelled",
    }
}

words! {
    ReferralEvent {
        /// A nurse opens it to find a time.
        Take = "take",
        Book = "book",
        Wait = "wait",
        /// Off the waiting list, and a nurse's to work on again.
        StopWaiting = "stop_waiting",
        /// Its appointment was cancelled, missed or failed: it needs another one.
        LoseAppointment = "lose_appointment",
        Complete = "complete",
        Reject = "reject",
        Cancel = "cancel",
    }
}

impl ReferralStatus {
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Completed | Self::Rejected | Self::Cancelled)
    }

    /// # Errors
    /// [`Refusal::ReferralClosed`] after the end, [`Refusal::ReferralState`] where the event does not fit.
    pub fn after(self, event: ReferralEvent) -> Result<Self, Refusal> {
        use ReferralEvent as On;
        match (self, event) {
            (Self::Received, On::Take) => Ok(Self::InWork),
            (Self::InWork | Self::Waitlisted, On::Book) => Ok(Self::Booked),
            (Self::InWork, On::Wait) => Ok(Self::Waitlisted),
            (Self::Waitlisted, On::StopWaiting) => Ok(Self::InWork),
            (Self::Booked, On::LoseAppointment) => Ok(Self::InWork),
            (Self::Booked, On::Complete) => Ok(Self::Completed),
            (Self::Received | Self::InWork, On::Reject) => Ok(Self::Rejected),
            (status, On::Cancel) if status.is_open() => Ok(Self::Cancelled),
            (status, _) if status.is_open() => Err(Refusal::ReferralState),
            _ => Err(Refusal::ReferralClosed),
        }
    }
}

/// A code of ICD-10: a letter, two digits, and perhaps a point with up to two more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icd10(String);

impl Icd10 {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Icd10 {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let code = text.to_ascii_uppercase();
        let (category, detail) = code.split_once('.').unwrap_or((&code, "0"));
        let is_category = match category.as_bytes() {
            [letter, tens, ones] => letter.is_ascii_uppercase() && tens.is_ascii_digit() && ones.is_ascii_digit(),
            _ => false,
        };
        let is_detail = matches!(detail.len(), 1 | 2) && detail.bytes().all(|byte| byte.is_ascii_digit());
        if is_category && is_detail { Ok(Self(code)) } else { Err(Fault::Malformed) }
    }
}

impl fmt::Display for Icd10 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralInput {
    pub source: Option<String>,
    pub mis_ref: Option<String>,
    pub site: Option<String>,
    pub patient: Option<String>,
    pub referring_doctor: Option<String>,
    pub specialty: Option<String>,
    pub reason: Option<String>,
    pub icd10: Option<String>,
    /// Left out: routine.
    pub priority: Option<String>,
}

impl NewReferral {
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &ReferralInput) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let source = fields.line("source", input.source.as_deref(), SOURCE);
        let mis_ref = fields.line("mis_ref", input.mis_ref.as_deref(), MIS_REF);
        let site = fields.required("site", input.site.as_deref());
        let patient = fields.required("patient", input.patient.as_deref());
        let referring_doctor = fields.line("referring_doctor", input.referring_doctor.as_deref(), DOCTOR);
        let specialty = fields.required("specialty", input.specialty.as_deref());
        let reason = fields.prose("reason", input.reason.as_deref(), REASON);
        let icd10 = fields.optional("icd10", input.icd10.as_deref());
        let priority: Option<Option<Priority>> = fields.optional("priority", input.priority.as_deref());
        fields.finish((|| {
            Some(Self {
                source: source?,
                mis_ref: mis_ref?,
                site: site?,
                patient: patient?,
                referring_doctor: Private::new(referring_doctor?),
                specialty: specialty?,
                reason: Private::new(reason?),
                icd10: icd10?,
                priority: priority?.unwrap_or(Priority::Routine),
            })
        })())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::id;

    fn input() -> ReferralInput {
        let text = |text: &str| Some(text.to_owned());
        ReferralInput {
            source: text("damumed"),
            mis_ref: text("4711"),
            site: Some(id::<SiteId>(1).to_string()),
            patient: Some(id::<PatientId>(2).to_string()),
            referring_doctor: text("Ивин П. П."),
            specialty: text("cardiology"),
            reason: text("Chest pain on effort"),
            icd10: text("i20.8"),
            priority: None,
        }
    }

    /// The arrows of booking.md, with `Cancel` from every open state; everything unnamed is refused.
    #[test]
    fn a_referral_goes_the_way_of_the_table_and_no_other() {
        let arrows = "received take in_work, in_work book booked, in_work wait waitlisted, waitlisted book booked, waitlisted stop_waiting in_work, \
                      booked lose_appointment in_work, booked complete completed, received reject rejected, \
                      in_work reject rejected, received cancel cancelled, in_work cancel cancelled, \
                      booked cancel cancelled, waitlisted cancel cancelled";
        for status in ReferralStatus::ALL {
            for event in ReferralEvent::ALL {
                let arrow = arrows.split(", ").find_map(|arrow| arrow.strip_prefix(&format!("{status} {event} ")));
                let got = status.after(*event).ok().map(ReferralStatus::as_str);
                assert_eq!(got, arrow, "{status} {event}");
            }
        }
    }

    #[test]
    fn a_closed_referral_says_so() {
        assert_eq!(ReferralStatus::Completed.after(ReferralEvent::Cancel), Err(Refusal::ReferralClosed));
        assert_eq!(ReferralStatus::Received.after(ReferralEvent::Complete), Err(Refusal::ReferralState));
    }

    #[test]
    fn a_referral_without_a_priority_is_routine() {
        let referral = NewReferral::validate(&input()).unwrap();
        assert_eq!((referral.priority, referral.icd10.unwrap().as_str()), (Priority::Routine, "I20.8"));
        assert!(Priority::Urgent < Priority::Routine);
    }

    #[test]
    fn faults_name_their_fields() {
        let wrong = ReferralInput {
            specialty: Some("Кардиолог".to_owned()),
            reason: Some("x".repeat(4_001)),
            icd10: Some("20.8".to_owned()),
            ..input()
        };
        let faults = NewReferral::validate(&wrong).unwrap_err().0;
        let fields: Vec<_> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["specialty", "reason", "icd10"]);
    }

    #[test]
    fn a_code_of_icd_10_has_a_letter_and_two_to_four_digits() {
        for code in ["I20", "I20.8", "M54.12"] {
            assert!(code.parse::<Icd10>().is_ok(), "{code}");
        }
        for code in ["", "I2", "I20.", "I20.123", "120.8", "Ы20"] {
            assert!(code.parse::<Icd10>().is_err(), "{code}");
        }
    }

    #[test]
    fn a_referral_prints_without_the_doctor_and_the_reason() {
        let printed = format!("{:?}", NewReferral::validate(&input()).unwrap());
        assert!(!printed.contains("Ивин") && !printed.contains("Chest"), "{printed}");
    }
}
