//! A server killed in the middle of its work: what it answered is there, and nothing is there by half.

use crate::booking::{assert_no_overlap, count};
use crate::clinic::{self, PEOPLE, Visit, book};
use crate::databases::TestDatabase;
use kenes::model::appointment::Status;
use kenes::model::ids::AppointmentId;
use kenes::storage::audit::{self, Chain};
use kenes::storage::{Database, appointments};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

on_both_databases!(
    kill_9_amid_a_thousand_bookings_loses_nothing_that_was_answered,
    requests_that_their_clients_left_leave_nothing_by_half,
);

const BOOKINGS: u32 = 1000;
const KILLED_AFTER: usize = 300;
/// What an answered booking prints before its id.
const ANSWER: &str = "booked ";
const FOLDER: &str = "KENES_TEST_FOLDER";
const URL: &str = "KENES_TEST_URL";

async fn kill_9_amid_a_thousand_bookings_loses_nothing_that_was_answered(test: TestDatabase) {
    let audited_before = {
        let database = clinic::open(&test).await;
        database.close().await;
        count(&test, "audit").await
    };
    let mut server = start_server(&test);
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut answered: Vec<AppointmentId> = lines.by_ref().filter_map(|line| answer(&line)).take(KILLED_AFTER).collect();
    server.kill().unwrap();
    server.wait().unwrap();
    answered.extend(lines.filter_map(|line| answer(&line)));
    assert!((KILLED_AFTER..BOOKINGS as usize).contains(&answered.len()), "{} answered", answered.len());

    wait_for_its_connections_to_end(&test).await;
    let database = test.open().await;
    for id in &answered {
        let appointment = appointments::find(&database, *id).await.unwrap();
        assert_eq!(appointment.map(|appointment| appointment.status), Some(Status::Booked), "{id} was answered");
    }
    assert_nothing_is_by_half(&test, &database, answered.len(), audited_before).await;
}

/// A client that goes away ends its request wherever it was: between two statements, or within the commit.
async fn requests_that_their_clients_left_leave_nothing_by_half(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let audited_before = count(&test, "audit").await;
    let requests = (0..200).map(|n| {
        let patience = Duration::from_micros(u64::from(n) * 97 % 20_000);
        tokio::spawn(tokio::time::timeout(patience, book_one(database.clone(), n)))
    });
    let mut answered = 0;
    for request in requests.collect::<Vec<_>>() {
        answered += usize::from(matches!(request.await.unwrap(), Ok(Some(_))));
    }
    assert!(answered < 200, "nobody went away");
    let after = tokio::time::timeout(Duration::from_secs(20), book_one(database.clone(), 200)).await;
    assert!(after.unwrap().is_some(), "the next client is served");
    assert_nothing_is_by_half(&test, &database, answered + 1, audited_before).await;
}

/// Every booking has all its rows: three of time, one of history, one attempt, two of audit.
async fn assert_nothing_is_by_half(test: &TestDatabase, database: &Database, answered: usize, audited_before: i64) {
    let appointments = count(test, "appointments").await;
    assert!(appointments >= i64::try_from(answered).unwrap());
    assert_eq!(count(test, "appointments WHERE status = 'booked'").await, appointments);
    assert_eq!(count(test, "busy").await, 3 * appointments);
    assert_eq!(count(test, "appointment_events").await, appointments);
    assert_eq!(count(test, "booking_attempts WHERE result = 'success'").await, appointments);
    let rows = u64::try_from(audited_before + 2 * appointments).unwrap();
    assert!(matches!(audit::verify(database).await.unwrap(), Chain::Intact { rows: found, .. } if found == rows));
    assert_no_overlap(test).await;
}

/// A process of its own that books: this test's binary, told to run [`server`].
fn start_server(test: &TestDatabase) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "power_cut::server", "--ignored", "--nocapture"]).env(FOLDER, &test.folder);
    if let Some(url) = &test.url {
        command.env(URL, url);
    }
    command.stdout(Stdio::piped()).spawn().unwrap()
}

fn answer(line: &str) -> Option<AppointmentId> {
    line.strip_prefix(ANSWER)?.parse().ok()
}

/// A thousand bookings at once, each of a time of its own, each answered by a line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the server that the test above kills"]
async fn server() {
    let folder = std::env::var(FOLDER).unwrap();
    let url = std::env::var(URL).ok();
    let database = Database::open(Path::new(&folder), url.as_deref()).await.unwrap();
    let bookings: Vec<_> = (0..BOOKINGS).map(|n| tokio::spawn(book_and_answer(database.clone(), n))).collect();
    for booking in bookings {
        booking.await.unwrap();
    }
}

async fn book_and_answer(database: Database, n: u32) {
    if let Some(id) = book_one(database, n).await {
        println!("{ANSWER}{id}");
    }
}

/// No two have a time in common.
async fn book_one(database: Database, n: u32) -> Option<AppointmentId> {
    let people = u32::try_from(PEOPLE).unwrap();
    let who = u64::from(n % people);
    let visit = Visit { specialist: who, patient: who, cart: Some(who), start_minute: n / people * 10, minutes: 10 };
    let booked = book(&database, &visit.appointment(None)).await;
    booked.inspect_err(|error| eprintln!("booking {n}: {error}")).ok()
}

/// PostgreSQL finishes what a vanished client had asked for last.
async fn wait_for_its_connections_to_end(test: &TestDatabase) {
    if test.url.is_some() {
        while count(test, "pg_stat_activity WHERE backend_type = 'client backend'").await > 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
