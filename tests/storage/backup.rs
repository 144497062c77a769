//! `kenes backup`, `kenes restore` and `kenes audit verify`, as an administrator types them.

use crate::booking::count;
use crate::clinic::{self, Visit, book};
use crate::databases::TestDatabase;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

fn kenes(test: &TestDatabase, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kenes"));
    command.args(arguments).env("KENES_STORAGE_DATA_FOLDER", &test.folder).current_dir(&test.folder);
    if let Some(url) = &test.url {
        command.env("KENES_STORAGE_DATABASE_URL", url);
    }
    command.output().unwrap()
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn visit(start_minute: u32) -> Visit {
    Visit { specialist: 0, patient: 0, cart: Some(0), start_minute, minutes: 10 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_running_server_brings_back_that_moment() {
    let test = TestDatabase::sqlite();
    let server = clinic::open(&test).await;
    book(&server, &visit(0).appointment(None)).await.unwrap();
    succeeded(&kenes(&test, &["backup", "copy.sqlite3"]));
    let copy = test.folder.join("copy.sqlite3");
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    book(&server, &visit(10).appointment(None)).await.unwrap();
    assert!(refused(&kenes(&test, &["backup", "copy.sqlite3"])).contains("copy.sqlite3"), "never overwrites");

    assert!(refused(&kenes(&test, &["restore", "copy.sqlite3"])).contains("stop the server"));
    server.close().await;
    drop(server);
    let told = succeeded(&kenes(&test, &["restore", "copy.sqlite3"]));
    let server = test.open().await;
    assert_eq!(count(&test, "appointments").await, 1);
    book(&server, &visit(10).appointment(None)).await.unwrap();
    let replaced = told.trim().rsplit_once(' ').unwrap().1;
    fs::metadata(replaced).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_whole_database_is_not_restored() {
    let test = TestDatabase::sqlite();
    clinic::open(&test).await.close().await;
    succeeded(&kenes(&test, &["backup", "copy.sqlite3"]));
    let whole = fs::read(test.folder.join("copy.sqlite3")).unwrap();
    fs::write(test.folder.join("half.sqlite3"), &whole[..whole.len() / 2]).unwrap();
    fs::write(test.folder.join("text.sqlite3"), "no database").unwrap();
    for file in ["half.sqlite3", "text.sqlite3", "none.sqlite3"] {
        assert!(refused(&kenes(&test, &["restore", file])).contains(file));
    }
    test.open().await;
    assert_eq!(count(&test, "sites").await, 1);
}

on_both_databases!(the_command_tells_an_intact_audit_trail_from_a_broken_one);

async fn the_command_tells_an_intact_audit_trail_from_a_broken_one(test: TestDatabase) {
    let server = clinic::open(&test).await;
    book(&server, &visit(0).appointment(None)).await.unwrap();
    assert!(succeeded(&kenes(&test, &["audit", "verify"])).contains("intact"), "beside a running server");
    crate::audit::tamper(&test, "UPDATE audit SET detail = '{}' WHERE seq = 2").await;
    assert!(refused(&kenes(&test, &["audit", "verify"])).contains("row 2"));
}

#[tokio::test]
async fn a_postgres_is_left_to_its_own_tools() {
    let mut test = TestDatabase::sqlite();
    test.url = Some("postgres://localhost/kenes".to_owned());
    assert!(refused(&kenes(&test, &["backup", "x"])).contains("pg_dump"));
}

#[test]
fn a_folder_without_a_database_is_named_as_such() {
    let folder = std::env::temp_dir().join(format!("kenes-empty-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for arguments in [&["audit", "verify"][..], &["backup", "copy.sqlite3"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_kenes"))
            .args(arguments)
            .env("KENES_STORAGE_DATA_FOLDER", &folder)
            .current_dir(&folder)
            .output()
            .unwrap();
        let told = refused(&output);
        assert!(told.contains("there is no database in") && told.lines().count() == 1, "{told}");
    }
    assert!(fs::read_dir(&folder).unwrap().next().is_none(), "and nothing is left behind");
    fs::remove_dir_all(&folder).unwrap();
}
