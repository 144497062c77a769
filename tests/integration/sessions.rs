//! Signing in and out.

use crate::staff::Staff;
use crate::test_app::TestApp;
use serde_json::{Value, json};

#[tokio::test]
async fn the_first_administrator_signs_in_once_with_the_printed_password_and_then_with_his_own() {
    let app = TestApp::start().await;
    let (login, printed) = (app.link("admin"), app.link("password"));
    let mut admin = Staff::sign_in(app.address(), login, printed).await;
    assert_eq!(admin.read("/session").await["must_change_password"], true);
    admin.change_password(printed, "a word of my own").await;
    let me = admin.read("/session").await;
    assert_eq!((&me["must_change_password"], &me["roles"]), (&json!(false), &json!(["admin"])));
    assert_eq!(me["rights"]["users:write"], "everywhere");
    assert_eq!(Staff::try_sign_in(app.address(), login, printed).await.status, 401);
    assert_eq!(Staff::try_sign_in(app.address(), login, "a word of my own").await.status, 200);
}

#[tokio::test]
async fn a_session_ends_with_signing_out() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    assert_eq!(admin.delete("/session").await.status, 204);
    let refused = admin.get("/session").await;
    assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("not_signed_in")));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_login_are_answered_alike() {
    let app = TestApp::start().await;
    for (login, password) in [("admin", "wrong password"), ("nobody", "wrong password"), ("", "")] {
        let refused = Staff::try_sign_in(app.address(), login, password).await;
        assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("sign_in_failed")), "{login}");
    }
}

#[tokio::test]
async fn the_cookie_is_for_this_sites_pages_and_no_script() {
    let app = TestApp::start().await;
    let response = Staff::try_sign_in(app.address(), app.link("admin"), app.link("password")).await;
    let cookie = response.header("set-cookie").unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Lax;"), "{cookie}");
}

#[tokio::test]
async fn no_browser_keeps_what_the_api_answers() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for path in ["/session", "/sites", "/nothing-of-this-name"] {
        let kept = admin.get(path).await.header("cache-control").map(str::to_owned);
        assert_eq!(kept.as_deref(), Some("no-store"), "{path}");
    }
}

#[tokio::test]
async fn another_sites_page_changes_nothing_in_a_signed_in_persons_name() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let foreign = admin.send("DELETE", "/session", "Origin: https://evil.example\r\n", &Value::Null).await;
    assert_eq!((foreign.status, &foreign.json()["code"]), (403, &json!("forbidden")));
    assert_eq!(admin.get("/session").await.status, 200);
}

#[tokio::test]
async fn an_error_speaks_the_language_that_the_request_accepts() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.delete("/session").await;
    let title = async |language: &str| {
        let response = admin.send("GET", "/session", &format!("Accept-Language: {language}\r\n"), &Value::Null).await;
        assert_eq!(response.header("content-type"), Some("application/problem+json"));
        response.json()["title"].as_str().unwrap().to_owned()
    };
    assert_ne!(title("kk").await, title("ru").await);
}
