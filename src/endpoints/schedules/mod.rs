//! `/api/v1/schedules` and `/api/v1/schedule-exceptions`: when specialists and carts are there. A specialist's slots follow at once:
//! what the schedules now give is published, what they give no more and nobody has booked is taken back.

mod exceptions;
mod owner;
mod publish;

pub use exceptions::{
    __path_create_exception, __path_delete_exception, __path_list_exceptions, create_exception, delete_exception,
    list_exceptions,
};

use super::Problem;
use super::caller::Caller;
use super::openapi::Problems;
use super::request::{Body, ETag, Id, IfMatch, List, Paging, Params, invalid};
use crate::accounts::secret::random;
use crate::app::App;
use crate::model::appointment::Channel;
use crate::model::ids::{CartId, ScheduleId, UserId};
use crate::model::invalid::Fault;
use crate::model::record::Stamp;
use crate::model::role::Right;
use crate::model::schedule::{NewSchedule, Resource, Schedule, ScheduleInput};
use crate::storage::{idempotency, schedules};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use owner::{Asked, Owner};
use publish::Plan;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Serialize, ToSchema)]
pub struct ScheduleView {
    id: ScheduleId,
    version: u32,
    /// Whose it is: a specialist's or a cart's.
    specialist: Option<UserId>,
    cart: Option<CartId>,
    time_zone: String,
    /// 1 = Monday .. 7 = Sunday.
    #[schema(minimum = 1, maximum = 7)]
    weekday: i8,
    /// `09:00`, by the clock of `time_zone`.
    start: String,
    /// `24:00` is the next midnight.
    end: String,
    slot_minutes: u16,
    channel: Channel,
    #[schema(format = "date")]
    valid_from: String,
    /// The last day, itself included.
    #[schema(format = "date")]
    valid_to: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleBody {
    /// One of the two; a specialist who names neither means oneself.
    #[schema(value_type = Option<UserId>)]
    specialist: Option<String>,
    #[schema(value_type = Option<CartId>)]
    cart: Option<String>,
    /// The site's, when left out.
    time_zone: Option<String>,
    /// 1 = Monday .. 7 = Sunday.
    #[schema(value_type = u8, minimum = 1, maximum = 7)]
    weekday: Option<u8>,
    /// `09:00`
    #[schema(value_type = String, pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    start: Option<String>,
    /// `13:00`; `24:00` is the next midnight.
    #[schema(value_type = String, pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    end: Option<String>,
    #[schema(value_type = u16, minimum = 5, maximum = 240)]
    slot_minutes: Option<u16>,
    #[schema(value_type = Channel)]
    channel: Option<String>,
    /// `2026-11-23`
    #[schema(value_type = String, format = "date")]
    valid_from: Option<String>,
    /// The last day, itself included; left out: until further notice.
    #[schema(format = "date")]
    valid_to: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SchedulesQuery {
    /// One of the two; a specialist who names neither means oneself.
    specialist: Option<String>,
    cart: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The weekly windows of a specialist or of a cart.
///
/// # Errors
/// `not_allowed`, `invalid`.
#[utoipa::path(get, path = "/schedules", tag = "schedules", params(SchedulesQuery),
    responses((status = 200, body = List<ScheduleView>), Problems))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<SchedulesQuery>,
) -> Result<Json<List<ScheduleView>>, Problem> {
    let asked = Asked { specialist: query.specialist.as_deref(), cart: query.cart.as_deref() };
    let owner = Owner::of(&app, &caller, Right::ReadSchedules, asked).await?;
    let views = schedules::of(&app.database, owner.resource).await?.into_iter().map(ScheduleView::of).collect();
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    List::part(views, &paging, |schedule: &ScheduleView| schedule.id.to_string()).map(Json)
}

/// A new weekly window. A specialist's slots are published at once, as far ahead as can be booked.
///
/// # Errors
/// `not_allowed`, `invalid`.
#[utoipa::path(post, path = "/schedules", tag = "schedules", request_body = ScheduleBody,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = ScheduleView), Problems))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body { value, idempotency: key }: Body<ScheduleBody>,
) -> Result<(StatusCode, ETag, Json<ScheduleView>), Problem> {
    let asked = Asked { specialist: value.specialist.as_deref(), cart: value.cart.as_deref() };
    let owner = Owner::of(&app, &caller, Right::WriteSchedules, asked).await?;
    let schedule = Schedule {
        id: ScheduleId::new(caller.now, random()?),
        details: validated(&owner, value)?,
        stamp: Stamp::first(caller.user(), caller.now),
    };
    let mut all = schedules::of(&app.database, owner.resource).await?;
    all.push(schedule.clone());
    let plan = Plan::of_schedules(&app, &caller, &owner, &all).await?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let id = match idempotency::recall(&mut change, key.as_ref()).await? {
        Some(known) => known,
        None => {
            schedules::create(&mut change, &schedule).await?;
            plan.carry_out(&mut change).await?;
            idempotency::remember(&mut change, key.as_ref(), &schedule.id).await?;
            change.commit().await?;
            schedule.id
        }
    };
    let (etag, view) = answer(schedules::find(&app.database, id).await?.ok_or(Problem::NotFound)?);
    Ok((StatusCode::CREATED, etag, view))
}

/// One weekly window.
///
/// # Errors
/// `not_found`, also for one out of reach.
#[utoipa::path(get, path = "/schedules/{id}", tag = "schedules", params(("id" = ScheduleId, Path)),
    responses((status = 200, body = ScheduleView), Problems))]
pub async fn find(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ScheduleId>,
) -> Result<(ETag, Json<ScheduleView>), Problem> {
    let (schedule, _) = known(&app, &caller, Right::ReadSchedules, id).await?;
    Ok(answer(schedule))
}

/// Changes a weekly window; its owner stays. Free slots that it no longer gives are taken back, booked ones stay.
///
/// # Errors
/// `changed`, `invalid`, `not_found`.
#[utoipa::path(put, path = "/schedules/{id}", tag = "schedules", request_body = ScheduleBody,
    params(("id" = ScheduleId, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = ScheduleView), Problems))]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ScheduleId>,
    IfMatch(version): IfMatch,
    Body { value, .. }: Body<ScheduleBody>,
) -> Result<(ETag, Json<ScheduleView>), Problem> {
    let (seen, owner) = known(&app, &caller, Right::WriteSchedules, id).await?;
    seen.stamp.version.expect(version)?;
    owner.require_same(value.specialist.as_deref(), value.cart.as_deref())?;
    let details = validated(&owner, value)?;
    let mut all = schedules::of(&app.database, owner.resource).await?;
    all.retain(|schedule| schedule.id != id);
    all.push(Schedule { details: details.clone(), ..seen.clone() });
    let plan = Plan::of_schedules(&app, &caller, &owner, &all).await?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let schedule = schedules::update(&mut change, &seen, details).await?;
    plan.carry_out(&mut change).await?;
    change.commit().await?;
    Ok(answer(schedule))
}

/// Ends a weekly window at once. Its free slots are taken back, booked ones stay.
///
/// # Errors
/// `changed`, `not_found`.
#[utoipa::path(delete, path = "/schedules/{id}", tag = "schedules",
    params(("id" = ScheduleId, Path), ("If-Match" = String, Header)), responses((status = 204), Problems))]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ScheduleId>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode, Problem> {
    let (seen, owner) = known(&app, &caller, Right::WriteSchedules, id).await?;
    seen.stamp.version.expect(version)?;
    let mut all = schedules::of(&app.database, owner.resource).await?;
    all.retain(|schedule| schedule.id != id);
    let plan = Plan::of_schedules(&app, &caller, &owner, &all).await?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    schedules::delete(&mut change, &seen).await?;
    plan.carry_out(&mut change).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn known(app: &App, caller: &Caller, right: Right, id: ScheduleId) -> Result<(Schedule, Owner), Problem> {
    caller.require(right)?;
    let schedule = schedules::find(&app.database, id).await?.ok_or(Problem::NotFound)?;
    let owner = Owner::within_reach(app, caller, right, schedule.details.resource).await?;
    owner.map(|owner| (schedule, owner)).ok_or(Problem::NotFound)
}

fn validated(owner: &Owner, body: ScheduleBody) -> Result<NewSchedule, Problem> {
    if matches!(owner.resource, Resource::Specialist(_)) && owner.specialist.is_none() {
        return Err(invalid("specialist", Fault::Contradicts));
    }
    let input = ScheduleInput {
        time_zone: body.time_zone.or_else(|| Some(owner.zone.name().to_owned())),
        weekday: body.weekday,
        start: body.start,
        end: body.end,
        slot_minutes: body.slot_minutes,
        channel: body.channel,
        valid_from: body.valid_from,
        valid_to: body.valid_to,
    };
    Ok(NewSchedule::validate(&input, owner.resource)?)
}

fn answer(schedule: Schedule) -> (ETag, Json<ScheduleView>) {
    (ETag(schedule.stamp.version), Json(ScheduleView::of(schedule)))
}

impl ScheduleView {
    fn of(Schedule { id, details, stamp }: Schedule) -> Self {
        let (specialist, cart) = columns(details.resource);
        Self {
            id,
            version: stamp.version.0,
            specialist,
            cart,
            time_zone: details.zone.name().to_owned(),
            weekday: details.weekday.to_monday_one_offset(),
            start: clock_time(details.hours.start_minute()),
            end: clock_time(details.hours.end_minute()),
            slot_minutes: details.slot_minutes,
            channel: details.channel,
            valid_from: details.valid_from.to_string(),
            valid_to: details.valid_to.map(|date| date.to_string()),
        }
    }
}

fn columns(resource: Resource) -> (Option<UserId>, Option<CartId>) {
    match resource {
        Resource::Specialist(id) => (Some(id), None),
        Resource::Cart(id) => (None, Some(id)),
    }
}

fn clock_time(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}
