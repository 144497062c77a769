//! Errors of the HTTP API as `application/problem+json` (RFC 9457). They carry a code, never what the person sent. The words are in the
//! language that the request accepts: a response holds its [`Problem`] until [`translate`] writes it.

use super::problem_texts::{fault_text, text};
use crate::model::invalid::{FieldFault, Invalid};
use crate::model::language::Language;
use crate::model::refusal::Refusal;
use crate::storage::StorageError;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    BadRequest,
    /// Not JSON, or JSON of another shape.
    BadBody,
    InvitationInvalid,
    InvitationExpired,
    RateLimited,
    NotFound,
    MethodNotAllowed,
    Forbidden,
    NotSignedIn,
    /// Login or password; which of them is nobody's business.
    SignInRefused,
    PasswordChangeRequired,
    /// Too many passwords were tried; how long to wait.
    LockedOut(Duration),
    PairingCodeWrong,
    PreconditionRequired,
    /// Fields that are not right.
    Invalid(Vec<FieldFault>),
    /// A rule that says no.
    Refused(Refusal),
    /// What is unique and taken, or named and not there, or answered before.
    Conflict(&'static str),
    Draining,
    Busy,
    Internal,
}

/// The body of every error (RFC 9457 §3.1).
#[derive(Serialize, ToSchema)]
pub struct ProblemBody {
    /// `urn:kenes:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// What happened, in the language asked for.
    title: &'static str,
    /// What to do.
    detail: &'static str,
    status: u16,
    /// Stable word for programs.
    code: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldProblem>,
}

/// One field that is not right.
#[derive(Serialize, ToSchema)]
pub struct FieldProblem {
    field: &'static str,
    code: &'static str,
    text: String,
}

impl Problem {
    /// Stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::BadBody => "bad_request",
            Self::InvitationInvalid => "invitation_invalid",
            Self::InvitationExpired => "invitation_expired",
            Self::RateLimited => "rate_limited",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Forbidden => "forbidden",
            Self::NotSignedIn => "not_signed_in",
            Self::SignInRefused => "sign_in_failed",
            Self::PasswordChangeRequired => "must_change_password",
            Self::LockedOut(_) => "locked_out",
            Self::PairingCodeWrong => "pairing_code_wrong",
            Self::PreconditionRequired => "precondition_required",
            Self::Invalid(_) => "invalid",
            Self::Refused(refusal) => refusal.code(),
            Self::Conflict(code) => code,
            Self::Draining => "draining",
            Self::Busy => "busy",
            Self::Internal => "internal",
        }
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest | Self::BadBody => StatusCode::BAD_REQUEST,
            Self::InvitationInvalid
            | Self::InvitationExpired
            | Self::NotSignedIn
            | Self::SignInRefused
            | Self::PairingCodeWrong => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::PasswordChangeRequired | Self::Refused(Refusal::NotAllowed) => {
                StatusCode::FORBIDDEN
            }
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Refused(Refusal::Changed) => StatusCode::PRECONDITION_FAILED,
            Self::Conflict("idempotency_key_reused") | Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Refused(_) | Self::Conflict(_) => StatusCode::CONFLICT,
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::RateLimited | Self::LockedOut(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Draining | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn body(&self, language: Language) -> ProblemBody {
        let words = text(self.code(), language);
        let faults = match self {
            Self::Invalid(faults) => faults.as_slice(),
            _ => &[],
        };
        let field = |fault: &FieldFault| FieldProblem {
            field: fault.field,
            code: fault.fault.code(),
            text: fault_text(fault.fault, language),
        };
        let of_rule = match self {
            Self::Refused(refusal) => {
                refusal.field().map(|field| FieldProblem { field, code: refusal.code(), text: words.title.to_owned() })
            }
            _ => None,
        };
        ProblemBody {
            kind: format!("urn:kenes:problem:{}", self.code()),
            title: words.title,
            detail: words.detail,
            status: self.status().as_u16(),
            code: self.code(),
            fields: faults.iter().map(field).chain(of_rule).collect(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Invalid> for Problem {
    fn from(Invalid(faults): Invalid) -> Self {
        Self::Invalid(faults)
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Refused(refusal) => Self::Refused(refusal),
            StorageError::Missing(_) => Self::NotFound,
            StorageError::Exists(_) | StorageError::Dangling(_) | StorageError::KeyReused => {
                Self::Conflict(error.code())
            }
            StorageError::Database(sqlx::Error::PoolTimedOut) => Self::Busy,
            error => {
                tracing::error!(code = error.code(), %error, "a request failed in storage");
                Self::Internal
            }
        }
    }
}

/// The system's random source or the cipher failed.
impl From<aws_lc_rs::error::Unspecified> for Problem {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Internal
    }
}

impl From<crate::accounts::password::HashFailed> for Problem {
    fn from(_: crate::accounts::password::HashFailed) -> Self {
        Self::Internal
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Self::LockedOut(wait) = self {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the problem that a response holds in the language that its request accepts.
pub async fn translate(request: Request, next: Next) -> Response {
    let language = accepted_language(request.headers());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        // A struct of strings and numbers always becomes JSON.
        let body = serde_json::to_string(&problem.body(language)).unwrap_or_default();
        *response.body_mut() = Body::from(body);
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.as_str()));
    }
    response
}

/// `Accept-Language` (RFC 9110 §12.5.4): the first of ours that it names, in its order; weights are not weighed, since browsers list
/// languages by weight. Russian without one: the language that most of the country's staff read.
pub(super) fn accepted_language(headers: &HeaderMap) -> Language {
    let text = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let tags = text.split(',').map(|tag| tag.split([';', '-']).next().unwrap_or_default().trim().to_ascii_lowercase());
    tags.filter_map(|tag| tag.parse().ok()).next().unwrap_or(Language::Russian)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(accept: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accept.parse().unwrap());
        accepted_language(&headers)
    }

    #[test]
    fn the_first_language_of_ours_is_taken() {
        assert_eq!(language("kk-KZ,kk;q=0.9,ru;q=0.8"), Language::Kazakh);
        assert_eq!(language("de-DE, en-GB;q=0.5"), Language::English);
        assert_eq!(language("de"), Language::Russian);
    }

    #[test]
    fn a_stale_version_is_a_failed_precondition_and_a_rule_a_conflict() {
        assert_eq!(Problem::from(Refusal::Changed).status(), StatusCode::PRECONDITION_FAILED);
        assert_eq!(Problem::from(Refusal::TimeTaken).status(), StatusCode::CONFLICT);
        assert_eq!(Problem::from(Refusal::NotAllowed).status(), StatusCode::FORBIDDEN);
    }
}
