//! Copies of the SQLite database: taken beside a running server, put back while none runs. PostgreSQL has tools of its own.

use super::StorageError;
use super::database::{SQLITE_FILE, lock_folder, make_folder, on_file, require_database, sqlite_file_url};
use crate::model::time::UnixMillis;
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _, Row as _};
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

/// What SQLite keeps of one database, by what follows its name. The log comes first: moved away alone, it leaves a database that is
/// older but whole, while a log beside another database would be replayed into it.
const PARTS: [&str; 3] = ["-wal", "-shm", ""];

/// Writes a copy of the database in `folder` to `file`, as it is at one moment; writers go on meanwhile. `file` appears whole or not at
/// all, readable by its owner alone. Answers its length in bytes.
///
/// # Errors
/// There is no database, there is a `file` already, or it cannot be written.
pub async fn backup(folder: &Path, file: &Path) -> Result<u64, StorageError> {
    require_database(folder)?;
    if file.exists() {
        return Err(on_file(file)(std::io::ErrorKind::AlreadyExists.into()));
    }
    let partial = beside(file, ".partial");
    // SQLite writes into an empty file as it is, so that its mode stays.
    new_private_file(&partial)?;
    let copied = copy_into(&folder.join(SQLITE_FILE), &partial).await;
    if copied.is_err() {
        let _ = fs::remove_file(&partial);
    }
    copied?;
    let length = sync(&partial)?;
    rename(&partial, file)?;
    Ok(length)
}

/// Puts `file` in the place of the database in `folder`. What was there stays in the folder; answers under which name.
///
/// # Errors
/// A server runs on the folder, or `file` is no whole database of Kenes'; nothing is changed then.
pub async fn restore(folder: &Path, file: &Path, now: UnixMillis) -> Result<Option<PathBuf>, StorageError> {
    make_folder(folder)?;
    let _lock = lock_folder(folder)?;
    check(file).await?;
    let current = folder.join(SQLITE_FILE);
    let incoming = beside(&current, ".restoring");
    let _ = fs::remove_file(&incoming);
    new_private_file(&incoming)?;
    fs::copy(file, &incoming).map_err(on_file(&incoming))?;
    sync(&incoming)?;

    let replaced = current.exists().then(|| beside(&current, &format!(".replaced-{}", now.0)));
    if let Some(replaced) = &replaced {
        for part in PARTS.map(|part| (beside(&current, part), beside(replaced, part))) {
            if part.0.exists() {
                rename(&part.0, &part.1)?;
            }
        }
    }
    rename(&incoming, &current)?;
    Ok(replaced)
}

async fn copy_into(database: &Path, copy: &Path) -> Result<(), StorageError> {
    let mut connection = sqlite_file_url(database, "rw")?.connect().await?;
    sqlx::query("VACUUM INTO $1").bind(copy.display().to_string()).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Every page, every index, and a table that only Kenes has.
async fn check(file: &Path) -> Result<(), StorageError> {
    let not_ours = |_| StorageError::NotABackup { path: file.display().to_string() };
    File::open(file).map_err(on_file(file))?;
    let mut connection: AnyConnection = sqlite_file_url(file, "ro")?.connect().await.map_err(not_ours)?;
    let found = sqlx::query("PRAGMA integrity_check").fetch_one(&mut connection).await.map_err(not_ours)?;
    sqlx::query("SELECT seq FROM audit_head").fetch_one(&mut connection).await.map_err(not_ours)?;
    connection.close().await?;
    if found.try_get::<String, _>(0)? == "ok" { Ok(()) } else { Err(not_ours(sqlx::Error::RowNotFound)) }
}

fn new_private_file(path: &Path) -> Result<File, StorageError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(on_file(path))
}

/// To the disk, so that the rename that follows never names a file whose content a power cut took.
fn sync(path: &Path) -> Result<u64, StorageError> {
    let file = File::open(path).map_err(on_file(path))?;
    file.sync_all().map_err(on_file(path))?;
    Ok(file.metadata().map_err(on_file(path))?.len())
}

fn rename(from: &Path, to: &Path) -> Result<(), StorageError> {
    fs::rename(from, to).map_err(on_file(to))?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(on_file(folder))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
