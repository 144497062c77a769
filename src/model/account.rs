//! Sessions and passwords as rules: how long a session lives, what a password must be. Hashes nothing and reads no clock.

use super::ids::{CartId, SiteId, UserId};
use super::invalid::{Fault, FieldFault, Invalid};
use super::private::Private;
use super::role::Roles;
use super::time::UnixMillis;
use super::words::words;
use std::time::Duration;

/// A person's session ends after so long without a request: a shift and a half.
pub const IDLE: Duration = Duration::from_secs(12 * 60 * 60);
/// .. and after so long in any case.
pub const SESSION_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// A cart stays paired until it is unpaired or was away for a quarter.
pub const CART_SESSION_LIFE: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// A use is written down at most this often, so that reading costs no writing.
pub const USE_NOTED_EVERY: Duration = Duration::from_secs(5 * 60);

const MIN_PASSWORD: usize = 10;
/// Argon2 takes more; nobody types more.
const MAX_PASSWORD: usize = 200;
const MAX_LOGIN: usize = 80;

words! {
    /// How somebody proved to be a user. A one-time password is changed by whom it let in, not by whom a provider did.
    Proof {
        Password = "password",
        Oidc = "oidc",
    }
}

/// Who holds a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub holder: Holder,
    pub used: UnixMillis,
    pub expires: UnixMillis,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    User { id: UserId, site: SiteId, roles: Roles, must_change_password: bool },
    Cart { id: CartId, site: SiteId },
}

impl Session {
    #[must_use]
    pub fn is_alive(&self, now: UnixMillis) -> bool {
        let is_idle = matches!(self.holder, Holder::User { .. }) && now.since(self.used) >= IDLE;
        now < self.expires && !is_idle
    }

    #[must_use]
    pub fn is_use_due(&self, now: UnixMillis) -> bool {
        now.since(self.used) >= USE_NOTED_EVERY
    }
}

/// What somebody signs in with: the same in whatever case it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login(String);

impl Login {
    /// # Errors
    /// Empty, too long, or with characters that are not printed or separate words.
    pub fn new(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        match text.chars().count() {
            0 => Err(Fault::Missing),
            count if count > MAX_LOGIN => Err(Fault::TooLong(MAX_LOGIN)),
            _ if text.chars().any(|c| c.is_control() || c.is_whitespace()) => Err(Fault::Malformed),
            _ => Ok(Self(text.to_lowercase())),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Judges a new password.
///
/// # Errors
/// Too short, too long, or what somebody would try first.
pub fn check_password(login: &Login, password: &Private<String>) -> Result<(), Invalid> {
    let text = password.reveal();
    let lower = text.to_lowercase();
    let fault = match text.chars().count() {
        count if count < MIN_PASSWORD => Fault::TooShort(MIN_PASSWORD),
        count if count > MAX_PASSWORD => Fault::TooLong(MAX_PASSWORD),
        _ if lower.contains(login.as_str()) || is_common(&lower) => Fault::Guessable,
        _ => return Ok(()),
    };
    Err(Invalid(vec![FieldFault { field: "new", fault }]))
}

/// Long enough and tried first by everybody: one thing again and again, a run of the keyboard, or a common word with whatever behind it.
fn is_common(lower: &str) -> bool {
    let letters: Vec<char> = lower.chars().collect();
    let repeats = (1..=4).any(|length| letters.iter().zip(letters.iter().skip(length)).all(|(one, next)| one == next));
    let is_run = RUNS.iter().any(|run| run.contains(lower) || run.chars().rev().collect::<String>().contains(lower));
    let stem: String = lower.chars().filter(|c| c.is_alphabetic()).collect();
    repeats || is_run || COMMON.contains(&stem.as_str())
}

const RUNS: [&str; 6] = [
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "йцукенгшщзхъфывапролджэячсмитьбю",
];
/// Without their digits and signs.
const COMMON: [&str; 20] = [
    "password",
    "passw",
    "passwordpassword",
    "пароль",
    "парольпароль",
    "құпиясөз",
    "qwerty",
    "qwertyuiop",
    "йцукен",
    "admin",
    "administrator",
    "welcome",
    "iloveyou",
    "letmein",
    "changeme",
    "hospital",
    "kenes",
    "kazakhstan",
    "астана",
    "алматы",
];

/// Judges the password that follows `current`.
///
/// # Errors
/// As [`check_password`], or the same one again: a one-time password would stay for ever.
pub fn check_next_password(login: &Login, current: &Private<String>, new: &Private<String>) -> Result<(), Invalid> {
    if current == new {
        return Err(Invalid(vec![FieldFault { field: "new", fault: Fault::Contradicts }]));
    }
    check_password(login, new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{HOUR, NOON, id};

    fn session(holder: Holder) -> Session {
        Session { holder, used: NOON, expires: NOON.plus(SESSION_LIFE) }
    }

    #[test]
    fn a_persons_session_ends_by_idling_and_a_carts_does_not() {
        let user = Holder::User { id: id(1), site: id(2), roles: Roles::NONE, must_change_password: false };
        assert!(session(user.clone()).is_alive(NOON.plus(11 * HOUR)));
        assert!(!session(user).is_alive(NOON.plus(12 * HOUR)));
        let cart = session(Holder::Cart { id: id(3), site: id(2) });
        assert!(cart.is_alive(NOON.plus(100 * HOUR)));
        assert!(!cart.is_alive(NOON.plus(SESSION_LIFE)));
    }

    #[test]
    fn a_login_is_the_same_in_any_case() {
        assert_eq!(Login::new(" Aigul ").unwrap(), Login::new("aigul").unwrap());
        assert_eq!(Login::new("a b"), Err(Fault::Malformed));
        assert_eq!(Login::new("  "), Err(Fault::Missing));
    }

    #[test]
    fn a_password_is_long_and_not_the_login() {
        let check = |text: &str| check_password(&Login::new("aigul").unwrap(), &Private::new(text.to_owned()));
        assert!(check("qazaqstan-2026").is_ok());
        assert_eq!(check("short").unwrap_err().0[0].fault, Fault::TooShort(10));
        assert_eq!(check("Aigul-Aigul-1").unwrap_err().0[0].fault, Fault::Guessable);
    }

    #[test]
    fn what_everybody_tries_first_is_no_password() {
        let login = Login::new("aigul").unwrap();
        let check = |text: &str| check_password(&login, &Private::new(text.to_owned()));
        for common in [
            "1234567890",
            "0987654321",
            "qwertyuiop",
            "ЙЦУКЕНГШЩЗ",
            "aaaaaaaaaaaa",
            "20262026202",
            "Password2026!",
            "Пароль12345",
        ] {
            assert_eq!(check(common).unwrap_err().0[0].fault, Fault::Guessable, "{common}");
        }
        for sound in ["correct horse battery", "пароль от сейфа 7", "қара қарға 12", "7d0-k2m-q9x"]
        {
            assert!(check(sound).is_ok(), "{sound}");
        }
    }

    #[test]
    fn a_new_password_is_another() {
        let login = Login::new("aigul").unwrap();
        let (one, other) = (Private::new("one-time-words".to_owned()), Private::new("words of my own".to_owned()));
        assert_eq!(check_next_password(&login, &one, &one).unwrap_err().0[0].fault, Fault::Contradicts);
        assert!(check_next_password(&login, &one, &other).is_ok());
    }
}
