//! A moment as the packet path wants it: once as an [`Instant`], once as a number.
//!
//! The difference of two `Instant`s takes some sixty instructions and several steps of a packet's path would need one, so it is
//! taken once for all packets of a turn. [`Timebase`] owns the shard's beginning; nothing here reads a clock.

use std::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub at: Instant,
    /// Microseconds since the shard began.
    pub us: u64,
}

impl Moment {
    pub(crate) fn since(origin: Instant, at: Instant) -> Self {
        let elapsed = at.saturating_duration_since(origin);
        Self { at, us: elapsed.as_secs() * 1_000_000 + u64::from(elapsed.subsec_micros()) }
    }
}

pub(crate) struct Timebase {
    origin: Instant,
    /// The last one asked for.
    latest: Moment,
}

impl Timebase {
    pub(crate) fn new(origin: Instant) -> Self {
        Self { origin, latest: Moment { at: origin, us: 0 } }
    }

    pub(crate) fn origin(&self) -> Instant {
        self.origin
    }

    pub(crate) fn moment(&mut self, at: Instant) -> Moment {
        if self.latest.at != at {
            self.latest = Moment::since(self.origin, at);
        }
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_moment_is_counted_from_the_beginning_whatever_was_asked_before() {
        let origin = Instant::now();
        let mut timebase = Timebase::new(origin);
        let later = origin + Duration::new(7, 3_999);
        for (at, us) in [(origin, 0), (later, 7_000_003), (later, 7_000_003), (origin, 0)] {
            assert_eq!(timebase.moment(at), Moment { at, us });
        }
    }
}
