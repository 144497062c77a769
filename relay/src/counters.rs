//! What the relay has counted since it began. Atomics, because every connection is a task of its own; nothing else is shared by them on
//! the way of a packet.

use crate::End;
use crate::outbox::Dropped;
use crate::places::NoPlace;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// How media came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    IceTcp,
    Turn,
}

impl Door {
    pub const ALL: [Self; 2] = [Self::IceTcp, Self::Turn];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::IceTcp => "ice_tcp",
            Self::Turn => "turn",
        }
    }
}

#[derive(Default)]
pub struct Counters {
    ice_tcp: DoorCounters,
    turn: DoorCounters,
}

#[derive(Default)]
pub(crate) struct DoorCounters {
    open: AtomicI64,
    received: AtomicU64,
    sent: AtomicU64,
    dropped_pictures: AtomicU64,
    dropped_rest: AtomicU64,
    unreachable: AtomicU64,
    ended: [AtomicU64; End::ALL.len()],
    refused: [AtomicU64; NoPlace::ALL.len()],
}

/// One door's numbers at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorSnapshot {
    pub open: i64,
    /// Datagrams from clients to shards.
    pub received: u64,
    /// Datagrams from shards that a client's connection took in or gave up.
    pub sent: u64,
    pub dropped_pictures: u64,
    pub dropped_rest: u64,
    /// Datagrams that a shard's socket had no room for.
    pub unreachable: u64,
    pub ended: Vec<(&'static str, u64)>,
    /// Connections for which there was no place.
    pub refused: Vec<(&'static str, u64)>,
}

impl Counters {
    pub(crate) fn door(&self, door: Door) -> &DoorCounters {
        match door {
            Door::IceTcp => &self.ice_tcp,
            Door::Turn => &self.turn,
        }
    }

    #[must_use]
    pub fn snapshot(&self, door: Door) -> DoorSnapshot {
        self.door(door).snapshot()
    }
}

impl DoorCounters {
    pub(crate) fn begin(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self, end: End) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        if let Some((_, counter)) = End::ALL.iter().zip(&self.ended).find(|(candidate, _)| **candidate == end) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn refuse(&self, cause: NoPlace) {
        if let Some((_, counter)) = NoPlace::ALL.iter().zip(&self.refused).find(|(candidate, _)| **candidate == cause) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn count_received(&self, was_taken: bool) {
        let counter = if was_taken { &self.received } else { &self.unreachable };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_sent(&self, datagrams: u64, dropped: Dropped) {
        self.sent.fetch_add(datagrams, Ordering::Relaxed);
        if dropped != Dropped::default() {
            self.dropped_pictures.fetch_add(dropped.pictures, Ordering::Relaxed);
            self.dropped_rest.fetch_add(dropped.rest, Ordering::Relaxed);
        }
    }

    fn snapshot(&self) -> DoorSnapshot {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let ended = End::ALL.iter().zip(&self.ended).map(|(end, counter)| (end.name(), load(counter)));
        let refused = NoPlace::ALL.iter().zip(&self.refused).map(|(cause, counter)| (cause.name(), load(counter)));
        DoorSnapshot {
            open: self.open.load(Ordering::Relaxed),
            received: load(&self.received),
            sent: load(&self.sent),
            dropped_pictures: load(&self.dropped_pictures),
            dropped_rest: load(&self.dropped_rest),
            unreachable: load(&self.unreachable),
            ended: ended.collect(),
            refused: refused.collect(),
        }
    }
}
