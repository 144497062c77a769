//! How much there is of each kind, for metrics: around now, so that no count grows with the clinic's past.

use super::change::millis;
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::cart::OFFLINE_AFTER;
use crate::model::time::{Interval, UnixMillis, before};
use sqlx::any::AnyRow;

/// How many, by the words of up to three columns.
pub type Tally = (Vec<String>, i64);

/// Appointments that start within `window`, by status, channel and reason (of a cancellation or a failure; empty without one).
///
/// # Errors
/// The database failed.
pub async fn appointments(database: &Database, window: Interval) -> Result<Vec<Tally>, StorageError> {
    let rows = sqlx::query(
        "SELECT status, channel, COALESCE(cancel_reason, failure, '') AS reason, COUNT(*) AS many FROM appointments
         WHERE start_ms >= $1 AND start_ms < $2 GROUP BY status, channel, COALESCE(cancel_reason, failure, '')",
    )
    .bind(millis(window.start()))
    .bind(millis(window.end()))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(|row| tally(row, &["status", "channel", "reason"])).collect()
}

/// Slots that start within `window`, by kind and status.
///
/// # Errors
/// The database failed.
pub async fn slots(database: &Database, window: Interval) -> Result<Vec<Tally>, StorageError> {
    let rows = sqlx::query(
        "SELECT kind, status, COUNT(*) AS many FROM slots WHERE start_ms >= $1 AND start_ms < $2 GROUP BY kind, status",
    )
    .bind(millis(window.start()))
    .bind(millis(window.end()))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(|row| tally(row, &["kind", "status"])).collect()
}

/// Booking attempts within `window`, by result and code (empty: it succeeded).
///
/// # Errors
/// The database failed.
pub async fn attempts(database: &Database, window: Interval) -> Result<Vec<Tally>, StorageError> {
    let rows = sqlx::query(
        "SELECT result, COALESCE(error_code, '') AS code, COUNT(*) AS many FROM booking_attempts
         WHERE at_ms >= $1 AND at_ms < $2 GROUP BY result, COALESCE(error_code, '')",
    )
    .bind(millis(window.start()))
    .bind(millis(window.end()))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(|row| tally(row, &["result", "code"])).collect()
}

/// Offers that wait for their answer.
///
/// # Errors
/// The database failed.
pub async fn open_offers(database: &Database, now: UnixMillis) -> Result<i64, StorageError> {
    let row = sqlx::query("SELECT COUNT(*) AS many FROM waitlist_offers WHERE result IS NULL AND expires_ms > $1")
        .bind(millis(now))
        .fetch_one(&database.readers)
        .await?;
    Columns(&row).plain("many")
}

/// Carts in all, and those that are there. A region has hundreds.
///
/// # Errors
/// The database failed.
pub async fn carts(database: &Database, now: UnixMillis) -> Result<(i64, i64), StorageError> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS carts, COALESCE(SUM(CASE WHEN last_seen_ms > $1 THEN 1 ELSE 0 END), 0) AS online FROM carts",
    )
    .bind(millis(before(now, OFFLINE_AFTER)))
    .fetch_one(&database.readers)
    .await?;
    Ok((Columns(&row).plain("carts")?, Columns(&row).plain("online")?))
}

fn tally(row: &AnyRow, words: &[&'static str]) -> Result<Tally, StorageError> {
    let columns = Columns(row);
    let words = words.iter().map(|word| columns.plain(word)).collect::<Result<_, _>>()?;
    Ok((words, columns.plain("many")?))
}
