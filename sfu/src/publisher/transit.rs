//! How much longer than the shortest a stream's packets are on their way, by their timestamps: what waits, waits in a queue.
//!
//! Owns the lengths, in ticks of the stream's clock, all beside the first packet's. Knows no time of day: asked about once a second.

/// A second's share of the drift of two clocks: as much as a microphone's can run wrong.
const DRIFT: f64 = 0.000_5;

#[derive(Debug)]
pub(crate) struct Transit {
    newest: f64,
    /// Since it was last asked for.
    least: f64,
    /// Of all time, and what stood when it was last asked for.
    shortest: f64,
    standing: f64,
}

impl Default for Transit {
    fn default() -> Self {
        Self { newest: 0.0, least: f64::INFINITY, shortest: f64::INFINITY, standing: 0.0 }
    }
}

impl Transit {
    /// By how much longer the newest packet was on its way than the one before.
    pub(crate) fn note(&mut self, longer: f64) {
        self.newest += longer;
        self.least = self.least.min(self.newest);
    }

    /// Beside the shortest of all time, that of the packets since the last call; `None`: nothing came.
    pub(crate) fn take_standing(&mut self, ticks_per_second: f64) -> Option<f64> {
        let least = std::mem::replace(&mut self.least, f64::INFINITY);
        if least.is_infinite() {
            return None;
        }
        self.shortest = least.min(self.shortest + DRIFT * ticks_per_second);
        self.standing = least;
        Some(least - self.shortest)
    }

    /// What stood last is the shortest from now on.
    pub(crate) fn rebase(&mut self) {
        self.shortest = self.standing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 48_000.0;

    /// Fifty packets, each so many ticks later than it would be without a queue.
    fn second(transit: &mut Transit, before: &mut f64, late: impl Fn(u32) -> f64) -> Option<f64> {
        for packet in 0..50 {
            let now = late(packet);
            transit.note(now - *before);
            *before = now;
        }
        transit.take_standing(RATE)
    }

    #[test]
    fn a_queue_that_empties_once_a_second_does_not_stand_and_one_that_never_does_stands() {
        let (mut transit, mut before) = (Transit::default(), 0.0);
        assert_eq!(second(&mut transit, &mut before, |_| 0.0), Some(0.0));
        let filling = second(&mut transit, &mut before, |packet| f64::from(packet) * 400.0).unwrap();
        assert!(filling < 1.0, "{filling}");
        let full = second(&mut transit, &mut before, |_| 24_000.0).unwrap();
        assert!((23_900.0..24_001.0).contains(&full), "{full}");
        assert!(second(&mut transit, &mut before, |_| 0.0).unwrap() < 1.0);
    }

    #[test]
    fn a_clock_that_runs_wrong_is_no_queue() {
        let (mut transit, mut before) = (Transit::default(), 0.0);
        for passed in 0..3_600 {
            // Of 960 ticks that a packet lasts, a hundred parts in a million.
            let waited = second(&mut transit, &mut before, |packet| f64::from(passed * 50 + packet) * 0.096);
            assert!(waited.unwrap() < 1.0, "second {passed}: {waited:?}");
        }
    }

    #[test]
    fn nothing_stands_where_nothing_comes() {
        assert_eq!(Transit::default().take_standing(RATE), None);
    }
}
