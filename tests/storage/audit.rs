//! The audit trail's promises: no change without a row, and no tampering unnoticed.

use crate::databases::TestDatabase;
use kenes::model::time::UnixMillis;
use kenes::storage::audit::{self, Chain};
use kenes::storage::{Author, Database, IdempotencyKey, StorageError};
use serde_json::json;
use sqlx::Executor as _;

on_both_databases!(
    an_untouched_chain_is_intact,
    a_tampered_row_is_found,
    a_row_taken_out_is_found,
    rows_cut_off_the_end_are_found,
    an_audit_row_is_neither_changed_nor_deleted_by_plain_sql,
    a_change_without_an_audit_row_is_not_committed,
    the_same_key_gives_the_same_answer,
);

async fn note(database: &Database, count: u64) {
    for n in 0..count {
        let mut change = database.change(Author::System, UnixMillis(1_000 + n)).await.unwrap();
        change.note("site", n, "renamed", json!({"n": n}));
        change.note("site", n, "moved", json!({}));
        change.commit().await.unwrap();
    }
}

/// Runs `sql` as somebody who has switched the guards off.
pub(crate) async fn tamper(test: &TestDatabase, sql: &'static str) {
    let mut intruder = test.intrude().await;
    let disarm = match test.url {
        None => "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete",
        Some(_) => "ALTER TABLE audit DISABLE TRIGGER ALL",
    };
    intruder.execute(sqlx::raw_sql(disarm)).await.unwrap();
    intruder.execute(sql).await.unwrap();
}

async fn an_untouched_chain_is_intact(test: TestDatabase) {
    let database = test.open().await;
    assert!(matches!(audit::verify(&database).await.unwrap(), Chain::Intact { rows: 0, .. }));
    note(&database, 5).await;
    assert!(matches!(audit::verify(&database).await.unwrap(), Chain::Intact { rows: 10, .. }));
    let entries = audit::of_entity(&database, "site", "3").await.unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["renamed", "moved"]);
}

async fn a_tampered_row_is_found(test: TestDatabase) {
    let database = test.open().await;
    note(&database, 5).await;
    tamper(&test, "UPDATE audit SET actor = 'user:somebody' WHERE seq = 4").await;
    assert_eq!(audit::verify(&database).await.unwrap(), Chain::BrokenAt { seq: 4 });
}

async fn a_row_taken_out_is_found(test: TestDatabase) {
    let database = test.open().await;
    note(&database, 5).await;
    tamper(&test, "DELETE FROM audit WHERE seq = 4").await;
    assert_eq!(audit::verify(&database).await.unwrap(), Chain::BrokenAt { seq: 4 });
}

async fn rows_cut_off_the_end_are_found(test: TestDatabase) {
    let database = test.open().await;
    note(&database, 5).await;
    tamper(&test, "DELETE FROM audit WHERE seq > 7").await;
    assert_eq!(audit::verify(&database).await.unwrap(), Chain::WrongEnd { rows: 7, expected: 10 });
}

async fn an_audit_row_is_neither_changed_nor_deleted_by_plain_sql(test: TestDatabase) {
    let database = test.open().await;
    note(&database, 1).await;
    let mut intruder = test.intrude().await;
    assert!(intruder.execute("UPDATE audit SET detail = ''").await.is_err());
    assert!(intruder.execute("DELETE FROM audit").await.is_err());
    assert!(matches!(audit::verify(&database).await.unwrap(), Chain::Intact { rows: 2, .. }));
}

async fn a_change_without_an_audit_row_is_not_committed(test: TestDatabase) {
    let database = test.open().await;
    let change = database.change(Author::System, UnixMillis(1)).await.unwrap();
    assert!(matches!(change.commit().await, Err(StorageError::Unaudited)));
}

async fn the_same_key_gives_the_same_answer(test: TestDatabase) {
    let database = test.open().await;
    let key = IdempotencyKey { key: "k1".to_owned(), request_hash: "aa".to_owned() };
    let answer = async |now: u64| {
        let mut change = database.change(Author::System, UnixMillis(now)).await.unwrap();
        if let Some(answer) = change.recall::<u64>(&key).await.unwrap() {
            return answer;
        }
        change.note("site", now, "made", json!({}));
        change.remember(&key, &now).await.unwrap();
        change.commit().await.unwrap();
        now
    };
    assert_eq!((answer(1).await, answer(2).await), (1, 1));
    let other = IdempotencyKey { request_hash: "bb".to_owned(), ..key.clone() };
    let mut change = database.change(Author::System, UnixMillis(3)).await.unwrap();
    assert!(matches!(change.recall::<u64>(&other).await, Err(StorageError::KeyReused)));
    drop(change);
    let mut change = database.change(Author::System, UnixMillis(4)).await.unwrap();
    assert_eq!(change.forget_answers(UnixMillis(2)).await.unwrap(), 1);
    change.commit().await.unwrap();
    assert_eq!(answer(5).await, 5, "forgotten");
}
