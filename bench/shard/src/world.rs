//! One shard, its rooms and the people in them, on one virtual clock; nothing between them but what a script loses.
//!
//! Owns the shard, the clients and the buffers that datagrams are received into. Counts what the shard keeps in memory.

use crate::cipher::Cipher;
use crate::client::{Client, Credentials};
use crate::script::{Cast, LENGTH, SLICE_DATAGRAMS, Script, Turn};
use crate::traffic::{Loss, Traffic};
use anyhow::{Context as _, Result, ensure};
use kenes_sfu::batch::SendBatch;
use kenes_sfu::command::Command;
use kenes_sfu::counters::Counters;
use kenes_sfu::description::{Flow, MediaKind, PeerDescription};
use kenes_sfu::ids::{Mid, PeerKey, RoomKey, TrackKey};
use kenes_sfu::sdp::{self, AnswerOptions};
use kenes_sfu::shard::{Shard, ShardConfig};
use kenes_sfu::transport::dtls::DtlsIdentity;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::time::{Duration, Instant};

const SEED: u64 = 7;
/// Between two joins, so that people's timers are out of step.
const JOIN_INTERVAL: Duration = Duration::from_millis(7);
/// Round trips that a handshake may take.
const MAX_ROUND_TRIPS: usize = 20;
/// As `sfu::io` makes it.
const BATCH_BYTES: usize = 1 << 20;
const BATCH_DATAGRAMS: usize = 1_024;
const MAX_DATAGRAM: usize = 1_500;
/// … and how far it looks ahead.
const EXPECTED: usize = 2;

pub struct World {
    shard: Shard,
    batch: SendBatch,
    identity: DtlsIdentity,
    credentials: Credentials,
    clients: Vec<Client>,
    traffic: Vec<Traffic>,
    views: Vec<View>,
    by_address: HashMap<SocketAddr, usize>,
    server: SocketAddr,
    rng: StdRng,
    now: Instant,
    seconds: u32,
    rooms: u64,
    received: Box<[[u8; MAX_DATAGRAM]]>,
    held_bytes: isize,
}

/// A slot that carries somebody's stream.
pub(crate) struct View {
    pub(crate) viewer: usize,
    pub(crate) publisher: usize,
    pub(crate) is_video: bool,
    pub(crate) ssrc: u32,
    /// The newest number that the slot has got, once known.
    pub(crate) newest: Option<u16>,
}

impl World {
    pub fn new(cipher: Cipher, now: Instant) -> Result<Self> {
        let identity = DtlsIdentity::generate()?;
        Ok(Self {
            shard: Shard::new(ShardConfig { identity: identity.clone(), seed: SEED }, now),
            batch: SendBatch::with_capacity(BATCH_BYTES, BATCH_DATAGRAMS),
            identity,
            credentials: Credentials::new(cipher)?,
            clients: Vec::new(),
            traffic: Vec::new(),
            views: Vec::new(),
            by_address: HashMap::new(),
            server: SocketAddr::from(([127, 0, 0, 1], 5_000)),
            rng: StdRng::seed_from_u64(SEED),
            now,
            seconds: 0,
            rooms: 0,
            received: vec![[0; MAX_DATAGRAM]; SLICE_DATAGRAMS].into(),
            held_bytes: 0,
        })
    }

    /// A room in which everybody sends this and gets everybody else's.
    pub fn open_room(&mut self, people: usize, traffic: Traffic) -> Result<()> {
        self.open(&vec![traffic; people])
    }

    /// A room with one publisher and so many viewers that send nothing.
    pub fn open_lecture(&mut self, viewers: usize, traffic: Traffic) -> Result<()> {
        let mut everybody = vec![Traffic::SILENT; viewers + 1];
        if let Some(publisher) = everybody.first_mut() {
            *publisher = traffic;
        }
        self.open(&everybody)
    }

    fn open(&mut self, everybody: &[Traffic]) -> Result<()> {
        self.rooms += 1;
        let first = self.clients.len();
        for traffic in everybody {
            self.join(RoomKey(self.rooms), *traffic)?;
        }
        let people = first..self.clients.len();
        for viewer in people.clone() {
            let sends = |person: &usize| self.traffic.get(*person).is_some_and(Traffic::is_sent);
            let others: Vec<usize> = people.clone().filter(|other| *other != viewer).filter(sends).collect();
            for (slot, publisher) in others.into_iter().enumerate() {
                self.bind(viewer, publisher, slot)?;
            }
        }
        Ok(())
    }

    fn join(&mut self, room: RoomKey, traffic: Traffic) -> Result<()> {
        self.now += JOIN_INTERVAL;
        let index = self.clients.len();
        let options =
            AnswerOptions { fingerprint: self.identity.fingerprint(), candidates: &[self.server], tcp_candidates: &[] };
        let description = sdp::answer(&self.credentials.offer, &options, &mut self.rng)?.description;
        let [_, a, b, c] = u32::try_from(index + 1)?.to_be_bytes();
        let address = SocketAddr::from((Ipv4Addr::new(10, a, b, c), 40_000));
        let client = Client::new(address, self.server, &self.credentials, description.clone())?;
        let peer = PeerKey(index as u64);
        self.command(Command::OpenPeer { peer, room, description: Box::new(description) });
        self.by_address.insert(address, index);
        self.clients.push(client);
        self.traffic.push(traffic);
        self.connect(index)
    }

    fn connect(&mut self, index: usize) -> Result<()> {
        self.tick();
        let client = self.clients.get_mut(index).context("no such client")?;
        let mut check = client.check()?;
        client.shake_hands(self.now, &self.credentials)?;
        let from = client.address;
        self.handle_datagram(from, &mut check);
        for _ in 0..MAX_ROUND_TRIPS {
            self.deliver()?;
            let client = self.clients.get_mut(index).context("no such client")?;
            let mut outgoing: Vec<_> = std::iter::from_fn(|| client.poll()).collect();
            if outgoing.is_empty() && client.is_connected() {
                return Ok(());
            }
            for datagram in &mut outgoing {
                self.handle_datagram(from, datagram);
            }
            self.now += Duration::from_micros(100);
            self.tick();
        }
        anyhow::bail!("client {index} is not connected after {MAX_ROUND_TRIPS} round trips")
    }

    fn bind(&mut self, viewer: usize, publisher: usize, slot: usize) -> Result<()> {
        let (subscriber, owner) = (PeerKey(viewer as u64), PeerKey(publisher as u64));
        let published = self.clients.get(publisher).context("no such publisher")?;
        let sends = self.traffic.get(publisher).copied().unwrap_or_default();
        let (video, voice) = (published.video.mid, published.voice.mid);
        let description = &self.clients.get(viewer).context("no such viewer")?.description;
        let (viewing, viewing_ssrc) = nth_slot(description, MediaKind::Video, slot)?;
        let (listening, listening_ssrc) = nth_slot(description, MediaKind::Audio, slot)?;
        if sends.video.is_some() {
            let track = Some(TrackKey { peer: owner, mid: video });
            self.command(Command::BindVideo { subscriber, mid: viewing, track, max_height: 1_080, priority: 3 });
            self.views.push(View { viewer, publisher, is_video: true, ssrc: viewing_ssrc, newest: None });
        }
        if sends.voice.is_some() {
            let track = Some(TrackKey { peer: owner, mid: voice });
            self.command(Command::BindAudio { subscriber, mid: listening, track });
            self.views.push(View { viewer, publisher, is_video: false, ssrc: listening_ssrc, newest: None });
        }
        Ok(())
    }

    /// The next second, to be run at once: time has passed when this returns.
    pub fn script(&mut self, loss: Loss) -> Result<Script> {
        let start = self.now;
        let cast = Cast {
            clients: &mut self.clients,
            traffic: &self.traffic,
            views: &mut self.views,
            loss,
            start,
            second: self.seconds,
        };
        let script = Script::write(cast)?;
        self.seconds += 1;
        self.now = start + LENGTH;
        Ok(script)
    }

    /// Runs seconds of traffic and looks at what comes out, so that slots play and their numbers are known. Not measured,
    /// except for memory.
    pub fn play(&mut self, seconds: u32) -> Result<()> {
        for _ in 0..seconds {
            let script = self.script(Loss::NONE)?;
            let before = Region::new(&INSTRUMENTED_SYSTEM);
            let mut delivering = 0;
            for slice in script.slices() {
                self.receive(&script, slice);
                let first = script.datagrams(slice).start;
                for turn in script.turns.get(slice.clone()).unwrap_or_default() {
                    self.shard_turn(&script, turn, first);
                    let observed = Region::new(&INSTRUMENTED_SYSTEM);
                    self.deliver()?;
                    delivering += held(&observed);
                }
            }
            self.held_bytes += held(&before) - delivering;
        }
        for view in &mut self.views {
            view.newest = self.clients.get(view.viewer).and_then(|client| client.newest(view.ssrc));
            ensure!(view.newest.is_some(), "nothing of {} came to {} after {seconds} s", view.publisher, view.viewer);
        }
        Ok(())
    }

    /// Runs seconds of traffic as it is measured: how many packets were forwarded, those sent again included.
    pub fn run(&mut self, seconds: u32, loss: Loss) -> Result<u64> {
        let forwarded = |counters: &Counters| counters.rtp_forwarded_packets + counters.retransmitted_packets;
        let before = forwarded(self.counters());
        for _ in 0..seconds {
            let script = self.script(loss)?;
            for slice in script.slices() {
                self.receive(&script, slice);
                self.run_slice(&script, slice);
            }
        }
        Ok(forwarded(self.counters()) - before)
    }

    /// Puts a slice where the socket would have put it: hot buffers. Not part of what is measured.
    pub fn receive(&mut self, script: &Script, slice: &Range<usize>) {
        for (index, buffer) in script.datagrams(slice).zip(&mut self.received) {
            let datagram = script.datagram(index);
            buffer.iter_mut().zip(datagram).for_each(|(to, from)| *to = *from);
        }
    }

    /// The measured part: the shard takes in the received slice and makes what others get. How many datagrams that was.
    #[inline(never)]
    pub fn run_slice(&mut self, script: &Script, slice: &Range<usize>) -> usize {
        let first = script.datagrams(slice).start;
        let mut sent = 0;
        let turns = script.turns.get(slice.clone()).unwrap_or_default();
        for position in 0..EXPECTED {
            self.expect(script, turns.get(position), first);
        }
        for (position, turn) in turns.iter().enumerate() {
            self.expect(script, turns.get(position + EXPECTED), first);
            self.shard_turn(script, turn, first);
            sent += self.batch.len();
            self.batch.clear();
        }
        sent
    }

    /// As `sfu::io` does with what it has received and not yet handed over.
    fn expect(&mut self, script: &Script, turn: Option<&Turn>, first: usize) {
        let datagram = |turn: &Turn| {
            let index = turn.datagrams.start;
            let buffer = self.received.get(index - first)?;
            Some((turn.from, buffer.get(..script.datagram(index).len())?))
        };
        self.shard.expect(turn.and_then(datagram));
    }

    fn shard_turn(&mut self, script: &Script, turn: &Turn, first: usize) {
        while self.shard.next_timeout().is_some_and(|at| at <= turn.at) {
            self.shard.handle_timeout(turn.at, &mut self.batch);
        }
        for index in turn.datagrams.clone() {
            let len = script.datagram(index).len();
            if let Some(datagram) = self.received.get_mut(index - first).and_then(|buffer| buffer.get_mut(..len)) {
                self.shard.handle_datagram(turn.at, turn.from, datagram, &mut self.batch);
            }
        }
        while self.shard.poll_event().is_some() {}
    }

    #[must_use]
    pub fn counters(&self) -> &Counters {
        self.shard.counters()
    }

    #[must_use]
    pub fn people(&self) -> usize {
        self.clients.len()
    }

    /// What the shard holds on the heap for its peers, by the counting allocator: 0 where that is not the program's allocator.
    #[must_use]
    pub fn held_bytes(&self) -> isize {
        self.held_bytes
    }

    fn command(&mut self, command: Command) {
        let before = Region::new(&INSTRUMENTED_SYSTEM);
        self.shard.handle_command(self.now, command, &mut self.batch);
        self.held_bytes += held(&before);
    }

    fn tick(&mut self) {
        let before = Region::new(&INSTRUMENTED_SYSTEM);
        while self.shard.next_timeout().is_some_and(|at| at <= self.now) {
            self.shard.handle_timeout(self.now, &mut self.batch);
        }
        while self.shard.poll_event().is_some() {}
        self.held_bytes += held(&before);
    }

    fn handle_datagram(&mut self, from: SocketAddr, datagram: &mut [u8]) {
        let before = Region::new(&INSTRUMENTED_SYSTEM);
        self.shard.handle_datagram(self.now, from, datagram, &mut self.batch);
        self.held_bytes += held(&before);
    }

    fn deliver(&mut self) -> Result<()> {
        for (to, datagram) in self.batch.datagrams() {
            let client = self.by_address.get(&to).and_then(|index| self.clients.get_mut(*index));
            client.context("the shard sends to nobody")?.receive(self.now, datagram)?;
        }
        self.batch.clear();
        Ok(())
    }
}

fn nth_slot(description: &PeerDescription, kind: MediaKind, position: usize) -> Result<(Mid, u32)> {
    let slots = description.sections.iter().filter(|section| section.kind == kind);
    let mut slots = slots.filter_map(|section| match section.flow {
        Flow::Downlink { ssrc, .. } => Some((section.mid, ssrc.0)),
        _ => None,
    });
    slots.nth(position).context("the offer has too few slots")
}

/// Bytes that were allocated since and not given back.
fn held(since: &Region<'_, std::alloc::System>) -> isize {
    let change = since.change();
    let signed = |bytes: usize| isize::try_from(bytes).unwrap_or(isize::MAX);
    signed(change.bytes_allocated) - signed(change.bytes_deallocated)
}
