//! A booked appointment becomes a consultation: check-in, consent, the room, the conclusion; and the link that opens it to a guest.

use crate::http::{self, Response};
use crate::person::Person;
use crate::staff::Staff;
use crate::test_app::TestApp;
use serde_json::{Value, json};
use sqlx::Connection as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A visit of the made-up clinic that starts in ten minutes, and who is at it.
struct Visit {
    app: TestApp,
    nurse: Staff,
    specialist: Staff,
    id: String,
    patient: Link,
}

impl Visit {
    async fn at_home() -> Self {
        Self::by("home_link").await
    }

    async fn by(channel: &str) -> Self {
        let app = TestApp::with_clinic().await;
        let (nurse, specialist) = (app.staff("aigul").await, app.staff("daniyar").await);
        let id = book(&nurse, &specialist, channel).await;
        start_in(&app, &id, 10).await;
        let patient = Link::make(&nurse, &app, &id, "patient", "Серікова Әлия").await;
        Self { app, nurse, specialist, id, patient }
    }

    async fn read(&self) -> Value {
        self.nurse.read(&format!("/appointments/{}", self.id)).await
    }

    async fn event(&self, staff: &Staff, event: &Value) -> Response {
        let version = self.read().await["version"].clone();
        let path = format!("/appointments/{}/events", self.id);
        staff.send("POST", &path, &format!("If-Match: \"{version}\"\r\n"), event).await
    }

    async fn join(&self, staff: &Staff) -> Response {
        staff.post(&format!("/appointments/{}/join", self.id), &Value::Null).await
    }

    /// In the room by a join token.
    async fn enter(&self, joinable: &Response) -> (Person, Value) {
        assert_eq!(joinable.status, 200, "{}", joinable.body);
        let token = joinable.json()["token"].as_str().unwrap().to_owned();
        let mut person = Person::connect(self.app.address(), token).await;
        person.join().await;
        let greeting = person.next_of(&["joined", "waiting", "error", "bye"]).await;
        (person, greeting)
    }

    /// The specialist in the call and the patient in the waiting room.
    async fn gathered(&self) -> (Person, Person, Value) {
        self.patient.decide("given").await;
        assert_eq!(self.patient.post("/visit/check-in", &Value::Null).await.status, 200);
        let (specialist, _) = self.enter(&self.join(&self.specialist).await).await;
        let (patient, waiting) = self.enter(&self.patient.join().await).await;
        assert_eq!(waiting["type"], "waiting", "{waiting}");
        (specialist, patient, waiting["id"].clone())
    }

    async fn write_conclusion(&self) -> Response {
        let words = json!({ "summary": "Стабильная стенокардия", "recommendations": "Покой.", "icd10": "I20.8" });
        let path = format!("/appointments/{}/conclusion", self.id);
        self.specialist.send("PUT", &path, "If-Match: \"0\"\r\n", &words).await
    }

    /// The appointment once it shows what the record is about to write.
    async fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let appointment = self.read().await;
            if holds(&appointment) {
                return appointment;
            }
            assert!(started.elapsed() < Duration::from_secs(10), "no {what}: {appointment:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A single-visit link, as its page uses it.
struct Link {
    address: SocketAddr,
    id: String,
    token: String,
}

impl Link {
    async fn make(nurse: &Staff, app: &TestApp, appointment: &str, role: &str, name: &str) -> Self {
        let made =
            nurse.post(&format!("/appointments/{appointment}/links"), &json!({ "role": role, "name": name })).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        let (_, token) = made["url"].as_str().unwrap().split_once("/visit#").unwrap();
        Self { address: app.address(), id: made["id"].as_str().unwrap().to_owned(), token: token.to_owned() }
    }

    async fn get(&self) -> Response {
        self.send("GET", "/visit", &Value::Null).await
    }

    async fn post(&self, path: &str, body: &Value) -> Response {
        self.send("POST", path, body).await
    }

    async fn join(&self) -> Response {
        self.post("/visit/join", &Value::Null).await
    }

    async fn decide(&self, decision: &str) {
        let body = json!({
            "purpose": "consultation", "decision": decision, "text_version": 1, "language": "kk", "giver": "patient",
        });
        let answer = self.post("/visit/consents", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Response {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (address, token, length) = (self.address, &self.token, body.len());
        let head = format!("{method} /api/v1{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
        let request = format!("{head}Authorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n{body}");
        http::send(address, &request).await
    }
}

async fn book(nurse: &Staff, specialist: &Staff, channel: &str) -> String {
    let body = json!({
        "patient": { "iin": "850314400129", "name": "Серікова Әлия", "language": "kk", "phone": "+7 701 555 44 33" },
        "referring_doctor": "Сейтказин Е.", "specialty": "cardiology", "reason": "Боль за грудиной",
    });
    let referral = nurse.post("/referrals", &body).await.json();
    let patient = referral["patient"]["id"].as_str().unwrap();
    let doctor = specialist.read("/session").await["id"].clone();
    let cart = match channel {
        "cart" => first_cart(nurse).await,
        _ => Value::Null,
    };
    let on_cart = cart.as_str().map(|cart| format!("&cart={cart}")).unwrap_or_default();
    let found = nurse.read(&format!("/slots?specialty=cardiology&channel={channel}&patient={patient}{on_cart}")).await;
    let slots = found["items"].as_array().unwrap();
    let slot = slots.iter().find(|slot| slot["specialist"]["id"] == doctor).expect("a slot of the specialist");
    let held = nurse.post(&format!("/slots/{}/hold", slot["id"].as_str().unwrap()), &json!({})).await;
    assert_eq!(held.status, 200, "{}", held.body);
    let mut booking =
        json!({ "referral": referral["id"], "patient": patient, "site": referral["site"], "slot": slot["id"] });
    if !cart.is_null() {
        booking["cart"] = cart;
    }
    let booked = nurse.post("/appointments", &booking).await;
    assert_eq!(booked.status, 201, "{}", booked.body);
    booked.json()["id"].as_str().unwrap().to_owned()
}

/// A cart that the clinic's appointments name.
async fn first_cart(nurse: &Staff) -> Value {
    let now = jiff::Timestamp::now();
    let (from, to) = (now - jiff::SignedDuration::from_hours(240), now + jiff::SignedDuration::from_hours(240));
    let found = nurse.read(&format!("/appointments?from={from:.0}&to={to:.0}&limit=200")).await;
    let cart =
        found["items"].as_array().unwrap().iter().find_map(|item| item["cart"]["id"].as_str().map(str::to_owned));
    json!(cart.expect("an appointment on a cart"))
}

/// What waiting for the appointment's day would bring: its start so many minutes from now.
async fn start_in(app: &TestApp, id: &str, minutes: i64) {
    let start = i64::try_from(crate::test_app::now().0).unwrap() + minutes * 60_000;
    sqlx::query("UPDATE appointments SET start_ms = $1, end_ms = $2 WHERE id = $3")
        .bind(start)
        .bind(start + 30 * 60_000)
        .bind(id.to_owned())
        .execute(&mut intrude(app).await)
        .await
        .unwrap();
}

/// A connection beside the server's: time and mishaps that no test can wait for.
async fn intrude(app: &TestApp) -> sqlx::AnyConnection {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}/kenes.sqlite3", app.folder().display());
    sqlx::AnyConnection::connect(&url).await.unwrap()
}

fn code(response: &Response) -> String {
    response.json()["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn from_check_in_to_a_signed_conclusion() {
    let visit = Visit::at_home().await;
    assert_eq!(code(&visit.join(&visit.specialist).await), "not_checked_in");
    let checked_in = visit.patient.post("/visit/check-in", &Value::Null).await;
    assert_eq!(checked_in.json()["appointment"]["status"], "checked_in", "{}", checked_in.body);
    assert_eq!(code(&visit.patient.join().await), "consent_undecided");
    visit.patient.decide("refused").await;
    assert_eq!(code(&visit.patient.join().await), "consent_refused");

    let (mut specialist, mut patient, waiting) = visit.gathered().await;
    let shown = visit.until("waiting patient", |shown| shown["people"].as_array().is_some_and(|all| all.len() == 2));
    assert_eq!(shown.await["people"][1]["place"], "waiting");
    specialist.moderate("admit", &waiting).await;
    patient.next("joined").await;
    let in_call = visit.until("call", |shown| shown["status"] == "in_call").await;
    assert_eq!(in_call["events"].as_array().unwrap().last().unwrap()["kind"], "admit", "{in_call:#}");
    assert!(in_call["visit"]["started"].is_string());
    let people = in_call["visit"]["people"].as_array().unwrap();
    assert!(people.iter().all(|person| person["joined"].is_string()), "{people:?}");

    let complete = json!({ "event": "complete" });
    assert_eq!(code(&visit.event(&visit.specialist, &complete).await), "summary_missing");
    assert_eq!(visit.write_conclusion().await.status, 200);
    let completed = visit.event(&visit.specialist, &complete).await;
    assert_eq!(completed.json()["status"], "completed", "{}", completed.body);
    assert_eq!(patient.next("bye").await["reason"], "ended");
    assert_eq!(specialist.next("bye").await["reason"], "ended");

    let conclusion = visit.specialist.read(&format!("/appointments/{}/conclusion", visit.id)).await;
    assert!(conclusion["signed"].is_string() && conclusion["digest"].as_str().unwrap().len() == 64, "{conclusion}");
    let ended = visit.until("record of who left", |shown| {
        shown["visit"]["people"].as_array().unwrap().iter().all(|person| person["left"].is_string())
    });
    assert!(ended.await["visit"]["ended"].is_string());
    assert_eq!(code(&visit.join(&visit.specialist).await), "appointment_ended");
}

#[tokio::test]
async fn leaving_and_coming_back_is_one_visit() {
    let visit = Visit::at_home().await;
    let (mut specialist, mut patient, waiting) = visit.gathered().await;
    specialist.moderate("admit", &waiting).await;
    patient.next("joined").await;
    visit.until("call", |shown| shown["status"] == "in_call").await;
    patient.send(json!({ "type": "leave" })).await;
    patient.next("bye").await;
    let people = |shown: &Value| shown["visit"]["people"].as_array().unwrap().clone();
    let of_patient = |shown: &Value| people(shown).into_iter().find(|person| person["role"] == "patient").unwrap();
    visit.until("departure", |shown| of_patient(shown)["left"].is_string()).await;
    let (_patient, joined) = visit.enter(&visit.patient.join().await).await;
    assert_eq!(joined["type"], "joined", "who was admitted once is not asked again");
    let back = visit.until("return", |shown| of_patient(shown)["left"].is_null()).await;
    assert_eq!((of_patient(&back)["returns"].as_u64(), people(&back).len()), (Some(1), 2));
}

#[tokio::test]
async fn who_comes_after_the_desk_admitted_does_not_wait() {
    let visit = Visit::at_home().await;
    visit.patient.decide("given").await;
    visit.patient.post("/visit/check-in", &Value::Null).await;
    let admitted = visit.event(&visit.specialist, &json!({ "event": "admit" })).await;
    assert_eq!(admitted.json()["status"], "in_call", "{}", admitted.body);
    let (mut patient, greeting) = visit.enter(&visit.patient.join().await).await;
    if greeting["type"] == "waiting" {
        patient.next("joined").await;
    }
}

#[tokio::test]
async fn consent_that_is_withdrawn_in_the_call_ends_it() {
    let visit = Visit::at_home().await;
    let (mut specialist, mut patient, waiting) = visit.gathered().await;
    specialist.moderate("admit", &waiting).await;
    patient.next("joined").await;
    visit.until("call", |shown| shown["status"] == "in_call").await;
    visit.patient.decide("withdrawn").await;
    assert_eq!(patient.next("bye").await["reason"], "ended");
    assert_eq!(code(&visit.patient.join().await), "consent_refused");
    visit.until("end of the call", |shown| shown["visit"]["ended"].is_string()).await;
    assert_eq!(visit.read().await["status"], "in_call", "the specialist says what became of the appointment");
}

#[tokio::test]
async fn on_a_cart_the_call_begins_when_the_specialist_meets_the_nurse() {
    let visit = Visit::by("cart").await;
    let consents = format!("/appointments/{}/consents", visit.id);
    let decision = json!({
        "purpose": "consultation", "decision": "given", "text_version": 1, "language": "ru",
        "giver": "legal_representative", "giver_name": "Серіков Б.",
    });
    assert_eq!(visit.event(&visit.nurse, &json!({ "event": "check_in" })).await.status, 200);
    assert_eq!(code(&visit.join(&visit.nurse).await), "consent_undecided", "her camera shows the patient");
    assert_eq!(visit.nurse.post(&consents, &decision).await.status, 201);
    let (_nurse, _) = visit.enter(&visit.join(&visit.nurse).await).await;
    assert_eq!(visit.read().await["status"], "checked_in");
    let (_specialist, _) = visit.enter(&visit.join(&visit.specialist).await).await;
    visit.until("call", |shown| shown["status"] == "in_call").await;
}

#[tokio::test]
async fn a_signed_conclusion_stays_and_is_added_to() {
    let visit = Visit::at_home().await;
    let (_specialist, _patient, _) = visit.gathered().await;
    visit.event(&visit.specialist, &json!({ "event": "admit" })).await;
    let path = format!("/appointments/{}/conclusion", visit.id);
    let words = json!({ "summary": "Дополнение" });
    assert_eq!(code(&visit.specialist.post(&path, &words).await), "appointment_state");
    let draft = visit.write_conclusion().await;
    assert_eq!((draft.status, draft.json()["signed"].is_null()), (200, true), "{}", draft.body);
    assert_eq!(code(&visit.write_conclusion().await), "changed");
    assert_eq!(visit.nurse.send("PUT", &path, "If-Match: \"1\"\r\n", &words).await.status, 403);
    visit.event(&visit.specialist, &json!({ "event": "complete" })).await;
    let signed = visit.specialist.get(&path).await;
    let etag = signed.header("etag").unwrap().to_owned();
    let refused = visit.specialist.send("PUT", &path, &format!("If-Match: {etag}\r\n"), &words).await;
    assert_eq!((refused.status, code(&refused)), (409, "conclusion_signed".to_owned()));
    let added = visit.specialist.post(&path, &words).await;
    assert_eq!((added.status, &added.json()["addenda"][0]["summary"]), (201, &json!("Дополнение")), "{}", added.body);
    assert_eq!(added.json()["summary"], "Стабильная стенокардия");
    assert!(added.json()["addenda"][0]["signed"].is_string());
}

#[tokio::test]
async fn a_link_shows_its_own_visit_and_says_what_is_open() {
    let visit = Visit::at_home().await;
    let shown = visit.patient.get().await.json();
    assert_eq!((&shown["role"], &shown["name"]), (&json!("patient"), &json!("Серікова Әлия")));
    assert_eq!(shown["allowed"], json!(["confirm", "cancel", "check_in"]));
    assert_eq!(shown["consents_needed"][0]["purpose"], "consultation");
    assert_eq!(shown["host"]["status"], "away");
    assert_eq!(shown["appointment"]["site"]["phone"], "+77150000011");
    let confirmed = visit.patient.post("/visit/confirm", &Value::Null).await;
    assert_eq!(confirmed.json()["appointment"]["status"], "confirmed", "{}", confirmed.body);
    let unsaid = visit.patient.post("/visit/cancel", &json!({ "reason": "cart_unavailable" })).await;
    assert_eq!(unsaid.status, 422, "{}", unsaid.body);
    let cancelled = visit.patient.post("/visit/cancel", &json!({ "reason": "patient_ill" })).await;
    assert_eq!(cancelled.json()["appointment"]["status"], "cancelled", "{}", cancelled.body);
    assert_eq!(cancelled.json()["allowed"], json!([]));
    assert_eq!(visit.patient.post("/visit/survey", &json!({ "score": 5 })).await.status, 404, "there was no visit");
}

#[tokio::test]
async fn who_refused_is_asked_until_consent_is_given() {
    let visit = Visit::at_home().await;
    let is_asked = async || visit.patient.get().await.json()["consents_needed"][0]["purpose"] == "consultation";
    visit.patient.decide("refused").await;
    assert!(is_asked().await);
    visit.patient.decide("given").await;
    assert!(!is_asked().await);
}

#[tokio::test]
async fn a_third_party_joins_and_decides_nothing() {
    let visit = Visit::at_home().await;
    let interpreter = Link::make(&visit.nurse, &visit.app, &visit.id, "interpreter", "Оспанова С.").await;
    let purposes = visit.patient.get().await.json()["consents_needed"].clone();
    assert_eq!(purposes[1]["purpose"], "third_party", "somebody beside the doctor is asked about: {purposes}");
    assert_eq!(interpreter.get().await.json()["allowed"], json!([]));
    for path in ["/visit/confirm", "/visit/check-in"] {
        assert_eq!(interpreter.post(path, &Value::Null).await.status, 403, "{path}");
    }
    visit.patient.post("/visit/check-in", &Value::Null).await;
    let (_interpreter, greeting) = visit.enter(&interpreter.join().await).await;
    assert_eq!(greeting["type"], "waiting");
}

#[tokio::test]
async fn a_link_that_is_withdrawn_early_late_or_nobodys_opens_nothing() {
    let visit = Visit::at_home().await;
    let nobody = Link { address: visit.app.address(), id: String::new(), token: "v_nothing".to_owned() };
    assert_eq!((nobody.get().await.status, code(&nobody.get().await)), (401, "invitation_invalid".to_owned()));
    let staffs = Link { address: visit.app.address(), id: String::new(), token: String::new() };
    assert_eq!(staffs.get().await.status, 401);

    let interpreter = Link::make(&visit.nurse, &visit.app, &visit.id, "interpreter", "Оспанова С.").await;
    let revoke = format!("/appointments/{}/links/{}", visit.id, interpreter.id);
    assert_eq!(visit.nurse.delete(&revoke).await.status, 204);
    assert_eq!(code(&interpreter.get().await), "link_revoked");
    assert_eq!(visit.nurse.delete(&revoke).await.status, 404);

    start_in(&visit.app, &visit.id, 120).await;
    let early = Link::make(&visit.nurse, &visit.app, &visit.id, "interpreter", "Оспанова С.").await;
    assert_eq!(code(&early.get().await), "link_too_early");
    assert_eq!(code(&visit.patient.post("/visit/check-in", &Value::Null).await), "check_in_too_early");
    start_in(&visit.app, &visit.id, -200).await;
    let links = format!("/appointments/{}/links", visit.id);
    let late = visit.nurse.post(&links, &json!({ "role": "patient", "name": "Серікова Әлия" })).await;
    assert_eq!(code(&late), "appointment_ended");
    let passed = "UPDATE join_tokens SET not_before_ms = 1, expires_ms = 2 WHERE id = $1";
    sqlx::query(passed).bind(visit.patient.id.clone()).execute(&mut intrude(&visit.app).await).await.unwrap();
    assert_eq!(code(&visit.patient.get().await), "link_expired");
}

#[tokio::test]
async fn a_link_of_one_visit_opens_no_other() {
    let visit = Visit::at_home().await;
    let other = book(&visit.nurse, &visit.specialist, "home_link").await;
    let link = Link::make(&visit.nurse, &visit.app, &other, "patient", "Серікова Әлия").await;
    let foreign = format!("/appointments/{}/links/{}", visit.id, link.id);
    assert_eq!(visit.nurse.delete(&foreign).await.status, 404, "a link is withdrawn under its own appointment");
    let cookieless = format!("/appointments/{}", visit.id);
    assert_eq!(link.send("GET", &cookieless, &Value::Null).await.status, 401, "a link is no session");
    assert_eq!(code(&link.join().await), "not_checked_in");
}

#[tokio::test]
async fn a_repeated_request_for_a_link_makes_one_link() {
    let visit = Visit::at_home().await;
    let path = format!("/appointments/{}/links", visit.id);
    let body = json!({ "role": "family_doctor", "name": "Сейтказин Е." });
    let make = async || visit.nurse.send("POST", &path, "Idempotency-Key: link-1\r\n", &body).await.json();
    let (first, second) = (make().await, make().await);
    assert_eq!(first["id"], second["id"]);
    assert_ne!(first["url"], second["url"], "the token of an answer that got lost opens nothing");
}

#[tokio::test]
async fn consent_texts_are_added_by_the_administrator_alone() {
    let app = TestApp::with_clinic().await;
    let (nurse, admin) = (app.staff("aigul").await, app.staff("ruslan").await);
    let texts = nurse.read("/consent-texts").await["items"].as_array().unwrap().clone();
    assert_eq!(texts.len(), 4);
    let mut next = texts[0].clone();
    next["version"] = json!(2);
    assert_eq!(nurse.post("/consent-texts", &next).await.status, 403);
    let added = admin.post("/consent-texts", &next).await;
    assert_eq!((added.status, &added.json()["version"]), (201, &json!(2)), "{}", added.body);
    assert_eq!(code(&admin.post("/consent-texts", &next).await), "changed", "version 2 is there");
}
