//! A small believable clinic for who starts Kenes for the first time: three sites and a telemedicine centre, the people of product.md,
//! and their week around `now`. Everything goes by the model's rules and storage's functions, in one transaction.
//!
//! Nobody in it exists. Knows no HTTP and no configuration; ids follow from the number that it is given, so that a test's are known.

mod cases;
mod people;
mod telling;

use crate::accounts::password::{HashFailed, Passwords};
use crate::model::account::Login;
use crate::model::invalid::Invalid;
use crate::model::private::Private;
use crate::model::refusal::Refusal;
use crate::model::time::{UnixMillis, Zone, before};
use crate::storage::{Author, Database, StorageError, accounts, messages, places};
use aws_lc_rs::{digest, hmac};
use std::time::Duration;

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A defect of the demo's own tables.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Password(#[from] HashFailed),
    #[error("the demo's tables do not fit together: {0}")]
    Misfit(&'static str),
}

/// The clinic was set up so long ago, in its own tale.
const BEGAN: Duration = Duration::from_secs(21 * 24 * 3600);
/// Any number will do outside of tests.
const SEED: u64 = 1;
const PASSWORD_LETTERS: usize = 12;

/// What opens the made-up people's desks: one word for all of them.
#[derive(Clone)]
pub struct Opening {
    pub password: Private<String>,
    /// Names to sign in by, each with its role's word.
    pub logins: Vec<(&'static str, &'static str)>,
}

/// The password of this server's made-up people: from the key that it keeps, so that no two servers have the same.
#[must_use]
pub fn password(key: &[u8]) -> Private<String> {
    /// 32 of them, none like another: a byte's five bits choose one.
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789x";
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"kenes demo password");
    let letter = |byte: &u8| LETTERS.get(usize::from(byte & 31)).copied().map(char::from);
    Private::new(tag.as_ref().iter().take(PASSWORD_LETTERS).filter_map(letter).collect())
}

/// Seeds an empty database. Answers what opens the clinic's desks, at this start and at each later one, until somebody changes it.
///
/// # Errors
/// The database failed; nothing is seeded then.
pub async fn open(
    database: &Database,
    passwords: &Passwords,
    password: Private<String>,
    now: UnixMillis,
    horizon: Duration,
    zone: &Zone,
) -> Result<Option<Opening>, DemoError> {
    let is_seeded = !places::sites(database).await?.is_empty();
    if !is_seeded {
        let hash = passwords.hash(&password).await?;
        seed(database, now, horizon, zone, SEED, Some(&hash)).await?;
    }
    let (first, _) = people::logins().next().ok_or(DemoError::Misfit("a login"))?;
    let credential = accounts::find_credential(database, &login(first)?).await?;
    let Some(credential) = credential else { return Ok(None) };
    let still_opens = !is_seeded || passwords.verify(&password, Some(credential.password_hash)).await?;
    Ok(still_opens.then(|| Opening { password, logins: people::logins().collect() }))
}

/// Seeds a database without any site; answers whether it did. `horizon` is how far ahead specialists can be booked. Without a
/// password nobody can sign in.
///
/// # Errors
/// The database failed; nothing is seeded then.
pub async fn seed(
    database: &Database,
    now: UnixMillis,
    horizon: Duration,
    zone: &Zone,
    number: u64,
    password_hash: Option<&str>,
) -> Result<bool, DemoError> {
    if !places::sites(database).await?.is_empty() {
        return Ok(false);
    }
    let began = before(now, BEGAN);
    let ids = Ids { number, began };
    let mut change = database.change(Author::System, began).await?;
    let people = people::settle(&mut change, &ids, now, zone).await?;
    if let Some(hash) = password_hash {
        for (key, user) in &people.users {
            accounts::create_credential(&mut change, user.id, &login(key)?, hash.to_owned(), false).await?;
        }
    }
    telling::tell(&mut change, &ids, &people, now, horizon).await?;
    // Somebody real may have a made-up number.
    messages::withdraw_all(&mut change).await?;
    change.commit().await?;
    Ok(true)
}

/// Ids from names: the same name is the same id wherever the tables say it.
struct Ids {
    number: u64,
    began: UnixMillis,
}

impl Ids {
    fn random(&self, kind: &str, name: &str) -> [u8; 10] {
        let text = format!("{}/{kind}/{name}", self.number);
        let digest = digest::digest(&digest::SHA256, text.as_bytes());
        let mut random = [0; 10];
        random.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        random
    }
}

fn login(text: &str) -> Result<Login, DemoError> {
    Login::new(text).map_err(|_| DemoError::Misfit("a login"))
}

/// `some("x")` is `Some("x".to_owned())`: the forms own their texts.
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}
