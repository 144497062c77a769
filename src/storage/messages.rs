//! The outbox of messages to patients. A message is written in the change that causes it, so that none is sent for what was not
//! committed and none is lost that was. Neither texts nor links are kept.

use super::change::{Change, millis, require_current};
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::ids::{AppointmentId, MessageId};
use crate::model::message::{About, Message, MessageStatus, WITHDRAWN};
use crate::model::time::UnixMillis;
use serde_json::json;
use sqlx::any::AnyRow;

/// What audit rows call a message.
pub const ENTITY: &str = "message";

/// # Errors
/// What it is about does not exist.
pub async fn enqueue(change: &mut Change, message: &Message) -> Result<(), StorageError> {
    let (appointment, offer) = match message.about {
        About::Visit(id) => (Some(id.to_string()), None),
        About::Offer(id) => (None, Some(id.to_string())),
    };
    sqlx::query(
        "INSERT INTO messages (id, patient_id, appointment_id, offer_id, kind, channel, language, status, to_masked, attempts,
                               next_ms, expires_ms, error, created_ms, updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(message.id.to_string())
    .bind(message.patient.to_string())
    .bind(appointment)
    .bind(offer)
    .bind(message.kind.as_str())
    .bind(message.channel.as_str())
    .bind(message.language.as_str())
    .bind(message.status.as_str())
    .bind(message.to_masked.clone())
    .bind(i64::from(message.attempts))
    .bind(millis(message.next))
    .bind(millis(message.expires))
    .bind(message.error.clone())
    .bind(millis(message.created))
    .bind(millis(message.updated))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("message"))?;
    note(change, message, message.status);
    Ok(())
}

/// Those whose turn it is: queued and due, or being sent by somebody who has been silent for too long.
///
/// # Errors
/// The database failed.
pub async fn due(database: &Database, now: UnixMillis, limit: u32) -> Result<Vec<Message>, StorageError> {
    let rows = sqlx::query(
        "SELECT * FROM messages WHERE status IN ('queued', 'sending') AND next_ms <= $1 ORDER BY next_ms, id LIMIT $2",
    )
    .bind(millis(now))
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(message).collect()
}

/// When the next turn comes; `None`: nothing waits.
///
/// # Errors
/// The database failed.
pub async fn next_turn(database: &Database) -> Result<Option<UnixMillis>, StorageError> {
    let row =
        sqlx::query("SELECT next_ms FROM messages WHERE status IN ('queued', 'sending') ORDER BY next_ms, id LIMIT 1")
            .fetch_optional(&database.readers)
            .await?;
    row.as_ref().map(|row| Columns(row).time("next_ms")).transpose()
}

/// Takes a message to send it by itself or to give it up, whichever `taken` says. Whoever takes it first has it, on whichever node.
///
/// # Errors
/// `Refusal::Changed`: somebody else has it.
pub async fn take(change: &mut Change, seen: &Message, taken: &Message) -> Result<(), StorageError> {
    let result = sqlx::query(
        "UPDATE messages SET channel = $1, status = $2, to_masked = $3, attempts = $4, next_ms = $5, provider_id = $6,
                             error = $7, updated_ms = $8
         WHERE id = $9 AND status = $10 AND attempts = $11",
    )
    .bind(taken.channel.as_str())
    .bind(taken.status.as_str())
    .bind(taken.to_masked.clone())
    .bind(i64::from(taken.attempts))
    .bind(millis(taken.next))
    .bind(taken.provider_id.clone())
    .bind(taken.error.clone())
    .bind(millis(change.now))
    .bind(seen.id.to_string())
    .bind(seen.status.as_str())
    .bind(i64::from(seen.attempts))
    .execute(change.connection())
    .await?;
    require_current(&result)?;
    note(change, taken, taken.status);
    Ok(())
}

/// What the gateway learnt of a message after it had taken it. Answers whether that was news.
///
/// # Errors
/// There is no such message.
pub async fn report(
    change: &mut Change,
    id: MessageId,
    status: MessageStatus,
    error: Option<&'static str>,
) -> Result<bool, StorageError> {
    let result = sqlx::query(
        "UPDATE messages SET status = $1, error = $2, updated_ms = $3
         WHERE id = $4 AND status IN ('queued', 'sending', 'sent')",
    )
    .bind(status.as_str())
    .bind(error)
    .bind(millis(change.now))
    .bind(id.to_string())
    .execute(change.connection())
    .await?;
    if result.rows_affected() == 0 {
        let found = sqlx::query("SELECT id FROM messages WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(change.connection());
        return found.await?.map(|_| false).ok_or(StorageError::Missing("message"));
    }
    change.note(ENTITY, id, status.as_str(), json!({ "error": error }));
    Ok(true)
}

/// Gives up what waits of an appointment. What is being sent is on its way.
///
/// # Errors
/// The database failed.
pub async fn withdraw(change: &mut Change, appointment: AppointmentId) -> Result<(), StorageError> {
    let withdrawn = sqlx::query(
        "UPDATE messages SET status = 'expired', error = $1, updated_ms = $2 WHERE appointment_id = $3 AND status = 'queued'",
    )
    .bind(WITHDRAWN)
    .bind(millis(change.now))
    .bind(appointment.to_string())
    .execute(change.connection())
    .await?
    .rows_affected();
    if withdrawn > 0 {
        change.note("appointment", appointment, "messages_withdrawn", json!({ "messages": withdrawn }));
    }
    Ok(())
}

/// # Errors
/// The database failed.
pub async fn find(database: &Database, id: MessageId) -> Result<Option<Message>, StorageError> {
    let row = sqlx::query("SELECT * FROM messages WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(message).transpose()
}

/// In the order in which they were caused.
///
/// # Errors
/// The database failed.
pub async fn of_appointment(database: &Database, id: AppointmentId) -> Result<Vec<Message>, StorageError> {
    let rows = sqlx::query("SELECT * FROM messages WHERE appointment_id = $1 ORDER BY created_ms, next_ms, id")
        .bind(id.to_string())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(message).collect()
}

fn note(change: &mut Change, message: &Message, status: MessageStatus) {
    let detail = json!({ "kind": message.kind, "channel": message.channel, "error": message.error });
    change.note(ENTITY, message.id, status.as_str(), detail);
}

fn message(row: &AnyRow) -> Result<Message, StorageError> {
    let columns = Columns(row);
    let about = match columns.parsed_if_any("appointment_id")? {
        Some(id) => About::Visit(id),
        None => About::Offer(columns.parsed("offer_id")?),
    };
    Ok(Message {
        id: columns.parsed("id")?,
        patient: columns.parsed("patient_id")?,
        about,
        kind: columns.parsed("kind")?,
        channel: columns.parsed("channel")?,
        language: columns.parsed("language")?,
        status: columns.parsed("status")?,
        to_masked: columns.plain("to_masked")?,
        attempts: columns.number("attempts")?,
        next: columns.time("next_ms")?,
        expires: columns.time("expires_ms")?,
        provider_id: columns.plain("provider_id")?,
        error: columns.plain("error")?,
        created: columns.time("created_ms")?,
        updated: columns.time("updated_ms")?,
    })
}
