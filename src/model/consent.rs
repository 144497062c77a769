//! What the patient agreed to, purpose by purpose, in which words and language, given by whom. Decisions are only ever added: the latest
//! of a purpose counts, and a withdrawal is one. No clock, no SQL.

use super::ids::{AppointmentId, ConsentId, PatientId, UserId};
use super::invalid::{Fault, Fields, Invalid, TextLimit};
use super::language::Language;
use super::private::Private;
use super::refusal::Refusal;
use super::time::UnixMillis;
use super::words::words;
use serde::Deserialize;

const NAME: TextLimit = TextLimit { min: 2, max: 200 };

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub id: ConsentId,
    pub appointment: AppointmentId,
    pub patient: PatientId,
    pub details: NewConsent,
    /// Who wrote it down; `None`: the patient, by the link.
    pub taken_by: Option<UserId>,
    pub at: UnixMillis,
}

words! {
    Purpose {
        /// To be seen and heard by the specialist: without an answer no call starts.
        Consultation = "consultation",
        Recording = "recording",
        /// Stills and instruments that stay with the visit.
        Images = "images",
        /// Somebody beside the specialist: a third doctor, a trainee.
        ThirdParty = "third_party",
    }
}

words! {
    Decision {
        Given = "given",
        Refused = "refused",
        Withdrawn = "withdrawn",
    }
}

words! {
    Giver {
        Patient = "patient",
        LegalRepresentative = "legal_representative",
    }
}

/// A decision's fields, each found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConsent {
    pub purpose: Purpose,
    pub decision: Decision,
    pub text_version: u32,
    /// In which the text was shown or read aloud.
    pub language: Language,
    pub giver: Giver,
    /// Of the legal representative.
    pub giver_name: Option<Private<String>>,
}

/// The decision that counts for `purpose`, by what was written last; `None`: nobody has been asked.
#[must_use]
pub fn decision(consents: &[Consent], purpose: Purpose) -> Option<Decision> {
    let of_purpose = consents.iter().filter(|consent| consent.details.purpose == purpose);
    of_purpose.max_by_key(|consent| (consent.at, consent.id)).map(|consent| consent.details.decision)
}

/// Admission's guard: the patient was asked about the consultation, whatever the answer.
#[must_use]
pub fn is_decided(consents: &[Consent]) -> bool {
    decision(consents, Purpose::Consultation).is_some()
}

/// Media for `purpose` may flow now.
#[must_use]
pub fn is_given(consents: &[Consent], purpose: Purpose) -> bool {
    decision(consents, purpose) == Some(Decision::Given)
}

/// # Errors
/// Only what was given can be withdrawn.
pub fn check_withdrawal(consents: &[Consent], new: &NewConsent) -> Result<(), Refusal> {
    let withdraws = new.decision == Decision::Withdrawn;
    if withdraws && !is_given(consents, new.purpose) { Err(Refusal::ConsentNotGiven) } else { Ok(()) }
}

#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentInput {
    pub purpose: Option<String>,
    pub decision: Option<String>,
    pub text_version: Option<u32>,
    pub language: Option<String>,
    pub giver: Option<String>,
    pub giver_name: Option<String>,
}

impl NewConsent {
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &ConsentInput) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let purpose = fields.required("purpose", input.purpose.as_deref());
        let decision = fields.required("decision", input.decision.as_deref());
        let text_version = fields.take("text_version", input.text_version.ok_or(Fault::Missing));
        let language = fields.required("language", input.language.as_deref());
        let giver = fields.required("giver", input.giver.as_deref());
        let giver_name = fields.optional_line("giver_name", input.giver_name.as_deref(), NAME);
        if let (Some(giver), Some(name)) = (giver, &giver_name) {
            let is_named = name.is_some() || giver == Giver::Patient;
            fields.demand("giver_name", is_named, Fault::Missing);
        }
        fields.finish((|| {
            Some(Self {
                purpose: purpose?,
                decision: decision?,
                text_version: text_version?,
                language: language?,
                giver: giver?,
                giver_name: giver_name?.map(Private::new),
            })
        })())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{MINUTE, NOON, id};

    fn details(purpose: Purpose, decision: Decision) -> NewConsent {
        let (language, giver) = (Language::Kazakh, Giver::Patient);
        NewConsent { purpose, decision, text_version: 3, language, giver, giver_name: None }
    }

    fn consent(n: u32, purpose: Purpose, decision: Decision) -> Consent {
        Consent {
            id: id(u64::from(n)),
            appointment: id(1),
            patient: id(2),
            details: details(purpose, decision),
            taken_by: None,
            at: NOON.plus(n * MINUTE),
        }
    }

    #[test]
    fn the_latest_decision_of_a_purpose_counts() {
        let consents = [
            consent(2, Purpose::Recording, Decision::Withdrawn),
            consent(1, Purpose::Recording, Decision::Given),
            consent(0, Purpose::Consultation, Decision::Given),
        ];
        assert_eq!(decision(&consents, Purpose::Recording), Some(Decision::Withdrawn));
        assert!(is_given(&consents, Purpose::Consultation));
        assert!(!is_given(&consents, Purpose::Recording));
        assert_eq!(decision(&consents, Purpose::Images), None);
    }

    #[test]
    fn a_refusal_is_a_decision_too() {
        assert!(!is_decided(&[]));
        assert!(!is_decided(&[consent(0, Purpose::Recording, Decision::Given)]));
        assert!(is_decided(&[consent(0, Purpose::Consultation, Decision::Refused)]));
    }

    #[test]
    fn only_what_was_given_is_withdrawn() {
        let withdrawal = details(Purpose::Recording, Decision::Withdrawn);
        let given = [consent(0, Purpose::Recording, Decision::Given)];
        assert_eq!(check_withdrawal(&given, &withdrawal), Ok(()));
        assert_eq!(check_withdrawal(&[], &withdrawal), Err(Refusal::ConsentNotGiven));
    }

    #[test]
    fn a_legal_representative_is_named() {
        let text = |text: &str| Some(text.to_owned());
        let input = ConsentInput {
            purpose: text("consultation"),
            decision: text("given"),
            text_version: Some(3),
            language: text("kk"),
            giver: text("legal_representative"),
            giver_name: None,
        };
        let faults = NewConsent::validate(&input).unwrap_err().0;
        assert_eq!((faults[0].field, faults[0].fault), ("giver_name", Fault::Missing));
        let named = ConsentInput { giver_name: text("Сейтқали Б."), ..input };
        assert!(NewConsent::validate(&named).is_ok());
    }
}
