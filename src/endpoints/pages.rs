//! The web client's files, and the answer for every path that names nothing.

use crate::endpoints::{Problem, security_headers};
use crate::web_client::{self, Coding, Page};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

/// Revalidated at each use: a page and its modules always come from one release.
const CACHE_CONTROL: &str = "no-cache";

pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if uri.path().starts_with("/api/") {
        return security_headers::keep_nowhere(Problem::NotFound.into_response()).await;
    }
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let accepted = accepted_coding(&headers);
    match web_client::page(uri.path(), accepted) {
        Some(page) if is_cached(&headers, &page.etag) => (StatusCode::NOT_MODIFIED, caching(&page)).into_response(),
        Some(page) => whole(StatusCode::OK, page),
        None => web_client::not_found_page(accepted)
            .map_or_else(|| Problem::NotFound.into_response(), |page| whole(StatusCode::NOT_FOUND, page)),
    }
}

/// `Accept-Encoding` (RFC 9110 §12.5.3): gzip, by its name or as `*`, unless its weight is 0.
fn accepted_coding(headers: &HeaderMap) -> Coding {
    let lines = || headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let accepts = |name: &str| {
        lines().flat_map(|line| line.split(',')).find_map(|coding| {
            let (coding, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = weight.split_once('=').map_or(Ok(1.0_f32), |(_, weight)| weight.trim().parse());
            coding.trim().eq_ignore_ascii_case(name).then_some(weight != Ok(0.0))
        })
    };
    if accepts("gzip").or_else(|| accepts("*")).unwrap_or(false) { Coding::Gzip } else { Coding::Identity }
}

/// `If-None-Match` (RFC 9110 §13.1.2).
fn is_cached(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
}

/// What a 304 says as well (RFC 9110 §15.4.5).
fn caching(page: &Page) -> [(HeaderName, String); 3] {
    [
        (header::ETAG, page.etag.clone()),
        (header::CACHE_CONTROL, CACHE_CONTROL.to_owned()),
        (header::VARY, header::ACCEPT_ENCODING.to_string()),
    ]
}

fn whole(status: StatusCode, page: Page) -> Response {
    let caching = caching(&page);
    let encoding = (page.coding == Coding::Gzip).then_some([(header::CONTENT_ENCODING, "gzip")]);
    (status, caching, encoding, [(header::CONTENT_TYPE, page.content_type)], Body::from(page.bytes)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coding_for(lines: &[&str]) -> Coding {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::ACCEPT_ENCODING, line.parse().unwrap());
        }
        accepted_coding(&headers)
    }

    #[test]
    fn gzip_goes_to_who_accepts_it_and_to_nobody_else() {
        for lines in [&["gzip, deflate, br, zstd"][..], &["br;q=1.0, GZIP;q=0.2"], &["*"], &["br", "gzip"]] {
            assert_eq!(coding_for(lines), Coding::Gzip, "{lines:?}");
        }
        for lines in [&[][..], &[""], &["br"], &["gzip;q=0"], &["gzip; q=0.000, *"], &["*;q=0"], &["identity"]] {
            assert_eq!(coding_for(lines), Coding::Identity, "{lines:?}");
        }
    }
}
