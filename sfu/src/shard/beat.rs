//! The beat of a room: what its people need from time to time comes for all of them at the same moments.
//!
//! A thread that has little to forward pays for its wake-ups, each with a system call and cold caches, far more than for what it
//! does in them: fifty people at moments of their own would wake it a hundred times a second. All periods are multiples of one
//! unit, counted from when the room was opened in units of the shard, so rooms share moments as well and are spread over the
//! longer periods. Owns nothing but that beginning.

use std::time::{Duration, Instant};

/// All periods are multiples of this: time alone wakes a shard at most so often.
const UNIT: Duration = Duration::from_millis(25);

#[derive(Clone, Copy)]
pub(super) struct Beat {
    begins: Instant,
}

impl Beat {
    /// Of a room that opens now, in a shard that began at `origin`.
    pub(super) fn new(origin: Instant, now: Instant) -> Self {
        Self { begins: origin + UNIT * whole(now.saturating_duration_since(origin), UNIT) }
    }

    /// The next moment after `now` with this period.
    pub(super) fn next(self, now: Instant, period: Duration) -> Instant {
        self.begins + period * (whole(now.saturating_duration_since(self.begins), period) + 1)
    }
}

/// How often the period fits.
fn whole(elapsed: Duration, period: Duration) -> u32 {
    u32::try_from(elapsed.as_nanos() / period.as_nanos().max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(200);

    #[test]
    fn everybody_of_a_room_is_looked_after_at_the_same_moments() {
        let origin = Instant::now();
        let beat = Beat::new(origin, origin + Duration::from_millis(61));
        let at = |ms| origin + Duration::from_millis(ms);
        for (now, next) in [(61, 250), (249, 250), (250, 450), (253, 450), (449, 450), (1_000, 1_050)] {
            assert_eq!(beat.next(at(now), PERIOD), at(next), "{now}");
        }
    }

    #[test]
    fn rooms_share_moments_and_are_spread_over_a_period() {
        let origin = Instant::now();
        let opened = |ms| Beat::new(origin, origin + Duration::from_millis(ms));
        let mut moments: Vec<_> = (0..1_000).map(|ms| opened(ms).next(origin + PERIOD * 10, PERIOD)).collect();
        moments.sort_unstable();
        moments.dedup();
        assert_eq!(moments.len(), 8);
    }
}
