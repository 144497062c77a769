//! The audit trail: append-only rows, each with a SHA-256 over the hash before it and its own content, and the chain's end
//! in `audit_head`. Changing, inserting or removing a row breaks the chain where it was done; cutting off the newest ones
//! leaves an end that does not match. Whoever can rewrite the whole table can rewrite the chain: export the head to be safe
//! from that.

use super::change::{Author, millis};
use super::columns::Columns;
use super::{Database, StorageError, hex};
use crate::model::private::Private;
use crate::model::time::UnixMillis;
use aws_lc_rs::digest::{Context, SHA256};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

/// What a change says about itself.
pub(super) struct Note {
    pub(super) author: Author,
    pub(super) at: UnixMillis,
    pub(super) entity: &'static str,
    pub(super) entity_id: String,
    pub(super) action: &'static str,
    pub(super) detail: serde_json::Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub seq: u64,
    pub at: UnixMillis,
    pub actor: String,
    pub action: String,
    pub entity: String,
    pub entity_id: String,
    /// JSON, as it was hashed.
    pub detail: String,
    previous_hash: String,
    hash: String,
}

/// What [`verify`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chain {
    Intact {
        rows: u64,
        /// Of the newest row; publish it and nobody can rewrite what came before it.
        head: String,
    },
    /// The first row that does not follow from the one before it.
    BrokenAt { seq: u64 },
    /// The newest rows are missing, or there are some that no change wrote.
    WrongEnd { rows: u64, expected: u64 },
}

/// Rows read at a time.
const PAGE: i64 = 1000;

/// Recomputes the whole chain from its first row.
///
/// # Errors
/// The database failed; a broken chain is an answer, not an error.
pub async fn verify(database: &Database) -> Result<Chain, StorageError> {
    let (mut rows, mut hash) = (0_u64, String::new());
    let mut expected = 0;
    loop {
        let page = page_after(database, rows).await?;
        for entry in &page {
            if entry.seq != rows + 1 || entry.previous_hash != hash || entry.hash != entry.computed_hash() {
                return Ok(Chain::BrokenAt { seq: rows + 1 });
            }
            rows += 1;
            hash.clone_from(&entry.hash);
        }
        if !page.is_empty() {
            continue;
        }
        // The server may be writing: rows that the head has promised by now must be on the next page.
        let missing_before = expected > rows;
        let head = sqlx::query("SELECT seq, hash FROM audit_head WHERE id = 1").fetch_one(&database.readers).await?;
        expected = Columns(&head).number("seq")?;
        let head = Columns(&head).plain::<String>("hash")?;
        if expected == rows && head == hash {
            return Ok(Chain::Intact { rows, head });
        }
        if expected <= rows || missing_before {
            return Ok(Chain::WrongEnd { rows, expected });
        }
    }
}

/// Rows of what happened, and by whom where that is a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub entry: Entry,
    pub actor_name: Option<Private<String>>,
}

/// Newest first, from before `before` on; of one kind of thing, or of one thing, when it is named.
///
/// # Errors
/// The database failed.
pub async fn newest(
    database: &Database,
    entity: Option<&str>,
    entity_id: Option<&str>,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Line>, StorageError> {
    // Behind `user:` stands the user's id.
    let rows = sqlx::query(
        "SELECT audit.*, users.name AS actor_name
         FROM audit LEFT JOIN users ON users.id = SUBSTR(audit.actor, 6)
         WHERE seq < $1 AND ($2 = '' OR entity = $2) AND ($3 = '' OR entity_id = $3) ORDER BY seq DESC LIMIT $4",
    )
    .bind(before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX))
    .bind(entity.unwrap_or_default().to_owned())
    .bind(entity_id.unwrap_or_default().to_owned())
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    let line = |row| {
        let name: Option<String> = Columns(row).plain("actor_name")?;
        Ok(Line { entry: entry(row)?, actor_name: name.map(Private::new) })
    };
    rows.iter().map(line).collect()
}

/// What happened to one thing, oldest first.
///
/// # Errors
/// The database failed.
pub async fn of_entity(database: &Database, entity: &str, entity_id: &str) -> Result<Vec<Entry>, StorageError> {
    let rows = sqlx::query("SELECT * FROM audit WHERE entity = $1 AND entity_id = $2 ORDER BY seq")
        .bind(entity.to_owned())
        .bind(entity_id.to_owned())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(entry).collect()
}

/// Appends `notes` to the chain. The first statement locks the chain's end until the transaction's.
pub(super) async fn append(connection: &mut AnyConnection, notes: &[Note]) -> Result<(), StorageError> {
    let end = sqlx::query("UPDATE audit_head SET seq = seq WHERE id = 1 RETURNING seq, hash")
        .fetch_one(&mut *connection)
        .await?;
    let (mut seq, mut hash) = (Columns(&end).number::<u64>("seq")?, Columns(&end).plain::<String>("hash")?);
    for note in notes {
        seq += 1;
        let mut entry = Entry {
            seq,
            at: note.at,
            actor: note.author.to_string(),
            action: note.action.to_owned(),
            entity: note.entity.to_owned(),
            entity_id: note.entity_id.clone(),
            detail: note.detail.to_string(),
            previous_hash: hash,
            hash: String::new(),
        };
        entry.hash = entry.computed_hash();
        hash = entry.hash.clone();
        insert(connection, entry).await?;
    }
    sqlx::query("UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1")
        .bind(i64::try_from(seq).unwrap_or(i64::MAX))
        .bind(hash)
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert(connection: &mut AnyConnection, entry: Entry) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO audit (seq, at_ms, actor, action, entity, entity_id, detail, previous_hash, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(i64::try_from(entry.seq).unwrap_or(i64::MAX))
    .bind(millis(entry.at))
    .bind(entry.actor)
    .bind(entry.action)
    .bind(entry.entity)
    .bind(entry.entity_id)
    .bind(entry.detail)
    .bind(entry.previous_hash)
    .bind(entry.hash)
    .execute(connection)
    .await?;
    Ok(())
}

async fn page_after(database: &Database, seq: u64) -> Result<Vec<Entry>, StorageError> {
    let rows = sqlx::query("SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2")
        .bind(i64::try_from(seq).unwrap_or(i64::MAX))
        .bind(PAGE)
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &AnyRow) -> Result<Entry, StorageError> {
    let columns = Columns(row);
    Ok(Entry {
        seq: columns.number("seq")?,
        at: columns.time("at_ms")?,
        actor: columns.plain("actor")?,
        action: columns.plain("action")?,
        entity: columns.plain("entity")?,
        entity_id: columns.plain("entity_id")?,
        detail: columns.plain("detail")?,
        previous_hash: columns.plain("previous_hash")?,
        hash: columns.plain("hash")?,
    })
}

impl Entry {
    /// Each field with its length before it, so that text cannot move from one field to the next unnoticed.
    fn computed_hash(&self) -> String {
        let mut context = Context::new(&SHA256);
        let (seq, at) = (self.seq.to_string(), self.at.0.to_string());
        let fields =
            [&self.previous_hash, &seq, &at, &self.actor, &self.action, &self.entity, &self.entity_id, &self.detail];
        for field in fields {
            context.update(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_le_bytes());
            context.update(field.as_bytes());
        }
        hex::encode(context.finish().as_ref())
    }
}
