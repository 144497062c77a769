//! Sequence numbers and timestamps that do not wrap.
//!
//! Owns nothing but the last value a caller lets it see; it decides neither what is lost nor what is too late.

use crate::ids::{RtpTimestamp, SeqNo};

/// A sequence number with its rollover counter above it: the packet index `2^16 * ROC + SEQ` of RFC 3711 §3.3.1, 48 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtendedSeq(pub u64);

impl ExtendedSeq {
    /// The index of a stream's first packet: nothing has rolled over yet.
    #[must_use]
    pub fn first(seq: SeqNo) -> Self {
        Self(u64::from(seq.0))
    }

    /// What goes into the RTP header.
    #[must_use]
    pub fn seq_no(self) -> SeqNo {
        let [.., high, low] = self.0.to_be_bytes();
        SeqNo(u16::from_be_bytes([high, low]))
    }

    /// How often the 16 bits have wrapped, modulo 2^32.
    #[must_use]
    pub fn rollover_counter(self) -> u32 {
        let [_, _, a, b, c, d, _, _] = self.0.to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// The index nearest to this one (the highest seen) that `seq` can stand for, RFC 3711 appendix A.
    /// `None` when that lies before the stream's beginning.
    #[must_use]
    pub fn nearest(self, seq: SeqNo) -> Option<Self> {
        let (highest, arrived) = (self.seq_no().0, seq.0);
        let cycles = self.0 >> 16;
        let guess = if highest < HALF {
            if arrived.saturating_sub(highest) > HALF { cycles.checked_sub(1)? } else { cycles }
        } else if highest - HALF > arrived {
            cycles + 1
        } else {
            cycles
        };
        Some(Self(guess << 16 | u64::from(arrived)))
    }

    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

const HALF: u16 = 1 << 15;

/// Unwraps the sequence numbers of one source in order of arrival.
#[derive(Clone, Copy, Debug, Default)]
pub struct SeqUnwrapper {
    highest: Option<ExtendedSeq>,
}

impl SeqUnwrapper {
    /// `None` for a packet from before the first one across a wrap.
    pub fn unwrap(&mut self, seq: SeqNo) -> Option<ExtendedSeq> {
        let index = match self.highest {
            Some(highest) => highest.nearest(seq)?,
            None => ExtendedSeq::first(seq),
        };
        self.highest = self.highest.max(Some(index));
        Some(index)
    }

    #[must_use]
    pub fn highest(&self) -> Option<ExtendedSeq> {
        self.highest
    }
}

/// Unwraps RTP timestamps of one source: ticks since an arbitrary origin, negative when older than the first.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimestampUnwrapper {
    last: Option<i64>,
}

impl TimestampUnwrapper {
    pub fn unwrap(&mut self, timestamp: RtpTimestamp) -> i64 {
        let ticks = match self.last {
            None => i64::from(timestamp.0),
            Some(last) => {
                let [.., a, b, c, d] = last.to_be_bytes();
                let step = timestamp.0.wrapping_sub(u32::from_be_bytes([a, b, c, d])).cast_signed();
                last.saturating_add(i64::from(step))
            }
        };
        self.last = Some(ticks);
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    #[test]
    fn a_reordered_and_lossy_stream_unwraps_to_what_was_sent_across_many_wraps() {
        let seed = 0x5e9;
        let mut rng = StdRng::seed_from_u64(seed);
        let mut unwrapper = SeqUnwrapper::default();
        let mut sent: u64 = 65_000;
        assert_eq!(unwrapper.unwrap(SeqNo(65_000)), Some(ExtendedSeq(65_000)));
        for _ in 0..50_000 {
            sent += rng.random_range(1..300);
            let late = sent.saturating_sub(rng.random_range(0..2_000)).max(65_000);
            for index in [sent, late] {
                let index = ExtendedSeq(index);
                assert_eq!(unwrapper.unwrap(index.seq_no()), Some(index), "seed {seed}");
            }
        }
        assert!(sent > 100 << 16);
    }

    #[test]
    fn the_guess_at_exactly_half_a_cycle_is_that_of_rfc_3711_appendix_a() {
        assert_eq!(ExtendedSeq(0x1_0000).nearest(SeqNo(0x8000)), Some(ExtendedSeq(0x1_8000)));
        assert_eq!(ExtendedSeq(0x1_0000).nearest(SeqNo(0x8001)), Some(ExtendedSeq(0x0_8001)));
        assert_eq!(ExtendedSeq(0x1_8000).nearest(SeqNo(0)), Some(ExtendedSeq(0x1_0000)));
        assert_eq!(ExtendedSeq(0x1_8001).nearest(SeqNo(0)), Some(ExtendedSeq(0x2_0000)));
    }

    #[test]
    fn a_packet_from_before_the_beginning_has_no_index() {
        assert_eq!(ExtendedSeq::first(SeqNo(3)).nearest(SeqNo(65_530)), None);
    }

    #[test]
    fn an_index_splits_into_rollover_counter_and_sequence_number() {
        let index = ExtendedSeq(0x1234_5678_9abc);
        assert_eq!((index.rollover_counter(), index.seq_no()), (0x1234_5678, SeqNo(0x9abc)));
    }

    #[test]
    fn timestamps_unwrap_forwards_and_backwards() {
        let mut unwrapper = TimestampUnwrapper::default();
        let start = unwrapper.unwrap(RtpTimestamp(u32::MAX - 10));
        assert_eq!(unwrapper.unwrap(RtpTimestamp(9)) - start, 20);
        assert_eq!(unwrapper.unwrap(RtpTimestamp(u32::MAX)) - start, 10);
        assert_eq!(unwrapper.unwrap(RtpTimestamp(1 << 30)) - start, 11 + (1 << 30));
    }
}
