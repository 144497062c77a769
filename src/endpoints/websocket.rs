//! `GET /ws`: who may open a signaling socket. What is said on it is `rooms::websocket`'s.

use crate::app::App;
use crate::endpoints::{Problem, origin};
use crate::rooms::websocket::{HARD_LIMIT_BYTES, READ_BUFFER_BYTES, serve};
use axum::extract::{State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use std::sync::Arc;

/// # Errors
/// The [`Problem`] that kept it from opening; each is counted.
pub async fn upgrade(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let refuse = |problem: Problem| {
        app.metrics.websocket.refused.with_label_values(&[problem.code()]).inc();
        problem
    };
    if app.rooms.is_draining() {
        return Err(refuse(Problem::Draining));
    }
    if !origin::is_own(&headers, &app.allowed_origins) {
        return Err(refuse(Problem::Forbidden));
    }
    let permit = Arc::clone(&app.sockets).try_acquire_owned().map_err(|_| refuse(Problem::Busy))?;
    let upgrade = upgrade
        .max_message_size(HARD_LIMIT_BYTES)
        .max_frame_size(HARD_LIMIT_BYTES)
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0);
    Ok(upgrade.on_upgrade(move |socket| async move {
        serve(socket, Arc::clone(&app.rooms), &app.tokens).await;
        drop(permit);
    }))
}
