//! From a booking at a desk to the patient's telephone and back: messages, their state at the desk, the gateway's delivery reports.

use crate::booking::booked;
use crate::http;
use crate::staff::Staff;
use crate::test_app::TestApp;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

const WITHIN: Duration = Duration::from_secs(20);
const SECRET: &str = "a secret of sixteen";

/// A gateway that accepts everything and hands it on.
async fn gateway() -> (SocketAddr, mpsc::UnboundedReceiver<Value>) {
    let (sender, requests) = mpsc::unbounded_channel();
    let take = move |Json(body): Json<Value>| async move {
        sender.send(body).unwrap();
        StatusCode::ACCEPTED
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(take))).await });
    (address, requests)
}

async fn messages(nurse: &Staff, appointment: &Value) -> Vec<Value> {
    let path = format!("/appointments/{}", appointment["id"].as_str().unwrap());
    nurse.read(&path).await["messages"].as_array().unwrap().clone()
}

/// The message of a kind, when it has a status.
async fn until(nurse: &Staff, appointment: &Value, kind: &str, status: &str) -> Value {
    let waiting = async {
        loop {
            let all = messages(nurse, appointment).await;
            if let Some(found) = all.iter().find(|message| message["kind"] == kind && message["status"] == status) {
                return found.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(WITHIN, waiting).await.unwrap_or_else(|_| panic!("no {kind} is {status}"))
}

async fn report(app: &TestApp, token: &str, body: &Value) -> u16 {
    let (address, body) = (app.address(), body.to_string());
    let head = format!("POST /api/v1/messages/delivery HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    let headers = format!("Authorization: Bearer {token}\r\nContent-Length: {}\r\n", body.len());
    http::send(address, &format!("{head}{headers}\r\n{body}")).await.status
}

#[tokio::test]
async fn a_booked_visit_reaches_the_patients_telephone_and_the_desk_sees_it() {
    let (address, mut requests) = gateway().await;
    let url = format!("http://{address}/");
    let secret = SECRET.replace(' ', "-");
    let settings =
        [("KENES_SMS_URL", url.as_str()), ("KENES_SMS_TOKEN", "x"), ("KENES_SMS_DELIVERY_SECRET", secret.as_str())];
    let app = TestApp::with_clinic_and(&settings).await;
    let nurse = app.staff("aigul").await;
    let (_, appointment) = booked(&nurse).await;
    let request = timeout(WITHIN, requests.recv()).await.unwrap().unwrap();
    assert_eq!(request["to"], "+77015554433");
    let sent = until(&nurse, &appointment, "booked", "sent").await;
    assert_eq!((&sent["id"], &sent["to_masked"]), (&request["id"], &json!("+7701***4433")));

    let delivered = json!({ "id": sent["id"], "status": "delivered" });
    assert_eq!(report(&app, "another", &delivered).await, 401);
    assert_eq!(report(&app, &secret, &delivered).await, 204);
    assert_eq!(report(&app, &secret, &delivered).await, 204, "twice is fine");
    assert_eq!(report(&app, &secret, &json!({ "id": appointment["id"], "status": "delivered" })).await, 404);
    assert_eq!(report(&app, &secret, &json!({ "id": sent["id"], "status": "read" })).await, 400);
    until(&nurse, &appointment, "booked", "delivered").await;
    assert!(app.metrics().await.contains("kenes_messages_total{channel=\"sms\",result=\"delivered\"} 1"));
    app.server.shutdown().await;
}

#[tokio::test]
async fn without_a_gateway_the_desk_sees_whom_to_telephone() {
    let app = TestApp::with_clinic().await;
    let nurse = app.staff("aigul").await;
    let (_, appointment) = booked(&nurse).await;
    let failed = until(&nurse, &appointment, "booked", "failed").await;
    assert_eq!(failed["error"], "no_gateway");
    let path = format!("/appointments/{}/messages", appointment["id"].as_str().unwrap());
    assert_eq!(nurse.post(&path, &json!({ "kind": "link" })).await.status, 204);
    until(&nurse, &appointment, "link", "failed").await;
    assert_eq!(nurse.post(&path, &json!({ "kind": "advertisement" })).await.status, 400);
    assert_eq!(report(&app, "", &json!({ "id": failed["id"], "status": "delivered" })).await, 401, "nobody may");
}
