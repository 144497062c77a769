//! `GET /api/v1/media-addresses`: what `kenes doctor` and a page's pre-call test try to reach. Whoever joins a call is told the same.

use crate::app::App;
use crate::endpoints::openapi::Problems;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct MediaAddresses {
    /// `address:port` of each media port. It answers a Binding request without credentials (RFC 8489) of 68 bytes or more.
    #[schema(value_type = Vec<String>, max_items = 1000)]
    udp: Vec<SocketAddr>,
}

/// Where this server takes media.
#[utoipa::path(get, path = "/media-addresses", tag = "visit", security(()),
    responses((status = 200, body = MediaAddresses), Problems))]
pub async fn read(State(app): State<Arc<App>>) -> Json<MediaAddresses> {
    Json(MediaAddresses { udp: app.rooms.media().addresses().collect() })
}
