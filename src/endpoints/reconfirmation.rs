//! `/api/v1/reconfirmation`: the contact centre's list of the visits of a day, and each call that is made about one.

use super::Problem;
use super::appointments::view::AppointmentView;
use super::appointments::{shown, visible};
use super::caller::Caller;
use super::openapi::Problems;
use super::request::{Body, Id, List, Paging, Params, invalid, parsed, rfc3339};
use crate::accounts::secret::random;
use crate::app::App;
use crate::booking;
use crate::model::appointment::{Facts, Status};
use crate::model::ids::{AppointmentId, ReconfirmCallId};
use crate::model::invalid::Fault;
use crate::model::reconfirm::{NewReconfirmCall, ReconfirmCall, ReconfirmInput, ReconfirmResult, may_call};
use crate::model::refusal::Refusal;
use crate::model::role::{Reach, Right};
use crate::model::time::{UnixMillis, parse_date};
use crate::storage::agenda::{self, After, Entry};
use crate::storage::{idempotency, places, visits};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Serialize, ToSchema)]
pub struct LineView {
    appointment: AppointmentView,
    /// In their order.
    calls: Vec<CallView>,
}

#[derive(Serialize, ToSchema)]
pub struct CallView {
    attempt: u8,
    #[schema(value_type = String)]
    result: ReconfirmResult,
    note: Option<String>,
    at: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// A day on the clock of the caller's site, `2026-11-22`.
    #[param(format = "date")]
    date: String,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The visits of a day that are to be confirmed or were called about, by their start.
///
/// # Errors
/// `invalid`, `not_allowed`.
#[utoipa::path(get, path = "/reconfirmation", tag = "reconfirmation", params(Query),
    responses((status = 200, body = List<LineView>), Problems))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<List<LineView>>, Problem> {
    let site = match caller.require(Right::WorkReconfirmation)? {
        Reach::Everywhere => None,
        Reach::Site | Reach::Own => Some(caller.site),
    };
    let date = parse_date(&query.date).map_err(|fault| invalid("date", fault))?;
    let home = places::find_site(&app.database, caller.site).await?.ok_or(Problem::Internal)?;
    let day = home.details.zone.day(date).ok_or_else(|| invalid("date", Fault::OutOfRange))?;
    let limit = Paging { limit: query.limit, cursor: None }.limit()?;
    let after = query.cursor.as_deref().map(parse_cursor).transpose()?;
    let entries = agenda::to_reconfirm(&app.database, site, day, after, limit + 1).await?;
    let calls = visits::calls_within(&app.database, day).await?;
    let page = entries.get(..limit as usize).unwrap_or(&entries);
    let next = page.last().filter(|_| entries.len() > page.len()).map(cursor);
    let line = |entry: &Entry| {
        let own: Vec<_> =
            calls.iter().filter(|call| call.appointment == entry.appointment.id).map(CallView::of).collect();
        let is_on_list = entry.appointment.status == Status::Booked || !own.is_empty();
        is_on_list.then(|| LineView { appointment: shown(&app, &caller, entry), calls: own })
    };
    Ok(Json(List { items: page.iter().filter_map(line).collect(), next }))
}

/// Writes down one call. What the patient says happens to the appointment: confirmed, or cancelled and its slot given back.
///
/// # Errors
/// `reconfirm_done`: there is an answer, or there were three calls.
#[utoipa::path(post, path = "/appointments/{id}/calls", tag = "reconfirmation", request_body = ReconfirmInput,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = LineView), Problems))]
pub async fn call(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AppointmentId>,
    Body { value, idempotency }: Body<ReconfirmInput>,
) -> Result<(StatusCode, Json<LineView>), Problem> {
    let operator = caller.require_user(Right::WorkReconfirmation)?;
    let entry = visible(&app, &caller, id).await?;
    if caller.reach(Right::WorkReconfirmation) != Some(Reach::Everywhere) && entry.appointment.site != caller.site {
        return Err(Refusal::NotAllowed.into());
    }
    let details = NewReconfirmCall::validate(&value)?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let answered: Option<ReconfirmCallId> = idempotency::recall(&mut change, idempotency.as_ref()).await?;
    if answered.is_none() {
        let result = details.result;
        let call = ReconfirmCall {
            id: ReconfirmCallId::new(caller.now, random()?),
            appointment: id,
            operator,
            attempt: may_call(&visits::calls(&app.database, id).await?)?,
            details,
            at: caller.now,
        };
        visits::add_call(&mut change, &call).await?;
        if let Some((patient, event)) = result.event() {
            let transition = entry.appointment.decide(&patient, event, &Facts::default(), caller.now)?;
            booking::happen(&mut change, &entry.appointment, &transition).await?;
        }
        idempotency::remember(&mut change, idempotency.as_ref(), &call.id).await?;
        change.commit().await?;
    }
    let entry = visible(&app, &caller, id).await?;
    let calls = visits::calls(&app.database, id).await?.iter().map(CallView::of).collect();
    Ok((StatusCode::CREATED, Json(LineView { appointment: shown(&app, &caller, &entry), calls })))
}

fn cursor(last: &Entry) -> String {
    format!("{}.{}", last.appointment.time.start().0, last.appointment.id)
}

fn parse_cursor(text: &str) -> Result<After, Problem> {
    let (start, id) = text.split_once('.').ok_or_else(|| invalid("cursor", Fault::Malformed))?;
    let start = start.parse().map_err(|_| invalid("cursor", Fault::Malformed))?;
    Ok(After { start: UnixMillis(start), id: parsed("cursor", id)? })
}

impl CallView {
    fn of(call: &ReconfirmCall) -> Self {
        Self {
            attempt: call.attempt,
            result: call.details.result,
            note: call.details.note.as_ref().map(|note| note.reveal().clone()),
            at: rfc3339(call.at),
        }
    }
}
