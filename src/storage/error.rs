//! What storage answers when it cannot do a thing. Carries no value of any row: these texts reach logs.

use crate::model::refusal::Refusal;

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A rule that only the database can hold under concurrent writers.
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// The name of what is unique and taken, or refers to nothing.
    #[error("there is such a {0} already")]
    Exists(&'static str),
    #[error("{0} refers to something that does not exist")]
    Dangling(&'static str),
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// A defect of the caller: nothing is changed without saying so in the audit trail.
    #[error("a change without an audit row was not committed")]
    Unaudited,
    #[error("column `{column}` holds what this version cannot read")]
    Unreadable { column: &'static str },
    #[error("{path}: {reason}")]
    File { path: String, reason: std::io::Error },
    #[error("there is no database in {folder} yet; `storage.data_folder` says where it is looked for")]
    NoDatabase { folder: String },
    #[error("{path} is no whole database of Kenes'")]
    NotABackup { path: String },
    #[error("the database in {folder} is in use by another process; stop the server first")]
    InUse { folder: String },
    #[error("the database's schema: {0}")]
    Schema(#[from] sqlx::migrate::MigrateError),
    #[error("the system's random source failed")]
    Random(#[from] aws_lc_rs::error::Unspecified),
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
}

impl StorageError {
    /// Stable word for programs and problem+json.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Missing(_) => "not_found",
            Self::Exists(_) => "exists",
            Self::Dangling(_) => "dangling_reference",
            Self::KeyReused => "idempotency_key_reused",
            Self::Unaudited | Self::Unreadable { .. } | Self::Random(_) => "internal",
            Self::File { .. }
            | Self::NoDatabase { .. }
            | Self::NotABackup { .. }
            | Self::InUse { .. }
            | Self::Schema(_)
            | Self::Database(_) => "database",
        }
    }

    /// What an INSERT of a `thing` ran into.
    pub(super) fn on_insert(thing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |error| match &error {
            sqlx::Error::Database(reason) if reason.is_unique_violation() => Self::Exists(thing),
            sqlx::Error::Database(reason) if reason.is_foreign_key_violation() => Self::Dangling(thing),
            _ => Self::Database(error),
        }
    }
}
