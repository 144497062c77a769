//! A change: one transaction, who makes it and when, and the audit rows that it will not commit without.

use super::database::{Database, Engine};
use super::notice::Notice;
use super::{StorageError, audit};
use crate::model::ids::{ApiKeyId, CartId, JoinTokenId, UserId};
use crate::model::record::Stamp;
use crate::model::refusal::Refusal;
use crate::model::time::UnixMillis;
use crate::model::visit::Attendee;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use sqlx::any::{AnyArguments, AnyQueryResult};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Row as _, Transaction};
use std::fmt;

/// Who makes a change; its text is what `audit.actor` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    User(UserId),
    Cart(CartId),
    /// A patient or a third party by a single-visit link.
    Link(JoinTokenId),
    ApiKey(ApiKeyId),
    System,
}

impl Author {
    /// For `created_by`, which knows users alone.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(*id),
            _ => None,
        }
    }
}

impl From<Attendee> for Author {
    fn from(attendee: Attendee) -> Self {
        match attendee {
            Attendee::User(id) => Self::User(id),
            Attendee::Cart(id) => Self::Cart(id),
            Attendee::Link(id) => Self::Link(id),
        }
    }
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Cart(id) => write!(f, "cart:{id}"),
            Self::Link(id) => write!(f, "link:{id}"),
            Self::ApiKey(id) => write!(f, "api_key:{id}"),
            Self::System => f.write_str("system"),
        }
    }
}

/// Each UPDATE of a row names the version that the caller saw. None found: the row is another by now.
pub(super) fn require_current(updated: &AnyQueryResult) -> Result<(), StorageError> {
    if updated.rows_affected() == 0 { Err(Refusal::Changed.into()) } else { Ok(()) }
}

/// An `Idempotency-Key` and the digest of the request that came with it; scoped to the author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    pub key: String,
    /// Of the request's body, as text.
    pub request_hash: String,
}

/// Dropped without [`Change::commit`], it leaves nothing.
pub struct Change {
    transaction: Transaction<'static, Any>,
    pub(super) author: Author,
    pub(super) now: UnixMillis,
    notes: Vec<audit::Note>,
    database: Database,
}

impl Database {
    /// Begins a change. SQLite takes its writer's lock at once, so a change never fails half-way for want of it.
    ///
    /// # Errors
    /// No connection came free in time.
    pub async fn change(&self, author: Author, now: UnixMillis) -> Result<Change, StorageError> {
        let transaction = self.begin_write().await?;
        Ok(Change { transaction, author, now, notes: Vec::new(), database: self.clone() })
    }

    /// For what is no record and leaves no audit row; everything else is a [`Change`].
    pub(super) async fn begin_write(&self) -> Result<Transaction<'static, Any>, StorageError> {
        let begin = match self.engine() {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN",
        };
        // In a task of its own, which a client that leaves cannot end half-way: a connection left while it opens stays in
        // PostgreSQL's queue until that is full (`EAGAIN`), and one left within BEGIN goes back to the pool in a transaction.
        let writers = self.writers.clone();
        let begun = tokio::spawn(async move { writers.begin_with(begin).await });
        Ok(begun.await.map_err(|_| sqlx::Error::WorkerCrashed)??)
    }
}

impl Change {
    /// Writes the audit rows and commits: from here on the change outlives a power cut.
    ///
    /// # Errors
    /// Nothing was noted, or the database failed; nothing is changed then.
    pub async fn commit(mut self) -> Result<(), StorageError> {
        if self.notes.is_empty() {
            return Err(StorageError::Unaudited);
        }
        let notes = std::mem::take(&mut self.notes);
        // Last, since the chain's end is locked from here to the commit.
        audit::append(&mut self.transaction, &notes).await?;
        self.transaction.commit().await?;
        self.database.tell(notes.into_iter().map(|note| Notice { entity: note.entity, id: note.entity_id }));
        Ok(())
    }

    /// When the change is made.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        self.now
    }

    /// Who makes it.
    #[must_use]
    pub fn author(&self) -> Author {
        self.author
    }

    /// Notes one row for the audit trail. `detail` names fields and states, never a person.
    pub fn note(
        &mut self,
        entity: &'static str,
        entity_id: impl fmt::Display,
        action: &'static str,
        detail: serde_json::Value,
    ) {
        let (author, at) = (self.author, self.now);
        self.notes.push(audit::Note { author, at, entity, entity_id: entity_id.to_string(), action, detail });
    }

    /// What follows is done by `author` at `now`: a past of several people that is told, or an answer whose consequences are the
    /// system's, in one transaction.
    pub fn go_on_as(&mut self, author: Author, now: UnixMillis) {
        (self.author, self.now) = (author, now);
    }

    /// What was answered to this key before. `None` reserves it: a second request with the same key waits for this change's end.
    ///
    /// # Errors
    /// [`StorageError::KeyReused`]: the key came with another request.
    pub async fn recall<T: DeserializeOwned>(&mut self, key: &IdempotencyKey) -> Result<Option<T>, StorageError> {
        let reserved = sqlx::query(
            "INSERT INTO idempotency_keys (actor, idempotency_key, request_hash, created_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT DO NOTHING",
        )
        .bind(self.author.to_string())
        .bind(key.key.clone())
        .bind(key.request_hash.clone())
        .bind(millis(self.now))
        .execute(self.connection())
        .await?;
        if reserved.rows_affected() == 1 {
            return Ok(None);
        }
        let row =
            sqlx::query("SELECT request_hash, answer FROM idempotency_keys WHERE actor = $1 AND idempotency_key = $2")
                .bind(self.author.to_string())
                .bind(key.key.clone())
                .fetch_one(self.connection())
                .await?;
        if row.try_get::<String, _>("request_hash")? != key.request_hash {
            return Err(StorageError::KeyReused);
        }
        let answer = row.try_get::<String, _>("answer")?;
        serde_json::from_str(&answer).map(Some).map_err(|_| StorageError::Unreadable { column: "answer" })
    }

    /// Keeps the answer to a key that [`Change::recall`] reserved in this change.
    ///
    /// # Errors
    /// The database failed, or `answer` is nothing that JSON can hold.
    pub async fn remember<T: Serialize>(&mut self, key: &IdempotencyKey, answer: &T) -> Result<(), StorageError> {
        let answer = serde_json::to_string(answer).map_err(|_| StorageError::Unreadable { column: "answer" })?;
        sqlx::query("UPDATE idempotency_keys SET answer = $1 WHERE actor = $2 AND idempotency_key = $3")
            .bind(answer)
            .bind(self.author.to_string())
            .bind(key.key.clone())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Whether there is an answer given before `oldest`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn has_answers_before(database: &Database, oldest: UnixMillis) -> Result<bool, StorageError> {
        let row = sqlx::query("SELECT created_ms FROM idempotency_keys WHERE created_ms < $1 LIMIT 1")
            .bind(millis(oldest))
            .fetch_optional(&database.readers)
            .await?;
        Ok(row.is_some())
    }

    /// Deletes the answers given before `oldest`: a client that asks again later than that asks anew.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_answers(&mut self, oldest: UnixMillis) -> Result<u64, StorageError> {
        let deleted = sqlx::query("DELETE FROM idempotency_keys WHERE created_ms < $1")
            .bind(millis(oldest))
            .execute(self.connection())
            .await?
            .rows_affected();
        self.note("idempotency_keys", "all", "expired", json!({ "deleted": deleted }));
        Ok(deleted)
    }

    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }
}

/// The last four values of an INSERT: version, `created_by`, `created_ms`, `updated_ms`.
pub(super) fn stamped<'q>(insert: Query<'q, Any, AnyArguments>, stamp: &Stamp) -> Query<'q, Any, AnyArguments> {
    insert
        .bind(i64::from(stamp.version.0))
        .bind(stamp.created_by.map(|id| id.to_string()))
        .bind(millis(stamp.created))
        .bind(millis(stamp.updated))
}

/// As the database keeps time. Times past the year 292 million are its last.
pub(super) fn millis(at: UnixMillis) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}
