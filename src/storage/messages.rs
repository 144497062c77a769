//! The outbox of messages to patients. A message is written in the change that causes it, so that none is sent for what was not
//! committed and none is lost that was. Neither texts nor links are kept.

use super::change::{Change, millis, require_current};
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::appointment::Appointment;
use crate::model::ids::{AppointmentId, MessageId, PatientId};
use crate::model::message::{About, Message, MessageStatus, Recipient, WITHDRAWN};
use crate::model::time::{UnixMillis, Zone};
use serde_json::{Value, json};
use sqlx::any::AnyRow;

/// What the notice of a new message calls it.
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
    change.note(ENTITY, message.id, "enqueued", detail(message));
    Ok(())
}

/// Where the patient is reached, as the change sees it.
///
/// # Errors
/// There is no such patient.
pub async fn recipient(change: &mut Change, patient: PatientId) -> Result<Recipient, StorageError> {
    let row = sqlx::query("SELECT phone, email, language FROM patients WHERE id = $1")
        .bind(patient.to_string())
        .fetch_optional(change.connection())
        .await?;
    let row = row.ok_or(StorageError::Missing("patient"))?;
    let columns = Columns(&row);
    Ok(Recipient {
        patient,
        language: columns.parsed("language")?,
        phone: columns.parsed_if_any("phone")?,
        email: columns.parsed_if_any("email")?,
    })
}

/// Where a visit's patient is reached, and the visit's clock.
///
/// # Errors
/// There is no such patient or site.
pub async fn recipient_and_zone(change: &mut Change, visit: &Appointment) -> Result<(Recipient, Zone), StorageError> {
    let recipient = recipient(change, visit.patient).await?;
    let row = sqlx::query("SELECT time_zone FROM sites WHERE id = $1")
        .bind(visit.site.to_string())
        .fetch_optional(change.connection())
        .await?;
    let row = row.ok_or(StorageError::Missing("site"))?;
    Ok((recipient, Columns(&row).parsed("time_zone")?))
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

/// When the next turn after `now` comes; `None`: nothing waits.
///
/// # Errors
/// The database failed.
pub async fn next_turn(database: &Database, now: UnixMillis) -> Result<Option<UnixMillis>, StorageError> {
    let row = sqlx::query(
        "SELECT next_ms FROM messages WHERE status IN ('queued', 'sending') AND next_ms > $1 ORDER BY next_ms, id LIMIT 1",
    )
    .bind(millis(now))
    .fetch_optional(&database.readers)
    .await?;
    row.as_ref().map(|row| Columns(row).time("next_ms")).transpose()
}

/// Nothing that waits is sent.
///
/// # Errors
/// The database failed.
pub async fn withdraw_all(change: &mut Change) -> Result<(), StorageError> {
    let withdrawn = sqlx::query("UPDATE messages SET status = 'expired', updated_ms = $1 WHERE status = 'queued'")
        .bind(millis(change.now))
        .execute(change.connection())
        .await?
        .rows_affected();
    change.note("messages", "all", "withdrawn", json!({ "withdrawn": withdrawn }));
    Ok(())
}

/// Takes a message to send it, or keeps what came of it: `after` says which. Whoever is first has it, on whichever node.
///
/// # Errors
/// `Refusal::Changed`: it is another by now.
pub async fn update(change: &mut Change, seen: &Message, after: &Message) -> Result<(), StorageError> {
    let result = sqlx::query(
        "UPDATE messages SET channel = $1, status = $2, to_masked = $3, attempts = $4, next_ms = $5, provider_id = $6,
                             error = $7, updated_ms = $8
         WHERE id = $9 AND status = $10 AND attempts = $11",
    )
    .bind(after.channel.as_str())
    .bind(after.status.as_str())
    .bind(after.to_masked.clone())
    .bind(i64::from(after.attempts))
    .bind(millis(after.next))
    .bind(after.provider_id.clone())
    .bind(after.error.clone())
    .bind(millis(change.now))
    .bind(seen.id.to_string())
    .bind(seen.status.as_str())
    .bind(i64::from(seen.attempts))
    .execute(change.connection())
    .await?;
    require_current(&result)?;
    let (entity, id) = match after.about {
        About::Visit(id) => ("appointment", id.to_string()),
        About::Offer(id) => ("waitlist_offer", id.to_string()),
    };
    // Of what it is about, so that the pages which show it hear of it.
    change.note(entity, id, "message", detail(after));
    Ok(())
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

/// The newest first, from before `before` on; in one state when it is named.
///
/// # Errors
/// The database failed.
pub async fn newest(
    database: &Database,
    status: Option<MessageStatus>,
    before: Option<MessageId>,
    limit: u32,
) -> Result<Vec<Message>, StorageError> {
    // Ids sort by the time when they were made; "~" sorts behind all of them.
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    let query = match status {
        None => sqlx::query("SELECT * FROM messages WHERE id < $1 ORDER BY id DESC LIMIT $2"),
        Some(_) => sqlx::query("SELECT * FROM messages WHERE id < $1 AND status = $3 ORDER BY id DESC LIMIT $2"),
    };
    let query = query.bind(before).bind(i64::from(limit));
    let query = match status {
        None => query,
        Some(status) => query.bind(status.as_str()),
    };
    let rows = query.fetch_all(&database.readers).await?;
    rows.iter().map(message).collect()
}

fn detail(message: &Message) -> Value {
    json!({ "kind": message.kind, "channel": message.channel, "status": message.status, "error": message.error })
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
