//! Single-visit links for whom has no account. The token itself is nowhere, only its hash.

use crate::model::ids::{AppointmentId, JoinTokenId};
use crate::model::join_link::{JoinToken, NewJoinToken, TokenHash};
use crate::model::private::Private;
use crate::model::time::Interval;
use crate::storage::change::{Change, millis};
use crate::storage::columns::Columns;
use crate::storage::{Database, StorageError, hex};
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

/// By what the audit trail and the room call it.
///
/// # Errors
/// The database failed.
pub async fn link_by_id(database: &Database, id: JoinTokenId) -> Result<Option<JoinToken>, StorageError> {
    let row = sqlx::query("SELECT * FROM join_tokens WHERE id = $1")
        .bind(id.to_string())
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

/// Another token instead of one that never reached anybody.
///
/// # Errors
/// There is no such link, or it was withdrawn before.
pub async fn renew_link(change: &mut Change, id: JoinTokenId, hash: &TokenHash) -> Result<(), StorageError> {
    let result = sqlx::query("UPDATE join_tokens SET hash = $1 WHERE id = $2 AND revoked_ms IS NULL")
        .bind(hex::encode(&hash.0))
        .bind(id.to_string())
        .execute(change.connection())
        .await?;
    if result.rows_affected() == 0 {
        return Err(StorageError::Missing("link"));
    }
    change.note("link", id, "renewed", json!({}));
    Ok(())
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
