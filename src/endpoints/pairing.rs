//! Pairing a cart: a code from the administrator's desk, typed on the cart, for a session of the device itself.

use super::Problem;
use super::caller::{Caller, OwnPage};
use super::cookie::Transport;
use super::openapi::Problems;
use super::request::{Body, Id, rfc3339};
use super::session::{self, Me};
use crate::accounts::secret::{self, Secret};
use crate::app::App;
use crate::clock;
use crate::model::account::CART_SESSION_LIFE;
use crate::model::ids::CartId;
use crate::model::pairing::{PAIRING_LIFE, PairingCode};
use crate::model::role::Right;
use crate::storage::accounts::NewHolder;
use crate::storage::{Author, accounts, pairings, places};
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use utoipa::ToSchema;

/// A code to be typed on the cart.
#[derive(Serialize, ToSchema)]
pub struct Pairing {
    /// Eight digits in two groups.
    code: String,
    expires: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypedCode {
    /// Spaces and hyphens do not count.
    code: String,
}

/// Makes a code that pairs the cart, in the place of the one before.
///
/// # Errors
/// `not_allowed`; `not_found`: there is no such cart.
#[utoipa::path(post, path = "/carts/{id}/pairing", tag = "carts", params(("id" = String, Path)),
    responses((status = 201, body = Pairing), Problems))]
pub async fn offer(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CartId>,
) -> Result<(StatusCode, Json<Pairing>), Problem> {
    caller.require_everywhere(Right::WriteCarts)?;
    let cart = places::find_cart(&app.database, id).await?.ok_or(Problem::NotFound)?;
    let code = PairingCode::new(secret::random()?);
    let expires = caller.now.plus(PAIRING_LIFE);
    let mut change = app.database.change(caller.author(), caller.now).await?;
    pairings::offer(&mut change, cart.id, &secret::hash(&code.digits()), expires).await?;
    change.commit().await?;
    Ok((StatusCode::CREATED, Json(Pairing { code: code.to_string(), expires: rfc3339(expires) })))
}

/// Ends what the cart is paired by: its sessions, and a code that waits.
///
/// # Errors
/// `not_allowed`; `not_found`: the cart is not paired, or there is none.
#[utoipa::path(delete, path = "/carts/{id}/pairing", tag = "carts", params(("id" = String, Path)),
    responses((status = 204), Problems))]
pub async fn end(State(app): State<Arc<App>>, caller: Caller, Id(id): Id<CartId>) -> Result<StatusCode, Problem> {
    caller.require_everywhere(Right::WriteCarts)?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    if !pairings::end(&mut change, id).await? {
        return Err(Problem::NotFound);
    }
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Exchanges a code for the cart's session. A cart is one device: the one that was paired before is let go.
///
/// # Errors
/// `pairing_code_wrong`: mistyped, used or expired; `rate_limited`.
#[utoipa::path(post, path = "/cart-session", tag = "session", request_body = TypedCode, security(()),
    responses((status = 200, body = Me), Problems))]
pub async fn cart_session(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Extension(transport): Transport,
    _: OwnPage,
    Body { value, .. }: Body<TypedCode>,
) -> Result<Response, Problem> {
    if !app.pairing_limit.admit(from.ip(), clock::now()) {
        return Err(Problem::RateLimited);
    }
    let code: PairingCode = value.code.parse().map_err(|_| Problem::PairingCodeWrong)?;
    let now = clock::unix_ms();
    let mut change = app.database.change(Author::System, now).await?;
    let cart = pairings::take(&mut change, &secret::hash(&code.digits())).await?.ok_or(Problem::PairingCodeWrong)?;
    pairings::end(&mut change, cart).await?;
    let secret = Secret::random("s_")?;
    accounts::open_session(&mut change, &secret.hash, NewHolder::Cart(cart), now.plus(CART_SESSION_LIFE)).await?;
    change.commit().await?;
    session::greet(&app, &secret, CART_SESSION_LIFE, transport).await
}
