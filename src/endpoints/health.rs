//! `/healthz`: the process answers. `/readyz`: it takes new consultations.

use crate::app::App;
use crate::endpoints::Problem;
use axum::extract::State;
use std::sync::Arc;

pub async fn alive() -> &'static str {
    "ok\n"
}

/// # Errors
/// [`Problem::Draining`] once the server shuts down, so that a load balancer looks elsewhere.
pub async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    if app.rooms.is_draining() { Err(Problem::Draining) } else { Ok("ready\n") }
}
