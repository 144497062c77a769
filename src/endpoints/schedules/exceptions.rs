//! Hours and days on which a specialist or a cart is away. Visits that are booked then stay: `/days-off` looks after the patients.

use super::owner::{Asked, Owner};
use super::publish::Plan;
use super::{clock_time, columns};
use crate::accounts::secret::random;
use crate::app::App;
use crate::endpoints::Problem;
use crate::endpoints::caller::Caller;
use crate::endpoints::openapi::Problems;
use crate::endpoints::request::{Body, Id, List, Paging, Params, invalid, rfc3339};
use crate::model::ids::{CartId, ScheduleExceptionId, UserId};
use crate::model::invalid::Fault;
use crate::model::role::Right;
use crate::model::schedule::{ExceptionInput, NewException, ScheduleException};
use crate::model::time::parse_date;
use crate::storage::{StorageError, idempotency, schedules};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// A year and a day.
const MAX_DAYS: i32 = 366;
/// Days that a list shows when nobody says until when.
const DAYS: i32 = 90;

#[derive(Serialize, ToSchema)]
pub struct ExceptionView {
    id: ScheduleExceptionId,
    /// Who is away: a specialist or a cart.
    specialist: Option<UserId>,
    cart: Option<CartId>,
    #[schema(format = "date")]
    date: String,
    /// `00:00` to `24:00` is the whole day.
    start: String,
    end: String,
    reason: String,
    #[schema(format = "date-time")]
    created: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionBody {
    /// One of the two; a specialist who names neither means oneself.
    #[schema(value_type = Option<UserId>)]
    specialist: Option<String>,
    #[schema(value_type = Option<CartId>)]
    cart: Option<String>,
    /// `2026-11-23`, by the site's clock.
    #[schema(value_type = String, format = "date")]
    date: Option<String>,
    /// `09:00`; with neither start nor end the whole day.
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    start: Option<String>,
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    end: Option<String>,
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    reason: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExceptionsQuery {
    /// One of the two; a specialist who names neither means oneself.
    specialist: Option<String>,
    cart: Option<String>,
    /// The first day; today, when left out.
    from: Option<String>,
    /// The last day; 90 days on, when left out.
    to: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// When a specialist or a cart is away.
///
/// # Errors
/// `not_allowed`, `invalid`.
#[utoipa::path(get, path = "/schedule-exceptions", tag = "schedules", params(ExceptionsQuery),
    responses((status = 200, body = List<ExceptionView>), Problems))]
pub async fn list_exceptions(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<ExceptionsQuery>,
) -> Result<Json<List<ExceptionView>>, Problem> {
    let asked = Asked { specialist: query.specialist.as_deref(), cart: query.cart.as_deref() };
    let owner = Owner::of(&app, &caller, Right::ReadSchedules, asked).await?;
    let today = owner.zone.local(caller.now).date();
    let first = date("from", query.from.as_deref())?.unwrap_or(today);
    let last = date("to", query.to.as_deref())?.unwrap_or_else(|| first.saturating_add(DAYS.days()));
    if last < first || first.saturating_add(MAX_DAYS.days()) < last {
        return Err(invalid("to", Fault::OutOfRange));
    }
    let found = schedules::exceptions(&app.database, owner.resource, first, last).await?;
    let views = found.into_iter().map(ExceptionView::of).collect();
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    List::part(views, &paging, |exception: &ExceptionView| exception.id.to_string()).map(Json)
}

/// Somebody is away. Free slots of that time are taken back.
///
/// # Errors
/// `not_allowed`, `invalid`.
#[utoipa::path(post, path = "/schedule-exceptions", tag = "schedules", request_body = ExceptionBody,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = ExceptionView), Problems))]
pub async fn create_exception(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body { value, idempotency: key }: Body<ExceptionBody>,
) -> Result<(StatusCode, Json<ExceptionView>), Problem> {
    let asked = Asked { specialist: value.specialist.as_deref(), cart: value.cart.as_deref() };
    let owner = Owner::of(&app, &caller, Right::WriteSchedules, asked).await?;
    let ExceptionBody { date, start, end, reason, .. } = value;
    let details = NewException::validate(&ExceptionInput { date, start, end, reason }, owner.resource)?;
    let exception = ScheduleException {
        id: ScheduleExceptionId::new(caller.now, random()?),
        details,
        created_by: caller.user(),
        created: caller.now,
    };
    let mut absences = ahead(&app, &caller, &owner).await?;
    absences.push(exception.clone());
    let plan = planned(&app, &caller, &owner, absences).await?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let id = match idempotency::recall(&mut change, key.as_ref()).await? {
        Some(known) => known,
        None => {
            schedules::create_exception(&mut change, &exception).await?;
            plan.carry_out(&mut change).await?;
            idempotency::remember(&mut change, key.as_ref(), &exception.id).await?;
            change.commit().await?;
            exception.id
        }
    };
    let exception = schedules::find_exception(&app.database, id).await?.ok_or(Problem::NotFound)?;
    Ok((StatusCode::CREATED, Json(ExceptionView::of(exception))))
}

/// Somebody is there after all. The slots of that time are published again.
///
/// # Errors
/// `not_found`, also for one out of reach.
#[utoipa::path(delete, path = "/schedule-exceptions/{id}", tag = "schedules",
    params(("id" = ScheduleExceptionId, Path)), responses((status = 204), Problems))]
pub async fn delete_exception(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ScheduleExceptionId>,
) -> Result<StatusCode, Problem> {
    caller.require(Right::WriteSchedules)?;
    let exception = schedules::find_exception(&app.database, id).await?.ok_or(Problem::NotFound)?;
    let owner = Owner::within_reach(&app, &caller, Right::WriteSchedules, exception.details.resource).await?;
    let owner = owner.ok_or(Problem::NotFound)?;
    let mut absences = ahead(&app, &caller, &owner).await?;
    absences.retain(|absence| absence.id != id);
    let plan = planned(&app, &caller, &owner, absences).await?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    schedules::delete_exception(&mut change, id).await?;
    plan.carry_out(&mut change).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The owner's absences within what can be booked.
async fn ahead(app: &App, caller: &Caller, owner: &Owner) -> Result<Vec<ScheduleException>, StorageError> {
    let [first, last] = [caller.now, caller.now.plus(app.horizon)].map(|at| owner.zone.local(at).date());
    schedules::exceptions(&app.database, owner.resource, first, last).await
}

async fn planned(app: &App, caller: &Caller, owner: &Owner, absences: Vec<ScheduleException>) -> Result<Plan, Problem> {
    let absences: Vec<_> = absences.into_iter().map(|absence| absence.details).collect();
    Plan::of_absences(app, caller, owner, &absences).await
}

fn date(field: &'static str, text: Option<&str>) -> Result<Option<Date>, Problem> {
    text.map(|text| parse_date(text).map_err(|fault| invalid(field, fault))).transpose()
}

impl ExceptionView {
    fn of(exception: ScheduleException) -> Self {
        let (specialist, cart) = columns(exception.details.resource);
        Self {
            id: exception.id,
            specialist,
            cart,
            date: exception.details.date.to_string(),
            start: clock_time(exception.details.hours.start_minute()),
            end: clock_time(exception.details.hours.end_minute()),
            reason: exception.details.reason,
            created: rfc3339(exception.created),
        }
    }
}
