//! What is wrong with a request's fields: all of it at once, each fault with its field and a stable code. Never carries the value,
//! which may be a name or an IIN.

use super::ids::NotAnId;
use super::words::UnknownWord;
use std::str::FromStr;

/// At least one field is not what it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} field(s) are not valid", .0.len())]
pub struct Invalid(pub Vec<FieldFault>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {fault}")]
pub struct FieldFault {
    pub field: &'static str,
    pub fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("is missing")]
    Missing,
    #[error("is shorter than {0} characters")]
    TooShort(usize),
    #[error("is longer than {0} characters")]
    TooLong(usize),
    #[error("has more than {0} entries")]
    TooMany(usize),
    #[error("is not written as it must be")]
    Malformed,
    #[error("is none of the known values")]
    Unknown,
    #[error("is outside of its range")]
    OutOfRange,
    #[error("has a wrong check digit")]
    CheckDigit,
    #[error("lies in the past")]
    Past,
    #[error("lies in the future")]
    Future,
    #[error("contradicts another field")]
    Contradicts,
    #[error("is easy to guess")]
    Guessable,
}

impl Fault {
    /// Stable word for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "field_missing",
            Self::TooShort(_) => "field_too_short",
            Self::TooLong(_) => "field_too_long",
            Self::TooMany(_) => "field_too_many",
            Self::Malformed => "field_malformed",
            Self::Unknown => "field_unknown",
            Self::OutOfRange => "field_out_of_range",
            Self::CheckDigit => "field_check_digit",
            Self::Past => "field_past",
            Self::Future => "field_future",
            Self::Contradicts => "field_contradicts",
            Self::Guessable => "field_guessable",
        }
    }
}

impl From<UnknownWord> for Fault {
    fn from(_: UnknownWord) -> Self {
        Self::Unknown
    }
}

impl From<NotAnId> for Fault {
    fn from(_: NotAnId) -> Self {
        Self::Malformed
    }
}

/// Reads the fields of one request and remembers what was wrong with each.
#[derive(Debug, Default)]
pub struct Fields {
    faults: Vec<FieldFault>,
}

impl Fields {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value, or a fault noted against `field`.
    pub fn take<T, F: Into<Fault>>(&mut self, field: &'static str, value: Result<T, F>) -> Option<T> {
        value.map_err(|fault| self.faults.push(FieldFault { field, fault: fault.into() })).ok()
    }

    /// A field that must be there.
    pub fn required<T: FromStr<Err: Into<Fault>>>(&mut self, field: &'static str, text: Option<&str>) -> Option<T> {
        let text = self.take(field, present(text).ok_or(Fault::Missing))?;
        self.take(field, text.parse())
    }

    /// A field that may be left out or left empty; `None` alone means that it was wrong.
    pub fn optional<T: FromStr<Err: Into<Fault>>>(
        &mut self,
        field: &'static str,
        text: Option<&str>,
    ) -> Option<Option<T>> {
        match present(text) {
            None => Some(None),
            Some(text) => self.take(field, text.parse()).map(Some),
        }
    }

    /// One line of text that must be there, trimmed.
    pub fn line(&mut self, field: &'static str, text: Option<&str>, limit: TextLimit) -> Option<String> {
        let text = self.take(field, present(text).ok_or(Fault::Missing))?;
        self.take(field, limit.check(text, false))
    }

    pub fn optional_line(
        &mut self,
        field: &'static str,
        text: Option<&str>,
        limit: TextLimit,
    ) -> Option<Option<String>> {
        match present(text) {
            None => Some(None),
            Some(text) => self.take(field, limit.check(text, false)).map(Some),
        }
    }

    /// Text of several lines that must be there, trimmed.
    pub fn prose(&mut self, field: &'static str, text: Option<&str>, limit: TextLimit) -> Option<String> {
        let text = self.take(field, present(text).ok_or(Fault::Missing))?;
        self.take(field, limit.check(text, true))
    }

    pub fn optional_prose(
        &mut self,
        field: &'static str,
        text: Option<&str>,
        limit: TextLimit,
    ) -> Option<Option<String>> {
        match present(text) {
            None => Some(None),
            Some(text) => self.take(field, limit.check(text, true)).map(Some),
        }
    }

    /// Notes `fault` unless `holds`.
    pub fn demand(&mut self, field: &'static str, holds: bool, fault: Fault) {
        if !holds {
            self.faults.push(FieldFault { field, fault });
        }
    }

    /// `value` when every field was right.
    ///
    /// # Errors
    /// The faults noted, in the order of reading.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Invalid> {
        value.filter(|_| self.faults.is_empty()).ok_or(Invalid(self.faults))
    }
}

fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// How many characters a text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextLimit {
    pub min: usize,
    pub max: usize,
}

impl TextLimit {
    fn check(self, text: &str, may_break_lines: bool) -> Result<String, Fault> {
        let is_allowed = |c: char| !c.is_control() || (may_break_lines && matches!(c, '\n' | '\r' | '\t'));
        match text.chars().count() {
            count if count < self.min => Err(Fault::TooShort(self.min)),
            count if count > self.max => Err(Fault::TooLong(self.max)),
            _ if !text.chars().all(is_allowed) => Err(Fault::Malformed),
            _ => Ok(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: TextLimit = TextLimit { min: 2, max: 4 };

    #[test]
    fn all_faults_are_told_at_once_in_order() {
        let mut fields = Fields::new();
        fields.line("name", None, LIMIT);
        fields.line("city", Some("a"), LIMIT);
        fields.line("street", Some("abcde"), LIMIT);
        fields.line("house", Some("a\u{7}b"), LIMIT);
        let faults = fields.finish(Some(())).unwrap_err().0;
        let told: Vec<_> = faults.iter().map(|fault| (fault.field, fault.fault.code())).collect();
        let expected = [
            ("name", "field_missing"),
            ("city", "field_too_short"),
            ("street", "field_too_long"),
            ("house", "field_malformed"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn an_empty_field_is_a_field_left_out() {
        let mut fields = Fields::new();
        assert_eq!(fields.optional_line("note", Some("  "), LIMIT), Some(None));
        assert!(fields.finish(Some(())).is_ok());
    }

    #[test]
    fn letters_are_counted_not_bytes() {
        let mut fields = Fields::new();
        assert_eq!(fields.line("name", Some(" Әлия "), LIMIT).as_deref(), Some("Әлия"));
    }

    #[test]
    fn only_prose_has_lines() {
        let mut fields = Fields::new();
        assert_eq!(fields.prose("note", Some("a\nb"), LIMIT).as_deref(), Some("a\nb"));
        assert_eq!(fields.line("name", Some("a\nb"), LIMIT), None);
    }
}
