//! What people read when something is refused: a title and what to do about it, by stable code, in Kazakh, Russian and English.
//! Tables of constants; nothing of a request ever enters a text but a fault's own limit.

mod fields;
mod refusals;
mod requests;

use crate::model::invalid::Fault;
use crate::model::language::Language;
use serde_json::json;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// What happened.
    pub title: &'static str,
    /// What to do.
    pub detail: &'static str,
}

/// The words for `code`; for a code that has none, those of `internal`.
#[must_use]
pub fn text(code: &str, language: Language) -> Text {
    let rows = || requests::ROWS.iter().chain(refusals::ROWS);
    let row = rows().find(|row| row.code == code).or_else(|| rows().find(|row| row.code == "internal"));
    row.map_or(Text { title: "", detail: "" }, |row| row.in_language(language))
}

/// What is wrong with a field.
#[must_use]
pub fn fault_text(fault: Fault, language: Language) -> String {
    let words = fields::ROWS.iter().find(|row| row.code == fault.code()).map_or("", |row| match language {
        Language::Kazakh => row.kk,
        Language::Russian => row.ru,
        Language::English => row.en,
    });
    match fault {
        Fault::TooShort(n) | Fault::TooLong(n) | Fault::TooMany(n) => words.replace("{n}", &n.to_string()),
        _ => words.to_owned(),
    }
}

/// Every code with its words in every language, as the API's description holds them.
#[must_use]
pub fn described() -> serde_json::Value {
    let words = |row: &Row| {
        let said = |language: &Language| {
            let Text { title, detail } = row.in_language(*language);
            (language.to_string(), json!({ "title": title, "detail": detail }))
        };
        json!({ "code": row.code, "words": Language::ALL.iter().map(said).collect::<serde_json::Map<_, _>>() })
    };
    requests::ROWS.iter().chain(refusals::ROWS).map(words).collect()
}

struct Row {
    code: &'static str,
    kk: Text,
    ru: Text,
    en: Text,
}

impl Row {
    fn in_language(&self, language: Language) -> Text {
        match language {
            Language::Kazakh => self.kk,
            Language::Russian => self.ru,
            Language::English => self.en,
        }
    }
}

/// Each language as `[title, detail]`.
const fn row(code: &'static str, kk: [&'static str; 2], ru: [&'static str; 2], en: [&'static str; 2]) -> Row {
    Row { code, kk: Text::of(kk), ru: Text::of(ru), en: Text::of(en) }
}

impl Text {
    const fn of([title, detail]: [&'static str; 2]) -> Self {
        Self { title, detail }
    }
}

struct FaultRow {
    code: &'static str,
    kk: &'static str,
    ru: &'static str,
    en: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::Problem;
    use crate::model::refusal::Refusal;
    use crate::storage::StorageError;
    use std::collections::BTreeSet;

    fn rows() -> impl Iterator<Item = &'static Row> {
        requests::ROWS.iter().chain(refusals::ROWS)
    }

    fn has_words(code: &str) -> bool {
        rows().any(|row| row.code == code)
    }

    #[test]
    fn everything_that_the_model_refuses_has_words() {
        for refusal in Refusal::ALL {
            assert!(has_words(refusal.code()), "{}", refusal.code());
        }
    }

    #[test]
    fn everything_that_storage_answers_has_words() {
        let path = || "x".to_owned();
        let errors = [
            StorageError::Missing("user"),
            StorageError::Exists("user"),
            StorageError::Dangling("user"),
            StorageError::KeyReused,
            StorageError::Unaudited,
            StorageError::NotABackup { path: path() },
        ];
        for error in errors {
            assert!(has_words(error.code()), "{}", error.code());
        }
    }

    #[test]
    fn everything_that_a_request_may_get_has_words() {
        let problems = [
            Problem::BadRequest,
            Problem::BadBody,
            Problem::InvitationInvalid,
            Problem::InvitationExpired,
            Problem::RateLimited,
            Problem::NotFound,
            Problem::MethodNotAllowed,
            Problem::Forbidden,
            Problem::NotSignedIn,
            Problem::SignInRefused,
            Problem::PasswordChangeRequired,
            Problem::LockedOut(std::time::Duration::ZERO),
            Problem::PairingCodeWrong,
            Problem::PreconditionRequired,
            Problem::Invalid(Vec::new()),
            Problem::Draining,
            Problem::Busy,
            Problem::Internal,
        ];
        for problem in problems {
            assert!(has_words(problem.code()), "{}", problem.code());
        }
    }

    #[test]
    fn every_fault_has_words_with_its_number() {
        let numbered = [Fault::TooShort(7), Fault::TooLong(7), Fault::TooMany(7)];
        let plain = [
            Fault::Missing,
            Fault::Malformed,
            Fault::Unknown,
            Fault::OutOfRange,
            Fault::CheckDigit,
            Fault::Past,
            Fault::Future,
            Fault::Contradicts,
            Fault::Guessable,
        ];
        for language in Language::ALL {
            for fault in numbered.iter().chain(&plain) {
                let words = fault_text(*fault, *language);
                assert!(!words.is_empty() && !words.contains('{'), "{fault:?} in {language}: {words}");
                assert_eq!(words.contains('7'), numbered.contains(fault), "{fault:?} in {language}: {words}");
            }
        }
    }

    #[test]
    fn a_code_stands_once_and_no_two_say_the_same() {
        let mut codes = BTreeSet::new();
        for row in rows() {
            assert!(codes.insert(row.code), "{}", row.code);
        }
        for language in Language::ALL {
            let titles: BTreeSet<_> = rows().map(|row| row.in_language(*language).title).collect();
            assert_eq!(titles.len(), codes.len(), "two titles are the same in {language}");
        }
    }

    #[test]
    fn each_text_is_in_its_own_language() {
        let faults = fields::ROWS.iter().map(|row| (row.code, [row.kk, row.ru, row.en].map(str::to_owned)));
        let whole = |text: Text| format!("{}. {}", text.title, text.detail);
        let problems = rows().map(|row| (row.code, [row.kk, row.ru, row.en].map(whole)));
        let is_cyrillic = |c: char| ('\u{400}'..='\u{4ff}').contains(&c);
        for (code, [kk, ru, en]) in faults.chain(problems) {
            assert!(kk.chars().any(|c| "әғқңөұүһіӘҒҚҢӨҰҮҺІ".contains(c)), "{code}: {kk}");
            assert!(ru.chars().any(is_cyrillic) && !ru.chars().any(|c| "әғқңөұүһі".contains(c)), "{code}: {ru}");
            assert!(en.is_ascii(), "{code}: {en}");
        }
    }

    #[test]
    fn a_problem_says_what_to_do() {
        for row in rows() {
            for language in Language::ALL {
                let Text { title, detail } = row.in_language(*language);
                assert!(!title.ends_with('.') && detail.ends_with('.'), "{} in {language}", row.code);
                assert!(title.chars().count() <= 60, "{} in {language}: {title}", row.code);
            }
        }
    }

    #[test]
    fn a_code_without_words_is_the_servers_failure() {
        assert_eq!(text("no_such_code", Language::English).title, "The server failed");
    }
}
