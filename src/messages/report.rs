//! What the SMS gateway learns of a message after it has taken it.

use crate::accounts::secret;
use crate::model::ids::MessageId;
use crate::model::join_link::TokenHash;
use crate::model::message::{DeliveryReport, Message};
use crate::model::time::UnixMillis;
use crate::storage::{Author, Database, StorageError, messages};

/// What delivery reports come with; without one none is believed.
#[derive(Clone, Copy, Debug)]
pub struct ReportToken(Option<TokenHash>);

impl ReportToken {
    #[must_use]
    pub fn new(secret: Option<&str>) -> Self {
        Self(secret.map(secret::hash))
    }

    /// Digests are compared, so that the time it takes tells nothing of the token.
    #[must_use]
    pub fn is(&self, token: &str) -> bool {
        self.0.is_some_and(|expected| expected == secret::hash(token))
    }
}

/// Keeps a delivery report. Answers the message when that was news.
///
/// # Errors
/// There is no such message; `changed`: it is just being sent.
pub async fn report(
    database: &Database,
    id: MessageId,
    report: DeliveryReport,
    now: UnixMillis,
) -> Result<Option<Message>, StorageError> {
    let seen = messages::find(database, id).await?.ok_or(StorageError::Missing("message"))?;
    let Some(after) = seen.reported(report, now) else { return Ok(None) };
    let mut change = database.change(Author::System, now).await?;
    messages::update(&mut change, &seen, &after).await?;
    change.commit().await?;
    Ok(Some(after))
}
