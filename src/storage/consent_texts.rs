//! The words that patients consent to. Rows are only ever added (migrations 0015).

use super::change::{Change, millis};
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::consent::Purpose;
use crate::model::consent_text::{ConsentText, Texts};
use serde_json::json;
use sqlx::any::AnyRow;

/// # Errors
/// There is such a version already: somebody else was faster.
pub async fn add(change: &mut Change, text: &ConsentText) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO consent_texts (purpose, version, kk, ru, en, created_by, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(text.purpose.as_str())
    .bind(i64::from(text.version))
    .bind(text.texts.kk.clone())
    .bind(text.texts.ru.clone())
    .bind(text.texts.en.clone())
    .bind(change.author.user().map(|id| id.to_string()))
    .bind(millis(change.now))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("consent text"))?;
    change.note("consent_text", text.purpose, "added", json!({ "version": text.version }));
    Ok(())
}

/// Every version of every purpose, the newest of each first.
///
/// # Errors
/// The database failed.
pub async fn all(database: &Database) -> Result<Vec<ConsentText>, StorageError> {
    let rows =
        sqlx::query("SELECT * FROM consent_texts ORDER BY purpose, version DESC").fetch_all(&database.readers).await?;
    rows.iter().map(text).collect()
}

/// What is shown to whoever is asked now. Every purpose has a first version from the start.
///
/// # Errors
/// The database failed.
pub async fn newest(database: &Database, purpose: Purpose) -> Result<Option<ConsentText>, StorageError> {
    let row = sqlx::query("SELECT * FROM consent_texts WHERE purpose = $1 ORDER BY version DESC LIMIT 1")
        .bind(purpose.as_str())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(text).transpose()
}

fn text(row: &AnyRow) -> Result<ConsentText, StorageError> {
    let columns = Columns(row);
    Ok(ConsentText {
        purpose: columns.parsed("purpose")?,
        version: columns.number("version")?,
        texts: Texts { kk: columns.plain("kk")?, ru: columns.plain("ru")?, en: columns.plain("en")? },
    })
}
