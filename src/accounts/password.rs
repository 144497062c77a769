//! Passwords: Argon2id (RFC 9106) at OWASP's parameters, off the async threads, a few at a time, since each takes 19 MiB.

use super::secret;
use crate::model::private::Private;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// KiB, passes, lanes: what OWASP asks of Argon2id at least; tens of milliseconds on a hospital's machine.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Hashes under way at once.
const AT_ONCE: usize = 2;

/// Nothing of a password's fate but this leaves the module.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed")]
pub struct HashFailed;

#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// Verified when there is no such login, so that an unknown one takes as long as a known one.
    decoy: Arc<str>,
}

impl Passwords {
    /// # Errors
    /// The system's random source failed.
    pub fn new() -> Result<Self, HashFailed> {
        let decoy = hash("nobody's")?.into();
        Ok(Self { turns: Arc::new(Semaphore::new(AT_ONCE)), decoy })
    }

    /// The password in the PHC string format.
    ///
    /// # Errors
    /// The system's random source failed.
    pub async fn hash(&self, password: &Private<String>) -> Result<String, HashFailed> {
        let password = password.clone();
        self.in_turn(move || hash(password.reveal())).await?
    }

    /// Whether `password` is the one that was hashed; `None` is nobody's and never right.
    ///
    /// # Errors
    /// What is kept is no hash.
    pub async fn verify(&self, password: &Private<String>, hashed: Option<String>) -> Result<bool, HashFailed> {
        let password = password.clone();
        let is_known = hashed.is_some();
        let hashed = hashed.unwrap_or_else(|| self.decoy.to_string());
        let is_right = self.in_turn(move || verify(password.reveal(), &hashed)).await??;
        Ok(is_right && is_known)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashFailed> {
        let _turn = self.turns.acquire().await.map_err(|_| HashFailed)?;
        spawn_blocking(work).await.map_err(|_| HashFailed)
    }
}

fn argon2() -> Result<Argon2<'static>, HashFailed> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|_| HashFailed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, HashFailed> {
    let salt = secret::random::<16>().map_err(|_| HashFailed)?;
    Ok(argon2()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| HashFailed)?.to_string())
}

/// With the parameters that stand in the hash, so that older ones stay readable when they are raised.
fn verify(password: &str, hashed: &str) -> Result<bool, HashFailed> {
    let parsed = PasswordHash::new(hashed).map_err(|_| HashFailed)?;
    Ok(argon2()?.verify_password(password.as_bytes(), &parsed).is_ok())
}

/// A password to be typed once: without letters and digits that look alike.
///
/// # Errors
/// The system's random source failed.
pub fn one_time() -> Result<Private<String>, HashFailed> {
    /// 32 of them: a random byte's five bits choose one without bias.
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789-";
    let bytes = secret::random::<16>().map_err(|_| HashFailed)?;
    let letter = |byte: &u8| LETTERS.get(usize::from(byte & 31)).copied().map(char::from);
    Ok(Private::new(bytes.iter().filter_map(letter).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private(text: &str) -> Private<String> {
        Private::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_right_or_wrong_and_two_hashes_differ() {
        let passwords = Passwords::new().unwrap();
        let hashed = passwords.hash(&private("құпия сөз 1")).await.unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(passwords.verify(&private("құпия сөз 1"), Some(hashed.clone())).await.unwrap());
        assert!(!passwords.verify(&private("құпия сөз 2"), Some(hashed.clone())).await.unwrap());
        assert_ne!(passwords.hash(&private("құпия сөз 1")).await.unwrap(), hashed);
    }

    #[tokio::test]
    async fn nobodys_password_is_never_right() {
        assert!(!Passwords::new().unwrap().verify(&private("nobody's"), None).await.unwrap());
    }

    #[test]
    fn a_one_time_password_has_sixteen_letters() {
        assert_eq!(one_time().unwrap().reveal().len(), 16);
    }
}
