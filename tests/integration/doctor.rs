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
    let server = another_server(silent.local_addr().unwrap()).await;
    let findings = look(&format!("http://{server}")).await;
    let expected = [
        (Hop::Connection, Verdict::Ok),
        (Hop::Server, Verdict::Ok),
        (Hop::Clock, Verdict::Broken),
        (Hop::Udp, Verdict::Broken),
    ];
    assert_eq!(verdicts(&findings), expected, "{findings:#?}");
}

/// Answers every request as Kenes does, years ago, with media at `udp`.
async fn another_server(udp: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let body = format!(r#"{{"udp": ["{udp}"]}}"#);
    let head = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\nContent-Length:";
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

    let gateway = [("KENES_SMS_URL", "http://127.0.0.1:9/sms"), ("KENES_SMS_TOKEN", "a-token-of-the-gateway")];
    let ill = doctor(app.address().to_string(), &gateway, &["--json"]);
    let report: Value = serde_json::from_slice(&ill.stdout).unwrap();
    let sms = report["findings"].as_array().unwrap().iter().find(|finding| finding["hop"] == "sms_gateway").unwrap();
    assert_eq!((sms["verdict"].as_str(), ill.status.code()), (Some("broken"), Some(1)), "{report:#}");
    assert_eq!(String::from_utf8(ill.stderr).unwrap(), "kenes: SMS gateway is broken\n");
}
