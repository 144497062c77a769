//! Calendars to subscribe to: an address that only its owner knows, and what is at it (RFC 5545).

use super::Problem;
use super::caller::{Caller, Identity};
use super::openapi::Problems;
use super::request::{Params, invalid};
use crate::accounts::secret::{self, Secret};
use crate::app::App;
use crate::calendar;
use crate::clock;
use crate::model::ids::CartId;
use crate::model::invalid::Fault;
use crate::model::language::Language;
use crate::model::refusal::Refusal;
use crate::model::role::{Reach, Right};
use crate::model::schedule::Resource;
use crate::model::time::{Interval, before};
use crate::storage::agenda::{self, Whose};
use crate::storage::{calendar_feeds, places, users};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// What was, so that a month's view is whole; what will be, as far as slots are published.
const PAST: Duration = Duration::from_secs(31 * 24 * 3600);
const AHEAD: Duration = Duration::from_secs(92 * 24 * 3600);
/// Sixteen visits a day, every day of the window.
const MOST: u32 = 2_000;
const SUFFIX: &str = ".ics";

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// Of this cart; the caller's own calendar when left out.
    #[param(value_type = Option<String>)]
    cart: Option<CartId>,
}

#[derive(Serialize, ToSchema)]
pub struct Feed {
    /// Shown this once. A new one makes it worthless.
    url: String,
}

/// Gives a calendar its address.
///
/// # Errors
/// `not_allowed`: a cart of another site.
#[utoipa::path(post, path = "/calendar-feed", tag = "calendar", params(FeedQuery),
    responses((status = 200, body = Feed), Problems))]
pub async fn subscribe(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<FeedQuery>,
) -> Result<Json<Feed>, Problem> {
    let reach = caller.require(Right::ReadAppointments)?;
    let whose = match (query.cart, caller.identity) {
        (None, Identity::User(id)) => Resource::Specialist(id),
        (None, Identity::Cart(id)) => Resource::Cart(id),
        (None, Identity::ApiKey(_)) => return Err(Refusal::NotAllowed.into()),
        (Some(id), identity) => {
            let cart = places::find_cart(&app.database, id).await?.ok_or_else(|| invalid("cart", Fault::Unknown))?;
            let is_reached = match reach {
                Reach::Everywhere => true,
                Reach::Site => cart.details.site == caller.site,
                Reach::Own => identity == Identity::Cart(id),
            };
            if !is_reached {
                return Err(Refusal::NotAllowed.into());
            }
            Resource::Cart(id)
        }
    };
    let token = Secret::random("")?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    calendar_feeds::replace(&mut change, whose, &token.hash).await?;
    change.commit().await?;
    Ok(Json(Feed { url: format!("{}/api/v1/calendar/{}{SUFFIX}", app.link_base, token.text) }))
}

/// A calendar, by its address: a month back and three ahead, without anything of the patients.
///
/// # Errors
/// `not_found`: there is none, or it has another address by now.
#[utoipa::path(get, path = "/calendar/{file}", tag = "calendar", security(()),
    params(("file" = String, Path, description = "The address' token and `.ics`")),
    responses((status = 200, body = String, content_type = "text/calendar"), Problems))]
pub async fn read(State(app): State<Arc<App>>, Path(file): Path<String>) -> Result<impl IntoResponse, Problem> {
    let token = file.strip_suffix(SUFFIX).ok_or(Problem::NotFound)?;
    let feed = calendar_feeds::find(&app.database, &secret::hash(token)).await?.ok_or(Problem::NotFound)?;
    let (whose, language) = match feed {
        Resource::Specialist(id) => {
            let user = users::find(&app.database, id).await?.ok_or(Problem::NotFound)?;
            let first = user.details.languages.as_slice().first().copied();
            (Whose::Specialist(id), first.unwrap_or(Language::Russian))
        }
        Resource::Cart(id) => (Whose::Cart(id), Language::Russian),
    };
    let now = clock::unix_ms();
    let window = Interval::new(before(now, PAST), now.plus(AHEAD)).ok_or(Problem::Internal)?;
    let entries = agenda::list(&app.database, whose, window, None, MOST).await?;
    let headers =
        [(header::CONTENT_TYPE, "text/calendar; charset=utf-8"), (header::CACHE_CONTROL, "private, no-cache")];
    Ok((headers, calendar::render(&entries, language)))
}
