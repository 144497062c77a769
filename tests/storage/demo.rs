//! The made-up clinic of a first start: whole, believable at any hour, and nowhere near a clinic that exists.

use crate::booking::count;
use crate::clinic::{self, MINUTE, MORNING};
use crate::databases::TestDatabase;
use kenes::demo;
use kenes::model::appointment::{Channel, Status};
use kenes::model::ids::SiteId;
use kenes::model::referral::ReferralStatus;
use kenes::model::time::{Interval, UnixMillis, Zone, before};
use kenes::storage::audit::{self, Chain};
use kenes::storage::slots::{self, Search};
use kenes::storage::{Database, appointments, places, referrals};
use std::time::{Duration, Instant};

on_both_databases!(
    an_empty_database_becomes_a_clinic_once,
    a_clinic_that_exists_is_left_alone,
    whenever_it_starts_there_is_something_to_do,
);

const DAY: Duration = Duration::from_secs(24 * 3600);
const HORIZON: Duration = Duration::from_secs(14 * 24 * 3600);

fn zone() -> Zone {
    Zone::named("Asia/Almaty").unwrap()
}

async fn an_empty_database_becomes_a_clinic_once(test: TestDatabase) {
    let database = test.open().await;
    let started = Instant::now();
    assert!(demo::seed(&database, MORNING, HORIZON, &zone(), 1, None).await.unwrap());
    println!("seeded in {:?}", started.elapsed());
    assert!(!demo::seed(&database, MORNING, HORIZON, &zone(), 1, None).await.unwrap());
    assert!(matches!(audit::verify(&database).await.unwrap(), Chain::Intact { .. }));
    assert_eq!(count(&test, "patients").await, 16);

    let mut statuses = Vec::new();
    for site in places::sites(&database).await.unwrap() {
        for status in ReferralStatus::ALL {
            let inbox = referrals::inbox(&database, site.id, *status, 50).await.unwrap();
            statuses.extend((!inbox.is_empty()).then_some(*status));
        }
    }
    for status in ReferralStatus::ALL {
        assert!(statuses.contains(status), "no referral is {status}");
    }
    for day in 0..13 {
        let start = MORNING.plus(day * DAY);
        let search = Search {
            specialty: "cardiology".parse().unwrap(),
            channel: Channel::Cart,
            within: Interval::new(start, start.plus(DAY)).unwrap(),
            patient: None,
            cart: None,
            with_reserved: false,
            limit: 100,
        };
        assert!(!slots::search(&database, &search, MORNING).await.unwrap().is_empty(), "no slot in {day} days");
    }
}

async fn a_clinic_that_exists_is_left_alone(test: TestDatabase) {
    let database = clinic::open(&test).await;
    assert!(!demo::seed(&database, MORNING, HORIZON, &zone(), 1, None).await.unwrap());
}

async fn whenever_it_starts_there_is_something_to_do(test: TestDatabase) {
    // A quarter to midnight in the clinic, on a Saturday.
    let now = UnixMillis(1_795_891_500_000);
    let database = test.open().await;
    demo::seed(&database, now, HORIZON, &zone(), 1, None).await.unwrap();
    let soon = statuses(&database, now, now.plus(30 * MINUTE)).await;
    assert!(soon.contains(&Status::Confirmed) && soon.contains(&Status::Booked) && soon.contains(&Status::CheckedIn));
    let past = statuses(&database, before(now, 3 * 60 * MINUTE), now).await;
    assert!(past.contains(&Status::Completed) && past.contains(&Status::Booked), "{past:?}");
    let ahead = Interval::new(now.plus(4 * 60 * MINUTE), now.plus(3 * DAY)).unwrap();
    assert!(!appointments::unconfirmed(&database, ahead, 10).await.unwrap().is_empty());
}

async fn statuses(database: &Database, from: UnixMillis, to: UnixMillis) -> Vec<Status> {
    let window = Interval::new(from, to).unwrap();
    let mut statuses = Vec::new();
    for site in places::sites(database).await.unwrap() {
        let site: SiteId = site.id;
        let visits = appointments::of_site(database, site, window).await.unwrap();
        statuses.extend(visits.iter().map(|visit| visit.status));
    }
    statuses
}
