//! An OpenID Connect provider of the tests' own, on loopback: it signs whatever it is told to, so that every wrong token can be tried. Signed by
//! hand, so that no library judges its own work.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

pub(crate) const CLIENT_ID: &str = "kenes";
pub(crate) const CLIENT_SECRET: &str = "a secret: 100% + &";

pub(crate) struct FakeProvider {
    pub(crate) issuer: String,
    shared: Arc<Shared>,
}

struct Shared {
    issuer: String,
    key: KeyPair,
    /// How often the key got another name.
    rotations: Mutex<u32>,
    codes: Mutex<HashMap<String, Authorized>>,
}

struct Authorized {
    asked: HashMap<String, String>,
    /// What the token shall say otherwise than it should.
    changes: Value,
}

impl FakeProvider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/realm", listener.local_addr().unwrap());
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let (rotations, codes) = (Mutex::new(0), Mutex::default());
        let shared = Arc::new(Shared { issuer: issuer.clone(), key, rotations, codes });
        let app = Router::new()
            .route("/realm/.well-known/openid-configuration", get(metadata))
            .route("/realm/jwks", get(keys))
            .route("/realm/token", post(token))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { issuer, shared }
    }

    /// What the provider does with a browser that was sent to `url`: a code for a token whose claims differ by `changes`.
    pub(crate) fn authorize(&self, url: &str, changes: Value) -> String {
        let url = Url::parse(url).unwrap();
        assert!(url.as_str().starts_with(&format!("{}/authorize?", self.issuer)), "{url}");
        let asked: HashMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", CLIENT_ID));
        assert_eq!(asked["code_challenge_method"], "S256");
        let mut codes = self.shared.codes.lock().unwrap();
        let code = format!("code-{}", codes.len());
        codes.insert(code.clone(), Authorized { asked, changes });
        code
    }

    /// From now on keys and tokens have another name.
    pub(crate) fn rotate_key(&self) {
        *self.shared.rotations.lock().unwrap() += 1;
    }
}

impl Shared {
    fn kid(&self) -> String {
        format!("k{}", self.rotations.lock().unwrap())
    }
}

async fn metadata(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let at = |path: &str| format!("{}/{path}", shared.issuer);
    Json(json!({
        "issuer": shared.issuer, "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
        "jwks_uri": at("jwks"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

async fn keys(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let public = shared.key.public_key();
    let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let n = text(public.modulus().big_endian_without_leading_zero());
    let e = text(public.exponent().big_endian_without_leading_zero());
    let kid = shared.kid();
    Json(json!({ "keys": [{ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e }] }))
}

async fn token(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: String) -> Response {
    let form: HashMap<_, _> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let refused = || StatusCode::BAD_REQUEST.into_response();
    if headers.get(header::AUTHORIZATION).is_none_or(|value| value.to_str().unwrap() != basic()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Some(Authorized { asked, changes }) = shared.codes.lock().unwrap().remove(&form["code"]) else {
        return refused();
    };
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
    let is_same = challenge == asked["code_challenge"] && form["redirect_uri"] == asked["redirect_uri"];
    if !is_same || form["grant_type"] != "authorization_code" {
        return refused();
    }
    let now = crate::test_app::now().0 / 1000;
    let mut claims = json!({
        "iss": shared.issuer, "aud": CLIENT_ID, "sub": "subject-1", "nonce": asked["nonce"], "iat": now, "exp": now + 60,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    Json(json!({ "access_token": "unused", "token_type": "Bearer", "id_token": sign(&shared, &claims) }))
        .into_response()
}

/// RFC 6749 §2.3.1: both parts are form-encoded first.
fn basic() -> String {
    let secret: String = form_urlencoded::byte_serialize(CLIENT_SECRET.as_bytes()).collect();
    format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT_ID}:{secret}")))
}

fn sign(shared: &Shared, claims: &Value) -> String {
    let text = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let kid = shared.kid();
    let signed = format!("{}.{}", text(&json!({ "alg": "RS256", "typ": "JWT", "kid": kid })), text(claims));
    let mut signature = vec![0; shared.key.public_modulus_len()];
    shared.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}
