//! How much a slot may retransmit: a subscriber on a bad link must not drown its own repair.

use crate::rtp::sequence::ExtendedSeq;
use std::time::{Duration, Instant};

/// One packet is sent again at most this often, however often it is asked for.
const RESEND_INTERVAL: Duration = Duration::from_millis(20);
/// Packets whose last retransmission is remembered.
const REMEMBERED: usize = 64;
/// Bytes that may be retransmitted at once, and per second.
const BURST_BYTES: f64 = 64_000.0;
const BYTES_PER_S: f64 = 125_000.0;

#[derive(Debug)]
pub(crate) struct ResendBudget {
    /// A ring, made when the first packet is sent again: most slots never do.
    recent: Vec<(ExtendedSeq, Instant)>,
    next: usize,
    bytes: f64,
    refilled: Option<Instant>,
}

impl ResendBudget {
    pub(crate) fn new() -> Self {
        Self { recent: Vec::new(), next: 0, bytes: BURST_BYTES, refilled: None }
    }

    /// True when this packet of `len` bytes may be sent again now; it then counts as sent.
    pub(crate) fn admit(&mut self, now: Instant, sequence: ExtendedSeq, len: u16) -> bool {
        self.refill(now);
        let was_just_sent = |entry: &(ExtendedSeq, Instant)| {
            entry.0 == sequence && now.saturating_duration_since(entry.1) < RESEND_INTERVAL
        };
        if self.recent.iter().any(was_just_sent) || self.bytes < f64::from(len) {
            return false;
        }
        self.bytes -= f64::from(len);
        match self.recent.get_mut(self.next) {
            Some(slot) => *slot = (sequence, now),
            None => {
                self.recent.reserve_exact(REMEMBERED - self.recent.len());
                self.recent.push((sequence, now));
            }
        }
        self.next = (self.next + 1) % REMEMBERED;
        true
    }

    fn refill(&mut self, now: Instant) {
        let elapsed = self.refilled.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.bytes = (self.bytes + elapsed.as_secs_f64() * BYTES_PER_S).min(BURST_BYTES);
        self.refilled = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_asked_for_twice_within_the_interval_is_sent_once() {
        let start = Instant::now();
        let mut budget = ResendBudget::new();
        assert!(budget.admit(start, ExtendedSeq(1), 1_000));
        assert!(!budget.admit(start, ExtendedSeq(1), 1_000));
        assert!(budget.admit(start + RESEND_INTERVAL, ExtendedSeq(1), 1_000));
    }

    #[test]
    fn retransmission_is_bounded_in_bytes() {
        let start = Instant::now();
        let mut budget = ResendBudget::new();
        let admitted = (0..1_000).filter(|n| budget.admit(start, ExtendedSeq(*n), 1_000)).count();
        assert_eq!(admitted, 64);
        assert!(budget.admit(start + Duration::from_secs(1), ExtendedSeq(5_000), 1_000));
    }
}
