//! Where the shard's log has the last packets of one layer, for subscribers that lost some (RFC 4588).
//!
//! A table by sequence number, bounded: what it held is forgotten when a number one table ahead comes.

use super::log::{PacketLog, Position};
use crate::packet::{KeptPacket, MediaPacket};
use crate::prefetch;
use crate::rtp::sequence::ExtendedSeq;
use std::time::Instant;

/// Packets of one layer that can be found: a second of the fastest we know. A power of two.
const CACHE_PACKETS: usize = 512;

/// Of the positions of a frame's packets.
const BURST_BYTES: usize = 64;

pub(crate) struct PacketCache {
    positions: Box<[Position]>,
    /// Where the last packet's position is.
    newest: usize,
    epoch: u32,
}

impl PacketCache {
    pub(super) fn new(epoch: u32) -> Self {
        Self { positions: vec![Position::NOWHERE; CACHE_PACKETS].into(), newest: 0, epoch }
    }

    pub(super) fn insert(&mut self, now: Instant, packet: &MediaPacket<'_>, log: &mut PacketLog) {
        if self.epoch != packet.epoch {
            self.positions.fill(Position::NOWHERE);
            self.epoch = packet.epoch;
        }
        self.newest = place(packet.sequence);
        if let Some(place) = self.positions.get_mut(self.newest) {
            *place = log.append(now, packet);
        }
    }

    /// Where the positions of the next burst will be (`shard::ahead`).
    pub(super) fn request_next(&self) {
        prefetch::request_first(self.positions.get(self.newest..).unwrap_or_default(), BURST_BYTES);
    }

    pub(super) fn find<'log>(
        &self,
        now: Instant,
        epoch: u32,
        sequence: ExtendedSeq,
        log: &'log PacketLog,
    ) -> Option<KeptPacket<'log>> {
        let position = self.positions.get(place(sequence)).filter(|_| epoch == self.epoch)?;
        let (found, packet) = log.read(now, *position)?;
        (found == sequence).then_some(packet)
    }
}

fn place(sequence: ExtendedSeq) -> usize {
    usize::try_from(sequence.0 % CACHE_PACKETS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two layers of one log.
    struct Kept {
        log: PacketLog,
        layers: [PacketCache; 2],
        now: Instant,
    }

    impl Kept {
        fn new() -> Self {
            Self { log: PacketLog::default(), layers: [PacketCache::new(0), PacketCache::new(0)], now: Instant::now() }
        }

        fn insert(&mut self, layer: usize, epoch: u32, sequence: u64, payload: &[u8]) {
            let packet = MediaPacket { epoch, ..MediaPacket::of_video(sequence, payload) };
            self.layers[layer].insert(self.now, &packet, &mut self.log);
        }

        fn found(&self, layer: usize, epoch: u32, sequence: u64) -> Option<&[u8]> {
            let found = self.layers[layer].find(self.now, epoch, ExtendedSeq(sequence), &self.log);
            found.map(|packet| packet.payload)
        }
    }

    #[test]
    fn each_layer_finds_its_own_packets_by_their_numbers() {
        let mut kept = Kept::new();
        kept.insert(0, 0, 5, b"low");
        kept.insert(1, 0, 5, b"high");
        assert_eq!(kept.found(0, 0, 5), Some(&b"low"[..]));
        assert_eq!(kept.found(1, 0, 5), Some(&b"high"[..]));
        assert_eq!(kept.found(0, 0, 6), None);
    }

    #[test]
    fn a_number_a_table_ahead_takes_the_place_of_the_old_one() {
        let mut kept = Kept::new();
        kept.insert(0, 0, 1, b"old");
        kept.insert(0, 0, 1 + CACHE_PACKETS as u64, b"new");
        assert_eq!(kept.found(0, 0, 1), None);
        assert_eq!(kept.found(0, 0, 1 + CACHE_PACKETS as u64), Some(&b"new"[..]));
    }

    #[test]
    fn a_stream_that_begins_anew_is_not_answered_with_the_old_ones_packets() {
        let mut kept = Kept::new();
        kept.insert(0, 0, 1, b"old");
        kept.insert(0, 1, 2, b"new");
        assert_eq!((kept.found(0, 1, 1), kept.found(0, 0, 1)), (None, None));
        assert_eq!(kept.found(0, 1, 2), Some(&b"new"[..]));
    }
}
