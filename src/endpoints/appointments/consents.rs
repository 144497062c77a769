//! `POST /api/v1/appointments/{id}/consents`: what a patient decided, written down by whoever asked.

use super::visible;
use crate::accounts::secret::random;
use crate::app::App;
use crate::endpoints::Problem;
use crate::endpoints::caller::{Caller, Identity};
use crate::endpoints::openapi::Problems;
use crate::endpoints::request::{Body, Id, invalid, rfc3339};
use crate::model::consent::{Consent, ConsentInput, Decision, Giver, NewConsent, Purpose, check_withdrawal};
use crate::model::ids::{AppointmentId, ConsentId};
use crate::model::invalid::Fault;
use crate::model::language::Language;
use crate::model::refusal::Refusal;
use crate::model::role::Right;
use crate::storage::agenda::Entry;
use crate::storage::{consent_texts, visits};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct ConsentView {
    #[schema(value_type = String)]
    purpose: Purpose,
    #[schema(value_type = String)]
    decision: Decision,
    text_version: u32,
    #[schema(value_type = String)]
    language: Language,
    #[schema(value_type = String)]
    giver: Giver,
    giver_name: Option<String>,
    at: String,
}

/// A decision about one purpose.
///
/// # Errors
/// `consent_not_given`: what was not given is not withdrawn.
#[utoipa::path(post, path = "/appointments/{id}/consents", tag = "appointments", request_body = ConsentInput,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = ConsentView), Problems))]
pub async fn add_consent(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AppointmentId>,
    Body { value, idempotency }: Body<ConsentInput>,
) -> Result<(StatusCode, Json<ConsentView>), Problem> {
    let entry = visible(&app, &caller, id).await?;
    if !may_ask(&caller, &entry) {
        return Err(Refusal::NotAllowed.into());
    }
    let details = NewConsent::validate(&value)?;
    check_text(&app, &details).await?;
    check_withdrawal(&visits::consents(&app.database, id).await?, &details)?;
    let consent = Consent {
        id: ConsentId::new(caller.now, random()?),
        appointment: id,
        patient: entry.appointment.patient,
        details,
        taken_by: caller.user(),
        at: caller.now,
    };
    let mut change = app.database.change(caller.author(), caller.now).await?;
    visits::record_consent(&mut change, &consent, idempotency.as_ref()).await?;
    change.commit().await?;
    Ok((StatusCode::CREATED, Json(view(&consent))))
}

/// The words that were decided about exist.
///
/// # Errors
/// `invalid`: no such version of the purpose's text.
pub async fn check_text(app: &App, details: &NewConsent) -> Result<(), Problem> {
    let newest = consent_texts::newest(&app.database, details.purpose).await?;
    let is_known = newest.is_some_and(|newest| (1..=newest.version).contains(&details.text_version));
    if is_known { Ok(()) } else { Err(invalid("text_version", Fault::Unknown)) }
}

/// Who has the right, and the visit's own cart, on which the patient answers.
fn may_ask(caller: &Caller, entry: &Entry) -> bool {
    match caller.identity {
        Identity::User(_) => super::view::reaches(caller, Right::GiveConsent, entry),
        Identity::Cart(id) => entry.appointment.cart == Some(id),
        Identity::ApiKey(_) => false,
    }
}

fn view(consent: &Consent) -> ConsentView {
    let details = &consent.details;
    ConsentView {
        purpose: details.purpose,
        decision: details.decision,
        text_version: details.text_version,
        language: details.language,
        giver: details.giver,
        giver_name: details.giver_name.as_ref().map(|name| name.reveal().clone()),
        at: rfc3339(consent.at),
    }
}
