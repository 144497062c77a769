//! Who may allocate: user names that carry their own end, and passwords that follow from them by a secret. Nothing is kept for those that
//! are handed out; who holds allocations is counted.
//!
//! The form (`end:name`, password = base64 of an HMAC-SHA1) is the one that every TURN server and client of WebRTC knows.

use crate::stun::Key;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dashmap::DashMap;
use std::fmt::Write as _;
use std::time::Duration;

pub(crate) const REALM: &str = "kenes";
/// A person's pages, old and new, on two IP versions.
const MAX_ALLOCATIONS: u32 = 8;
/// User names are ours; a longer one is nobody's.
const MAX_USERNAME: usize = 64;

/// What a client needs beside the URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    pub username: String,
    pub password: String,
}

pub(crate) struct Credentials {
    secret: hmac::Key,
    /// Of the wall clock: user names are good on every server that shares the secret.
    unix_seconds: fn() -> u64,
    /// Allocations by user name.
    held: DashMap<String, u32>,
}

impl Credentials {
    pub(crate) fn new(secret: &[u8; 32], unix_seconds: fn() -> u64) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
        Self { secret, unix_seconds, held: DashMap::new() }
    }

    /// For whoever holds a fresh one; it says nothing of the person.
    pub(crate) fn issue(&self, life: Duration) -> Result<Credential, aws_lc_rs::error::Unspecified> {
        let mut random = [0; 9];
        aws_lc_rs::rand::fill(&mut random)?;
        let mut username = format!("{}:", (self.unix_seconds)().saturating_add(life.as_secs()));
        for byte in random {
            // Writing to a String cannot fail.
            let _ = write!(username, "{byte:02x}");
        }
        let password = self.password(&username);
        Ok(Credential { username, password })
    }

    /// The key of a user name, unless it has ended or never was one; whether the client knows it, the message's integrity says.
    pub(crate) fn key(&self, username: &str) -> Option<Key> {
        let (end, _) = username.split_once(':').filter(|_| username.len() <= MAX_USERNAME)?;
        let is_over = end.parse::<u64>().ok()? < (self.unix_seconds)();
        (!is_over).then(|| Key::long_term(username, REALM, &self.password(username)))
    }

    fn password(&self, username: &str) -> String {
        STANDARD.encode(hmac::sign(&self.secret, username.as_bytes()))
    }

    /// One more allocation of an authentic user; `None` when there are enough.
    pub(crate) fn hold(&self, username: &str) -> Option<Held<'_>> {
        let mut held = self.held.entry(username.to_owned()).or_default();
        if *held >= MAX_ALLOCATIONS {
            return None;
        }
        *held += 1;
        Some(Held { credentials: self, username: username.to_owned() })
    }
}

/// An allocation's place among its user's.
pub(crate) struct Held<'c> {
    credentials: &'c Credentials,
    pub(crate) username: String,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(mut held) = self.credentials.held.get_mut(&self.username) {
            *held = held.saturating_sub(1);
        }
        self.credentials.held.remove_if(&self.username, |_, held| *held == 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> u64 {
        1_000_000
    }

    fn credentials(unix_seconds: fn() -> u64) -> Credentials {
        Credentials::new(&[7; 32], unix_seconds)
    }

    #[test]
    fn a_credential_is_good_until_its_end_on_every_server_with_the_secret() {
        let issued = credentials(noon).issue(Duration::from_secs(60)).unwrap();
        assert!(credentials(|| 1_000_060).key(&issued.username).is_some());
        assert!(credentials(|| 1_000_061).key(&issued.username).is_none());
        assert_eq!(credentials(noon).password(&issued.username), issued.password);
        assert_ne!(Credentials::new(&[8; 32], noon).password(&issued.username), issued.password);
    }

    #[test]
    fn a_user_name_that_is_none_of_ours_has_no_key() {
        let long = format!("2000000:{}", "a".repeat(100));
        for username in ["", "anybody", ":", "soon:abc", "-1:abc", long.as_str()] {
            assert!(credentials(noon).key(username).is_none(), "{username}");
        }
    }

    #[test]
    fn a_user_holds_a_bounded_number_of_allocations_and_nothing_is_left_of_those_that_ended() {
        let credentials = credentials(noon);
        let mut held: Vec<_> = (0..MAX_ALLOCATIONS).map(|_| credentials.hold("a").unwrap()).collect();
        assert!(credentials.hold("a").is_none());
        assert!(credentials.hold("b").is_some());
        held.pop();
        assert!(credentials.hold("a").is_some());
        held.clear();
        assert!(credentials.held.is_empty());
    }
}
