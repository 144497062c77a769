//! Sites, users, carts, patients and referrals: read as they were written, changed by version, unique where they must be.

use crate::clinic::{self, MINUTE, MORNING, PEOPLE};
use crate::databases::TestDatabase;
use kenes::model::cart::CartCheck;
use kenes::model::patient::{NewPatient, PatientInput};
use kenes::model::referral::{ReferralEvent, ReferralStatus};
use kenes::model::refusal::Refusal;
use kenes::model::site::NewSite;
use kenes::storage::{StorageError, audit, patients, places, referrals, users};

on_both_databases!(
    records_are_read_as_they_were_written,
    a_record_is_changed_by_whoever_saw_it_last,
    a_patients_audit_names_fields_and_no_values,
    a_patients_iin_is_unique,
    a_referral_is_received_once,
    the_inbox_has_the_urgent_first_then_the_oldest,
    a_referral_goes_its_way_by_the_model,
    a_heartbeat_is_no_change_of_the_cart,
);

async fn records_are_read_as_they_were_written(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let (site, doctor) = (clinic::site(), clinic::specialist(1));
    assert_eq!(places::find_site(&database, site.id).await.unwrap(), Some(site.clone()));
    assert_eq!(places::sites(&database).await.unwrap(), std::slice::from_ref(&site));
    let user = users::find(&database, doctor).await.unwrap();
    assert_eq!(user, Some(clinic::user(doctor, "specialist", Some("cardiology"))));
    let cardiologists = users::specialists(&database, &"cardiology".parse().unwrap()).await.unwrap();
    assert_eq!(cardiologists.len() as u64, PEOPLE);
    assert_eq!(users::of_site(&database, site.id).await.unwrap().len() as u64, PEOPLE + 1);
    let (cart, patient, referral) = (clinic::cart(2), clinic::patient(2), clinic::referral(2));
    assert_eq!(places::find_cart(&database, cart.id).await.unwrap(), Some(cart));
    assert_eq!(places::carts_of_site(&database, site.id).await.unwrap().len() as u64, PEOPLE);
    assert_eq!(patients::find(&database, patient.id).await.unwrap(), Some(patient.clone()));
    assert_eq!(patients::find_by_mis_id(&database, "mis-2").await.unwrap(), Some(patient.clone()));
    assert_eq!(referrals::find_by_source(&database, "mis", "2").await.unwrap(), Some(referral.clone()));
    assert_eq!(referrals::of_patient(&database, patient.id, 10).await.unwrap(), [referral]);
}

async fn a_record_is_changed_by_whoever_saw_it_last(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let seen = clinic::site();
    let details = NewSite { km_to_hub: 131, ..seen.details.clone() };
    let mut change = database.change(clinic::nurse(), MORNING.plus(MINUTE)).await.unwrap();
    let after = places::update_site(&mut change, &seen, details.clone()).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(places::find_site(&database, seen.id).await.unwrap(), Some(after));
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    let refused = places::update_site(&mut change, &seen, details).await;
    assert!(matches!(refused, Err(StorageError::Refused(Refusal::Changed))));
}

const IIN: &str = "850314400129";

/// With an IIN, made up.
fn known_patient() -> NewPatient {
    let input = PatientInput {
        iin: Some(IIN.to_owned()),
        name: Some("Ахметова Әлия".to_owned()),
        email: Some("aliya@mail.kz".to_owned()),
        language: Some("kk".to_owned()),
        address: Some("Presnovka, 1".to_owned()),
        ..PatientInput::default()
    };
    NewPatient::validate(&input, "2026-11-23".parse().unwrap()).unwrap()
}

async fn a_patients_audit_names_fields_and_no_values(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let seen = clinic::patient(0);
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    let after = patients::update(&mut change, &seen, known_patient()).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(patients::find(&database, seen.id).await.unwrap(), Some(after));
    let entries = audit::of_entity(&database, "patient", &seen.id.to_string()).await.unwrap();
    let detail = &entries.last().unwrap().detail;
    assert!(detail.contains("\"iin\"") && detail.contains("\"name\""), "{detail}");
    assert!(!detail.contains(IIN) && !detail.contains("Ахметова"), "{detail}");
}

async fn a_patients_iin_is_unique(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    patients::update(&mut change, &clinic::patient(0), known_patient()).await.unwrap();
    change.commit().await.unwrap();
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    let refused = patients::update(&mut change, &clinic::patient(1), known_patient()).await;
    assert!(matches!(refused, Err(StorageError::Exists("patient"))));
    drop(change);
    let iin = IIN.parse().unwrap();
    let found = patients::find_by_iin(&database, &iin).await.unwrap();
    assert_eq!(found.map(|patient| patient.id), Some(clinic::patient(0).id));
}

async fn a_referral_is_received_once(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let mut again = clinic::referral(0);
    again.id = clinic::new_id();
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    let refused = referrals::create(&mut change, &again).await;
    assert!(matches!(refused, Err(StorageError::Exists("referral"))));
    drop(change);
    again.details.mis_ref = "another".to_owned();
    again.details.patient = clinic::new_id();
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    let refused = referrals::create(&mut change, &again).await;
    assert!(matches!(refused, Err(StorageError::Dangling("referral"))), "{refused:?}");
}

async fn the_inbox_has_the_urgent_first_then_the_oldest(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let inbox = referrals::inbox(&database, clinic::site().id, ReferralStatus::Received, 3).await.unwrap();
    let order: Vec<_> = inbox.iter().map(|referral| referral.details.mis_ref.as_str()).collect();
    assert_eq!(order, ["7", "0", "1"]);
}

async fn a_referral_goes_its_way_by_the_model(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let seen = clinic::referral(0);
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    let taken = referrals::apply(&mut change, &seen, ReferralEvent::Take).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(referrals::find(&database, seen.id).await.unwrap(), Some(taken.clone()));
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    let refused = referrals::apply(&mut change, &taken, ReferralEvent::Complete).await;
    assert!(matches!(refused, Err(StorageError::Refused(Refusal::ReferralState))));
}

async fn a_heartbeat_is_no_change_of_the_cart(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let cart = clinic::cart(0);
    assert!(places::cart_seen(&database, cart.id, MORNING, Some(CartCheck::Passed)).await.unwrap());
    assert!(places::cart_seen(&database, cart.id, MORNING.plus(MINUTE), None).await.unwrap());
    assert!(!places::cart_seen(&database, clinic::new_id(), MORNING, None).await.unwrap());
    let found = places::find_cart(&database, cart.id).await.unwrap().unwrap();
    assert_eq!((found.last_seen, found.check), (Some(MORNING.plus(MINUTE)), Some(CartCheck::Passed)));
    assert_eq!(found.stamp, cart.stamp);
}
