//! What the administrator's desk reads and changes: accounts in pages, logins, schedules that end, slots taken back, the newest of the
//! audit trail.

use crate::clinic::{self, MINUTE, MORNING, PEOPLE};
use crate::databases::TestDatabase;
use kenes::model::account::Login;
use kenes::model::ids::{LinkCheckId, UserId};
use kenes::model::link_check::{LinkCheck, Measured, Place, Transport};
use kenes::model::role::Role;
use kenes::model::slot::{HOLD, Hold, SlotState, SlotStatus};
use kenes::model::time::Interval;
use kenes::storage::users::Filter;
use kenes::storage::{Author, StorageError, accounts, audit, link_checks, slots, users};
use std::time::Duration;

on_both_databases!(
    accounts_are_listed_by_name_in_pages,
    accounts_are_found_by_role_and_specialty,
    a_login_is_changed_and_stays_unique,
    free_slots_are_taken_back_and_others_stay,
    the_newest_audit_rows_name_their_user,
    what_pages_measured_is_kept_by_site_the_newest_first,
);

async fn what_pages_measured_is_kept_by_site_the_newest_first(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let site = clinic::site().id;
    let full = Measured {
        transport: Some(Transport::Turn),
        rtt_ms: Some(80),
        up_bps: Some(u32::MAX),
        down_bps: Some(0),
        lost_up_percent: Some(0),
        lost_down_percent: Some(100),
    };
    let silent = Measured {
        transport: None,
        rtt_ms: None,
        up_bps: None,
        down_bps: None,
        lost_up_percent: None,
        lost_down_percent: None,
    };
    let checks = [(Place::Cart, full), (Place::Home, silent)].map(|(place, measured)| {
        let at = MORNING.plus(if place == Place::Cart { Duration::ZERO } else { MINUTE });
        LinkCheck { id: LinkCheckId::new(at, [0; 10]), site, place, at, measured }
    });
    for check in &checks {
        link_checks::add(&database, check).await.unwrap();
    }
    let [older, newer] = checks;
    assert_eq!(link_checks::of_site(&database, site, 10).await.unwrap(), [newer.clone(), older]);
    assert_eq!(link_checks::of_site(&database, site, 1).await.unwrap(), [newer]);
    assert_eq!(link_checks::site_of_room(&database, "nobody's").await.unwrap(), None);
}

async fn accounts_are_listed_by_name_in_pages(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let page = users::accounts(&database, &Filter::default(), after, 4).await.unwrap();
        names.extend(page.iter().map(|account| account.user.details.name.reveal().clone()));
        let Some(last) = page.last().filter(|_| page.len() == 4) else { break };
        after = Some(last.user.id);
    }
    let everybody = users::accounts(&database, &Filter::default(), None, 100).await.unwrap();
    let whole: Vec<_> = everybody.iter().map(|account| account.user.details.name.reveal().clone()).collect();
    assert_eq!(names, whole);
    assert_eq!(names.len() as u64, PEOPLE + 1);
}

async fn accounts_are_found_by_role_and_specialty(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let count = async |filter: Filter| users::accounts(&database, &filter, None, 100).await.unwrap().len() as u64;
    assert_eq!(count(Filter { role: Some(Role::Specialist), ..Filter::default() }).await, PEOPLE);
    assert_eq!(count(Filter { role: Some(Role::Cart), ..Filter::default() }).await, 0);
    let specialty = Some("cardiology".parse().unwrap());
    assert_eq!(count(Filter { specialty, site: Some(clinic::site().id), ..Filter::default() }).await, PEOPLE);
    assert_eq!(count(Filter { id: Some(clinic::specialist(1)), ..Filter::default() }).await, 1);
    assert_eq!(users::specialties(&database).await.unwrap(), ["cardiology".parse().unwrap()]);
}

async fn a_login_is_changed_and_stays_unique(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let (one, other) = (clinic::specialist(1), clinic::specialist(2));
    let login = |text: &str| Login::new(text).unwrap();
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    accounts::create_credential(&mut change, one, &login("one"), "hash".to_owned(), true).await.unwrap();
    accounts::create_credential(&mut change, other, &login("other"), "hash".to_owned(), true).await.unwrap();
    accounts::set_login(&mut change, one, &login("first")).await.unwrap();
    change.commit().await.unwrap();
    let found = users::accounts(&database, &Filter { id: Some(one), ..Filter::default() }, None, 1).await.unwrap();
    assert_eq!(found[0].login.as_deref(), Some("first"));
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    let taken = accounts::set_login(&mut change, one, &login("other")).await;
    assert!(matches!(taken, Err(StorageError::Exists("login"))), "{taken:?}");
}

async fn free_slots_are_taken_back_and_others_stay(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let specialist: UserId = clinic::specialist(0);
    let [free, held, expired] = [60, 120, 180].map(|minute| clinic::slot(0, minute));
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    slots::publish(&mut change, &[free.clone(), held.clone(), expired.clone()]).await.unwrap();
    let Author::User(nurse) = clinic::nurse() else { panic!("a nurse is a user") };
    let hold = |until| SlotState::Held(Hold { by: nurse, until });
    let held = slots::set_state(&mut change, &held, hold(MORNING.plus(HOLD))).await.unwrap();
    let expired = slots::set_state(&mut change, &expired, hold(MORNING)).await.unwrap();
    change.commit().await.unwrap();

    let mut change = database.change(clinic::nurse(), MORNING.plus(MINUTE)).await.unwrap();
    let withdrawn = slots::withdraw(&mut change, &[free.clone(), held.clone(), expired.clone()]).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(withdrawn, 2);
    let day = Interval::new(MORNING, MORNING.plus(Duration::from_secs(86_400))).unwrap();
    let left = slots::of_specialist(&database, specialist, day).await.unwrap();
    let left: Vec<_> = left.iter().map(|slot| (slot.id, slot.state.status())).collect();
    assert_eq!(left, [(held.id, SlotStatus::Held)]);
}

async fn the_newest_audit_rows_name_their_user(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let specialist = clinic::specialist(3);
    let mut change = database.change(Author::User(specialist), MORNING.plus(MINUTE)).await.unwrap();
    change.note("slot", "s-1", "looked_at", serde_json::json!({}));
    change.commit().await.unwrap();
    let newest = audit::newest(&database, None, None, None, 2).await.unwrap();
    let name = users::find(&database, specialist).await.unwrap().unwrap().details.name;
    assert_eq!((newest[0].entry.entity_id.as_str(), newest[0].actor_name.as_ref()), ("s-1", Some(&name)));
    assert_eq!(newest[1].actor_name, None, "the system has no name");
    let before = audit::newest(&database, None, None, Some(newest[1].entry.seq), 1).await.unwrap();
    assert_eq!(before[0].entry.seq + 1, newest[1].entry.seq);
    let of_slot = audit::newest(&database, Some("slot"), Some("s-1"), None, 10).await.unwrap();
    assert_eq!(of_slot.len(), 1);
}
