//! The API's description and the server say the same.

use crate::http;
use crate::test_app::TestApp;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

async fn description(app: &TestApp) -> Value {
    let response = http::get(app.address(), "/api/v1/openapi.json").await;
    assert_eq!(response.header("content-type"), Some("application/json"));
    response.json()
}

fn paths(description: &Value) -> &Map<String, Value> {
    description["paths"].as_object().unwrap()
}

/// Each call by its method and path, with what is said of it.
fn operations(description: &Value) -> Vec<(String, &Value)> {
    paths(description).iter().flat_map(|(path, item)| calls(path, item)).collect()
}

fn calls<'a>(path: &'a str, item: &'a Value) -> impl Iterator<Item = (String, &'a Value)> {
    METHODS.iter().filter_map(move |method| Some((format!("{method} {path}"), item.get(method)?)))
}

async fn status(app: &TestApp, method: &str, path: &str) -> u16 {
    let path = path.replace(['{', '}'], "");
    let (method, address) = (method.to_uppercase(), app.address());
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    http::send(address, &head).await.status
}

#[tokio::test]
async fn what_is_described_is_served_and_no_other_method() {
    let app = TestApp::start().await;
    let description = description(&app).await;
    for path in paths(&description).keys() {
        assert!(path.starts_with("/api/v1/"), "{path}");
        for method in METHODS {
            let is_described = !description["paths"][path][method].is_null();
            let is_served = status(&app, method, path).await != 405;
            assert_eq!(is_served, is_described, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_is_served_is_described() {
    let app = TestApp::start().await;
    let description = description(&app).await;
    // The router takes a handler of the API with its description or not at all ..
    let router = include_str!("../../src/router.rs");
    assert!(!router.contains("route(\"/api"), "a path below /api that routes! does not know");
    // .. and a described handler that the router forgot would be one too many.
    let handlers = count(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/endpoints")), "#[utoipa::path(");
    assert_eq!(operations(&description).len(), handlers);
}

fn count(folder: &Path, what: &str) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let in_entry = |path: std::path::PathBuf| match path.is_dir() {
        true => count(&path, what),
        false => std::fs::read_to_string(&path).unwrap().matches(what).count(),
    };
    entries.map(in_entry).sum()
}

#[tokio::test]
async fn every_call_says_what_it_does_and_how_it_may_fail() {
    let app = TestApp::start().await;
    let description = description(&app).await;
    let operations = operations(&description);
    assert!(!operations.is_empty());
    let mut names = BTreeSet::new();
    for (call, operation) in operations {
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{call} has another's name");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{call} has no summary");
        assert!(operation["tags"][0].is_string(), "{call} has no tag");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| !status.starts_with(['4', '5'])), "{call} never succeeds");
        for status in ["400", "401", "403", "404", "409", "412", "422", "428", "429", "500", "503"] {
            let schema = &responses[status]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/ProblemBody", "{call}: {status}");
        }
    }
}

#[tokio::test]
async fn what_a_description_refers_to_is_in_it() {
    let app = TestApp::start().await;
    let description = description(&app).await;
    let schemas = &description["components"]["schemas"];
    let mut references = Vec::new();
    collect_references(&description, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let name = reference.strip_prefix("#/components/schemas/").unwrap_or_else(|| panic!("{reference}"));
        assert!(!schemas[name].is_null(), "{reference}");
    }
}

fn collect_references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|field| collect_references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_description_holds_every_error_code_in_three_languages() {
    let app = TestApp::start().await;
    let description = description(&app).await;
    let problems = description["x-problems"].as_array().unwrap();
    let changed = problems.iter().find(|problem| problem["code"] == json!("changed")).unwrap();
    for language in ["kk", "ru", "en"] {
        assert!(changed["words"][language]["title"].is_string(), "{language}");
    }
}

#[tokio::test]
async fn the_page_to_read_the_api_is_served() {
    let app = TestApp::start().await;
    let page = http::get(app.address(), "/docs").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("/js/docs.js"), "{}", page.body);
}
