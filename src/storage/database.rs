//! The connection pools over SQLite or PostgreSQL, and the schema's migrations. Knows no table.
//!
//! SQLite has one writing connection, which queues writers in this process instead of letting them collide in the file;
//! readers have their own and cannot write. PostgreSQL has one pool for both.

use super::StorageError;
use super::notice::{NOTICES_HELD, Notice};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{AnyPool, Executor as _};
use std::fs::{DirBuilder, File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;

/// Within the data folder.
pub(super) const SQLITE_FILE: &str = "kenes.sqlite3";
/// Held by the process that serves the data folder, and by `kenes restore`.
const LOCK_FILE: &str = "kenes.lock";
/// SQLite reads in parallel with its writer (WAL); more connections than cores bring nothing.
const SQLITE_READERS: u32 = 4;
/// PostgreSQL's own default allows 100 from all its clients.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long a request waits for its turn before it is told to come again.
const ACQUIRE_WITHIN: Duration = Duration::from_secs(10);
/// What `synchronous = FULL` buys: an answered commit outlives a power cut.
const SQLITE_SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
     PRAGMA busy_timeout = 5000;";
const SQLITE_READER_SETTINGS: &str = "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000; PRAGMA query_only = ON;";

static SHARED_MIGRATIONS: Migrator = sqlx::migrate!("migrations/shared");
static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A handle; clones share the pools.
#[derive(Clone)]
pub struct Database {
    engine: Engine,
    pub(super) writers: AnyPool,
    pub(super) readers: AnyPool,
    notices: broadcast::Sender<Notice>,
    /// Released with the last clone.
    _lock: Option<Arc<File>>,
}

impl Database {
    /// Opens PostgreSQL at `url`, or without one SQLite in `folder` (made when missing), and brings the schema up to date.
    ///
    /// # Errors
    /// The database cannot be reached, is in use by another server, or has a schema newer than this binary's.
    pub async fn open(folder: &Path, url: Option<&str>) -> Result<Self, StorageError> {
        let database = match url {
            Some(url) => Self::postgres(url).await?,
            None => Self::sqlite(folder).await?,
        };
        database.migrate().await?;
        Ok(database)
    }

    /// Opens SQLite in `folder` to read it beside a running server.
    ///
    /// # Errors
    /// There is no database.
    pub async fn open_to_read(folder: &Path, url: Option<&str>) -> Result<Self, StorageError> {
        if let Some(url) = url {
            return Self::postgres(url).await;
        }
        require_database(folder)?;
        let readers = sqlite_readers(folder).await?;
        Ok(Self::of(Engine::Sqlite, readers.clone(), readers, None))
    }

    /// Opens it to change one thing beside a running server: SQLite's own lock makes the two take turns. The schema stays as it is.
    ///
    /// # Errors
    /// There is no database.
    pub async fn open_beside(folder: &Path, url: Option<&str>) -> Result<Self, StorageError> {
        if let Some(url) = url {
            return Self::postgres(url).await;
        }
        require_database(folder)?;
        let writers = pool_options(1, SQLITE_SETTINGS).connect_with(sqlite_url(folder, "rw")?).await?;
        Ok(Self::of(Engine::Sqlite, writers, sqlite_readers(folder).await?, None))
    }

    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Waits for connections to come back and closes them.
    pub async fn close(&self) {
        self.writers.close().await;
        self.readers.close().await;
    }

    /// What is committed from here on; who falls more than [`NOTICES_HELD`] behind is told so.
    #[must_use]
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    pub(super) fn tell(&self, notices: impl Iterator<Item = Notice>) {
        for notice in notices {
            // Nobody listening is fine.
            let _ = self.notices.send(notice);
        }
    }

    fn of(engine: Engine, writers: AnyPool, readers: AnyPool, lock: Option<File>) -> Self {
        Self { engine, writers, readers, notices: broadcast::Sender::new(NOTICES_HELD), _lock: lock.map(Arc::new) }
    }

    async fn sqlite(folder: &Path) -> Result<Self, StorageError> {
        make_folder(folder)?;
        let lock = lock_folder(folder)?;
        let writers = pool_options(1, SQLITE_SETTINGS).connect_with(sqlite_url(folder, "rwc")?).await?;
        let readers = sqlite_readers(folder).await?;
        Ok(Self::of(Engine::Sqlite, writers, readers, Some(lock)))
    }

    async fn postgres(url: &str) -> Result<Self, StorageError> {
        let pool = pool_options(POSTGRES_CONNECTIONS, "").connect_with(options(url)?).await?;
        Ok(Self::of(Engine::Postgres, pool.clone(), pool, None))
    }

    async fn migrate(&self) -> Result<(), StorageError> {
        let own = match self.engine {
            Engine::Sqlite => &SQLITE_MIGRATIONS,
            Engine::Postgres => &POSTGRES_MIGRATIONS,
        };
        let mut migrations: Vec<_> = SHARED_MIGRATIONS.iter().chain(own.iter()).cloned().collect();
        migrations.sort_by_key(|migration| migration.version);
        Ok(Migrator::with_migrations(migrations).run(&self.writers).await?)
    }
}

/// For those who only look: a folder without a database gets a plain word instead of SQLite's.
pub(super) fn require_database(folder: &Path) -> Result<(), StorageError> {
    if folder.join(SQLITE_FILE).is_file() {
        return Ok(());
    }
    Err(StorageError::NoDatabase { folder: folder.display().to_string() })
}

/// Made for the server's user alone: patients' data lies here.
pub(super) fn make_folder(folder: &Path) -> Result<(), StorageError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(on_file(folder))
}

/// The operating system gives the lock back when the process ends, however it ends.
pub(super) fn lock_folder(folder: &Path) -> Result<File, StorageError> {
    let lock = File::create(folder.join(LOCK_FILE)).map_err(on_file(folder))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StorageError::InUse { folder: folder.display().to_string() }),
        Err(TryLockError::Error(reason)) => Err(on_file(folder)(reason)),
    }
}

pub(super) fn on_file(path: &Path) -> impl FnOnce(std::io::Error) -> StorageError {
    move |reason| StorageError::File { path: path.display().to_string(), reason }
}

async fn sqlite_readers(folder: &Path) -> Result<AnyPool, StorageError> {
    Ok(pool_options(SQLITE_READERS, SQLITE_READER_SETTINGS).connect_with(sqlite_url(folder, "rw")?).await?)
}

fn sqlite_url(folder: &Path, mode: &str) -> Result<AnyConnectOptions, StorageError> {
    sqlite_file_url(&folder.join(SQLITE_FILE), mode)
}

/// SQLite's URL for a file; `Url` escapes most of what a name may hold, and these are the rest.
pub(super) fn sqlite_file_url(file: &Path, mode: &str) -> Result<AnyConnectOptions, StorageError> {
    let path = std::path::absolute(file).map_err(on_file(file))?.display().to_string();
    let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    options(&format!("sqlite://{path}?mode={mode}"))
}

fn options(url: &str) -> Result<AnyConnectOptions, StorageError> {
    sqlx::any::install_default_drivers();
    Ok(url.parse()?)
}

/// `settings` are run on each new connection.
fn pool_options(connections: u32, settings: &'static str) -> AnyPoolOptions {
    let options = AnyPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_WITHIN);
    if settings.is_empty() {
        return options;
    }
    options.after_connect(move |connection, _| {
        Box::pin(async move { connection.execute(sqlx::raw_sql(settings)).await.map(drop) })
    })
}
