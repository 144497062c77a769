//! Who a person at a sign-in provider is here.

use super::change::{Change, millis};
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::ids::UserId;
use serde_json::json;

/// # Errors
/// The database failed.
pub async fn find(database: &Database, issuer: &str, subject: &str) -> Result<Option<UserId>, StorageError> {
    let row = sqlx::query("SELECT user_id FROM oidc_identities WHERE issuer = $1 AND subject = $2")
        .bind(issuer.to_owned())
        .bind(subject.to_owned())
        .fetch_optional(&database.readers)
        .await?;
    row.map(|row| Columns(&row).parsed("user_id")).transpose()
}

/// # Errors
/// `Exists`: the user is somebody else at this provider.
pub async fn link(change: &mut Change, issuer: &str, subject: &str, user: UserId) -> Result<(), StorageError> {
    sqlx::query("INSERT INTO oidc_identities (issuer, subject, user_id, created_ms) VALUES ($1, $2, $3, $4)")
        .bind(issuer.to_owned())
        .bind(subject.to_owned())
        .bind(user.to_string())
        .bind(millis(change.now))
        .execute(change.connection())
        .await
        .map_err(StorageError::on_insert("identity"))?;
    change.note("user", user, "identity_linked", json!({}));
    Ok(())
}
