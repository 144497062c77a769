//! Schedules, the waiting list, and what gathers around a visit: read as written, in the order in which work is done.

use crate::booking::count;
use crate::clinic::{self, MINUTE, MORNING, Visit, book, id, new_id};
use crate::databases::TestDatabase;
use kenes::model::consent::{self, Consent, ConsentInput, NewConsent, Purpose};
use kenes::model::ids::PatientId;
use kenes::model::join_link::{JoinToken, JoinTokenInput, NewJoinToken, TokenHash};
use kenes::model::reconfirm::{NewReconfirmCall, ReconfirmCall, ReconfirmInput};
use kenes::model::record::Stamp;
use kenes::model::referral::Priority;
use kenes::model::refusal::Refusal;
use kenes::model::schedule::{
    ExceptionInput, NewException, NewSchedule, Resource, Schedule, ScheduleException, ScheduleInput,
};
use kenes::model::slot::Slot;
use kenes::model::time::{Interval, UnixMillis};
use kenes::model::waitlist::{FreedSlot, NewWaitlistEntry, OfferResult, WaitlistEntry, WaitlistOffer, WaitlistStatus};
use kenes::storage::{Change, Database, StorageError, schedules, slots, visits, waitlist};
use sqlx::Executor as _;

on_both_databases!(
    schedules_and_absences_are_read_as_they_were_written,
    the_waiting_list_asks_the_urgent_first_then_the_oldest,
    an_offer_is_answered_once,
    a_link_is_found_by_its_hash_until_it_is_withdrawn,
    consents_and_calls_are_kept_in_their_order,
    what_is_append_only_is_not_rewritten,
);

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

async fn begin(database: &Database) -> Change {
    database.change(clinic::nurse(), MORNING).await.unwrap()
}

async fn schedules_and_absences_are_read_as_they_were_written(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let input = ScheduleInput {
        time_zone: some("Asia/Almaty"),
        weekday: Some(7),
        start: some("09:00"),
        end: some("24:00"),
        slot_minutes: Some(30),
        channel: some("cart"),
        valid_from: some("2026-01-01"),
        valid_to: None,
    };
    let (doctor, cart) = (Resource::Specialist(clinic::specialist(0)), Resource::Cart(clinic::cart(0).id));
    let schedule = |resource| Schedule {
        id: new_id(),
        details: NewSchedule::validate(&input, resource).unwrap(),
        stamp: Stamp::first(None, MORNING),
    };
    let (of_doctor, of_cart) = (schedule(doctor), schedule(cart));
    let input = ExceptionInput { date: some("2026-11-29"), reason: some("leave"), ..ExceptionInput::default() };
    let details = NewException::validate(&input, doctor).unwrap();
    let absence = ScheduleException { id: new_id(), details, created_by: clinic::nurse().user(), created: MORNING };
    let mut change = begin(&database).await;
    schedules::create(&mut change, &of_doctor).await.unwrap();
    schedules::create(&mut change, &of_cart).await.unwrap();
    schedules::create_exception(&mut change, &absence).await.unwrap();
    let ended = NewSchedule { valid_to: Some("2026-12-31".parse().unwrap()), ..of_doctor.details.clone() };
    let of_doctor = schedules::update(&mut change, &of_doctor, ended).await.unwrap();
    change.commit().await.unwrap();

    assert_eq!(schedules::of(&database, doctor).await.unwrap(), [of_doctor]);
    assert_eq!(schedules::of(&database, cart).await.unwrap(), [of_cart]);
    let (first, last) = ("2026-11-29".parse().unwrap(), "2026-11-30".parse().unwrap());
    assert_eq!(schedules::exceptions(&database, doctor, first, last).await.unwrap(), std::slice::from_ref(&absence));
    assert!(schedules::exceptions(&database, cart, first, last).await.unwrap().is_empty());
    assert!(schedules::exceptions(&database, doctor, last, last).await.unwrap().is_empty());
    let mut change = begin(&database).await;
    schedules::delete_exception(&mut change, absence.id).await.unwrap();
    change.commit().await.unwrap();
    assert!(schedules::exceptions(&database, doctor, first, last).await.unwrap().is_empty());
}

fn waiting(n: u64, priority: Priority, joined: UnixMillis) -> WaitlistEntry {
    let referral = clinic::referral(n);
    let details = NewWaitlistEntry {
        referral: referral.id,
        specialty: referral.details.specialty,
        channel: kenes::model::appointment::Channel::Cart,
        cart: Some(clinic::cart(n % 2).id),
        window: Interval::new(MORNING, MORNING.plus(48 * 60 * MINUTE)).unwrap(),
        priority,
    };
    let patient: PatientId = clinic::patient(n).id;
    let stamp = Stamp::first(None, joined);
    WaitlistEntry { id: new_id(), patient, details, status: WaitlistStatus::Waiting, lost: None, stamp }
}

/// A slot more than a day ahead, so that an offer can be made.
async fn freed_slot(database: &Database) -> (Slot, FreedSlot) {
    let slot = clinic::slot(0, 30 * 60);
    let mut change = begin(database).await;
    slots::publish(&mut change, std::slice::from_ref(&slot)).await.unwrap();
    change.commit().await.unwrap();
    let freed = FreedSlot::of(&slot, Some(clinic::cart(0).id));
    (slot, freed)
}

async fn the_waiting_list_asks_the_urgent_first_then_the_oldest(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let (_, freed) = freed_slot(&database).await;
    let entries = [
        waiting(0, Priority::Routine, MORNING.plus(2 * MINUTE)),
        waiting(2, Priority::Routine, MORNING.plus(MINUTE)),
        waiting(4, Priority::Urgent, MORNING.plus(3 * MINUTE)),
        waiting(1, Priority::Urgent, MORNING), // for another cart
    ];
    let mut change = begin(&database).await;
    for entry in &entries {
        waitlist::join(&mut change, entry).await.unwrap();
    }
    change.commit().await.unwrap();
    let queue = async || waitlist::queue(&database, &freed, 10).await.unwrap();
    let by_hand = kenes::model::waitlist::queue(&entries, &freed);
    assert_eq!(queue().await.iter().collect::<Vec<_>>(), by_hand);
    assert_eq!(queue().await[0], entries[2]);

    let offer = WaitlistOffer::make(new_id(), &entries[2], &freed, Stamp::first(None, MORNING)).unwrap();
    let mut change = begin(&database).await;
    waitlist::offer(&mut change, &offer).await.unwrap();
    waitlist::set_status(&mut change, &entries[1], WaitlistStatus::Withdrawn).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(queue().await, std::slice::from_ref(&entries[0]), "who was asked or went away is not asked");
    let mut change = begin(&database).await;
    let again = waitlist::join(&mut change, &waiting(0, Priority::Routine, MORNING)).await;
    assert!(matches!(again, Err(StorageError::Exists("waiting list entry"))));
}

async fn an_offer_is_answered_once(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let (slot, freed) = freed_slot(&database).await;
    let entry = waiting(0, Priority::Routine, MORNING);
    let offer = WaitlistOffer::make(new_id(), &entry, &freed, Stamp::first(None, MORNING)).unwrap();
    let mut change = begin(&database).await;
    waitlist::join(&mut change, &entry).await.unwrap();
    waitlist::offer(&mut change, &offer).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(waitlist::find_offer(&database, offer.id).await.unwrap(), Some(offer.clone()));
    assert_eq!(waitlist::offers_of_slot(&database, slot.id).await.unwrap(), std::slice::from_ref(&offer));
    assert!(waitlist::lapsed(&database, MORNING, 10).await.unwrap().is_empty());
    assert_eq!(waitlist::lapsed(&database, offer.expires, 10).await.unwrap(), std::slice::from_ref(&offer));

    let mut change = begin(&database).await;
    let answered = waitlist::answer(&mut change, &offer, OfferResult::Accepted).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(waitlist::find_offer(&database, offer.id).await.unwrap(), Some(answered));
    assert!(waitlist::lapsed(&database, offer.expires, 10).await.unwrap().is_empty());
    let mut change = begin(&database).await;
    let late = waitlist::answer(&mut change, &offer, OfferResult::Declined).await;
    assert!(matches!(late, Err(StorageError::Refused(Refusal::Changed))));
}

async fn booked(database: &Database) -> kenes::model::ids::AppointmentId {
    let visit = Visit { specialist: 0, patient: 0, cart: Some(0), start_minute: 60, minutes: 30 };
    book(database, &visit.appointment(None)).await.unwrap()
}

async fn a_link_is_found_by_its_hash_until_it_is_withdrawn(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let appointment = booked(&database).await;
    let input = JoinTokenInput { role: some("interpreter"), name: some("Somebody") };
    let token = JoinToken {
        id: new_id(),
        hash: TokenHash([7; 32]),
        appointment,
        details: NewJoinToken::validate(&input).unwrap(),
        window: Interval::new(MORNING, MORNING.plus(60 * MINUTE)).unwrap(),
        revoked: None,
        created_by: clinic::nurse().user(),
        created: MORNING,
    };
    let mut change = begin(&database).await;
    visits::create_link(&mut change, &token).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(visits::find_link(&database, &token.hash).await.unwrap(), Some(token.clone()));
    assert_eq!(visits::find_link(&database, &TokenHash([8; 32])).await.unwrap(), None);

    let mut change = begin(&database).await;
    visits::revoke_link(&mut change, token.id).await.unwrap();
    change.commit().await.unwrap();
    let found = visits::links(&database, appointment).await.unwrap();
    assert_eq!(found[0].check(MORNING), Err(Refusal::LinkRevoked));
    let mut change = begin(&database).await;
    assert!(matches!(visits::revoke_link(&mut change, token.id).await, Err(StorageError::Missing("link"))));
}

fn consent_of(appointment: kenes::model::ids::AppointmentId, decision: &str, at: UnixMillis) -> Consent {
    let input = ConsentInput {
        purpose: some("consultation"),
        decision: some(decision),
        text_version: Some(3),
        language: some("kk"),
        giver: some("patient"),
        giver_name: None,
    };
    let details = NewConsent::validate(&input).unwrap();
    Consent { id: new_id(), appointment, patient: clinic::patient(0).id, details, taken_by: clinic::nurse().user(), at }
}

fn call_of(appointment: kenes::model::ids::AppointmentId, attempt: u8, result: &str) -> ReconfirmCall {
    let input = ReconfirmInput { result: some(result), note: some("rang long") };
    let details = NewReconfirmCall::validate(&input).unwrap();
    ReconfirmCall { id: new_id(), appointment, operator: id(1), attempt, details, at: MORNING }
}

async fn consents_and_calls_are_kept_in_their_order(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let appointment = booked(&database).await;
    let decisions =
        [consent_of(appointment, "refused", MORNING), consent_of(appointment, "given", MORNING.plus(MINUTE))];
    let calls = [call_of(appointment, 1, "no_answer"), call_of(appointment, 2, "confirmed")];
    let mut change = begin(&database).await;
    for decision in &decisions {
        visits::add_consent(&mut change, decision).await.unwrap();
    }
    for call in &calls {
        visits::add_call(&mut change, call).await.unwrap();
    }
    change.commit().await.unwrap();
    let found = visits::consents(&database, appointment).await.unwrap();
    assert_eq!(found, decisions);
    assert!(consent::is_given(&found, Purpose::Consultation));
    assert_eq!(visits::calls(&database, appointment).await.unwrap(), calls);
    let mut change = begin(&database).await;
    let twice = visits::add_call(&mut change, &call_of(appointment, 2, "declined")).await;
    assert!(matches!(twice, Err(StorageError::Exists("call"))));
}

async fn what_is_append_only_is_not_rewritten(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let appointment = booked(&database).await;
    let mut change = begin(&database).await;
    visits::add_consent(&mut change, &consent_of(appointment, "given", MORNING)).await.unwrap();
    visits::add_call(&mut change, &call_of(appointment, 1, "no_answer")).await.unwrap();
    change.commit().await.unwrap();
    for table in ["audit", "appointment_events", "booking_attempts", "consents", "reconfirm_calls"] {
        let mut intruder = test.intrude().await;
        for sql in [format!("DELETE FROM {table}"), format!("UPDATE {table} SET at_ms = 0")] {
            assert!(intruder.execute(sqlx::AssertSqlSafe(sql)).await.is_err(), "{table}");
        }
        assert!(count(&test, table).await > 0, "{table}");
    }
}
