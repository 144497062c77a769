//! Judges an ID token (OpenID Connect Core 1.0 §3.1.3.7). Pure: keys and time are parameters; the signature and the claims that any JWT has are
//! `jsonwebtoken`'s.

use crate::model::time::UnixMillis;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// What a signature may be: the provider's key pair, never a secret that both sides share.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// How far the provider's clock may be from ours.
const LEEWAY: Duration = Duration::from_secs(60);

pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
}

#[derive(Deserialize)]
pub(super) struct Claims {
    pub(super) sub: String,
    exp: f64,
    iat: f64,
    aud: Value,
    azp: Option<String>,
    nonce: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Carries nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    #[error("it is no signed token")]
    Malformed,
    #[error("it is not signed by an algorithm that is allowed")]
    Algorithm,
    #[error("it is signed by a key that the provider does not publish")]
    UnknownKey,
    #[error("signature, issuer, audience or a claim that it must have is wrong")]
    Invalid,
    #[error("it has expired, or is from the future")]
    Time,
    #[error("it was made for another client")]
    Party,
    #[error("it was made for another sign-in")]
    Nonce,
}

pub(super) fn verify(
    token: &str,
    keys: &JwkSet,
    expected: &Expected<'_>,
    now: UnixMillis,
) -> Result<Claims, TokenFault> {
    let header = decode_header(token).map_err(|_| TokenFault::Malformed)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(TokenFault::Algorithm);
    }
    let key = DecodingKey::from_jwk(find_key(keys, &header).ok_or(TokenFault::UnknownKey)?);
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
    // Against `now`, below.
    validation.validate_exp = false;
    let key = key.map_err(|_| TokenFault::UnknownKey)?;
    let claims = decode::<Claims>(token, &key, &validation).map_err(|_| TokenFault::Invalid)?.claims;
    claims.check(expected, now)?;
    Ok(claims)
}

/// The key that the header names; it need not name the only one (RFC 7515 §4.1.4).
fn find_key<'a>(keys: &'a JwkSet, header: &Header) -> Option<&'a Jwk> {
    let signs = |key: &&Jwk| key.common.public_key_use.as_ref().is_none_or(|use_| *use_ == PublicKeyUse::Signature);
    let mut signing = keys.keys.iter().filter(signs);
    match &header.kid {
        Some(kid) => signing.find(|key| key.common.key_id.as_ref() == Some(kid)),
        None => signing.next().filter(|_| signing.next().is_none()),
    }
}

impl Claims {
    fn check(&self, expected: &Expected<'_>, now: UnixMillis) -> Result<(), TokenFault> {
        let now = Duration::from_millis(now.0).as_secs_f64();
        let leeway = LEEWAY.as_secs_f64();
        if self.exp + leeway <= now || self.iat - leeway > now {
            return Err(TokenFault::Time);
        }
        let has_other_audience = self.aud.as_array().is_some_and(|audiences| audiences.len() > 1);
        match self.azp.as_deref() {
            Some(azp) if azp != expected.client_id => return Err(TokenFault::Party),
            None if has_other_audience => return Err(TokenFault::Party),
            _ => {}
        }
        if self.nonce.as_deref() == Some(expected.nonce) { Ok(()) } else { Err(TokenFault::Nonce) }
    }

    /// The claim that names the account.
    pub(super) fn login(&self, claim: &str) -> Option<String> {
        if claim == "sub" { Some(self.sub.clone()) } else { login_among(&self.others, claim) }
    }

    /// The same in what the provider says of the same person elsewhere (OpenID Connect Core 1.0 §5.3.2).
    pub(super) fn login_in(&self, userinfo: &Map<String, Value>, claim: &str) -> Option<String> {
        let is_same = userinfo.get("sub").and_then(Value::as_str) == Some(&self.sub);
        if is_same { login_among(userinfo, claim) } else { None }
    }
}

/// An e-mail address that the provider has not verified is anybody's.
fn login_among(claims: &Map<String, Value>, claim: &str) -> Option<String> {
    if claim == "email" && claims.get("email_verified") != Some(&Value::Bool(true)) {
        return None;
    }
    claims.get(claim)?.as_str().map(str::to_owned)
}

#[cfg(test)]
#[path = "id_token_tests.rs"]
mod tests;
