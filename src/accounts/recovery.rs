//! The way back in for somebody who lost the password and has nobody to ask: by command, on the server's own machine.

use super::password::{self, HashFailed, Passwords};
use crate::model::account::Login;
use crate::model::private::Private;
use crate::model::time::UnixMillis;
use crate::storage::{Author, Database, StorageError, accounts};

#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    #[error("nobody signs in by that login")]
    Unknown,
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Password(#[from] HashFailed),
}

/// A one-time password in the place of the one before; every session of the user ends, and a lock is lifted.
///
/// # Errors
/// There is no such login, or the database or the system's random source failed.
pub async fn reset_password(
    database: &Database,
    login: &str,
    now: UnixMillis,
) -> Result<Private<String>, RecoveryError> {
    let login = Login::new(login).map_err(|_| RecoveryError::Unknown)?;
    let credential = accounts::find_credential(database, &login).await?.ok_or(RecoveryError::Unknown)?;
    let password = password::one_time()?;
    let hashed = Passwords::new()?.hash(&password).await?;
    let mut change = database.change(Author::System, now).await?;
    accounts::set_password(&mut change, credential.user, hashed, true, None).await?;
    change.commit().await?;
    Ok(password)
}
