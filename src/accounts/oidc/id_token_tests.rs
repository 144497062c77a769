//! Each rule of the specification, broken one at a time.

use super::*;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::{EncodingKey, encode};
use serde_json::json;

const NOW: UnixMillis = UnixMillis(1_795_435_200_000);
const NOW_S: u64 = NOW.0 / 1000;
const EXPECTED: Expected<'_> = Expected { issuer: "https://id.example", client_id: "kenes", nonce: "n-1" };

struct Signer {
    key: EncodingKey,
    kid: &'static str,
}

impl Signer {
    fn new(kid: &'static str) -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        Self { key: EncodingKey::from_ec_der(pkcs8.as_ref()), kid }
    }

    fn jwk(&self) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.key, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some(self.kid.to_owned());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &self.key).unwrap()
    }
}

fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": "https://id.example", "sub": "subject-1", "aud": "kenes", "nonce": "n-1",
        "iat": NOW_S, "exp": NOW_S + 300, "preferred_username": "aigul",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn judge(changes: &Value) -> Result<Claims, TokenFault> {
    let signer = Signer::new("k1");
    verify(&signer.sign(&claims(changes)), &JwkSet { keys: vec![signer.jwk()] }, &EXPECTED, NOW)
}

#[test]
fn a_token_of_the_provider_for_this_sign_in_is_taken() {
    let claims = judge(&json!({})).ok().unwrap();
    assert_eq!((claims.sub.as_str(), claims.login("preferred_username").as_deref()), ("subject-1", Some("aigul")));
    assert!(judge(&json!({ "aud": ["kenes"] })).is_ok());
    assert!(judge(&json!({ "aud": ["kenes", "other"], "azp": "kenes" })).is_ok());
}

#[test]
fn a_claim_that_is_wrong_or_missing_is_refused() {
    let cases = [
        (json!({ "iss": "https://evil.example" }), TokenFault::Invalid),
        (json!({ "iss": null }), TokenFault::Invalid),
        (json!({ "aud": "other" }), TokenFault::Invalid),
        (json!({ "aud": null }), TokenFault::Invalid),
        (json!({ "sub": null }), TokenFault::Invalid),
        (json!({ "exp": null }), TokenFault::Invalid),
        (json!({ "aud": ["kenes", "other"] }), TokenFault::Party),
        (json!({ "azp": "other" }), TokenFault::Party),
        (json!({ "nonce": "n-2" }), TokenFault::Nonce),
        (json!({ "nonce": null }), TokenFault::Nonce),
        (json!({ "exp": NOW_S - 61 }), TokenFault::Time),
        (json!({ "iat": NOW_S + 61 }), TokenFault::Time),
    ];
    for (changes, fault) in cases {
        assert_eq!(judge(&changes).err(), Some(fault), "{changes}");
    }
}

#[test]
fn clocks_may_be_a_minute_apart() {
    assert!(judge(&json!({ "exp": NOW_S - 59 })).is_ok());
    assert!(judge(&json!({ "iat": NOW_S + 59 })).is_ok());
}

#[test]
fn a_key_that_the_provider_does_not_publish_signs_nothing() {
    let (ours, forger) = (Signer::new("k1"), Signer::new("k1"));
    let keys = JwkSet { keys: vec![ours.jwk()] };
    let token = forger.sign(&claims(&json!({})));
    assert_eq!(verify(&token, &keys, &EXPECTED, NOW).err(), Some(TokenFault::Invalid));
    let token = Signer::new("k2").sign(&claims(&json!({})));
    assert_eq!(verify(&token, &keys, &EXPECTED, NOW).err(), Some(TokenFault::UnknownKey));
}

#[test]
fn a_key_for_encryption_signs_nothing() {
    let signer = Signer::new("k1");
    let mut jwk = signer.jwk();
    jwk.common.public_key_use = Some(PublicKeyUse::Encryption);
    let token = signer.sign(&claims(&json!({})));
    let fault = verify(&token, &JwkSet { keys: vec![jwk] }, &EXPECTED, NOW).err();
    assert_eq!(fault, Some(TokenFault::UnknownKey));
}

#[test]
fn a_shared_secret_and_no_signature_at_all_are_refused() {
    let keys = JwkSet { keys: vec![Signer::new("k1").jwk()] };
    let secret = EncodingKey::from_secret(b"the provider's public key, for instance");
    let token = encode(&Header::new(Algorithm::HS256), &claims(&json!({})), &secret).unwrap();
    assert_eq!(verify(&token, &keys, &EXPECTED, NOW).err(), Some(TokenFault::Algorithm));
    // {"alg":"none"}, {}
    for token in ["eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJub25lIn0.e30", "", "a.b.c"] {
        assert_eq!(verify(token, &keys, &EXPECTED, NOW).err(), Some(TokenFault::Malformed), "{token}");
    }
}

#[test]
fn an_email_address_that_is_not_verified_names_nobody() {
    let login = |changes: &Value| judge(changes).ok().unwrap().login("email");
    assert_eq!(login(&json!({ "email": "a@example", "email_verified": true })).as_deref(), Some("a@example"));
    assert_eq!(login(&json!({ "email": "a@example", "email_verified": false })), None);
    assert_eq!(login(&json!({ "email": "a@example" })), None);
}

#[test]
fn what_is_said_of_somebody_else_names_nobody() {
    let claims = judge(&json!({})).ok().unwrap();
    let login = |userinfo: &Value| claims.login_in(userinfo.as_object().unwrap(), "nickname");
    assert_eq!(login(&json!({ "sub": "subject-1", "nickname": "a" })).as_deref(), Some("a"));
    assert_eq!(login(&json!({ "sub": "subject-2", "nickname": "a" })), None);
    assert_eq!(login(&json!({ "nickname": "a" })), None);
}
