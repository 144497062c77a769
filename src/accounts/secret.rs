//! Secrets that only their holder has: the server keeps the SHA-256 of 256 random bits, which needs no salt and no slow hash.

use crate::model::join_link::TokenHash;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A new secret, to be handed out once.
pub struct Secret {
    pub text: String,
    pub hash: TokenHash,
}

impl Secret {
    /// `prefix` tells the kinds of secrets apart, for people and for scanners of leaked ones.
    ///
    /// # Errors
    /// The system's random source failed.
    pub fn random(prefix: &str) -> Result<Self, Unspecified> {
        let text = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random::<32>()?));
        let hash = hash(&text);
        Ok(Self { text, hash })
    }
}

/// What is kept of a secret, and what it is found by.
#[must_use]
pub fn hash(text: &str) -> TokenHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    TokenHash(hash)
}

/// # Errors
/// The system's random source failed.
pub fn random<const N: usize>() -> Result<[u8; N], Unspecified> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_by_its_text_and_no_two_are_alike() {
        let (one, other) = (Secret::random("s_").unwrap(), Secret::random("s_").unwrap());
        assert!(one.text.starts_with("s_") && one.text.len() == 2 + 43);
        assert!(hash(&one.text) == one.hash && one.hash != other.hash);
    }
}
