//! What the administrator keeps: sites, people, carts, schedules, the audit trail.

use crate::staff::Staff;
use crate::test_app::TestApp;
use serde_json::{Value, json};

const PASSWORD: &str = "a word of one's own";

fn id(item: &Value) -> &str {
    item["id"].as_str().unwrap_or_else(|| panic!("{item}"))
}

async fn create(staff: &Staff, path: &str, body: Value) -> Value {
    let response = staff.post(path, &body).await;
    assert_eq!(response.status, 201, "{path}: {}", response.body);
    response.json()
}

async fn site(admin: &Staff, name: &str) -> Value {
    let body = json!({ "kind": "hospital", "name": name, "time_zone": "Asia/Almaty", "km_to_hub": 130 });
    create(admin, "/sites", body).await
}

async fn cart(admin: &Staff, site: &Value) -> Value {
    create(admin, "/carts", json!({ "site": site["id"], "name": "Cart 1", "capabilities": ["ptz"] })).await
}

/// A new colleague of `role`, and signed in.
async fn colleague(app: &TestApp, admin: &Staff, site: &Value, role: &str, login: &str) -> (Value, Staff) {
    let specialty = (role == "specialist").then_some("cardiology");
    let body = json!({
        "site": site["id"], "name": login, "login": login, "roles": [role], "specialty": specialty, "languages": ["kk"],
    });
    let user = create(admin, "/users", body).await;
    let reset = admin.post(&format!("/users/{}/password", id(&user)), &Value::Null).await;
    assert_eq!((reset.status, reset.header("cache-control")), (200, Some("no-store")));
    let password = reset.json()["one_time_password"].as_str().unwrap().to_owned();
    let mut staff = Staff::sign_in(app.address(), login, &password).await;
    assert_eq!(staff.get("/sites").await.json()["code"], "must_change_password");
    staff.change_password(&password, PASSWORD).await;
    (user, staff)
}

async fn put(staff: &Staff, path: &str, version: &str, body: &Value) -> (u16, Value) {
    let response = staff.send("PUT", path, &format!("If-Match: {version}\r\n"), body).await;
    (response.status, response.json())
}

#[tokio::test]
async fn a_nurse_sees_her_own_site_and_changes_none() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (own, other) = (site(&admin, "Presnovka").await, site(&admin, "Blagoveshchenka").await);
    let (_, nurse) = colleague(&app, &admin, &own, "nurse", "aigul").await;
    let seen = nurse.read("/sites").await;
    assert_eq!(seen["items"].as_array().unwrap().len(), 1);
    assert_eq!(nurse.read(&format!("/sites/{}", id(&own))).await["name"], "Presnovka");
    let hidden = nurse.get(&format!("/sites/{}", id(&other))).await;
    assert_eq!((hidden.status, &hidden.json()["code"]), (404, &json!("not_found")));
    let refused = nurse.post("/sites", &json!({})).await;
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("not_allowed")));
    assert_eq!(admin.read("/sites").await["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_change_names_the_version_that_it_is_made_on() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let site = site(&admin, "Presnovka").await;
    let path = format!("/sites/{}", id(&site));
    assert_eq!(admin.get(&path).await.header("etag"), Some("\"1\""));
    let body = json!({ "kind": "hospital", "name": "Presnovka", "time_zone": "Asia/Qyzylorda", "km_to_hub": 131, "phone": "8 715 442 12 34" });
    let blind = admin.send("PUT", &path, "", &body).await;
    assert_eq!((blind.status, &blind.json()["code"]), (428, &json!("precondition_required")));
    let (status, changed) = put(&admin, &path, "\"1\"", &body).await;
    assert_eq!((status, &changed["version"], &changed["km_to_hub"]), (200, &json!(2), &json!(131)));
    assert_eq!(changed["phone"], "+77154421234");
    let (status, stale) = put(&admin, &path, "\"1\"", &body).await;
    assert_eq!((status, &stale["code"]), (412, &json!("changed")));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_field_by_field() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let refused = admin.post("/users", &json!({ "name": "A", "login": "a b", "roles": ["cart"] })).await;
    assert_eq!(refused.status, 422);
    let fields: Vec<_> = refused.json()["fields"].as_array().unwrap().iter().map(|f| f["field"].clone()).collect();
    assert_eq!(fields, ["site", "name", "languages", "roles", "login"]);
    let nowhere = json!({
        "site": "018e0000-0000-7000-8000-000000000001", "name": "Aigul", "roles": ["nurse"], "languages": ["kk"],
    });
    let refused = admin.post("/users", &nowhere).await;
    assert_eq!((refused.status, &refused.json()["fields"][0]["field"]), (422, &json!("site")));
    let unknown = admin.post("/sites", &json!({ "colour": "blue" })).await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn a_repeated_request_makes_one_thing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let body = |name: &str| json!({ "kind": "centre", "name": name, "time_zone": "UTC", "km_to_hub": 0 });
    let send = async |name| admin.send("POST", "/sites", "Idempotency-Key: k-1\r\n", &body(name)).await;
    let (first, again) = (send("Centre").await.json(), send("Centre").await);
    assert_eq!((again.status, id(&again.json())), (201, id(&first)));
    let other = send("Another").await;
    assert_eq!((other.status, &other.json()["code"]), (422, &json!("idempotency_key_reused")));
}

#[tokio::test]
async fn a_login_is_given_once_and_kept_from_colleagues() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let site = site(&admin, "Presnovka").await;
    let (doctor, _) = colleague(&app, &admin, &site, "specialist", "aliya").await;
    let (_, nurse) = colleague(&app, &admin, &site, "nurse", "aigul").await;
    let body =
        json!({ "site": site["id"], "name": "Another", "login": "ALIYA", "roles": ["nurse"], "languages": ["kk"] });
    let taken = admin.post("/users", &body).await;
    assert_eq!((taken.status, &taken.json()["code"]), (409, &json!("exists")));
    let seen = nurse.read("/users").await;
    assert_eq!(seen["items"].as_array().unwrap().len(), 1, "a nurse sees the specialists");
    assert_eq!((&seen["items"][0]["id"], &seen["items"][0]["login"]), (&doctor["id"], &Value::Null));
    assert_eq!(admin.read("/users?role=specialist").await["items"][0]["login"], "aliya");
    assert_eq!(nurse.read("/specialties").await["items"], json!(["cardiology"]));
}

#[tokio::test]
async fn users_are_listed_by_name_page_by_page() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let site = site(&admin, "Presnovka").await;
    for name in ["Zarina", "Berik", "Dana"] {
        let body = json!({ "site": site["id"], "name": name, "roles": ["nurse"], "languages": ["kk"] });
        create(&admin, "/users", body).await;
    }
    let of_site = format!("/users?site={}&limit=2", id(&site));
    let first = admin.read(&of_site).await;
    let names = |page: &Value| page["items"].as_array().unwrap().iter().map(|u| u["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&first), ["Berik", "Dana"]);
    let rest = admin.read(&format!("{of_site}&cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!((names(&rest), &rest["next"]), (vec![json!("Zarina")], &Value::Null));
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_of_the_old_one() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let site = site(&admin, "Presnovka").await;
    let (user, nurse) = colleague(&app, &admin, &site, "nurse", "aigul").await;
    assert_eq!(nurse.get("/session").await.status, 200);
    assert_eq!(admin.post(&format!("/users/{}/password", id(&user)), &Value::Null).await.status, 200);
    assert_eq!(nurse.get("/session").await.status, 401);
    assert_eq!(Staff::try_sign_in(app.address(), "aigul", PASSWORD).await.status, 401);
}

#[tokio::test]
async fn an_administrator_stays_one_until_another_says_otherwise() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let me = admin.read("/session").await;
    let path = format!("/users/{}", id(&me));
    let body =
        json!({ "site": me["site"]["id"], "name": "Admin", "login": "root", "roles": ["nurse"], "languages": ["ru"] });
    let (status, refused) = put(&admin, &path, "\"1\"", &body).await;
    assert_eq!((status, &refused["code"]), (409, &json!("own_account")));
    let body =
        json!({ "site": me["site"]["id"], "name": "Admin", "login": "root", "roles": ["admin"], "languages": ["ru"] });
    let (status, changed) = put(&admin, &path, "\"1\"", &body).await;
    assert_eq!((status, &changed["login"]), (200, &json!("root")));
}

#[tokio::test]
async fn a_carts_heartbeat_is_seen_and_leaves_no_audit_row() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (own, other) = (site(&admin, "Presnovka").await, site(&admin, "Blagoveshchenka").await);
    let (cart, foreign) = (cart(&admin, &own).await, cart(&admin, &other).await);
    assert_eq!((&cart["is_online"], &cart["light"]), (&json!(false), &json!("red")));
    let (_, nurse) = colleague(&app, &admin, &own, "nurse", "aigul").await;
    let rows = async || admin.read("/audit?limit=1").await["items"][0]["seq"].clone();
    let before = rows().await;
    let path = format!("/carts/{}", id(&cart));
    assert_eq!(nurse.post(&format!("{path}/heartbeat"), &Value::Null).await.status, 204);
    let parts = json!({ "camera": "ok", "microphone": "ok", "speaker": "ok", "network": "ok", "echo": "skipped" });
    assert_eq!(nurse.post(&format!("{path}/check"), &parts).await.status, 204);
    assert_eq!(rows().await, before);
    let seen = nurse.read(&path).await;
    assert_eq!(
        (&seen["is_online"], &seen["check"], &seen["light"]),
        (&json!(true), &json!("degraded"), &json!("yellow"))
    );
    assert_eq!(nurse.post(&format!("/carts/{}/heartbeat", id(&foreign)), &Value::Null).await.status, 404);
    assert_eq!(nurse.read("/carts").await["items"].as_array().unwrap().len(), 1);
}

/// Half past nine to eleven on every day of the week, in slots of half an hour.
async fn open_every_day(staff: &Staff, owner: &Value) -> Value {
    let mut last = Value::Null;
    for weekday in 1..=7 {
        let mut body = json!({
            "weekday": weekday, "start": "09:30", "end": "11:00", "slot_minutes": 30, "channel": "phone",
            "valid_from": "2026-01-01",
        });
        body["specialist"] = owner.clone();
        last = create(staff, "/schedules", body).await;
    }
    last
}

async fn free(staff: &Staff) -> Vec<Value> {
    let found = staff.read("/slots?specialty=cardiology&channel=phone&limit=500").await;
    found["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_schedule_publishes_its_slots_and_takes_them_back() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let site = site(&admin, "Presnovka").await;
    let (user, doctor) = colleague(&app, &admin, &site, "specialist", "aliya").await;
    let (_, nurse) = colleague(&app, &admin, &site, "nurse", "aigul").await;
    let schedule = open_every_day(&doctor, &Value::Null).await;
    assert_eq!((&schedule["specialist"], &schedule["time_zone"]), (&user["id"], &json!("Asia/Almaty")));
    assert_eq!(doctor.read("/schedules").await["items"].as_array().unwrap().len(), 7);

    let published = free(&nurse).await;
    assert!(published.len() >= 3 * 13, "{} slots", published.len());
    let held = published.last().unwrap();
    assert_eq!(nurse.post(&format!("/slots/{}/hold", id(held)), &Value::Null).await.status, 200);

    // The doctor is away for one whole day, and then is not.
    let start = published[published.len() - 5]["start"].as_str().unwrap();
    let day = &start[..10];
    let before = free(&nurse).await.len();
    let away = create(&doctor, "/schedule-exceptions", json!({ "date": day, "reason": "conference" })).await;
    assert_eq!((&away["start"], &away["end"]), (&json!("00:00"), &json!("24:00")));
    assert_eq!(free(&nurse).await.len(), before - 3);
    assert_eq!(doctor.delete(&format!("/schedule-exceptions/{}", id(&away))).await.status, 204);
    assert_eq!(free(&nurse).await.len(), before);

    // A shorter day, and then none at all; the slot that the nurse holds stays hers.
    for schedule in doctor.read("/schedules").await["items"].as_array().unwrap() {
        let path = format!("/schedules/{}", id(schedule));
        let body = json!({
            "weekday": schedule["weekday"], "start": "10:00", "end": "11:00", "slot_minutes": 30, "channel": "phone",
            "valid_from": "2026-01-01",
        });
        let (status, changed) = put(&doctor, &path, "\"1\"", &body).await;
        assert_eq!((status, &changed["start"]), (200, &json!("10:00")));
        assert_eq!(doctor.send("DELETE", &path, "If-Match: \"1\"\r\n", &Value::Null).await.status, 412);
        assert_eq!(doctor.send("DELETE", &path, "If-Match: \"2\"\r\n", &Value::Null).await.status, 204);
    }
    assert_eq!(free(&nurse).await, Vec::<Value>::new());
    assert_eq!(nurse.delete(&format!("/slots/{}/hold", id(held))).await.status, 200);
}

#[tokio::test]
async fn a_specialist_plans_no_colleagues_time() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let site = site(&admin, "Presnovka").await;
    let (_, doctor) = colleague(&app, &admin, &site, "specialist", "aliya").await;
    let (other, _) = colleague(&app, &admin, &site, "specialist", "marat").await;
    let body = json!({
        "specialist": other["id"], "weekday": 1, "start": "09:00", "end": "10:00", "slot_minutes": 30, "channel": "phone",
        "valid_from": "2026-01-01",
    });
    assert_eq!(doctor.post("/schedules", &body).await.status, 403);
    let schedule = create(&admin, "/schedules", body).await;
    assert_eq!(doctor.get(&format!("/schedules/{}", id(&schedule))).await.status, 404);
}

#[tokio::test]
async fn the_audit_trail_is_the_administrators_to_read() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let site = site(&admin, "Presnovka").await;
    let (user, nurse) = colleague(&app, &admin, &site, "nurse", "aigul").await;
    assert_eq!(nurse.get("/audit").await.status, 403);
    let of_user = admin.read(&format!("/audit?entity=user&entity_id={}", id(&user))).await;
    let actions: Vec<_> = of_user["items"].as_array().unwrap().iter().map(|row| row["action"].clone()).collect();
    let made = ["credential_created", "created"].map(Value::from);
    assert!(actions.ends_with(&made), "newest first: {actions:?}");
    assert_eq!(of_user["items"].as_array().unwrap().last().unwrap()["actor_name"], "admin");
    let page = admin.read("/audit?limit=2").await;
    let next = admin.read(&format!("/audit?limit=2&cursor={}", page["next"].as_str().unwrap())).await;
    assert!(page["items"][1]["seq"].as_u64().unwrap() > next["items"][0]["seq"].as_u64().unwrap());
}

#[tokio::test]
async fn the_administrator_sees_that_the_trail_is_whole() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let site = site(&admin, "Presnovka").await;
    let chain = admin.read("/audit/chain").await;
    let newest = admin.read("/audit?limit=1").await["items"][0]["seq"].clone();
    assert_eq!((&chain["state"], &chain["rows"], &chain["broken_at"]), (&json!("intact"), &newest, &Value::Null));
    let (_, nurse) = colleague(&app, &admin, &site, "nurse", "aigul").await;
    assert_eq!(nurse.get("/audit/chain").await.status, 403);
}

#[tokio::test]
async fn the_administrator_reads_what_was_sent_a_page_at_a_time() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let site = site(&admin, "Presnovka").await;
    assert_eq!(admin.read("/messages?status=failed&limit=1").await, json!({ "items": [], "next": null }));
    assert_eq!(admin.get("/messages?status=lost").await.status, 422);
    let (_, nurse) = colleague(&app, &admin, &site, "nurse", "aigul").await;
    assert_eq!(nurse.get("/messages").await.status, 403);
}
