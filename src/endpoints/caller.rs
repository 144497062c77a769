//! Who makes a request, and how far each right goes for them. Every endpoint but sign-in and the patient's link takes a [`Caller`];
//! a request of nobody, or of a page that is not ours, never reaches the endpoint.

use super::{Problem, cookie, origin};
use crate::accounts::secret;
use crate::app::App;
use crate::clock;
use crate::model::account::{Holder, Session};
use crate::model::api_key::{self, NewApiKey, Scopes};
use crate::model::appointment::Actor;
use crate::model::ids::{ApiKeyId, CartId, SiteId, UserId};
use crate::model::join_link::TokenHash;
use crate::model::refusal::Refusal;
use crate::model::role::{Reach, Right, Role, Roles};
use crate::model::time::UnixMillis;
use crate::storage::{Author, accounts, api_keys};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use std::sync::Arc;

/// Somebody who is signed in, and when the request came.
#[derive(Clone)]
pub struct Caller {
    pub identity: Identity,
    pub site: SiteId,
    pub roles: Roles,
    /// What a key narrows its integrator's rights to.
    pub integration: Option<Integration>,
    pub now: UnixMillis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    User(UserId),
    Cart(CartId),
    ApiKey(ApiKeyId),
}

/// A program with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// Of referrals: what has the same source is the program's own.
    pub source: String,
    pub scopes: Scopes,
}

impl Caller {
    #[must_use]
    pub fn author(&self) -> Author {
        match self.identity {
            Identity::User(id) => Author::User(id),
            Identity::Cart(id) => Author::Cart(id),
            Identity::ApiKey(id) => Author::ApiKey(id),
        }
    }

    #[must_use]
    pub fn actor(&self) -> Actor {
        match self.identity {
            Identity::User(id) => Actor::User { id, roles: self.roles },
            Identity::Cart(id) => Actor::Cart(id),
            Identity::ApiKey(_) => Actor::Integrator,
        }
    }

    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self.identity {
            Identity::User(id) => Some(id),
            Identity::Cart(_) | Identity::ApiKey(_) => None,
        }
    }

    /// Of the referrals that are a program's own.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.integration.as_ref().map(|integration| integration.source.as_str())
    }

    #[must_use]
    pub fn reach(&self, right: Right) -> Option<Reach> {
        let is_in_scope = self.integration.as_ref().is_none_or(|integration| integration.scopes.contains(right));
        self.roles.reach(right).filter(|_| is_in_scope)
    }

    /// How far `right` goes.
    ///
    /// # Errors
    /// Not even to what is the caller's own.
    pub fn require(&self, right: Right) -> Result<Reach, Problem> {
        self.reach(right).ok_or(Problem::Refused(Refusal::NotAllowed))
    }

    /// A person with `right`.
    ///
    /// # Errors
    /// No person, or without the right.
    pub fn require_user(&self, right: Right) -> Result<UserId, Problem> {
        self.require(right)?;
        self.user().ok_or(Problem::Refused(Refusal::NotAllowed))
    }

    /// # Errors
    /// The right does not go everywhere.
    pub fn require_everywhere(&self, right: Right) -> Result<(), Problem> {
        match self.require(right)? {
            Reach::Everywhere => Ok(()),
            Reach::Own | Reach::Site => Err(Refusal::NotAllowed.into()),
        }
    }
}

/// A live session, whatever it may do.
pub struct SignedIn {
    pub caller: Caller,
    pub session: TokenHash,
    pub must_change_password: bool,
}

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let secret = cookie::read(&parts.headers, cookie::SESSION).ok_or(Problem::NotSignedIn)?;
        OwnPage::check(parts, app)?;
        let (hash, now) = (secret::hash(secret), clock::unix_ms());
        let session = accounts::find_session(&app.database, &hash).await?;
        let session = session.filter(|session| session.is_alive(now)).ok_or(Problem::NotSignedIn)?;
        if session.is_use_due(now) {
            accounts::note_use(&app.database, &hash, now).await?;
        }
        Ok(Self::of(&session, hash, now))
    }
}

impl SignedIn {
    /// `hash` is the digest that the live `session` was found by.
    #[must_use]
    pub fn of(session: &Session, hash: TokenHash, now: UnixMillis) -> Self {
        let (identity, site, roles, must_change_password) = match session.holder {
            Holder::User { id, site, roles, must_change_password } => {
                (Identity::User(id), site, roles, must_change_password)
            }
            Holder::Cart { id, site } => (Identity::Cart(id), site, Roles::NONE.with(Role::Cart), false),
        };
        let caller = Caller { identity, site, roles, integration: None, now };
        Self { caller, session: hash, must_change_password }
    }
}

/// A request that a page of ours made, or a program, or that changes nothing. Signing in takes it too: another site's page must not sign its
/// visitor in as somebody else.
pub struct OwnPage;

impl OwnPage {
    fn check(parts: &Parts, app: &App) -> Result<Self, Problem> {
        if parts.method.is_safe() || origin::is_own(&parts.headers, &app.allowed_origins) {
            return Ok(Self);
        }
        Err(Problem::Forbidden)
    }
}

impl FromRequestParts<Arc<App>> for OwnPage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        Self::check(parts, app)
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if let Some(key) = bearer(&parts.headers).filter(|token| token.starts_with(api_key::PREFIX)) {
            return integrator(app, key).await;
        }
        let signed_in = SignedIn::from_request_parts(parts, app).await?;
        if signed_in.must_change_password {
            return Err(Problem::PasswordChangeRequired);
        }
        Ok(signed_in.caller)
    }
}

/// The secret of `Authorization: Bearer` (RFC 6750 §2.1).
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A program sends its key itself, with every request; no page can make it do so.
async fn integrator(app: &App, key: &str) -> Result<Caller, Problem> {
    let now = clock::unix_ms();
    let key = api_keys::find(&app.database, &secret::hash(key)).await?;
    let key = key.filter(|key| key.is_alive(now)).ok_or(Problem::NotSignedIn)?;
    if key.is_use_due(now) {
        api_keys::note_use(&app.database, key.id, now).await?;
    }
    let NewApiKey { site, source, scopes, .. } = key.details;
    Ok(Caller {
        identity: Identity::ApiKey(key.id),
        site,
        roles: Roles::NONE.with(Role::Integrator),
        integration: Some(Integration { source, scopes }),
        now,
    })
}
