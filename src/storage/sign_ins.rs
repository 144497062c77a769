//! Passwords tried without success, by the digest of the login that was typed; how often is too often is the model's to say.

use super::change::{Change, millis};
use super::columns::Columns;
use super::{Database, StorageError, hex};
use crate::model::ids::UserId;
use crate::model::join_link::TokenHash;
use crate::model::sign_in::{Attempts, LOCK};
use crate::model::time::{UnixMillis, before};
use serde_json::json;
use std::time::Duration;

/// Counts one more try before the password is looked at, so that tries side by side are counted one after the other. It is no record and
/// leaves no audit row: what came of the try does. `Err` within: how long to wait; nothing is counted then.
///
/// # Errors
/// The database failed.
pub async fn attempt(
    database: &Database,
    login: &TokenHash,
    user: Option<UserId>,
    now: UnixMillis,
) -> Result<Result<Attempts, Duration>, StorageError> {
    let mut transaction = database.begin_write().await?;
    sqlx::query("DELETE FROM sign_in_attempts WHERE last_ms < $1")
        .bind(millis(before(now, LOCK)))
        .execute(&mut *transaction)
        .await?;
    sqlx::query(
        "INSERT INTO sign_in_attempts (login_hash, user_id, attempts, last_ms) VALUES ($1, $2, 0, $3)
         ON CONFLICT DO NOTHING",
    )
    .bind(hex::encode(&login.0))
    .bind(user.map(|id| id.to_string()))
    .bind(millis(now))
    .execute(&mut *transaction)
    .await?;
    // Locks the row until the transaction's end.
    let row = sqlx::query(
        "UPDATE sign_in_attempts SET attempts = attempts WHERE login_hash = $1 RETURNING attempts, last_ms",
    )
    .bind(hex::encode(&login.0))
    .fetch_one(&mut *transaction)
    .await?;
    let seen = Attempts { count: Columns(&row).number("attempts")?, last: Columns(&row).time("last_ms")? };
    let attempts = match seen.one_more(now) {
        Ok(attempts) => attempts,
        Err(wait) => return Ok(Err(wait)),
    };
    sqlx::query("UPDATE sign_in_attempts SET attempts = $1, last_ms = $2 WHERE login_hash = $3")
        .bind(i64::from(attempts.count))
        .bind(millis(attempts.last))
        .bind(hex::encode(&login.0))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(Ok(attempts))
}

/// Notes that a try was in vain, and that it was the one that locked the login. Nobody's login is noted without saying which.
pub fn note_failure(change: &mut Change, user: Option<UserId>, attempts: Attempts) {
    let action = if attempts.is_locked(change.now) { "locked" } else { "sign_in_failed" };
    let detail = json!({ "attempts": attempts.count });
    match user {
        Some(user) => change.note("user", user, action, detail),
        None => change.note("login", "unknown", action, detail),
    }
}

/// Forgets the tries of a login: its password was right. What that opened has an audit row.
///
/// # Errors
/// The database failed.
pub async fn succeeded(database: &Database, login: &TokenHash) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM sign_in_attempts WHERE login_hash = $1")
        .bind(hex::encode(&login.0))
        .execute(&database.writers)
        .await?;
    Ok(())
}

/// Forgets the tries of a user, who has a new password.
pub(super) async fn forget(change: &mut Change, user: UserId) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM sign_in_attempts WHERE user_id = $1")
        .bind(user.to_string())
        .execute(change.connection())
        .await?;
    Ok(())
}

/// Which of the users cannot sign in now for having tried too often.
///
/// # Errors
/// The database failed.
pub async fn locked(database: &Database, now: UnixMillis) -> Result<Vec<UserId>, StorageError> {
    let sql = "SELECT user_id, attempts, last_ms FROM sign_in_attempts WHERE last_ms > $1 AND user_id IS NOT NULL";
    let rows = sqlx::query(sql).bind(millis(before(now, LOCK))).fetch_all(&database.readers).await?;
    let mut locked = Vec::new();
    for row in &rows {
        let columns = Columns(row);
        let attempts = Attempts { count: columns.number("attempts")?, last: columns.time("last_ms")? };
        if attempts.is_locked(now) {
            locked.push(columns.parsed("user_id")?);
        }
    }
    Ok(locked)
}
