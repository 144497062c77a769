//! An integrator's key: for which source of referrals, at which site, with which of the integrator's rights, until when. Holds the key's
//! digest and never the key. No clock, no SQL.

use super::account::USE_NOTED_EVERY;
use super::ids::{ApiKeyId, SiteId, UserId};
use super::invalid::{Fault, Fields, Invalid, TextLimit};
use super::join_link::TokenHash;
use super::role::{Right, Role};
use super::time::{UnixMillis, parse_rfc3339};
use super::words::UnknownWord;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What every key begins with, for people and for scanners of leaked ones.
pub const PREFIX: &str = "kk_";
/// A key that nobody renews ends by itself.
pub const MAX_LIFE: Duration = Duration::from_secs(2 * 366 * 24 * 60 * 60);

const NAME: TextLimit = TextLimit { min: 2, max: 80 };
/// As a referral's.
const SOURCE: TextLimit = TextLimit { min: 1, max: 40 };

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub hash: TokenHash,
    pub details: NewApiKey,
    pub used: Option<UnixMillis>,
    pub revoked: Option<UnixMillis>,
    pub created_by: Option<UserId>,
    pub created: UnixMillis,
}

/// A key's fields, each found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiKey {
    /// Of the program that holds the key.
    pub name: String,
    pub site: SiteId,
    /// What this key calls its own.
    pub source: String,
    pub scopes: Scopes,
    pub expires: UnixMillis,
}

impl ApiKey {
    #[must_use]
    pub fn is_alive(&self, now: UnixMillis) -> bool {
        self.revoked.is_none() && now < self.details.expires
    }

    #[must_use]
    pub fn is_use_due(&self, now: UnixMillis) -> bool {
        self.used.is_none_or(|used| now.since(used) >= USE_NOTED_EVERY)
    }
}

/// Which of the integrator's rights a key has. Written as sorted words with commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(Vec<Right>);

impl Scopes {
    #[must_use]
    pub fn contains(&self, right: Right) -> bool {
        self.0.contains(&right)
    }

    #[must_use]
    pub fn as_slice(&self) -> &[Right] {
        &self.0
    }
}

impl FromIterator<Right> for Scopes {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        let mut sorted: Vec<_> = rights.into_iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        Self(sorted)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|right| right.as_str()).collect();
        f.write_str(&words.join(","))
    }
}

impl FromStr for Scopes {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        text.split(',').filter(|word| !word.is_empty()).map(str::parse).collect()
    }
}

#[derive(Clone, Default)]
pub struct ApiKeyInput {
    pub name: Option<String>,
    pub site: Option<String>,
    pub source: Option<String>,
    pub scopes: Option<Vec<String>>,
    pub expires: Option<String>,
}

impl NewApiKey {
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &ApiKeyInput, now: UnixMillis) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let name = fields.line("name", input.name.as_deref(), NAME);
        let site = fields.required("site", input.site.as_deref());
        let source = fields.line("source", input.source.as_deref(), SOURCE);
        let scopes = fields.take("scopes", scopes(input.scopes.as_deref()));
        let expires = fields.take("expires", expires(input.expires.as_deref(), now));
        fields
            .finish((|| Some(Self { name: name?, site: site?, source: source?, scopes: scopes?, expires: expires? }))())
    }
}

fn scopes(words: Option<&[String]>) -> Result<Scopes, Fault> {
    let words = words.filter(|words| !words.is_empty()).ok_or(Fault::Missing)?;
    let rights = words.iter().map(|word| word.parse::<Right>());
    let scopes: Scopes = rights.collect::<Result<_, _>>()?;
    let are_integrators = scopes.0.iter().all(|right| Role::Integrator.reach(*right).is_some());
    if are_integrators { Ok(scopes) } else { Err(Fault::OutOfRange) }
}

fn expires(text: Option<&str>, now: UnixMillis) -> Result<UnixMillis, Fault> {
    let expires = parse_rfc3339(text.ok_or(Fault::Missing)?)?;
    match expires {
        expires if expires <= now => Err(Fault::Past),
        expires if expires > now.plus(MAX_LIFE) => Err(Fault::OutOfRange),
        expires => Ok(expires),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{DAY, NOON, id};

    fn input() -> ApiKeyInput {
        ApiKeyInput {
            name: Some("Damumed".to_owned()),
            site: Some(id::<SiteId>(1).to_string()),
            source: Some("damumed".to_owned()),
            scopes: Some(vec!["referrals:write".to_owned(), "referrals:read".to_owned()]),
            expires: Some("2027-11-23T12:00:00.000Z".to_owned()),
        }
    }

    fn fault(input: &ApiKeyInput) -> (&'static str, Fault) {
        let faults = NewApiKey::validate(input, NOON).unwrap_err().0;
        assert_eq!(faults.len(), 1, "{faults:?}");
        (faults[0].field, faults[0].fault)
    }

    #[test]
    fn a_key_has_no_right_that_an_integrator_lacks() {
        let scopes = |word: &str| ApiKeyInput { scopes: Some(vec![word.to_owned()]), ..input() };
        assert!(NewApiKey::validate(&scopes("conclusions:read"), NOON).is_ok());
        assert_eq!(fault(&scopes("users:write")), ("scopes", Fault::OutOfRange));
        assert_eq!(fault(&scopes("everything")), ("scopes", Fault::Unknown));
        assert_eq!(fault(&ApiKeyInput { scopes: Some(Vec::new()), ..input() }), ("scopes", Fault::Missing));
    }

    #[test]
    fn a_key_ends_within_two_years() {
        let until = |text: &str| ApiKeyInput { expires: Some(text.to_owned()), ..input() };
        assert_eq!(fault(&until("2026-11-23T12:00:00.000Z")), ("expires", Fault::Past));
        assert_eq!(fault(&until("2029-01-01T00:00:00.000Z")), ("expires", Fault::OutOfRange));
        assert_eq!(fault(&until("2027-11-23")), ("expires", Fault::Malformed));
        assert_eq!(fault(&ApiKeyInput { expires: None, ..input() }), ("expires", Fault::Missing));
    }

    #[test]
    fn a_key_lives_until_it_ends_or_is_revoked() {
        let details = NewApiKey::validate(&input(), NOON).unwrap();
        let hash = TokenHash([1; 32]);
        let key = ApiKey { id: id(2), hash, details, used: None, revoked: None, created_by: None, created: NOON };
        assert!(key.is_alive(NOON.plus(364 * DAY)));
        assert!(!key.is_alive(NOON.plus(365 * DAY)));
        assert!(!ApiKey { revoked: Some(NOON), ..key }.is_alive(NOON));
    }

    #[test]
    fn scopes_are_sorted_and_come_once() {
        let scopes: Scopes = "conclusions:read,referrals:read,referrals:read".parse().unwrap();
        assert_eq!(scopes.to_string(), "referrals:read,conclusions:read");
    }
}
