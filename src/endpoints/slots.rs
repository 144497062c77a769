//! `/api/v1/slots`: free times for a specialist, a patient and a cart together; holding one while a booking is made.

use super::Problem;
use super::appointments::view::SpecialistView;
use super::caller::Caller;
use super::openapi::Problems;
use super::request::{ETag, Id, List, Params, invalid, parsed, parsed_if_any, rfc3339, time};
use crate::app::App;
use crate::model::appointment::Channel;
use crate::model::ids::{SlotId, UserId};
use crate::model::invalid::Fault;
use crate::model::private::Private;
use crate::model::refusal::Refusal;
use crate::model::role::{Reach, Right};
use crate::model::slot::{Slot, SlotKind, SlotState, SlotStatus};
use crate::model::time::{Interval, UnixMillis};
use crate::storage::slots::{self, Search};
use crate::storage::{StorageError, users};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

#[derive(Serialize, ToSchema)]
pub struct SlotView {
    id: String,
    version: u32,
    start: String,
    end: String,
    specialty: String,
    #[schema(value_type = String)]
    channel: Channel,
    #[schema(value_type = String)]
    kind: SlotKind,
    #[schema(value_type = String)]
    status: SlotStatus,
    /// Until when the caller holds it.
    hold_until: Option<String>,
    specialist: SpecialistView,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    specialty: String,
    /// `cart`, `home_link` or `phone`.
    channel: String,
    /// RFC 3339: the earliest start; now, when left out or past.
    #[param(format = "date-time")]
    from: Option<String>,
    /// RFC 3339: what starts then or later is left out; four weeks on, when left out.
    #[param(format = "date-time")]
    to: Option<String>,
    /// Who must be free then, too.
    patient: Option<String>,
    cart: Option<String>,
    /// Whether slots kept for urgent referrals are wanted.
    urgent: Option<bool>,
    /// 1 to 500; 200 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

const HORIZON: Duration = Duration::from_secs(28 * 24 * 60 * 60);
const MAX_SLOTS: u32 = 500;
const SLOTS: u32 = 200;

/// Slots in which the specialist, the patient and the cart are free.
///
/// # Errors
/// `invalid`.
#[utoipa::path(get, path = "/slots", tag = "slots", params(SearchQuery),
    responses((status = 200, body = List<SlotView>), Problems))]
pub async fn search(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<SearchQuery>,
) -> Result<Json<List<SlotView>>, Problem> {
    caller.require(Right::ReadSchedules)?;
    let search = read(&query, caller.now)?;
    let found = slots::search(&app.database, &search, caller.now).await?;
    let specialists = users::specialists(&app.database, &search.specialty).await?;
    let names: HashMap<UserId, Private<String>> =
        specialists.into_iter().map(|user| (user.id, user.details.name)).collect();
    let items = found.iter().map(|slot| SlotView::of(slot, names.get(&slot.specialist), &caller)).collect();
    Ok(Json(List::whole(items)))
}

/// Holds a slot for the caller for ten minutes.
///
/// # Errors
/// `hold_of_another`, `slot_taken`, `slot_blocked`, `slot_past`.
#[utoipa::path(post, path = "/slots/{id}/hold", tag = "slots", params(("id" = String, Path)),
    responses((status = 200, body = SlotView), Problems))]
pub async fn hold(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SlotId>,
) -> Result<(ETag, Json<SlotView>), Problem> {
    let user = caller.require_user(Right::WriteAppointments)?;
    let slot = slots::find(&app.database, id).await?.ok_or(Problem::NotFound)?;
    let hold = slot.hold(user, caller.now)?;
    set_state(&app, &caller, &slot, SlotState::Held(hold)).await
}

/// Gives a held slot back.
///
/// # Errors
/// `hold_expired`, `hold_of_another`.
#[utoipa::path(delete, path = "/slots/{id}/hold", tag = "slots", params(("id" = String, Path)),
    responses((status = 200, body = SlotView), Problems))]
pub async fn release(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SlotId>,
) -> Result<(ETag, Json<SlotView>), Problem> {
    let user = caller.require_user(Right::WriteAppointments)?;
    let slot = slots::find(&app.database, id).await?.ok_or(Problem::NotFound)?;
    let state = slot.release(user, caller.now)?;
    set_state(&app, &caller, &slot, state).await
}

/// Closes a free slot, so that nobody books it.
///
/// # Errors
/// `slot_taken`, `hold_of_another`.
#[utoipa::path(post, path = "/slots/{id}/block", tag = "slots", params(("id" = String, Path)),
    responses((status = 200, body = SlotView), Problems))]
pub async fn block(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SlotId>,
) -> Result<(ETag, Json<SlotView>), Problem> {
    let slot = own(&app, &caller, id).await?;
    let state = slot.block()?;
    set_state(&app, &caller, &slot, state).await
}

/// Opens a closed slot.
///
/// # Errors
/// `slot_taken`.
#[utoipa::path(post, path = "/slots/{id}/open", tag = "slots", params(("id" = String, Path)),
    responses((status = 200, body = SlotView), Problems))]
pub async fn open(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SlotId>,
) -> Result<(ETag, Json<SlotView>), Problem> {
    let slot = own(&app, &caller, id).await?;
    let state = slot.open(caller.now)?;
    set_state(&app, &caller, &slot, state).await
}

async fn own(app: &App, caller: &Caller, id: SlotId) -> Result<Slot, Problem> {
    let reach = caller.require(Right::WriteSchedules)?;
    let slot = slots::find(&app.database, id).await?.ok_or(Problem::NotFound)?;
    let is_own = caller.user() == Some(slot.specialist);
    if is_own || reach == Reach::Everywhere { Ok(slot) } else { Err(Refusal::NotAllowed.into()) }
}

async fn set_state(
    app: &App,
    caller: &Caller,
    slot: &Slot,
    state: SlotState,
) -> Result<(ETag, Json<SlotView>), Problem> {
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let changed = slots::set_state(&mut change, slot, state).await.map_err(|error| match error {
        // Somebody was faster: what they did to the slot says more than that.
        StorageError::Refused(Refusal::Changed) => Problem::Refused(Refusal::HoldOfAnother),
        error => error.into(),
    })?;
    change.commit().await?;
    let specialist = users::find(&app.database, slot.specialist).await?;
    let name = specialist.map(|user| user.details.name);
    Ok((ETag(changed.stamp.version), Json(SlotView::of(&changed, name.as_ref(), caller))))
}

fn read(query: &SearchQuery, now: UnixMillis) -> Result<Search, Problem> {
    let asked = query.from.as_deref().map(|text| time("from", text)).transpose()?;
    let from = asked.unwrap_or(now).max(now);
    let to = query.to.as_deref().map(|text| time("to", text)).transpose()?.unwrap_or(from.plus(HORIZON));
    let limit = query.limit.unwrap_or(SLOTS);
    if !(1..=MAX_SLOTS).contains(&limit) {
        return Err(invalid("limit", Fault::OutOfRange));
    }
    Ok(Search {
        specialty: parsed("specialty", &query.specialty)?,
        channel: parsed("channel", &query.channel)?,
        within: Interval::new(from, to).ok_or_else(|| invalid("to", Fault::Contradicts))?,
        patient: parsed_if_any("patient", query.patient.as_deref())?,
        cart: parsed_if_any("cart", query.cart.as_deref())?,
        with_reserved: query.urgent.unwrap_or(false),
        limit,
    })
}

impl SlotView {
    pub(super) fn of(slot: &Slot, specialist: Option<&Private<String>>, caller: &Caller) -> Self {
        let state = slot.state.at(caller.now);
        let hold_until = match state {
            SlotState::Held(hold) if caller.user() == Some(hold.by) => Some(rfc3339(hold.until)),
            _ => None,
        };
        Self {
            id: slot.id.to_string(),
            version: slot.stamp.version.0,
            start: rfc3339(slot.time.start()),
            end: rfc3339(slot.time.end()),
            specialty: slot.specialty.to_string(),
            channel: slot.channel,
            kind: slot.kind,
            status: state.status(),
            hold_until,
            specialist: SpecialistView {
                id: slot.specialist.to_string(),
                name: specialist.map(|name| name.reveal().clone()).unwrap_or_default(),
                specialty: Some(slot.specialty.to_string()),
            },
        }
    }
}
