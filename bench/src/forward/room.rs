//! A shard with one publisher and its subscribers, joined by their real offers and handshakes, all in memory.
//!
//! Owns the shard, the clients and the virtual time. Nothing is lost or late on the way.

use super::client::Client;
use crate::floor::PAYLOAD_BYTES;
use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use kenes_sfu::batch::SendBatch;
use kenes_sfu::command::Command;
use kenes_sfu::description::{Flow, MediaKind, PeerDescription};
use kenes_sfu::ids::{Mid, PeerKey, RoomKey, TrackKey};
use kenes_sfu::sdp::{self, AnswerOptions};
use kenes_sfu::shard::{Shard, ShardConfig};
use kenes_sfu::transport::dtls::DtlsIdentity;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A second of video: 30 frames of 8 packets, 2.1 Mbit/s.
const FRAMES: u32 = 30;
pub(super) const PACKETS_PER_FRAME: u32 = 8;
pub(super) const PACKETS: u32 = FRAMES * PACKETS_PER_FRAME;
const FRAME_INTERVAL: Duration = Duration::from_micros(33_333);
const FRAME_TICKS: u32 = 3_000;

const STEP: Duration = Duration::from_millis(5);
const JOIN_LIMIT: Duration = Duration::from_secs(10);
const ROOM: RoomKey = RoomKey(1);
const SEED: u64 = 7;

pub(super) struct Room {
    shard: Shard,
    batch: SendBatch,
    publisher: Client,
    subscribers: Vec<Client>,
    now: Instant,
    frames_sent: u32,
}

/// One frame's datagrams as they come off the wire together.
pub(super) struct Burst {
    arrives: Instant,
    from: SocketAddr,
    datagrams: Vec<Vec<u8>>,
}

impl Room {
    pub(super) fn new(subscribers: u16) -> Result<Self> {
        let now = crate::clock::now();
        let server = SocketAddr::from(([127, 0, 0, 1], 5_000));
        let identity = DtlsIdentity::generate()?;
        let fingerprint = identity.fingerprint();
        let mut room = Self {
            shard: Shard::new(ShardConfig { identity, seed: SEED }, now),
            batch: SendBatch::with_capacity(1 << 20, 1_024),
            publisher: Client::new(client_address(0), server, now)?,
            subscribers: Vec::new(),
            now,
            frames_sent: 0,
        };
        let mut rng = StdRng::seed_from_u64(SEED);
        let options = AnswerOptions { fingerprint, candidates: &[server] };
        let mut enter =
            |client: &mut Client, shard: &mut Shard, batch: &mut SendBatch, key| -> Result<PeerDescription> {
                let negotiated = sdp::answer(&client.offer(now)?, &options, &mut rng)?;
                client.accept(now, negotiated.answer)?;
                let description = Box::new(negotiated.description.clone());
                shard.handle_command(now, Command::OpenPeer { peer: key, room: ROOM, description }, batch);
                Ok(negotiated.description)
            };
        let publisher = PeerKey(0);
        let description = enter(&mut room.publisher, &mut room.shard, &mut room.batch, publisher)?;
        let track = TrackKey { peer: publisher, mid: detail_section(&description)? };
        for number in 1..=subscribers {
            let mut client = Client::new(client_address(number), server, now)?;
            let subscriber = PeerKey(u64::from(number));
            let description = enter(&mut client, &mut room.shard, &mut room.batch, subscriber)?;
            room.subscribers.push(client);
            let (mid, track) = (viewing_slot(&description)?, Some(track));
            let bind = Command::BindVideo { subscriber, mid, track, max_height: 1_080, priority: 3 };
            room.shard.handle_command(now, bind, &mut room.batch);
        }
        room.connect()?;
        Ok(room)
    }

    fn connect(&mut self) -> Result<()> {
        let limit = self.now + JOIN_LIMIT;
        while !self.clients().all(|client| client.is_connected()) {
            ensure!(self.now < limit, "not all clients are connected after {JOIN_LIMIT:?} of virtual time");
            self.now += STEP;
            self.settle()?;
        }
        Ok(())
    }

    /// Timers and everything they cause, until nobody has more to say.
    fn settle(&mut self) -> Result<()> {
        self.fire_timers(self.now);
        let now = self.now;
        self.clients().try_for_each(|client| client.handle_timeout(now))?;
        loop {
            let mut idle = self.batch.is_empty();
            idle &= self.deliver_to_clients()? == 0;
            let Self { shard, batch, publisher, subscribers, .. } = self;
            for client in std::iter::once(publisher).chain(subscribers) {
                while let Some(mut datagram) = client.poll() {
                    shard.handle_datagram(now, client.address, &mut datagram, batch);
                    idle = false;
                }
            }
            while shard.poll_event().is_some() {}
            if idle {
                return Ok(());
            }
        }
    }

    fn deliver_to_clients(&mut self) -> Result<usize> {
        let Self { batch, publisher, subscribers, now, .. } = self;
        for (to, datagram) in batch.datagrams() {
            let client =
                std::iter::once(&mut *publisher).chain(subscribers.iter_mut()).find(|client| client.address == to);
            client.context("the shard sends to nobody")?.receive(*now, datagram)?;
        }
        let delivered = batch.len();
        batch.clear();
        Ok(delivered)
    }

    /// A second of sealed video from the publisher, after everybody has caught up with the time.
    pub(super) fn prepare_second(&mut self) -> Result<Vec<Burst>> {
        self.settle()?;
        let mut bursts = Vec::new();
        let mut arrives = self.now;
        for _ in 0..FRAMES {
            arrives += FRAME_INTERVAL;
            let timestamp = self.frames_sent.wrapping_mul(FRAME_TICKS);
            for packet in 0..PACKETS_PER_FRAME {
                let payload = payload(self.frames_sent, packet == 0);
                self.publisher.publish(arrives, timestamp, packet + 1 == PACKETS_PER_FRAME, payload)?;
            }
            let datagrams: Vec<Vec<u8>> = std::iter::from_fn(|| self.publisher.poll()).map(|d| d.to_vec()).collect();
            bursts.push(Burst { arrives, from: self.publisher.address, datagrams });
            self.frames_sent += 1;
        }
        Ok(bursts)
    }

    /// The measured part: the shard takes in a second of video and makes what its subscribers get. How many datagrams that was.
    pub(super) fn forward(&mut self, bursts: &mut [Burst]) -> usize {
        let mut sent = 0;
        for burst in bursts {
            self.fire_timers(burst.arrives);
            for datagram in &mut burst.datagrams {
                self.shard.handle_datagram(burst.arrives, burst.from, datagram, &mut self.batch);
            }
            sent += self.batch.len();
            self.batch.clear();
            self.now = burst.arrives;
        }
        sent
    }

    fn fire_timers(&mut self, now: Instant) {
        while self.shard.next_timeout().is_some_and(|at| at <= now) {
            self.shard.handle_timeout(now, &mut self.batch);
        }
    }

    fn clients(&mut self) -> impl Iterator<Item = &mut Client> {
        std::iter::once(&mut self.publisher).chain(&mut self.subscribers)
    }
}

/// A VP8 packet: descriptor with a 15-bit picture id (RFC 7741 §4.2), the first frame a key frame.
fn payload(frame: u32, first: bool) -> Bytes {
    let [.., high, low] = frame.to_be_bytes();
    let mut payload = vec![0xa5; PAYLOAD_BYTES];
    // A key frame's header (RFC 6386 §9.1): no P bit, the start code, 640 x 360.
    let key_frame = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01];
    let inter_frame = [0x11; 10];
    let start = if frame == 0 { key_frame } else { inter_frame };
    let descriptor = [if first { 0x90 } else { 0x80 }, 0x80, 0x80 | high & 0x7f, low];
    let head = descriptor.into_iter().chain(start.into_iter().take(if first { 10 } else { 0 }));
    payload.iter_mut().zip(head).for_each(|(byte, value)| *byte = value);
    Bytes::from(payload)
}

fn client_address(number: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 6_000 + number))
}

/// The third section: one layer of video.
fn detail_section(description: &PeerDescription) -> Result<Mid> {
    let uplinks = description.sections.iter().filter(|section| matches!(section.flow, Flow::Uplink { .. }));
    let mut videos = uplinks.filter(|section| section.kind == MediaKind::Video);
    Ok(videos.nth(1).context("the offer has no second video section")?.mid)
}

fn viewing_slot(description: &PeerDescription) -> Result<Mid> {
    let mut slots = description.sections.iter().filter(|section| matches!(section.flow, Flow::Downlink { .. }));
    Ok(slots.find(|section| section.kind == MediaKind::Video).context("the offer has no viewing slot")?.mid)
}
