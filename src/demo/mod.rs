//! A small believable clinic for who starts Kenes for the first time: three sites and a telemedicine centre, the people of product.md,
//! and their week around `now`. Everything goes by the model's rules and storage's functions, in one transaction.
//!
//! Nobody in it exists. Knows no HTTP and no configuration; ids follow from the number that it is given, so that a test's are known.

mod cases;
mod people;
mod telling;

use crate::model::invalid::Invalid;
use crate::model::refusal::Refusal;
use crate::model::time::{UnixMillis, before};
use crate::storage::{Author, Database, StorageError, places};
use aws_lc_rs::digest;
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
    #[error("the demo's tables do not fit together: {0}")]
    Misfit(&'static str),
}

/// The clinic was set up so long ago, in its own tale.
const BEGAN: Duration = Duration::from_secs(21 * 24 * 3600);

/// Seeds a database without any site; answers whether it did. `horizon` is how far ahead specialists can be booked.
///
/// # Errors
/// The database failed; nothing is seeded then.
pub async fn seed(database: &Database, now: UnixMillis, horizon: Duration, number: u64) -> Result<bool, DemoError> {
    if !places::sites(database).await?.is_empty() {
        return Ok(false);
    }
    let began = before(now, BEGAN);
    let ids = Ids { number, began };
    let mut change = database.change(Author::System, began).await?;
    let people = people::settle(&mut change, &ids, now).await?;
    telling::tell(&mut change, &ids, &people, now, horizon).await?;
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

/// `some("x")` is `Some("x".to_owned())`: the forms own their texts.
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}
