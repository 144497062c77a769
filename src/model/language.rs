//! The languages of the first screen on. Keeps no state.

use super::words::{UnknownWord, words};
use std::fmt;
use std::str::FromStr;

words! {
    Language {
        Kazakh = "kk",
        Russian = "ru",
        English = "en",
    }
}

/// What a person speaks, best first, without repetition. Written as codes with commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Languages(Vec<Language>);

impl Languages {
    #[must_use]
    pub fn as_slice(&self) -> &[Language] {
        &self.0
    }
}

impl FromIterator<Language> for Languages {
    fn from_iter<I: IntoIterator<Item = Language>>(languages: I) -> Self {
        let mut kept = Vec::new();
        for language in languages {
            if !kept.contains(&language) {
                kept.push(language);
            }
        }
        Self(kept)
    }
}

impl fmt::Display for Languages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<_> = self.0.iter().map(|language| language.as_str()).collect();
        f.write_str(&codes.join(","))
    }
}

impl FromStr for Languages {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        text.split(',').filter(|code| !code.is_empty()).map(str::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_keep_their_order_and_come_once() {
        let languages: Languages = "ru,kk,ru".parse().unwrap();
        assert_eq!(languages.as_slice(), [Language::Russian, Language::Kazakh]);
        assert_eq!(languages.to_string(), "ru,kk");
        assert!("ru,xx".parse::<Languages>().is_err());
    }
}
