//! Invitations (in links) and join tokens (in `join`): what a person may enter as, sealed with AES-256-GCM.
//!
//! Sealed rather than signed alone: an invitation carries a name and travels in an SMS, where nobody on the way should read it.
//! The tag is compared in constant time by the cipher; the use is authenticated data, so an invitation is no join token.
//! Nothing is stored here, and nothing of a token may be logged.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kenes_signaling::message::Role;
use kenes_signaling::time::UnixMillis;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

/// Within the data folder.
const KEY_FILE: &str = "tokens.key";
const KEY_BYTES: usize = 32;

/// Longer text is refused before it is decoded. The longest honest token, with two names of 200 characters, has about 1,400.
pub const MAX_TOKEN_BYTES: usize = 2048;

/// Who may enter where. Field names are short because a patient's phone reads them from a QR code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Unguessable or internal; never a person's or a visit's number.
    #[serde(rename = "r")]
    pub room: String,
    /// The person within the room, stable over reloads.
    #[serde(rename = "s")]
    pub subject: String,
    #[serde(rename = "o")]
    pub role: Role,
    #[serde(rename = "n")]
    pub name: String,
    #[serde(rename = "t")]
    pub room_title: String,
    #[serde(rename = "l")]
    pub language: String,
    #[serde(rename = "e")]
    pub expires_ms: UnixMillis,
}

/// What a token is good for; a token of one use opens as no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Invitation,
    Join,
    /// A sign-in at a provider, in its browser's cookie.
    SignIn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not ours, altered, or of another use.
    #[error("the token is not valid")]
    Invalid,
    #[error("the token has expired")]
    Expired,
}

pub struct TokenKey {
    key: RandomizedNonceKey,
}

impl TokenKey {
    /// # Errors
    /// The cipher refused the key.
    pub fn new(key: [u8; KEY_BYTES]) -> Result<Self, Unspecified> {
        Ok(Self { key: RandomizedNonceKey::new(&AES_256_GCM, &key)? })
    }

    /// # Errors
    /// The system's random source or the cipher failed.
    pub fn seal<T: Serialize>(&self, purpose: Use, value: &T) -> Result<String, Unspecified> {
        let mut text = serde_json::to_vec(value).map_err(|_| Unspecified)?;
        let nonce = self.key.seal_in_place_append_tag(purpose.associated_data(), &mut text)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.extend_from_slice(&text);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// # Errors
    /// [`TokenError::Expired`] only for a token that is otherwise ours.
    pub fn open(&self, purpose: Use, token: &str, now: UnixMillis) -> Result<Grant, TokenError> {
        let grant: Grant = self.open_sealed(purpose, token).ok_or(TokenError::Invalid)?;
        if grant.expires_ms <= now { Err(TokenError::Expired) } else { Ok(grant) }
    }

    /// What was sealed, whatever the time; `None`: not ours, altered, or of another use.
    #[must_use]
    pub fn open_sealed<T: DeserializeOwned>(&self, purpose: Use, token: &str) -> Option<T> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let mut sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, text) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let text = self.key.open_in_place(nonce, purpose.associated_data(), text).ok()?;
        serde_json::from_slice(text).ok()
    }
}

/// A key for another purpose, from which this one cannot be told.
#[must_use]
pub fn derived(key: &[u8; KEY_BYTES], purpose: &[u8]) -> [u8; KEY_BYTES] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), purpose);
    std::array::from_fn(|index| tag.as_ref().get(index).copied().unwrap_or_default())
}

/// The key that `folder` keeps, made when there is none; readable by the server's user alone.
///
/// # Errors
/// The file cannot be read or written, or holds no key.
pub fn kept_key(folder: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let file = folder.join(KEY_FILE);
    match fs::read(&file) {
        Ok(bytes) => bytes.try_into().map_err(|_| io::Error::other(format!("{} holds no key", file.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; KEY_BYTES];
            aws_lc_rs::rand::fill(&mut key).map_err(|_| io::Error::other("the system's random source failed"))?;
            write_private(&file, &key)?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

/// Whole or not at all: a key half-written would end every link at the next start.
fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = file.with_extension("new");
    fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(&unfinished)?;
    open.write_all(bytes)?;
    open.sync_all()?;
    fs::rename(&unfinished, file)
}

impl Use {
    fn associated_data(self) -> Aad<&'static [u8]> {
        Aad::from(match self {
            Self::Invitation => b"kenes invitation 1".as_slice(),
            Self::Join => b"kenes join 1".as_slice(),
            Self::SignIn => b"kenes sign-in 1".as_slice(),
        })
    }
}

impl Grant {
    /// The same grant, to be used within `life` and never longer than itself.
    #[must_use]
    pub fn shortened(&self, now: UnixMillis, life: Duration) -> Self {
        Self { expires_ms: self.expires_ms.min(now.plus(life)), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_790_000_000_000);

    fn grant() -> Grant {
        Grant {
            room: "demo-1".into(),
            subject: "patient".into(),
            role: Role::Patient,
            name: "Айгүл".into(),
            room_title: "Кардиолог".into(),
            language: "kk".into(),
            expires_ms: after(1000),
        }
    }

    fn after(ms: u64) -> UnixMillis {
        NOW.plus(Duration::from_millis(ms))
    }

    fn key() -> TokenKey {
        TokenKey::new([7; 32]).unwrap()
    }

    #[test]
    fn a_token_opens_to_what_was_sealed() {
        let token = key().seal(Use::Join, &grant()).unwrap();
        assert!(key().open(Use::Join, &token, NOW).is_ok_and(|opened| opened == grant()));
    }

    #[test]
    fn an_invitation_is_no_join_token() {
        let token = key().seal(Use::Invitation, &grant()).unwrap();
        assert_eq!(key().open(Use::Join, &token, NOW).err(), Some(TokenError::Invalid));
    }

    #[test]
    fn a_token_expires_at_its_time() {
        let token = key().seal(Use::Join, &grant()).unwrap();
        assert!(key().open(Use::Join, &token, after(999)).is_ok());
        assert_eq!(key().open(Use::Join, &token, after(1000)).err(), Some(TokenError::Expired));
    }

    #[test]
    fn any_altered_character_makes_a_token_invalid() {
        let token = key().seal(Use::Join, &grant()).unwrap();
        for index in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[index] = if altered[index] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            if altered != token {
                assert_eq!(key().open(Use::Join, &altered, NOW).err(), Some(TokenError::Invalid), "at {index}");
            }
        }
    }

    #[test]
    fn a_token_of_another_key_is_invalid() {
        let token = TokenKey::new([8; 32]).unwrap().seal(Use::Join, &grant()).unwrap();
        assert_eq!(key().open(Use::Join, &token, NOW).err(), Some(TokenError::Invalid));
    }

    #[test]
    fn a_name_cannot_be_read_from_a_token() {
        let token = key().seal(Use::Invitation, &grant()).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
        assert!(!bytes.windows(5 * 2).any(|window| window == "Айгүл".as_bytes()));
    }

    #[test]
    fn garbage_is_invalid() {
        for garbage in ["", "A", "AAAA", "no base64!", &"A".repeat(MAX_TOKEN_BYTES + 1), &"A".repeat(60)] {
            assert_eq!(key().open(Use::Join, garbage, NOW).err(), Some(TokenError::Invalid));
        }
    }

    #[test]
    fn a_shortened_grant_never_outlives_the_grant() {
        assert_eq!(grant().shortened(NOW, Duration::from_millis(10)).expires_ms, after(10));
        assert_eq!(grant().shortened(NOW, Duration::from_secs(60)).expires_ms, after(1000));
    }
}
