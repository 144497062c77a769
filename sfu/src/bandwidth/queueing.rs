//! How much longer packets take than they must: what waits before the bottleneck. The trend of the delay does not say that: a queue
//! that is always full does not grow.
//!
//! Owns the shortest one-way delays of one downlink. Takes times of both clocks as milliseconds of any origin.

/// Clocks drift and routes change: what was shortest is forgotten after one to two of these.
const WINDOW_MS: f64 = 60_000.0;
/// Packets wait from here on, and until they wait less than that.
const LONG_MS: f64 = 100.0;
const SHORT_MS: f64 = 50.0;
/// A wait that becomes no shorter for so long, although nothing is repeated and the rate has been lowered, is none: the route is longer.
const PATIENCE_MS: f64 = 5_000.0;
/// The same where much is lost: a full queue loses, and what else it holds (what the other direction needs, a socket) is not ours to lower.
const LOSSY_PATIENCE_MS: f64 = 15_000.0;
/// Shorter is less than this of what it was.
const SHORTER: f64 = 0.75;
/// Weight of the newest packet.
const NEWEST: f64 = 0.1;
/// A receiver's clock that jumps this far has been set, or has wrapped.
const JUMP_MS: f64 = 3_000.0;

/// Before the bottleneck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// No longer than a frame takes.
    None,
    Short,
    Long,
}

#[derive(Debug, Default)]
pub(crate) struct Queueing {
    state: Option<State>,
    long: Option<Long>,
}

/// A long wait, since it was last seen to become shorter.
#[derive(Clone, Copy, Debug)]
struct Long {
    since_ms: f64,
    most_ms: f64,
}

#[derive(Clone, Copy, Debug)]
struct State {
    smoothed_ms: f64,
    shortest_ms: f64,
    shortest_before_ms: f64,
    window_began_ms: f64,
}

impl Queueing {
    /// One packet that arrived, of several of which perhaps much is lost.
    pub(crate) fn note(&mut self, sent_ms: f64, received_ms: f64, is_lossy: bool) {
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
        let waits_ms = state.waits_ms();
        let is_long = waits_ms >= if self.long.is_some() { SHORT_MS } else { LONG_MS };
        self.long = is_long.then(|| Long::after(self.long, sent_ms, waits_ms));
        let patience_ms = if is_lossy { LOSSY_PATIENCE_MS } else { PATIENCE_MS };
        if self.long.is_some_and(|long| sent_ms - long.since_ms >= patience_ms) {
            self.long = None;
            (state.shortest_before_ms, state.shortest_ms) = (state.smoothed_ms, state.smoothed_ms);
        }
        self.state = Some(state);
    }

    pub(crate) fn wait(&self) -> Wait {
        match self.state {
            _ if self.is_long() => Wait::Long,
            Some(state) if state.waits_ms() >= SHORT_MS => Wait::Short,
            _ => Wait::None,
        }
    }

    /// What waited has been let through or is lost.
    pub(crate) fn forget_wait(&mut self) {
        self.long = None;
        if let Some(state) = &mut self.state {
            state.smoothed_ms -= state.waits_ms();
        }
    }

    /// Packets wait much longer than they must: what is lost is lost because too much is sent.
    pub(crate) fn is_long(&self) -> bool {
        self.long.is_some()
    }
}

impl State {
    fn waits_ms(&self) -> f64 {
        self.smoothed_ms - self.shortest_ms.min(self.shortest_before_ms)
    }
}

impl Long {
    fn after(before: Option<Self>, now_ms: f64, waits_ms: f64) -> Self {
        match before {
            Some(Self { since_ms, most_ms }) if waits_ms >= SHORTER * most_ms => {
                Self { since_ms, most_ms: most_ms.max(waits_ms) }
            }
            _ => Self { since_ms: now_ms, most_ms: waits_ms },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet each 20 ms whose delay is `delay_ms` of its number; how many found a long queue.
    fn long(packets: u32, delay_ms: impl Fn(u32) -> f64) -> usize {
        long_where(false, packets, delay_ms)
    }

    fn long_where(is_lossy: bool, packets: u32, delay_ms: impl Fn(u32) -> f64) -> usize {
        let mut queueing = Queueing::default();
        let found = |number: &u32| {
            let sent_ms = f64::from(*number) * 20.0;
            queueing.note(sent_ms, 5e5 + sent_ms + delay_ms(*number), is_lossy);
            queueing.is_long()
        };
        (0..packets).filter(found).count()
    }

    #[test]
    fn a_queue_that_is_full_is_long() {
        let found = long(290, |number| if number < 50 { 40.0 } else { 600.0 });
        assert!(found > 230, "{found}");
    }

    #[test]
    fn a_queue_that_drains_and_fills_again_is_long_for_as_long_as_it_does() {
        let found =
            long(3_000, |number| if number < 50 { 40.0 } else { 300.0 + 150.0 * (f64::from(number) / 40.0).sin() });
        assert!(found > 2_900, "{found}");
    }

    #[test]
    fn a_queue_that_has_drained_is_not() {
        let found = long(1_000, |number| if (50..150).contains(&number) { 600.0 } else { 40.0 });
        assert!((90..150).contains(&found), "{found}");
    }

    #[test]
    fn what_waited_before_an_outage_does_not_wait_after_it() {
        let mut queueing = Queueing::default();
        for number in 0..100 {
            let sent_ms = f64::from(number) * 20.0;
            queueing.note(sent_ms, sent_ms + if number < 50 { 40.0 } else { 600.0 }, false);
        }
        assert!(queueing.is_long());
        queueing.forget_wait();
        queueing.note(9_000.0, 9_040.0, false);
        assert!(!queueing.is_long());
        (0..10).for_each(|_| queueing.note(9_020.0, 9_620.0, false));
        assert!(queueing.is_long(), "a wait that is there is found again");
    }

    #[test]
    fn jitter_is_no_queue() {
        assert_eq!(long(3_000, |number| 40.0 + f64::from(number.wrapping_mul(2_654_435_761) >> 26)), 0);
    }

    #[test]
    fn another_route_is_taken_for_a_queue_for_some_seconds() {
        let found = long(60 * 50 * 3, |number| if number < 50 { 40.0 } else { 250.0 });
        assert!((200..300).contains(&found), "{found}");
    }

    #[test]
    fn a_queue_that_stands_and_loses_is_not_soon_another_route() {
        let found = long_where(true, 60 * 50 * 3, |number| if number < 50 { 40.0 } else { 1_000.0 });
        assert!((700..800).contains(&found), "{found}");
    }

    #[test]
    fn a_clock_that_jumps_is_no_queue() {
        assert_eq!(long(1_000, |number| if number < 500 { 40.0 } else { 60_000.0 }), 0);
    }
}
