//! Addresses of calendars: one per specialist or cart, known by the digest of its token.

use super::change::{Change, millis};
use super::columns::Columns;
use super::{Database, StorageError, hex};
use crate::model::join_link::TokenHash;
use crate::model::schedule::Resource;
use serde_json::json;
use sqlx::any::AnyRow;

/// Gives `whose` calendar a new address; the one before it is worthless from now on.
///
/// # Errors
/// There is no such specialist or cart.
pub async fn replace(change: &mut Change, whose: Resource, hash: &TokenHash) -> Result<(), StorageError> {
    let (entity, id, specialist, cart) = match whose {
        Resource::Specialist(id) => ("user", id.to_string(), Some(id.to_string()), None),
        Resource::Cart(id) => ("cart", id.to_string(), None, Some(id.to_string())),
    };
    sqlx::query("DELETE FROM calendar_feeds WHERE specialist_id = $1 OR cart_id = $2")
        .bind(specialist.clone())
        .bind(cart.clone())
        .execute(change.connection())
        .await?;
    sqlx::query("INSERT INTO calendar_feeds (hash, specialist_id, cart_id, created_ms) VALUES ($1, $2, $3, $4)")
        .bind(hex::encode(&hash.0))
        .bind(specialist)
        .bind(cart)
        .bind(millis(change.now))
        .execute(change.connection())
        .await
        .map_err(StorageError::on_insert("calendar"))?;
    change.note(entity, id, "calendar_feed", json!({}));
    Ok(())
}

/// Whose calendar is at the address.
///
/// # Errors
/// The database failed.
pub async fn find(database: &Database, hash: &TokenHash) -> Result<Option<Resource>, StorageError> {
    let row = sqlx::query("SELECT specialist_id, cart_id FROM calendar_feeds WHERE hash = $1")
        .bind(hex::encode(&hash.0))
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(whose).transpose()
}

fn whose(row: &AnyRow) -> Result<Resource, StorageError> {
    let columns = Columns(row);
    match columns.parsed_if_any("specialist_id")? {
        Some(id) => Ok(Resource::Specialist(id)),
        None => Ok(Resource::Cart(columns.parsed("cart_id")?)),
    }
}
