//! `kenes doctor` on ways of which one hop at a time is broken, and on the machine of a server.

use crate::test_app::TestApp;
use kenes::doctor::{Finding, Hop, Verdict, Way, examine_way};
use serde_json::Value;
use std::net::SocketAddr;
use std::process::Command;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

async fn look(url: &str) -> Vec<Finding> {
    examine_way(&Way::to(url).unwrap()).await
}

fn verdicts(findings: &[Finding]) -> Vec<(Hop, Verdict)> {
    findings.iter().map(|finding| (finding.hop, finding.verdict)).collect()
}

#[tokio::test]
async fn a_server_that_works_is_found_to_work_hop_by_hop() {
    let app = TestApp::start().await;
    let findings = look(&format!("http://{}", app.address())).await;
    let hops = [Hop::Connection, Hop::Server, Hop::Clock, Hop::Udp];
    assert_eq!(verdicts(&findings), hops.map(|hop| (hop, Verdict::Ok)), "{findings:#?}");
    let media = app.server.media_addresses()[0];
    assert!(findings[3].seen.starts_with(&format!("{media} answers, and sees this machine as 127.0.0.1:")));
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_broken_for_strangers_and_a_doubt_beside_the_server() {
    let app = TestApp::start_with(&[("KENES_HTTPS_LISTEN", "127.0.0.1:0")]).await;
    let url = format!("https://{}", app.server.https_address().unwrap());
    let findings = look(&url).await;
    assert_eq!(
        verdicts(&findings),
        [(Hop::Connection, Verdict::Ok), (Hop::Certificate, Verdict::Broken)],
        "{findings:#?}"
    );

    let findings = examine_way(&Way { self_signed: true, ..Way::to(&url).unwrap() }).await;
    let certificate = findings.iter().find(|finding| finding.hop == Hop::Certificate).unwrap();
    assert_eq!(certificate.verdict, Verdict::Doubtful);
    assert_eq!(findings.last().map(|last| (last.hop, last.verdict)), Some((Hop::Udp, Verdict::Ok)), "{findings:#?}");
}

#[tokio::test]
async fn a_name_that_nobody_knows_and_a_port_where_nobody_listens_end_the_way() {
    assert_eq!(verdicts(&look("https://kenes.invalid").await), [(Hop::Dns, Verdict::Broken)]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(verdicts(&look(&url).await), [(Hop::Connection, Verdict::Broken)]);
    assert!(Way::to("ftp://kenes.example").is_err() && Way::to("kenes.example").is_err());
}

#[tokio::test]
async fn a_firewall_that_drops_datagrams_and_a_clock_that_is_wrong_are_named() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let body = format!(r#"{{"udp": ["{}"]}}"#, silent.local_addr().unwrap());
    let server = another_server("200 OK", body).await;
    let findings = look(&format!("http://{server}")).await;
    let expected = [
        (Hop::Connection, Verdict::Ok),
        (Hop::Server, Verdict::Ok),
        (Hop::Clock, Verdict::Broken),
        (Hop::Udp, Verdict::Broken),
    ];
    assert_eq!(verdicts(&findings), expected, "{findings:#?}");
}

#[tokio::test]
async fn a_server_that_takes_no_consultations_and_a_proxy_that_hides_the_media_ports_end_the_way() {
    let stopping = another_server("503 Service Unavailable", String::new()).await;
    let findings = look(&format!("http://{stopping}")).await;
    assert_eq!(verdicts(&findings), [(Hop::Connection, Verdict::Ok), (Hop::Server, Verdict::Broken)], "{findings:#?}");

    let proxy = another_server("200 OK", "<html>Welcome</html>".to_owned()).await;
    let findings = look(&format!("http://{proxy}")).await;
    let last = findings.last().unwrap();
    assert_eq!((last.hop, last.verdict), (Hop::Server, Verdict::Broken), "{findings:#?}");
    assert_eq!(last.seen, "does not say where its media ports are");
}

/// Answers every request with the same, years ago.
async fn another_server(status: &str, body: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let head =
        format!("HTTP/1.1 {status}\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\nContent-Length:");
    let answer = format!("{head} {}\r\n\r\n{body}", body.len());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                if matches!(stream.read(&mut request).await, Ok(1..)) {
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    address
}

/// Hop, verdict, and the configuration that the command reads.
type Ill = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What is wrong with the machine of a server that runs well.
const ILLS: &[Ill] = &[
    (
        "sms_gateway",
        "broken",
        &[("KENES_SMS_URL", "http://127.0.0.1:9/sms"), ("KENES_SMS_TOKEN", "a-token-of-the-gateway")],
    ),
    (
        "mail_server",
        "broken",
        &[
            ("KENES_SMTP_HOST", "127.0.0.1"),
            ("KENES_SMTP_PORT", "9"),
            ("KENES_SMTP_SECURITY", "none"),
            ("KENES_SMTP_FROM", "kenes@hospital.example"),
        ],
    ),
    ("sms_gateway", "doubtful", &[]),
    ("database", "broken", &[("KENES_STORAGE_DATABASE_URL", "postgres://nobody@127.0.0.1:9/kenes")]),
    ("database", "doubtful", &[("KENES_STORAGE_DATA_FOLDER", "/kenes/of/nobody")]),
    ("public_address", "doubtful", &[("KENES_MEDIA_PUBLIC_ADDRESSES", "203.0.113.7")]),
];

/// On threads of its own: the test waits for the command, the server must not.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_looks_at_the_machine_and_fails_when_a_hop_is_broken() {
    let app = TestApp::start().await;
    let doctor = |http: String, variables: &[(&str, &str)], arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_kenes"))
            .arg("doctor")
            .args(arguments)
            .env("KENES_STORAGE_DATA_FOLDER", app.folder())
            .env("KENES_HTTP_LISTEN", http)
            .env("KENES_HTTPS_LISTEN", "")
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    };
    let well = doctor(app.address().to_string(), &[], &[]);
    let text = String::from_utf8(well.stdout).unwrap();
    assert!(well.status.success() && text.ends_with("No hop is broken.\n"), "{text}");
    assert!(text.contains("its audit trail of") && text.contains("MiB free"), "{text}");

    for (hop, verdict, variables) in ILLS {
        let own = format!("http://{}", app.address());
        let variables = [&[("KENES_HTTP_PUBLIC_URL", own.as_str())], *variables].concat();
        let ill = doctor(app.address().to_string(), &variables, &["--json"]);
        let report: Value = serde_json::from_slice(&ill.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["hop"] == *hop).unwrap();
        let is_broken = *verdict == "broken";
        assert_eq!(
            (finding["verdict"].as_str(), ill.status.code()),
            (Some(*verdict), Some(i32::from(is_broken))),
            "{report:#}"
        );
        let named = if is_broken { format!("kenes: {} is broken\n", hop.replace('_', " ")) } else { String::new() };
        assert_eq!(String::from_utf8(ill.stderr).unwrap().to_lowercase(), named);
    }
}
