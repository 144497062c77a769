//! ICE-TCP over real sockets on loopback: a client's stream on one side, a UDP socket in the shard's place on the other.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking; clippy knows tests by their attribute"
)]

use kenes_relay::{Door, Relay, Route, Settings};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::time::timeout;

const OPUS: u8 = 111;
const VP8: u8 = 96;
const SOON: Duration = Duration::from_secs(5);

/// A relay, the shard behind it, and a client's connection to it.
struct World {
    relay: Arc<Relay>,
    shard: UdpSocket,
    client: TcpStream,
}

impl World {
    /// `client_buffer_bytes` is what a client's kernel keeps that the client has not read.
    async fn new(client_buffer_bytes: Option<u32>) -> Self {
        let shard = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let local = shard.local_addr().unwrap();
        let settings = Settings {
            shards: vec![local],
            hosts: vec![local.ip()],
            secret: [7; 32],
            unix_seconds: || 0,
            max_connections: 2,
            max_connections_per_address: 1,
        };
        let relay = Arc::new(Relay::new(settings));
        relay.routes().insert("ours", Route { shard: local, audio: [OPUS].into_iter().collect() });
        let client = connect(&relay, client_buffer_bytes).await;
        Self { relay, shard, client }
    }

    async fn send(&mut self, datagram: &[u8]) {
        self.client.write_all(&framed(datagram)).await.unwrap();
    }

    /// What reached the shard, and from where.
    async fn at_shard(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = [0; 2_000];
        let (len, from) = timeout(SOON, self.shard.recv_from(&mut buffer)).await.unwrap().unwrap();
        (buffer[..len].to_vec(), from)
    }

    async fn at_client(&mut self) -> Option<Vec<u8>> {
        let length = self.client.read_u16().await.ok()?;
        let mut datagram = vec![0; length.into()];
        self.client.read_exact(&mut datagram).await.ok()?;
        Some(datagram)
    }

    async fn hears_the_end(&mut self) {
        assert_eq!(timeout(SOON, self.client.read_u8()).await.unwrap().ok(), None);
    }
}

async fn connect(relay: &Arc<Relay>, client_buffer_bytes: Option<u32>) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    if let Some(bytes) = client_buffer_bytes {
        socket.set_recv_buffer_size(bytes).unwrap();
    }
    let (client, accepted) = tokio::join!(socket.connect(listener.local_addr().unwrap()), listener.accept());
    let (stream, _) = accepted.unwrap();
    kenes_relay::tune(&stream);
    tokio::spawn(Arc::clone(relay).serve_ice_tcp(stream));
    client.unwrap()
}

fn framed(datagram: &[u8]) -> Vec<u8> {
    [&u16::try_from(datagram.len()).unwrap().to_be_bytes(), datagram].concat()
}

/// A connectivity check for `ufrag`, as far as a relay looks.
fn check(ufrag: &str) -> Vec<u8> {
    let username = format!("{ufrag}:them");
    let length = u16::try_from(username.len()).unwrap();
    let attribute = [&[0, 6][..], &length.to_be_bytes(), username.as_bytes()].concat();
    let padded = [&attribute[..], &vec![0; attribute.len().next_multiple_of(4) - attribute.len()]].concat();
    let body = u16::try_from(padded.len()).unwrap();
    [&[0, 1][..], &body.to_be_bytes(), &[0x21, 0x12, 0xA4, 0x42], &[5; 12], &padded].concat()
}

fn rtp(payload_type: u8, label: u16, len: usize) -> Vec<u8> {
    let [high, low] = label.to_be_bytes();
    [&[0x80, payload_type, high, low][..], &vec![0; len - 4]].concat()
}

#[tokio::test]
async fn a_check_that_names_an_expected_peer_opens_the_way_in_both_directions() {
    let mut world = World::new(None).await;
    world.send(&check("ours")).await;
    let (datagram, leg) = world.at_shard().await;
    assert_eq!(datagram, check("ours"));
    world.send(&rtp(VP8, 1, 1_200)).await;
    assert_eq!(world.at_shard().await, (rtp(VP8, 1, 1_200), leg), "one peer, one address");
    world.shard.send_to(&rtp(OPUS, 2, 80), leg).await.unwrap();
    assert_eq!(world.at_client().await, Some(rtp(OPUS, 2, 80)));
    let counted = world.relay.counters().snapshot(Door::IceTcp);
    assert_eq!((counted.open, counted.received, counted.unreachable), (1, 2, 0));
}

#[tokio::test]
async fn who_names_nobody_is_cut_off_before_a_shard_hears_of_it() {
    for beginning in [framed(&check("theirs")), framed(b"\x80\x60 no check"), vec![5, 0xFF], vec![0, 0]] {
        let mut world = World::new(None).await;
        world.client.write_all(&beginning).await.unwrap();
        if beginning == [5, 0xFF] {
            world.client.write_all(&[0; 1_535]).await.unwrap();
        }
        world.hears_the_end().await;
        assert!(timeout(Duration::from_millis(20), world.shard.recv_from(&mut [0; 2_000])).await.is_err());
        assert_eq!(world.relay.counters().snapshot(Door::IceTcp).open, 0);
    }
}

#[tokio::test]
async fn a_connection_ends_with_its_shard() {
    let mut world = World::new(None).await;
    world.send(&check("ours")).await;
    world.at_shard().await;
    let World { client, shard, relay } = world;
    drop(shard);
    let mut world = World { client, shard: UdpSocket::bind("127.0.0.1:0").await.unwrap(), relay };
    // The first finds a closed port, the second hears of it.
    for _ in 0..2 {
        world.send(&check("ours")).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    world.hears_the_end().await;
}

#[tokio::test]
async fn an_address_has_no_more_connections_than_its_share() {
    let mut world = World::new(None).await;
    world.send(&check("ours")).await;
    world.at_shard().await;
    world.client = connect(&world.relay, None).await;
    world.hears_the_end().await;
    assert_eq!(world.relay.counters().snapshot(Door::IceTcp).refused, [("full", 0), ("address_full", 1)]);
}

#[tokio::test]
async fn who_reads_slowly_gets_all_sound_in_order_and_the_newest_pictures() {
    let mut world = World::new(Some(4_096)).await;
    world.send(&check("ours")).await;
    let (_, leg) = world.at_shard().await;
    let (sounds, pictures_a_sound) = (50, 20);
    for sound in 0..sounds {
        for picture in 0..pictures_a_sound {
            world.shard.send_to(&rtp(VP8, sound * pictures_a_sound + picture, 1_200), leg).await.unwrap();
        }
        world.shard.send_to(&rtp(OPUS, sound, 80), leg).await.unwrap();
        // 19 Mbit/s of pictures for somebody who reads nothing yet.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (mut heard, mut seen) = (Vec::new(), Vec::new());
    while let Ok(Some(datagram)) = timeout(Duration::from_millis(300), world.at_client()).await {
        let label = u16::from_be_bytes([datagram[2], datagram[3]]);
        if datagram[1] == OPUS { heard.push(label) } else { seen.push(label) }
    }
    assert_eq!(heard, (0..sounds).collect::<Vec<_>>(), "every word");
    assert!(seen.is_sorted());
    let counted = world.relay.counters().snapshot(Door::IceTcp);
    assert!(counted.dropped_pictures > 500 && counted.dropped_rest == 0, "{counted:?}");
}
