//! Opening a database: its schema, its folder, who else has it open.

use crate::databases::TestDatabase;
use kenes::storage::StorageError;
use std::os::unix::fs::PermissionsExt as _;

on_both_databases!(migrations_run_twice_harmlessly);

async fn migrations_run_twice_harmlessly(test: TestDatabase) {
    for _ in 0..2 {
        test.open().await.close().await;
    }
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
