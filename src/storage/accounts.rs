//! Credentials and sessions. Knows digests alone: neither a password nor a session's secret comes here.

use super::change::{Change, millis};
use super::columns::Columns;
use super::{Database, StorageError, hex, sign_ins};
use crate::model::account::{Holder, Login, Proof, Session};
use crate::model::ids::{CartId, UserId};
use crate::model::join_link::TokenHash;
use crate::model::role::{Role, Roles};
use crate::model::time::UnixMillis;
use serde_json::json;
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// How a user signs in.
#[derive(Clone)]
pub struct Credential {
    pub user: UserId,
    pub login: Login,
    /// In the PHC string format.
    pub password_hash: String,
    pub must_change: bool,
}

/// # Errors
/// The login is taken, or the user has one, or there is no such user.
pub async fn create_credential(
    change: &mut Change,
    user: UserId,
    login: &Login,
    password_hash: String,
    must_change: bool,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO credentials (user_id, login, password_hash, must_change, changed_ms) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(user.to_string())
    .bind(login.as_str().to_owned())
    .bind(password_hash)
    .bind(i64::from(must_change))
    .bind(millis(change.now))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("login"))?;
    change.note("user", user, "credential_created", json!({}));
    Ok(())
}

/// # Errors
/// The database failed.
pub async fn find_credential(database: &Database, login: &Login) -> Result<Option<Credential>, StorageError> {
    let row = sqlx::query("SELECT * FROM credentials WHERE login = $1")
        .bind(login.as_str().to_owned())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(credential).transpose()
}

/// # Errors
/// The database failed.
pub async fn credential_of(database: &Database, user: UserId) -> Result<Option<Credential>, StorageError> {
    let row = sqlx::query("SELECT * FROM credentials WHERE user_id = $1")
        .bind(user.to_string())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(credential).transpose()
}

/// Another login for a user who has one.
///
/// # Errors
/// The login is taken, or the user has none.
pub async fn set_login(change: &mut Change, user: UserId, login: &Login) -> Result<(), StorageError> {
    let result = sqlx::query("UPDATE credentials SET login = $1 WHERE user_id = $2")
        .bind(login.as_str().to_owned())
        .bind(user.to_string())
        .execute(change.connection())
        .await
        .map_err(StorageError::on_insert("login"))?;
    if result.rows_affected() == 0 {
        return Err(StorageError::Missing("login"));
    }
    change.note("user", user, "login_set", json!({}));
    Ok(())
}

/// A new password; tries with the old one are forgotten, and every session of the user but `keep` ends.
///
/// # Errors
/// The user has no credential.
pub async fn set_password(
    change: &mut Change,
    user: UserId,
    password_hash: String,
    must_change: bool,
    keep: Option<&TokenHash>,
) -> Result<(), StorageError> {
    let result =
        sqlx::query("UPDATE credentials SET password_hash = $1, must_change = $2, changed_ms = $3 WHERE user_id = $4")
            .bind(password_hash)
            .bind(i64::from(must_change))
            .bind(millis(change.now))
            .bind(user.to_string())
            .execute(change.connection())
            .await?;
    if result.rows_affected() == 0 {
        return Err(StorageError::Missing("login"));
    }
    sign_ins::forget(change, user).await?;
    sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND hash <> $2")
        .bind(user.to_string())
        .bind(keep.map(|hash| hex::encode(&hash.0)).unwrap_or_default())
        .execute(change.connection())
        .await?;
    change.note("user", user, "password_set", json!({ "must_change": must_change }));
    Ok(())
}

/// Whether anybody can sign in as an administrator.
///
/// # Errors
/// The database failed.
pub async fn has_admin(database: &Database) -> Result<bool, StorageError> {
    let rows = sqlx::query("SELECT users.roles FROM credentials JOIN users ON users.id = credentials.user_id")
        .fetch_all(&database.readers)
        .await?;
    for row in &rows {
        if Columns(row).parsed::<Roles>("roles")?.contains(Role::Admin) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whose a new session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewHolder {
    User(UserId, Proof),
    Cart(CartId),
}

/// # Errors
/// There is no such user or cart.
pub async fn open_session(
    change: &mut Change,
    hash: &TokenHash,
    holder: NewHolder,
    expires: UnixMillis,
) -> Result<(), StorageError> {
    let (user, cart, proof) = match holder {
        NewHolder::User(id, proof) => (Some(id.to_string()), None, proof.as_str()),
        NewHolder::Cart(id) => (None, Some(id.to_string()), "pairing"),
    };
    sqlx::query(
        "INSERT INTO sessions (hash, user_id, cart_id, proof, created_ms, used_ms, expires_ms)
         VALUES ($1, $2, $3, $4, $5, $5, $6)",
    )
    .bind(hex::encode(&hash.0))
    .bind(user)
    .bind(cart)
    .bind(proof)
    .bind(millis(change.now))
    .bind(millis(expires))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("session"))?;
    match holder {
        NewHolder::User(id, proof) => change.note("user", id, "signed_in", json!({ "by": proof })),
        NewHolder::Cart(id) => change.note("cart", id, "paired", json!({})),
    }
    Ok(())
}

/// # Errors
/// There is no such session.
pub async fn close_session(change: &mut Change, hash: &TokenHash) -> Result<(), StorageError> {
    let row = sqlx::query("DELETE FROM sessions WHERE hash = $1 RETURNING user_id, cart_id")
        .bind(hex::encode(&hash.0))
        .fetch_optional(change.connection())
        .await?
        .ok_or(StorageError::Missing("session"))?;
    let user: Option<String> = row.try_get("user_id")?;
    match user {
        Some(user) => change.note("user", user, "signed_out", json!({})),
        None => change.note("cart", row.try_get::<String, _>("cart_id")?, "unpaired", json!({})),
    }
    Ok(())
}

/// Who holds the secret of this digest, in one query; whether the session is alive is [`Session::is_alive`]'s to say.
///
/// # Errors
/// The database failed.
pub async fn find_session(database: &Database, hash: &TokenHash) -> Result<Option<Session>, StorageError> {
    let row = sqlx::query(
        "SELECT s.user_id, s.cart_id, s.used_ms, s.expires_ms, u.roles,
                COALESCE(u.site_id, c.site_id) AS site_id, CASE WHEN s.proof = 'password' THEN COALESCE(k.must_change, 0) ELSE 0 END AS must_change
         FROM sessions s
         LEFT JOIN users u ON u.id = s.user_id
         LEFT JOIN credentials k ON k.user_id = s.user_id
         LEFT JOIN carts c ON c.id = s.cart_id
         WHERE s.hash = $1",
    )
    .bind(hex::encode(&hash.0))
    .fetch_optional(&database.readers)
    .await?;
    row.as_ref().map(session).transpose()
}

/// Notes that a session is in use: neither a record nor a change worth an audit row. Sessions long dead go with it.
///
/// # Errors
/// The database failed.
pub async fn note_use(database: &Database, hash: &TokenHash, now: UnixMillis) -> Result<(), StorageError> {
    sqlx::query("UPDATE sessions SET used_ms = $1 WHERE hash = $2")
        .bind(millis(now))
        .bind(hex::encode(&hash.0))
        .execute(&database.writers)
        .await?;
    sqlx::query("DELETE FROM sessions WHERE expires_ms < $1").bind(millis(now)).execute(&database.writers).await?;
    Ok(())
}

fn credential(row: &AnyRow) -> Result<Credential, StorageError> {
    let columns = Columns(row);
    let login: String = columns.plain("login")?;
    Ok(Credential {
        user: columns.parsed("user_id")?,
        login: Login::new(&login).map_err(|_| StorageError::Unreadable { column: "login" })?,
        password_hash: columns.plain("password_hash")?,
        must_change: columns.number::<i64>("must_change")? == 1,
    })
}

fn session(row: &AnyRow) -> Result<Session, StorageError> {
    let columns = Columns(row);
    let site = columns.parsed("site_id")?;
    let holder = match columns.parsed_if_any("user_id")? {
        Some(id) => {
            let must_change_password = columns.number::<i64>("must_change")? == 1;
            Holder::User { id, site, roles: columns.parsed("roles")?, must_change_password }
        }
        None => Holder::Cart { id: columns.parsed("cart_id")?, site },
    };
    Ok(Session { holder, used: columns.time("used_ms")?, expires: columns.time("expires_ms")? })
}
