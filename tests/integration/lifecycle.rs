//! Start and end: ports, TLS, drain, the binary itself.

use crate::join::chromium_offer;
use crate::person::Person;
use crate::test_app::TestApp;
use kenes::config;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_drain_tells_everybody_and_ends_in_bounded_time() {
    let app = TestApp::start().await;
    let address = app.address();
    let (mut nurse, _) = app.enter("nurse").await;
    let (mut patient, _) = app.enter("patient").await;
    let begun = Instant::now();
    let ending = tokio::spawn(app.server.shutdown());
    for person in [&mut nurse, &mut patient] {
        assert_eq!(person.next("reconnect").await["tier"], "server");
        assert_eq!(person.next("bye").await["reason"], "draining");
        assert_eq!(person.close_code().await, Some(1000));
    }
    ending.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the port is free again");
}

#[tokio::test]
async fn a_socket_that_ignores_the_drain_does_not_hold_it_up() {
    let app = TestApp::start_with(&[("KENES_ROOMS_DRAIN_MS", "100")]).await;
    let silent = app.connect("nurse").await;
    let begun = Instant::now();
    app.server.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    drop(silent);
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_its_key() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("KENES_HTTP_LISTEN".to_owned(), taken.local_addr().unwrap().to_string()),
        ("KENES_HTTPS_LISTEN".to_owned(), String::new()),
        ("KENES_STORAGE_DATA_FOLDER".to_owned(), folder.path().to_str().unwrap().to_owned()),
    ];
    let Err(error) = kenes::Server::start(config::load(None, variables.into_iter()).unwrap()).await else {
        panic!("started on a taken port");
    };
    let error = error.to_string();
    assert!(error.contains("http.listen") && error.contains("in use"), "{error}");
}

#[tokio::test]
async fn links_live_on_after_a_restart_when_the_key_is_configured() {
    let key = [("KENES_TOKENS_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")];
    let first = TestApp::start_with(&key).await;
    let invitation = first.invitation("nurse").to_owned();
    first.server.shutdown().await;
    let second = TestApp::start_with(&key).await;
    assert_eq!(second.exchange(&invitation).await.status, 200);
    let stranger = TestApp::start().await;
    assert_eq!(stranger.exchange(&invitation).await.status, 401);
}

#[tokio::test]
async fn an_ended_consultation_is_forgotten_once_the_room_was_empty_for_long_enough() {
    let app = TestApp::start_with(&[("KENES_ROOMS_EMPTY_ROOM_MS", "1000")]).await;
    let (mut nurse, _) = app.enter("nurse").await;
    nurse.moderate("end", &serde_json::Value::Null).await;
    nurse.next("bye").await;
    assert_eq!(app.enter("nurse").await.1["reason"], "ended");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(app.metrics().await.contains("kenes_rooms 0"));
    assert_eq!(app.enter("nurse").await.1["type"], "joined");
}

#[tokio::test]
async fn more_rooms_or_sockets_than_configured_are_refused_and_the_first_stay() {
    let limits = [("KENES_DEMO_ROOMS", "2"), ("KENES_ROOMS_MAX_ROOMS", "1"), ("KENES_HTTP_MAX_SOCKETS", "2")];
    let app = TestApp::start_with(&limits).await;
    let (mut nurse, _) = app.enter("nurse").await;
    let mut other = Person::connect(app.address(), app.token(&app.invitations("nurse")[1]).await).await;
    other.join().await;
    assert_eq!(other.next("error").await["code"], "room_full");
    assert!(tokio_tungstenite::connect_async(format!("ws://{}/ws", app.address())).await.is_err());
    nurse.settle().await;
}

#[tokio::test]
async fn rooms_spread_over_the_shards() {
    let app = TestApp::start_with(&[("KENES_DEMO_ROOMS", "2"), ("KENES_MEDIA_SHARDS", "2")]).await;
    let mut ports = Vec::new();
    for invitation in app.invitations("nurse") {
        let mut nurse = Person::connect(app.address(), app.token(&invitation).await).await;
        nurse.join_with(1, chromium_offer().into(), serde_json::Value::Null).await;
        let joined = nurse.next("joined").await;
        let candidate =
            joined["answer"].as_str().unwrap().lines().find(|line| line.starts_with("a=candidate:")).unwrap();
        ports.push(candidate.split(' ').nth(5).unwrap().parse::<u16>().unwrap());
    }
    let shards: Vec<u16> = app.server.media_addresses().iter().map(std::net::SocketAddr::port).collect();
    assert_eq!(ports, shards);
}

#[test]
fn the_binary_announces_three_links_and_stops_cleanly() {
    let mut server = Running::start(&[]);
    for label in ["nurse      http://localhost:", "specialist http://localhost:", "patient    http://localhost:"] {
        let lines = &server.lines;
        assert_eq!(lines.iter().filter(|line| line.starts_with(label)).count(), 1, "{label} in {lines:#?}");
    }
    interrupt(&server.child);
    assert!(server.child.wait().unwrap().success());
}

/// The binary at work on ports of its own.
pub(crate) struct Running {
    pub(crate) child: Child,
    /// What it has said until it was ready.
    lines: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Running {
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = kenes(&[])
            .env("KENES_STORAGE_DATA_FOLDER", folder.path())
            .env("KENES_HTTP_LISTEN", "127.0.0.1:0")
            .env("KENES_HTTPS_LISTEN", "")
            .env("KENES_MEDIA_LISTEN", "127.0.0.1:0")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            // Not `take_while`: nothing follows this line until the server ends.
            let is_ready = line == "ready";
            lines.push(line);
            if is_ready {
                break;
            }
        }
        Self { child, lines, _folder: folder }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        let link = self.lines.iter().find_map(|line| line.split_once("http://localhost:")).unwrap().1;
        let port = link.split(|other: char| !other.is_ascii_digit()).next().unwrap();
        ([127, 0, 0, 1], port.parse().unwrap()).into()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

pub(crate) fn kenes(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kenes"));
    command.args(arguments).stderr(Stdio::null());
    command
}
