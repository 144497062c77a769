//! `POST /api/v1/appointments`: from a held slot to a booked appointment, in one transaction with its referral and its attempt's row.

use super::view::AppointmentView;
use super::{shown, visible};
use crate::accounts::secret::random;
use crate::app::App;
use crate::booking;
use crate::endpoints::Problem;
use crate::endpoints::caller::Caller;
use crate::endpoints::openapi::Problems;
use crate::endpoints::request::{Body, ETag, invalid};
use crate::model::appointment::{Appointment, AppointmentInput, Event, Facts, NewAppointment, Transition};
use crate::model::booking_attempt::Attempt;
use crate::model::ids::{AppointmentId, BookingAttemptId};
use crate::model::invalid::Fault;
use crate::model::record::Stamp;
use crate::model::referral::Referral;
use crate::model::refusal::Refusal;
use crate::model::role::{Reach, Right};
use crate::model::slot::{Slot, SlotState};
use crate::storage::attempts::{self, Booked};
use crate::storage::{idempotency, patients, places, referrals, slots};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;

/// Books a slot that the caller holds.
///
/// # Errors
/// `hold_expired`, `hold_of_another`, `time_taken`: nothing was booked, and the attempt is on record.
#[utoipa::path(post, path = "/appointments", tag = "appointments", request_body = AppointmentInput,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = AppointmentView), Problems))]
pub async fn book(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body { value, idempotency }: Body<AppointmentInput>,
) -> Result<(StatusCode, ETag, Json<AppointmentView>), Problem> {
    let user = caller.require_user(Right::WriteAppointments)?;
    let new = NewAppointment::validate(&value)?;
    let slot = slots::find(&app.database, new.slot).await?.ok_or_else(|| invalid("slot", Fault::Unknown))?;
    let plan = Plan::read(&app, &caller, new, &slot).await?;
    let proposed =
        new.propose(AppointmentId::new(caller.now, random()?), &slot, Stamp::first(Some(user), caller.now))?;
    let attempt = Attempt::begin(BookingAttemptId::new(caller.now, random()?), slot.channel, slot.specialty.clone());
    let hold = match slot.state {
        SlotState::Held(hold) => Some(hold),
        _ => None,
    };
    // Whether the time is free is the database's to say, when it is taken.
    let facts = Facts { hold, is_time_free: true, ..Facts::default() };
    let actor = caller.actor();
    let id = attempts::book(&app.database, caller.author(), caller.now, attempt, async |change| {
        if let Some(answered) = idempotency::recall(change, idempotency.as_ref()).await? {
            return Ok(Booked::Replayed(answered));
        }
        let transition = proposed.decide(&actor, Event::Book, &facts, caller.now)?;
        let replaced = plan.replaces.as_ref().and_then(|(old, transition)| Some((old, transition.as_ref()?)));
        booking::book(change, &proposed, &transition, plan.referral.as_ref(), replaced).await?;
        idempotency::remember(change, idempotency.as_ref(), &proposed.id).await?;
        Ok(Booked::New(proposed.id, proposed.id))
    })
    .await?;
    let entry = visible(&app, &caller, id).await?;
    let etag = ETag(entry.appointment.stamp.version);
    Ok((StatusCode::CREATED, etag, Json(shown(&app, &caller, &entry))))
}

/// What the booking is for and what it replaces, each within the caller's reach.
struct Plan {
    referral: Option<Referral>,
    replaces: Option<(Appointment, Option<Transition>)>,
}

impl Plan {
    async fn read(app: &App, caller: &Caller, new: NewAppointment, slot: &Slot) -> Result<Self, Problem> {
        let is_own = caller.user() == Some(slot.specialist);
        let reaches = match caller.require(Right::WriteAppointments)? {
            Reach::Everywhere => true,
            Reach::Site => new.site == caller.site,
            Reach::Own => is_own,
        };
        if !reaches {
            return Err(Refusal::NotAllowed.into());
        }
        patients::find(&app.database, new.patient).await?.ok_or_else(|| invalid("patient", Fault::Unknown))?;
        places::find_site(&app.database, new.site).await?.ok_or_else(|| invalid("site", Fault::Unknown))?;
        let referral = match new.referral {
            Some(id) => {
                let referral = referrals::find(&app.database, id).await?;
                Some(referral.ok_or_else(|| invalid("referral", Fault::Unknown))?)
            }
            None => None,
        };
        if referral.as_ref().is_some_and(|referral| referral.details.patient != new.patient) {
            return Err(invalid("patient", Fault::Contradicts));
        }
        if referral.as_ref().is_some_and(|referral| referral.details.specialty != slot.specialty) {
            return Err(invalid("slot", Fault::Contradicts));
        }
        if let Some(cart) = new.cart {
            let cart = places::find_cart(&app.database, cart).await?.ok_or_else(|| invalid("cart", Fault::Unknown))?;
            if cart.details.site != new.site {
                return Err(invalid("cart", Fault::Contradicts));
            }
        }
        let replaces = match new.rescheduled_from {
            Some(id) => Some(replaced(app, caller, id).await?),
            None => None,
        };
        Ok(Self { referral, replaces })
    }
}

async fn replaced(app: &App, caller: &Caller, id: AppointmentId) -> Result<(Appointment, Option<Transition>), Problem> {
    let old = visible(app, caller, id).await?.appointment;
    let transition = match old.make_way()? {
        Some(event) => Some(old.decide(&caller.actor(), event, &Facts::default(), caller.now)?),
        None => None,
    };
    Ok((old, transition))
}
