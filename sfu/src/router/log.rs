//! What viewers may ask for again: the payloads of all layers of the shard, in the order in which they came, for a second.
//!
//! One log for everybody. It is written from end to end, so a packet's bytes go where the memory of the one before them ends,
//! however many layers there are; a ring for each layer costs every packet of a large shard cold lines and a cold page (ADR
//! 0015). Chunks are used again once nothing in them may still be asked for, so the log is as long as the traffic of a second.
//! Bounded in bytes: beyond that everybody's packets are forgotten earlier. Knows no layer; who wants a packet back keeps its
//! [`Position`].

use crate::description::Codec;
use crate::ids::RtpTimestamp;
use crate::packet::{KeptPacket, MediaPacket};
use crate::prefetch;
use crate::rtp::sequence::ExtendedSeq;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A retransmission later than this is of no use to a decoder.
pub(super) const KEPT_FOR: Duration = Duration::from_millis(1_000);
/// A chunk that nothing was read from or written to for so long is one too many.
const SPARE_AFTER: Duration = Duration::from_secs(30);
const CHUNK_BYTES: usize = 128 * 1024;
/// Of the mean packet of a frame, with room for smaller ones; a power of two.
const CHUNK_PACKETS: usize = 256;
/// 128 MiB: a second of 1 Gbit/s, which is more than one shard takes in.
const MAX_CHUNKS: usize = 1_024;

#[derive(Default)]
pub(super) struct PacketLog {
    /// Oldest first; the last is being written.
    chunks: VecDeque<Chunk>,
    /// How many came before the oldest.
    gone: u64,
}

/// Where a packet was put. No two packets ever have the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position(u64);

struct Chunk {
    bytes: Box<[u8]>,
    used: usize,
    packets: Vec<Logged>,
}

/// What is known of a packet beside its payload.
struct Logged {
    at: Instant,
    sequence: ExtendedSeq,
    timestamp: RtpTimestamp,
    start: usize,
    len: usize,
    marker: bool,
    codec: Codec,
}

impl Position {
    /// Of no packet.
    pub(super) const NOWHERE: Self = Self(u64::MAX);
}

impl PacketLog {
    /// Copies the packet behind the one before it.
    pub(super) fn append(&mut self, now: Instant, packet: &MediaPacket<'_>) -> Position {
        if !self.chunks.back().is_some_and(|chunk| chunk.has_room(packet.payload.len())) {
            self.begin_chunk(now);
        }
        let newest = self.gone + self.chunks.len() as u64 - 1;
        let written = self.chunks.back_mut().and_then(|chunk| chunk.append(now, packet));
        written.map_or(Position::NOWHERE, |index| Position(newest * CHUNK_PACKETS as u64 + index as u64))
    }

    /// The packet that was put there, with its number, unless it is too old or gone.
    pub(super) fn read(&self, now: Instant, position: Position) -> Option<(ExtendedSeq, KeptPacket<'_>)> {
        let (chunk, index) = (position.0 / CHUNK_PACKETS as u64, position.0 % CHUNK_PACKETS as u64);
        let chunk = self.chunks.get(usize::try_from(chunk.checked_sub(self.gone)?).ok()?)?;
        let logged = chunk.packets.get(usize::try_from(index).ok()?)?;
        if is_outdated(logged, now) {
            return None;
        }
        let packet = KeptPacket {
            timestamp: logged.timestamp,
            marker: logged.marker,
            codec: logged.codec,
            payload: chunk.bytes.get(logged.start..logged.start + logged.len)?,
        };
        Some((logged.sequence, packet))
    }

    /// Takes the oldest chunk if nothing in it may be asked for or there are as many as there may be, else a new one. Traffic
    /// that has become less gives chunks back, one at a time.
    fn begin_chunk(&mut self, now: Instant) {
        let age = |chunk: &Chunk| chunk.packets.last().map_or(KEPT_FOR, |last| now.saturating_duration_since(last.at));
        if self.chunks.len() < MAX_CHUNKS && self.chunks.front().is_none_or(|oldest| age(oldest) <= KEPT_FOR) {
            return self.chunks.push_back(Chunk::new());
        }
        if self.chunks.get(1).is_some_and(|second| age(second) > SPARE_AFTER) {
            self.chunks.pop_front();
            self.gone += 1;
        }
        if let Some(mut oldest) = self.chunks.pop_front() {
            self.gone += 1;
            oldest.packets.clear();
            oldest.used = 0;
            self.chunks.push_back(oldest);
        }
    }
}

impl Chunk {
    fn new() -> Self {
        Self { bytes: vec![0; CHUNK_BYTES].into(), used: 0, packets: Vec::with_capacity(CHUNK_PACKETS) }
    }

    fn has_room(&self, len: usize) -> bool {
        self.packets.len() < CHUNK_PACKETS && self.bytes.len() - self.used >= len
    }

    /// The packet's place among the chunk's; `None` for one that is larger than a chunk.
    fn append(&mut self, now: Instant, packet: &MediaPacket<'_>) -> Option<usize> {
        let (start, len) = (self.used, packet.payload.len());
        self.bytes.get_mut(start..)?.get_mut(..len)?.copy_from_slice(packet.payload);
        self.used += len;
        self.packets.push(Logged {
            at: now,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            start,
            len,
            marker: packet.marker,
            codec: packet.codec,
        });
        self.request_next(len);
        Some(self.packets.len() - 1)
    }

    /// What was written a second ago is in no cache any more. The next packet is most likely as long as this one.
    fn request_next(&self, len: usize) {
        prefetch::request_first(self.bytes.get(self.used..).unwrap_or_default(), len);
    }
}

fn is_outdated(logged: &Logged, now: Instant) -> bool {
    now.saturating_duration_since(logged.at) > KEPT_FOR
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(log: &mut PacketLog, now: Instant, sequence: u64, payload: &[u8]) -> Position {
        log.append(now, &MediaPacket::of_video(sequence, payload))
    }

    fn read(log: &PacketLog, now: Instant, position: Position) -> Option<(u64, Vec<u8>)> {
        log.read(now, position).map(|(sequence, packet)| (sequence.0, packet.payload.to_vec()))
    }

    fn payload(sequence: u64) -> Vec<u8> {
        vec![u8::try_from(sequence % 251).unwrap(); 900 + usize::try_from(sequence % 7).unwrap()]
    }

    #[test]
    fn a_packet_can_be_read_for_a_second_and_no_longer() {
        let now = Instant::now();
        let mut log = PacketLog::default();
        let position = append(&mut log, now, 5, b"five");
        assert_eq!(read(&log, now + KEPT_FOR, position), Some((5, b"five".to_vec())));
        assert_eq!(read(&log, now + KEPT_FOR * 2, position), None);
        assert_eq!(read(&log, now, Position::NOWHERE), None);
    }

    #[test]
    fn the_log_grows_to_the_traffic_of_a_second_and_then_allocates_nothing() {
        let start = Instant::now();
        let mut log = PacketLog::default();
        let mut positions = Vec::new();
        let mut chunks = Vec::new();
        // A packet each millisecond.
        for sequence in 0..10_000_u64 {
            let now = start + Duration::from_millis(sequence);
            positions.push(append(&mut log, now, sequence, &payload(sequence)));
            chunks.push(log.chunks.len());
            for age in [0, 1, 500, 999] {
                let Some(asked) = sequence.checked_sub(age) else { continue };
                let position = positions[usize::try_from(asked).unwrap()];
                assert_eq!(read(&log, now, position), Some((asked, payload(asked))), "{age} ms after it came");
            }
        }
        // 900 kB a second in chunks of 128 KiB, the one that is being written included.
        assert_eq!((chunks[2_500], chunks[9_999]), (8, 8));
    }

    #[test]
    fn chunks_that_less_traffic_does_not_need_are_given_back() {
        let start = Instant::now();
        let mut log = PacketLog::default();
        for sequence in 0..2_000_u64 {
            append(&mut log, start + Duration::from_millis(sequence), sequence, &payload(sequence));
        }
        let most = log.chunks.len();
        for sequence in 0..10_000_u64 {
            append(&mut log, start + Duration::from_millis(60_000 + 100 * sequence), sequence, &payload(sequence));
        }
        assert!(most >= 8 && log.chunks.len() <= 4, "{most}, then {}", log.chunks.len());
    }

    #[test]
    fn a_flood_forgets_the_oldest_packets_first_and_never_hands_out_others() {
        let now = Instant::now();
        let mut log = PacketLog::default();
        let flood = vec![0; 64 * 1024];
        let first = append(&mut log, now, 0, b"first");
        let positions: Vec<Position> =
            (1..=2 * MAX_CHUNKS as u64 + 10).map(|sequence| append(&mut log, now, sequence, &flood)).collect();
        assert_eq!(log.chunks.len(), MAX_CHUNKS);
        assert_eq!(read(&log, now, first), None);
        for (sequence, position) in (1_u64..).zip(positions) {
            let found = log.read(now, position).map(|(sequence, _)| sequence.0);
            assert!(found.is_none_or(|found| found == sequence));
            assert!(found.is_some() || sequence <= 20, "{sequence}");
        }
    }
}
