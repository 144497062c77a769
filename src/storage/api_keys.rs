//! Integrators' keys, by their digests.

use super::change::{Change, millis};
use super::columns::Columns;
use super::{Database, StorageError, hex};
use crate::model::api_key::{ApiKey, NewApiKey};
use crate::model::ids::ApiKeyId;
use crate::model::join_link::TokenHash;
use crate::model::time::UnixMillis;
use serde_json::json;
use sqlx::any::AnyRow;

/// # Errors
/// There is no such site.
pub async fn create(change: &mut Change, key: &ApiKey) -> Result<(), StorageError> {
    let details = &key.details;
    sqlx::query(
        "INSERT INTO api_keys (id, hash, name, site_id, source, scopes, expires_ms, created_by, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(key.id.to_string())
    .bind(hex::encode(&key.hash.0))
    .bind(details.name.clone())
    .bind(details.site.to_string())
    .bind(details.source.clone())
    .bind(details.scopes.to_string())
    .bind(millis(details.expires))
    .bind(key.created_by.map(|id| id.to_string()))
    .bind(millis(key.created))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("key"))?;
    let detail = json!({ "source": details.source, "scopes": details.scopes.to_string() });
    change.note("api_key", key.id, "created", detail);
    Ok(())
}

/// Whether it opens anything now is [`ApiKey::is_alive`]'s to say.
///
/// # Errors
/// The database failed.
pub async fn find(database: &Database, hash: &TokenHash) -> Result<Option<ApiKey>, StorageError> {
    let row = sqlx::query("SELECT * FROM api_keys WHERE hash = $1")
        .bind(hex::encode(&hash.0))
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(api_key).transpose()
}

/// The newest first, those revoked and expired among them: at most `limit` that are older than `before`.
///
/// # Errors
/// The database failed.
pub async fn list(database: &Database, before: Option<ApiKeyId>, limit: u32) -> Result<Vec<ApiKey>, StorageError> {
    // Ids sort by the time when they were made; "~" sorts behind all of them.
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    let rows = sqlx::query("SELECT * FROM api_keys WHERE id < $1 ORDER BY id DESC LIMIT $2")
        .bind(before)
        .bind(i64::from(limit))
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(api_key).collect()
}

/// # Errors
/// There is no such key, or it was revoked before.
pub async fn revoke(change: &mut Change, id: ApiKeyId) -> Result<(), StorageError> {
    let result = sqlx::query("UPDATE api_keys SET revoked_ms = $1 WHERE id = $2 AND revoked_ms IS NULL")
        .bind(millis(change.now))
        .bind(id.to_string())
        .execute(change.connection())
        .await?;
    if result.rows_affected() == 0 {
        return Err(StorageError::Missing("key"));
    }
    change.note("api_key", id, "revoked", json!({}));
    Ok(())
}

/// Notes that a key is in use: no change worth an audit row.
///
/// # Errors
/// The database failed.
pub async fn note_use(database: &Database, id: ApiKeyId, now: UnixMillis) -> Result<(), StorageError> {
    sqlx::query("UPDATE api_keys SET used_ms = $1 WHERE id = $2")
        .bind(millis(now))
        .bind(id.to_string())
        .execute(&database.writers)
        .await?;
    Ok(())
}

fn api_key(row: &AnyRow) -> Result<ApiKey, StorageError> {
    let columns = Columns(row);
    let hash = hex::decode(&columns.plain::<String>("hash")?).ok_or(StorageError::Unreadable { column: "hash" })?;
    Ok(ApiKey {
        id: columns.parsed("id")?,
        hash: TokenHash(hash),
        details: NewApiKey {
            name: columns.plain("name")?,
            site: columns.parsed("site_id")?,
            source: columns.plain("source")?,
            scopes: columns.parsed("scopes")?,
            expires: columns.time("expires_ms")?,
        },
        used: columns.time_if_any("used_ms")?,
        revoked: columns.time_if_any("revoked_ms")?,
        created_by: columns.parsed_if_any("created_by")?,
        created: columns.time("created_ms")?,
    })
}
