//! The consultation as it took place, its conclusion, and the words of consent.

use crate::clinic::{self, MINUTE, MORNING, Visit, book, id, new_id};
use crate::databases::TestDatabase;
use kenes::booking;
use kenes::model::appointment::{Actor, Appointment, Event, Facts, Status};
use kenes::model::conclusion::{CONCLUSION, Conclusion, ConclusionInput, NewConclusion};
use kenes::model::consent::Purpose;
use kenes::model::consent_text::{ConsentText, Texts};
use kenes::model::ids::AppointmentId;
use kenes::model::private::Private;
use kenes::model::quality::Quality;
use kenes::model::record::Stamp;
use kenes::model::refusal::Refusal;
use kenes::model::role::{Role, Roles};
use kenes::model::time::UnixMillis;
use kenes::model::visit::{Attendee, Outcome, VisitRole};
use kenes::storage::visits::Arrival;
use kenes::storage::{Author, Change, Database, StorageError, appointments, conclusions, consent_texts, visits};
use kenes_signaling::ids::ParticipantId;
use kenes_signaling::message::Quality as Rating;
use sqlx::Executor as _;

on_both_databases!(
    a_visit_is_opened_once_and_keeps_its_room,
    a_visit_begins_with_the_admission_and_ends_with_the_appointment,
    leaving_and_coming_back_is_one_row,
    what_the_last_to_leave_measured_still_counts,
    a_server_that_died_leaves_nobody_in_the_room,
    a_visit_that_nobody_closed_is_found,
    completing_signs_the_draft_and_nothing_changes_it_after,
    a_draft_is_changed_by_whoever_saw_it_last,
    consent_texts_come_in_three_languages_and_are_only_added,
);

const MIDDLE: UnixMillis = UnixMillis(MORNING.0 + 600_000);

async fn booked(database: &Database) -> Appointment {
    let visit = Visit { specialist: 0, patient: 0, cart: Some(0), start_minute: 0, minutes: 30 };
    let id = book(database, &visit.appointment(None)).await.unwrap();
    appointments::find(database, id).await.unwrap().unwrap()
}

async fn begin(database: &Database) -> Change {
    database.change(Author::User(clinic::specialist(0)), MIDDLE).await.unwrap()
}

fn doctor() -> Actor {
    Actor::User { id: clinic::specialist(0), roles: Roles::NONE.with(Role::Specialist) }
}

/// One step of the appointment, with every guard satisfied.
async fn step(database: &Database, seen: &Appointment, actor: &Actor, event: Event) -> Appointment {
    let facts = Facts { is_consent_decided: true, has_summary: true, ..Facts::default() };
    let transition = seen.decide(actor, event, &facts, MIDDLE).unwrap();
    let mut change = begin(database).await;
    let after = booking::happen(&mut change, seen, &transition).await.unwrap();
    change.commit().await.unwrap();
    after
}

/// Checked in, with its waiting room.
async fn opened(database: &Database) -> (Appointment, kenes::model::visit::Visit) {
    let seen = booked(database).await;
    let checked_in = step(database, &seen, &clinic::actor(), Event::CheckIn).await;
    let visit = visits::of_appointment(database, checked_in.id).await.unwrap().unwrap();
    (checked_in, visit)
}

fn arrival(attendee: Attendee, role: VisitRole, at: UnixMillis, is_in_call: bool) -> Arrival {
    Arrival { attendee, role, name: Private::new("Somebody".to_owned()), at, is_in_call }
}

fn rated(mos: f64) -> Quality {
    let mut quality = Quality::default();
    let rating = Rating {
        id: ParticipantId(1),
        uplink: None,
        downlink: None,
        concealed_ratio: None,
        freeze_ratio: None,
        rung: None,
        paused: Vec::new(),
        mos: Some(mos),
        cause: None,
    };
    quality.add_rating(&rating, true);
    quality
}

async fn a_visit_is_opened_once_and_keeps_its_room(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let (appointment, visit) = opened(&database).await;
    let mut change = begin(&database).await;
    let again = visits::open(&mut change, appointment.id, new_id(), "room-2").await.unwrap();
    assert_eq!(again, visit);
    drop(change);
    assert_eq!(visits::find_by_room(&database, &visit.room).await.unwrap(), Some(visit.clone()));
    assert_eq!(visits::find_by_room(&database, "room-2").await.unwrap(), None);
    assert_eq!(visits::open_rooms(&database).await.unwrap(), [(appointment.id, visit.room)]);
    let mut change = begin(&database).await;
    let nowhere = visits::open(&mut change, new_id::<AppointmentId>(), new_id(), "room-3").await;
    assert!(matches!(nowhere, Err(StorageError::Dangling("visit"))));
}

async fn a_visit_begins_with_the_admission_and_ends_with_the_appointment(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let (checked_in, _) = opened(&database).await;
    let in_call = step(&database, &checked_in, &doctor(), Event::Admit).await;
    let visit = visits::of_appointment(&database, checked_in.id).await.unwrap().unwrap();
    assert_eq!((visit.started, visit.ended), (Some(MIDDLE), None));
    step(&database, &in_call, &doctor(), Event::Complete(None)).await;
    let visit = visits::of_appointment(&database, checked_in.id).await.unwrap().unwrap();
    assert_eq!(visit.ended.map(|ending| (ending.at, ending.outcome)), Some((MIDDLE, Outcome::Failed)), "no media ran");
    assert!(visits::open_rooms(&database).await.unwrap().is_empty());
}

async fn leaving_and_coming_back_is_one_row(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let (_, visit) = opened(&database).await;
    let cart = Attendee::Cart(clinic::cart(0).id);
    let at = |minute: u32| MORNING.plus(minute * MINUTE);
    let mut change = begin(&database).await;
    visits::join(&mut change, &visit, &arrival(cart, VisitRole::Cart, at(0), false)).await.unwrap();
    visits::enter_call(&mut change, &visit, cart, at(2)).await.unwrap();
    visits::depart(&mut change, &visit, cart, at(5), &rated(4.0)).await.unwrap();
    visits::join(&mut change, &visit, &arrival(cart, VisitRole::Cart, at(6), true)).await.unwrap();
    change.commit().await.unwrap();
    let people = visits::people(&database, visit.id).await.unwrap();
    let [person] = people.as_slice() else { panic!("{people:?}") };
    assert_eq!((person.joined, person.in_call, person.left, person.returns), (at(0), Some(at(2)), None, 1));
    let mut change = begin(&database).await;
    visits::depart(&mut change, &visit, cart, at(9), &rated(3.0)).await.unwrap();
    change.commit().await.unwrap();
    let people = visits::people(&database, visit.id).await.unwrap();
    assert_eq!((people[0].left, people[0].quality.clone()), (Some(at(9)), rated(4.0).plus(&rated(3.0))));
    let found = visits::find_by_room(&database, &visit.room).await.unwrap().unwrap();
    assert_eq!(found.quality, people[0].quality);
}

async fn what_the_last_to_leave_measured_still_counts(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let (checked_in, visit) = opened(&database).await;
    let specialist = Attendee::User(clinic::specialist(0));
    let mut change = begin(&database).await;
    visits::join(&mut change, &visit, &arrival(specialist, VisitRole::Specialist, MIDDLE, true)).await.unwrap();
    change.commit().await.unwrap();
    let in_call = step(&database, &checked_in, &doctor(), Event::Admit).await;
    step(&database, &in_call, &doctor(), Event::Complete(None)).await;
    let mut change = begin(&database).await;
    visits::depart(&mut change, &visit, specialist, MIDDLE.plus(MINUTE), &rated(4.2)).await.unwrap();
    change.commit().await.unwrap();
    let visit = visits::of_appointment(&database, checked_in.id).await.unwrap().unwrap();
    assert_eq!(visit.ended.map(|ending| ending.outcome), Some(Outcome::Ok));
    assert_eq!(visits::people(&database, visit.id).await.unwrap()[0].left, Some(MIDDLE.plus(MINUTE)));
}

async fn a_server_that_died_leaves_nobody_in_the_room(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let (_, visit) = opened(&database).await;
    let cart = Attendee::Cart(clinic::cart(0).id);
    let mut change = begin(&database).await;
    visits::join(&mut change, &visit, &arrival(cart, VisitRole::Cart, MIDDLE, true)).await.unwrap();
    change.commit().await.unwrap();
    let last_seen = MIDDLE.plus(3 * MINUTE);
    visits::keep_open(&database, last_seen).await.unwrap();
    let mut change = database.change(Author::System, MIDDLE.plus(9 * MINUTE)).await.unwrap();
    assert_eq!(visits::abandon(&mut change).await.unwrap(), 1);
    change.commit().await.unwrap();
    let people = visits::people(&database, visit.id).await.unwrap();
    assert_eq!(people[0].left, Some(last_seen));
    let visit = visits::find_by_room(&database, &visit.room).await.unwrap().unwrap();
    assert_eq!(visit.ended, None, "they may come back");
}

async fn a_visit_that_nobody_closed_is_found(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let (appointment, visit) = opened(&database).await;
    let end = appointment.time.end();
    assert!(visits::overdue(&database, end).await.unwrap().is_empty());
    assert_eq!(visits::overdue(&database, end.plus(MINUTE)).await.unwrap(), [appointment.id]);
    let mut change = begin(&database).await;
    visits::close(&mut change, &appointment, visit.seen).await.unwrap();
    change.commit().await.unwrap();
    assert!(visits::overdue(&database, end.plus(MINUTE)).await.unwrap().is_empty());
    let mut change = begin(&database).await;
    visits::reopen(&mut change, &visit).await.unwrap();
    visits::set_survey_score(&mut change, appointment.id, 5).await.unwrap();
    change.commit().await.unwrap();
    let visit = visits::of_appointment(&database, appointment.id).await.unwrap().unwrap();
    assert_eq!((visit.ended, visit.survey_score), (None, Some(5)));
}

fn words(summary: &str) -> NewConclusion {
    let text = |text: &str| Some(text.to_owned());
    let input =
        ConclusionInput { summary: text(summary), recommendations: text("Rest.\nWater."), icd10: text("I20.8") };
    NewConclusion::validate(&input).unwrap()
}

fn draft(appointment: AppointmentId, number: u32) -> Conclusion {
    Conclusion {
        id: new_id(),
        appointment,
        number,
        author: clinic::specialist(0),
        details: words("Stable angina"),
        signature: None,
        stamp: Stamp::first(Some(clinic::specialist(0)), MIDDLE),
    }
}

async fn completing_signs_the_draft_and_nothing_changes_it_after(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let (checked_in, _) = opened(&database).await;
    let draft = draft(checked_in.id, CONCLUSION);
    let mut change = begin(&database).await;
    conclusions::create(&mut change, &draft).await.unwrap();
    change.commit().await.unwrap();
    let in_call = step(&database, &checked_in, &doctor(), Event::Admit).await;
    let completed = step(&database, &in_call, &doctor(), Event::Complete(None)).await;
    assert_eq!(completed.status, Status::Completed);

    let found = conclusions::of_appointment(&database, checked_in.id).await.unwrap();
    let [signed] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(signed.details, draft.details);
    let signature = signed.signature.unwrap();
    assert_eq!(signature.at, MIDDLE);
    let expected = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, signed.signed_text(MIDDLE).as_bytes());
    assert_eq!(signature.digest.0.as_slice(), expected.as_ref());

    let mut change = begin(&database).await;
    let refused = conclusions::update(&mut change, signed, words("Something else")).await;
    assert!(matches!(refused, Err(StorageError::Refused(Refusal::Changed))));
    drop(change);
    let mut intruder = test.intrude().await;
    for sql in ["UPDATE conclusions SET summary = ''", "DELETE FROM conclusions"] {
        assert!(intruder.execute(sqlx::query(sql)).await.is_err(), "{sql}");
    }
    let addendum = Conclusion { number: CONCLUSION + 1, ..self::draft(checked_in.id, CONCLUSION) };
    let mut change = begin(&database).await;
    conclusions::create(&mut change, &addendum).await.unwrap();
    let signed = conclusions::sign(&mut change, checked_in.id).await.unwrap();
    assert_eq!(signed.map(|signed| signed.number), Some(CONCLUSION + 1));
    assert_eq!(conclusions::sign(&mut change, checked_in.id).await.unwrap(), None);
    change.commit().await.unwrap();
}

async fn a_draft_is_changed_by_whoever_saw_it_last(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let appointment = booked(&database).await;
    let seen = draft(appointment.id, CONCLUSION);
    let mut change = begin(&database).await;
    conclusions::create(&mut change, &seen).await.unwrap();
    let after = conclusions::update(&mut change, &seen, words("Unstable angina")).await.unwrap();
    let refused = conclusions::update(&mut change, &seen, words("Nothing")).await;
    assert!(matches!(refused, Err(StorageError::Refused(Refusal::Changed))));
    let twice = conclusions::create(&mut change, &draft(appointment.id, CONCLUSION)).await;
    assert!(matches!(twice, Err(StorageError::Exists("conclusion"))));
    drop(change);
    assert!(conclusions::of_appointment(&database, appointment.id).await.unwrap().is_empty());
    let mut change = begin(&database).await;
    conclusions::create(&mut change, &seen).await.unwrap();
    conclusions::update(&mut change, &seen, words("Unstable angina")).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(conclusions::of_appointment(&database, appointment.id).await.unwrap(), [after]);
}

async fn consent_texts_come_in_three_languages_and_are_only_added(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let all = consent_texts::all(&database).await.unwrap();
    assert_eq!(all.iter().map(|text| (text.purpose, text.version)).collect::<Vec<_>>().len(), Purpose::ALL.len());
    let first = consent_texts::newest(&database, Purpose::Recording).await.unwrap().unwrap();
    assert_eq!(first.version, 1);
    assert!(first.texts.kk.contains("келісемін") && first.texts.ru.contains("соглас"), "{first:?}");
    let texts = Texts { en: "I agree to nothing in particular.".to_owned(), ..first.texts };
    let second = ConsentText { version: 2, texts, ..first };
    let mut change = database.change(Author::User(id(1)), MORNING).await.unwrap();
    consent_texts::add(&mut change, &second).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(consent_texts::newest(&database, Purpose::Recording).await.unwrap(), Some(second.clone()));
    let mut change = database.change(Author::User(id(1)), MORNING).await.unwrap();
    let twice = consent_texts::add(&mut change, &second).await;
    assert!(matches!(twice, Err(StorageError::Exists("consent text"))));
    drop(change);
    let mut intruder = test.intrude().await;
    for sql in ["UPDATE consent_texts SET en = ''", "DELETE FROM consent_texts"] {
        assert!(intruder.execute(sqlx::query(sql)).await.is_err(), "{sql}");
    }
}
