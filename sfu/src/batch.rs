//! The datagrams of one turn on their way out: the shard writes them here, `io` sends them.
//!
//! Owns a byte arena and a list of who gets which part of it; both are allocated once, so sealing a packet straight into
//! the batch costs no allocation and no copy. Full means dropped and counted. Must not know sockets or order anything:
//! datagrams stay in the order in which they were committed, and `io` groups them by `destination`.

use std::net::SocketAddr;

/// Datagrams that one received datagram may make at most: the fan-out of a room, or the answers to one NACK.
pub const DATAGRAM_HEADROOM: usize = 64;

/// Bytes of such a burst, each datagram as large as an Ethernet frame carries.
pub const BYTE_HEADROOM: usize = DATAGRAM_HEADROOM * 1_500;

pub struct SendBatch {
    arena: Box<[u8]>,
    used: usize,
    /// What `reserve` has handed out and `commit` has not yet taken.
    reserved: usize,
    entries: Vec<Entry>,
    max_datagrams: usize,
    dropped: u64,
}

/// One datagram as `io` sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing<'a> {
    pub to: SocketAddr,
    /// Dense index of the peer behind `to`: datagrams of one destination are sent together.
    pub destination: u32,
    pub bytes: &'a [u8],
}

#[derive(Clone, Copy)]
struct Entry {
    to: SocketAddr,
    destination: u32,
    start: usize,
    len: usize,
}

impl SendBatch {
    /// Both should be well over [`BYTE_HEADROOM`] and [`DATAGRAM_HEADROOM`], or the batch is nearly full from the start.
    #[must_use]
    pub fn with_capacity(bytes: usize, datagrams: usize) -> Self {
        Self {
            arena: vec![0; bytes].into_boxed_slice(),
            used: 0,
            reserved: 0,
            entries: Vec::with_capacity(datagrams),
            max_datagrams: datagrams,
            dropped: 0,
        }
    }

    /// Room for one datagram of at most `max_len` bytes, with whatever an earlier turn left in it. `None` when the batch is
    /// full: the datagram is lost, and counted here. A reservation that is not committed is forgotten by the next one.
    pub fn reserve(&mut self, max_len: usize) -> Option<&mut [u8]> {
        let room = if self.entries.len() < self.max_datagrams {
            self.arena.get_mut(self.used..).and_then(|free| free.get_mut(..max_len))
        } else {
            None
        };
        self.reserved = if room.is_some() { max_len } else { 0 };
        self.dropped += u64::from(room.is_none());
        room
    }

    /// The first `len` bytes of the last reservation are a datagram for `to`. More than was reserved is dropped and counted.
    #[inline]
    pub fn commit(&mut self, to: SocketAddr, destination: u32, len: usize) {
        if len > self.reserved {
            self.dropped += 1;
            return;
        }
        self.entries.push(Entry { to, destination, start: self.used, len });
        self.used += len;
        self.reserved = 0;
    }

    /// Everything committed, in that order.
    pub fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        self.outgoing().map(|datagram| (datagram.to, datagram.bytes))
    }

    /// The same with destinations.
    pub fn outgoing(&self) -> impl Iterator<Item = Outgoing<'_>> {
        self.entries.iter().map(|entry| self.resolve(entry))
    }

    /// The `index`th datagram.
    #[must_use]
    pub fn nth(&self, index: usize) -> Option<Outgoing<'_>> {
        self.entries.get(index).map(|entry| self.resolve(entry))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The burst of one more received datagram might not fit: flush first.
    #[must_use]
    pub fn is_nearly_full(&self) -> bool {
        self.arena.len() - self.used < BYTE_HEADROOM || self.max_datagrams - self.entries.len() < DATAGRAM_HEADROOM
    }

    /// Forgets the datagrams; the memory and the drop counter stay.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.used = 0;
        self.reserved = 0;
    }

    /// Datagrams lost to a full batch since it was made.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn resolve(&self, entry: &Entry) -> Outgoing<'_> {
        let bytes = self.arena.get(entry.start..entry.start + entry.len).unwrap_or_default();
        Outgoing { to: entry.to, destination: entry.destination, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn put(batch: &mut SendBatch, port: u16, payload: &[u8]) -> bool {
        let Some(room) = batch.reserve(payload.len() + 16) else { return false };
        room[..payload.len()].copy_from_slice(payload);
        batch.commit(address(port), u32::from(port), payload.len());
        true
    }

    #[test]
    fn datagrams_come_out_as_and_in_the_order_they_went_in() {
        let mut batch = SendBatch::with_capacity(1_000, 10);
        assert!(put(&mut batch, 1, b"one"));
        assert!(put(&mut batch, 2, b"second"));
        assert!(put(&mut batch, 1, b""));
        let seen: Vec<_> = batch.datagrams().collect();
        assert_eq!(seen, [(address(1), &b"one"[..]), (address(2), b"second"), (address(1), b"")]);
        assert_eq!(batch.nth(1).map(|datagram| datagram.destination), Some(2));
        assert_eq!(batch.nth(3), None);
    }

    #[test]
    fn a_full_batch_refuses_and_counts() {
        let mut by_bytes = SendBatch::with_capacity(40, 10);
        assert!(put(&mut by_bytes, 1, b"0123456789"));
        assert!(put(&mut by_bytes, 1, b"0123456789"));
        assert!(!put(&mut by_bytes, 1, b"0123456789"));
        assert_eq!((by_bytes.len(), by_bytes.dropped()), (2, 1));

        let mut by_entries = SendBatch::with_capacity(1_000, 1);
        assert!(put(&mut by_entries, 1, b"a"));
        assert!(!put(&mut by_entries, 1, b"b"));
        assert_eq!((by_entries.len(), by_entries.dropped()), (1, 1));
    }

    #[test]
    fn clearing_gives_the_room_back_and_keeps_the_drop_count() {
        let mut batch = SendBatch::with_capacity(20, 10);
        assert!(put(&mut batch, 1, b"1234"));
        assert!(!put(&mut batch, 1, b"5678"));
        batch.clear();
        assert!(batch.is_empty());
        assert!(put(&mut batch, 1, b"5678"));
        assert_eq!(batch.dropped(), 1);
        assert_eq!(batch.datagrams().next(), Some((address(1), &b"5678"[..])));
    }

    #[test]
    fn a_commit_without_its_reservation_is_dropped() {
        let mut batch = SendBatch::with_capacity(100, 10);
        batch.commit(address(1), 1, 4);
        assert!(batch.reserve(8).is_some());
        batch.commit(address(1), 1, 9);
        assert!(batch.is_empty());
        assert_eq!(batch.dropped(), 2);
    }

    #[test]
    fn a_forgotten_reservation_is_overwritten_by_the_next() {
        let mut batch = SendBatch::with_capacity(100, 10);
        batch.reserve(8).unwrap().fill(b'x');
        assert!(put(&mut batch, 1, b"kept"));
        assert_eq!(batch.datagrams().collect::<Vec<_>>(), [(address(1), &b"kept"[..])]);
    }

    #[test]
    fn nearly_full_means_one_more_burst_might_not_fit() {
        let mut batch = SendBatch::with_capacity(2 * BYTE_HEADROOM, 2 * DATAGRAM_HEADROOM);
        for _ in 0..DATAGRAM_HEADROOM {
            assert!(!batch.is_nearly_full());
            assert!(put(&mut batch, 1, &[0; 1_200]));
        }
        assert!(!batch.is_nearly_full());
        assert!(put(&mut batch, 1, &[0; 1_200]));
        assert!(batch.is_nearly_full(), "63 entries are left");
    }
}
