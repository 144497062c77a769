//! What gathers around one appointment: links for whom has no account, consents, the contact centre's calls.

use super::change::{Change, millis};
use super::columns::Columns;
use super::{Database, StorageError, hex};
use crate::model::consent::{Consent, NewConsent};
use crate::model::ids::{AppointmentId, JoinTokenId};
use crate::model::join_link::{JoinToken, NewJoinToken, TokenHash};
use crate::model::private::Private;
use crate::model::reconfirm::{NewReconfirmCall, ReconfirmCall};
use crate::model::time::Interval;
use serde_json::json;
use sqlx::any::AnyRow;

/// # Errors
/// There is no such appointment.
pub async fn create_link(change: &mut Change, token: &JoinToken) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO join_tokens (id, hash, appointment_id, role, name, not_before_ms, expires_ms, created_by, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(token.id.to_string())
    .bind(hex::encode(&token.hash.0))
    .bind(token.appointment.to_string())
    .bind(token.details.role.as_str())
    .bind(token.details.name.reveal().clone())
    .bind(millis(token.window.start()))
    .bind(millis(token.window.end()))
    .bind(token.created_by.map(|id| id.to_string()))
    .bind(millis(token.created))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("link"))?;
    change.note("link", token.id, "created", json!({ "role": token.details.role, "appointment": token.appointment }));
    Ok(())
}

/// Whether it opens anything now is [`JoinToken::check`]'s to say.
///
/// # Errors
/// The database failed.
pub async fn find_link(database: &Database, hash: &TokenHash) -> Result<Option<JoinToken>, StorageError> {
    let row = sqlx::query("SELECT * FROM join_tokens WHERE hash = $1")
        .bind(hex::encode(&hash.0))
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(link).transpose()
}

/// # Errors
/// The database failed.
pub async fn links(database: &Database, appointment: AppointmentId) -> Result<Vec<JoinToken>, StorageError> {
    let rows = sqlx::query("SELECT * FROM join_tokens WHERE appointment_id = $1 ORDER BY created_ms, id")
        .bind(appointment.to_string())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(link).collect()
}

/// # Errors
/// There is no such link, or it was withdrawn before.
pub async fn revoke_link(change: &mut Change, id: JoinTokenId) -> Result<(), StorageError> {
    let result = sqlx::query("UPDATE join_tokens SET revoked_ms = $1 WHERE id = $2 AND revoked_ms IS NULL")
        .bind(millis(change.now))
        .bind(id.to_string())
        .execute(change.connection())
        .await?;
    if result.rows_affected() == 0 {
        return Err(StorageError::Missing("link"));
    }
    change.note("link", id, "revoked", json!({}));
    Ok(())
}

/// # Errors
/// There is no such appointment or patient.
pub async fn add_consent(change: &mut Change, consent: &Consent) -> Result<(), StorageError> {
    let details = &consent.details;
    sqlx::query(
        "INSERT INTO consents (id, appointment_id, patient_id, purpose, decision, text_version, language, giver, giver_name,
                               taken_by, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(consent.id.to_string())
    .bind(consent.appointment.to_string())
    .bind(consent.patient.to_string())
    .bind(details.purpose.as_str())
    .bind(details.decision.as_str())
    .bind(i64::from(details.text_version))
    .bind(details.language.as_str())
    .bind(details.giver.as_str())
    .bind(details.giver_name.as_ref().map(|name| name.reveal().clone()))
    .bind(consent.taken_by.map(|id| id.to_string()))
    .bind(millis(consent.at))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("consent"))?;
    let decision = json!({ "purpose": details.purpose, "decision": details.decision });
    change.note("appointment", consent.appointment, "consent", decision);
    Ok(())
}

/// Every decision, oldest first.
///
/// # Errors
/// The database failed.
pub async fn consents(database: &Database, appointment: AppointmentId) -> Result<Vec<Consent>, StorageError> {
    let rows = sqlx::query("SELECT * FROM consents WHERE appointment_id = $1 ORDER BY at_ms, id")
        .bind(appointment.to_string())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(consent).collect()
}

/// # Errors
/// Somebody has written down this attempt already.
pub async fn add_call(change: &mut Change, call: &ReconfirmCall) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO reconfirm_calls (id, appointment_id, operator_id, attempt, result, note, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(call.id.to_string())
    .bind(call.appointment.to_string())
    .bind(call.operator.to_string())
    .bind(i64::from(call.attempt))
    .bind(call.details.result.as_str())
    .bind(call.details.note.as_ref().map(|note| note.reveal().clone()))
    .bind(millis(call.at))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("call"))?;
    change.note("appointment", call.appointment, "reconfirm_call", json!({ "result": call.details.result }));
    Ok(())
}

/// In their order.
///
/// # Errors
/// The database failed.
pub async fn calls(database: &Database, appointment: AppointmentId) -> Result<Vec<ReconfirmCall>, StorageError> {
    let rows = sqlx::query("SELECT * FROM reconfirm_calls WHERE appointment_id = $1 ORDER BY attempt")
        .bind(appointment.to_string())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(call).collect()
}

fn link(row: &AnyRow) -> Result<JoinToken, StorageError> {
    let columns = Columns(row);
    let hash = hex::decode(&columns.plain::<String>("hash")?).ok_or(StorageError::Unreadable { column: "hash" })?;
    let window = Interval::new(columns.time("not_before_ms")?, columns.time("expires_ms")?);
    Ok(JoinToken {
        id: columns.parsed("id")?,
        hash: TokenHash(hash),
        appointment: columns.parsed("appointment_id")?,
        details: NewJoinToken { role: columns.parsed("role")?, name: Private::new(columns.plain("name")?) },
        window: window.ok_or(StorageError::Unreadable { column: "expires_ms" })?,
        revoked: columns.time_if_any("revoked_ms")?,
        created_by: columns.parsed_if_any("created_by")?,
        created: columns.time("created_ms")?,
    })
}

fn consent(row: &AnyRow) -> Result<Consent, StorageError> {
    let columns = Columns(row);
    Ok(Consent {
        id: columns.parsed("id")?,
        appointment: columns.parsed("appointment_id")?,
        patient: columns.parsed("patient_id")?,
        details: NewConsent {
            purpose: columns.parsed("purpose")?,
            decision: columns.parsed("decision")?,
            text_version: columns.number("text_version")?,
            language: columns.parsed("language")?,
            giver: columns.parsed("giver")?,
            giver_name: columns.plain::<Option<String>>("giver_name")?.map(Private::new),
        },
        taken_by: columns.parsed_if_any("taken_by")?,
        at: columns.time("at_ms")?,
    })
}

fn call(row: &AnyRow) -> Result<ReconfirmCall, StorageError> {
    let columns = Columns(row);
    Ok(ReconfirmCall {
        id: columns.parsed("id")?,
        appointment: columns.parsed("appointment_id")?,
        operator: columns.parsed("operator_id")?,
        attempt: columns.number("attempt")?,
        details: NewReconfirmCall {
            result: columns.parsed("result")?,
            note: columns.plain::<Option<String>>("note")?.map(Private::new),
        },
        at: columns.time("at_ms")?,
    })
}
