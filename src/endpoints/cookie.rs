//! The session's cookie (RFC 6265): read by no script, sent by no other site's form, over TLS alone where there is TLS.

use axum::Extension;
use axum::http::{HeaderMap, HeaderValue, header};
use std::time::Duration;

pub(super) const SESSION: &str = "kenes_session";

/// Whether the listener that a request came by speaks TLS, or something in front of it does.
#[derive(Clone, Copy, Debug)]
pub struct OverTls(pub bool);

pub type Transport = Extension<OverTls>;

#[must_use]
pub(super) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
}

/// `life` zero deletes the cookie.
#[must_use]
pub(super) fn set(name: &str, value: &str, life: Duration, transport: OverTls) -> Option<HeaderValue> {
    let secure = if transport.0 { "; Secure" } else { "" };
    let seconds = life.as_secs();
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; kenes_session=xyz; b=2"));
        assert_eq!(read(&headers, SESSION), Some("xyz"));
        assert_eq!(read(&headers, "session"), None);
    }

    #[test]
    fn a_session_is_out_of_reach_of_scripts_and_other_sites() {
        let cookie = set(SESSION, "xyz", Duration::from_secs(60), OverTls(true)).unwrap();
        assert_eq!(cookie, "kenes_session=xyz; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
    }
}
