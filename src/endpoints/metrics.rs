//! `/metrics` in Prometheus' text format.

use crate::app::App;
use crate::endpoints::Problem;
use axum::extract::State;
use axum::http::{HeaderName, header};
use std::sync::Arc;

/// # Errors
/// [`Problem::Internal`] when the metrics cannot be encoded.
pub async fn scrape(State(app): State<Arc<App>>) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    let text = app
        .metrics
        .encode(&app.rooms.media().states(), app.rooms.media().relay().counters())
        .map_err(|_| Problem::Internal)?;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text))
}
