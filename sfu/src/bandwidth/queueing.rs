//! How much longer packets take than they must: what waits before the bottleneck. The trend of the delay does not say that: a queue
//! that is always full does not grow.
//!
//! Owns the shortest one-way delays of one downlink. Takes times of both clocks as milliseconds of any origin.

/// Clocks drift and routes change: what was shortest is forgotten after one to two of these.
const WINDOW_MS: f64 = 60_000.0;
/// Packets wait from here on, and until they wait less than that.
const LONG_MS: f64 = 100.0;
const SHORT_MS: f64 = 50.0;
/// Weight of the newest packet.
const NEWEST: f64 = 0.1;
/// A receiver's clock that jumps this far has been set, or has wrapped.
const JUMP_MS: f64 = 3_000.0;

#[derive(Debug, Default)]
pub(crate) struct Queueing {
    state: Option<State>,
    is_long: bool,
}

#[derive(Clone, Copy, Debug)]
struct State {
    smoothed_ms: f64,
    shortest_ms: f64,
    shortest_before_ms: f64,
    window_began_ms: f64,
}

impl Queueing {
    /// One packet that arrived.
    pub(crate) fn note(&mut self, sent_ms: f64, received_ms: f64) {
        let delay_ms = received_ms - sent_ms;
        let known = self.state.filter(|state| (delay_ms - state.smoothed_ms).abs() < JUMP_MS);
        let mut state = known.unwrap_or(State {
            smoothed_ms: delay_ms,
            shortest_ms: delay_ms,
            shortest_before_ms: delay_ms,
            window_began_ms: sent_ms,
        });
        state.smoothed_ms += NEWEST * (delay_ms - state.smoothed_ms);
        if sent_ms - state.window_began_ms >= WINDOW_MS {
            (state.shortest_before_ms, state.shortest_ms) = (state.shortest_ms, delay_ms);
            state.window_began_ms = sent_ms;
        }
        state.shortest_ms = state.shortest_ms.min(delay_ms);
        let waits_ms = state.smoothed_ms - state.shortest_ms.min(state.shortest_before_ms);
        self.is_long = waits_ms >= if self.is_long { SHORT_MS } else { LONG_MS };
        self.state = Some(state);
    }

    /// Packets wait much longer than they must: what is lost is lost because too much is sent.
    pub(crate) fn is_long(&self) -> bool {
        self.is_long
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet each 20 ms whose delay is `delay_ms` of its number; how many found a long queue.
    fn long(packets: u32, delay_ms: impl Fn(u32) -> f64) -> usize {
        let mut queueing = Queueing::default();
        let found = |number: &u32| {
            let sent_ms = f64::from(*number) * 20.0;
            queueing.note(sent_ms, 5e5 + sent_ms + delay_ms(*number));
            queueing.is_long()
        };
        (0..packets).filter(found).count()
    }

    #[test]
    fn a_queue_that_is_full_and_stays_full_is_long() {
        let found = long(1_000, |number| if number < 50 { 40.0 } else { 600.0 });
        assert!(found > 930, "{found}");
    }

    #[test]
    fn a_queue_that_has_drained_is_not() {
        let found = long(1_000, |number| if (50..150).contains(&number) { 600.0 } else { 40.0 });
        assert!((90..150).contains(&found), "{found}");
    }

    #[test]
    fn jitter_is_no_queue() {
        assert_eq!(long(3_000, |number| 40.0 + f64::from(number.wrapping_mul(2_654_435_761) >> 26)), 0);
    }

    #[test]
    fn another_route_is_taken_for_a_queue_for_two_minutes_at_most() {
        let found = long(60 * 50 * 3, |number| if number < 50 { 40.0 } else { 250.0 });
        assert!(found <= 120 * 50, "{found}");
    }

    #[test]
    fn a_clock_that_jumps_is_no_queue() {
        assert_eq!(long(1_000, |number| if number < 500 { 40.0 } else { 60_000.0 }), 0);
    }
}
