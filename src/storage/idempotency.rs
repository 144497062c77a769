//! A request's `Idempotency-Key`, which it may have or not: what was answered to it before, and what is answered now.

use super::{Change, IdempotencyKey, StorageError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// [`Change::recall`] when there is a key.
///
/// # Errors
/// [`StorageError::KeyReused`]: the key came with another request.
pub async fn recall<T: DeserializeOwned>(
    change: &mut Change,
    key: Option<&IdempotencyKey>,
) -> Result<Option<T>, StorageError> {
    match key {
        Some(key) => change.recall(key).await,
        None => Ok(None),
    }
}

/// [`Change::remember`] when there is a key.
///
/// # Errors
/// The database failed.
pub async fn remember<T: Serialize>(
    change: &mut Change,
    key: Option<&IdempotencyKey>,
    answer: &T,
) -> Result<(), StorageError> {
    match key {
        Some(key) => change.remember(key, answer).await,
        None => Ok(()),
    }
}
