//! A cart gets a session of its own: by a code, once, from whoever stands before it.

use crate::http::{self, Response};
use crate::staff::{Staff, cookie_of};
use crate::test_app::TestApp;
use kenes::storage::{audit, places};
use serde_json::{Value, json};

/// The made-up clinic, its administrator and one of its carts.
async fn clinic() -> (TestApp, Staff, String) {
    let app = TestApp::start_with(&[("KENES_DEMO_SEED", "true")]).await;
    let admin = Staff::sign_in(app.address(), "ruslan", app.link("password")).await;
    let database = app.database().await;
    let mut carts = Vec::new();
    for site in places::sites(&database).await.unwrap() {
        carts.extend(places::carts_of_site(&database, site.id).await.unwrap());
    }
    let cart = carts[0].id.to_string();
    (app, admin, cart)
}

async fn offer(admin: &Staff, cart: &str) -> String {
    let offered = admin.post(&format!("/carts/{cart}/pairing"), &Value::Null).await;
    assert_eq!(offered.status, 201, "{}", offered.body);
    offered.json()["code"].as_str().unwrap().to_owned()
}

async fn type_code(app: &TestApp, code: &str) -> Response {
    http::post(app.address(), "/api/v1/cart-session", &json!({ "code": code }).to_string()).await
}

async fn whoami(app: &TestApp, cookie: &str) -> Response {
    http::get_with(app.address(), "/api/v1/session", &format!("Cookie: {cookie}")).await
}

#[tokio::test]
async fn a_code_gives_the_cart_a_long_session_without_a_person() {
    let (app, admin, cart) = clinic().await;
    let code = offer(&admin, &cart).await;
    assert!(code.len() == 9 && code.chars().nth(4) == Some(' '), "{code}");
    let paired = type_code(&app, &code.replace(' ', "-")).await;
    assert_eq!(paired.status, 200, "{}", paired.body);
    let me = paired.json();
    assert_eq!((&me["kind"], &me["id"], &me["roles"]), (&json!("cart"), &json!(cart), &json!(["cart"])));
    assert_eq!(me["rights"]["carts:check"], "own");
    let cookie = paired.header("set-cookie").unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Lax; Max-Age=7776000"), "{cookie}");
    assert_eq!(whoami(&app, &cookie_of(&paired)).await.json(), me);
}

#[tokio::test]
async fn a_code_is_used_once_and_a_new_one_replaces_it() {
    let (app, admin, cart) = clinic().await;
    let (replaced, code) = (offer(&admin, &cart).await, offer(&admin, &cart).await);
    let wrong = type_code(&app, &replaced).await;
    assert_eq!((wrong.status, &wrong.json()["code"]), (401, &json!("pairing_code_wrong")));
    let (one, other) = tokio::join!(type_code(&app, &code), type_code(&app, &code));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "two who type it at once");
    assert_eq!(type_code(&app, &code).await.status, 401);
}

#[tokio::test]
async fn pairing_anew_lets_the_former_device_go_and_an_administrator_may_end_it() {
    let (app, admin, cart) = clinic().await;
    let former = cookie_of(&type_code(&app, &offer(&admin, &cart).await).await);
    let latter = cookie_of(&type_code(&app, &offer(&admin, &cart).await).await);
    assert_eq!(whoami(&app, &former).await.status, 401);
    assert_eq!(whoami(&app, &latter).await.status, 200);
    let path = format!("/carts/{cart}/pairing");
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(whoami(&app, &latter).await.status, 401);
    assert_eq!(admin.delete(&path).await.status, 404, "nothing is left to end");
    let entries = audit::of_entity(&app.database().await, "cart", &cart).await.unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    let offered_and_paired = ["pairing_offered", "paired"];
    let expected = [&offered_and_paired[..], &["pairing_offered", "unpaired", "paired", "unpaired"]].concat();
    assert_eq!(actions[actions.len() - expected.len()..], expected);
}

#[tokio::test]
async fn codes_are_not_guessed() {
    let app = TestApp::start().await;
    let mut statuses = Vec::new();
    for guess in 0..11 {
        statuses.push(type_code(&app, &format!("{guess:08}")).await.status);
    }
    assert_eq!(statuses[..10], [401; 10]);
    assert_eq!(statuses[10], 429);
}

#[tokio::test]
async fn only_an_administrator_pairs_carts() {
    let (app, _, cart) = clinic().await;
    let nurse = Staff::sign_in(app.address(), "aigul", app.link("password")).await;
    let path = format!("/carts/{cart}/pairing");
    assert_eq!(nurse.post(&path, &Value::Null).await.status, 403);
    assert_eq!(nurse.delete(&path).await.status, 403);
    let nobody = "01997c5c-0000-7000-8000-000000000000";
    let admin = Staff::sign_in(app.address(), "ruslan", app.link("password")).await;
    assert_eq!(admin.post(&format!("/carts/{nobody}/pairing"), &Value::Null).await.status, 404);
}
