//! What an administrator and a browser rely on: pages, headers, health, metrics.

use crate::http;
use crate::test_app::TestApp;
use std::io::Write as _;
use std::process::{Command, Stdio};

#[tokio::test]
async fn pages_come_with_headers_that_hold_the_browser_back() {
    let app = TestApp::start().await;
    for path in ["/", "/visit"] {
        let page = http::get(app.address(), path).await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert!(page.header("permissions-policy").unwrap().contains("camera=(self)"));
    }
}

#[tokio::test]
async fn a_known_page_is_not_sent_again() {
    let app = TestApp::start().await;
    let page = http::get(app.address(), "/").await;
    let etag = page.header("etag").unwrap();
    let again = http::get_with(app.address(), "/", &format!("If-None-Match: {etag}")).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
}

#[tokio::test]
async fn a_page_is_gzipped_for_who_accepts_that_and_each_form_has_a_tag_of_its_own() {
    let app = TestApp::start().await;
    let get = async |headers: &str| http::get_with(app.address(), "/js/visit.js", headers).await;
    let (plain, packed) = (get("Accept: */*").await, get("Accept-Encoding: gzip, deflate, br").await);
    assert_eq!((plain.header("content-encoding"), packed.header("content-encoding")), (None, Some("gzip")));
    assert_eq!(packed.header("content-type"), plain.header("content-type"));
    let length = |page: &http::Response| page.header("content-length").unwrap().parse::<usize>().unwrap();
    assert!(length(&packed) < length(&plain));

    let (plain_tag, packed_tag) = (plain.header("etag").unwrap(), packed.header("etag").unwrap());
    assert_ne!(plain_tag, packed_tag);
    let again = |tag: &str| format!("Accept-Encoding: gzip\r\nIf-None-Match: {tag}");
    let known = get(&again(packed_tag)).await;
    assert_eq!((known.status, known.header("etag"), known.body.as_str()), (304, Some(packed_tag), ""));
    assert_eq!(get(&again(plain_tag)).await.status, 200, "a cache holds the other form");
    for response in [&plain, &packed, &known] {
        assert_eq!(response.header("vary"), Some("accept-encoding"));
    }
}

#[tokio::test]
async fn a_path_that_names_nothing_is_not_found() {
    let app = TestApp::start().await;
    assert_eq!(http::get(app.address(), "/nothing").await.status, 404);
    let api = http::get(app.address(), "/api/v1/nothing").await;
    assert_eq!((api.status, api.json()["code"].as_str()), (404, Some("not_found")));
    assert_eq!(http::post(app.address(), "/visit", "").await.status, 405);
}

#[tokio::test]
async fn health_and_readiness_answer() {
    let app = TestApp::start().await;
    assert_eq!(http::get(app.address(), "/healthz").await.body, "ok\n");
    assert_eq!(http::get(app.address(), "/readyz").await.body, "ready\n");
}

#[tokio::test]
async fn metrics_count_what_happens_and_name_nobody() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    let (_patient, waiting) = app.enter("patient").await;
    nurse.moderate("admit", &waiting["id"]).await;
    nurse.send_text("{".into()).await;
    nurse.settle().await;
    let metrics = app.metrics().await;
    for line in [
        "kenes_websockets 2",
        "kenes_rooms 1",
        "kenes_http_joins_total{result=\"ok\"} 2",
        "kenes_websocket_messages_total{type=\"join\"} 2",
        "kenes_websocket_messages_total{type=\"malformed\"} 1",
        "kenes_websocket_errors_total{code=\"bad_message\"} 1",
        "kenes_session_waiting_seconds_count 1",
        "kenes_shard_stalled{shard=\"0\"} 0",
        "kenes_shard_overload_level{shard=\"0\"} 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "no `{line}` in:\n{metrics}");
    }
    for private in ["demo-1", "nurse", "patient", "Айгуль"] {
        assert!(!metrics.contains(private), "{private}");
    }
}

#[tokio::test]
async fn promtool_finds_nothing_wrong_with_the_metrics() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    nurse.send_text("{".into()).await;
    nurse.settle().await;
    // The shard's first report.
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    let metrics = app.metrics().await;
    let started =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut promtool) = started else {
        eprintln!("promtool is not installed (Debian package prometheus): its check was left out");
        return;
    };
    promtool.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
