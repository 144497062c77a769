//! The steps of a patient's way, each by the link: confirm, cancel, consents, check-in, and the one question afterwards. The answer is the
//! visit as it is then.

use super::Guest;
use super::view::{GuestVisit, shown};
use crate::accounts::secret::random;
use crate::app::App;
use crate::booking;
use crate::endpoints::Problem;
use crate::endpoints::appointments::consents::check_text;
use crate::endpoints::openapi::Problems;
use crate::endpoints::problem::accepted_language;
use crate::endpoints::request::{Body, invalid, parsed_if_any};
use crate::model::appointment::{Actor, CancelReason, Event, Facts, Status};
use crate::model::consent::{Consent, ConsentInput, NewConsent, check_withdrawal};
use crate::model::ids::ConsentId;
use crate::model::invalid::Fault;
use crate::storage::visits;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelInput {
    /// `patient_declined`, `patient_ill`, `patient_elsewhere` or `not_needed`.
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SurveyInput {
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    score: u8,
}

/// The patient will come.
///
/// # Errors
/// `appointment_state`, `appointment_ended`.
#[utoipa::path(post, path = "/visit/confirm", tag = "visit", security(("link" = [])),
    responses((status = 200, body = GuestVisit), Problems))]
pub async fn confirm(
    State(app): State<Arc<App>>,
    guest: Guest,
    headers: HeaderMap,
) -> Result<Json<GuestVisit>, Problem> {
    step(&app, &guest, Event::Confirm).await?;
    shown(&app, &guest, accepted_language(&headers)).await.map(Json)
}

/// The patient will not come.
///
/// # Errors
/// `visit_started`, `appointment_state`, `appointment_ended`.
#[utoipa::path(post, path = "/visit/cancel", tag = "visit", request_body = CancelInput, security(("link" = [])),
    responses((status = 200, body = GuestVisit), Problems))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    guest: Guest,
    headers: HeaderMap,
    Body { value, .. }: Body<CancelInput>,
) -> Result<Json<GuestVisit>, Problem> {
    let reason = parsed_if_any("reason", value.reason.as_deref())?.ok_or_else(|| invalid("reason", Fault::Missing))?;
    if !is_a_patients(reason) {
        return Err(invalid("reason", Fault::Unknown));
    }
    step(&app, &guest, Event::Cancel(reason)).await?;
    shown(&app, &guest, accepted_language(&headers)).await.map(Json)
}

/// The patient is here: opens the waiting room, from 30 minutes before the start. Once more is no error.
///
/// # Errors
/// `check_in_too_early`, `check_in_too_late`, `appointment_ended`.
#[utoipa::path(post, path = "/visit/check-in", tag = "visit", security(("link" = [])),
    responses((status = 200, body = GuestVisit), Problems))]
pub async fn check_in(
    State(app): State<Arc<App>>,
    guest: Guest,
    headers: HeaderMap,
) -> Result<Json<GuestVisit>, Problem> {
    guest.require_patient()?;
    let is_here = matches!(guest.entry(&app).await?.appointment.status, Status::CheckedIn | Status::InCall);
    if !is_here {
        step(&app, &guest, Event::CheckIn).await?;
    }
    shown(&app, &guest, accepted_language(&headers)).await.map(Json)
}

/// A decision about one purpose.
///
/// # Errors
/// `consent_not_given`: what was not given is not withdrawn.
#[utoipa::path(post, path = "/visit/consents", tag = "visit", request_body = ConsentInput, security(("link" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = GuestVisit), Problems))]
pub async fn consent(
    State(app): State<Arc<App>>,
    guest: Guest,
    headers: HeaderMap,
    Body { value, idempotency }: Body<ConsentInput>,
) -> Result<(StatusCode, Json<GuestVisit>), Problem> {
    guest.require_patient()?;
    let details = NewConsent::validate(&value)?;
    check_text(&app, &details).await?;
    let entry = guest.entry(&app).await?;
    let appointment = &entry.appointment;
    check_withdrawal(&visits::consents(&app.database, appointment.id).await?, &details)?;
    let id = ConsentId::new(guest.now, random()?);
    let consent = Consent {
        id,
        appointment: appointment.id,
        patient: appointment.patient,
        details,
        taken_by: None,
        at: guest.now,
    };
    let mut change = app.database.change(guest.author(), guest.now).await?;
    visits::record_consent(&mut change, &consent, idempotency.as_ref()).await?;
    change.commit().await?;
    Ok((StatusCode::CREATED, Json(shown(&app, &guest, accepted_language(&headers)).await?)))
}

/// How it was; the last answer counts.
///
/// # Errors
/// `not_found`: there was no visit.
#[utoipa::path(post, path = "/visit/survey", tag = "visit", request_body = SurveyInput, security(("link" = [])),
    responses((status = 204), Problems))]
pub async fn survey(
    State(app): State<Arc<App>>,
    guest: Guest,
    Body { value, .. }: Body<SurveyInput>,
) -> Result<StatusCode, Problem> {
    guest.require_patient()?;
    if !(1..=5).contains(&value.score) {
        return Err(invalid("score", Fault::OutOfRange));
    }
    let mut change = app.database.change(guest.author(), guest.now).await?;
    visits::set_survey_score(&mut change, guest.link.appointment, value.score).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn step(app: &App, guest: &Guest, event: Event) -> Result<(), Problem> {
    guest.require_patient()?;
    let appointment = guest.entry(app).await?.appointment;
    let transition = appointment.decide(&Actor::Patient, event, &Facts::default(), guest.now)?;
    let mut change = app.database.change(guest.author(), guest.now).await?;
    booking::happen(&mut change, &appointment, &transition).await?;
    change.commit().await?;
    Ok(())
}

/// Why a patient does not come; the other reasons are the clinic's.
fn is_a_patients(reason: CancelReason) -> bool {
    use CancelReason::{NotNeeded, PatientDeclined, PatientElsewhere, PatientIll};
    matches!(reason, PatientDeclined | PatientIll | PatientElsewhere | NotNeeded)
}
