//! Sees a media shard that stands still: its consultations are down, and it can say nothing itself.
//!
//! Owns what was last seen of each shard's turns. A shard turns at least once a second, so one that has not for
//! [`STALLED_AFTER`] is stuck in a turn, or has ended. Told once when it begins and once when it is over; must not try to mend.

use super::Rooms;
use crate::clock;
use kenes_sfu::io::ShardHandle;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::MissedTickBehavior;

const LOOK_EVERY: Duration = Duration::from_secs(1);
const STALLED_AFTER: Duration = Duration::from_secs(3);

/// One shard as the watchdog sees it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pulse {
    turns: u64,
    /// When the turns were last found to have grown.
    moved_at: Option<Instant>,
    pub(super) is_stalled: bool,
    pub(super) stalls: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Stalled(Duration),
    Recovered,
}

impl Rooms {
    /// Looks after the shards until the server begins to stop.
    pub async fn watch_shards(self: Arc<Self>) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        // Time in which this task did not run is time in which nobody looked, not time in which a shard stood still.
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => self.media.look_at_shards(clock::now()),
                () = self.drained() => return,
            }
        }
    }
}

impl Pulse {
    /// Looks at the shard of this index, and logs what has changed.
    pub(super) fn look(&mut self, now: Instant, shard: usize, handle: &ShardHandle) {
        match self.note(now, handle.turns()) {
            Some(Change::Stalled(since)) => {
                let is_alive = handle.is_alive();
                tracing::error!(shard, is_alive, ?since, "a media shard stands still: its consultations are down");
            }
            Some(Change::Recovered) => tracing::error!(shard, "the media shard turns again"),
            None => {}
        }
    }

    fn note(&mut self, now: Instant, turns: u64) -> Option<Change> {
        let moved_at = match self.moved_at {
            Some(moved_at) if turns == self.turns => moved_at,
            _ => now,
        };
        (self.turns, self.moved_at) = (turns, Some(moved_at));
        let still = now.saturating_duration_since(moved_at);
        let is_stalled = still >= STALLED_AFTER;
        if std::mem::replace(&mut self.is_stalled, is_stalled) == is_stalled {
            return None;
        }
        self.stalls += u64::from(is_stalled);
        Some(if is_stalled { Change::Stalled(still) } else { Change::Recovered })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_that_stands_still_is_told_of_once_and_its_recovery_too() {
        let start = clock::now();
        let mut pulse = Pulse::default();
        let turns = [0, 1, 2, 3, 3, 3, 3, 3, 3, 4, 5];
        let changes: Vec<_> =
            (0..).zip(turns).filter_map(|(look, turns)| pulse.note(start + LOOK_EVERY * look, turns)).collect();
        assert_eq!(changes, [Change::Stalled(STALLED_AFTER), Change::Recovered]);
        assert_eq!((pulse.is_stalled, pulse.stalls), (false, 1));
    }

    #[test]
    fn a_shard_that_never_turned_is_stalled_and_a_pause_of_two_seconds_is_none() {
        let start = clock::now();
        let mut pulse = Pulse::default();
        assert_eq!(pulse.note(start, 0), None);
        assert_eq!(pulse.note(start + Duration::from_secs(2), 0), None);
        assert_eq!(pulse.note(start + STALLED_AFTER, 0), Some(Change::Stalled(STALLED_AFTER)));
    }
}
