//! A calendar to subscribe to, as a calendar program meets it.

use crate::http;
use crate::staff::Staff;
use crate::test_app::{TestApp, now};
use kenes_signaling::time::UnixMillis;
use serde_json::{Value, json};

async fn subscribe(staff: &Staff) -> String {
    let response = staff.post("/calendar-feed", &Value::Null).await;
    assert_eq!(response.status, 200, "{}", response.body);
    let url = response.json()["url"].as_str().unwrap().to_owned();
    url.split_once("/api/").map(|(_, path)| format!("/api/{path}")).unwrap()
}

#[tokio::test]
async fn a_specialist_subscribes_to_the_day_and_it_names_no_patient() {
    let app = TestApp::with_clinic().await;
    let specialist = app.staff("daniyar").await;
    let path = subscribe(&specialist).await;
    // A calendar program has no session.
    let calendar = http::get(app.address(), &path).await;
    assert_eq!((calendar.status, calendar.header("content-type")), (200, Some("text/calendar; charset=utf-8")));
    let body = calendar.body.replace("\r\n ", "");
    let read: Vec<_> = ical::IcalParser::new(body.as_bytes()).collect::<Result<_, _>>().unwrap();
    assert_eq!(read.len(), 1);
    assert!(!read[0].events.is_empty());
    let properties = read[0].events.iter().flat_map(|event| &event.properties);
    for uid in properties.filter(|property| property.name == "UID") {
        let id = uid.value.as_deref().unwrap().trim_end_matches("@kenes");
        let shown = specialist.read(&format!("/appointments/{id}")).await;
        let patient = shown["patient"]["name"].as_str().unwrap();
        let surname = patient.split(' ').next().unwrap();
        assert!(!body.contains(surname), "{surname}");
    }
}

#[tokio::test]
async fn a_new_address_makes_the_old_one_worthless() {
    let app = TestApp::with_clinic().await;
    let specialist = app.staff("daniyar").await;
    let first = subscribe(&specialist).await;
    let second = subscribe(&specialist).await;
    assert_eq!(http::get(app.address(), &first).await.status, 404);
    assert_eq!(http::get(app.address(), &second).await.status, 200);
    for unknown in ["/api/v1/calendar/x.ics", "/api/v1/calendar/x", &second.replace(".ics", "")] {
        assert_eq!(http::get(app.address(), unknown).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn a_nurse_subscribes_to_a_cart_of_her_own_site_alone() {
    let app = TestApp::with_clinic().await;
    let (nurse, elsewhere) = (app.staff("aigul").await, app.staff("svetlana").await);
    let (from, to) = (rfc3339(-1), rfc3339(30));
    let visits = nurse.read(&format!("/appointments?from={from}&to={to}")).await;
    let carts = visits["items"].as_array().unwrap().iter().filter_map(|visit| visit["cart"]["id"].as_str());
    let path = format!("/calendar-feed?cart={}", carts.into_iter().next().unwrap());
    assert_eq!(nurse.post(&path, &Value::Null).await.status, 200);
    assert_eq!(elsewhere.post(&path, &Value::Null).await.status, 403);
    let nowhere = format!("/calendar-feed?cart={}", visits["items"][0]["id"].as_str().unwrap());
    let unknown = nurse.post(&nowhere, &Value::Null).await;
    assert_eq!((unknown.status, &unknown.json()["fields"][0]["field"]), (422, &json!("cart")));
}

/// Days from now.
fn rfc3339(days: i64) -> String {
    let ms = i64::try_from(now().0).unwrap() + days * 24 * 3600 * 1000;
    kenes::model::time::utc_rfc3339(UnixMillis(u64::try_from(ms).unwrap()))
}
