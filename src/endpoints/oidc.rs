//! `/api/v1/oidc`: sign-in at a provider. The browser goes there and comes back by navigation, so what went wrong is told to the page
//! that it lands on, as `?sign_in=<code>`, and never by a body that nobody would see.

use super::Problem;
use super::cookie::{self, OverTls, Transport};
use super::openapi::Problems;
use super::request::{List, Params, invalid};
use super::session;
use crate::accounts::oidc::{Callback, Oidc, OidcError, PENDING_LIFE, Pending, Vouched};
use crate::app::App;
use crate::clock;
use crate::model::account::{Login, Proof, SESSION_LIFE};
use crate::model::ids::UserId;
use crate::model::invalid::Fault;
use crate::storage::{Author, StorageError, accounts, identities};
use crate::tokens::Use;
use axum::Extension;
use axum::extract::{self, ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// The one provider's word in paths. Providers keep the whole address, so it never changes.
const PROVIDER: &str = "sso";
const COOKIE: &str = "kenes_oidc";
/// Where a sign-in ends that came to nothing: the page with the sign-in form.
const FORM: &str = "/desk";
const MAX_NEXT: usize = 200;

#[derive(Serialize, ToSchema)]
pub struct ProviderName {
    id: &'static str,
    /// What the button says.
    name: String,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The page of ours to go to afterwards: a path. `/desk` when left out.
    next: Option<String>,
}

/// Where one can sign in beside login and password.
///
/// # Errors
/// None.
#[utoipa::path(get, path = "/oidc", tag = "session", security(()),
    responses((status = 200, body = List<ProviderName>), Problems))]
pub async fn providers(State(app): State<Arc<App>>) -> List<ProviderName> {
    let name = |oidc: &Oidc| ProviderName { id: PROVIDER, name: oidc.name().to_owned() };
    List::whole(app.oidc.iter().map(name).collect())
}

/// Sends the browser to the provider.
///
/// # Errors
/// `not_found`: there is no such provider; `invalid`: `next` is no path of ours; `rate_limited`.
#[utoipa::path(get, path = "/oidc/{provider}/start", tag = "session", security(()),
    params(("provider" = String, Path), Start), responses((status = 303, description = "To the provider, or to the \
    sign-in form with `?sign_in=<code>`"), Problems))]
pub async fn start(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Extension(transport): Transport,
    extract::Path(provider): extract::Path<String>,
    Params(Start { next }): Params<Start>,
) -> Result<Response, Problem> {
    let oidc = find(&app, &provider)?;
    let next = next.unwrap_or_else(|| FORM.to_owned());
    if !is_our_page(&next) {
        return Err(invalid("next", Fault::Malformed));
    }
    if !app.sign_in_limit.admit(from.ip(), clock::now()) {
        return Err(Problem::RateLimited);
    }
    match oidc.begin(next, clock::unix_ms()).await {
        Ok((url, pending)) => {
            let sealed = app.tokens.seal(Use::SignIn, &pending)?;
            go(url.as_str(), &[(COOKIE, &sealed, PENDING_LIFE)], transport)
        }
        Err(error) => back(&error, transport),
    }
}

/// Where the provider sends the browser back to.
///
/// # Errors
/// `not_found`: there is no such provider; `rate_limited`. Everything else is told to the page: `oidc_not_pending`, `oidc_denied`,
/// `oidc_token_refused`, `oidc_unavailable`, `oidc_unknown_user`.
#[utoipa::path(get, path = "/oidc/{provider}/callback", tag = "session", security(()),
    params(("provider" = String, Path), ("state" = Option<String>, Query), ("code" = Option<String>, Query),
    ("error" = Option<String>, Query), ("iss" = Option<String>, Query)), responses((status = 303, description = "To the page \
    that the sign-in began with, or to the sign-in form with `?sign_in=<code>`"), Problems))]
pub async fn callback(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Extension(transport): Transport,
    extract::Path(provider): extract::Path<String>,
    Params(callback): Params<Callback>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let oidc = find(&app, &provider)?;
    if !app.sign_in_limit.admit(from.ip(), clock::now()) {
        return Err(Problem::RateLimited);
    }
    let pending = cookie::read(&headers, COOKIE).and_then(|sealed| app.tokens.open_sealed(Use::SignIn, sealed));
    let (pending, vouched) = match finish(oidc, pending, callback).await {
        Ok(finished) => finished,
        Err(error) => return back(&error, transport),
    };
    let Some(user) = user_of(&app, &vouched).await? else {
        tracing::warn!("the sign-in provider vouched for somebody who has no account here");
        return to_form("oidc_unknown_user", transport);
    };
    let secret = session::open(&app, user, Proof::Oidc).await?;
    let cookies = [(cookie::SESSION, secret.text.as_str(), SESSION_LIFE), (COOKIE, "", Duration::ZERO)];
    go(&pending.next, &cookies, transport)
}

fn find<'a>(app: &'a App, provider: &str) -> Result<&'a Oidc, Problem> {
    app.oidc.as_ref().filter(|_| provider == PROVIDER).ok_or(Problem::NotFound)
}

async fn finish(oidc: &Oidc, pending: Option<Pending>, callback: Callback) -> Result<(Pending, Vouched), OidcError> {
    let pending = pending.ok_or(OidcError::NotPending)?;
    let vouched = oidc.finish(&pending, callback, clock::unix_ms()).await?;
    Ok((pending, vouched))
}

/// Who it is here: known from before, or by the login that the provider names, once. Nobody is registered by signing in.
async fn user_of(app: &App, vouched: &Vouched) -> Result<Option<UserId>, Problem> {
    let Vouched { issuer, subject, login } = vouched;
    if let Some(user) = identities::find(&app.database, issuer, subject).await? {
        return Ok(Some(user));
    }
    let Some(Ok(login)) = login.as_deref().map(Login::new) else { return Ok(None) };
    let Some(credential) = accounts::find_credential(&app.database, &login).await? else { return Ok(None) };
    let mut change = app.database.change(Author::User(credential.user), clock::unix_ms()).await?;
    match identities::link(&mut change, issuer, subject, credential.user).await {
        // The account is somebody else's at the provider: a login that was given away there.
        Err(StorageError::Exists(_)) => Ok(None),
        linked => {
            linked?;
            change.commit().await?;
            Ok(Some(credential.user))
        }
    }
}

fn back(error: &OidcError, transport: OverTls) -> Result<Response, Problem> {
    tracing::warn!(%error, "a sign-in at the provider came to nothing");
    to_form(error.code(), transport)
}

fn to_form(code: &str, transport: OverTls) -> Result<Response, Problem> {
    go(&format!("{FORM}?sign_in={code}"), &[(COOKIE, "", Duration::ZERO)], transport)
}

/// 303: whatever brought the browser here, it goes on with a GET (RFC 9110 §15.4.4).
fn go(to: &str, cookies: &[(&str, &str, Duration)], transport: OverTls) -> Result<Response, Problem> {
    let set = |(name, value, life): &(&str, &str, Duration)| cookie::set(name, value, *life, transport);
    let cookies = cookies.iter().map(set).collect::<Option<Vec<_>>>().ok_or(Problem::Internal)?;
    let location = to.parse().map_err(|_| Problem::Internal)?;
    let cookies = AppendHeaders(cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)));
    let location: [(_, axum::http::HeaderValue); 1] = [(header::LOCATION, location)];
    Ok((StatusCode::SEE_OTHER, location, cookies).into_response())
}

/// A path of this server, which no browser takes for another server's address.
fn is_our_page(next: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~#=&?%".contains(&byte);
    next.len() <= MAX_NEXT && next.starts_with('/') && !next.starts_with("//") && next.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_server() {
        for page in ["/desk", "/visit#a=01997c5c-0000-7000-8000-000000000000", "/desk?view=today"] {
            assert!(is_our_page(page), "{page}");
        }
        for page in ["", "desk", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/a b", "/ә"]
        {
            assert!(!is_our_page(page), "{page}");
        }
    }
}
