//! What an uplink carries, seen while packets stand in its queue.
//!
//! A queue that is full grows no more and loses a few percent, and a browser may take that for a link that fits: a Firefox of three layers, whose least
//! bit rates are more than a thin link carries, keeps 600 ms of queue full for ever, and tells its page nothing of it (docs/adr/0027). Owns what
//! was seen; asked once a second.

use std::time::Duration;

/// All of a second's packets have waited longer than an estimator's own search for the limit makes them wait.
const STANDS: Duration = Duration::from_millis(150);
/// Without a queue for so long, the link may be another.
const FORGOTTEN_S: u32 = 10;
/// What waits as long after so many seconds, although its page knows, waits in no queue. Longer than a page takes to send less.
const PATIENCE_S: u32 = 20;
const SHORTER: f64 = 0.75;

#[derive(Debug, Default)]
pub(crate) struct StandingQueue {
    carries_bps: Option<u64>,
    standing: Option<Standing>,
    calm_s: u32,
}

#[derive(Clone, Copy, Debug)]
struct Standing {
    seconds: u32,
    /// When it began.
    wait: Duration,
}

/// Where the packets of the last second waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    InQueue,
    /// The way is as long.
    OnTheWay,
}

impl StandingQueue {
    /// A second in which so much came, none of it sooner than after such a wait.
    pub(crate) fn look(&mut self, wait: Duration, received_bps: u64) -> Wait {
        if wait < STANDS {
            self.standing = None;
            self.calm_s = self.calm_s.saturating_add(1);
            self.carries_bps = self.carries_bps.filter(|_| self.calm_s < FORGOTTEN_S);
            return Wait::InQueue;
        }
        let begun = self.standing.unwrap_or(Standing { seconds: 0, wait });
        if begun.seconds >= PATIENCE_S && wait > begun.wait.mul_f64(SHORTER) {
            *self = Self::default();
            return Wait::OnTheWay;
        }
        // While a queue stands the link gives all that it has.
        *self = Self {
            carries_bps: Some(received_bps),
            standing: Some(Standing { seconds: begun.seconds + 1, ..begun }),
            calm_s: 0,
        };
        Wait::InQueue
    }

    pub(crate) fn carries_bps(&self) -> Option<u64> {
        self.carries_bps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_millis(600);
    const SHORT: Duration = Duration::from_millis(100);

    #[test]
    fn what_comes_while_a_queue_stands_is_what_the_link_carries_until_it_has_been_empty_for_long() {
        let mut queue = StandingQueue::default();
        queue.look(SHORT, 2_000_000);
        assert_eq!(queue.carries_bps(), None, "nobody has tried more");
        queue.look(LONG, 300_000);
        assert_eq!(queue.carries_bps(), Some(300_000));
        for _ in 1..FORGOTTEN_S {
            queue.look(SHORT, 150_000);
            assert_eq!(queue.carries_bps(), Some(300_000), "less is sent, not carried");
        }
        queue.look(SHORT, 150_000);
        assert_eq!(queue.carries_bps(), None);
    }

    #[test]
    fn what_waits_as_long_whatever_is_sent_is_on_its_way() {
        let mut queue = StandingQueue::default();
        let looks = std::iter::repeat_with(|| queue.look(LONG, 100_000)).take_while(|wait| *wait == Wait::InQueue);
        assert_eq!(looks.count(), PATIENCE_S as usize);
        assert_eq!(queue.carries_bps(), None);
    }

    #[test]
    fn a_queue_that_empties_slowly_is_one() {
        let mut queue = StandingQueue::default();
        for second in 0..60 {
            let wait = LONG.mul_f64(1.0 - 0.015 * f64::from(second));
            assert_eq!(queue.look(wait, 100_000), Wait::InQueue, "second {second}");
        }
    }
}
