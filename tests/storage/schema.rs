//! Opening a database: its schema, its folder, who else has it open.

use crate::databases::{TestDatabase, self_signed};
use kenes::storage::StorageError;
use sqlx::{Executor as _, Row as _};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

on_both_databases!(migrations_run_twice_harmlessly);

async fn migrations_run_twice_harmlessly(test: TestDatabase) {
    for _ in 0..2 {
        test.open().await.close().await;
    }
}

#[tokio::test]
async fn a_postgres_elsewhere_is_reached_by_tls_and_only_when_it_is_the_one() {
    let mut test = TestDatabase::postgres_with_tls();
    test.open().await.close().await;
    self_signed(&test.folder.join("other.pem"), &test.folder.join("other-key.pem"));
    test.url = test.url.take().map(|url| url.replace("root.pem", "other.pem"));
    assert!(matches!(
        test.try_open().await.err(),
        Some(StorageError::Database(sqlx::Error::Tls(_) | sqlx::Error::Io(_)))
    ));
}

/// Statements that read a table from end to end, and why they may.
const MAY_SCAN: [(&str, &str); 8] = [
    ("SELECT * FROM sites ORDER BY", "a region has hundreds"),
    ("SELECT * FROM carts ORDER BY", "a region has hundreds"),
    ("SELECT users.*, credentials.login", "a region has some thousands, listed by name"),
    ("SELECT users.roles FROM credentials JOIN", "once at a start"),
    ("SELECT COUNT(*) AS carts", "a region has hundreds"),
    ("SELECT DISTINCT specialist_id FROM schedules", "a page of an index, once an hour"),
    ("SELECT seq FROM audit_head", "it has one row"),
    ("SELECT * FROM consent_texts ORDER BY", "four purposes, some versions in years"),
];

/// Every statement of src/storage finds its rows by an index, so that none grows with its table.
#[tokio::test]
async fn no_statement_scans_a_table() {
    let test = TestDatabase::sqlite();
    let _database = test.open().await;
    let mut connection = test.intrude().await;
    let statements = statements();
    assert!(statements.len() > 60, "{} statements found", statements.len());
    for sql in statements.iter().filter(|sql| !MAY_SCAN.iter().any(|(start, _)| sql.starts_with(start))) {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan = connection.fetch_all(sqlx::query(explain)).await.unwrap();
        let steps: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
        let scans = |step: &String| step.starts_with("SCAN ") && step != "SCAN CONSTANT ROW";
        assert!(!steps.iter().any(scans), "{sql}\n{steps:#?}");
    }
}

/// The text of every statement in src/storage, as its sources have it.
fn statements() -> Vec<String> {
    let files = sources(concat!(env!("CARGO_MANIFEST_DIR"), "/src/storage").as_ref());
    let literals = |text: String| text.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let is_statement =
        |text: &String| ["SELECT ", "UPDATE ", "INSERT ", "DELETE "].iter().any(|verb| text.starts_with(verb));
    // A text that ends with WHERE is a macro's, who goes on by whose rows are wanted.
    let is_whole = |text: &String| !text.trim_end().ends_with("WHERE");
    files.into_iter().flat_map(literals).filter(is_statement).filter(is_whole).collect()
}

fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![fs::read_to_string(path).unwrap()] })
        .collect()
}

#[tokio::test]
async fn a_folder_is_served_by_one_process() {
    let test = TestDatabase::sqlite();
    let first = test.open().await;
    assert!(matches!(test.try_open().await.err(), Some(StorageError::InUse { .. })));
    first.close().await;
    drop(first);
    test.open().await;
}

#[tokio::test]
async fn a_new_folder_is_for_its_owner_alone_whatever_its_name() {
    let mut test = TestDatabase::sqlite();
    test.folder = test.folder.join("a b%20?c#d");
    test.open().await;
    assert!(test.folder.join("kenes.sqlite3").is_file());
    assert_eq!(test.folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let made = test.folder.clone();
    test.folder.pop();
    assert!(made.exists());
}
