//! Users: where they work, what they may do, what they treat. How they prove who they are lies elsewhere.

use super::change::{Change, millis, require_current};
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::ids::{SiteId, UserId};
use crate::model::private::Private;
use crate::model::specialty::Specialty;
use crate::model::user::{NewUser, User};
use serde_json::json;
use sqlx::any::AnyRow;

/// # Errors
/// There is a user of this id, or no such site.
pub async fn create(change: &mut Change, user: &User) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO users (id, site_id, name, roles, specialty, languages, version, created_by, created_ms, updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(user.id.to_string())
    .bind(user.details.site.to_string())
    .bind(user.details.name.reveal().clone())
    .bind(user.details.roles.to_string())
    .bind(user.details.specialty.as_ref().map(Specialty::to_string))
    .bind(user.details.languages.to_string())
    .bind(i64::from(user.stamp.version.0))
    .bind(user.stamp.created_by.map(|id| id.to_string()))
    .bind(millis(user.stamp.created))
    .bind(millis(user.stamp.updated))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("user"))?;
    change.note("user", user.id, "created", json!({ "roles": user.details.roles.to_string() }));
    Ok(())
}

/// # Errors
/// `Refusal::Changed`: it is another by now.
pub async fn update(change: &mut Change, seen: &User, details: NewUser) -> Result<User, StorageError> {
    let after = User { id: seen.id, details, stamp: seen.stamp.changed(change.now) };
    let result = sqlx::query(
        "UPDATE users SET site_id = $1, name = $2, roles = $3, specialty = $4, languages = $5, version = $6, updated_ms = $7
         WHERE id = $8 AND version = $9",
    )
    .bind(after.details.site.to_string())
    .bind(after.details.name.reveal().clone())
    .bind(after.details.roles.to_string())
    .bind(after.details.specialty.as_ref().map(Specialty::to_string))
    .bind(after.details.languages.to_string())
    .bind(i64::from(after.stamp.version.0))
    .bind(millis(after.stamp.updated))
    .bind(seen.id.to_string())
    .bind(i64::from(seen.stamp.version.0))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("user"))?;
    require_current(&result)?;
    let roles = json!({ "from": seen.details.roles.to_string(), "to": after.details.roles.to_string() });
    change.note("user", seen.id, "updated", json!({ "roles": roles }));
    Ok(after)
}

/// # Errors
/// The database failed.
pub async fn find(database: &Database, id: UserId) -> Result<Option<User>, StorageError> {
    let row =
        sqlx::query("SELECT * FROM users WHERE id = $1").bind(id.to_string()).fetch_optional(&database.readers).await?;
    row.as_ref().map(user).transpose()
}

/// # Errors
/// The database failed.
pub async fn of_site(database: &Database, site: SiteId) -> Result<Vec<User>, StorageError> {
    let rows = sqlx::query("SELECT * FROM users WHERE site_id = $1 ORDER BY name, id")
        .bind(site.to_string())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(user).collect()
}

/// # Errors
/// The database failed.
pub async fn specialists(database: &Database, specialty: &Specialty) -> Result<Vec<User>, StorageError> {
    let rows = sqlx::query("SELECT * FROM users WHERE specialty = $1 ORDER BY name, id")
        .bind(specialty.to_string())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(user).collect()
}

fn user(row: &AnyRow) -> Result<User, StorageError> {
    let columns = Columns(row);
    Ok(User {
        id: columns.parsed("id")?,
        details: NewUser {
            site: columns.parsed("site_id")?,
            name: Private::new(columns.plain("name")?),
            roles: columns.parsed("roles")?,
            specialty: columns.parsed_if_any("specialty")?,
            languages: columns.parsed("languages")?,
        },
        stamp: columns.stamp()?,
    })
}
