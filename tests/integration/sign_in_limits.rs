//! What stands against guessing: waits and locks, the same for everybody's login, and passwords that nobody guesses.

use crate::http;
use crate::lifecycle::kenes;
use crate::staff::Staff;
use crate::test_app::TestApp;
use serde_json::json;
use std::process::Stdio;

/// Tries a wrong password until something else than "wrong" is answered, at most `most` times.
async fn guess(app: &TestApp, login: &str, most: usize) -> (usize, http::Response) {
    for count in 0..most {
        let response = Staff::try_sign_in(app.address(), login, "a wrong password").await;
        if response.json()["code"] != "sign_in_failed" {
            return (count, response);
        }
    }
    panic!("{login} was never held off")
}

#[tokio::test]
async fn after_three_wrong_passwords_the_right_one_has_to_wait_as_well() {
    let app = TestApp::start().await;
    let (count, held_off) = guess(&app, "admin", 5).await;
    assert_eq!((count, held_off.status, &held_off.json()["code"]), (3, 429, &json!("locked_out")));
    assert_eq!(held_off.header("retry-after"), Some("1"));
    let right = Staff::try_sign_in(app.address(), "admin", app.link("password")).await;
    assert_eq!(right.status, 429);
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(Staff::try_sign_in(app.address(), "admin", app.link("password")).await.status, 200);
    let (count, _) = guess(&app, "admin", 5).await;
    assert_eq!(count, 3, "the right password forgives the wrong ones");
}

#[tokio::test]
async fn a_login_that_nobody_has_is_held_off_like_any_other() {
    let app = TestApp::start().await;
    let (known, unknown) = (guess(&app, "admin", 5).await, guess(&app, "nobody", 5).await);
    assert_eq!(known.0, unknown.0);
    assert_eq!(known.1.body, unknown.1.body);
}

#[tokio::test]
async fn tries_side_by_side_are_counted_one_after_the_other() {
    let app = TestApp::start().await;
    let address = app.address();
    let tries = (0..12).map(|_| tokio::spawn(Staff::try_sign_in(address, "admin", "a wrong password")));
    let mut refused = 0;
    for response in tries.collect::<Vec<_>>() {
        refused += usize::from(response.await.unwrap().status == 401);
    }
    assert!(refused <= 4, "{refused} passwords were looked at");
}

#[tokio::test]
async fn an_address_that_tries_many_logins_is_held_off() {
    let app = TestApp::start_with(&[("KENES_HTTP_SIGN_INS_PER_MINUTE", "3")]).await;
    let mut statuses = Vec::new();
    for login in ["a", "b", "c", "d"] {
        statuses.push(Staff::try_sign_in(app.address(), login, "a wrong password").await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 429]);
}

#[tokio::test]
async fn a_password_that_is_easy_to_guess_or_the_same_again_is_not_taken() {
    let app = TestApp::start().await;
    let printed = app.link("password");
    let admin = Staff::sign_in(app.address(), "admin", printed).await;
    for (new, code) in [
        ("short", "field_too_short"),
        ("i am the Admin", "field_guessable"),
        ("1234567890", "field_guessable"),
        (printed, "field_contradicts"),
    ] {
        let refused = admin.post("/session/password", &json!({ "current": printed, "new": new })).await;
        let field = &refused.json()["fields"][0];
        assert_eq!((refused.status, &field["field"], &field["code"]), (422, &json!("new"), &json!(code)), "{new}");
    }
    let wrong = admin.post("/session/password", &json!({ "current": "not it", "new": "words of my own" })).await;
    assert_eq!((wrong.status, &wrong.json()["code"]), (401, &json!("sign_in_failed")));
}

#[tokio::test]
async fn until_a_one_time_password_is_changed_nothing_else_is_allowed() {
    let app = TestApp::start().await;
    let admin = Staff::sign_in(app.address(), "admin", app.link("password")).await;
    let refused = admin.get("/api-keys").await;
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("must_change_password")));
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = TestApp::start().await;
    let (mut here, printed) = (app.admin().await, "a word of my own");
    let there = Staff::sign_in(app.address(), "admin", printed).await;
    here.change_password(printed, "another word of mine").await;
    assert_eq!(there.get("/session").await.status, 401);
    assert_eq!(here.get("/session").await.status, 200);
}

#[tokio::test]
async fn another_sites_page_signs_nobody_in() {
    let app = TestApp::start().await;
    let body = json!({ "login": "admin", "password": app.link("password") }).to_string();
    let request = format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nOrigin: https://evil.example\r\n\
         Content-Length: {}\r\n\r\n{body}",
        app.address(),
        body.len()
    );
    let refused = http::send(app.address(), &request).await;
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("forbidden")));
}

#[tokio::test]
async fn signing_in_and_failing_to_leave_audit_rows_without_the_login() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = admin.read("/session").await["id"].as_str().unwrap().to_owned();
    Staff::try_sign_in(app.address(), "admin", "a wrong password").await;
    Staff::try_sign_in(app.address(), "somebody", "a wrong password").await;
    let database = app.database().await;
    let of = async |entity: &str, id: &str| {
        let entries = kenes::storage::audit::of_entity(&database, entity, id).await.unwrap();
        entries.into_iter().map(|entry| (entry.actor, entry.action, entry.detail)).collect::<Vec<_>>()
    };
    let actions: Vec<_> = of("user", &id).await.into_iter().map(|(_, action, _)| action).collect();
    let expected = ["created", "credential_created", "signed_in", "password_set", "sign_in_failed"];
    assert_eq!(actions, expected);
    let unknown = of("login", "unknown").await;
    let failed = ("system".to_owned(), "sign_in_failed".to_owned(), json!({ "attempts": 1 }).to_string());
    assert_eq!(unknown, [failed]);
    assert!(!format!("{unknown:?}").contains("somebody"));
}

#[tokio::test]
async fn whoever_keeps_the_server_lets_somebody_in_again_by_command() {
    let app = TestApp::start().await;
    let lost = app.admin().await;
    let folder = app.folder().to_str().unwrap();
    let reset = |login: &str| {
        let mut command = kenes(&["admin", "reset-password", login]);
        command.env("KENES_STORAGE_DATA_FOLDER", folder).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap()
    };
    let printed = String::from_utf8(reset("Admin").stdout).unwrap();
    let password = printed.trim().strip_prefix("one-time password: ").unwrap();
    assert_eq!(lost.get("/session").await.status, 401, "every session ends");
    let mut found = Staff::sign_in(app.address(), "admin", password).await;
    assert_eq!(found.read("/session").await["must_change_password"], true);
    found.change_password(password, "another word of mine").await;
    let unknown = reset("nobody");
    assert!(!unknown.status.success() && String::from_utf8(unknown.stderr).unwrap().contains("nobody signs in"));
}
