//! `POST /api/v1/days-off`: a specialist cancels a day, and everybody whom it concerns is offered another time or put on the list of calls.

use super::Problem;
use super::appointments::view::AppointmentView;
use super::appointments::{shown, visible};
use super::caller::Caller;
use super::openapi::Problems;
use super::request::{Body, invalid, parsed};
use crate::app::App;
use crate::booking::day_off::{self, DayOff};
use crate::model::ids::UserId;
use crate::model::invalid::Fault;
use crate::model::refusal::Refusal;
use crate::model::role::{Reach, Right, Role};
use crate::model::schedule::{ExceptionInput, NewException, Resource};
use crate::storage::{idempotency, places, users};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DayOffBody {
    specialist: String,
    /// On the clock of the specialist's site, `2026-11-22`.
    date: String,
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub struct DayOffView {
    /// Earliest visit first.
    affected: Vec<AffectedView>,
}

#[derive(Serialize, ToSchema)]
pub struct AffectedView {
    appointment: AppointmentView,
    outcome: Outcome,
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Another time of the same specialty was offered by message.
    Offered,
    /// By telephone: nothing was found, or a message would come too late.
    Call,
}

/// Cancels a specialist's day: by the specialist, by the senior or by the administrator.
///
/// # Errors
/// `not_allowed`, `invalid`.
#[utoipa::path(post, path = "/days-off", tag = "schedules", request_body = DayOffBody,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = DayOffView), Problems))]
pub async fn take(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body { value, idempotency }: Body<DayOffBody>,
) -> Result<(StatusCode, Json<DayOffView>), Problem> {
    let specialist: UserId = parsed("specialist", &value.specialist)?;
    allow(&caller, specialist)?;
    let user = users::find(&app.database, specialist).await?.ok_or_else(|| invalid("specialist", Fault::Unknown))?;
    let specialty = user.details.specialty.as_ref().ok_or_else(|| invalid("specialist", Fault::Unknown))?;
    let site = places::find_site(&app.database, user.details.site).await?.ok_or(Problem::Internal)?;
    let input = ExceptionInput { date: Some(value.date), reason: Some(value.reason), ..ExceptionInput::default() };
    let absence = NewException::validate(&input, Resource::Specialist(specialist))?;
    let window = site.details.zone.day(absence.date).ok_or_else(|| invalid("date", Fault::OutOfRange))?;
    if window.end() <= caller.now {
        return Err(invalid("date", Fault::Past));
    }
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let outcomes = match idempotency::recall(&mut change, idempotency.as_ref()).await? {
        Some(answered) => answered,
        None => {
            let day = DayOff { absence: &absence, specialist, specialty, window };
            let affected = day_off::take(&app.database, &mut change, &caller.actor(), &day).await?;
            let outcome = |is_offered| if is_offered { Outcome::Offered } else { Outcome::Call };
            let outcomes: Vec<_> =
                affected.iter().map(|one| (one.cancelled.id, outcome(one.offer.is_some()))).collect();
            idempotency::remember(&mut change, idempotency.as_ref(), &outcomes).await?;
            change.commit().await?;
            outcomes
        }
    };
    let mut affected = Vec::new();
    for (id, outcome) in outcomes {
        let entry = visible(&app, &caller, id).await?;
        affected.push(AffectedView { appointment: shown(&app, &caller, &entry), outcome });
    }
    Ok((StatusCode::CREATED, Json(DayOffView { affected })))
}

fn allow(caller: &Caller, specialist: UserId) -> Result<(), Problem> {
    let is_own = caller.user() == Some(specialist) && caller.reach(Right::WriteSchedules).is_some();
    let is_everywhere = caller.reach(Right::WriteSchedules) == Some(Reach::Everywhere);
    if is_own || is_everywhere || caller.roles.contains(Role::Senior) {
        Ok(())
    } else {
        Err(Refusal::NotAllowed.into())
    }
}
