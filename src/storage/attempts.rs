//! Booking attempts: every attempt ends in exactly one row, the failed ones too. A successful one's row is in the booking's own
//! transaction; a failed one's needs a transaction of its own, since the booking's leaves nothing.

use super::change::{Author, Change, millis};
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::appointment::Channel;
use crate::model::ids::{AppointmentId, BookingAttemptId};
use crate::model::specialty::Specialty;
use crate::model::time::{Interval, UnixMillis};
use serde_json::json;

/// What is attempted; `id` is drawn once per attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub id: BookingAttemptId,
    pub channel: Channel,
    pub specialty: Specialty,
}

/// Attempts of a time, by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    pub success: u64,
    pub organisational: u64,
    pub technical: u64,
}

/// How a booking went that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Booked<T> {
    New(AppointmentId, T),
    /// The answer that an Idempotency-Key had already got: no attempt of its own.
    Replayed(T),
}

/// Runs `book` in one change and commits it with the attempt's row; if anything fails, the row says why.
///
/// # Errors
/// Those of `book`, or of the commit.
pub async fn book<T>(
    database: &Database,
    author: Author,
    now: UnixMillis,
    attempt: &Attempt,
    book: impl AsyncFnOnce(&mut Change) -> Result<Booked<T>, StorageError>,
) -> Result<T, StorageError> {
    let outcome = async {
        let mut change = database.change(author, now).await?;
        match book(&mut change).await? {
            Booked::Replayed(answer) => Ok(answer),
            Booked::New(appointment, answer) => {
                insert(&mut change, attempt, Ok(appointment)).await?;
                change.commit().await?;
                Ok(answer)
            }
        }
    }
    .await;
    if let Err(error) = &outcome
        && let Err(lost) = failed(database, author, now, attempt, error).await
    {
        tracing::error!(code = error.code(), error = %lost, "a failed booking attempt was not recorded");
    }
    outcome
}

/// Writes the row of an attempt that ended before it came to a booking.
///
/// # Errors
/// The database failed.
pub async fn failed(
    database: &Database,
    author: Author,
    now: UnixMillis,
    attempt: &Attempt,
    error: &StorageError,
) -> Result<(), StorageError> {
    let mut change = database.change(author, now).await?;
    insert(&mut change, attempt, Err(error)).await?;
    change.note("booking_attempt", attempt.id, "failed", json!({ "code": error.code() }));
    change.commit().await
}

/// # Errors
/// The database failed.
pub async fn outcomes(database: &Database, window: Interval) -> Result<Outcomes, StorageError> {
    let rows = sqlx::query(
        "SELECT result, COUNT(*) AS attempts FROM booking_attempts WHERE at_ms >= $1 AND at_ms < $2 GROUP BY result",
    )
    .bind(millis(window.start()))
    .bind(millis(window.end()))
    .fetch_all(&database.readers)
    .await?;
    let mut outcomes = Outcomes::default();
    for row in &rows {
        let attempts = Columns(row).number("attempts")?;
        match Columns(row).plain::<String>("result")?.as_str() {
            "success" => outcomes.success = attempts,
            "organisational" => outcomes.organisational = attempts,
            _ => outcomes.technical = attempts,
        }
    }
    Ok(outcomes)
}

/// A second row for one attempt is no row: a commit whose answer was lost may have written the first.
async fn insert(
    change: &mut Change,
    attempt: &Attempt,
    outcome: Result<AppointmentId, &StorageError>,
) -> Result<(), StorageError> {
    let result = match &outcome {
        Ok(_) => "success",
        Err(error) if error.is_organisational() => "organisational",
        Err(_) => "technical",
    };
    sqlx::query(
        "INSERT INTO booking_attempts (id, channel, specialty, result, error_code, appointment_id, actor, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(attempt.id.to_string())
    .bind(attempt.channel.as_str())
    .bind(attempt.specialty.to_string())
    .bind(result)
    .bind(outcome.err().map(StorageError::code))
    .bind(outcome.ok().map(|id| id.to_string()))
    .bind(change.author.to_string())
    .bind(millis(change.now))
    .execute(change.connection())
    .await?;
    Ok(())
}
