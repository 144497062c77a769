//! The network between people and the server: each access is a bottleneck with its two directions, the way between accesses
//! and server is perfect. People who share an access share its queues.
//!
//! Owns the datagrams on their way, and the trace of all that entered and left: one hash for a whole run. What it hashes are
//! moments, directions, kinds and lengths, never ciphertext, which is another in each run.

use kenes_link::{Counters, Link, Profile};
use kenes_sfu::demux::{Class, classify};
use std::net::SocketAddr;
use std::time::Duration;

/// IPv4 and UDP headers, which a link carries too.
const HEADERS_LEN: usize = 28;
/// A handshake's datagrams count as multiples of this: signatures and certificates vary by a few bytes from run to run.
const HANDSHAKE_UNIT: usize = 128;

#[derive(Clone, Debug)]
pub(crate) struct Datagram {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From a person to the server.
    Up,
    Down,
}

/// What one direction of an access did in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    pub counters: Counters,
    /// How long each packet waited for the bottleneck, in order of arrival, with the moment of that.
    pub queueing: Vec<(Duration, Duration)>,
}

impl Carried {
    /// 95 of 100 packets that arrived after `from` waited less.
    #[must_use]
    pub fn queueing_p95(&self, from: Duration) -> Duration {
        let after = self.queueing.iter().filter(|(at, _)| *at >= from).map(|(_, queueing)| *queueing);
        let mut sorted: Vec<Duration> = after.collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() * 95 / 100).copied().unwrap_or_default()
    }
}

pub(crate) struct Network {
    accesses: Vec<Access>,
    trace: Trace,
}

struct Access {
    directions: [Direction; 2],
}

struct Direction {
    link: Link<Datagram>,
    queueing: Vec<(Duration, Duration)>,
}

impl Network {
    /// Uplink and downlink of each access.
    pub(crate) fn new(accesses: &[(Profile, Profile)], seed: u64) -> Self {
        let mut seeds = seed..;
        let mut direction = |profile: &Profile| Direction {
            link: Link::new(profile.clone(), seeds.next().unwrap_or(0)),
            queueing: Vec::new(),
        };
        let accesses = accesses.iter().map(|(up, down)| Access { directions: [direction(up), direction(down)] });
        Self { accesses: accesses.collect(), trace: Trace::default() }
    }

    pub(crate) fn send(&mut self, now: Duration, access: usize, way: Way, datagram: Datagram) {
        let len = wire_len(&datagram.bytes);
        self.trace.note(&[now.as_nanos(), access as u128, way as u128, kind(&datagram.bytes), len as u128]);
        if let Some(direction) = self.direction(access, way) {
            direction.link.send(now, len, datagram);
        }
    }

    /// The next datagram that has arrived by `now`.
    pub(crate) fn take_arrived(&mut self, now: Duration) -> Option<(Way, Datagram)> {
        let Self { accesses, trace } = self;
        for (index, access) in accesses.iter_mut().enumerate() {
            for (way, direction) in [Way::Up, Way::Down].into_iter().zip(&mut access.directions) {
                let Some(arrival) = direction.link.poll(now) else { continue };
                direction.queueing.push((now, arrival.queueing));
                let bytes = &arrival.packet.bytes;
                trace.note(&[now.as_nanos(), 8 + index as u128, way as u128, kind(bytes), wire_len(bytes) as u128]);
                return Some((way, arrival.packet));
            }
        }
        None
    }

    pub(crate) fn next_moment(&self) -> Option<Duration> {
        self.accesses.iter().flat_map(|access| &access.directions).filter_map(|way| way.link.next_moment()).min()
    }

    /// Uplink and downlink of each access.
    pub(crate) fn carried(&self) -> Vec<[Carried; 2]> {
        let carried = |direction: &Direction| Carried {
            counters: direction.link.counters(),
            queueing: direction.queueing.clone(),
        };
        self.accesses.iter().map(|access| access.directions.each_ref().map(carried)).collect()
    }

    pub(crate) fn trace(&self) -> u64 {
        self.trace.0
    }

    fn direction(&mut self, access: usize, way: Way) -> Option<&mut Direction> {
        self.accesses.get_mut(access)?.directions.get_mut(way as usize)
    }
}

fn wire_len(bytes: &[u8]) -> usize {
    let len =
        if classify(bytes) == Some(Class::Dtls) { bytes.len().next_multiple_of(HANDSHAKE_UNIT) } else { bytes.len() };
    len + HEADERS_LEN
}

fn kind(bytes: &[u8]) -> u128 {
    match classify(bytes) {
        None => 0,
        Some(Class::Stun) => 1,
        Some(Class::Dtls) => 2,
        Some(Class::Rtp) => 3,
        Some(Class::Rtcp) => 4,
    }
}

/// FNV-1a over numbers.
struct Trace(u64);

impl Default for Trace {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Trace {
    fn note(&mut self, numbers: &[u128]) {
        for byte in numbers.iter().flat_map(|number| number.to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}
