//! Booking attempts: every attempt ends in exactly one row, the failed ones too. A successful one's row is in the booking's own
//! transaction; a failed one's needs a transaction of its own, since the booking's leaves nothing.

use super::change::{Author, Change, millis};
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::booking_attempt::{Attempt, AttemptResult, BookingAttempt, Failure, Outcome, TechnicalCode};
use crate::model::ids::AppointmentId;
use crate::model::time::{Interval, UnixMillis};
use serde_json::json;

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
    attempt: Attempt,
    book: impl AsyncFnOnce(&mut Change) -> Result<Booked<T>, StorageError>,
) -> Result<T, StorageError> {
    // Until it is known better.
    let mut row = attempt.end(Outcome::Failure(TechnicalCode::Internal.into()), now);
    let booked: Result<T, StorageError> = async {
        let mut change = database.change(author, now).await?;
        match book(&mut change).await? {
            Booked::Replayed(answer) => Ok(answer),
            Booked::New(appointment, answer) => {
                row.outcome = Outcome::Success(appointment);
                record(&mut change, &row).await?;
                change.commit().await?;
                Ok(answer)
            }
        }
    }
    .await;
    if let Err(error) = &booked {
        row.outcome = Outcome::Failure(error.into());
        if let Err(lost) = failed(database, author, &row).await {
            tracing::error!(code = error.code(), error = %lost, "a failed booking attempt was not recorded");
        }
    }
    booked
}

/// Writes the row of an attempt that ended before it came to a booking.
///
/// # Errors
/// The database failed.
pub async fn failed(database: &Database, author: Author, attempt: &BookingAttempt) -> Result<(), StorageError> {
    let mut change = database.change(author, attempt.at).await?;
    record(&mut change, attempt).await?;
    change.note("booking_attempt", attempt.id, "failed", json!({ "code": attempt.outcome.error_code() }));
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
        match Columns(row).parsed("result")? {
            AttemptResult::Success => outcomes.success = attempts,
            AttemptResult::Organisational => outcomes.organisational = attempts,
            AttemptResult::Technical => outcomes.technical = attempts,
        }
    }
    Ok(outcomes)
}

impl From<&StorageError> for Failure {
    fn from(error: &StorageError) -> Self {
        match error {
            StorageError::Refused(refusal) => (*refusal).into(),
            StorageError::Missing(_)
            | StorageError::Exists(_)
            | StorageError::Dangling(_)
            | StorageError::KeyReused => Self::Organisational(error.code()),
            StorageError::Database(sqlx::Error::PoolTimedOut) => TechnicalCode::DatabaseBusy.into(),
            StorageError::Unaudited | StorageError::Unreadable { .. } => TechnicalCode::Internal.into(),
            _ => TechnicalCode::Database.into(),
        }
    }
}

/// Writes an attempt's row. A second one for the same attempt is none: a commit whose answer was lost may have written the first.
///
/// # Errors
/// The database failed.
pub async fn record(change: &mut Change, attempt: &BookingAttempt) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO booking_attempts (id, channel, specialty, result, error_code, appointment_id, actor, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(attempt.id.to_string())
    .bind(attempt.channel.as_str())
    .bind(attempt.specialty.to_string())
    .bind(attempt.outcome.result().as_str())
    .bind(attempt.outcome.error_code())
    .bind(attempt.outcome.appointment().map(|id: AppointmentId| id.to_string()))
    .bind(change.author.to_string())
    .bind(millis(attempt.at))
    .execute(change.connection())
    .await?;
    Ok(())
}
