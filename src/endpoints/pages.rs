//! The web client's files, and the answer for every path that names nothing.

use crate::endpoints::Problem;
use crate::web_client::{self, Page};
use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

/// Revalidated at each use: a page and its modules always come from one release.
const CACHE_CONTROL: &str = "no-cache";

pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if uri.path().starts_with("/api/") {
        return Problem::NotFound.into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    match web_client::page(uri.path()) {
        Some(page) if is_cached(&headers, &page.etag) => not_modified(&page),
        Some(page) => whole(StatusCode::OK, page),
        None => web_client::not_found_page()
            .map_or_else(|| Problem::NotFound.into_response(), |page| whole(StatusCode::NOT_FOUND, page)),
    }
}

/// `If-None-Match` (RFC 9110 §13.1.2).
fn is_cached(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
}

fn not_modified(page: &Page) -> Response {
    let headers = [(header::ETAG, page.etag.as_str()), (header::CACHE_CONTROL, CACHE_CONTROL)];
    (StatusCode::NOT_MODIFIED, headers).into_response()
}

fn whole(status: StatusCode, page: Page) -> Response {
    let headers = [
        (header::CONTENT_TYPE, page.content_type),
        (header::ETAG, page.etag),
        (header::CACHE_CONTROL, CACHE_CONTROL.to_owned()),
    ];
    (status, headers, Body::from(page.bytes.into_owned())).into_response()
}
