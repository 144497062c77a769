//! The waiting list under many hands: a freed slot is asked about in turn, the first acceptance has it, and a cancelled day loses nobody.

use crate::clinic::{self, MINUTE, MORNING, Visit, book, cancel, id, new_id};
use crate::databases::TestDatabase;
use kenes::booking::day_off::{self, DayOff};
use kenes::booking::offers::{self, Question, Refill};
use kenes::model::appointment::{Actor, Channel, Status};
use kenes::model::ids::{PatientId, SlotId, WaitlistOfferId};
use kenes::model::record::Stamp;
use kenes::model::referral::{Priority, ReferralEvent, ReferralStatus};
use kenes::model::refusal::Refusal;
use kenes::model::role::{Role, Roles};
use kenes::model::schedule::{ExceptionInput, NewException, Resource};
use kenes::model::slot::{SlotState, SlotStatus};
use kenes::model::time::{Interval, UnixMillis};
use kenes::model::waitlist::{NewWaitlistEntry, OFFER, OfferResult, WaitlistEntry, WaitlistOffer, WaitlistStatus};
use kenes::storage::{
    Author, Database, StorageError, appointments, places, referrals, refill, slots, users, waiting, waitlist,
};
use std::time::Duration;

on_both_databases!(
    a_slot_given_back_is_offered_to_the_first_in_the_queue_and_then_to_the_next,
    an_accepted_offer_is_one_change,
    of_many_acceptances_of_one_slot_one_wins,
    who_answers_twice_or_late_is_told_why,
    a_slot_that_somebody_books_is_on_offer_no_more,
    a_cancelled_day_puts_everybody_on_the_list_and_offers_what_it_can,
    a_cart_that_was_silent_knows_it,
);

const HOUR: Duration = Duration::from_secs(3600);
const DAY_AHEAD: u32 = 26 * 60;

/// So many wait for cardiology on a cart, the first longest.
async fn people_wait(database: &Database, count: u64) -> Vec<WaitlistEntry> {
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    let mut entries = Vec::new();
    for n in 0..count {
        let referral = clinic::referral(n);
        let taken = referrals::apply(&mut change, &referral, ReferralEvent::Take).await.unwrap();
        referrals::apply(&mut change, &taken, ReferralEvent::Wait).await.unwrap();
        let details = NewWaitlistEntry {
            referral: referral.id,
            specialty: referral.details.specialty,
            channel: Channel::Cart,
            cart: None,
            window: Interval::new(MORNING, MORNING.plus(20 * 24 * HOUR)).unwrap(),
            priority: Priority::Routine,
        };
        let patient: PatientId = clinic::patient(n).id;
        let stamp = Stamp::first(None, MORNING.plus(Duration::from_secs(n)));
        let entry =
            WaitlistEntry { id: new_id(), patient, details, status: WaitlistStatus::Waiting, lost: None, stamp };
        waitlist::join(&mut change, &entry).await.unwrap();
        entries.push(entry);
    }
    change.commit().await.unwrap();
    entries
}

/// Somebody booked the slot and gives it back.
async fn given_back(database: &Database, start_minute: u32) -> SlotId {
    let slot = clinic::slot(0, start_minute);
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    slots::publish(&mut change, std::slice::from_ref(&slot)).await.unwrap();
    let hold = slot.hold(clinic::nurse().user().unwrap(), MORNING).unwrap();
    slots::set_state(&mut change, &slot, SlotState::Held(hold)).await.unwrap();
    change.commit().await.unwrap();
    let visit = Visit { specialist: 0, patient: 7, cart: Some(7), start_minute, minutes: 30 };
    let booked = book(database, &visit.appointment(Some(slot.id))).await.unwrap();
    cancel(database, booked).await.unwrap();
    slot.id
}

async fn ask(database: &Database, slot: SlotId, now: UnixMillis) -> Refill {
    let mut change = database.change(Author::System, now).await.unwrap();
    let refilled = offers::refill(database, &mut change, slot).await.unwrap();
    if !matches!(refilled, Refill::Waits) {
        change.note("slot", slot, "looked_at", serde_json::json!({}));
        change.commit().await.unwrap();
    }
    refilled
}

async fn offered(database: &Database, slot: SlotId, now: UnixMillis) -> WaitlistOffer {
    match ask(database, slot, now).await {
        Refill::Offered(offer) => offer,
        other => panic!("{other:?}"),
    }
}

async fn question(database: &Database, offer: WaitlistOfferId) -> Question {
    Question::read(database, offer).await.unwrap().unwrap()
}

async fn accept(database: &Database, offer: WaitlistOfferId, now: UnixMillis) -> Result<Status, StorageError> {
    let booked = question(database, offer).await.accept(database, Author::System, now).await?;
    Ok(appointments::find(database, booked).await?.unwrap().status)
}

fn refused<T: std::fmt::Debug>(answer: Result<T, StorageError>) -> Refusal {
    match answer {
        Err(StorageError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

async fn a_slot_given_back_is_offered_to_the_first_in_the_queue_and_then_to_the_next(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let entries = people_wait(&database, 3).await;
    let slot = given_back(&database, 29 * 60).await;
    let first = offered(&database, slot, MORNING).await;
    assert_eq!(first.entry, entries[0].id);
    assert_eq!(ask(&database, slot, MORNING).await, Refill::Waits, "one is asked at a time");

    let mut change = database.change(Author::System, MORNING).await.unwrap();
    question(&database, first.id).await.decline(&mut change).await.unwrap();
    change.commit().await.unwrap();
    let second = offered(&database, slot, MORNING).await;
    assert_eq!(second.entry, entries[1].id);

    let lapsed = MORNING.plus(OFFER);
    assert!(!offers::lapse(&database, &second, MORNING).await.unwrap());
    assert!(offers::lapse(&database, &second, lapsed).await.unwrap());
    assert!(!offers::lapse(&database, &second, lapsed).await.unwrap(), "once");
    let third = offered(&database, slot, lapsed).await;
    assert_eq!(third.entry, entries[2].id);
    let late = lapsed.plus(OFFER).plus(2 * HOUR);
    assert!(offers::lapse(&database, &third, late).await.unwrap());
    assert_eq!(ask(&database, slot, late).await, Refill::Waits, "by now it is for the telephone");
    assert_eq!(refill::forget_past(&database, MORNING.plus(30 * HOUR)).await.unwrap(), 1);
}

async fn an_accepted_offer_is_one_change(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let entries = people_wait(&database, 1).await;
    let slot = given_back(&database, DAY_AHEAD).await;
    let offer = offered(&database, slot, MORNING).await;
    let link = Author::Link(id(77));
    let booked = question(&database, offer.id).await.accept(&database, link, MORNING).await.unwrap();

    let booked = appointments::find(&database, booked).await.unwrap().unwrap();
    assert_eq!((booked.status, booked.slot, booked.patient), (Status::Booked, Some(slot), entries[0].patient));
    assert!(booked.cart.is_some(), "any cart of the site that is free then");
    let state = slots::find(&database, slot).await.unwrap().unwrap().state.status();
    assert_eq!(state, SlotStatus::Busy);
    let referral = referrals::find(&database, entries[0].details.referral).await.unwrap().unwrap();
    assert_eq!(referral.status, ReferralStatus::Booked);
    let shown = waiting::find(&database, entries[0].id).await.unwrap().unwrap();
    assert_eq!(shown.entry.status, WaitlistStatus::Booked);
    assert_eq!(shown.offers[0].offer.result, Some(OfferResult::Accepted));
    assert!(waiting::list(&database, None, None, None, 10).await.unwrap().is_empty());
    assert_eq!(ask(&database, slot, MORNING).await, Refill::Gone);
}

async fn of_many_acceptances_of_one_slot_one_wins(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let entries = people_wait(&database, 7).await;
    let slot_id = given_back(&database, DAY_AHEAD).await;
    let slot = slots::find(&database, slot_id).await.unwrap().unwrap();
    let mut offers = Vec::new();
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    for entry in &entries {
        offers.push(offers::make(&mut change, entry, &slot, None).await.unwrap());
    }
    change.commit().await.unwrap();
    // Sixteen hands: some answer for the same person twice.
    let racers: Vec<_> = (0..16)
        .map(|n| {
            let (database, offer) = (database.clone(), offers[n % offers.len()].id);
            tokio::spawn(async move { accept(&database, offer, MORNING).await })
        })
        .collect();
    let mut winners = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(status) => {
                assert_eq!(status, Status::Booked);
                winners += 1;
            }
            Err(StorageError::Refused(Refusal::SlotTaken | Refusal::OfferAnswered | Refusal::NotWaiting)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(winners, 1);
    let still_waiting = waiting::list(&database, None, None, None, 20).await.unwrap();
    assert_eq!(still_waiting.len(), 6);
    assert!(still_waiting.iter().all(|one| one.offers[0].offer.result == Some(OfferResult::Withdrawn)));
}

async fn who_answers_twice_or_late_is_told_why(test: TestDatabase) {
    let database = clinic::open(&test).await;
    people_wait(&database, 2).await;
    let slot = given_back(&database, 30 * 60).await;
    let first = offered(&database, slot, MORNING).await;
    let late = MORNING.plus(OFFER);
    assert_eq!(refused(accept(&database, first.id, late).await), Refusal::OfferExpired);
    offers::lapse(&database, &first, late).await.unwrap();
    assert_eq!(refused(accept(&database, first.id, late).await), Refusal::OfferExpired);
    let second = offered(&database, slot, late).await;
    accept(&database, second.id, late).await.unwrap();
    assert_eq!(refused(accept(&database, second.id, late).await), Refusal::OfferAnswered);
}

async fn a_slot_that_somebody_books_is_on_offer_no_more(test: TestDatabase) {
    let database = clinic::open(&test).await;
    people_wait(&database, 1).await;
    let slot = given_back(&database, DAY_AHEAD).await;
    let offer = offered(&database, slot, MORNING).await;
    let free = slots::find(&database, slot).await.unwrap().unwrap();
    let hold = free.hold(clinic::nurse().user().unwrap(), MORNING).unwrap();
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    slots::set_state(&mut change, &free, SlotState::Held(hold)).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(refused(accept(&database, offer.id, MORNING).await), Refusal::SlotTaken, "somebody is booking it");
    let visit = Visit { specialist: 0, patient: 6, cart: Some(6), start_minute: DAY_AHEAD, minutes: 30 };
    book(&database, &visit.appointment(Some(slot))).await.unwrap();
    let offer = waitlist::find_offer(&database, offer.id).await.unwrap().unwrap();
    assert_eq!(offer.result, Some(OfferResult::Withdrawn));
}

async fn a_cancelled_day_puts_everybody_on_the_list_and_offers_what_it_can(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let tomorrow = Interval::new(MORNING.plus(20 * HOUR), MORNING.plus(44 * HOUR)).unwrap();
    for (n, start_minute) in [(0, DAY_AHEAD), (1, DAY_AHEAD + 30)] {
        given_back(&database, start_minute).await;
        let slot = clinic::slot(0, start_minute);
        let found = slots::times(&database, slot.specialist, tomorrow).await.unwrap();
        assert!(found.contains(&slot.time));
        let visit = Visit { specialist: 0, patient: n, cart: Some(n), start_minute, minutes: 30 };
        book(&database, &visit.appointment(None)).await.unwrap();
        let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
        let taken = referrals::apply(&mut change, &clinic::referral(n), ReferralEvent::Take).await.unwrap();
        referrals::apply(&mut change, &taken, ReferralEvent::Book).await.unwrap();
        change.commit().await.unwrap();
    }
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    // Free slots of the day, which are closed; and one of another doctor in two days, which is offered.
    slots::publish(&mut change, &[clinic::slot(0, DAY_AHEAD + 90)]).await.unwrap();
    let another = clinic::slot(1, 48 * 60);
    slots::publish(&mut change, std::slice::from_ref(&another)).await.unwrap();
    let senior = clinic::user(new_id(), "senior", None);
    users::create(&mut change, &senior).await.unwrap();
    change.commit().await.unwrap();

    let input =
        ExceptionInput { date: Some("2026-11-24".into()), reason: Some("ill".into()), ..ExceptionInput::default() };
    let specialist = clinic::specialist(0);
    let absence = NewException::validate(&input, Resource::Specialist(specialist)).unwrap();
    let specialty = "cardiology".parse().unwrap();
    let day = DayOff { absence: &absence, specialist, specialty: &specialty, window: tomorrow };
    let actor = Actor::User { id: senior.id, roles: Roles::NONE.with(Role::Senior) };
    let mut change = database.change(Author::User(senior.id), MORNING).await.unwrap();
    let affected = day_off::take(&database, &mut change, &actor, &day).await.unwrap();
    change.commit().await.unwrap();

    assert_eq!(affected.len(), 2);
    assert!(affected.iter().all(|one| one.cancelled.status == Status::Cancelled));
    assert_eq!(affected[0].offer.as_ref().unwrap().slot, another.id, "the earliest visit gets the first free time");
    assert_eq!(day_off::to_call(&affected), [affected[1].cancelled.id]);
    let displaced = waiting::displaced(&database, 10).await.unwrap();
    assert_eq!(displaced.len(), 2);
    for start in [DAY_AHEAD, DAY_AHEAD + 30, DAY_AHEAD + 90] {
        assert!(slots_closed(&database, specialist, start).await, "the slot at minute {start} is closed");
    }
    let booked = question(&database, affected[0].offer.as_ref().unwrap().id).await;
    let booked = booked.accept(&database, Author::Link(id(77)), MORNING).await.unwrap();
    let booked = appointments::find(&database, booked).await.unwrap().unwrap();
    assert_eq!(booked.rescheduled_from, Some(affected[0].cancelled.id));
    assert_eq!(waiting::displaced(&database, 10).await.unwrap().len(), 1);
}

async fn slots_closed(database: &Database, specialist: kenes::model::ids::UserId, start_minute: u32) -> bool {
    let start = MORNING.plus(start_minute * MINUTE);
    let search = slots::Search {
        specialty: "cardiology".parse().unwrap(),
        channel: Channel::Cart,
        within: Interval::new(start, start.plus(MINUTE)).unwrap(),
        patient: None,
        cart: None,
        with_reserved: true,
        limit: 10,
    };
    let free = slots::search(database, &search, MORNING).await.unwrap();
    !free.iter().any(|slot| slot.specialist == specialist)
}

async fn a_cart_that_was_silent_knows_it(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let cart = clinic::cart(0).id;
    let since = async |now| places::cart_online_since(&database, cart, now).await.unwrap();
    assert_eq!(since(MORNING).await, None);
    let mut now = MORNING;
    for seconds in [15, 30, 45, 100, 159] {
        now = MORNING.plus(Duration::from_secs(seconds));
        assert!(places::cart_seen(&database, cart, now, None).await.unwrap());
    }
    assert_eq!(since(now).await, Some(MORNING.plus(Duration::from_secs(15))), "a minute without a word is a gap");
    now = MORNING.plus(Duration::from_secs(219));
    assert_eq!(since(now).await, None);
    places::cart_seen(&database, cart, now, None).await.unwrap();
    assert_eq!(since(now).await, Some(now));
}
