//! What the specialist concluded: a draft that grows with the visit, signed when the visit is completed, and never changed from then on.
//! What is to be added later is an addendum of its own. No clock, no SQL.

use super::ids::{AppointmentId, ConclusionId, UserId};
use super::invalid::{Fields, Invalid, TextLimit};
use super::private::Private;
use super::record::Stamp;
use super::referral::Icd10;
use super::refusal::Refusal;
use super::time::UnixMillis;
use serde::Deserialize;
use serde_json::json;
use std::fmt;

const TEXT: TextLimit = TextLimit { min: 1, max: 20_000 };

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    pub id: ConclusionId,
    pub appointment: AppointmentId,
    /// 1 is the conclusion, what follows are addenda.
    pub number: u32,
    pub author: UserId,
    pub details: NewConclusion,
    pub signature: Option<Signature>,
    pub stamp: Stamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    pub at: UnixMillis,
    pub digest: TextDigest,
}

/// SHA-256 of [`Conclusion::signed_text`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextDigest(pub [u8; 32]);

/// A conclusion's fields, each found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConclusion {
    pub summary: Private<String>,
    pub recommendations: Option<Private<String>>,
    pub icd10: Option<Icd10>,
}

/// The number of the conclusion itself.
pub const CONCLUSION: u32 = 1;

impl Conclusion {
    /// What the digest is over: a JSON array in this order, so that anybody who has the fields can recompute it.
    #[must_use]
    pub fn signed_text(&self, at: UnixMillis) -> String {
        let details = &self.details;
        json!([
            self.appointment,
            self.number,
            self.author,
            at,
            details.summary.reveal(),
            details.recommendations.as_ref().map(Private::reveal),
            details.icd10.as_ref().map(Icd10::as_str),
        ])
        .to_string()
    }

    /// # Errors
    /// What is signed stays as it is; a draft is changed by its author.
    pub fn check_change(&self, by: UserId) -> Result<(), Refusal> {
        if self.signature.is_some() {
            return Err(Refusal::ConclusionSigned);
        }
        if self.author == by { Ok(()) } else { Err(Refusal::NotAllowed) }
    }
}

impl fmt::Display for TextDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConclusionInput {
    pub summary: Option<String>,
    pub recommendations: Option<String>,
    pub icd10: Option<String>,
}

impl NewConclusion {
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &ConclusionInput) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let summary = fields.prose("summary", input.summary.as_deref(), TEXT);
        let recommendations = fields.optional_prose("recommendations", input.recommendations.as_deref(), TEXT);
        let icd10 = fields.optional("icd10", input.icd10.as_deref());
        fields.finish((|| {
            Some(Self {
                summary: Private::new(summary?),
                recommendations: recommendations?.map(Private::new),
                icd10: icd10?,
            })
        })())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{NOON, id, stamp};

    fn input(summary: &str) -> ConclusionInput {
        ConclusionInput { summary: Some(summary.to_owned()), recommendations: None, icd10: Some("i20.8".to_owned()) }
    }

    fn conclusion(summary: &str) -> Conclusion {
        Conclusion {
            id: id(1),
            appointment: id(2),
            number: CONCLUSION,
            author: id(3),
            details: NewConclusion::validate(&input(summary)).unwrap(),
            signature: None,
            stamp: stamp(),
        }
    }

    #[test]
    fn a_draft_is_its_authors_and_what_is_signed_is_nobodys() {
        let draft = conclusion("Stable angina");
        assert_eq!(draft.check_change(id(3)), Ok(()));
        assert_eq!(draft.check_change(id(4)), Err(Refusal::NotAllowed));
        let signature = Some(Signature { at: NOON, digest: TextDigest([0; 32]) });
        let signed = Conclusion { signature, ..draft };
        assert_eq!(signed.check_change(id(3)), Err(Refusal::ConclusionSigned));
    }

    #[test]
    fn what_is_signed_names_every_field_and_the_moment() {
        let conclusion = conclusion("Stable angina");
        let text = conclusion.signed_text(NOON);
        for part in [conclusion.appointment.to_string().as_str(), "Stable angina", "I20.8", &NOON.0.to_string()] {
            assert!(text.contains(part), "{text}");
        }
        assert_ne!(text, conclusion.signed_text(UnixMillis(0)));
    }

    #[test]
    fn a_conclusion_says_something() {
        let faults = NewConclusion::validate(&input("  ")).unwrap_err().0;
        assert_eq!(faults[0].field, "summary");
    }

    #[test]
    fn a_conclusion_prints_without_its_text() {
        assert!(!format!("{:?}", conclusion("Stable angina")).contains("angina"));
    }
}
