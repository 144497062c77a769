//! The contact centre's day over HTTP: a visit declined on the telephone, its slot offered to who waits, a day that a specialist cancels.

use crate::http::Response;
use crate::staff::Staff;
use crate::test_app::{TestApp, now};
use kenes::model::time::Zone;
use serde_json::{Value, json};
use std::time::Duration;

/// Days from today, on the clinic's clock.
fn local_date(days: u32) -> String {
    let at = now().plus(days * Duration::from_secs(24 * 3600));
    Zone::named("Asia/Almaty").unwrap().local(at).date().to_string()
}

fn items(list: &Value) -> &[Value] {
    list["items"].as_array().unwrap()
}

async fn call(operator: &Staff, appointment: &Value, result: &str) -> Response {
    let path = format!("/appointments/{}/calls", appointment["id"].as_str().unwrap());
    operator.post(&path, &json!({ "result": result })).await
}

/// Upkeep offers a freed slot by itself, a moment after it was freed.
async fn first_offer(nurse: &Staff) -> (Value, Value) {
    for _ in 0..100 {
        let list = nurse.read("/waitlist").await;
        let offered = items(&list).iter().find(|entry| !entry["offers"].as_array().unwrap().is_empty());
        if let Some(entry) = offered {
            return (entry.clone(), entry["offers"][0].clone());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody was offered anything");
}

#[tokio::test]
async fn a_declined_visits_slot_goes_to_the_first_who_waits() {
    let app = TestApp::with_clinic().await;
    let (operator, nurse) = (app.staff("zhanna").await, app.staff("aigul").await);
    let lines = operator.read(&format!("/reconfirmation?date={}", local_date(2))).await;
    let line =
        items(&lines).iter().find(|line| line["appointment"]["specialist"]["specialty"] == "cardiology").unwrap();
    let declined = call(&operator, &line["appointment"], "declined").await;
    assert_eq!(declined.status, 201, "{}", declined.body);
    assert_eq!(declined.json()["appointment"]["status"], "cancelled");
    let again = call(&operator, &line["appointment"], "confirmed").await;
    assert_eq!((again.status, &again.json()["code"]), (409, &json!("reconfirm_done")));

    let (entry, offer) = first_offer(&nurse).await;
    assert_eq!(entry["priority"], "urgent");
    assert_eq!(offer["slot"]["start"], line["appointment"]["start"]);
    let path = format!("/offers/{}/answer", offer["id"].as_str().unwrap());
    let accepted = nurse.post(&path, &json!({ "answer": "accept" })).await;
    assert_eq!(accepted.status, 200, "{}", accepted.body);
    let booked = accepted.json();
    assert_eq!((&booked["status"], &booked["patient"]["id"]), (&json!("booked"), &entry["patient"]["id"]));
    assert_eq!(booked["site"]["id"], entry["referral"]["site"]);
    let late = nurse.post(&path, &json!({ "answer": "decline" })).await;
    assert_eq!((late.status, &late.json()["code"]), (409, &json!("offer_answered")));
    let still = nurse.read("/waitlist").await;
    assert!(items(&still).iter().all(|other| other["id"] != entry["id"]));
}

#[tokio::test]
async fn a_referral_joins_the_list_and_leaves_it_again() {
    let app = TestApp::with_clinic().await;
    let nurse = app.staff("aigul").await;
    let inbox = nurse.read("/referrals?status=received").await;
    let referral = items(&inbox)[0].clone();
    let id = referral["id"].as_str().unwrap();
    let version = format!("If-Match: \"{}\"\r\n", referral["version"]);
    let taken = nurse.send("POST", &format!("/referrals/{id}/events"), &version, &json!({ "event": "take" })).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    let body = json!({
        "referral": id, "channel": "home_link",
        "earliest": format!("{}T00:00:00Z", local_date(1)), "latest": format!("{}T00:00:00Z", local_date(9)),
    });
    let key = "Idempotency-Key: once\r\n";
    let joined = nurse.send("POST", "/waitlist", key, &body).await;
    assert_eq!(joined.status, 201, "{}", joined.body);
    let entry = joined.json();
    assert_eq!(nurse.send("POST", "/waitlist", key, &body).await.json()["id"], entry["id"]);
    assert_eq!(nurse.read(&format!("/referrals/{id}")).await["status"], "waitlisted");

    let slots = format!("/slots?specialty={}&channel=home_link", entry["specialty"].as_str().unwrap());
    let slots = nurse.read(&slots).await;
    let far = items(&slots).iter().rev().find(|slot| slot["start"].as_str() < entry["latest"].as_str()).unwrap();
    let path = format!("/waitlist/{}", entry["id"].as_str().unwrap());
    let offered = nurse.post(&format!("{path}/offers"), &json!({ "slot": far["id"] })).await;
    assert_eq!(offered.status, 201, "{}", offered.body);
    assert_eq!(offered.json()["offers"][0]["slot"]["id"], far["id"]);

    let other = app.staff("svetlana").await;
    assert_eq!(other.send("DELETE", &path, "If-Match: \"1\"\r\n", &Value::Null).await.status, 404, "another site's");
    assert_eq!(nurse.delete(&path).await.status, 428);
    assert_eq!(nurse.send("DELETE", &path, "If-Match: \"1\"\r\n", &Value::Null).await.status, 204);
    assert_eq!(nurse.read(&format!("/referrals/{id}")).await["status"], "in_work");
    assert_eq!(nurse.read("/waitlist/calls").await["items"], json!([]));
}

#[tokio::test]
async fn a_cancelled_day_leaves_nobody_without_an_offer_or_a_call() {
    let app = TestApp::with_clinic().await;
    let (specialist, nurse) = (app.staff("daniyar").await, app.staff("aigul").await);
    let me = specialist.read("/session").await["id"].clone();
    let body = json!({ "specialist": me, "date": local_date(2), "reason": "ill" });
    assert_eq!(nurse.post("/days-off", &body).await.status, 403);
    let key = "Idempotency-Key: day\r\n";
    let taken = specialist.send("POST", "/days-off", key, &body).await;
    assert_eq!(taken.status, 201, "{}", taken.body);
    let affected = taken.json()["affected"].clone();
    assert_eq!(affected.as_array().unwrap().len(), 1, "{affected}");
    assert_eq!(affected[0]["outcome"], "offered");
    assert_eq!(affected[0]["appointment"]["cancel_reason"], "specialist_unavailable");
    assert_eq!(specialist.send("POST", "/days-off", key, &body).await.json()["affected"], affected);

    let list = app.staff("nurlan").await.read("/waitlist").await;
    let lost = items(&list).iter().find(|entry| entry["lost"] == affected[0]["appointment"]["id"]).unwrap();
    assert_eq!(lost["offers"].as_array().unwrap().len(), 1);
    let slots = nurse.read("/slots?specialty=cardiology&channel=cart").await;
    assert!(items(&slots).iter().all(|slot| !is_on(&slot["start"], &local_date(2))), "the day is closed");
}

fn is_on(time: &Value, date: &str) -> bool {
    let at = kenes::model::time::parse_rfc3339(time.as_str().unwrap()).unwrap();
    Zone::named("Asia/Almaty").unwrap().local(at).date().to_string() == date
}
