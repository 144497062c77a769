//! What happens without anybody asking, at the time that the test says it is; twice, since upkeep may always be done twice.

use crate::clinic::{self, MINUTE, MORNING, Visit, book, cancel, new_id};
use crate::databases::TestDatabase;
use kenes::metrics::Metrics;
use kenes::model::appointment::{Appointment, Channel, FailureCode, Proposal, Status};
use kenes::model::ids::AppointmentId;
use kenes::model::record::Stamp;
use kenes::model::referral::{Priority, ReferralEvent};
use kenes::model::schedule::{NewSchedule, Resource, Schedule, ScheduleInput};
use kenes::model::slot::SlotState;
use kenes::model::time::{Interval, UnixMillis};
use kenes::model::waitlist::{NewWaitlistEntry, OFFER, WaitlistEntry, WaitlistStatus};
use kenes::presence::Presence;
use kenes::storage::audit::{self, Chain};
use kenes::storage::{
    Change, Database, IdempotencyKey, appointments, places, referrals, schedules, slots, waiting, waitlist,
};
use kenes::upkeep::Upkeep;
use std::sync::Arc;
use std::time::Duration;

on_both_databases!(
    who_did_not_come_is_proposed_once_where_the_specialist_was_there,
    without_the_specialist_nobody_was_stood_up,
    a_silent_cart_is_a_failure_and_no_no_show,
    a_slot_given_back_goes_down_the_queue_by_itself,
    slots_are_published_as_far_as_the_horizon_and_once,
    old_answers_are_forgotten,
    who_shows_a_cart_is_told_when_it_falls_silent,
);

const DAY: Duration = Duration::from_secs(24 * 3600);

fn upkeep(database: &Database, presence: &Arc<Presence>) -> Upkeep {
    Upkeep {
        database: database.clone(),
        presence: Arc::clone(presence),
        metrics: Arc::new(Metrics::new().unwrap()),
        horizon: 3 * DAY,
    }
}

/// Twice: the second time finds nothing to do.
async fn look_after(upkeep: &Upkeep, now: UnixMillis) {
    upkeep.catch_up(now).await;
    let Chain::Intact { rows, .. } = audit::verify(&upkeep.database).await.unwrap() else { panic!("a broken chain") };
    upkeep.catch_up(now).await;
    assert!(
        matches!(audit::verify(&upkeep.database).await.unwrap(), Chain::Intact { rows: again, .. } if again == rows)
    );
    assert_eq!(upkeep.metrics.booking.upkeep_failures.get(), 0);
}

async fn find(database: &Database, id: AppointmentId) -> Appointment {
    appointments::find(database, id).await.unwrap().unwrap()
}

fn minutes(n: u32) -> UnixMillis {
    MORNING.plus(n * MINUTE)
}

const AT_HOME: Visit = Visit { specialist: 0, patient: 0, cart: None, start_minute: 60, minutes: 30 };

async fn who_did_not_come_is_proposed_once_where_the_specialist_was_there(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let visit = book(&database, &AT_HOME.appointment(None)).await.unwrap();
    let presence = Arc::<Presence>::default();
    let _seat = presence.sit_down(clinic::specialist(0));
    let upkeep = upkeep(&database, &presence);
    look_after(&upkeep, minutes(74)).await;
    assert_eq!(find(&database, visit).await.proposal, None, "a quarter of an hour has not passed");
    look_after(&upkeep, minutes(75)).await;
    let proposed = find(&database, visit).await;
    assert_eq!((proposed.status, proposed.proposal), (Status::Booked, Some(Proposal::NoShow)));
    let history = appointments::events(&database, visit).await.unwrap();
    assert_eq!(history.last().unwrap().actor, "system");
}

async fn without_the_specialist_nobody_was_stood_up(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let visit = book(&database, &AT_HOME.appointment(None)).await.unwrap();
    look_after(&upkeep(&database, &Arc::default()), minutes(90)).await;
    assert_eq!(find(&database, visit).await.proposal, None);
}

async fn a_silent_cart_is_a_failure_and_no_no_show(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let silent = book(&database, &Visit { cart: Some(0), ..AT_HOME }.appointment(None)).await.unwrap();
    let alive = Visit { specialist: 1, patient: 1, cart: Some(1), ..AT_HOME };
    let alive = book(&database, &alive.appointment(None)).await.unwrap();
    for seconds in (0..=75 * 60).step_by(30) {
        let now = MORNING.plus(Duration::from_secs(seconds));
        places::cart_seen(&database, clinic::cart(1).id, now, None).await.unwrap();
        // The other one had no power for five minutes of the visit.
        if !(62 * 60..67 * 60).contains(&seconds) {
            places::cart_seen(&database, clinic::cart(0).id, now, None).await.unwrap();
        }
    }
    let presence = Arc::<Presence>::default();
    let _seats = [presence.sit_down(clinic::specialist(0)), presence.sit_down(clinic::specialist(1))];
    look_after(&upkeep(&database, &presence), minutes(75)).await;
    assert_eq!(find(&database, silent).await.proposal, Some(Proposal::Failed(FailureCode::CartOffline)));
    assert_eq!(find(&database, alive).await.proposal, Some(Proposal::NoShow));
}

async fn a_slot_given_back_goes_down_the_queue_by_itself(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let slot = clinic::slot(0, 30 * 60);
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    slots::publish(&mut change, std::slice::from_ref(&slot)).await.unwrap();
    let hold = slot.hold(clinic::nurse().user().unwrap(), MORNING).unwrap();
    slots::set_state(&mut change, &slot, SlotState::Held(hold)).await.unwrap();
    for n in 0..2 {
        let referral = clinic::referral(n);
        let taken = referrals::apply(&mut change, &referral, ReferralEvent::Take).await.unwrap();
        referrals::apply(&mut change, &taken, ReferralEvent::Wait).await.unwrap();
        let details = NewWaitlistEntry {
            referral: referral.id,
            specialty: referral.details.specialty,
            channel: Channel::Cart,
            cart: None,
            window: Interval::new(MORNING, MORNING.plus(9 * DAY)).unwrap(),
            priority: if n == 1 { Priority::Urgent } else { Priority::Routine },
        };
        let (patient, stamp) = (clinic::patient(n).id, Stamp::first(None, MORNING));
        let status = WaitlistStatus::Waiting;
        let entry = WaitlistEntry { id: new_id(), patient, details, status, lost: None, stamp };
        waitlist::join(&mut change, &entry).await.unwrap();
    }
    change.commit().await.unwrap();
    let visit = Visit { specialist: 0, patient: 7, cart: Some(7), start_minute: 30 * 60, minutes: 30 };
    let booked = book(&database, &visit.appointment(Some(slot.id))).await.unwrap();
    let upkeep = upkeep(&database, &Arc::default());
    look_after(&upkeep, MORNING).await;
    let asked = async || {
        let list = waiting::list(&database, None, None, None, 10).await.unwrap();
        list.iter().map(|one| one.offers.len()).collect::<Vec<_>>()
    };
    assert_eq!(asked().await, [0, 0], "nobody is asked while the slot is booked");
    cancel(&database, booked).await.unwrap();
    look_after(&upkeep, MORNING).await;
    assert_eq!(asked().await, [1, 0], "the urgent one first");
    look_after(&upkeep, MORNING.plus(OFFER)).await;
    assert_eq!(asked().await, [1, 1]);
}

async fn slots_are_published_as_far_as_the_horizon_and_once(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let specialist = clinic::specialist(0);
    let some = |text: &str| Some(text.to_owned());
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    for weekday in 1..=7 {
        let input = ScheduleInput {
            time_zone: some("Asia/Almaty"),
            weekday: Some(weekday),
            start: some("09:00"),
            end: some("11:00"),
            slot_minutes: Some(30),
            channel: some("cart"),
            valid_from: some("2026-01-01"),
            valid_to: None,
        };
        let details = NewSchedule::validate(&input, Resource::Specialist(specialist)).unwrap();
        let schedule = Schedule { id: new_id(), details, stamp: Stamp::first(None, MORNING) };
        schedules::create(&mut change, &schedule).await.unwrap();
    }
    change.commit().await.unwrap();
    let upkeep = upkeep(&database, &Arc::default());
    let published = async || {
        let always = Interval::new(MORNING, MORNING.plus(30 * DAY)).unwrap();
        slots::times(&database, specialist, always).await.unwrap().len()
    };
    look_after(&upkeep, MORNING).await;
    assert_eq!(published().await, 3 * 4, "from nine on the first day to nine on the fourth");
    look_after(&upkeep, MORNING.plus(DAY)).await;
    assert_eq!(published().await, 4 * 4);
}

async fn old_answers_are_forgotten(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let key = IdempotencyKey { key: "k".to_owned(), request_hash: "h".to_owned() };
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    assert_eq!(change.recall::<u32>(&key).await.unwrap(), None);
    change.remember(&key, &7).await.unwrap();
    change.note("site", clinic::site().id, "looked_at", serde_json::json!({}));
    change.commit().await.unwrap();
    let upkeep = upkeep(&database, &Arc::default());
    let there = async || Change::has_answers_before(&database, MORNING.plus(DAY)).await.unwrap();
    look_after(&upkeep, MORNING.plus(DAY)).await;
    assert!(there().await);
    look_after(&upkeep, MORNING.plus(DAY + MINUTE)).await;
    assert!(!there().await);
}

async fn who_shows_a_cart_is_told_when_it_falls_silent(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let cart = clinic::cart(0).id;
    places::cart_seen(&database, cart, MORNING, None).await.unwrap();
    let upkeep = upkeep(&database, &Arc::default());
    let mut notices = database.notices();
    let mut told = async |seconds| {
        upkeep.catch_up(MORNING.plus(Duration::from_secs(seconds))).await;
        let mut seen = Vec::new();
        while let Ok(notice) = notices.try_recv() {
            seen.extend((notice.entity == "cart").then_some(notice.id));
        }
        seen
    };
    assert_eq!(told(25).await, Vec::<String>::new(), "green");
    assert_eq!(told(35).await, [cart.to_string()], "a heartbeat is late");
    assert_eq!(told(62).await, [cart.to_string()], "silent for a minute");
    assert_eq!(told(90).await, Vec::<String>::new(), "red as before");
}
