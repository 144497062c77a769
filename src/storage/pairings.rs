//! Codes that pair carts, by their digests. The session that a code is exchanged for is `accounts`' to keep.

use super::StorageError;
use super::change::{Change, millis};
use super::columns::Columns;
use super::hex;
use crate::model::ids::CartId;
use crate::model::join_link::TokenHash;
use crate::model::time::UnixMillis;
use serde_json::json;

/// Keeps a cart's new code in the place of the one before.
///
/// # Errors
/// There is no such cart; or another cart's code is the same, so draw again.
pub async fn offer(
    change: &mut Change,
    cart: CartId,
    hash: &TokenHash,
    expires: UnixMillis,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO cart_pairings (cart_id, hash, expires_ms, created_by, created_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (cart_id) DO UPDATE
         SET hash = excluded.hash, expires_ms = excluded.expires_ms, created_by = excluded.created_by,
             created_ms = excluded.created_ms",
    )
    .bind(cart.to_string())
    .bind(hex::encode(&hash.0))
    .bind(millis(expires))
    .bind(change.author.user().map(|id| id.to_string()))
    .bind(millis(change.now))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("code"))?;
    change.note("cart", cart, "pairing_offered", json!({}));
    Ok(())
}

/// Uses up a code: of two who type it, one gets the cart. What it is good for, the caller notes.
///
/// # Errors
/// The database failed.
pub async fn take(change: &mut Change, hash: &TokenHash) -> Result<Option<CartId>, StorageError> {
    let row = sqlx::query("DELETE FROM cart_pairings WHERE hash = $1 AND expires_ms > $2 RETURNING cart_id")
        .bind(hex::encode(&hash.0))
        .bind(millis(change.now))
        .fetch_optional(change.connection())
        .await?;
    row.map(|row| Columns(&row).parsed("cart_id")).transpose()
}

/// Ends every session of a cart, and its code if one waits. False: there was neither.
///
/// # Errors
/// The database failed.
pub async fn end(change: &mut Change, cart: CartId) -> Result<bool, StorageError> {
    let mut ended = 0;
    for sql in ["DELETE FROM cart_pairings WHERE cart_id = $1", "DELETE FROM sessions WHERE cart_id = $1"] {
        ended += sqlx::query(sql).bind(cart.to_string()).execute(change.connection()).await?.rows_affected();
    }
    if ended > 0 {
        change.note("cart", cart, "unpaired", json!({}));
    }
    Ok(ended > 0)
}
