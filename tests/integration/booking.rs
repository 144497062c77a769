//! From a referral to a booked appointment and on, as desks do it over HTTP.

use crate::http::Response;
use crate::staff::Staff;
use crate::test_app::TestApp;
use serde_json::{Value, json};

/// A nurse with a referral that she took in, for a patient of her own.
async fn referral(nurse: &Staff) -> Value {
    let body = json!({
        "patient": { "iin": "850314400129", "name": "Серікова Әлия", "language": "kk", "phone": "+7 701 555 44 33" },
        "referring_doctor": "Сейтказин Е.", "specialty": "cardiology", "reason": "Боль за грудиной", "icd10": "I20.8",
    });
    let created = nurse.post("/referrals", &body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    created.json()
}

/// Free slots for the referral's patient by link at home, the first ones first.
async fn slots(nurse: &Staff, referral: &Value) -> Vec<Value> {
    let patient = referral["patient"]["id"].as_str().unwrap();
    let found = nurse.read(&format!("/slots?specialty=cardiology&channel=home_link&patient={patient}")).await;
    found["items"].as_array().unwrap().clone()
}

fn booking(referral: &Value, slot: &Value) -> Value {
    json!({
        "referral": referral["id"], "patient": referral["patient"]["id"], "site": referral["site"], "slot": slot["id"],
    })
}

async fn hold(nurse: &Staff, slot: &Value) -> Response {
    nurse.post(&format!("/slots/{}/hold", slot["id"].as_str().unwrap()), &json!({})).await
}

async fn event(staff: &Staff, appointment: &Value, event: &Value) -> Response {
    let path = format!("/appointments/{}/events", appointment["id"].as_str().unwrap());
    staff.send("POST", &path, &format!("If-Match: \"{}\"\r\n", appointment["version"]), event).await
}

pub(crate) async fn booked(nurse: &Staff) -> (Value, Value) {
    let referral = referral(nurse).await;
    let slot = slots(nurse, &referral).await.remove(0);
    assert_eq!(hold(nurse, &slot).await.status, 200);
    let response = nurse.post("/appointments", &booking(&referral, &slot)).await;
    assert_eq!(response.status, 201, "{}", response.body);
    (referral, response.json())
}

#[tokio::test]
async fn a_referral_becomes_a_booked_and_confirmed_appointment_that_both_desks_show() {
    let app = TestApp::with_clinic().await;
    let (nurse, specialist) = (app.staff("aigul").await, app.staff("daniyar").await);
    let (referral, appointment) = booked(&nurse).await;
    assert_eq!(appointment["status"], "booked");
    let id = referral["id"].as_str().unwrap();
    assert_eq!(nurse.read(&format!("/referrals/{id}")).await["status"], "booked");
    let confirmed = event(&nurse, &appointment, &json!({ "event": "confirm" })).await;
    assert_eq!((confirmed.status, &confirmed.json()["status"]), (200, &json!("confirmed")), "{}", confirmed.body);
    let day = appointment["start"].as_str().unwrap();
    let range = format!("/appointments?from={}T00:00:00Z&to={}T23:59:59Z", &day[..10], &day[..10]);
    for desk in [&nurse, &specialist] {
        let items = desk.read(&range).await["items"].clone();
        assert!(items.as_array().unwrap().iter().any(|item| item["id"] == appointment["id"]), "{items}");
    }
}

#[tokio::test]
async fn of_two_nurses_one_gets_the_slot_and_the_other_the_words() {
    let app = TestApp::with_clinic().await;
    let (first, second) = (app.staff("aigul").await, app.staff("svetlana").await);
    let referral = referral(&first).await;
    let slot = slots(&first, &referral).await.remove(0);
    assert_eq!(hold(&first, &slot).await.status, 200);
    let refused = hold(&second, &slot).await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("hold_of_another")));
    let mine = slots(&first, &referral).await;
    assert!(mine.iter().all(|other| other["id"] != slot["id"]) || mine[0]["hold_until"].is_string());
}

#[tokio::test]
async fn a_booking_without_a_hold_is_refused_and_books_nothing() {
    let app = TestApp::with_clinic().await;
    let nurse = app.staff("aigul").await;
    let referral = referral(&nurse).await;
    let slot = slots(&nurse, &referral).await.remove(0);
    let refused = nurse.post("/appointments", &booking(&referral, &slot)).await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("hold_expired")), "{}", refused.body);
    let id = referral["id"].as_str().unwrap();
    assert_eq!(nurse.read(&format!("/referrals/{id}")).await["status"], "received");
}

#[tokio::test]
async fn a_referral_that_has_its_appointment_is_not_booked_again() {
    let app = TestApp::with_clinic().await;
    let nurse = app.staff("aigul").await;
    let (referral, _) = booked(&nurse).await;
    let slot = slots(&nurse, &referral).await.remove(0);
    hold(&nurse, &slot).await;
    let refused = nurse.post("/appointments", &booking(&referral, &slot)).await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("referral_state")), "{}", refused.body);
}

#[tokio::test]
async fn the_same_key_books_once_and_another_body_under_it_is_refused() {
    let app = TestApp::with_clinic().await;
    let nurse = app.staff("aigul").await;
    let referral = referral(&nurse).await;
    let slot = slots(&nurse, &referral).await.remove(0);
    hold(&nurse, &slot).await;
    let body = booking(&referral, &slot);
    let book = async |body: &Value| nurse.send("POST", "/appointments", "Idempotency-Key: one\r\n", body).await;
    let (first, second) = (book(&body).await, book(&body).await);
    assert_eq!((first.status, second.status), (201, 201), "{}", second.body);
    assert_eq!(first.json()["id"], second.json()["id"]);
    let other =
        book(&json!({ "patient": referral["patient"]["id"], "site": referral["site"], "slot": slot["id"] })).await;
    assert_eq!(other.json()["code"], "idempotency_key_reused", "{}", other.body);
}

#[tokio::test]
async fn a_change_needs_the_version_that_was_seen() {
    let app = TestApp::with_clinic().await;
    let nurse = app.staff("aigul").await;
    let (_, appointment) = booked(&nurse).await;
    let path = format!("/appointments/{}/events", appointment["id"].as_str().unwrap());
    let confirm = json!({ "event": "confirm" });
    assert_eq!(nurse.post(&path, &confirm).await.status, 428);
    assert_eq!(event(&nurse, &appointment, &confirm).await.status, 200);
    let stale = event(&nurse, &appointment, &confirm).await;
    assert_eq!((stale.status, &stale.json()["code"]), (412, &json!("changed")));
}

#[tokio::test]
async fn a_cancelled_appointment_frees_its_slot_and_its_referral() {
    let app = TestApp::with_clinic().await;
    let nurse = app.staff("aigul").await;
    let (referral, appointment) = booked(&nurse).await;
    let unsaid = event(&nurse, &appointment, &json!({ "event": "cancel" })).await;
    assert_eq!((unsaid.status, &unsaid.json()["fields"][0]["field"]), (422, &json!("reason")));
    let cancelled = event(&nurse, &appointment, &json!({ "event": "cancel", "reason": "patient_declined" })).await;
    assert_eq!((cancelled.status, &cancelled.json()["status"]), (200, &json!("cancelled")), "{}", cancelled.body);
    let id = referral["id"].as_str().unwrap();
    assert_eq!(nurse.read(&format!("/referrals/{id}")).await["status"], "in_work");
    let again = event(&nurse, &cancelled.json(), &json!({ "event": "confirm" })).await;
    assert_eq!(again.json()["code"], "appointment_ended");
}

#[tokio::test]
async fn a_rescheduled_appointment_names_the_one_in_whose_stead_it_stands() {
    let app = TestApp::with_clinic().await;
    let nurse = app.staff("aigul").await;
    let (referral, appointment) = booked(&nurse).await;
    let slot = slots(&nurse, &referral).await.remove(0);
    hold(&nurse, &slot).await;
    let mut body = booking(&referral, &slot);
    body["rescheduled_from"] = appointment["id"].clone();
    let moved = nurse.post("/appointments", &body).await;
    assert_eq!((moved.status, &moved.json()["rescheduled_from"]), (201, &appointment["id"]), "{}", moved.body);
    let old = nurse.read(&format!("/appointments/{}", appointment["id"].as_str().unwrap())).await;
    assert_eq!((&old["status"], &old["cancel_reason"]), (&json!("cancelled"), &json!("rescheduled")));
    let id = referral["id"].as_str().unwrap();
    assert_eq!(nurse.read(&format!("/referrals/{id}")).await["status"], "booked");
}

#[tokio::test]
async fn another_sites_appointment_is_not_there_for_a_nurse() {
    let app = TestApp::with_clinic().await;
    let (nurse, stranger) = (app.staff("aigul").await, app.staff("svetlana").await);
    let (referral, appointment) = booked(&nurse).await;
    for path in [
        format!("/appointments/{}", appointment["id"].as_str().unwrap()),
        format!("/referrals/{}", referral["id"].as_str().unwrap()),
        format!("/patients/{}", referral["patient"]["id"].as_str().unwrap()),
    ] {
        assert_eq!(stranger.get(&path).await.status, 404, "{path}");
    }
    let refused = event(&stranger, &appointment, &json!({ "event": "confirm" })).await;
    assert_eq!(refused.status, 404, "{}", refused.body);
}

#[tokio::test]
async fn a_patient_is_found_by_iin_and_by_the_beginning_of_a_name() {
    let app = TestApp::with_clinic().await;
    let nurse = app.staff("aigul").await;
    let referral = referral(&nurse).await;
    for query in ["850314400129", "%D0%A1%D0%B5%D1%80%D1%96%D0%BA"] {
        let found = nurse.read(&format!("/patients?q={query}")).await;
        let items = found["items"].as_array().unwrap();
        assert!(items.iter().any(|item| item["id"] == referral["patient"]["id"]), "{query}: {found}");
    }
}

#[tokio::test]
async fn pages_of_a_list_follow_each_other_without_a_gap() {
    let app = TestApp::with_clinic().await;
    let admin = app.staff("ruslan").await;
    let nurse = app.staff("aigul").await;
    let site = nurse.read("/session").await["site"]["id"].clone();
    let range =
        format!("/appointments?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z&site={}", site.as_str().unwrap());
    assert_eq!(admin.read(&range).await["items"], json!([]));
    let now = jiff::Timestamp::now();
    let (from, to) = (now - jiff::SignedDuration::from_hours(40 * 24), now + jiff::SignedDuration::from_hours(40 * 24));
    let range = format!("/appointments?from={from:.0}&to={to:.0}&site={}", site.as_str().unwrap());
    let whole = admin.read(&range).await["items"].as_array().unwrap().clone();
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = admin.read(&format!("{range}&limit=2{cursor}")).await;
        paged.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(whole.len() > 4, "{}", whole.len());
    let ids = |items: &[Value]| items.iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&paged), ids(&whole));
}
