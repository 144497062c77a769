//! The network between clients and shard: fixed delay and seeded random loss, each direction by itself.

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
}

pub(crate) struct Link {
    pub(crate) conditions: Conditions,
    rng: StdRng,
    /// By time of arrival, then in order of sending.
    in_flight: BTreeMap<(Instant, u64), Datagram>,
    sent: u64,
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
        Self { conditions, rng: StdRng::seed_from_u64(seed), in_flight: BTreeMap::new(), sent: 0, record: None }
    }

    pub(crate) fn send_uplink(&mut self, now: Instant, datagram: Datagram) {
        if let Some(record) = &mut self.record {
            record.push(datagram.clone());
        }
        self.send(now, datagram, self.conditions.uplink_loss);
    }

    pub(crate) fn send_downlink(&mut self, now: Instant, datagram: Datagram) {
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
        self.in_flight.keys().next().map(|(at, _)| *at)
    }

    pub(crate) fn take_arrived(&mut self, now: Instant) -> Option<Datagram> {
        let (at, _) = self.in_flight.keys().next()?;
        if *at > now {
            return None;
        }
        self.in_flight.pop_first().map(|(_, datagram)| datagram)
    }
}
