//! `/healthz`: the process answers. `/readyz`: it takes new consultations, unless it shuts down or no media shard turns.

use crate::app::App;
use crate::endpoints::Problem;
use axum::extract::State;
use std::sync::Arc;

pub async fn alive() -> &'static str {
    "ok\n"
}

/// # Errors
/// [`Problem::Draining`] once the server shuts down, [`Problem::Busy`] while no media shard works, so that a load balancer looks
/// elsewhere.
pub async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    match (app.rooms.is_draining(), app.rooms.media().stands_still()) {
        (true, _) => Err(Problem::Draining),
        (false, true) => Err(Problem::Busy),
        (false, false) => Ok("ready\n"),
    }
}
