//! `/api/v1/link-check`: what a page measures its link with before a call. Open to who could enter one: a join token, or a session.
//!
//! What came of it is kept by site (operations.md, "its history is kept per site"), without a word of who measured.
//!
//! Bounded in everything that an outsider could wish for: requests of an address, bytes of a request, trials at a time and their length.

use super::Problem;
use super::caller::{Caller, Identity, bearer};
use super::openapi::Problems;
use super::request::{self, Id, List, Params, invalid, rfc3339};
use super::sites;
use crate::accounts::secret::random;
use crate::app::App;
use crate::clock;
use crate::model::ids::{LinkCheckId, SiteId};
use crate::model::invalid::Fault;
use crate::model::link_check::{LinkCheck, Measured, Place};
use crate::rooms::trial::{Pair, TrialRefused};
use crate::storage::{link_checks, places};
use crate::tokens::{Grant, Use};
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use kenes_signaling::message::{IceServer, Role};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};

/// Of a site's history.
const SHOWN: u32 = 100;
/// Of one check: what to try with, three to six of no bytes, samples of growing size both ways, the trial, what came of it.
pub const REQUESTS_A_CHECK: u32 = 21;
/// Trials of all pages at a time. Each is two silent peers of at most 100 KiB, for twelve seconds.
pub const MAX_TRIALS: usize = 256;
/// A second of 1 Mbit/s: enough to tell whether a link carries full video.
const MAX_SAMPLE_BYTES: u32 = 128 * 1024;
/// A page gives up long before.
const SAMPLE_WITHIN: Duration = Duration::from_secs(10);

/// Somebody who could enter a call, and has not measured too often.
pub struct Measuring {
    from: Origin,
}

/// Whose link it is.
enum Origin {
    /// Of who is let into this room.
    Room(Grant),
    Caller(Caller),
}

impl FromRequestParts<Arc<App>> for Measuring {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let ConnectInfo(from) =
            ConnectInfo::<SocketAddr>::from_request_parts(parts, app).await.map_err(|_| Problem::Internal)?;
        if !app.link_check_limit.admit(from.ip(), clock::now()) {
            return Err(Problem::RateLimited);
        }
        let token = bearer(&parts.headers).map(|token| app.tokens.open(Use::Join, token, clock::unix_ms()));
        let from = match token {
            Some(Ok(grant)) => Origin::Room(grant),
            // No join token, so that it may be a program's key.
            _ => Origin::Caller(Caller::from_request_parts(parts, app).await?),
        };
        Ok(Self { from })
    }
}

impl Measuring {
    /// Where the link is; none for a program's and for a room of no appointment.
    async fn place(&self, app: &App) -> Result<Option<(SiteId, Place)>, Problem> {
        Ok(match &self.from {
            Origin::Caller(Caller { identity: Identity::Cart(_), site, .. }) => Some((*site, Place::Cart)),
            Origin::Caller(Caller { identity: Identity::User(_), site, .. }) => Some((*site, Place::Desk)),
            Origin::Caller(Caller { identity: Identity::ApiKey(_), .. }) => None,
            Origin::Room(Grant { room, role, .. }) => {
                let place = if matches!(role, Role::Patient | Role::Guest) { Place::Home } else { Place::Desk };
                link_checks::site_of_room(&app.database, room).await?.map(|site| (site, place))
            }
        })
    }
}

#[derive(Serialize, ToSchema)]
pub struct Means {
    /// For the trial's PeerConnections.
    #[schema(value_type = Vec<Object>)]
    ice_servers: Vec<IceServer>,
}

/// What to try a link with. Opens with the join token of a call, or a session.
#[utoipa::path(get, path = "/link-check", tag = "visit", security(("link" = []), ("session" = [])),
    responses((status = 200, body = Means), Problems))]
pub async fn means(State(app): State<Arc<App>>, _: Measuring) -> Json<Means> {
    Json(Means { ice_servers: app.rooms.media().ice_servers() })
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SampleSize {
    /// 0 to 131072.
    #[param(maximum = 131_072)]
    bytes: u32,
}

/// So many random bytes, which nothing on the way can make fewer.
///
/// # Errors
/// More than a sample has.
#[utoipa::path(get, path = "/link-check/sample", tag = "visit", security(("link" = []), ("session" = [])),
    params(SampleSize), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), Problems))]
pub async fn send_sample(
    _: Measuring,
    Params(SampleSize { bytes }): Params<SampleSize>,
) -> Result<([(HeaderName, &'static str); 1], Vec<u8>), Problem> {
    let size = usize::try_from(bytes).ok().filter(|_| bytes <= MAX_SAMPLE_BYTES);
    let mut sample = vec![0; size.ok_or_else(|| invalid("bytes", Fault::OutOfRange))?];
    aws_lc_rs::rand::fill(&mut sample)?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], sample))
}

/// Takes in a sample of the uplink, and keeps none of it. Answered once all of it is here.
///
/// # Errors
/// More than a sample has, or slower than any page waits.
#[utoipa::path(post, path = "/link-check/sample", tag = "visit", security(("link" = []), ("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 204), Problems))]
pub async fn receive_sample(_: Measuring, body: Body) -> Result<StatusCode, Problem> {
    let most = usize::try_from(MAX_SAMPLE_BYTES).map_err(|_| Problem::Internal)?;
    match timeout(SAMPLE_WITHIN, to_bytes(body, most)).await {
        Ok(Ok(_)) => Ok(StatusCode::NO_CONTENT),
        _ => Err(Problem::BadRequest),
    }
}

/// SDP of two PeerConnections.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Up to seven sections of sound that is sent. All but the first are not asked to fall silent, and are what the other PeerConnection hears.
    speak: String,
    /// Up to six sections of sound that is received: the last hears the other's last, and so on.
    listen: String,
}

/// Tries media out, in no room and for twelve seconds at most: one PeerConnection hears what the other says.
///
/// # Errors
/// Offers that cannot be answered; `busy`: too many try at this moment.
#[utoipa::path(post, path = "/link-check/trial", tag = "visit", security(("link" = []), ("session" = [])),
    request_body = Trial, responses((status = 200, body = Trial), Problems))]
pub async fn try_out(
    State(app): State<Arc<App>>,
    _: Measuring,
    request::Body { value: Trial { speak, listen }, .. }: request::Body<Trial>,
) -> Result<Json<Trial>, Problem> {
    if app.rooms.is_draining() {
        return Err(Problem::Draining);
    }
    let place = Arc::clone(&app.trials).try_acquire_owned().map_err(|_| Problem::Busy)?;
    let Pair { speak, listen } =
        app.rooms.try_out(&Pair { speak, listen }, place).map_err(|refused| match refused {
            TrialRefused::BadOffer => Problem::BadBody,
            TrialRefused::Unavailable => Problem::Busy,
        })?;
    Ok(Json(Trial { speak, listen }))
}

/// What came of a check, for the history of the place.
///
/// # Errors
/// `invalid`.
#[utoipa::path(post, path = "/link-check", tag = "visit", security(("link" = []), ("session" = [])),
    request_body = Measured, responses((status = 204), Problems))]
pub async fn report(
    State(app): State<Arc<App>>,
    measuring: Measuring,
    request::Body { value, .. }: request::Body<Measured>,
) -> Result<StatusCode, Problem> {
    let measured = value.validated()?;
    if let Some((site, place)) = measuring.place(&app).await? {
        let at = clock::unix_ms();
        let check = LinkCheck { id: LinkCheckId::new(at, random()?), site, place, at, measured };
        link_checks::add(&app.database, &check).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
pub struct LinkCheckView {
    place: Place,
    /// RFC 3339.
    at: String,
    measured: Measured,
}

/// What pages measured of a site's links before calls, the newest first: the last hundred.
///
/// # Errors
/// `not_found`, also for a site out of reach.
#[utoipa::path(get, path = "/sites/{id}/link-checks", tag = "sites", params(("id" = SiteId, Path)),
    responses((status = 200, body = List<LinkCheckView>), Problems))]
pub async fn of_site(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SiteId>,
) -> Result<Json<List<LinkCheckView>>, Problem> {
    let site = places::find_site(&app.database, id).await?.filter(|site| sites::is_visible(&caller, site.id));
    let site = site.ok_or(Problem::NotFound)?;
    let checks = link_checks::of_site(&app.database, site.id, SHOWN).await?;
    let view = |LinkCheck { place, at, measured, .. }| LinkCheckView { place, at: rfc3339(at), measured };
    Ok(Json(List::whole(checks.into_iter().map(view).collect())))
}
