//! `/api/v1/sites`: the places of the network. The administrator changes them; others see those within their reach.

use super::Problem;
use super::caller::Caller;
use super::openapi::Problems;
use super::request::{Body, ETag, Id, IfMatch, List, Paging, Params};
use crate::accounts::secret::random;
use crate::app::App;
use crate::model::ids::SiteId;
use crate::model::record::Stamp;
use crate::model::role::{Reach, Right, Role};
use crate::model::site::{NewSite, Site, SiteInput, SiteKind};
use crate::storage::{idempotency, places};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct SiteView {
    id: SiteId,
    version: u32,
    name: String,
    kind: SiteKind,
    /// As IANA names it: `Asia/Almaty`.
    time_zone: String,
    /// One way, by road.
    km_to_hub: u32,
    /// Where its patients call, as E.164.
    phone: Option<String>,
}

impl SiteView {
    fn of(site: Site) -> Self {
        let NewSite { kind, name, zone, km_to_hub, phone } = site.details;
        let phone = phone.map(|phone| phone.reveal().to_owned());
        let time_zone = zone.name().to_owned();
        Self { id: site.id, version: site.stamp.version.0, name, kind, time_zone, km_to_hub, phone }
    }
}

/// Whether the caller works with what belongs to `site`. An integrator sends referrals from any.
#[must_use]
pub(super) fn is_visible(caller: &Caller, site: SiteId) -> bool {
    const RIGHTS: [Right; 4] = [Right::WriteSites, Right::ReadPatients, Right::ReadAppointments, Right::ReadReports];
    let is_everywhere = RIGHTS.iter().any(|right| caller.reach(*right) == Some(Reach::Everywhere));
    site == caller.site || is_everywhere || caller.roles.contains(Role::Integrator)
}

/// Sites within reach, by name.
///
/// # Errors
/// `invalid`.
#[utoipa::path(get, path = "/sites", tag = "sites", params(Paging),
    responses((status = 200, body = List<SiteView>), Problems))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<List<SiteView>>, Problem> {
    let mut sites = places::sites(&app.database).await?;
    sites.retain(|site| is_visible(&caller, site.id));
    let views = sites.into_iter().map(SiteView::of).collect();
    List::part(views, &paging, |site: &SiteView| site.id.to_string()).map(Json)
}

/// One site.
///
/// # Errors
/// `not_found`, also for one out of reach.
#[utoipa::path(get, path = "/sites/{id}", tag = "sites", params(("id" = SiteId, Path)),
    responses((status = 200, body = SiteView), Problems))]
pub async fn find(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SiteId>,
) -> Result<(ETag, Json<SiteView>), Problem> {
    let site = places::find_site(&app.database, id).await?.filter(|site| is_visible(&caller, site.id));
    site.map(answer).ok_or(Problem::NotFound)
}

/// A new site.
///
/// # Errors
/// `invalid`.
#[utoipa::path(post, path = "/sites", tag = "sites", request_body = SiteInput,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = SiteView), Problems))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body { value, idempotency: key }: Body<SiteInput>,
) -> Result<(StatusCode, ETag, Json<SiteView>), Problem> {
    caller.require_everywhere(Right::WriteSites)?;
    let details = NewSite::validate(&value)?;
    let site = Site { id: SiteId::new(caller.now, random()?), details, stamp: Stamp::first(caller.user(), caller.now) };
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let id = match idempotency::recall(&mut change, key.as_ref()).await? {
        Some(known) => known,
        None => {
            places::create_site(&mut change, &site).await?;
            idempotency::remember(&mut change, key.as_ref(), &site.id).await?;
            change.commit().await?;
            site.id
        }
    };
    let site = places::find_site(&app.database, id).await?.ok_or(Problem::Internal)?;
    let (etag, view) = answer(site);
    Ok((StatusCode::CREATED, etag, view))
}

/// Changes a site.
///
/// # Errors
/// `changed`, `invalid`, `not_found`.
#[utoipa::path(put, path = "/sites/{id}", tag = "sites", request_body = SiteInput,
    params(("id" = SiteId, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = SiteView), Problems))]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SiteId>,
    IfMatch(version): IfMatch,
    Body { value, .. }: Body<SiteInput>,
) -> Result<(ETag, Json<SiteView>), Problem> {
    caller.require_everywhere(Right::WriteSites)?;
    let details = NewSite::validate(&value)?;
    let seen = places::find_site(&app.database, id).await?.ok_or(Problem::NotFound)?;
    seen.stamp.version.expect(version)?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let site = places::update_site(&mut change, &seen, details).await?;
    change.commit().await?;
    Ok(answer(site))
}

fn answer(site: Site) -> (ETag, Json<SiteView>) {
    (ETag(site.stamp.version), Json(SiteView::of(site)))
}
