//! Sign-in at an OpenID Connect provider: the authorization code flow (OpenID Connect Core 1.0 §3.1) with PKCE (RFC 7636), state and
//! nonce. Owns what is known of the one configured provider. Says who somebody is there; who that is here is storage's to know. Keeps
//! nothing of a sign-in under way, which travels in a sealed cookie, and logs neither tokens nor claims.

mod id_token;
mod provider;

use crate::accounts::secret;
use crate::config::Oidc as Settings;
use crate::model::time::UnixMillis;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use id_token::{Expected, TokenFault};
use provider::{Known, Provider};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::Url;

/// How long a person has at the provider: a second factor, a forgotten password.
pub const PENDING_LIFE: Duration = Duration::from_secs(10 * 60);

/// Sign-in at the configured provider.
pub struct Oidc {
    name: String,
    client_id: String,
    scopes: String,
    login_claim: String,
    redirect_uri: String,
    provider: Provider,
}

/// A sign-in under way, for its browser alone to keep, sealed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    state: String,
    nonce: String,
    verifier: String,
    /// The page to go to afterwards.
    pub next: String,
    expires_ms: UnixMillis,
}

/// What the provider sent the browser back with (RFC 6749 §4.1.2, RFC 9207 §2).
#[derive(Clone, Default, Deserialize)]
pub struct Callback {
    pub state: Option<String>,
    pub code: Option<String>,
    pub error: Option<String>,
    pub iss: Option<String>,
}

/// Somebody whom the provider vouches for.
#[derive(Clone, PartialEq, Eq)]
pub struct Vouched {
    pub issuer: String,
    pub subject: String,
    /// The claim that names the account here, when the token has it.
    pub login: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    #[error("the HTTP client cannot be set up")]
    Client,
    /// Another browser's, an old one, or made up.
    #[error("the answer does not belong to a sign-in under way")]
    NotPending,
    #[error("the provider did not sign the person in")]
    Denied,
    #[error("the provider cannot be reached, or does not answer as one: {0}")]
    Unavailable(&'static str),
    #[error("the provider's ID token is not acceptable: {0}")]
    Token(#[from] TokenFault),
    #[error("the system's random source failed")]
    Random(#[from] Unspecified),
}

impl OidcError {
    /// Stable word for the page that says what happened.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotPending => "oidc_not_pending",
            Self::Denied => "oidc_denied",
            Self::Token(_) => "oidc_token_refused",
            Self::Client | Self::Unavailable(_) | Self::Random(_) => "oidc_unavailable",
        }
    }
}

impl Oidc {
    /// `redirect_uri` is the address that the provider knows this server by.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn new(settings: Settings, redirect_uri: String) -> Result<Self, OidcError> {
        let Settings { issuer, client_id, client_secret, name, login_claim, scopes } = settings;
        let provider = Provider::new(issuer, client_id.clone(), client_secret)?;
        Ok(Self { name, client_id, scopes, login_claim, redirect_uri, provider })
    }

    /// What the sign-in button says.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the browser goes, and what it keeps until it is back.
    ///
    /// # Errors
    /// The provider cannot be reached.
    pub async fn begin(&self, next: String, now: UnixMillis) -> Result<(Url, Pending), OidcError> {
        let known = self.provider.known(now).await?;
        let text = || secret::random::<32>().map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        let pending =
            Pending { state: text()?, nonce: text()?, verifier: text()?, next, expires_ms: now.plus(PENDING_LIFE) };
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, pending.verifier.as_bytes()));
        let mut url = known.authorization_endpoint();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", &self.scopes)
            .append_pair("state", &pending.state)
            .append_pair("nonce", &pending.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok((url, pending))
    }

    /// Whom the provider vouches for, once its answer is found to belong to `pending`.
    ///
    /// # Errors
    /// The answer is not to this sign-in, is a refusal, or the token behind it is not acceptable.
    pub async fn finish(&self, pending: &Pending, callback: Callback, now: UnixMillis) -> Result<Vouched, OidcError> {
        let issuer = self.provider.issuer();
        let is_of_issuer = callback.iss.as_deref().is_none_or(|iss| iss == issuer);
        if callback.state.as_deref() != Some(&pending.state) || now >= pending.expires_ms || !is_of_issuer {
            return Err(OidcError::NotPending);
        }
        let code = callback.code.filter(|_| callback.error.is_none()).ok_or(OidcError::Denied)?;
        let known = self.provider.known(now).await?;
        let tokens = self.provider.exchange(&known, &code, &pending.verifier, &self.redirect_uri).await?;
        let claims = self.verify(&known, &tokens.id_token, &pending.nonce, now).await?;
        let login = match claims.login(&self.login_claim) {
            Some(login) => Some(login),
            None => {
                let userinfo = self.provider.userinfo(&known, &tokens).await?;
                userinfo.and_then(|userinfo| claims.login_in(&userinfo, &self.login_claim))
            }
        };
        Ok(Vouched { issuer: issuer.to_owned(), subject: claims.sub, login })
    }

    /// A key that is not known yet may be a new one.
    async fn verify(
        &self,
        known: &Known,
        token: &str,
        nonce: &str,
        now: UnixMillis,
    ) -> Result<id_token::Claims, OidcError> {
        let expected = Expected { issuer: self.provider.issuer(), client_id: &self.client_id, nonce };
        match id_token::verify(token, known.keys(), &expected, now) {
            Err(TokenFault::UnknownKey) => {
                let renewed = self.provider.renewed(now).await?;
                Ok(id_token::verify(token, renewed.keys(), &expected, now)?)
            }
            verified => Ok(verified?),
        }
    }
}
