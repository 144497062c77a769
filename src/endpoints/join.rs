//! `POST /api/v1/join`: an invitation for a join token (PROTOCOL.md, "Before the socket").

use crate::app::App;
use crate::clock;
use crate::endpoints::Problem;
use crate::endpoints::openapi::Problems;
use crate::tokens::{Grant, TokenError, Use};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use kenes_signaling::message::{IceServer, Role};
use kenes_signaling::time::UnixMillis;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    invitation: String,
}

/// What opens the room's WebSocket (`/ws`), once.
#[derive(Serialize, ToSchema)]
pub struct Joinable {
    token: String,
    #[schema(value_type = u64)]
    expires_ms: UnixMillis,
    #[schema(value_type = String)]
    role: Role,
    name: String,
    room_title: String,
    language: String,
    /// For the PeerConnection whose offer `join` carries, before `joined` could bring them.
    #[schema(value_type = Vec<Object>)]
    ice_servers: Vec<IceServer>,
}

/// Exchanges an invitation for a token that opens the room.
///
/// # Errors
/// The [`Problem`] that tells the page what to say; each outcome is counted.
#[utoipa::path(post, path = "/join", tag = "visit", request_body = Invitation, security(()),
    responses((status = 200, body = Joinable), Problems))]
pub async fn join(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    body: Bytes,
) -> Result<Json<Joinable>, Problem> {
    let outcome = exchange(&app, from, &body);
    app.metrics.http.joins.with_label_values(&[outcome.as_ref().map_or_else(|problem| problem.code(), |_| "ok")]).inc();
    outcome.map(Json)
}

fn exchange(app: &App, from: SocketAddr, body: &[u8]) -> Result<Joinable, Problem> {
    if !app.join_limit.admit(from.ip(), clock::now()) {
        return Err(Problem::RateLimited);
    }
    let request: Invitation = serde_json::from_slice(body).map_err(|_| Problem::BadRequest)?;
    let now = clock::unix_ms();
    let invited = app.tokens.open(Use::Invitation, &request.invitation, now).map_err(|error| match error {
        TokenError::Invalid => Problem::InvitationInvalid,
        TokenError::Expired => Problem::InvitationExpired,
    })?;
    Joinable::seal(app, invited.shortened(now, app.join_token_life))
}

impl Joinable {
    /// `grant` as a join token.
    ///
    /// # Errors
    /// The system's random source failed.
    pub fn seal(app: &App, grant: Grant) -> Result<Self, Problem> {
        let token = app.tokens.seal(Use::Join, &grant)?;
        let Grant { expires_ms, role, name, room_title, language, .. } = grant;
        let ice_servers = app.rooms.media().ice_servers();
        Ok(Self { token, expires_ms, role, name, room_title, language, ice_servers })
    }
}
