//! Users: where they work, what they may do, what they treat. How they prove who they are lies elsewhere.

use super::change::{Change, millis, require_current, stamped};
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::ids::{SiteId, UserId};
use crate::model::private::Private;
use crate::model::role::Role;
use crate::model::specialty::Specialty;
use crate::model::user::{NewUser, User};
use serde_json::json;
use sqlx::any::AnyRow;

/// # Errors
/// There is a user of this id, or no such site.
pub async fn create(change: &mut Change, user: &User) -> Result<(), StorageError> {
    let insert = sqlx::query(
        "INSERT INTO users (id, site_id, name, roles, specialty, languages, version, created_by, created_ms, updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(user.id.to_string())
    .bind(user.details.site.to_string())
    .bind(user.details.name.reveal().clone())
    .bind(user.details.roles.to_string())
    .bind(user.details.specialty.as_ref().map(Specialty::to_string))
    .bind(user.details.languages.to_string());
    stamped(insert, &user.stamp).execute(change.connection()).await.map_err(StorageError::on_insert("user"))?;
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

/// A user and how one signs in as that user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub user: User,
    /// `None`: nobody signs in as this user.
    pub login: Option<String>,
}

/// Which users a list has.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub id: Option<UserId>,
    pub site: Option<SiteId>,
    pub role: Option<Role>,
    pub specialty: Option<Specialty>,
}

/// By name, from behind `after` on.
///
/// # Errors
/// The database failed.
pub async fn accounts(
    database: &Database,
    filter: &Filter,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<Account>, StorageError> {
    // Empty = any. Roles are words with commas.
    let role = filter.role.map(|role| format!("%,{role},%")).unwrap_or_default();
    let rows = sqlx::query(
        "SELECT users.*, credentials.login
         FROM users LEFT JOIN credentials ON credentials.user_id = users.id
         WHERE ($1 = '' OR users.id = $1) AND ($2 = '' OR users.site_id = $2) AND ($3 = '' OR users.specialty = $3)
           AND ($4 = '' OR ',' || users.roles || ',' LIKE $4)
           AND ($5 = '' OR (users.name, users.id) > (SELECT a.name, a.id FROM users a WHERE a.id = $5))
         ORDER BY users.name, users.id LIMIT $6",
    )
    .bind(filter.id.map(|id| id.to_string()).unwrap_or_default())
    .bind(filter.site.map(|id| id.to_string()).unwrap_or_default())
    .bind(filter.specialty.as_ref().map(Specialty::to_string).unwrap_or_default())
    .bind(role)
    .bind(after.map(|id| id.to_string()).unwrap_or_default())
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(account).collect()
}

/// The specialties that somebody treats, in alphabetical order.
///
/// # Errors
/// The database failed.
pub async fn specialties(database: &Database) -> Result<Vec<Specialty>, StorageError> {
    let rows = sqlx::query("SELECT DISTINCT specialty FROM users WHERE specialty IS NOT NULL ORDER BY specialty")
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(|row| Columns(row).parsed("specialty")).collect()
}

fn account(row: &AnyRow) -> Result<Account, StorageError> {
    Ok(Account { user: user(row)?, login: Columns(row).plain("login")? })
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
