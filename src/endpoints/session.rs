//! `/api/v1/session`: signing in and out, who one is, a new password.

use super::Problem;
use super::caller::{Caller, Identity, SignedIn};
use super::cookie::{self, OverTls, Transport};
use super::openapi::Problems;
use super::request::Body;
use crate::accounts::secret::Secret;
use crate::app::App;
use crate::clock;
use crate::model::account::{self, Login, SESSION_LIFE};
use crate::model::private::Private;
use crate::model::role::{Reach, Right, Role};
use crate::storage::accounts::{self, NewHolder};
use crate::storage::{Author, places, users};
use axum::extract::{ConnectInfo, State};
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    login: String,
    password: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    current: String,
    new: String,
}

/// Who is signed in, and how far each right goes: `own`, `site` or `everywhere`.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// `user` or `cart`.
    kind: &'static str,
    id: String,
    name: String,
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
    site: SiteName,
    specialty: Option<String>,
    languages: Vec<&'static str>,
    must_change_password: bool,
    rights: BTreeMap<&'static str, &'static str>,
}

#[derive(Serialize, ToSchema)]
pub struct SiteName {
    pub id: String,
    pub name: String,
    pub time_zone: String,
}

/// Signs in with login and password.
///
/// # Errors
/// `sign_in_failed`, without saying which of the two was wrong; `rate_limited`.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignIn, security(()),
    responses((status = 200, body = Me), Problems))]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Extension(transport): Transport,
    Body { value, .. }: Body<SignIn>,
) -> Result<Response, Problem> {
    if !app.join_limit.admit(from.ip(), clock::now()) {
        return Err(Problem::RateLimited);
    }
    let login = Login::new(&value.login).map_err(|_| Problem::SignInRefused)?;
    let credential = accounts::find_credential(&app.database, &login).await?;
    let hashed = credential.as_ref().map(|credential| credential.password_hash.clone());
    let is_right = app.passwords.verify(&Private::new(value.password), hashed).await?;
    let credential = credential.filter(|_| is_right).ok_or(Problem::SignInRefused)?;
    let now = clock::unix_ms();
    let secret = Secret::random("s_")?;
    let mut change = app.database.change(Author::User(credential.user), now).await?;
    accounts::open_session(&mut change, &secret.hash, NewHolder::User(credential.user), now.plus(SESSION_LIFE)).await?;
    change.commit().await?;
    let session = accounts::find_session(&app.database, &secret.hash).await?.ok_or(Problem::Internal)?;
    let signed_in = SignedIn::of(&session, secret.hash, now);
    let me = me_of(&app, &signed_in).await?;
    with_cookie(Json(me), &secret.text, SESSION_LIFE, transport)
}

/// Who is signed in.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = Me), Problems))]
pub async fn me(State(app): State<Arc<App>>, signed_in: SignedIn) -> Result<Json<Me>, Problem> {
    me_of(&app, &signed_in).await.map(Json)
}

/// Signs out.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204), Problems))]
pub async fn sign_out(
    State(app): State<Arc<App>>,
    Extension(transport): Transport,
    signed_in: SignedIn,
) -> Result<Response, Problem> {
    let mut change = app.database.change(signed_in.caller.author(), signed_in.caller.now).await?;
    accounts::close_session(&mut change, &signed_in.session).await?;
    change.commit().await?;
    with_cookie(StatusCode::NO_CONTENT, "", Duration::ZERO, transport)
}

/// Sets a new password; every other session of the person ends.
///
/// # Errors
/// `sign_in_failed` when the current one is wrong; `invalid` when the new one is too weak.
#[utoipa::path(post, path = "/session/password", tag = "session", request_body = NewPassword,
    responses((status = 204), Problems))]
pub async fn change_password(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    signed_in: SignedIn,
    Body { value, .. }: Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    if !app.join_limit.admit(from.ip(), clock::now()) {
        return Err(Problem::RateLimited);
    }
    let user = signed_in.caller.user().ok_or(Problem::SignInRefused)?;
    let credential = accounts::credential_of(&app.database, user).await?.ok_or(Problem::SignInRefused)?;
    let new = Private::new(value.new);
    account::check_password(&credential.login, &new)?;
    let hashed = Some(credential.password_hash);
    if !app.passwords.verify(&Private::new(value.current), hashed).await? {
        return Err(Problem::SignInRefused);
    }
    let hashed = app.passwords.hash(&new).await?;
    let mut change = app.database.change(Author::User(user), signed_in.caller.now).await?;
    accounts::set_password(&mut change, user, hashed, false, Some(&signed_in.session)).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the page shows of whoever is signed in.
///
/// # Errors
/// The database failed.
pub(super) async fn me_of(app: &App, signed_in: &SignedIn) -> Result<Me, Problem> {
    let Caller { identity, site, roles, .. } = &signed_in.caller;
    let site = places::find_site(&app.database, *site).await?.ok_or(Problem::NotSignedIn)?;
    let (kind, id, name, specialty, languages) = match identity {
        Identity::User(id) => {
            let user = users::find(&app.database, *id).await?.ok_or(Problem::NotSignedIn)?.details;
            let languages = user.languages.as_slice().iter().map(|language| language.as_str()).collect();
            let specialty = user.specialty.map(|specialty| specialty.to_string());
            ("user", id.to_string(), user.name.reveal().clone(), specialty, languages)
        }
        Identity::Cart(id) => {
            let cart = places::find_cart(&app.database, *id).await?.ok_or(Problem::NotSignedIn)?;
            ("cart", id.to_string(), cart.details.name, None, Vec::new())
        }
    };
    let reach = |right: &Right| roles.reach(*right).map(|reach| (right.as_str(), reach_word(reach)));
    Ok(Me {
        kind,
        id,
        name,
        roles: roles.iter().collect(),
        site: SiteName {
            id: site.id.to_string(),
            name: site.details.name,
            time_zone: site.details.zone.name().to_owned(),
        },
        specialty,
        languages,
        must_change_password: signed_in.must_change_password,
        rights: Right::ALL.iter().filter_map(reach).collect(),
    })
}

fn reach_word(reach: Reach) -> &'static str {
    match reach {
        Reach::Own => "own",
        Reach::Site => "site",
        Reach::Everywhere => "everywhere",
    }
}

/// # Errors
/// The cookie is nothing that a header can hold.
pub(super) fn with_cookie(
    response: impl IntoResponse,
    secret: &str,
    life: Duration,
    transport: OverTls,
) -> Result<Response, Problem> {
    let cookie = cookie::set(cookie::SESSION, secret, life, transport).ok_or(Problem::Internal)?;
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), response).into_response())
}
