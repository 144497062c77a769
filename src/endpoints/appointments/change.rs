//! What becomes of an appointment: the state machine's events, and another place at the same time.

use super::view::{AppointmentView, may_change};
use super::{shown, visible};
use crate::app::App;
use crate::booking;
use crate::endpoints::Problem;
use crate::endpoints::caller::Caller;
use crate::endpoints::openapi::Problems;
use crate::endpoints::request::{Body, ETag, Id, IfMatch, invalid, parsed, parsed_if_any};
use crate::messages;
use crate::model::appointment::{Channel, Event, EventKind, Facts, Place};
use crate::model::consent::Purpose;
use crate::model::ids::{AppointmentId, CartId};
use crate::model::invalid::Fault;
use crate::model::refusal::Refusal;
use crate::model::time::UnixMillis;
use crate::storage::agenda::Entry;
use crate::storage::{appointments, conclusions, places};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventInput {
    /// `confirm`, `check_in`, `admit`, `complete`, `cancel`, `confirm_no_show`, `confirm_failure` or `enter_in_error`.
    event: String,
    /// Of `cancel`: why; of `complete`: why there is no conclusion.
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceInput {
    /// `cart`, `home_link` or `phone`.
    channel: String,
    cart: Option<String>,
}

/// Makes an event happen to an appointment.
///
/// # Errors
/// The rule that says no; `changed` when somebody was faster.
#[utoipa::path(post, path = "/appointments/{id}/events", tag = "appointments", request_body = EventInput,
    params(("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = AppointmentView), Problems))]
pub async fn apply(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AppointmentId>,
    IfMatch(seen): IfMatch,
    Body { value, .. }: Body<EventInput>,
) -> Result<(ETag, Json<AppointmentView>), Problem> {
    let event = read_event(&value)?;
    let entry = changeable(&app, &caller, id).await?;
    entry.appointment.stamp.version.expect(seen)?;
    let facts = facts(&app, &entry, caller.now).await?;
    let transition = entry.appointment.decide(&caller.actor(), event, &facts, caller.now)?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    booking::happen(&mut change, &entry.appointment, &transition).await?;
    change.commit().await?;
    answer(&app, &caller, id).await
}

/// Moves a visit to another cart, to a link at home or to the telephone, at its time.
///
/// # Errors
/// `time_taken`: the cart has another visit then.
#[utoipa::path(post, path = "/appointments/{id}/place", tag = "appointments", request_body = PlaceInput,
    params(("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = AppointmentView), Problems))]
pub async fn place(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AppointmentId>,
    IfMatch(seen): IfMatch,
    Body { value, .. }: Body<PlaceInput>,
) -> Result<(ETag, Json<AppointmentView>), Problem> {
    let entry = changeable(&app, &caller, id).await?;
    entry.appointment.stamp.version.expect(seen)?;
    let place = read_place(&app, &entry, &value).await?;
    let moved = entry.appointment.moved_to(place, &caller.actor(), caller.now)?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    appointments::move_to(&mut change, &entry.appointment, &moved).await?;
    messages::on_another_place(&mut change, &moved).await?;
    change.commit().await?;
    answer(&app, &caller, id).await
}

/// An appointment that the caller may change.
pub(super) async fn changeable(app: &App, caller: &Caller, id: AppointmentId) -> Result<Entry, Problem> {
    let entry = visible(app, caller, id).await?;
    if may_change(caller, &entry) { Ok(entry) } else { Err(Refusal::NotAllowed.into()) }
}

async fn answer(app: &App, caller: &Caller, id: AppointmentId) -> Result<(ETag, Json<AppointmentView>), Problem> {
    let entry = visible(app, caller, id).await?;
    Ok((ETag(entry.appointment.stamp.version), Json(shown(app, caller, &entry))))
}

fn read_event(input: &EventInput) -> Result<Event, Problem> {
    let reason = input.reason.as_deref();
    match parsed("event", &input.event)? {
        EventKind::Confirm => Ok(Event::Confirm),
        EventKind::CheckIn => Ok(Event::CheckIn),
        EventKind::Admit => Ok(Event::Admit),
        EventKind::Complete => Ok(Event::Complete(parsed_if_any("reason", reason)?)),
        EventKind::Cancel => {
            Ok(Event::Cancel(parsed_if_any("reason", reason)?.ok_or_else(|| invalid("reason", Fault::Missing))?))
        }
        EventKind::ConfirmNoShow => Ok(Event::ConfirmNoShow),
        EventKind::ConfirmFailure => Ok(Event::ConfirmFailure),
        EventKind::EnterInError => Ok(Event::EnterInError),
        EventKind::Book | EventKind::ProposeNoShow | EventKind::ProposeFailure => Err(invalid("event", Fault::Unknown)),
    }
}

async fn read_place(app: &App, entry: &Entry, input: &PlaceInput) -> Result<Place, Problem> {
    match (parsed("channel", &input.channel)?, &input.cart) {
        (Channel::HomeLink, None) => Ok(Place::HomeLink),
        (Channel::Phone, None) => Ok(Place::Phone),
        (Channel::Cart, Some(id)) => {
            let cart: CartId = parsed("cart", id)?;
            let found = places::find_cart(&app.database, cart).await?.ok_or_else(|| invalid("cart", Fault::Unknown))?;
            if found.details.site != entry.appointment.site {
                return Err(invalid("cart", Fault::Contradicts));
            }
            // Whether it is free then is the database's to say.
            Ok(Place::Cart { cart, is_free: true })
        }
        (Channel::Cart, None) => Err(invalid("cart", Fault::Missing)),
        (_, Some(_)) => Err(invalid("cart", Fault::Contradicts)),
    }
}

/// What the state machine has to know besides the appointment.
async fn facts(app: &App, entry: &Entry, now: UnixMillis) -> Result<Facts, Problem> {
    let appointment = &entry.appointment;
    let conclusions = conclusions::of_appointment(&app.database, appointment.id).await?;
    Ok(Facts {
        is_consent_decided: entry.consents.contains_key(&Purpose::Consultation),
        has_summary: !conclusions.is_empty(),
        was_specialist_present: app.presence.was_there(appointment.specialist, appointment.time.start()),
        was_cart_online: entry.cart.as_ref().is_some_and(|cart| cart.is_online(now)),
        ..Facts::default()
    })
}
