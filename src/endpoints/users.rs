//! `/api/v1/users`: people with an account. The administrator makes them, changes them and hands out one-time passwords; who plans
//! visits sees the specialists; everybody sees oneself.

use super::Problem;
use super::caller::Caller;
use super::openapi::Problems;
use super::request::{Body, ETag, Id, IfMatch, List, Paging, Params, invalid, parsed_if_any};
use crate::accounts::password;
use crate::accounts::secret::random;
use crate::app::App;
use crate::model::account::Login;
use crate::model::ids::{SiteId, UserId};
use crate::model::invalid::{Fault, Fields};
use crate::model::language::Language;
use crate::model::record::Stamp;
use crate::model::role::{Reach, Right, Role};
use crate::model::specialty::Specialty;
use crate::model::user::{NewUser, User, UserInput};
use crate::storage::users::{Account, Filter};
use crate::storage::{accounts, idempotency, places, sign_ins, users};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Serialize, ToSchema)]
pub struct UserView {
    id: UserId,
    version: u32,
    site: SiteId,
    name: String,
    /// For the administrator's eyes alone.
    login: Option<String>,
    roles: Vec<Role>,
    #[schema(value_type = Option<String>)]
    specialty: Option<Specialty>,
    languages: Vec<Language>,
    /// Too many wrong passwords; it passes by itself, or with a new password.
    is_locked: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserBody {
    #[schema(value_type = SiteId)]
    site: Option<String>,
    #[schema(value_type = String, min_length = 2, max_length = 200)]
    name: Option<String>,
    /// Left out: nobody signs in as this user with a password.
    login: Option<String>,
    #[serde(default)]
    #[schema(value_type = Vec<Role>)]
    roles: Vec<String>,
    /// A specialist has one.
    specialty: Option<String>,
    /// Best first.
    #[serde(default)]
    #[schema(value_type = Vec<Language>)]
    languages: Vec<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsersQuery {
    site: Option<String>,
    role: Option<String>,
    specialty: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct OneTimePassword {
    /// Shown once; whoever signs in with it must set another.
    one_time_password: String,
}

/// Users within reach, by name.
///
/// # Errors
/// `invalid`.
#[utoipa::path(get, path = "/users", tag = "users", params(UsersQuery),
    responses((status = 200, body = List<UserView>), Problems))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<UsersQuery>,
) -> Result<Json<List<UserView>>, Problem> {
    let asked = Filter {
        id: None,
        site: parsed_if_any("site", query.site.as_deref())?,
        role: parsed_if_any("role", query.role.as_deref())?,
        specialty: parsed_if_any("specialty", query.specialty.as_deref())?,
    };
    let limit = Paging { limit: query.limit, cursor: None }.limit()?;
    let after = parsed_if_any("cursor", query.cursor.as_deref())?;
    let Some(filter) = within_reach(&caller, asked) else { return Ok(Json(List::whole(Vec::new()))) };
    let mut found = users::accounts(&app.database, &filter, after, limit + 1).await?;
    let is_last = found.len() <= limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| !is_last).map(|account| account.user.id.to_string());
    let locked = sign_ins::locked(&app.database, caller.now).await?;
    let views = found.into_iter().map(|account| view(account, &caller, &locked));
    Ok(Json(List { items: views.collect(), next }))
}

/// One user.
///
/// # Errors
/// `not_found`, also for one out of reach.
#[utoipa::path(get, path = "/users/{id}", tag = "users", params(("id" = UserId, Path)),
    responses((status = 200, body = UserView), Problems))]
pub async fn find(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<UserId>,
) -> Result<(ETag, Json<UserView>), Problem> {
    let filter = within_reach(&caller, Filter { id: Some(id), ..Filter::default() }).ok_or(Problem::NotFound)?;
    let found = users::accounts(&app.database, &filter, None, 1).await?;
    answer(&app, &caller, found.into_iter().next().ok_or(Problem::NotFound)?).await
}

/// A new user, who signs in once `/users/{id}/password` has given a password.
///
/// # Errors
/// `exists`: the login is taken; `invalid`.
#[utoipa::path(post, path = "/users", tag = "users", request_body = UserBody,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = UserView), Problems))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body { value, idempotency: key }: Body<UserBody>,
) -> Result<(StatusCode, ETag, Json<UserView>), Problem> {
    caller.require_everywhere(Right::WriteUsers)?;
    let (details, login) = validated(&app, value).await?;
    // Nobody is ever told this one.
    let unknown = app.passwords.hash(&password::one_time()?).await?;
    let user = User { id: UserId::new(caller.now, random()?), details, stamp: Stamp::first(caller.user(), caller.now) };
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let id = match idempotency::recall(&mut change, key.as_ref()).await? {
        Some(known) => known,
        None => {
            users::create(&mut change, &user).await?;
            if let Some(login) = &login {
                accounts::create_credential(&mut change, user.id, login, unknown, true).await?;
            }
            idempotency::remember(&mut change, key.as_ref(), &user.id).await?;
            change.commit().await?;
            user.id
        }
    };
    let (etag, view) = answer(&app, &caller, account(&app, id).await?.ok_or(Problem::Internal)?).await?;
    Ok((StatusCode::CREATED, etag, view))
}

/// Changes a user. What the roles allow counts from the next request on.
///
/// # Errors
/// `changed`, `exists`, `invalid`, `not_found`; `own_account`: nobody takes the administrator's role from oneself.
#[utoipa::path(put, path = "/users/{id}", tag = "users", request_body = UserBody,
    params(("id" = UserId, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = UserView), Problems))]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<UserId>,
    IfMatch(version): IfMatch,
    Body { value, .. }: Body<UserBody>,
) -> Result<(ETag, Json<UserView>), Problem> {
    caller.require_everywhere(Right::WriteUsers)?;
    let (details, login) = validated(&app, value).await?;
    let seen = account(&app, id).await?.ok_or(Problem::NotFound)?;
    seen.user.stamp.version.expect(version)?;
    if caller.user() == Some(id) && !details.roles.contains(Role::Admin) {
        return Err(Problem::Conflict("own_account"));
    }
    let login = login.filter(|login| seen.login.as_deref() != Some(login.as_str()));
    let unknown = app.passwords.hash(&password::one_time()?).await?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    users::update(&mut change, &seen.user, details).await?;
    match (login, &seen.login) {
        (Some(login), Some(_)) => accounts::set_login(&mut change, id, &login).await?,
        (Some(login), None) => accounts::create_credential(&mut change, id, &login, unknown, true).await?,
        (None, _) => {}
    }
    change.commit().await?;
    answer(&app, &caller, account(&app, id).await?.ok_or(Problem::Internal)?).await
}

/// Gives a user a one-time password. Every session of the user ends, so that this also shuts out who has left.
///
/// # Errors
/// `not_found`; `invalid`: the user has no login.
#[utoipa::path(post, path = "/users/{id}/password", tag = "users", params(("id" = UserId, Path)),
    responses((status = 200, body = OneTimePassword), Problems))]
pub async fn reset_password(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<UserId>,
) -> Result<([(HeaderName, &'static str); 1], Json<OneTimePassword>), Problem> {
    caller.require_everywhere(Right::WriteUsers)?;
    let account = account(&app, id).await?.ok_or(Problem::NotFound)?;
    account.login.ok_or_else(|| invalid("login", Fault::Missing))?;
    let password = password::one_time()?;
    let hashed = app.passwords.hash(&password).await?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    accounts::set_password(&mut change, id, hashed, true, None).await?;
    change.commit().await?;
    let one_time_password = password.reveal().clone();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(OneTimePassword { one_time_password })))
}

/// What the caller may see of what is asked for; `None`: nothing.
fn within_reach(caller: &Caller, asked: Filter) -> Option<Filter> {
    if caller.reach(Right::WriteUsers) == Some(Reach::Everywhere) {
        return Some(asked);
    }
    let own = caller.user()?;
    if asked.id == Some(own) {
        return Some(asked);
    }
    let specialists = Some(Role::Specialist);
    match caller.reach(Right::ReadSchedules) {
        Some(Reach::Everywhere) if asked.role.is_none_or(|role| Some(role) == specialists) => {
            Some(Filter { role: specialists, ..asked })
        }
        Some(Reach::Everywhere) => None,
        _ => asked.id.is_none().then_some(Filter { id: Some(own), ..asked }),
    }
}

async fn account(app: &App, id: UserId) -> Result<Option<Account>, Problem> {
    let filter = Filter { id: Some(id), ..Filter::default() };
    Ok(users::accounts(&app.database, &filter, None, 1).await?.into_iter().next())
}

/// All that is wrong with the fields at once.
async fn validated(app: &App, body: UserBody) -> Result<(NewUser, Option<Login>), Problem> {
    let input = UserInput {
        site: body.site,
        name: body.name,
        roles: Some(body.roles.join(",")),
        specialty: body.specialty,
        languages: Some(body.languages.join(",")),
    };
    let mut fields = Fields::new();
    let login = match body.login.as_deref().map(str::trim).filter(|login| !login.is_empty()) {
        Some(login) => fields.take("login", Login::new(login)).map(Some),
        None => Some(None),
    };
    match (NewUser::validate(&input), fields.finish(login)) {
        (Ok(user), Ok(login)) => {
            let site = places::find_site(&app.database, user.site).await?;
            site.map(|_| (user, login)).ok_or_else(|| invalid("site", Fault::Unknown))
        }
        (user, login) => {
            let faults = [user.err(), login.err()].into_iter().flatten().flat_map(|invalid| invalid.0);
            Err(Problem::Invalid(faults.collect()))
        }
    }
}

async fn answer(app: &App, caller: &Caller, account: Account) -> Result<(ETag, Json<UserView>), Problem> {
    let locked = sign_ins::locked(&app.database, caller.now).await?;
    Ok((ETag(account.user.stamp.version), Json(view(account, caller, &locked))))
}

fn view(account: Account, caller: &Caller, locked: &[UserId]) -> UserView {
    let is_administrator = caller.reach(Right::WriteUsers).is_some();
    let User { id, details, stamp } = account.user;
    UserView {
        id,
        version: stamp.version.0,
        site: details.site,
        name: details.name.reveal().clone(),
        login: account.login.filter(|_| is_administrator),
        roles: details.roles.iter().collect(),
        specialty: details.specialty,
        languages: details.languages.as_slice().to_vec(),
        is_locked: locked.contains(&id),
    }
}
