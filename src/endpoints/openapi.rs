//! The API's description (OpenAPI 3.1), made from the handlers themselves, and what all of them may answer. `/docs` shows it to people.

use super::problem::ProblemBody;
use super::problem_texts;
use axum::Extension;
use axum::body::Bytes;
use axum::http::{HeaderName, header};
use std::collections::BTreeMap;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::response::Response;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi as _};

/// What any call may answer beside success.
pub struct Problems;

const STATUSES: [(&str, &str); 11] = [
    ("400", "Not a request of this address"),
    ("401", "Nobody is signed in, or the secret is not valid"),
    ("403", "Not allowed to this person, or from this page"),
    ("404", "There is no such thing, or it is out of the caller's reach"),
    ("409", "A rule says no; `code` says which"),
    ("412", "The record was changed in the meantime"),
    ("422", "Fields that are not right; `fields` says which"),
    ("428", "`If-Match` is missing"),
    ("429", "Too many requests"),
    ("500", "The server failed"),
    ("503", "The server has no place for the request now"),
];

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let problem = |(status, description): (&str, &str)| {
            let content = Content::new(Some(Ref::from_schema_name("ProblemBody")));
            let response = ResponseBuilder::new().description(description);
            (status.to_owned(), response.content("application/problem+json", content).build().into())
        };
        STATUSES.into_iter().map(problem).collect()
    }
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Kenes", description = "Accounts, schedules, booking and visits of a teleconsultation server."),
    components(schemas(ProblemBody)),
    modifiers(&Security, &Words),
    security(("session" = []), ("key" = []))
)]
struct Description;

/// How callers prove who they are.
struct Security;

impl Modify for Security {
    fn modify(&self, description: &mut OpenApi) {
        let components = description.components.get_or_insert_default();
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(super::cookie::SESSION)));
        components.add_security_scheme("session", cookie);
        components.add_security_scheme("link", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// Every error code with its words, for the page.
struct Words;

impl Modify for Words {
    fn modify(&self, description: &mut OpenApi) {
        let extensions = Extensions::from_iter([("x-problems", problem_texts::described())]);
        description.extensions.get_or_insert_default().merge(extensions);
    }
}

/// The description without its paths, which the router adds.
#[must_use]
pub fn description() -> OpenApi {
    Description::openapi()
}

/// The whole description as it is answered.
#[derive(Clone)]
pub struct Written(Bytes);

impl Written {
    #[must_use]
    pub fn of(mut description: OpenApi) -> Self {
        name_calls(&mut description);
        // Strings, numbers and maps by strings always become JSON.
        Self(serde_json::to_vec(&description).unwrap_or_default().into())
    }
}

/// Handlers of different modules have the same names; a call's name is its method and path: `get_sites_id`.
fn name_calls(description: &mut OpenApi) {
    for (path, item) in &mut description.paths.paths {
        let words: Vec<_> = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let name = words.get(2..).unwrap_or_default().join("_");
        let calls = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, call) in calls {
            if let Some(call) = call {
                call.operation_id = Some(format!("{method}_{name}"));
            }
        }
    }
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "description", security(()),
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"), Problems))]
pub async fn read(Extension(Written(bytes)): Extension<Written>) -> ([(HeaderName, &'static str); 1], Bytes) {
    ([(header::CONTENT_TYPE, "application/json")], bytes)
}
