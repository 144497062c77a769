//! `GET /api/v1/appointments`: a day's, a week's, a patient's.

use super::shown;
use super::view::AppointmentView;
use crate::app::App;
use crate::endpoints::Problem;
use crate::endpoints::caller::{Caller, Identity};
use crate::endpoints::openapi::Problems;
use crate::endpoints::request::{List, Paging, Params, invalid, parsed, parsed_if_any, time};
use crate::model::invalid::Fault;
use crate::model::refusal::Refusal;
use crate::model::role::{Reach, Right, Role};
use crate::model::time::{Interval, UnixMillis};
use crate::storage::agenda::{self, After, Entry, Whose};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::IntoParams;

/// A list spans a quarter at most.
const MAX_SPAN: Duration = Duration::from_secs(100 * 24 * 60 * 60);

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// RFC 3339: the earliest start.
    #[param(format = "date-time")]
    from: String,
    /// RFC 3339: what starts then or later is left out.
    #[param(format = "date-time")]
    to: String,
    /// Of this site.
    site: Option<String>,
    /// Of this specialist.
    specialist: Option<String>,
    /// On this cart.
    cart: Option<String>,
    /// Of this patient.
    patient: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Appointments by their start. Without `site`, `specialist`, `cart` or `patient`: the caller's own, or those of the caller's site.
///
/// # Errors
/// `invalid`: a time or an id that is none; `not_allowed`: whose they are is out of reach.
#[utoipa::path(get, path = "/appointments", tag = "appointments", params(ListQuery),
    responses((status = 200, body = List<AppointmentView>), Problems))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<ListQuery>,
) -> Result<Json<List<AppointmentView>>, Problem> {
    let reach = caller.require(Right::ReadAppointments)?;
    let window = window(&query)?;
    let whose = whose(&caller, &query, reach)?;
    let limit = Paging { limit: query.limit, cursor: None }.limit()?;
    let after = query.cursor.as_deref().map(parse_cursor).transpose()?;
    let entries = agenda::list(&app.database, whose, window, after, limit + 1).await?;
    let is_last = entries.len() <= limit as usize;
    let page = entries.get(..limit as usize).unwrap_or(&entries);
    let next = page.last().filter(|_| !is_last).map(cursor);
    let is_seen = |entry: &&Entry| super::view::reaches(&caller, Right::ReadAppointments, entry);
    let items = page.iter().filter(is_seen).map(|entry| shown(&app, &caller, entry)).collect();
    Ok(Json(List { items, next }))
}

fn window(query: &ListQuery) -> Result<Interval, Problem> {
    let (from, to) = (time("from", &query.from)?, time("to", &query.to)?);
    let window = Interval::new(from, to).ok_or_else(|| invalid("to", Fault::Contradicts))?;
    if window.duration() > MAX_SPAN { Err(invalid("to", Fault::OutOfRange)) } else { Ok(window) }
}

/// What is asked for, or what is the caller's. Rows out of reach are left out in any case; a list that could hold nothing else is refused.
fn whose(caller: &Caller, query: &ListQuery, reach: Reach) -> Result<Whose, Problem> {
    let specialist = parsed_if_any("specialist", query.specialist.as_deref())?.map(Whose::Specialist);
    let cart = parsed_if_any("cart", query.cart.as_deref())?.map(Whose::Cart);
    let patient = parsed_if_any("patient", query.patient.as_deref())?.map(Whose::Patient);
    let site = parsed_if_any("site", query.site.as_deref())?.map(Whose::Site);
    let asked = specialist.or(cart).or(patient).or(site);
    let own = match caller.identity {
        Identity::Cart(id) => Whose::Cart(id),
        Identity::User(id) if reach == Reach::Own && !caller.roles.contains(Role::Specialist) => Whose::Referrer(id),
        Identity::User(id) if reach == Reach::Own => Whose::Specialist(id),
        Identity::User(_) | Identity::ApiKey(_) => Whose::Site(caller.site),
    };
    match asked {
        Some(Whose::Site(site)) if reach == Reach::Site && site != caller.site => Err(Refusal::NotAllowed.into()),
        asked => Ok(asked.unwrap_or(own)),
    }
}

fn cursor(last: &Entry) -> String {
    format!("{}.{}", last.appointment.time.start().0, last.appointment.id)
}

fn parse_cursor(text: &str) -> Result<After, Problem> {
    let (start, id) = text.split_once('.').ok_or_else(|| invalid("cursor", Fault::Malformed))?;
    let start = start.parse().map_err(|_| invalid("cursor", Fault::Malformed))?;
    Ok(After { start: UnixMillis(start), id: parsed("cursor", id)? })
}
