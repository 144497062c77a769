//! `/api/v1/carts`: telemedicine carts. The administrator keeps them; a cart says that it is there and what its check found; who books
//! or runs them sees those within reach.

use super::Problem;
use super::caller::{Caller, Identity};
use super::openapi::Problems;
use super::request::{Body, ETag, Id, IfMatch, List, Paging, Params, invalid, parsed_if_any, rfc3339};
use crate::accounts::secret::random;
use crate::app::App;
use crate::model::cart::{Capability, Cart, CartCheck, CartInput, CartLight, CheckedParts, NewCart, PartResult};
use crate::model::ids::{CartId, SiteId};
use crate::model::invalid::Fault;
use crate::model::record::Stamp;
use crate::model::role::{Reach, Right};
use crate::model::time::UnixMillis;
use crate::storage::{idempotency, places};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Serialize, ToSchema)]
pub struct CartView {
    id: CartId,
    version: u32,
    site: SiteId,
    name: String,
    capabilities: Vec<Capability>,
    #[schema(format = "date-time")]
    last_seen: Option<String>,
    /// It was heard of within the last minute.
    is_online: bool,
    check: Option<CartCheck>,
    light: CartLight,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CartBody {
    #[schema(value_type = SiteId)]
    site: Option<String>,
    #[schema(value_type = String, min_length = 1, max_length = 80)]
    name: Option<String>,
    /// Beyond a camera, a microphone and a speaker.
    #[serde(default)]
    #[schema(value_type = Vec<Capability>)]
    capabilities: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckBody {
    camera: PartResult,
    microphone: PartResult,
    speaker: PartResult,
    network: PartResult,
    echo: PartResult,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CartsQuery {
    site: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Carts within reach, by name.
///
/// # Errors
/// `invalid`.
#[utoipa::path(get, path = "/carts", tag = "carts", params(CartsQuery),
    responses((status = 200, body = List<CartView>), Problems))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<CartsQuery>,
) -> Result<Json<List<CartView>>, Problem> {
    let mut carts = match parsed_if_any("site", query.site.as_deref())? {
        Some(site) => places::carts_of_site(&app.database, site).await?,
        None => places::carts(&app.database).await?,
    };
    carts.retain(|cart| is_visible(&caller, cart));
    let views = carts.iter().map(|cart| CartView::of(cart, caller.now)).collect();
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    List::part(views, &paging, |cart: &CartView| cart.id.to_string()).map(Json)
}

/// One cart.
///
/// # Errors
/// `not_found`, also for one out of reach.
#[utoipa::path(get, path = "/carts/{id}", tag = "carts", params(("id" = CartId, Path)),
    responses((status = 200, body = CartView), Problems))]
pub async fn find(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CartId>,
) -> Result<(ETag, Json<CartView>), Problem> {
    let cart = places::find_cart(&app.database, id).await?.filter(|cart| is_visible(&caller, cart));
    cart.map(|cart| answer(&cart, &caller)).ok_or(Problem::NotFound)
}

/// A new cart.
///
/// # Errors
/// `invalid`.
#[utoipa::path(post, path = "/carts", tag = "carts", request_body = CartBody,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = CartView), Problems))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body { value, idempotency: key }: Body<CartBody>,
) -> Result<(StatusCode, ETag, Json<CartView>), Problem> {
    caller.require_everywhere(Right::WriteCarts)?;
    let cart = Cart {
        id: CartId::new(caller.now, random()?),
        details: validated(&app, value).await?,
        last_seen: None,
        check: None,
        stamp: Stamp::first(caller.user(), caller.now),
    };
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let id = match idempotency::recall(&mut change, key.as_ref()).await? {
        Some(known) => known,
        None => {
            places::create_cart(&mut change, &cart).await?;
            idempotency::remember(&mut change, key.as_ref(), &cart.id).await?;
            change.commit().await?;
            cart.id
        }
    };
    let cart = places::find_cart(&app.database, id).await?.ok_or(Problem::Internal)?;
    let (etag, view) = answer(&cart, &caller);
    Ok((StatusCode::CREATED, etag, view))
}

/// Changes a cart.
///
/// # Errors
/// `changed`, `invalid`, `not_found`.
#[utoipa::path(put, path = "/carts/{id}", tag = "carts", request_body = CartBody,
    params(("id" = CartId, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = CartView), Problems))]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CartId>,
    IfMatch(version): IfMatch,
    Body { value, .. }: Body<CartBody>,
) -> Result<(ETag, Json<CartView>), Problem> {
    caller.require_everywhere(Right::WriteCarts)?;
    let details = validated(&app, value).await?;
    let seen = places::find_cart(&app.database, id).await?.ok_or(Problem::NotFound)?;
    seen.stamp.version.expect(version)?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let cart = places::update_cart(&mut change, &seen, details).await?;
    change.commit().await?;
    Ok(answer(&cart, &caller))
}

/// The cart is there. Said every 15 seconds; no record, so that it leaves no audit row.
///
/// # Errors
/// `not_found`, also for a cart out of reach.
#[utoipa::path(post, path = "/carts/{id}/heartbeat", tag = "carts", params(("id" = CartId, Path)),
    responses((status = 204), Problems))]
pub async fn heartbeat(State(app): State<Arc<App>>, caller: Caller, Id(id): Id<CartId>) -> Result<StatusCode, Problem> {
    seen(&app, &caller, id, None).await
}

/// What the cart's check found.
///
/// # Errors
/// `not_found`, also for a cart out of reach.
#[utoipa::path(post, path = "/carts/{id}/check", tag = "carts", request_body = CheckBody, params(("id" = CartId, Path)),
    responses((status = 204), Problems))]
pub async fn check(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CartId>,
    Body { value, .. }: Body<CheckBody>,
) -> Result<StatusCode, Problem> {
    let CheckBody { camera, microphone, speaker, network, echo } = value;
    let parts = CheckedParts { camera, microphone, speaker, network, echo };
    seen(&app, &caller, id, Some(CartCheck::of(&parts))).await
}

async fn seen(app: &App, caller: &Caller, id: CartId, check: Option<CartCheck>) -> Result<StatusCode, Problem> {
    let reach = caller.require(Right::CheckCart)?;
    let before = places::find_cart(&app.database, id).await?.filter(|cart| is_within(caller, reach, cart));
    let before = before.ok_or(Problem::NotFound)?;
    places::cart_seen(&app.database, id, caller.now, check).await?;
    let after = Cart { last_seen: Some(caller.now), check: check.or(before.check), ..before.clone() };
    if before.light(caller.now) != after.light(caller.now) {
        places::tell_cart(&app.database, id);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Who keeps carts, checks them, or plans visits on them.
fn is_visible(caller: &Caller, cart: &Cart) -> bool {
    const RIGHTS: [Right; 3] = [Right::WriteCarts, Right::CheckCart, Right::WriteAppointments];
    RIGHTS.iter().filter_map(|right| caller.reach(*right)).any(|reach| is_within(caller, reach, cart))
}

fn is_within(caller: &Caller, reach: Reach, cart: &Cart) -> bool {
    match reach {
        Reach::Everywhere => true,
        Reach::Site => cart.details.site == caller.site,
        Reach::Own => caller.identity == Identity::Cart(cart.id),
    }
}

async fn validated(app: &App, body: CartBody) -> Result<NewCart, Problem> {
    let input = CartInput { site: body.site, name: body.name, capabilities: Some(body.capabilities.join(",")) };
    let details = NewCart::validate(&input)?;
    places::find_site(&app.database, details.site).await?.ok_or_else(|| invalid("site", Fault::Unknown))?;
    Ok(details)
}

fn answer(cart: &Cart, caller: &Caller) -> (ETag, Json<CartView>) {
    (ETag(cart.stamp.version), Json(CartView::of(cart, caller.now)))
}

impl CartView {
    fn of(cart: &Cart, now: UnixMillis) -> Self {
        Self {
            id: cart.id,
            version: cart.stamp.version.0,
            site: cart.details.site,
            name: cart.details.name.clone(),
            capabilities: cart.details.capabilities.as_slice().to_vec(),
            last_seen: cart.last_seen.map(rfc3339),
            is_online: cart.is_online(now),
            check: cart.check,
            light: cart.light(now),
        }
    }
}
