//! `/api/v1/appointments/{id}/conclusion`: the specialist's draft, and what was signed. Completing the visit signs it; from then on there
//! are addenda, each signed at once.

use super::visible;
use crate::accounts::secret::random;
use crate::app::App;
use crate::endpoints::Problem;
use crate::endpoints::caller::Caller;
use crate::endpoints::openapi::Problems;
use crate::endpoints::request::{Body, ETag, Id, IfMatch, rfc3339};
use crate::model::appointment::Status;
use crate::model::conclusion::{CONCLUSION, Conclusion, ConclusionInput, NewConclusion};
use crate::model::ids::{AppointmentId, ConclusionId, UserId};
use crate::model::record::{Stamp, Version};
use crate::model::refusal::Refusal;
use crate::model::role::Right;
use crate::storage::agenda::Entry;
use crate::storage::{conclusions, idempotency};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// No conclusion yet.
const NONE_YET: Version = Version(0);

#[derive(Serialize, ToSchema)]
pub struct ConclusionView {
    version: u32,
    summary: String,
    recommendations: Option<String>,
    icd10: Option<String>,
    author: String,
    /// When; null: a draft.
    signed: Option<String>,
    /// Of the signed text: SHA-256 over the JSON array [appointment, number, author, signed at as Unix milliseconds, summary,
    /// recommendations, icd10], in hexadecimal digits.
    digest: Option<String>,
    /// What was added after it was signed.
    addenda: Vec<AddendumView>,
}

#[derive(Serialize, ToSchema)]
pub struct AddendumView {
    summary: String,
    recommendations: Option<String>,
    icd10: Option<String>,
    author: String,
    signed: Option<String>,
    digest: Option<String>,
}

impl ConclusionView {
    /// `None`: nobody has begun one.
    #[must_use]
    pub fn of(conclusions: &[Conclusion]) -> Option<Self> {
        let (conclusion, addenda) = conclusions.split_first()?;
        let words = AddendumView::of(conclusion);
        Some(Self {
            version: conclusion.stamp.version.0,
            summary: words.summary,
            recommendations: words.recommendations,
            icd10: words.icd10,
            author: words.author,
            signed: words.signed,
            digest: words.digest,
            addenda: addenda.iter().map(AddendumView::of).collect(),
        })
    }
}

impl AddendumView {
    fn of(conclusion: &Conclusion) -> Self {
        let details = &conclusion.details;
        let signature = conclusion.signature;
        Self {
            summary: details.summary.reveal().clone(),
            recommendations: details.recommendations.as_ref().map(|text| text.reveal().clone()),
            icd10: details.icd10.as_ref().map(ToString::to_string),
            author: conclusion.author.to_string(),
            signed: signature.map(|signature| rfc3339(signature.at)),
            digest: signature.map(|signature| signature.digest.to_string()),
        }
    }
}

/// The conclusion with its addenda.
///
/// # Errors
/// `not_found`: nobody has begun one.
#[utoipa::path(get, path = "/appointments/{id}/conclusion", tag = "appointments", params(("id" = String, Path)),
    responses((status = 200, body = ConclusionView), Problems))]
pub async fn read_conclusion(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AppointmentId>,
) -> Result<(ETag, Json<ConclusionView>), Problem> {
    let entry = visible(&app, &caller, id).await?;
    if !super::view::reaches(&caller, Right::ReadConclusions, &entry) {
        return Err(Refusal::NotAllowed.into());
    }
    answer(&app, id).await
}

/// Writes the draft. `If-Match: "0"` begins it.
///
/// # Errors
/// `changed`; `conclusion_signed`; `not_allowed` but for the visit's specialist.
#[utoipa::path(put, path = "/appointments/{id}/conclusion", tag = "appointments", request_body = ConclusionInput,
    params(("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = ConclusionView), Problems))]
pub async fn write_conclusion(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AppointmentId>,
    IfMatch(seen): IfMatch,
    Body { value, .. }: Body<ConclusionInput>,
) -> Result<(ETag, Json<ConclusionView>), Problem> {
    let (author, entry) = writing(&app, &caller, id).await?;
    let details = NewConclusion::validate(&value)?;
    let found = conclusions::of_appointment(&app.database, id).await?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    match found.first() {
        Some(draft) => {
            draft.check_change(author)?;
            draft.stamp.version.expect(seen)?;
            conclusions::update(&mut change, draft, details).await?;
        }
        None => {
            NONE_YET.expect(seen)?;
            if !entry.appointment.status.is_live() {
                return Err(Refusal::AppointmentEnded.into());
            }
            conclusions::create(&mut change, &new(&caller, id, author, CONCLUSION, details)?).await?;
        }
    }
    change.commit().await?;
    answer(&app, id).await
}

/// Adds to a signed conclusion. What is added is signed at once.
///
/// # Errors
/// `appointment_state`: the visit is not completed yet; `not_allowed` but for its specialist.
#[utoipa::path(post, path = "/appointments/{id}/conclusion", tag = "appointments", request_body = ConclusionInput,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = ConclusionView), Problems))]
pub async fn add_to_conclusion(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AppointmentId>,
    Body { value, idempotency }: Body<ConclusionInput>,
) -> Result<(StatusCode, ETag, Json<ConclusionView>), Problem> {
    let (author, entry) = writing(&app, &caller, id).await?;
    let details = NewConclusion::validate(&value)?;
    let found = conclusions::of_appointment(&app.database, id).await?;
    if entry.appointment.status != Status::Completed {
        return Err(Refusal::AppointmentState.into());
    }
    let number = found.last().map_or(CONCLUSION, |last| last.number.saturating_add(1));
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let is_repeated = idempotency::recall::<ConclusionId>(&mut change, idempotency.as_ref()).await?.is_some();
    if !is_repeated {
        let addendum = new(&caller, id, author, number, details)?;
        conclusions::create(&mut change, &addendum).await?;
        conclusions::sign(&mut change, id).await?;
        idempotency::remember(&mut change, idempotency.as_ref(), &addendum.id).await?;
        change.commit().await?;
    }
    let (etag, view) = answer(&app, id).await?;
    Ok((StatusCode::CREATED, etag, view))
}

async fn answer(app: &App, id: AppointmentId) -> Result<(ETag, Json<ConclusionView>), Problem> {
    let found = conclusions::of_appointment(&app.database, id).await?;
    let version = found.first().map_or(NONE_YET, |conclusion| conclusion.stamp.version);
    let view = ConclusionView::of(&found).ok_or(Problem::NotFound)?;
    Ok((ETag(version), Json(view)))
}

/// The visit's own specialist alone.
async fn writing(app: &App, caller: &Caller, id: AppointmentId) -> Result<(UserId, Entry), Problem> {
    let entry = visible(app, caller, id).await?;
    let user = caller.require_user(Right::WriteConclusions)?;
    if entry.appointment.specialist == user { Ok((user, entry)) } else { Err(Refusal::NotAllowed.into()) }
}

fn new(
    caller: &Caller,
    appointment: AppointmentId,
    author: UserId,
    number: u32,
    details: NewConclusion,
) -> Result<Conclusion, Problem> {
    let id = ConclusionId::new(caller.now, random()?);
    let stamp = Stamp::first(Some(author), caller.now);
    Ok(Conclusion { id, appointment, number, author, details, signature: None, stamp })
}
