//! The last packets of one layer, for subscribers that lost some (RFC 4588), bounded in time, bytes and number.
//!
//! A byte ring and an index by sequence number; the oldest bytes are overwritten. The ring begins small and doubles when it is
//! written round faster than packets age: a thousand small layers then fit where one large one would have been.

use crate::description::Codec;
use crate::ids::RtpTimestamp;
use crate::packet::{KeptPacket, MediaPacket};
use crate::rtp::sequence::ExtendedSeq;
use std::time::{Duration, Instant};

/// A second of 250 kbit/s, and of 2 Mbit/s.
const FIRST_BYTES: usize = 32 * 1024;
const MAX_BYTES: usize = 256 * 1024;
/// Packets remembered; a power of two.
const CACHE_PACKETS: usize = 512;
/// A retransmission later than this is of no use to a decoder.
const CACHE_AGE: Duration = Duration::from_millis(1_000);

pub(crate) struct PacketCache {
    bytes: Box<[u8]>,
    index: Box<[Entry]>,
    /// Bytes ever written, the skipped ends of the ring included.
    written: u64,
    /// What was written before this is lost, though the ring would reach back further.
    kept_from: u64,
    /// When the ring was last begun anew.
    lap_began: Option<Instant>,
    epoch: u32,
}

#[derive(Clone, Copy)]
struct Entry {
    sequence: ExtendedSeq,
    start: u64,
    len: usize,
    timestamp: RtpTimestamp,
    marker: bool,
    codec: Codec,
    at: Instant,
}

impl PacketCache {
    pub(crate) fn new() -> Self {
        Self {
            bytes: vec![0; FIRST_BYTES].into(),
            index: Box::default(),
            written: 0,
            kept_from: 0,
            lap_began: None,
            epoch: 0,
        }
    }

    pub(crate) fn insert(&mut self, now: Instant, packet: &MediaPacket<'_>) {
        let len = packet.payload.len();
        let entry = Entry {
            sequence: packet.sequence,
            start: 0,
            len,
            timestamp: packet.timestamp,
            marker: packet.marker,
            codec: packet.codec,
            at: now,
        };
        if self.index.is_empty() || self.epoch != packet.epoch {
            self.index = vec![entry; CACHE_PACKETS].into();
            self.epoch = packet.epoch;
        }
        // A packet stays in one piece: the end of the ring that is too short for it is skipped.
        let offset = self.offset(self.written);
        if self.bytes.len() - offset < len {
            self.written += (self.bytes.len() - offset) as u64;
        }
        if self.offset(self.written) == 0 {
            self.begin_lap(now);
        }
        let offset = self.offset(self.written);
        let Some(target) = self.bytes.get_mut(offset..).and_then(|free| free.get_mut(..len)) else { return };
        target.copy_from_slice(packet.payload);
        let start = self.written;
        self.written += len as u64;
        let position = Self::position(packet.sequence);
        if let Some(slot) = self.index.get_mut(position) {
            *slot = Entry { start, ..entry };
        }
    }

    pub(crate) fn find(&self, now: Instant, epoch: u32, sequence: ExtendedSeq) -> Option<KeptPacket<'_>> {
        let entry = self.index.get(Self::position(sequence))?;
        let overwritten = self.written - entry.start > self.bytes.len() as u64 || entry.start < self.kept_from;
        let too_old = now.saturating_duration_since(entry.at) > CACHE_AGE;
        if entry.sequence != sequence || epoch != self.epoch || overwritten || too_old {
            return None;
        }
        let offset = self.offset(entry.start);
        Some(KeptPacket {
            timestamp: entry.timestamp,
            marker: entry.marker,
            codec: entry.codec,
            payload: self.bytes.get(offset..offset + entry.len)?,
        })
    }

    /// The ring is full and overwrites its oldest bytes from here on, unless these may still be asked for and it may grow.
    fn begin_lap(&mut self, now: Instant) {
        let is_short = self.lap_began.is_some_and(|began| now.saturating_duration_since(began) < CACHE_AGE);
        self.lap_began = Some(now);
        let len = self.bytes.len();
        if !is_short || len >= MAX_BYTES {
            return;
        }
        // Everything still in the ring was written in one lap, which lies in one piece in a ring of twice the size.
        self.kept_from = self.written.saturating_sub(len as u64);
        let lap = std::mem::replace(&mut self.bytes, vec![0; 2 * len].into());
        let offset = self.offset(self.kept_from);
        if let Some(room) = self.bytes.get_mut(offset..).and_then(|rest| rest.get_mut(..len)) {
            room.copy_from_slice(&lap);
        }
    }

    fn offset(&self, position: u64) -> usize {
        usize::try_from(position % self.bytes.len() as u64).unwrap_or(0)
    }

    fn position(sequence: ExtendedSeq) -> usize {
        usize::try_from(sequence.0 % CACHE_PACKETS as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::LayerIndex;
    use crate::rtp::payload::Pictures;

    fn insert(cache: &mut PacketCache, now: Instant, sequence: u64, payload: &[u8]) {
        let packet = MediaPacket {
            layer: LayerIndex::SINGLE,
            epoch: 0,
            sequence: ExtendedSeq(sequence),
            timestamp: RtpTimestamp(7),
            marker: true,
            codec: Codec::Vp8,
            is_entry_point: false,
            audio_level: None,
            pictures: Pictures::default(),
            payload,
        };
        cache.insert(now, &packet);
    }

    fn found(cache: &PacketCache, now: Instant, sequence: u64) -> Option<Vec<u8>> {
        cache.find(now, 0, ExtendedSeq(sequence)).map(|packet| packet.payload.to_vec())
    }

    #[test]
    fn a_kept_packet_is_found_by_its_sequence_number_until_it_is_too_old() {
        let now = Instant::now();
        let mut cache = PacketCache::new();
        insert(&mut cache, now, 5, b"five");
        assert_eq!(found(&cache, now, 5).as_deref(), Some(&b"five"[..]));
        assert_eq!(found(&cache, now, 6), None);
        assert_eq!(found(&cache, now + CACHE_AGE * 2, 5), None);
    }

    #[test]
    fn overwritten_bytes_are_never_handed_out() {
        let now = Instant::now();
        let mut cache = PacketCache::new();
        // 300 packets of 1,000 bytes are more than the ring holds: the first are gone, the last are whole.
        for sequence in 0..300_u64 {
            insert(&mut cache, now, sequence, &[u8::try_from(sequence % 251).unwrap(); 1_000]);
        }
        assert_eq!(found(&cache, now, 0), None);
        for sequence in 60..300_u64 {
            assert_eq!(found(&cache, now, sequence), Some(vec![u8::try_from(sequence % 251).unwrap(); 1_000]));
        }
    }

    #[test]
    fn a_ring_that_is_too_small_for_a_second_grows_and_loses_nothing_of_it() {
        let start = Instant::now();
        let mut cache = PacketCache::new();
        // 200 packets a second of 1,000 bytes: 200 kB, for three seconds.
        for sequence in 0..600_u64 {
            let now = start + Duration::from_millis(5) * u32::try_from(sequence).unwrap();
            insert(&mut cache, now, sequence, &[u8::try_from(sequence % 251).unwrap(); 1_000]);
            for age in [0, 20, 40, 80, 150, 199] {
                let Some(asked) = sequence.checked_sub(age) else { continue };
                assert_eq!(
                    found(&cache, now, asked),
                    Some(vec![u8::try_from(asked % 251).unwrap(); 1_000]),
                    "{sequence}"
                );
            }
        }
        assert_eq!(cache.bytes.len(), MAX_BYTES);
    }

    #[test]
    fn a_ring_that_holds_a_second_stays_small() {
        let start = Instant::now();
        let mut cache = PacketCache::new();
        for sequence in 0..300_u64 {
            insert(
                &mut cache,
                start + Duration::from_millis(50) * u32::try_from(sequence).unwrap(),
                sequence,
                &[7; 1_000],
            );
        }
        assert_eq!(cache.bytes.len(), FIRST_BYTES);
    }

    #[test]
    fn a_number_a_ring_ahead_takes_the_place_of_the_old_one() {
        let now = Instant::now();
        let mut cache = PacketCache::new();
        insert(&mut cache, now, 1, b"old");
        insert(&mut cache, now, 1 + CACHE_PACKETS as u64, b"new");
        assert_eq!(found(&cache, now, 1), None);
        assert_eq!(found(&cache, now, 1 + CACHE_PACKETS as u64).as_deref(), Some(&b"new"[..]));
    }
}
