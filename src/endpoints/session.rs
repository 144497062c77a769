//! `/api/v1/session`: signing in and out, who one is, a new password.

use super::Problem;
use super::caller::{Caller, Identity, OwnPage, SignedIn};
use super::cookie::{self, OverTls, Transport};
use super::openapi::Problems;
use super::request::Body;
use crate::accounts::secret::{self, Secret};
use crate::app::App;
use crate::clock;
use crate::model::account::{self, Login, Proof, SESSION_LIFE};
use crate::model::ids::UserId;
use crate::model::private::Private;
use crate::model::role::{Reach, Right, Role};
use crate::storage::accounts::{self, Credential, NewHolder};
use crate::storage::{Author, places, sign_ins, users};
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
/// `sign_in_failed`, without saying which of the two was wrong; `locked_out` after too many tries, whoever's login it is; `rate_limited`.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignIn, security(()),
    responses((status = 200, body = Me), Problems))]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Extension(transport): Transport,
    _: OwnPage,
    Body { value, .. }: Body<SignIn>,
) -> Result<Response, Problem> {
    let login = Login::new(&value.login).map_err(|_| Problem::SignInRefused)?;
    let credential = accounts::find_credential(&app.database, &login).await?;
    let user = prove(&app, from, &login, credential, Private::new(value.password)).await?;
    let secret = open(&app, user, Proof::Password).await?;
    greet(&app, &secret, SESSION_LIFE, transport).await
}

/// Looks at a password, unless too many were tried. A login that nobody has takes the same way, and as long.
async fn prove(
    app: &App,
    from: SocketAddr,
    login: &Login,
    credential: Option<Credential>,
    password: Private<String>,
) -> Result<UserId, Problem> {
    if !app.sign_in_limit.admit(from.ip(), clock::now()) {
        return Err(Problem::RateLimited);
    }
    let (user, hashed) = credential.map(|credential| (credential.user, credential.password_hash)).unzip();
    let (digest, now) = (secret::hash(login.as_str()), clock::unix_ms());
    let attempts = sign_ins::attempt(&app.database, &digest, user, now).await?.map_err(Problem::LockedOut)?;
    let is_right = app.passwords.verify(&password, hashed).await?;
    match user.filter(|_| is_right) {
        Some(user) => {
            sign_ins::succeeded(&app.database, &digest).await?;
            Ok(user)
        }
        None => {
            let mut change = app.database.change(Author::System, now).await?;
            sign_ins::note_failure(&mut change, user, attempts);
            change.commit().await?;
            Err(Problem::SignInRefused)
        }
    }
}

/// A new session of whoever proved to be `user`.
pub(super) async fn open(app: &App, user: UserId, proof: Proof) -> Result<Secret, Problem> {
    let now = clock::unix_ms();
    let secret = Secret::random("s_")?;
    let mut change = app.database.change(Author::User(user), now).await?;
    accounts::open_session(&mut change, &secret.hash, NewHolder::User(user, proof), now.plus(SESSION_LIFE)).await?;
    change.commit().await?;
    Ok(secret)
}

/// Gives the browser the secret of a new session, and says whose it is.
pub(super) async fn greet(app: &App, secret: &Secret, life: Duration, transport: OverTls) -> Result<Response, Problem> {
    let session = accounts::find_session(&app.database, &secret.hash).await?.ok_or(Problem::Internal)?;
    let me = me_of(app, &SignedIn::of(&session, secret.hash, clock::unix_ms())).await?;
    with_cookie(Json(me), &secret.text, life, transport)
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
/// `sign_in_failed` when the current one is wrong, `locked_out` when that happened too often; `invalid` when the new one is too weak, or
/// the current one.
#[utoipa::path(post, path = "/session/password", tag = "session", request_body = NewPassword,
    responses((status = 204), Problems))]
pub async fn change_password(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    signed_in: SignedIn,
    Body { value, .. }: Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    let user = signed_in.caller.user().ok_or(Problem::SignInRefused)?;
    let credential = accounts::credential_of(&app.database, user).await?.ok_or(Problem::SignInRefused)?;
    let (login, current, new) = (credential.login.clone(), Private::new(value.current), Private::new(value.new));
    account::check_next_password(&login, &current, &new)?;
    prove(&app, from, &login, Some(credential), current).await?;
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
        // A key opens no session.
        Identity::ApiKey(_) => return Err(Problem::NotSignedIn),
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
