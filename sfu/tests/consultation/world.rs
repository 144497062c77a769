//! Everything together: one shard, its clients, the link between them, and one virtual clock.

use crate::client::{AUDIO_INTERVAL, Client, Layer, SIMULCAST, VIDEO_INTERVAL};
use crate::link::{Conditions, Datagram, Link};
use crate::processor::Processor;
use kenes_sfu::batch::SendBatch;
use kenes_sfu::command::Command;
use kenes_sfu::demux::{Class, classify};
use kenes_sfu::description::PeerDescription;
use kenes_sfu::event::Event;
use kenes_sfu::ids::{Mid, PeerKey, RoomKey, TrackKey};
use kenes_sfu::sdp::{self, AnswerOptions};
use kenes_sfu::shard::{LOAD_INTERVAL, Load, Shard, ShardConfig};
use kenes_sfu::transport::dtls::DtlsIdentity;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub(crate) const ROOM: RoomKey = RoomKey(1);

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) shard: Shard,
    pub(crate) clients: Vec<Client>,
    pub(crate) descriptions: Vec<PeerDescription>,
    pub(crate) link: Link,
    pub(crate) events: Vec<Event>,
    /// Level of everybody's microphone, dBov.
    pub(crate) level: i8,
    pub(crate) server: SocketAddr,
    /// What the shard runs on; `None`: a datagram takes no time.
    pub(crate) processor: Option<Processor>,
    identity: DtlsIdentity,
    batch: SendBatch,
    rng: StdRng,
    joined: u32,
    /// Everybody's media comes so many times more slowly: for tests of long times.
    pub(crate) slower: u32,
    next_audio: Instant,
    next_video: Instant,
    /// Allocations inside the shard while it handled datagrams, and how many those were.
    pub(crate) allocations: usize,
    pub(crate) datagrams: usize,
    /// Count RTP alone: STUN, DTLS and RTCP are off the packet path.
    pub(crate) only_media: bool,
    /// Most peers that one `handle_timeout` has answered by DTLS.
    pub(crate) handshakes_at_once: usize,
    /// Moments at which time alone woke the shard.
    pub(crate) timeouts: usize,
}

impl World {
    pub(crate) fn new(conditions: Conditions, seed: u64) -> Self {
        eprintln!("seed {seed}");
        #[expect(clippy::disallowed_methods, reason = "the origin of virtual time; nothing reads the clock again")]
        let now = Instant::now();
        let identity = DtlsIdentity::generate().unwrap();
        Self {
            now,
            shard: Shard::new(ShardConfig { identity: identity.clone(), seed }, now),
            clients: Vec::new(),
            descriptions: Vec::new(),
            link: Link::new(conditions, seed),
            events: Vec::new(),
            level: -30,
            server: SocketAddr::from(([10, 0, 0, 254], 3_478)),
            processor: None,
            identity,
            batch: SendBatch::with_capacity(1 << 21, 4_096),
            rng: StdRng::seed_from_u64(seed),
            joined: 0,
            slower: 1,
            next_audio: now,
            next_video: now,
            allocations: 0,
            datagrams: 0,
            only_media: false,
            handshakes_at_once: 0,
            timeouts: 0,
        }
    }

    /// A room of people who all send simulcast and have seen each other connect.
    pub(crate) fn room(people: usize, conditions: Conditions, seed: u64) -> Self {
        let mut world = Self::new(conditions, seed);
        for _ in 0..people {
            world.join(&SIMULCAST);
        }
        world.run(Duration::from_secs(2));
        assert!(world.clients.iter().all(|client| client.connected), "everybody is connected");
        world
    }

    /// Negotiates a new client and opens it in the shard; gives its index.
    pub(crate) fn join(&mut self, layers: &[Layer]) -> usize {
        self.join_room(layers, ROOM)
    }

    pub(crate) fn join_room(&mut self, layers: &[Layer], room: RoomKey) -> usize {
        self.join_with(layers, room, |_| true)
    }

    /// A client that gives no transport-wide feedback, and asks for none.
    pub(crate) fn join_unnumbered(&mut self, layers: &[Layer]) -> usize {
        self.join_with(layers, ROOM, |line| !line.contains("transport-wide-cc") && !line.ends_with("transport-cc"))
    }

    fn join_with(&mut self, layers: &[Layer], room: RoomKey, offers: impl Fn(&str) -> bool) -> usize {
        self.joined += 1;
        let (mut client, offer) = Client::new(self.joined, self.now, layers, 3, 3);
        let offer: String = offer.split_inclusive("\r\n").filter(|line| offers(line.trim_end())).collect();
        let candidates = [self.server];
        let options =
            AnswerOptions { fingerprint: self.identity.fingerprint(), candidates: &candidates, tcp_candidates: &[] };
        let negotiated = sdp::answer(&offer, &options, &mut self.rng).unwrap();
        client.accept(&negotiated.answer);
        let description = Box::new(negotiated.description.clone());
        self.command(Command::OpenPeer { peer: client.key, room, description });
        self.descriptions.push(negotiated.description);
        self.clients.push(client);
        self.clients.len() - 1
    }

    /// The client is no longer looked at; what the shard does about it is the shard's.
    pub(crate) fn forget(&mut self, client: usize) {
        self.clients.remove(client);
        self.descriptions.remove(client);
    }

    pub(crate) fn restart_ice(&mut self, client: usize) {
        let offer = self.clients[client].restart_ice();
        let candidates = [self.server];
        let options =
            AnswerOptions { fingerprint: self.identity.fingerprint(), candidates: &candidates, tcp_candidates: &[] };
        let negotiated = sdp::restart(&offer, &self.descriptions[client], &options, &mut self.rng).unwrap();
        self.clients[client].accept(&negotiated.answer);
        let description = Box::new(negotiated.description.clone());
        self.command(Command::RestartIce { peer: self.clients[client].key, description });
        self.descriptions[client] = negotiated.description;
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.shard.handle_command(self.now, command, &mut self.batch);
        self.drain();
    }

    /// `viewer` shows `publisher`'s camera on its slot at this height.
    pub(crate) fn view(&mut self, viewer: usize, slot: usize, publisher: usize, max_height: u16) {
        self.view_marked(viewer, slot, publisher, max_height, 1);
    }

    pub(crate) fn view_marked(&mut self, viewer: usize, slot: usize, publisher: usize, max_height: u16, priority: u8) {
        let subscriber = self.clients[viewer].key;
        let mid = mid(self.clients[viewer].video_slots[slot]);
        let track = Some(self.camera_of(publisher));
        self.command(Command::BindVideo { subscriber, mid, track, max_height, priority });
    }

    pub(crate) fn listen(&mut self, listener: usize, slot: usize, publisher: usize) {
        let subscriber = self.clients[listener].key;
        let mid = mid(self.clients[listener].audio_slots[slot]);
        let track = Some(self.microphone_of(publisher));
        self.command(Command::BindAudio { subscriber, mid, track });
    }

    pub(crate) fn camera_of(&self, client: usize) -> TrackKey {
        TrackKey { peer: self.key(client), mid: mid(self.clients[client].camera) }
    }

    pub(crate) fn microphone_of(&self, client: usize) -> TrackKey {
        TrackKey { peer: self.key(client), mid: mid(self.clients[client].microphone) }
    }

    pub(crate) fn key(&self, client: usize) -> PeerKey {
        self.clients[client].key
    }

    pub(crate) fn forget_arrivals(&mut self) {
        self.clients.iter_mut().for_each(Client::forget_arrivals);
    }

    pub(crate) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            self.now = self.next_moment().min(end).max(self.now);
            self.step();
        }
    }

    /// Runs while the shard's thread is said to fare like this.
    pub(crate) fn run_under(&mut self, load: &Load, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            self.run(LOAD_INTERVAL);
            self.shard.handle_load(self.now, load);
        }
    }

    /// Runs while the shard's thread tells of its load what the processor measures, and cameras send what is wanted of them.
    pub(crate) fn run_on_processor(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            self.run(LOAD_INTERVAL);
            let load = self.processor.as_mut().unwrap().take_load(self.now);
            self.shard.handle_load(self.now, &load);
            self.follow_demand();
        }
    }

    fn follow_demand(&mut self) {
        for event in std::mem::take(&mut self.events) {
            if let Event::LayersWanted { track, rids, .. } = &event
                && let Some(client) = self.clients.iter_mut().find(|client| client.key == track.peer)
            {
                client.send_layers(|rid| rids.iter().any(|wanted| wanted.as_str() == rid));
            }
        }
    }

    /// Runs until `done`, at most for `limit`; how long it took.
    pub(crate) fn run_until(&mut self, limit: Duration, done: impl Fn(&Self) -> bool) -> Duration {
        let start = self.now;
        while !done(self) {
            assert!(self.now < start + limit, "not within {limit:?}");
            self.run(Duration::from_millis(1));
        }
        self.now - start
    }

    fn next_moment(&self) -> Instant {
        let clients = self.clients.iter().filter(|client| !client.dead).map(|client| client.next_timeout);
        let media = [self.next_audio, self.next_video];
        let free = self.processor.as_ref().and_then(Processor::next_moment);
        let others = [self.shard.next_timeout(), self.link.next_arrival(), free].into_iter().flatten();
        clients.chain(media).chain(others).min().unwrap_or(self.now)
    }

    fn step(&mut self) {
        let now = self.now;
        while let Some(mut datagram) = self.link.take_arrived(now) {
            if datagram.to == self.server {
                match &mut self.processor {
                    Some(processor) => processor.arrive(now, datagram),
                    None => drop(self.deliver(datagram.from, &mut datagram.bytes)),
                }
                continue;
            }
            let addressed = |client: &&mut Client| client.address == datagram.to && !client.dead;
            if let Some(client) = self.clients.iter_mut().find(addressed) {
                client.handle_datagram(now, datagram.from, &datagram.bytes);
            }
        }
        while let Some(mut datagram) = self.processor.as_mut().and_then(|processor| processor.read(now)) {
            let sent = self.deliver(datagram.from, &mut datagram.bytes);
            self.processor.as_mut().unwrap().spend(now, sent);
        }
        if self.shard.next_timeout().is_some_and(|at| at <= now) {
            self.shard.handle_timeout(now, &mut self.batch);
            self.timeouts += 1;
            self.handshakes_at_once = self.handshakes_at_once.max(self.answered_by_dtls());
        }
        self.produce();
        for client in self.clients.iter_mut().filter(|client| !client.dead) {
            if client.next_timeout <= now {
                client.handle_timeout(now);
            }
            let (address, link) = (client.address, &mut self.link);
            client.poll(now, |to, bytes| link.send_uplink(now, Datagram { from: address, to, bytes }));
        }
        self.drain();
    }

    /// Hands the shard a datagram as `io` would, and counts what it allocates. How many datagrams that made.
    pub(crate) fn deliver(&mut self, from: SocketAddr, bytes: &mut [u8]) -> usize {
        let counts = !self.only_media || classify(bytes) == Some(Class::Rtp);
        let region = stats_alloc::Region::new(crate::ALLOCATOR);
        self.shard.handle_datagram(self.now, from, bytes, &mut self.batch);
        if counts {
            self.allocations += region.change().allocations + region.change().reallocations;
            self.datagrams += 1;
        }
        assert_eq!(self.answered_by_dtls(), 0, "a datagram never waits for another's handshake");
        let sent = self.batch.len();
        self.drain();
        sent
    }

    fn answered_by_dtls(&self) -> usize {
        let handshakes = self.batch.datagrams().filter(|(_, bytes)| classify(bytes) == Some(Class::Dtls));
        handshakes.map(|(to, _)| to).collect::<std::collections::BTreeSet<_>>().len()
    }

    fn produce(&mut self) {
        let (now, level) = (self.now, self.level);
        if self.next_audio <= now {
            self.next_audio += AUDIO_INTERVAL * self.slower;
            self.clients.iter_mut().for_each(|client| client.speak(now, level));
        }
        if self.next_video <= now {
            self.next_video += VIDEO_INTERVAL * self.slower;
            self.clients.iter_mut().for_each(|client| client.film(now));
        }
    }

    fn drain(&mut self) {
        let (now, server) = (self.now, self.server);
        for (to, bytes) in self.batch.datagrams() {
            self.link.send_downlink(now, Datagram { from: server, to, bytes: bytes.to_vec() });
        }
        self.batch.clear();
        while let Some(event) = self.shard.poll_event() {
            self.events.push(event);
        }
    }
}

pub(crate) fn mid(mid: str0m::media::Mid) -> Mid {
    Mid::new(&mid).unwrap()
}
