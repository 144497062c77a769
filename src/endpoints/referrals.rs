//! `/api/v1/referrals`: a site's inbox, and the way in from a MIS or from a family doctor.

use super::Problem;
use super::caller::{Caller, Identity};
use super::openapi::Problems;
use super::patients::validated;
use super::request::{Body, ETag, Id, IfMatch, List, Paging, Params, invalid, parsed, parsed_if_any, rfc3339};
use crate::accounts::secret::random;
use crate::app::App;
use crate::model::ids::{PatientId, ReferralId};
use crate::model::invalid::Fault;
use crate::model::patient::{Patient, PatientInput};
use crate::model::record::Stamp;
use crate::model::referral::{NewReferral, Priority, Referral, ReferralEvent, ReferralInput, ReferralStatus};
use crate::model::refusal::Refusal;
use crate::model::role::{Reach, Right};
use crate::model::time::UnixMillis;
use crate::storage::referrals::{self, Listed, Whose};
use crate::storage::{Change, idempotency, patients};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Serialize, ToSchema)]
pub struct ReferralView {
    id: String,
    version: u32,
    source: String,
    mis_ref: String,
    site: String,
    patient: ReferredPatient,
    referring_doctor: String,
    specialty: String,
    reason: String,
    icd10: Option<String>,
    #[schema(value_type = String)]
    priority: Priority,
    #[schema(value_type = String)]
    status: ReferralStatus,
    created: String,
}

#[derive(Serialize, ToSchema)]
pub struct ReferredPatient {
    id: String,
    name: String,
    birth_date: String,
    phone: Option<String>,
    language: &'static str,
}

/// A referral as it is sent. `patient`: an id, or the fields of somebody who is found by IIN or by the number in the MIS, and else created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReferralBody {
    /// The system that sends it: a key's own; left out by a person.
    source: Option<String>,
    /// Its number there; made when left out.
    mis_ref: Option<String>,
    /// Whose nurse takes it; the caller's when left out.
    site: Option<String>,
    patient: PatientRef,
    referring_doctor: Option<String>,
    specialty: Option<String>,
    reason: Option<String>,
    icd10: Option<String>,
    /// `routine` or `urgent`.
    priority: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub enum PatientRef {
    Id(String),
    Fields(Box<PatientInput>),
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralEventInput {
    /// `take`, `reject` or `cancel`.
    event: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InboxQuery {
    /// `received` when left out.
    status: Option<String>,
    site: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// What is written by hand comes from us.
const OWN_SOURCE: &str = "kenes";

/// Referrals in one status, urgent first, then oldest.
///
/// # Errors
/// `invalid`, `not_allowed`.
#[utoipa::path(get, path = "/referrals", tag = "referrals", params(InboxQuery),
    responses((status = 200, body = List<ReferralView>), Problems))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<InboxQuery>,
) -> Result<Json<List<ReferralView>>, Problem> {
    let reach = caller.require(Right::ReadReferrals)?;
    let status = parsed_if_any("status", query.status.as_deref())?.unwrap_or(ReferralStatus::Received);
    let site = parsed_if_any("site", query.site.as_deref())?;
    let whose = match (reach, caller.identity) {
        (Reach::Own, Identity::User(id)) => Whose::Writer(id),
        (Reach::Own, Identity::Cart(_)) => return Err(Refusal::NotAllowed.into()),
        (Reach::Own, Identity::ApiKey(_)) => Whose::Source(caller.source().unwrap_or_default().to_owned()),
        (Reach::Site, _) if site.is_some_and(|site| site != caller.site) => return Err(Refusal::NotAllowed.into()),
        _ => Whose::Site(site.unwrap_or(caller.site)),
    };
    let limit = Paging { limit: query.limit, cursor: None }.limit()?;
    let after = query.cursor.as_deref().map(parse_cursor).transpose()?;
    let found = referrals::list(&app.database, whose, status, after.as_ref(), limit + 1).await?;
    let page = found.get(..limit as usize).unwrap_or(&found);
    let next = page.last().filter(|_| found.len() > page.len()).map(cursor);
    Ok(Json(List { items: page.iter().map(ReferralView::of).collect(), next }))
}

/// One referral.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/referrals/{id}", tag = "referrals", params(("id" = String, Path)),
    responses((status = 200, body = ReferralView), Problems))]
pub async fn find(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ReferralId>,
) -> Result<(ETag, Json<ReferralView>), Problem> {
    caller.require(Right::ReadReferrals)?;
    let found = visible(&app, &caller, id, Right::ReadReferrals).await?;
    Ok((ETag(found.referral.stamp.version), Json(ReferralView::of(&found))))
}

/// Takes a referral in, with its patient when need be.
///
/// # Errors
/// `exists`: the source has sent this number before.
#[utoipa::path(post, path = "/referrals", tag = "referrals", request_body = NewReferralBody,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = ReferralView), Problems))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body { value, idempotency }: Body<NewReferralBody>,
) -> Result<(StatusCode, ETag, Json<ReferralView>), Problem> {
    let reach = caller.require(Right::WriteReferrals)?;
    let id = ReferralId::new(caller.now, random()?);
    let (patient, newcomer) = patient(&app, &caller, &value.patient).await?;
    let details = NewReferral::validate(&input(value, id, patient, &caller))?;
    let is_foreign = caller.source().is_some_and(|source| source != details.source);
    if is_foreign || (reach == Reach::Site && details.site != caller.site) {
        return Err(Refusal::NotAllowed.into());
    }
    let stamp = Stamp::first(caller.user(), caller.now);
    let referral = Referral { id, details, status: ReferralStatus::Received, stamp };
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let id = match idempotency::recall(&mut change, idempotency.as_ref()).await? {
        Some(answered) => answered,
        None => {
            store(&mut change, &referral, newcomer.as_ref()).await?;
            idempotency::remember(&mut change, idempotency.as_ref(), &id).await?;
            change.commit().await?;
            id
        }
    };
    let found = referrals::find_listed(&app.database, id).await?.ok_or(Problem::Internal)?;
    Ok((StatusCode::CREATED, ETag(found.referral.stamp.version), Json(ReferralView::of(&found))))
}

/// Takes a referral into work, rejects or cancels it.
///
/// # Errors
/// `referral_state`, `referral_closed`, `changed`.
#[utoipa::path(post, path = "/referrals/{id}/events", tag = "referrals", request_body = ReferralEventInput,
    params(("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = ReferralView), Problems))]
pub async fn apply(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ReferralId>,
    IfMatch(seen): IfMatch,
    Body { value, .. }: Body<ReferralEventInput>,
) -> Result<(ETag, Json<ReferralView>), Problem> {
    let event = parsed("event", &value.event)?;
    if !matches!(event, ReferralEvent::Take | ReferralEvent::Reject | ReferralEvent::Cancel) {
        return Err(invalid("event", Fault::Unknown));
    }
    caller.require(Right::WriteReferrals)?;
    let found = visible(&app, &caller, id, Right::WriteReferrals).await?;
    found.referral.stamp.version.expect(seen)?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let referral = referrals::apply(&mut change, &found.referral, event).await?;
    change.commit().await?;
    let after = Listed { referral, ..found };
    Ok((ETag(after.referral.stamp.version), Json(ReferralView::of(&after))))
}

async fn store(change: &mut Change, referral: &Referral, newcomer: Option<&Patient>) -> Result<(), Problem> {
    if let Some(patient) = newcomer {
        patients::create(change, patient).await?;
    }
    referrals::create(change, referral).await?;
    Ok(())
}

/// The patient's id, and the patient where it is somebody new.
async fn patient(app: &App, caller: &Caller, asked: &PatientRef) -> Result<(String, Option<Patient>), Problem> {
    let fields = match asked {
        PatientRef::Id(id) => {
            let known: PatientId = parsed("patient", id)?;
            patients::find(&app.database, known).await?.ok_or_else(|| invalid("patient", Fault::Unknown))?;
            return Ok((id.clone(), None));
        }
        PatientRef::Fields(fields) => fields,
    };
    let details = validated(app, caller, fields).await?;
    let mut known = match &details.iin {
        Some(iin) => patients::find_by_iin(&app.database, iin).await?,
        None => None,
    };
    if let (None, Some(mis_id)) = (&known, &details.mis_id) {
        known = patients::find_by_mis_id(&app.database, mis_id).await?;
    }
    if let Some(known) = known {
        return Ok((known.id.to_string(), None));
    }
    let id = PatientId::new(caller.now, random()?);
    let patient = Patient { id, details, stamp: Stamp::first(caller.user(), caller.now) };
    Ok((id.to_string(), Some(patient)))
}

fn input(body: NewReferralBody, id: ReferralId, patient: String, caller: &Caller) -> ReferralInput {
    ReferralInput {
        source: Some(body.source.unwrap_or_else(|| caller.source().unwrap_or(OWN_SOURCE).to_owned())),
        mis_ref: Some(body.mis_ref.unwrap_or_else(|| id.to_string())),
        site: Some(body.site.unwrap_or_else(|| caller.site.to_string())),
        patient: Some(patient),
        referring_doctor: body.referring_doctor,
        specialty: body.specialty,
        reason: body.reason,
        icd10: body.icd10,
        priority: body.priority,
    }
}

async fn visible(app: &App, caller: &Caller, id: ReferralId, right: Right) -> Result<Listed, Problem> {
    let found = referrals::find_listed(&app.database, id).await?.ok_or(Problem::NotFound)?;
    let referral = &found.referral;
    let is_reached = match caller.reach(right) {
        None => false,
        Some(Reach::Everywhere) => true,
        Some(Reach::Site) => referral.details.site == caller.site,
        Some(Reach::Own) => match caller.source() {
            Some(source) => referral.details.source == source,
            None => referral.stamp.created_by.is_some() && referral.stamp.created_by == caller.user(),
        },
    };
    if is_reached { Ok(found) } else { Err(Problem::NotFound) }
}

fn cursor(last: &Listed) -> String {
    let referral = &last.referral;
    format!("{}.{}.{}", referral.details.priority, referral.stamp.created.0, referral.id)
}

fn parse_cursor(text: &str) -> Result<(Priority, UnixMillis, ReferralId), Problem> {
    let mut parts = text.splitn(3, '.');
    let (Some(priority), Some(at), Some(id)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(invalid("cursor", Fault::Malformed));
    };
    let at = at.parse().map_err(|_| invalid("cursor", Fault::Malformed))?;
    Ok((parsed("cursor", priority)?, UnixMillis(at), parsed("cursor", id)?))
}

impl ReferralView {
    fn of(listed: &Listed) -> Self {
        let Referral { id, details, status, stamp } = &listed.referral;
        Self {
            id: id.to_string(),
            version: stamp.version.0,
            source: details.source.clone(),
            mis_ref: details.mis_ref.clone(),
            site: details.site.to_string(),
            patient: ReferredPatient {
                id: details.patient.to_string(),
                name: listed.patient_name.reveal().clone(),
                birth_date: listed.birth_date.reveal().to_string(),
                phone: listed.phone.as_ref().map(|phone| phone.reveal().to_owned()),
                language: listed.language.as_str(),
            },
            referring_doctor: details.referring_doctor.reveal().clone(),
            specialty: details.specialty.to_string(),
            reason: details.reason.reveal().clone(),
            icd10: details.icd10.as_ref().map(ToString::to_string),
            priority: details.priority,
            status: *status,
            created: rfc3339(stamp.created),
        }
    }
}
