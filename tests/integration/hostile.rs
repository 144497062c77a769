//! Strangers at the doors while a consultation runs: it must not notice.

use crate::person::Person;
use crate::test_app::TestApp;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

/// A chat line must get from nurse to specialist within this while the server is under attack. On an idle machine it takes about a
/// millisecond; a starved or blocked server takes seconds.
const NOTICED: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_garbage_sockets_leave_a_consultation_untouched() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    let (mut specialist, _) = app.enter("specialist").await;

    let mut strangers = Vec::new();
    for index in 0..1000 {
        strangers.push(tokio::spawn(stranger(app.address(), index)));
        if index % 50 == 0 {
            assert_talk(&mut nurse, &mut specialist).await;
        }
    }
    assert_talk(&mut nurse, &mut specialist).await;
    let mut open = Vec::new();
    for stranger in strangers {
        open.extend(stranger.await.unwrap());
    }
    assert!(open.len() >= 500, "half-open sockets stay open for a while: {}", open.len());
    assert_talk(&mut nurse, &mut specialist).await;

    let (_patient, greeting) = app.enter("patient").await;
    assert_eq!(greeting["type"], "waiting", "a newcomer gets in beside {} strangers", open.len());
}

#[tokio::test]
async fn who_says_nothing_is_shown_the_door() {
    let app = TestApp::start().await;
    let mut silent = TcpStream::connect(app.address()).await.unwrap();
    let mut half = TcpStream::connect(app.address()).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();
    let mut joinless = app.connect("nurse").await;
    let shown = async {
        assert_eq!(joinless.close_code().await, Some(1008));
        // An answer (408) or none, then the end.
        let mut rest = Vec::new();
        silent.read_to_end(&mut rest).await.unwrap();
        half.read_to_end(&mut rest).await.unwrap();
    };
    tokio::time::timeout(Duration::from_secs(20), shown).await.expect("closed within 20 s");
    assert!(app.metrics().await.contains("kenes_websocket_closed_total{cause=\"no_join\"} 1"));
}

/// One of five kinds of bad company; what it leaves open.
async fn stranger(server: SocketAddr, index: usize) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(server).await.ok()?;
    let upgrade = format!(
        "GET /ws HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    match index % 5 {
        // Says nothing at all.
        0 => {}
        // Half a request.
        1 => stream.write_all(b"GET /ws HTTP/1.1\r\nHost: ").await.ok()?,
        // No HTTP.
        2 => {
            stream.write_all(&[0xff; 300]).await.ok()?;
            let _ = stream.read(&mut [0; 512]).await;
            return None;
        }
        // A WebSocket that never joins.
        3 => stream.write_all(upgrade.as_bytes()).await.ok()?,
        // A WebSocket with frames that break RFC 6455: reserved bits, unmasked, a length that never comes.
        _ => {
            stream.write_all(upgrade.as_bytes()).await.ok()?;
            let _ = stream.read(&mut [0; 512]).await;
            stream.write_all(&[0xf3, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]).await.ok()?;
            let _ = stream.read(&mut [0; 512]).await;
            return None;
        }
    }
    Some(stream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_garbage_datagrams_are_counted_and_the_shard_still_answers() {
    let app = TestApp::start().await;
    let (mut nurse, _) = app.enter("nurse").await;
    let (mut specialist, _) = app.enter("specialist").await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    // By first byte: STUN, TURN channel, DTLS, RTP, RTCP and none of RFC 7983's.
    let kinds: [&[u8]; 6] =
        [&[0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42], &[0x40, 0], &[22, 254, 253], &[0x80, 111], &[0x80, 200], &[9]];
    for index in 0..10_000_usize {
        let mut datagram = kinds[index % kinds.len()].to_vec();
        datagram.resize(datagram.len() + index % 1200, u8::try_from(index % 251).unwrap());
        socket.send_to(&datagram, app.server.media_addresses()[0]).await.unwrap();
    }
    assert_talk(&mut nurse, &mut specialist).await;

    let deadline = Instant::now() + Duration::from_secs(10);
    while dropped_packets(&app.metrics().await) < 5_000 {
        assert!(Instant::now() < deadline, "garbage is counted: {}", app.metrics().await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The sum over shards and causes.
fn dropped_packets(metrics: &str) -> u64 {
    let values = metrics.lines().filter(|line| line.starts_with("kenes_media_dropped_packets_total{"));
    values.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

async fn assert_talk(nurse: &mut Person, specialist: &mut Person) {
    let asked = Instant::now();
    nurse.chat("do you hear me?").await;
    specialist.next("app").await;
    assert!(asked.elapsed() < NOTICED, "took {:?}", asked.elapsed());
}
