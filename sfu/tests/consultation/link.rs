//! The network between clients and shard: fixed delay and seeded random loss, each direction by itself; and for who has one, a
//! bad downlink of its own.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) delay: Duration,
    /// Of client -> server and of server -> client.
    pub(crate) uplink_loss: f64,
    pub(crate) downlink_loss: f64,
    /// Of client -> server: large datagrams take so much longer.
    pub(crate) large_later: Duration,
}

/// More than a frame of the smallest layer, less than the first packet of its key frame.
const LARGE_LEN: usize = 1_000;

pub(crate) struct Link {
    pub(crate) conditions: Conditions,
    rng: StdRng,
    /// By time of arrival, then in order of sending.
    in_flight: BTreeMap<(Instant, u64), Datagram>,
    sent: u64,
    /// By client, and when each began.
    narrow: BTreeMap<SocketAddr, (Instant, kenes_link::Link<Datagram>)>,
    seed: u64,
    /// What clients send, while somebody listens in.
    pub(crate) record: Option<Vec<Datagram>>,
}

#[derive(Clone)]
pub(crate) struct Datagram {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

impl Link {
    pub(crate) fn new(conditions: Conditions, seed: u64) -> Self {
        Self {
            conditions,
            rng: StdRng::seed_from_u64(seed),
            in_flight: BTreeMap::new(),
            sent: 0,
            narrow: BTreeMap::new(),
            seed,
            record: None,
        }
    }

    pub(crate) fn send_uplink(&mut self, now: Instant, datagram: Datagram) {
        if let Some(record) = &mut self.record {
            record.push(datagram.clone());
        }
        let later = if datagram.bytes.len() > LARGE_LEN { self.conditions.large_later } else { Duration::ZERO };
        self.send(now + later, datagram, self.conditions.uplink_loss);
    }

    /// From now on all that is sent to this client goes over such a link.
    pub(crate) fn narrow(&mut self, now: Instant, client: SocketAddr, profile: kenes_link::Profile) {
        self.narrow.insert(client, (now, kenes_link::Link::new(profile, self.seed)));
    }

    pub(crate) fn send_downlink(&mut self, now: Instant, datagram: Datagram) {
        if let Some((began, link)) = self.narrow.get_mut(&datagram.to) {
            return link.send(now - *began, datagram.bytes.len(), datagram);
        }
        self.send(now, datagram, self.conditions.downlink_loss);
    }

    fn send(&mut self, now: Instant, datagram: Datagram, loss: f64) {
        self.sent += 1;
        if self.rng.random_bool(loss) {
            return;
        }
        self.in_flight.insert((now + self.conditions.delay, self.sent), datagram);
    }

    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        let narrow = self.narrow.values().filter_map(|(began, link)| Some(*began + link.next_moment()?));
        narrow.chain(self.in_flight.keys().next().map(|(at, _)| *at)).min()
    }

    pub(crate) fn take_arrived(&mut self, now: Instant) -> Option<Datagram> {
        let narrow = self.narrow.values_mut().find_map(|(began, link)| link.poll(now - *began));
        let narrow = narrow.map(|arrival| arrival.packet);
        if narrow.is_some() {
            return narrow;
        }
        let (at, _) = self.in_flight.keys().next()?;
        if *at > now {
            return None;
        }
        self.in_flight.pop_first().map(|(_, datagram)| datagram)
    }
}
