//! `/api/v1/patients`: found by IIN or by the beginning of a name, created, corrected.

use super::Problem;
use super::caller::{Caller, Identity};
use super::openapi::Problems;
use super::request::{Body, ETag, Id, IfMatch, List, Params, invalid};
use crate::accounts::secret::random;
use crate::app::App;
use crate::model::ids::{PatientId, SiteId};
use crate::model::iin::Iin;
use crate::model::invalid::Fault;
use crate::model::patient::{NewPatient, Patient, PatientInput};
use crate::model::record::Stamp;
use crate::model::refusal::Refusal;
use crate::model::role::{Reach, Right};
use crate::model::time::UnixMillis;
use crate::storage::patients::Seen;
use crate::storage::{IdempotencyKey, idempotency, patients, places};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Serialize, ToSchema)]
pub struct PatientView {
    id: String,
    version: u32,
    iin: Option<String>,
    other_id: Option<String>,
    mis_id: Option<String>,
    name: String,
    birth_date: String,
    sex: &'static str,
    phone: Option<String>,
    email: Option<String>,
    language: &'static str,
    needs_interpreter: bool,
    address: Option<String>,
    phc_site: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// An IIN of 12 digits, or the beginning of a name, at least two letters.
    q: String,
}

const SEARCH_LIMIT: u32 = 20;
const MIN_LETTERS: usize = 2;

/// Patients by IIN, wherever they are registered, or by name within reach.
///
/// # Errors
/// `invalid`: too few letters.
#[utoipa::path(get, path = "/patients", tag = "patients", params(SearchQuery),
    responses((status = 200, body = List<PatientView>), Problems))]
pub async fn search(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<SearchQuery>,
) -> Result<Json<List<PatientView>>, Problem> {
    caller.require(Right::ReadPatients)?;
    let text = query.q.trim();
    let found = if let Ok(iin) = text.parse::<Iin>() {
        patients::find_by_iin(&app.database, &iin).await?.into_iter().collect()
    } else if text.chars().count() >= MIN_LETTERS {
        patients::by_name(&app.database, text, seen_by(&caller)?, SEARCH_LIMIT).await?
    } else {
        return Err(invalid("q", Fault::TooShort(MIN_LETTERS)));
    };
    Ok(Json(List::whole(found.iter().map(PatientView::of).collect())))
}

/// One patient.
///
/// # Errors
/// `not_found`, also for one who is out of reach.
#[utoipa::path(get, path = "/patients/{id}", tag = "patients", params(("id" = String, Path)),
    responses((status = 200, body = PatientView), Problems))]
pub async fn find(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PatientId>,
) -> Result<(ETag, Json<PatientView>), Problem> {
    caller.require(Right::ReadPatients)?;
    let patient = visible(&app, &caller, id).await?;
    Ok((ETag(patient.stamp.version), Json(PatientView::of(&patient))))
}

/// A new patient.
///
/// # Errors
/// `exists`: there is one of this IIN or of this number in the MIS.
#[utoipa::path(post, path = "/patients", tag = "patients", request_body = PatientInput,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = PatientView), Problems))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body { value, idempotency }: Body<PatientInput>,
) -> Result<(StatusCode, ETag, Json<PatientView>), Problem> {
    caller.require(Right::WritePatients)?;
    let details = validated(&app, &caller, &value).await?;
    let id = store_new(&app, &caller, details, idempotency).await?;
    let patient = patients::find(&app.database, id).await?.ok_or(Problem::Internal)?;
    Ok((StatusCode::CREATED, ETag(patient.stamp.version), Json(PatientView::of(&patient))))
}

/// Corrects a patient's fields.
///
/// # Errors
/// `changed`, `exists`, `invalid`.
#[utoipa::path(put, path = "/patients/{id}", tag = "patients", request_body = PatientInput,
    params(("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = PatientView), Problems))]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PatientId>,
    IfMatch(seen): IfMatch,
    Body { value, .. }: Body<PatientInput>,
) -> Result<(ETag, Json<PatientView>), Problem> {
    caller.require(Right::WritePatients)?;
    let patient = visible(&app, &caller, id).await?;
    patient.stamp.version.expect(seen)?;
    let details = validated(&app, &caller, &value).await?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let after = patients::update(&mut change, &patient, details).await?;
    change.commit().await?;
    Ok((ETag(after.stamp.version), Json(PatientView::of(&after))))
}

async fn store_new(
    app: &App,
    caller: &Caller,
    details: NewPatient,
    idempotency: Option<IdempotencyKey>,
) -> Result<PatientId, Problem> {
    let id = PatientId::new(caller.now, random()?);
    let mut change = app.database.change(caller.author(), caller.now).await?;
    if let Some(answered) = idempotency::recall(&mut change, idempotency.as_ref()).await? {
        return Ok(answered);
    }
    idempotency::remember(&mut change, idempotency.as_ref(), &id).await?;
    patients::create(&mut change, &Patient { id, details, stamp: Stamp::first(caller.user(), caller.now) }).await?;
    change.commit().await?;
    Ok(id)
}

/// The fields, found right by the caller's clock; a site left out is the caller's.
pub(super) async fn validated(app: &App, caller: &Caller, input: &PatientInput) -> Result<NewPatient, Problem> {
    let today = today(app, caller.site, caller.now).await?;
    let mut details = NewPatient::validate(input, today)?;
    details.phc_site.get_or_insert(caller.site);
    Ok(details)
}

async fn today(app: &App, site: SiteId, now: UnixMillis) -> Result<Date, Problem> {
    let site = places::find_site(&app.database, site).await?.ok_or(Problem::NotSignedIn)?;
    Ok(site.details.zone.local(now).date())
}

async fn visible(app: &App, caller: &Caller, id: PatientId) -> Result<Patient, Problem> {
    let is_seen = patients::is_seen(&app.database, id, seen_by(caller)?).await?;
    let patient = patients::find(&app.database, id).await?.filter(|_| is_seen);
    patient.ok_or(Problem::NotFound)
}

/// Whose patients a caller may see by name.
fn seen_by(caller: &Caller) -> Result<Seen, Problem> {
    match (caller.require(Right::ReadPatients)?, caller.identity) {
        (Reach::Everywhere, _) => Ok(Seen::Everywhere),
        (Reach::Site, _) => Ok(Seen::AtSite(caller.site)),
        (Reach::Own, Identity::User(id)) => Ok(Seen::ByUser(id)),
        (Reach::Own, Identity::Cart(_) | Identity::ApiKey(_)) => Err(Refusal::NotAllowed.into()),
    }
}

impl PatientView {
    #[must_use]
    pub fn of(patient: &Patient) -> Self {
        let details = &patient.details;
        Self {
            id: patient.id.to_string(),
            version: patient.stamp.version.0,
            iin: details.iin.as_ref().map(|iin| iin.reveal().to_owned()),
            other_id: details.other_id.as_ref().map(|id| id.reveal().clone()),
            mis_id: details.mis_id.clone(),
            name: details.name.reveal().clone(),
            birth_date: details.birth_date.reveal().to_string(),
            sex: details.sex.as_str(),
            phone: details.phone.as_ref().map(|phone| phone.reveal().to_owned()),
            email: details.email.as_ref().map(|email| email.reveal().to_owned()),
            language: details.language.as_str(),
            needs_interpreter: details.needs_interpreter,
            address: details.address.as_ref().map(|address| address.reveal().clone()),
            phc_site: details.phc_site.map(|id| id.to_string()),
        }
    }
}
