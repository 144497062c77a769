//! A TURN session message by message: who may allocate, whom it reaches, when it ends.

use super::*;
use crate::credentials::Credential;
use crate::routes::Route;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

const LONG: Duration = Duration::from_secs(3_600);

/// One server's side, and what a client needs to speak to it.
struct World {
    gate: Gate,
    credentials: Credentials,
    routes: Routes,
    credential: Credential,
}

impl World {
    fn new() -> Self {
        let shards = vec!["127.0.0.1:40000".parse().unwrap(), "127.0.0.1:40001".parse().unwrap()];
        let hosts = vec!["192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap()];
        let credentials = Credentials::new(&[7; 32], || 1_000);
        let credential = credentials.issue(LONG).unwrap();
        Self { gate: Gate { hosts, shards }, credentials, routes: Routes::default(), credential }
    }

    fn turn(&self) -> Turn<'_> {
        let parts = (&self.gate, &self.credentials, &self.routes);
        Turn::new(parts, "203.0.113.5:5000".parse().unwrap(), "nonce".to_owned(), Instant::now())
    }

    fn key(&self) -> Key {
        Key::long_term(&self.credential.username, OUR_REALM, &self.credential.password)
    }

    fn begin(&self, method: u16) -> Writer {
        Writer::begin(Class::Request, method, [9; 12])
    }

    fn sign(&self, request: Writer) -> Vec<u8> {
        request
            .attribute(stun::USERNAME, &[self.credential.username.as_bytes()])
            .attribute(stun::REALM, &[OUR_REALM.as_bytes()])
            .attribute(stun::NONCE, &[b"nonce"])
            .integrity(&self.key())
            .finish()
    }

    fn allocate(&self) -> Vec<u8> {
        self.sign(self.begin(ALLOCATE).attribute(REQUESTED_TRANSPORT, &[&[UDP, 0, 0, 0]]))
    }

    fn permit(&self, peer: &str) -> Vec<u8> {
        self.sign(self.begin(CREATE_PERMISSION).address(XOR_PEER_ADDRESS, peer.parse().unwrap()))
    }

    fn bind(&self, channel: u16, peer: &str) -> Vec<u8> {
        let request = self.begin(CHANNEL_BIND).attribute(CHANNEL_NUMBER, &[&channel.to_be_bytes(), &[0, 0]]);
        self.sign(request.address(XOR_PEER_ADDRESS, peer.parse().unwrap()))
    }

    /// With an allocation.
    fn allocated(&self) -> Turn<'_> {
        let mut turn = self.turn();
        assert_eq!(answer(&mut turn, &self.allocate()), Ok(()));
        turn
    }
}

fn send_indication(peer: &str, datagram: &[u8]) -> Vec<u8> {
    let indication = Writer::begin(Class::Indication, SEND, [3; 12]);
    indication.address(XOR_PEER_ADDRESS, peer.parse().unwrap()).attribute(DATA, &[datagram]).finish()
}

/// The answer to a request: success, or the error's code.
fn answer(turn: &mut Turn<'_>, request: &[u8]) -> Result<(), u16> {
    let Step::Answer(bytes) = turn.receive(Instant::now(), request) else { panic!("a request is answered") };
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.transaction, Message::parse(request).unwrap().transaction);
    match message.attribute(stun::ERROR_CODE) {
        None => Ok(()),
        Some(code) => Err(u16::from(code[2]) * 100 + u16::from(code[3])),
    }
}

fn forwarded(turn: &mut Turn<'_>, message: &[u8]) -> Option<(usize, SocketAddr, Vec<u8>)> {
    match turn.receive(Instant::now(), message) {
        Step::Forward { leg, shard, datagram } => Some((leg, shard, datagram.to_vec())),
        Step::Nothing => None,
        _ => panic!("an indication and channel data are forwarded or dropped"),
    }
}

#[test]
fn a_client_learns_the_realm_and_allocates_with_its_credential() {
    let world = World::new();
    let mut turn = world.turn();
    let bare = world.begin(ALLOCATE).attribute(REQUESTED_TRANSPORT, &[&[UDP, 0, 0, 0]]).finish();
    let Step::Answer(challenge) = turn.receive(Instant::now(), &bare) else { panic!("a challenge") };
    let challenge = Message::parse(&challenge).unwrap();
    assert_eq!((challenge.text(stun::REALM), challenge.text(stun::NONCE)), (Some("kenes"), Some("nonce")));

    let Step::Answer(granted) = turn.receive(Instant::now(), &world.allocate()) else { panic!("an allocation") };
    let granted = Message::parse(&granted).unwrap();
    assert!(granted.verify(&world.key()));
    assert_eq!(granted.class, Class::Success);
    assert_eq!(granted.address(XOR_RELAYED_ADDRESS).unwrap().ip(), world.gate.hosts[0]);
    assert_eq!(granted.address(stun::XOR_MAPPED_ADDRESS), Some(turn.client));
    assert_eq!(lifetime_asked(&granted), Some(DEFAULT_LIFETIME));
    assert_eq!(answer(&mut turn, &world.allocate()), Err(437), "one is enough");
}

#[test]
fn who_cannot_prove_a_credential_gets_nothing_and_is_soon_cut_off() {
    let mut world = World::new();
    world.credential.password.push('x');
    let mut turn = world.turn();
    for _ in 0..MAX_REFUSALS {
        assert_eq!(answer(&mut turn, &world.allocate()), Err(401));
    }
    assert!(matches!(turn.receive(Instant::now(), &world.allocate()), Step::End(End::Stranger)));
    assert!(turn.allocation.is_none());
    assert_eq!(forwarded(&mut turn, &send_indication("192.0.2.7:40000", b"x")), None);
}

#[test]
fn only_shards_are_peers() {
    let world = World::new();
    let mut turn = world.allocated();
    assert_eq!(answer(&mut turn, &world.permit("192.0.2.7:1")), Ok(()));
    assert_eq!(answer(&mut turn, &world.permit("192.0.2.8:40000")), Err(403), "another machine");
    assert_eq!(answer(&mut turn, &world.permit("127.0.0.1:40000")), Err(403), "this machine's other services");
    assert_eq!(answer(&mut turn, &world.permit("[2001:db8::7]:40000")), Err(443));
    assert_eq!(answer(&mut turn, &world.bind(0x4000, "192.0.2.7:22")), Err(403), "no shard's port");
    assert_eq!(forwarded(&mut turn, &send_indication("192.0.2.7:22", b"x")), None);
    let to_shard = forwarded(&mut turn, &send_indication("192.0.2.7:40001", b"x"));
    assert_eq!(to_shard, Some((0, "127.0.0.1:40001".parse().unwrap(), b"x".to_vec())));
}

#[tokio::test(start_paused = true)]
async fn datagrams_pass_both_ways_as_long_as_the_permission_lasts() {
    let world = World::new();
    let mut turn = world.allocated();
    let indication = send_indication("192.0.2.7:40000", b"check");
    assert_eq!(forwarded(&mut turn, &indication), None, "not permitted yet");
    assert_eq!(answer(&mut turn, &world.permit("192.0.2.7:0")), Ok(()));
    assert!(forwarded(&mut turn, &indication).is_some());
    let back = turn.wrap(Instant::now(), 0, b"answer").unwrap();
    let back = Message::parse(&back).unwrap();
    assert_eq!((back.class, back.method), (Class::Indication, DATA_INDICATION));
    assert_eq!(back.address(XOR_PEER_ADDRESS), Some("192.0.2.7:40000".parse().unwrap()));
    assert_eq!(back.attribute(DATA), Some(&b"answer"[..]));

    tokio::time::advance(PERMISSION_LIFETIME).await;
    assert_eq!(forwarded(&mut turn, &indication), None);
    assert_eq!(turn.wrap(Instant::now(), 0, b"answer"), None);
}

#[test]
fn a_bound_channel_carries_datagrams_padded_to_four_bytes() {
    let world = World::new();
    let mut turn = world.allocated();
    assert_eq!(answer(&mut turn, &world.bind(0x4001, "192.0.2.7:40000")), Ok(()));
    assert_eq!(answer(&mut turn, &world.bind(0x4001, "192.0.2.7:40000")), Ok(()), "refreshed");
    assert_eq!(answer(&mut turn, &world.bind(0x4001, "192.0.2.7:40001")), Err(400), "the channel is another peer's");
    assert_eq!(answer(&mut turn, &world.bind(0x4002, "192.0.2.7:40000")), Err(400), "the peer has another channel");
    assert_eq!(answer(&mut turn, &world.bind(0x5000, "192.0.2.7:40001")), Err(400), "no channel's number");
    let message = [0x40, 0x01, 0, 3, 7, 8, 9, 0];
    let shard = "127.0.0.1:40000".parse().unwrap();
    assert_eq!(forwarded(&mut turn, &message), Some((0, shard, vec![7, 8, 9])));
    assert_eq!(turn.wrap(Instant::now(), 0, &[7, 8, 9]), Some(message.to_vec()));
    assert_eq!(forwarded(&mut turn, &[0x40, 0x02, 0, 0]), None, "not bound");
    assert_eq!(forwarded(&mut turn, &[0x40, 0x01, 0, 9, 1, 2, 3, 4]), None, "longer than it is");
}

#[tokio::test(start_paused = true)]
async fn an_allocation_ends_unless_it_is_refreshed() {
    let world = World::new();
    let mut turn = world.allocated();
    assert_eq!(turn.deadline(), Instant::now() + DEFAULT_LIFETIME);
    tokio::time::advance(DEFAULT_LIFETIME / 2).await;
    let day = 86_400_u32.to_be_bytes();
    assert_eq!(answer(&mut turn, &world.sign(world.begin(REFRESH).attribute(LIFETIME, &[&day]))), Ok(()));
    assert_eq!(turn.deadline(), Instant::now() + MAX_LIFETIME, "bounded");
    assert_eq!(answer(&mut turn, &world.sign(world.begin(REFRESH).attribute(LIFETIME, &[&[0; 4]]))), Ok(()));
    assert!(turn.allocation.is_none() && turn.deadline() <= Instant::now() + Duration::from_secs(1));
}

#[test]
fn an_ipv6_client_gets_an_ipv6_relay() {
    let world = World::new();
    let mut turn = world.turn();
    let request = world.begin(ALLOCATE).attribute(REQUESTED_TRANSPORT, &[&[UDP, 0, 0, 0]]);
    let request = world.sign(request.attribute(REQUESTED_ADDRESS_FAMILY, &[&[2, 0, 0, 0]]));
    assert_eq!(answer(&mut turn, &request), Ok(()));
    assert_eq!(answer(&mut turn, &world.permit("[2001:db8::7]:40000")), Ok(()));
    assert_eq!(answer(&mut turn, &world.permit("192.0.2.7:40000")), Err(443));
}

#[test]
fn what_must_be_understood_and_is_not_is_named() {
    let world = World::new();
    let mut turn = world.turn();
    let even_port = 0x0018;
    let request =
        world.begin(ALLOCATE).attribute(REQUESTED_TRANSPORT, &[&[UDP, 0, 0, 0]]).attribute(even_port, &[&[0]]);
    let Step::Answer(bytes) = turn.receive(Instant::now(), &world.sign(request)) else { panic!("an answer") };
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.attribute(stun::UNKNOWN_ATTRIBUTES), Some(&[0x00, 0x18][..]));
    let tcp = world.begin(ALLOCATE).attribute(REQUESTED_TRANSPORT, &[&[6, 0, 0, 0]]);
    assert_eq!(answer(&mut turn, &world.sign(tcp)), Err(442));
}

#[test]
fn the_sound_of_a_peer_is_known_from_its_first_check() {
    let world = World::new();
    let route = Route { shard: "127.0.0.1:40000".parse().unwrap(), audio: [111].into_iter().collect() };
    world.routes.insert("ours", route);
    let mut turn = world.allocated();
    assert_eq!(answer(&mut turn, &world.permit("192.0.2.7:40000")), Ok(()));
    let check =
        Writer::begin(Class::Request, stun::BINDING, [1; 12]).attribute(stun::USERNAME, &[b"ours:theirs"]).finish();
    assert!(forwarded(&mut turn, &send_indication("192.0.2.7:40000", &check)).is_some());
    assert!(turn.audio().contains(111) && !turn.audio().contains(96));
}

#[test]
fn no_message_that_anybody_could_send_breaks_a_session_or_reaches_what_is_no_shard() {
    let world = World::new();
    let check = Writer::begin(Class::Request, stun::BINDING, [1; 12]).attribute(stun::USERNAME, &[b"a:b"]).finish();
    let seeds = [
        world.allocate(),
        world.permit("192.0.2.7:40000"),
        world.bind(0x4000, "192.0.2.7:40000"),
        send_indication("192.0.2.7:40000", &check),
        vec![0x40, 0, 0, 4, 1, 2, 3, 4],
        world.sign(world.begin(REFRESH).attribute(LIFETIME, &[&[0; 4]])),
    ];
    for seed in 0..2_000 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut turn = world.turn();
        for _ in 0..16 {
            let mut message = seeds[rng.random_range(0..seeds.len())].clone();
            for _ in 0..rng.random_range(0..4) {
                let at = rng.random_range(0..message.len());
                message[at] = rng.random();
            }
            message.truncate(rng.random_range(message.len() - 4..=message.len()));
            match turn.receive(Instant::now(), &message) {
                Step::Forward { leg, shard, .. } => {
                    assert!(leg < MAX_PEERS && world.gate.shards.contains(&shard), "seed {seed}");
                }
                Step::Answer(answer) => assert!(Message::parse(&answer).is_ok(), "seed {seed}"),
                Step::Nothing => {}
                Step::End(_) => break,
            }
        }
    }
}
