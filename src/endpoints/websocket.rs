//! `GET /ws`: who may open a signaling socket. What is said on it is `rooms::websocket`'s.

use crate::app::App;
use crate::endpoints::Problem;
use crate::rooms::websocket::{HARD_LIMIT_BYTES, READ_BUFFER_BYTES, serve};
use axum::extract::{State, WebSocketUpgrade};
use axum::http::{HeaderMap, header};
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
    if !is_own_origin(&headers, &app.allowed_origins) {
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

/// A browser names the page's origin (RFC 6454 §7.3), and cross-site pages may open sockets at will: only our own pages and the
/// configured ones are let in. A program that sends no `Origin` is no browser and can do a page's visitor no harm.
fn is_own_origin(headers: &HeaderMap, allowed: &[String]) -> bool {
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
        is_own_origin(&headers, allowed)
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
