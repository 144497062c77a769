//! Keys of programs: made by an administrator, said once, narrow, and gone when revoked.

use crate::http::{self, Response};
use crate::staff::Staff;
use crate::test_app::TestApp;
use kenes::model::time::{UnixMillis, utc_rfc3339};
use serde_json::{Value, json};
use std::time::Duration;

fn from_now(life: Duration) -> String {
    utc_rfc3339(UnixMillis(crate::test_app::now().0).plus(life))
}

async fn key_request(admin: &Staff, scopes: &[&str]) -> Value {
    let site = admin.read("/session").await["site"]["id"].clone();
    let expires = from_now(Duration::from_secs(3600));
    json!({ "name": "Damumed", "site": site, "source": "damumed", "scopes": scopes, "expires": expires })
}

async fn make(admin: &Staff, scopes: &[&str]) -> Value {
    let made = admin.post("/api-keys", &key_request(admin, scopes).await).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()
}

async fn get_with_key(app: &TestApp, path: &str, key: &str) -> Response {
    http::get_with(app.address(), &format!("/api/v1{path}"), &format!("Authorization: Bearer {key}")).await
}

async fn post_with_key(app: &TestApp, path: &str, key: &str, body: &Value) -> Response {
    let (address, body) = (app.address(), body.to_string());
    let request = format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    http::send(address, &request).await
}

#[tokio::test]
async fn a_key_is_said_once_and_kept_as_a_digest() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let made = make(&admin, &["referrals:write", "referrals:read"]).await;
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("kk_") && key.len() == 3 + 43, "{key}");
    let listed = admin.read("/api-keys").await["items"][0].clone();
    assert_eq!((&listed["id"], listed.get("key")), (&made["id"], None));
    assert_eq!(listed["scopes"], json!(["referrals:read", "referrals:write"]));
    assert_eq!(listed["last_used"], Value::Null);
    let kept = std::fs::read(app.folder().join("kenes.sqlite3-wal")).unwrap();
    assert!(!kept.windows(key.len()).any(|window| window == key.as_bytes()), "the key itself is in the database");
}

#[tokio::test]
async fn a_key_may_what_its_scopes_say_and_no_more() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let key = make(&admin, &["referrals:write"]).await["key"].as_str().unwrap().to_owned();
    let refused = get_with_key(&app, "/api-keys", &key).await;
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("not_allowed")));
    for (scope, code) in [("users:write", "field_out_of_range"), ("everything", "field_unknown")] {
        let refused = admin.post("/api-keys", &key_request(&admin, &[scope]).await).await;
        let field = &refused.json()["fields"][0];
        assert_eq!((refused.status, &field["field"], &field["code"]), (422, &json!("scopes"), &json!(code)));
    }
}

#[tokio::test]
async fn a_key_is_used_until_it_is_revoked() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let made = make(&admin, &["referrals:read"]).await;
    let (key, id) = (made["key"].as_str().unwrap(), made["id"].as_str().unwrap());
    assert_eq!(get_with_key(&app, "/api-keys", key).await.status, 403, "known, and not allowed");
    assert!(admin.read("/api-keys").await["items"][0]["last_used"].is_string());
    assert_eq!(admin.delete(&format!("/api-keys/{id}")).await.status, 204);
    let refused = get_with_key(&app, "/api-keys", key).await;
    assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("not_signed_in")));
    assert_eq!(admin.delete(&format!("/api-keys/{id}")).await.status, 404, "revoked before");
    assert!(admin.read("/api-keys").await["items"][0]["revoked"].is_string());
}

#[tokio::test]
async fn a_key_ends_at_its_time() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut request = key_request(&admin, &["referrals:read"]).await;
    request["expires"] = from_now(Duration::from_millis(700)).into();
    let key = admin.post("/api-keys", &request).await.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(get_with_key(&app, "/api-keys", &key).await.status, 403);
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(get_with_key(&app, "/api-keys", &key).await.status, 401);
}

#[tokio::test]
async fn what_is_no_key_opens_nothing() {
    let app = TestApp::start().await;
    for key in ["kk_", "kk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "s_AAAA", ""] {
        assert_eq!(get_with_key(&app, "/api-keys", key).await.status, 401, "{key}");
    }
}

#[tokio::test]
async fn asked_twice_with_one_idempotency_key_there_is_one_key_and_its_secret_is_not_repeated() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let request = key_request(&admin, &["referrals:read"]).await;
    let ask = async || admin.send("POST", "/api-keys", "Idempotency-Key: once\r\n", &request).await;
    let (first, second) = (ask().await.json(), ask().await.json());
    assert_eq!(first["id"], second["id"]);
    assert!(first["key"].is_string() && second.get("key").is_none());
    assert_eq!(admin.read("/api-keys").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn keys_come_page_by_page_the_newest_first() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(make(&admin, &["referrals:read"]).await["id"].clone());
        tokio::time::sleep(Duration::from_millis(2)).await; // ids of one millisecond sort by chance
    }
    let first = admin.read("/api-keys?limit=2").await;
    let next = first["next"].as_str().unwrap();
    let second = admin.read(&format!("/api-keys?limit=2&cursor={next}")).await;
    assert_eq!(second["next"], Value::Null);
    let pages = [first, second];
    let ids = pages.iter().flat_map(|page| page["items"].as_array().unwrap()).map(|key| &key["id"]);
    assert_eq!(ids.collect::<Vec<_>>(), made.iter().rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn only_an_administrator_makes_keys() {
    let app = TestApp::start_with(&[("KENES_DEMO_SEED", "true")]).await;
    let nurse = Staff::sign_in(app.address(), "aigul", app.link("password")).await;
    let refused = nurse.post("/api-keys", &key_request(&nurse, &["referrals:read"]).await).await;
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("not_allowed")));
}

#[tokio::test]
async fn a_program_sends_referrals_and_reads_those_of_its_own_source() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let scopes = ["referrals:write", "referrals:read"];
    let key_of = async |source: &str| {
        let mut request = key_request(&admin, &scopes).await;
        request["source"] = source.into();
        admin.post("/api-keys", &request).await.json()["key"].as_str().unwrap().to_owned()
    };
    let (own, other) = (key_of("damumed").await, key_of("riams").await);
    let referral = |source: &str| {
        let patient = json!({ "name": "Somebody Else", "birth_date": "1980-02-29", "sex": "female", "language": "kk", "mis_id": "77" });
        json!({
            "source": source, "mis_ref": "4711", "patient": patient, "referring_doctor": "A Doctor", "specialty": "cardiology",
            "reason": "Pain on exertion", "priority": "routine",
        })
    };
    let sent = post_with_key(&app, "/referrals", &own, &referral("damumed")).await;
    assert_eq!(sent.status, 201, "{}", sent.body);
    let path = format!("/referrals/{}", sent.json()["id"].as_str().unwrap());
    assert_eq!(get_with_key(&app, &path, &own).await.status, 200);
    assert_eq!(get_with_key(&app, &path, &other).await.status, 404);
    let listed =
        async |key: &str| get_with_key(&app, "/referrals", key).await.json()["items"].as_array().unwrap().len();
    assert_eq!((listed(&own).await, listed(&other).await), (1, 0));
    let forged = post_with_key(&app, "/referrals", &other, &referral("damumed")).await;
    assert_eq!((forged.status, &forged.json()["code"]), (403, &json!("not_allowed")), "in another's name");
}
