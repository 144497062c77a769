//! The provider over HTTP: its metadata (OpenID Connect Discovery 1.0 §4), its keys (RFC 7517 §5), and a code for an ID token (RFC 6749
//! §4.1.3). Owns the connections and what was fetched last. An answer is bounded in time and size, and no redirect is followed, since
//! a request may carry the client's secret.

use super::OidcError;
use crate::config::Oidc as Settings;
use crate::model::time::UnixMillis;
use jsonwebtoken::jwk::JwkSet;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

/// From connecting to the answer's last byte.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Metadata, keys and tokens are a few KiB.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// How long metadata and keys are good.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How often a key that is not known may make us ask again.
const RENEWED_AT_MOST_EVERY: Duration = Duration::from_secs(60);

pub(super) struct Provider {
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
    http: Client,
    /// Held while it is fetched, so that people who sign in together ask once.
    fetched: Mutex<Fetched>,
}

#[derive(Default)]
struct Fetched {
    known: Option<Arc<Known>>,
    /// When a key that was not known last made us ask again.
    renewed: Option<UnixMillis>,
}

/// What a provider says of itself.
pub(super) struct Known {
    metadata: Metadata,
    keys: JwkSet,
    fetched: UnixMillis,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    userinfo_endpoint: Option<Url>,
    /// Absent: `client_secret_basic` alone.
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: String,
    access_token: String,
}

impl Provider {
    pub(super) fn new(issuer: String, client_id: String, client_secret: Option<String>) -> Result<Self, OidcError> {
        let http = Client::builder().redirect(Policy::none()).timeout(ANSWER_WITHIN).build();
        let http = http.map_err(|_| OidcError::Client)?;
        Ok(Self { issuer, client_id, client_secret, http, fetched: Mutex::default() })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(super) async fn known(&self, now: UnixMillis) -> Result<Arc<Known>, OidcError> {
        let mut fetched = self.fetched.lock().await;
        if let Some(known) = fetched.known.as_ref().filter(|known| now.since(known.fetched) < FRESH) {
            return Ok(Arc::clone(known));
        }
        self.fetch_into(&mut fetched, now).await
    }

    /// After a token whose key is not known: what the provider says now, unless that was asked a moment ago.
    pub(super) async fn renewed(&self, now: UnixMillis) -> Result<Arc<Known>, OidcError> {
        let mut fetched = self.fetched.lock().await;
        let is_recent = fetched.renewed.is_some_and(|at| now.since(at) < RENEWED_AT_MOST_EVERY);
        if let Some(known) = fetched.known.as_ref().filter(|_| is_recent) {
            return Ok(Arc::clone(known));
        }
        fetched.renewed = Some(now);
        self.fetch_into(&mut fetched, now).await
    }

    async fn fetch_into(&self, fetched: &mut Fetched, now: UnixMillis) -> Result<Arc<Known>, OidcError> {
        let known = Arc::new(self.fetch(now).await?);
        fetched.known = Some(Arc::clone(&known));
        Ok(known)
    }

    async fn fetch(&self, now: UnixMillis) -> Result<Known, OidcError> {
        let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let metadata: Metadata = answer(self.http.get(address)).await?;
        if metadata.issuer != self.issuer {
            return Err(OidcError::Unavailable("its metadata name another issuer"));
        }
        let endpoints = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        if !endpoints.into_iter().chain(&metadata.userinfo_endpoint).all(Settings::is_private) {
            return Err(OidcError::Unavailable("its metadata name an address without TLS"));
        }
        let keys = answer(self.http.get(metadata.jwks_uri.clone())).await?;
        Ok(Known { metadata, keys, fetched: now })
    }

    /// The tokens for a code.
    pub(super) async fn exchange(
        &self,
        known: &Known,
        code: &str,
        verifier: &str,
        redirect_uri: &str,
    ) -> Result<Tokens, OidcError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", verifier),
            ("redirect_uri", redirect_uri),
        ];
        let request = self.http.post(known.metadata.token_endpoint.clone());
        let request = match &self.client_secret {
            Some(secret) if known.metadata.takes_basic() => {
                request.basic_auth(form_encoded(&self.client_id), Some(form_encoded(secret)))
            }
            secret => {
                form.push(("client_id", &self.client_id));
                form.extend(secret.as_deref().map(|secret| ("client_secret", secret)));
                request
            }
        };
        answer(request.form(&form)).await
    }

    /// Claims that the ID token leaves out (OpenID Connect Core 1.0 §5.3); `None`: the provider says no more than the token.
    pub(super) async fn userinfo(
        &self,
        known: &Known,
        tokens: &Tokens,
    ) -> Result<Option<Map<String, Value>>, OidcError> {
        let Some(endpoint) = known.metadata.userinfo_endpoint.clone() else { return Ok(None) };
        answer(self.http.get(endpoint).bearer_auth(&tokens.access_token)).await.map(Some)
    }
}

impl Known {
    pub(super) fn authorization_endpoint(&self) -> Url {
        self.metadata.authorization_endpoint.clone()
    }

    pub(super) fn keys(&self) -> &JwkSet {
        &self.keys
    }
}

impl Metadata {
    fn takes_basic(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_ref();
        methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"))
    }
}

/// As a client's name and secret stand in `Authorization: Basic` (RFC 6749 §2.3.1).
fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, OidcError> {
    let mut response = request.send().await.map_err(|_| OidcError::Unavailable("no answer"))?;
    if !response.status().is_success() {
        return Err(OidcError::Unavailable("an answer that says no"));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| OidcError::Unavailable("half an answer"))? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(OidcError::Unavailable("an answer without end"));
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| OidcError::Unavailable("an answer of another shape"))
}
