//! Telephone numbers as E.164, read as people in Kazakhstan write them: `8 701 123 45 67`, `+7 (701) 123-45-67`, `701 1234567`.
//! Never printed: `Debug` shows nothing.

use super::invalid::Fault;
use std::fmt;
use std::str::FromStr;

/// E.164 §6.1: at most 15 digits with the country's.
const MAX_DIGITS: usize = 15;
/// The shortest international numbers in use.
const MIN_DIGITS: usize = 8;
/// A number of Kazakhstan without its `+7`.
const NATIONAL_DIGITS: usize = 10;

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(String);

impl Phone {
    /// `+` and digits.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Phone {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let written: String = text.chars().filter(|c| !is_spacing(*c)).collect();
        let (digits, has_country) = match written.strip_prefix('+').or_else(|| written.strip_prefix("00")) {
            Some(digits) => (digits, true),
            None => (written.as_str(), false),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Fault::Malformed);
        }
        let international = if has_country { digits.to_owned() } else { from_national(digits)? };
        let is_whole = match international.strip_prefix('7') {
            Some(national) => national.len() == NATIONAL_DIGITS,
            None => !international.starts_with('0') && (MIN_DIGITS..=MAX_DIGITS).contains(&international.len()),
        };
        if is_whole { Ok(Self(format!("+{international}"))) } else { Err(Fault::Malformed) }
    }
}

/// `8` is the trunk prefix and `7` the country; ten digits have neither, and begin with 7 in Kazakhstan.
fn from_national(digits: &str) -> Result<String, Fault> {
    match (digits.len(), digits.strip_prefix(['7', '8'])) {
        (11, Some(national)) => Ok(format!("7{national}")),
        (NATIONAL_DIGITS, _) if digits.starts_with('7') => Ok(format!("7{digits}")),
        _ => Err(Fault::Malformed),
    }
}

fn is_spacing(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '(' | ')' | '.' | '\u{2010}'..='\u{2015}')
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::Seeded;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        let written = [
            "+77011234567",
            "8 701 123 45 67",
            "+7 (701) 123-45-67",
            "87011234567",
            "77011234567",
            "701 1234567",
            "007 701 123 4567",
        ];
        for text in written {
            assert_eq!(text.parse::<Phone>().unwrap().reveal(), "+77011234567", "{text}");
        }
    }

    #[test]
    fn a_landline_and_a_number_abroad_are_numbers() {
        assert_eq!("8 (7152) 46-12-34".parse::<Phone>().unwrap().reveal(), "+77152461234");
        assert_eq!("+49 30 901820".parse::<Phone>().unwrap().reveal(), "+4930901820");
    }

    #[test]
    fn what_cannot_be_dialled_is_refused() {
        for text in [
            "",
            "+",
            "12345",
            "9011234567",
            "+7701123456",
            "+770112345678",
            "8701123456a",
            "+1234567890123456",
            "+0123456789",
        ] {
            assert_eq!(text.parse::<Phone>(), Err(Fault::Malformed), "{text}");
        }
    }

    #[test]
    fn whatever_is_typed_is_refused_or_reads_again_as_itself() {
        let keys: Vec<char> = "0123456789778+ -()aф\u{2013}".chars().collect();
        for round in 1..=20_000 {
            let mut seed = Seeded(round);
            let length = seed.below(18);
            let text: String = (0..length).map(|_| keys[usize::try_from(seed.below(21)).unwrap()]).collect();
            if let Ok(phone) = text.parse::<Phone>() {
                assert_eq!(phone.reveal().parse::<Phone>(), Ok(phone.clone()), "seed {round}");
            }
        }
    }

    #[test]
    fn debug_never_prints_it() {
        assert_eq!(format!("{:?}", "87011234567".parse::<Phone>()), "Ok(Phone(***))");
    }
}
