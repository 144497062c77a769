//! Errors of the HTTP API as `application/problem+json` (RFC 9457). They carry a code, never what the person sent.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    BadRequest,
    InvitationInvalid,
    InvitationExpired,
    RateLimited,
    NotFound,
    Forbidden,
    Draining,
    Busy,
    Internal,
}

impl Problem {
    /// Stable word for programs; PROTOCOL.md lists it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::InvitationInvalid => "invitation_invalid",
            Self::InvitationExpired => "invitation_expired",
            Self::RateLimited => "rate_limited",
            Self::NotFound => "not_found",
            Self::Forbidden => "forbidden",
            Self::Draining => "draining",
            Self::Busy => "busy",
            Self::Internal => "internal",
        }
    }

    fn status_and_title(self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "The request is not what this address takes"),
            Self::InvitationInvalid => (StatusCode::UNAUTHORIZED, "The invitation is not valid"),
            Self::InvitationExpired => (StatusCode::UNAUTHORIZED, "The invitation has expired"),
            Self::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "Too many requests from this address; wait a minute"),
            Self::NotFound => (StatusCode::NOT_FOUND, "There is nothing at this address"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Pages of this origin may not connect here"),
            Self::Draining => (StatusCode::SERVICE_UNAVAILABLE, "The server is shutting down"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "The server has no place for another connection"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "The server failed"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, title) = self.status_and_title();
        let body = serde_json::json!({
            "type": "about:blank", "title": title, "status": status.as_u16(), "code": self.code(),
        });
        let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        (status, [kind], body.to_string()).into_response()
    }
}
