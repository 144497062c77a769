//! Every path that the server answers, on one page.

use crate::app::App;
use crate::endpoints::{health, join, metrics, pages, security_headers, websocket};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::routing::{get, post};
use std::sync::Arc;

/// Request bodies are small JSON objects.
const MAX_BODY_BYTES: usize = 16 * 1024;

pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/api/v1/join", post(join::join))
        .route("/ws", get(websocket::upgrade))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::scrape))
        .fallback(pages::serve)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(map_response(security_headers::add))
        .with_state(app)
}
