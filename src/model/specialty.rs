//! A medical specialty by its code. Which ones a region books is the administrator's list, so that this is no enum. Keeps no state.

use super::invalid::Fault;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;

const MAX_CHARS: usize = 40;

/// Lower-case ASCII letters, digits and underscores, beginning with a letter: `cardiology`, `child_neurology`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Specialty(String);

impl Specialty {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Specialty {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        if text.len() > MAX_CHARS {
            return Err(Fault::TooLong(MAX_CHARS));
        }
        let is_code = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if is_code { Ok(Self(text.to_owned())) } else { Err(Fault::Malformed) }
    }
}

impl fmt::Display for Specialty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Specialty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specialty_is_a_code_and_no_prose() {
        assert_eq!("child_neurology".parse::<Specialty>().unwrap().as_str(), "child_neurology");
        for text in ["", "Cardiology", "кардиолог", "eye doctor", "9lives"] {
            assert_eq!(text.parse::<Specialty>(), Err(Fault::Malformed), "{text}");
        }
    }
}
