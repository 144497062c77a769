//! Sign-in at an OpenID Connect provider: with one that is certified, and with one that lies.

use crate::http::{self, Response};
use crate::openid::{CLIENT_ID, CLIENT_SECRET, FakeProvider};
use crate::staff::cookie_of;
use crate::test_app::TestApp;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use url::Url;

/// What the providers know of this server; nothing resolves it, the tests go to the server's real address.
const PUBLIC_URL: &str = "https://kenes.test";
const CALLBACK: &str = "/api/v1/oidc/sso/callback";

async fn app_with(issuer: &str) -> TestApp {
    TestApp::start_with(&[
        ("KENES_DEMO_SEED", "true"),
        ("KENES_HTTP_PUBLIC_URL", PUBLIC_URL),
        ("KENES_OIDC_ISSUER", issuer),
        ("KENES_OIDC_CLIENT_ID", CLIENT_ID),
        ("KENES_OIDC_CLIENT_SECRET", CLIENT_SECRET),
        ("KENES_OIDC_NAME", "Hospital account"),
    ])
    .await
}

/// Where the browser was sent, and the cookie that it keeps.
async fn start(app: &TestApp, query: &str) -> (String, String) {
    let response = http::get(app.address(), &format!("/api/v1/oidc/sso/start{query}")).await;
    assert_eq!(response.status, 303, "{}", response.body);
    (location(&response).to_owned(), cookie_of(&response))
}

fn location(response: &Response) -> &str {
    response.header("location").unwrap_or_else(|| panic!("{}\n{}", response.head, response.body))
}

fn state_of(url: &str) -> String {
    Url::parse(url).unwrap().query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
}

async fn come_back(app: &TestApp, query: &str, cookie: &str) -> Response {
    http::get_with(app.address(), &format!("{CALLBACK}?{query}"), &format!("Cookie: {cookie}")).await
}

/// A whole sign-in at the provider of the tests' own, whose token differs by `changes`.
async fn sign_in(app: &TestApp, provider: &FakeProvider, changes: Value) -> Response {
    let (url, cookie) = start(app, "?next=/desk%23today").await;
    let code = provider.authorize(&url, changes);
    come_back(app, &format!("code={code}&state={}", state_of(&url)), &cookie).await
}

/// Who a response's session belongs to.
async fn me(app: &TestApp, response: &Response) -> Value {
    let cookie = format!("Cookie: {}", cookie_of(response));
    http::get_with(app.address(), "/api/v1/session", &cookie).await.json()
}

#[track_caller]
fn assert_refused(response: &Response, code: &str) {
    assert_eq!((response.status, location(response)), (303, format!("/desk?sign_in={code}").as_str()));
    assert!(!response.head.contains("kenes_session="), "{}", response.head);
}

#[tokio::test]
async fn a_certified_provider_signs_somebody_in() {
    let provider = CertifiedProvider::start();
    let app = app_with(&provider.issuer).await;
    let offered = http::get(app.address(), "/api/v1/oidc").await.json();
    assert_eq!(offered["items"], json!([{ "id": "sso", "name": "Hospital account" }]));

    for _ in 0..2 {
        let (url, cookie) = start(&app, "?next=/desk%23today").await;
        let sent_back = provider.sign_in(&url, "daniyar").await;
        let query = sent_back.strip_prefix(&format!("{PUBLIC_URL}{CALLBACK}?")).unwrap();
        let response = come_back(&app, query, &cookie).await;
        assert_eq!((response.status, location(&response)), (303, "/desk#today"));
        let me = me(&app, &response).await;
        assert_eq!((&me["roles"], &me["must_change_password"]), (&json!(["specialist"]), &json!(false)));
    }
    let (url, cookie) = start(&app, "").await;
    let sent_back = provider.sign_in(&url, "stranger").await;
    assert_refused(
        &come_back(&app, Url::parse(&sent_back).unwrap().query().unwrap(), &cookie).await,
        "oidc_unknown_user",
    );
}

#[tokio::test]
async fn the_first_sign_in_links_the_account_and_later_ones_go_by_the_providers_number() {
    let provider = FakeProvider::start().await;
    let app = app_with(&provider.issuer).await;
    let first = sign_in(&app, &provider, json!({ "preferred_username": "Aigul" })).await;
    assert_eq!((first.status, location(&first)), (303, "/desk#today"));
    let first = me(&app, &first).await;
    assert_eq!(first["roles"], json!(["nurse"]));
    // She married, or the provider stopped saying: the number is the same.
    for later in [json!({ "preferred_username": "vadim" }), json!({})] {
        let response = sign_in(&app, &provider, later).await;
        assert_eq!(me(&app, &response).await["id"], first["id"]);
    }
    // Her login was given to somebody new there.
    let other = sign_in(&app, &provider, json!({ "sub": "subject-2", "preferred_username": "aigul" })).await;
    assert_refused(&other, "oidc_unknown_user");
}

#[tokio::test]
async fn nobody_is_registered_by_signing_in() {
    let provider = FakeProvider::start().await;
    let app = app_with(&provider.issuer).await;
    for claims in [json!({ "preferred_username": "stranger" }), json!({}), json!({ "preferred_username": "a b" })] {
        assert_refused(&sign_in(&app, &provider, claims).await, "oidc_unknown_user");
    }
}

#[tokio::test]
async fn a_token_that_is_not_for_this_sign_in_is_refused() {
    let provider = FakeProvider::start().await;
    let app = app_with(&provider.issuer).await;
    let now = crate::test_app::now().0 / 1000;
    for wrong in [
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "aud": "another" }),
        json!({ "aud": ["another", CLIENT_ID] }),
        json!({ "iss": "https://evil.example" }),
        json!({ "exp": now - 61, "iat": now - 120 }),
        json!({ "iat": now + 120 }),
        json!({ "sub": null }),
    ] {
        let mut claims = wrong.clone();
        claims["preferred_username"] = "aigul".into();
        assert_refused(&sign_in(&app, &provider, claims).await, "oidc_token_refused");
    }
}

#[tokio::test]
async fn an_answer_without_the_browsers_own_cookie_or_with_another_state_is_refused() {
    let provider = FakeProvider::start().await;
    let app = app_with(&provider.issuer).await;
    let (url, cookie) = start(&app, "").await;
    let code = provider.authorize(&url, json!({ "preferred_username": "aigul" }));
    let state = state_of(&url);
    let (_, other_cookie) = start(&app, "").await;
    for (query, cookie) in [
        (format!("code={code}&state=another"), cookie.as_str()),
        (format!("code={code}"), &cookie),
        (format!("code={code}&state={state}"), &other_cookie),
        (format!("code={code}&state={state}"), "kenes_oidc=made-up"),
        (format!("code={code}&state={state}"), "a=b"),
        (format!("code={code}&state={state}&iss=https://evil.example"), &cookie),
    ] {
        assert_refused(&come_back(&app, &query, cookie).await, "oidc_not_pending");
    }
    let refusal = come_back(&app, &format!("error=access_denied&state={state}"), &cookie).await;
    assert_refused(&refusal, "oidc_denied");
    let right = format!("code={code}&state={state}");
    assert_eq!(location(&come_back(&app, &right, &cookie).await), "/desk", "a forged answer spoils nothing");
    assert_refused(&come_back(&app, &right, &cookie).await, "oidc_unavailable"); // the provider takes a code once
}

#[tokio::test]
async fn a_key_that_the_provider_has_changed_is_looked_up_anew_but_not_at_every_token() {
    let provider = FakeProvider::start().await;
    let app = app_with(&provider.issuer).await;
    let aigul = json!({ "preferred_username": "aigul" });
    assert_eq!(location(&sign_in(&app, &provider, aigul.clone()).await), "/desk#today");
    provider.rotate_key();
    assert_eq!(location(&sign_in(&app, &provider, aigul.clone()).await), "/desk#today");
    provider.rotate_key();
    assert_refused(&sign_in(&app, &provider, aigul).await, "oidc_token_refused");
}

#[tokio::test]
async fn a_provider_that_does_not_answer_leads_back_to_the_form() {
    let app = app_with("http://127.0.0.1:9").await;
    assert_refused(&http::get(app.address(), "/api/v1/oidc/sso/start").await, "oidc_unavailable");
}

#[tokio::test]
async fn a_sign_in_leads_to_no_other_server() {
    let provider = FakeProvider::start().await;
    let app = app_with(&provider.issuer).await;
    for next in ["//evil.example", "https://evil.example", "%5C%5Cevil.example"] {
        let refused = http::get(app.address(), &format!("/api/v1/oidc/sso/start?next={next}")).await;
        assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("invalid")), "{next}");
    }
}

#[tokio::test]
async fn without_a_provider_there_is_none() {
    let app = TestApp::start().await;
    assert_eq!(http::get(app.address(), "/api/v1/oidc").await.json()["items"], json!([]));
    for path in ["start", "callback"] {
        assert_eq!(http::get(app.address(), &format!("/api/v1/oidc/sso/{path}")).await.status, 404);
    }
}

/// tests/openid: npm's `oidc-provider`, in a process of its own that ends with its standard input.
struct CertifiedProvider {
    issuer: String,
    process: Child,
    /// Kept open: a provider whose output nobody takes would fail to log.
    _output: BufReader<ChildStdout>,
}

impl CertifiedProvider {
    fn start() -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/openid");
        let mut command = Command::new("node");
        command.args(["provider.js", &format!("{PUBLIC_URL}{CALLBACK}")]).current_dir(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("node: `cargo xtask install` brings it");
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut issuer = String::new();
        output.read_line(&mut issuer).unwrap();
        assert!(issuer.starts_with("http://127.0.0.1:"), "no provider: `cargo xtask install` brings its packages");
        Self { issuer: issuer.trim().to_owned(), process, _output: output }
    }

    /// What a person does there: signs in, agrees. Answers where the browser is sent then.
    async fn sign_in(&self, url: &str, login: &str) -> String {
        let mut browser = Browser::default();
        let mut at = browser.get(url).await;
        for form in [format!("prompt=login&login={login}&password=any"), "prompt=consent".to_owned()] {
            let resume = browser.post(&self.absolute(&at), &form).await;
            at = browser.get(&self.absolute(&resume)).await;
        }
        at
    }

    fn absolute(&self, location: &str) -> String {
        Url::parse(&self.issuer).unwrap().join(location).unwrap().into()
    }
}

impl Drop for CertifiedProvider {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// As little of one as a provider's pages need: cookies by their paths, and where the next page is.
#[derive(Default)]
struct Browser {
    /// Path, name, value.
    cookies: Vec<(String, String, String)>,
}

impl Browser {
    async fn get(&mut self, url: &str) -> String {
        self.go("GET", url, "").await
    }

    async fn post(&mut self, url: &str, form: &str) -> String {
        self.go("POST", url, form).await
    }

    async fn go(&mut self, method: &str, url: &str, body: &str) -> String {
        let url = Url::parse(url).unwrap();
        let address = url.socket_addrs(|| None).unwrap()[0];
        let path = &url[url::Position::BeforePath..];
        let is_for = |(at, _, _): &&(String, String, String)| url.path().starts_with(at.as_str());
        let cookies = self.cookies.iter().filter(is_for).map(|(_, name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nCookie: {cookies}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let response = http::send(address, &request).await;
        self.keep(&response);
        location(&response).to_owned()
    }

    fn keep(&mut self, response: &Response) {
        let lines = response.head.lines().filter_map(|line| line.split_once(": "));
        for (_, set) in lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let (pair, attributes) = set.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let path = attributes.split(';').find_map(|part| part.trim().strip_prefix("path=")).unwrap_or("/");
            self.cookies.retain(|(at, known, _)| (at.as_str(), known.as_str()) != (path, name));
            if !value.is_empty() {
                self.cookies.push((path.to_owned(), name.to_owned(), value.to_owned()));
            }
        }
    }
}
