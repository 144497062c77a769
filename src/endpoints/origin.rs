//! Whether a request comes from a page of ours: what keeps other sites' pages from acting in a signed-in person's name.

use axum::http::{HeaderMap, header};

/// A browser names the page's origin (RFC 6454 §7.3) with every request that changes something and with every WebSocket. A program
/// that sends no `Origin` is no browser and can do a page's visitor no harm.
pub(super) fn is_own(headers: &HeaderMap, allowed: &[String]) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let same = authority.zip(text(header::HOST)).is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host));
    same || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_let_in(origin: Option<&str>, allowed: &[String]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "kenes.example:8443".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        is_own(&headers, allowed)
    }

    #[test]
    fn our_own_page_is_let_in_and_another_sites_is_not() {
        assert!(is_let_in(Some("https://kenes.example:8443"), &[]));
        assert!(is_let_in(Some("https://KENES.example:8443"), &[]));
        assert!(!is_let_in(Some("https://evil.example"), &[]));
        assert!(!is_let_in(Some("https://kenes.example:8443.evil.example"), &[]));
        assert!(!is_let_in(Some("null"), &[]));
    }

    #[test]
    fn a_configured_origin_is_let_in() {
        assert!(is_let_in(Some("https://portal.example"), &["https://portal.example".to_owned()]));
    }

    #[test]
    fn a_program_without_an_origin_is_let_in() {
        assert!(is_let_in(None, &[]));
    }
}
