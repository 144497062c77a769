//! The words that a patient consents to: of each purpose a row of versions, each in every language, none ever changed. A decision names
//! the version that was shown. No clock, no SQL.

use super::consent::Purpose;
use super::invalid::{Fields, Invalid, TextLimit};
use super::language::Language;
use serde::{Deserialize, Serialize};

const TEXT: TextLimit = TextLimit { min: 20, max: 8000 };

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentText {
    pub purpose: Purpose,
    /// From 1.
    pub version: u32,
    pub texts: Texts,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Texts {
    pub kk: String,
    pub ru: String,
    pub en: String,
}

impl Texts {
    #[must_use]
    pub fn of(&self, language: Language) -> &str {
        match language {
            Language::Kazakh => &self.kk,
            Language::Russian => &self.ru,
            Language::English => &self.en,
        }
    }
}

#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TextsInput {
    pub kk: Option<String>,
    pub ru: Option<String>,
    pub en: Option<String>,
}

impl Texts {
    /// # Errors
    /// Every language that is missing, or too short to be a consent.
    pub fn validate(input: &TextsInput) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let kk = fields.prose("texts.kk", input.kk.as_deref(), TEXT);
        let ru = fields.prose("texts.ru", input.ru.as_deref(), TEXT);
        let en = fields.prose("texts.en", input.en.as_deref(), TEXT);
        fields.finish((|| Some(Self { kk: kk?, ru: ru?, en: en? }))())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_in_every_language() {
        let input = TextsInput { kk: Some("Келісемін. ".repeat(3)), ru: Some("Да".to_owned()), en: None };
        let faults = Texts::validate(&input).unwrap_err().0;
        let told: Vec<_> = faults.iter().map(|fault| (fault.field, fault.fault.code())).collect();
        assert_eq!(told, [("texts.ru", "field_too_short"), ("texts.en", "field_missing")]);
    }
}
