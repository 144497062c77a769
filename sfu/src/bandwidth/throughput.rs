//! How much arrives: bytes that the receiver has acknowledged, over its own clock.
//!
//! Owns the arrivals of the last [`WINDOW_MS`].

use std::collections::VecDeque;

const WINDOW_MS: f64 = 500.0;
/// A rate over less says little.
const SHORTEST_MS: f64 = 150.0;
/// Arrivals kept: 20 Mbit/s of full packets.
const MAX_ARRIVALS: usize = 1_024;

#[derive(Debug, Default)]
pub(crate) struct Throughput {
    arrivals: VecDeque<(f64, f64)>,
    bits: f64,
}

impl Throughput {
    pub(crate) fn note(&mut self, received_ms: f64, len: usize) {
        let bits = len as f64 * 8.0;
        self.arrivals.push_back((received_ms, bits));
        self.bits += bits;
        let too_old = |oldest: &(f64, f64)| (received_ms - oldest.0).abs() > WINDOW_MS;
        while self.arrivals.len() > MAX_ARRIVALS || self.arrivals.front().is_some_and(too_old) {
            self.bits -= self.arrivals.pop_front().map_or(0.0, |(_, bits)| bits);
        }
    }

    /// Bits a second, once there is enough to say.
    pub(crate) fn rate_bps(&self) -> Option<f64> {
        let (first, last) = (self.arrivals.front()?, self.arrivals.back()?);
        let elapsed = last.0 - first.0;
        // The first packet's bits came before the time that is measured.
        (elapsed >= SHORTEST_MS).then(|| (self.bits - first.1) / elapsed * 1e3)
    }

    /// Of the last moments alone: while a queue grows the bottleneck rests never, and this is what it carries.
    pub(crate) fn newest_bps(&self) -> Option<f64> {
        let last = self.arrivals.back()?.0;
        let mut newest = self.arrivals.iter().rev();
        let mut bits = 0.0;
        let elapsed = newest.find_map(|(at, of_packet)| {
            let elapsed = last - at;
            let is_enough = elapsed >= SHORTEST_MS;
            bits += if is_enough { 0.0 } else { *of_packet };
            is_enough.then_some(elapsed)
        })?;
        Some(bits / elapsed * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_of_the_last_half_second() {
        let mut throughput = Throughput::default();
        for ms in 0..100 {
            throughput.note(f64::from(ms) * 10.0, 1_250);
        }
        assert!((throughput.rate_bps().unwrap() - 1e6).abs() < 1e3);
        for ms in 0..60 {
            throughput.note(1_000.0 + f64::from(ms) * 10.0, 125);
        }
        assert!((throughput.rate_bps().unwrap() - 1e5).abs() < 1e3);
    }

    #[test]
    fn the_newest_rate_is_of_the_last_moments() {
        let mut throughput = Throughput::default();
        for ms in 0..100 {
            throughput.note(f64::from(ms) * 10.0, if ms < 80 { 125 } else { 1_250 });
        }
        assert!((throughput.newest_bps().unwrap() - 1e6).abs() < 1e3);
        assert!(throughput.rate_bps().unwrap() < 6e5);
    }

    #[test]
    fn a_burst_alone_has_no_rate() {
        let mut throughput = Throughput::default();
        for ms in 0..10 {
            throughput.note(f64::from(ms), 1_250);
        }
        assert_eq!(throughput.rate_bps(), None);
    }
}
