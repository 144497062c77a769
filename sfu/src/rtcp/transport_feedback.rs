//! Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1): read as arrivals,
//! and recorded and written for the packets that a peer sends us.
//!
//! [`ArrivalRecorder`] owns the arrival times of one peer's last [`MAX_RECORDED`] packets. When feedback is due is the
//! caller's decision; what to conclude from received feedback is the bandwidth estimator's.

use super::writer::{Body, CompoundWriter, NoRoom};
use super::{feedback_type, packet_type};
use crate::ids::{SeqNo, Ssrc};
use crate::prefetch;
use crate::rtp::sequence::ExtendedSeq;

/// A delta's unit.
const TICK_US: u16 = 250;
/// Of the reference time: 64 ms.
const TICKS_PER_REFERENCE: u64 = 256;

/// Packet status symbols (§3.1.1).
const NOT_RECEIVED: u8 = 0;
const SMALL_DELTA: u8 = 1;
const LARGE_DELTA: u8 = 2;

/// A received feedback packet, checked as a whole: its arrivals can be read without an error.
#[derive(Clone, Debug)]
pub struct TransportFeedback<'a> {
    pub media: Ssrc,
    /// Transport-wide number of the first status.
    pub base: u16,
    /// Packets reported on, received or not.
    pub status_count: u16,
    /// Counts feedback packets, so that lost ones show.
    pub feedback_count: u8,
    /// On the receiver's clock of arbitrary origin, in units of 64 ms, 24 bits with sign.
    reference: i32,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

/// The fate of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Transport-wide sequence number.
    pub sequence: u16,
    /// Microseconds on the receiver's clock, which wraps at 2^24 * 64 ms; `None` when it did not arrive.
    pub received_us: Option<i64>,
}

impl<'a> TransportFeedback<'a> {
    /// From what follows the two SSRCs of a feedback packet.
    pub(super) fn parse(media: Ssrc, rest: &'a [u8]) -> Option<Self> {
        let (&[base_0, base_1, count_0, count_1, time_0, time_1, time_2, feedback_count], rest) =
            rest.split_first_chunk()?;
        let status_count = u16::from_be_bytes([count_0, count_1]);
        let (mut chunks_len, mut deltas_len) = (0, 0);
        let mut left = usize::from(status_count);
        while left > 0 {
            let chunk = Chunk::read(rest.get(chunks_len..)?)?;
            let used = left.min(usize::from(chunk.len()));
            deltas_len += chunk.deltas_len(used)?;
            chunks_len += 2;
            left -= used;
        }
        let (chunks, rest) = rest.split_at_checked(chunks_len)?;
        Some(Self {
            media,
            base: u16::from_be_bytes([base_0, base_1]),
            status_count,
            feedback_count,
            reference: i32::from_be_bytes([time_0, time_1, time_2, 0]) >> 8,
            chunks,
            deltas: rest.get(..deltas_len)?,
        })
    }

    /// Each packet reported on, in order of sending.
    #[must_use]
    pub fn arrivals(&self) -> Arrivals<'a> {
        Arrivals {
            sequence: self.base,
            left: self.status_count,
            time_us: i64::from(self.reference) * 64_000,
            chunk: Chunk(0),
            position: 0,
            chunks: self.chunks,
            deltas: self.deltas,
        }
    }
}

/// Some receivers begin each feedback with a packet that came, and so never say what was lost before it. With no feedback missing between
/// two, what lies between the end of one and the beginning of the next did not come. Owns where the last one ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequel {
    /// Count and base that the next one has if nothing is missing.
    next: Option<(u8, u16)>,
}

impl Sequel {
    /// What a feedback leaves out before its first status.
    pub fn left_out(&mut self, feedback: &TransportFeedback<'_>) -> impl Iterator<Item = u16> + use<> {
        let end = feedback.base.wrapping_add(feedback.status_count);
        let next = self.next.replace((feedback.feedback_count.wrapping_add(1), end));
        let from = next.filter(|(count, _)| *count == feedback.feedback_count).map_or(feedback.base, |(_, from)| from);
        // One that begins before the end of the other says some things again.
        let left_out = Some(feedback.base.wrapping_sub(from)).filter(|count| usize::from(*count) <= MAX_RECORDED);
        (0..left_out.unwrap_or(0)).map(move |ahead| from.wrapping_add(ahead))
    }
}

/// The statuses of a feedback packet, one after the other.
#[derive(Clone, Debug)]
pub struct Arrivals<'a> {
    sequence: u16,
    left: u16,
    time_us: i64,
    chunk: Chunk,
    /// Statuses of `chunk` given already.
    position: u16,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

impl Iterator for Arrivals<'_> {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        self.left = self.left.checked_sub(1)?;
        while self.position >= self.chunk.len() {
            self.chunk = Chunk::read(self.chunks)?;
            self.chunks = self.chunks.get(2..)?;
            self.position = 0;
        }
        let ticks = match self.chunk.symbol(self.position) {
            SMALL_DELTA => {
                let (&delta, rest) = self.deltas.split_first()?;
                self.deltas = rest;
                Some(i64::from(delta))
            }
            LARGE_DELTA => {
                let (delta, rest) = self.deltas.split_first_chunk()?;
                self.deltas = rest;
                Some(i64::from(i16::from_be_bytes(*delta)))
            }
            _ => None,
        };
        self.time_us += ticks.unwrap_or(0) * i64::from(TICK_US);
        let arrival = Arrival { sequence: self.sequence, received_us: ticks.map(|_| self.time_us) };
        self.position += 1;
        self.sequence = self.sequence.wrapping_add(1);
        Some(arrival)
    }
}

/// A packet status chunk (§3.1.2 - §3.1.4).
#[derive(Clone, Copy, Debug)]
struct Chunk(u16);

impl Chunk {
    const VECTOR: u16 = 1 << 15;
    const TWO_BITS: u16 = 1 << 14;
    const MAX_RUN: usize = (1 << 13) - 1;
    /// Symbols of a two-bit vector.
    const VECTOR_LEN: usize = 7;

    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().map(|chunk| Self(u16::from_be_bytes(*chunk)))
    }

    fn run(symbol: u8, len: u16) -> Self {
        Self(u16::from(symbol) << 13 | len)
    }

    /// Up to seven symbols; those that are missing count as not received.
    fn vector(symbols: &[u8]) -> Self {
        let bits = symbols.iter().zip((0..Self::VECTOR_LEN).rev());
        Self(
            bits.fold(Self::VECTOR | Self::TWO_BITS, |chunk, (symbol, place)| {
                chunk | u16::from(*symbol) << (2 * place)
            }),
        )
    }

    fn len(self) -> u16 {
        match (self.0 & Self::VECTOR != 0, self.0 & Self::TWO_BITS != 0) {
            (false, _) => self.0 & 0x1fff,
            (true, false) => 14,
            (true, true) => 7,
        }
    }

    fn symbol(self, position: u16) -> u8 {
        let symbol = match (self.0 & Self::VECTOR != 0, self.0 & Self::TWO_BITS != 0) {
            (false, _) => self.0 >> 13,
            (true, false) => self.0 >> (13_u16.saturating_sub(position)) & 0x01,
            (true, true) => self.0 >> (12_u16.saturating_sub(2 * position)) & 0x03,
        };
        symbol.to_be_bytes()[1]
    }

    /// Bytes of deltas for the first `used` symbols; `None` for the reserved symbol, and for an empty run, which would let
    /// a packet have any number of chunks.
    fn deltas_len(self, used: usize) -> Option<usize> {
        if self.len() == 0 {
            return None;
        }
        if self.0 & Self::VECTOR == 0 {
            return Some(delta_len(self.symbol(0))? * used);
        }
        (0..self.len()).take(used).map(|position| delta_len(self.symbol(position))).sum()
    }
}

fn delta_len(symbol: u8) -> Option<usize> {
    match symbol {
        NOT_RECEIVED => Some(0),
        SMALL_DELTA => Some(1),
        LARGE_DELTA => Some(2),
        _ => None,
    }
}

/// Packets whose arrival is remembered: more than a second of the fastest peer.
pub const MAX_RECORDED: usize = 1_024;
const WINDOW: u64 = MAX_RECORDED as u64;
/// Packets in one feedback: what a fast peer sends in 100 ms. More are the next one's.
const MAX_REPORTED: usize = 256;

/// Of the arrivals of a frame's packets.
const BURST_BYTES: usize = 64;

/// When a peer's packets arrived, by transport-wide sequence number.
pub struct ArrivalRecorder {
    /// Time zero of the ticks: the first arrival.
    epoch_us: Option<u64>,
    /// Arrival in ticks by sequence number modulo [`MAX_RECORDED`]; 0 = not arrived.
    ticks: Box<[u64]>,
    /// The first packet of the next feedback, and the one after the highest seen. At most [`MAX_RECORDED`] apart.
    begin: u64,
    end: u64,
    feedback_count: u8,
}

impl Default for ArrivalRecorder {
    fn default() -> Self {
        Self { epoch_us: None, ticks: vec![0; MAX_RECORDED].into_boxed_slice(), begin: 0, end: 0, feedback_count: 0 }
    }
}

impl ArrivalRecorder {
    /// Remembers an arrival, in microseconds of the caller's origin. The first of several with one number counts; a jump of more
    /// than [`MAX_RECORDED`] starts anew.
    pub fn record(&mut self, sequence: u16, now_us: u64) {
        let epoch_us = *self.epoch_us.get_or_insert(now_us);
        let Some(index) = self.index_of(sequence) else { return };
        if index >= self.end + WINDOW {
            self.ticks.fill(0);
            (self.begin, self.end) = (index, index);
        }
        while self.end <= index {
            if let Some(slot) = self.slot(self.end) {
                *slot = 0;
            }
            self.end += 1;
        }
        self.begin = self.begin.max(self.end.saturating_sub(WINDOW));
        if index + WINDOW < self.end {
            return;
        }
        let Some(slot) = self.slot(index).filter(|slot| **slot == 0) else { return };
        // The offset keeps 0 free for "not arrived".
        *slot = TICKS_PER_REFERENCE + now_us.saturating_sub(epoch_us) / u64::from(TICK_US);
        // A packet later than its feedback is reported after all, with those behind it once more; senders expect that.
        self.begin = self.begin.min(index);
    }

    /// Where the next burst's arrivals will be noted (`shard::ahead`).
    pub(crate) fn request_next(&self) {
        let next = usize::try_from(self.end % WINDOW).ok().and_then(|next| self.ticks.get(next..));
        prefetch::request_first(next.unwrap_or_default(), BURST_BYTES);
    }

    /// What the next feedback tells (`shard::ahead`).
    pub(crate) fn request_pending(&self) {
        let place = |index: u64| usize::try_from(index % WINDOW).unwrap_or_default();
        let (begin, end) = (place(self.begin), place(self.end));
        let until = if begin <= end { end } else { MAX_RECORDED };
        prefetch::request(self.ticks.get(begin..until).unwrap_or_default());
    }

    /// Whether there is anything to report.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.begin < self.end
    }

    /// Writes one feedback packet about what is not reported yet; `None` when there is nothing, or `out` cannot hold a
    /// single status. Call again until then: one packet ends where `out` is full or a delta exceeds its 16 bits.
    pub fn build(&mut self, sender: Ssrc, media: Ssrc, out: &mut [u8]) -> Option<usize> {
        let mut symbols = [NOT_RECEIVED; MAX_REPORTED];
        let reference = self.arrived_from(self.begin).next()? / TICKS_PER_REFERENCE;
        let count = self.choose_symbols(reference, &mut symbols, out.len());
        let symbols = symbols.get(..count).filter(|symbols| !symbols.is_empty())?;
        let mut writer = CompoundWriter::new(out);
        let written = writer.packet(packet_type::TRANSPORT_FEEDBACK, feedback_type::TRANSPORT_CC, |body| {
            body.u32(sender.0)?;
            body.u32(media.0)?;
            body.u16(ExtendedSeq(self.begin).seq_no().0)?;
            body.u16(u16::try_from(count).map_err(|_| NoRoom)?)?;
            let [.., time_0, time_1, time_2] = reference.to_be_bytes();
            body.bytes(&[time_0, time_1, time_2, self.feedback_count])?;
            write_chunks(body, symbols)?;
            self.write_deltas(body, reference, symbols)?;
            body.fill_word()
        });
        written.ok()?;
        self.begin += u64::try_from(count).unwrap_or(WINDOW);
        self.feedback_count = self.feedback_count.wrapping_add(1);
        Some(writer.len())
    }

    /// Statuses for as many packets as fit into `room` bytes; gives their number.
    fn choose_symbols(&self, reference: u64, symbols: &mut [u8; MAX_REPORTED], room: usize) -> usize {
        /// RTCP header, two SSRCs, the fixed fields, and up to three bytes to fill the last word.
        const FIXED_LEN: usize = 4 + 8 + 8 + 3;
        let mut previous = reference * TICKS_PER_REFERENCE;
        let mut deltas_len = 0;
        let mut count = 0;
        for (index, symbol) in (self.begin..self.end).zip(symbols) {
            let ticks = self.arrival(index);
            if ticks != 0 {
                let delta = ticks.cast_signed() - previous.cast_signed();
                *symbol = match (u8::try_from(delta), i16::try_from(delta)) {
                    (Ok(_), _) => SMALL_DELTA,
                    (_, Ok(_)) => LARGE_DELTA,
                    _ => break,
                };
                deltas_len += delta_len(*symbol).unwrap_or_default();
                previous = ticks;
            }
            // Each chunk but the last covers seven symbols or more.
            let chunks_len = 2 * (count + 1_usize).div_ceil(Chunk::VECTOR_LEN);
            if FIXED_LEN + chunks_len + deltas_len > room {
                break;
            }
            count += 1;
        }
        count
    }

    fn write_deltas(&self, body: &mut Body<'_>, reference: u64, symbols: &[u8]) -> Result<(), NoRoom> {
        let mut previous = reference * TICKS_PER_REFERENCE;
        for (index, symbol) in (self.begin..).zip(symbols) {
            let ticks = self.arrival(index);
            let delta = ticks.cast_signed() - previous.cast_signed();
            match *symbol {
                SMALL_DELTA => body.bytes(&[u8::try_from(delta).map_err(|_| NoRoom)?])?,
                LARGE_DELTA => body.bytes(&i16::try_from(delta).map_err(|_| NoRoom)?.to_be_bytes())?,
                _ => continue,
            }
            previous = ticks;
        }
        Ok(())
    }

    /// The unwrapped number. The first is put one cycle up, so that packets sent before it have numbers too.
    fn index_of(&mut self, sequence: u16) -> Option<u64> {
        if self.end == 0 {
            self.begin = 1 << 16 | u64::from(sequence);
            self.end = self.begin;
            return Some(self.begin);
        }
        ExtendedSeq(self.end - 1).nearest(SeqNo(sequence)).map(|index| index.0)
    }

    /// Ticks of the packets that arrived, from `index` on.
    fn arrived_from(&self, index: u64) -> impl Iterator<Item = u64> {
        (index..self.end).map(|index| self.arrival(index)).filter(|ticks| *ticks != 0)
    }

    fn arrival(&self, index: u64) -> u64 {
        usize::try_from(index % WINDOW).ok().and_then(|slot| self.ticks.get(slot)).copied().unwrap_or_default()
    }

    fn slot(&mut self, index: u64) -> Option<&mut u64> {
        usize::try_from(index % WINDOW).ok().and_then(|slot| self.ticks.get_mut(slot))
    }
}

/// Runs of seven equal symbols and more become run-length chunks, the rest two-bit vectors.
fn write_chunks(body: &mut Body<'_>, mut symbols: &[u8]) -> Result<(), NoRoom> {
    while let Some(&symbol) = symbols.first() {
        let run = symbols.iter().take_while(|other| **other == symbol).count().min(Chunk::MAX_RUN);
        let (chunk, used) = if run >= Chunk::VECTOR_LEN || run == symbols.len() {
            (Chunk::run(symbol, u16::try_from(run).map_err(|_| NoRoom)?), run)
        } else {
            let used = symbols.len().min(Chunk::VECTOR_LEN);
            (Chunk::vector(symbols.get(..used).unwrap_or_default()), used)
        };
        body.u16(chunk.0)?;
        symbols = symbols.get(used..).unwrap_or_default();
    }
    Ok(())
}
