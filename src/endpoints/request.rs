//! What requests have in common: a JSON body with its Idempotency-Key, the version that the caller saw, a page of a list, a time. Each is
//! an extractor that answers a [`Problem`]; none knows what the request is about.

use super::Problem;
use crate::model::ids::NotAnId;
use crate::model::invalid::{Fault, FieldFault};
use crate::model::record::Version;
use crate::model::time::{UnixMillis, parse_rfc3339};
use crate::storage::IdempotencyKey;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::{IntoParams, ToSchema};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_KEY: usize = 100;
/// No text has a NUL, and PostgreSQL cannot keep one: such a request is refused here instead of failing there.
const NUL_IN_JSON: &[u8] = br"\u0000";
const NUL_IN_QUERY: &str = "%00";

/// A JSON body, and the `Idempotency-Key` that came with it.
pub struct Body<T> {
    pub value: T,
    pub idempotency: Option<IdempotencyKey>,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let key = idempotency_key(request.headers())?;
        let target = format!("{} {}\n", request.method(), request.uri().path());
        let bytes = Bytes::from_request(request, state).await.map_err(|_| Problem::BadBody)?;
        if bytes.windows(NUL_IN_JSON.len()).any(|window| window == NUL_IN_JSON) {
            return Err(Problem::BadBody);
        }
        let value = serde_json::from_slice(&bytes).map_err(|_| Problem::BadBody)?;
        let idempotency = key.map(|key| {
            let digest = crate::accounts::secret::hash(&(target + &String::from_utf8_lossy(&bytes)));
            IdempotencyKey { key, request_hash: digest.0.iter().map(|byte| format!("{byte:02x}")).collect() }
        });
        Ok(Self { value, idempotency })
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().map_err(|_| Problem::BadRequest)?;
    let is_sound = (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if is_sound { Ok(Some(key.to_owned())) } else { Err(Problem::BadRequest) }
}

/// `If-Match` with one strong entity tag (RFC 9110 §13.1.1): the version that the caller saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub Version);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let value = parts.headers.get(header::IF_MATCH).ok_or(Problem::PreconditionRequired)?;
        let tag = value.to_str().ok().and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"'));
        let version = tag.and_then(|tag| tag.parse().ok()).ok_or(Problem::BadRequest)?;
        Ok(Self(Version(version)))
    }
}

/// The version of what is answered.
pub struct ETag(pub Version);

impl IntoResponseParts for ETag {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Self::Error> {
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.0.0)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        Ok(response)
    }
}

/// The id in a path; what is no id names nothing.
pub struct Id<T>(pub T);

impl<T: FromStr<Err = NotAnId>, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Problem::NotFound)?;
        text.parse().map(Self).map_err(|_| Problem::NotFound)
    }
}

/// The query of a request, unknown parameters refused where `T` refuses them.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(|query| query.contains(NUL_IN_QUERY)) {
            return Err(Problem::BadRequest);
        }
        let Query(value) = Query::<T>::from_request_parts(parts, state).await.map_err(|_| Problem::BadRequest)?;
        Ok(Self(value))
    }
}

/// Of which part of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

pub const MAX_PAGE: u32 = 200;
const PAGE: u32 = 50;

impl Paging {
    /// # Errors
    /// Not within 1 to 200.
    pub fn limit(&self) -> Result<u32, Problem> {
        match self.limit.unwrap_or(PAGE) {
            limit @ 1..=MAX_PAGE => Ok(limit),
            _ => Err(invalid("limit", Fault::OutOfRange)),
        }
    }
}

/// A part of a list. `next`: the cursor of the following part, absent on the last.
#[derive(Serialize, ToSchema)]
pub struct List<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

impl<T> List<T> {
    #[must_use]
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// The part of `all` that is asked for, of a list that is short enough to be read as a whole; `id` names an item.
    ///
    /// # Errors
    /// The limit is out of its range, or the cursor is of another list.
    pub fn part(all: Vec<T>, paging: &Paging, id: impl Fn(&T) -> String) -> Result<Self, Problem> {
        let limit = paging.limit()? as usize;
        let skipped = match paging.cursor.as_deref() {
            Some(cursor) => {
                let at = all.iter().position(|item| id(item) == cursor);
                at.ok_or_else(|| invalid("cursor", Fault::Unknown))? + 1
            }
            None => 0,
        };
        let mut items: Vec<T> = all.into_iter().skip(skipped).collect();
        let is_last = items.len() <= limit;
        items.truncate(limit);
        let next = items.last().filter(|_| !is_last).map(id);
        Ok(Self { items, next })
    }
}

impl<T: Serialize> IntoResponse for List<T> {
    fn into_response(self) -> Response {
        axum::Json(self).into_response()
    }
}

/// One field that is not right.
#[must_use]
pub fn invalid(field: &'static str, fault: Fault) -> Problem {
    Problem::Invalid(vec![FieldFault { field, fault }])
}

/// A parameter that is a word, an id or the like.
///
/// # Errors
/// The field's fault.
pub fn parsed<T: FromStr<Err: Into<Fault>>>(field: &'static str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|fault: T::Err| invalid(field, fault.into()))
}

/// A parameter that may be left out or empty.
///
/// # Errors
/// The field's fault.
pub fn parsed_if_any<T: FromStr<Err: Into<Fault>>>(
    field: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, Problem> {
    text.filter(|text| !text.is_empty()).map(|text| parsed(field, text)).transpose()
}

/// A parameter that is an RFC 3339 time.
///
/// # Errors
/// The field's fault.
pub fn time(field: &'static str, text: &str) -> Result<UnixMillis, Problem> {
    parse_rfc3339(text).map_err(|fault| invalid(field, fault))
}

/// A time as the API writes it: RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn rfc3339(at: UnixMillis) -> String {
    crate::model::time::utc_rfc3339(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn if_match(value: Option<&str>) -> Result<IfMatch, Problem> {
        let mut builder = Request::builder();
        if let Some(value) = value {
            builder = builder.header(header::IF_MATCH, value);
        }
        let (mut parts, ()) = builder.body(()).unwrap().into_parts();
        IfMatch::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn a_version_comes_as_a_strong_tag_and_its_absence_is_told_apart() {
        assert_eq!(if_match(Some("\"3\"")).await, Ok(IfMatch(Version(3))));
        assert_eq!(if_match(None).await, Err(Problem::PreconditionRequired));
        for wrong in ["3", "W/\"3\"", "\"x\"", "*"] {
            assert_eq!(if_match(Some(wrong)).await, Err(Problem::BadRequest), "{wrong}");
        }
    }

    #[tokio::test]
    async fn the_same_key_with_another_body_or_address_is_another_request() {
        let digest = async |uri: &str, body: &str| {
            let request = Request::post(uri).header("idempotency-key", "k").body(body.to_owned().into()).unwrap();
            let body = Body::<serde_json::Value>::from_request(request, &()).await;
            body.ok().unwrap().idempotency.unwrap().request_hash
        };
        let first = digest("/a", "1").await;
        assert_eq!(digest("/a", "1").await, first);
        assert_ne!(digest("/a", "2").await, first);
        assert_ne!(digest("/b", "1").await, first);
    }

    #[tokio::test]
    async fn a_nul_never_reaches_the_database() {
        let request = Request::post("/a").body(r#"{"name":"a\u0000b"}"#.to_owned().into()).unwrap();
        assert_eq!(Body::<serde_json::Value>::from_request(request, &()).await.err(), Some(Problem::BadBody));
        let (mut parts, ()) = Request::get("/a?limit=1&cursor=a%00b").body(()).unwrap().into_parts();
        assert_eq!(Params::<Paging>::from_request_parts(&mut parts, &()).await.err(), Some(Problem::BadRequest));
    }

    #[test]
    fn a_list_is_read_part_by_part_to_its_end() {
        let part = |limit, cursor: Option<&str>| {
            let paging = Paging { limit: Some(limit), cursor: cursor.map(str::to_owned) };
            List::part(vec![1, 2, 3], &paging, i32::to_string).map(|list| (list.items, list.next))
        };
        assert_eq!(part(2, None), Ok((vec![1, 2], Some("2".to_owned()))));
        assert_eq!(part(2, Some("2")), Ok((vec![3], None)));
        assert_eq!(part(3, None), Ok((vec![1, 2, 3], None)));
        assert!(part(2, Some("7")).is_err());
    }

    #[test]
    fn a_page_has_one_to_two_hundred_rows() {
        let limit = |limit| Paging { limit, cursor: None }.limit();
        assert_eq!(limit(None), Ok(50));
        assert_eq!(limit(Some(200)), Ok(200));
        assert!(limit(Some(0)).is_err() && limit(Some(201)).is_err());
    }
}
