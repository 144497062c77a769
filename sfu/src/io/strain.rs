//! How a shard's thread fares, as the shard is told it: the work of the last moments, and how long packets may have waited.
//!
//! Owns what was seen since the shard was last told. Must not decide anything: what is given up is the shard's policy.

use crate::shard::{LOAD_INTERVAL, Load};
use std::time::{Duration, Instant};

pub(super) struct StrainGauge {
    told_at: Instant,
    /// As of then.
    told: Totals,
    /// Since when the socket was not read empty.
    behind_since: Option<Instant>,
    behind: Duration,
}

/// Running totals of the thread.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) busy: Duration,
    /// Datagrams that the socket's queues lost.
    pub(super) lost: u64,
}

impl StrainGauge {
    pub(super) fn new(now: Instant) -> Self {
        Self { told_at: now, told: Totals::default(), behind_since: None, behind: Duration::ZERO }
    }

    /// The reads of one turn, begun at `began`, have ended now.
    pub(super) fn note_reads(&mut self, began: Instant, now: Instant, is_read_empty: bool) {
        if let Some(since) = self.behind_since {
            self.behind = self.behind.max(now - since);
        }
        self.behind_since = if is_read_empty { None } else { self.behind_since.or(Some(began)) };
    }

    /// What to tell the shard, when that is due.
    pub(super) fn take(&mut self, now: Instant, totals: Totals) -> Option<Load> {
        let elapsed = now.saturating_duration_since(self.told_at);
        if elapsed < LOAD_INTERVAL {
            return None;
        }
        let load = Load {
            busy_ratio: totals.busy.saturating_sub(self.told.busy).div_duration_f64(elapsed),
            behind: std::mem::take(&mut self.behind),
            lost: totals.lost.saturating_sub(self.told.lost),
        };
        (self.told_at, self.told) = (now, totals);
        Some(load)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_is_the_longest_time_in_which_the_socket_was_not_read_empty() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut gauge = StrainGauge::new(start);
        for (began, ended, is_read_empty) in
            [(0, 10, false), (10, 20, false), (20, 30, true), (40, 50, true), (60, 70, false), (70, 80, true)]
        {
            gauge.note_reads(at(began), at(ended), is_read_empty);
        }
        let totals = Totals { busy: Duration::from_millis(25), lost: 3 };
        assert_eq!(gauge.take(at(99), totals), None);
        let load = gauge.take(at(100), totals).unwrap();
        assert_eq!((load.behind, load.lost), (Duration::from_millis(30), 3));
        assert!((load.busy_ratio - 0.25).abs() < 1e-9);
    }

    #[test]
    fn a_backlog_that_lasts_is_told_each_time_with_its_whole_age() {
        let start = Instant::now();
        let mut gauge = StrainGauge::new(start);
        for told in 1..4 {
            let now = start + LOAD_INTERVAL * told;
            gauge.note_reads(now - LOAD_INTERVAL, now, false);
            let behind = gauge.take(now, Totals::default()).unwrap().behind;
            assert_eq!(behind, if told == 1 { Duration::ZERO } else { LOAD_INTERVAL * told });
        }
    }
}
