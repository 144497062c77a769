//! What is given up, and when, while the shard cannot keep up: video step by step, audio never.
//!
//! Owns the level and how it moves: up after a few strained measurements in a row, down one step at a time after a calm that
//! grows with every relapse, so that a load just above the shard's capacity does not make pictures come and go. `io` measures;
//! what a level means for one slot is asked here, and publishers learn it as they learn any demand.

use super::Shard;
use crate::ids::{PeerKey, RoomKey};
use crate::packet::LayerIndex;
use std::time::{Duration, Instant};

/// What `io` has measured since it last said so, about every [`LOAD_INTERVAL`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Share of the time that the thread worked, 0..=1.
    pub busy_ratio: f64,
    /// The longest time in which the socket was never read empty: so long a packet may have waited.
    pub behind: Duration,
    /// Datagrams that the socket's queues have lost, coming or going.
    pub lost: u64,
}

/// Between two measurements of a shard that works.
pub const LOAD_INTERVAL: Duration = Duration::from_millis(100);

/// A packet that waits this long is late.
const LATE: Duration = Duration::from_millis(20);
/// Strained measurements in a row until the level rises: one alone is a burst, or a machine that looked away.
const STRAINED_UNTIL_RISE: u8 = 3;
/// The next level down may cost as much again as the one before.
const CALM_BUSY_RATIO: f64 = 0.7;
/// Of calm before the level falls by one.
const CALM_UNTIL_FALL: Duration = Duration::from_secs(5);
const LONGEST_CALM: Duration = Duration::from_secs(60);
/// A rise this soon after a fall is a relapse: the next fall needs twice the calm.
const RELAPSE: Duration = Duration::from_secs(15);
/// Marked by its viewer above everything else: the exam camera at work, a pinned picture.
const MARKED_PRIORITY: u8 = 3;

/// How much is given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    #[default]
    Everything,
    /// No camera's highest layer.
    WithoutHighest,
    Lowest,
    /// The lowest layer of who speaks and of what a viewer has marked.
    EssentialVideo,
    AudioOnly,
}

impl Level {
    const ALL: [Self; 5] =
        [Self::Everything, Self::WithoutHighest, Self::Lowest, Self::EssentialVideo, Self::AudioOnly];

    /// For metrics: 0 is everything, 4 is audio alone.
    pub(super) fn number(self) -> u8 {
        u8::try_from(Self::ALL.iter().position(|level| *level == self).unwrap_or_default()).unwrap_or_default()
    }

    fn above(self) -> Option<Self> {
        Self::ALL.into_iter().find(|level| *level > self)
    }

    fn below(self) -> Option<Self> {
        Self::ALL.into_iter().rfind(|level| *level < self)
    }

    /// The highest layer that a slot may get of a track with so many; `None` is no video at all.
    fn highest(self, layers: usize, is_essential: bool) -> Option<LayerIndex> {
        let top = layers.saturating_sub(1);
        let position = match self {
            Self::Everything => top,
            Self::WithoutHighest => top.saturating_sub(1),
            Self::Lowest => 0,
            Self::EssentialVideo if is_essential => 0,
            Self::EssentialVideo | Self::AudioOnly => return None,
        };
        u8::try_from(position).ok().map(LayerIndex)
    }
}

#[derive(Debug)]
pub(super) struct Overload {
    level: Level,
    strained: u8,
    calm_since: Option<Instant>,
    calm_until_fall: Duration,
    last_fall: Option<Instant>,
}

impl Default for Overload {
    fn default() -> Self {
        Self {
            level: Level::default(),
            strained: 0,
            calm_since: None,
            calm_until_fall: CALM_UNTIL_FALL,
            last_fall: None,
        }
    }
}

impl Overload {
    /// True when the level has changed.
    fn note(&mut self, now: Instant, load: &Load) -> bool {
        let is_strained = load.behind >= LATE || load.lost > 0;
        let is_calm = !is_strained && load.busy_ratio < CALM_BUSY_RATIO;
        self.strained = if is_strained { self.strained + 1 } else { 0 };
        if !is_calm {
            self.calm_since = None;
            return self.strained >= STRAINED_UNTIL_RISE && self.rise(now);
        }
        let calm_since = *self.calm_since.get_or_insert(now);
        now.saturating_duration_since(calm_since) >= self.calm_until_fall && self.fall(now)
    }

    fn rise(&mut self, now: Instant) -> bool {
        self.strained = 0;
        let Some(above) = self.level.above() else { return false };
        if self.last_fall.take().is_some_and(|fall| now.saturating_duration_since(fall) < RELAPSE) {
            self.calm_until_fall = (self.calm_until_fall * 2).min(LONGEST_CALM);
        }
        self.level = above;
        true
    }

    fn fall(&mut self, now: Instant) -> bool {
        self.calm_since = Some(now);
        let Some(below) = self.level.below() else {
            self.calm_until_fall = CALM_UNTIL_FALL;
            return false;
        };
        self.last_fall = Some(now);
        self.level = below;
        true
    }

    pub(super) fn is_active(&self) -> bool {
        self.level > Level::Everything
    }
}

impl Shard {
    /// How the thread around this shard fares: what is forwarded follows.
    pub fn handle_load(&mut self, now: Instant, load: &Load) {
        if self.overload.note(now, load) {
            let level = self.overload.level;
            self.counters.overload_level = u64::from(level.number());
            tracing::warn!(?level, ?load, "the shard's load has changed what it forwards");
        }
    }

    /// The highest layer that the load allows a slot of this priority; `None` is no video at all.
    pub(super) fn layer_limit(
        &self,
        room: RoomKey,
        publisher: PeerKey,
        layers: usize,
        priority: u8,
    ) -> Option<LayerIndex> {
        let is_essential = || priority >= MARKED_PRIORITY || self.is_speaking(room, publisher);
        let level = self.overload.level;
        level.highest(layers, level == Level::EssentialVideo && is_essential())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Load = Load { busy_ratio: 0.3, behind: Duration::ZERO, lost: 0 };
    const BUSY: Load = Load { busy_ratio: 0.9, behind: Duration::from_millis(3), lost: 0 };
    const BEHIND: Load = Load { busy_ratio: 1.0, behind: Duration::from_millis(100), lost: 0 };

    /// Measures the same for so long; the level then.
    fn under(overload: &mut Overload, now: &mut Instant, load: &Load, seconds: u64) -> u8 {
        for _ in 0..seconds * 10 {
            *now += LOAD_INTERVAL;
            overload.note(*now, load);
        }
        overload.level.number()
    }

    #[test]
    fn a_burst_or_a_stall_changes_nothing_and_lasting_strain_gives_up_everything_but_audio() {
        let (mut overload, mut now) = (Overload::default(), Instant::now());
        for _ in 0..20 {
            overload.note(now, &BEHIND);
            overload.note(now, &Load { lost: 500, ..BUSY });
            assert!(!overload.note(now, &CALM));
        }
        assert_eq!(under(&mut overload, &mut now, &BEHIND, 1), 3, "a level each 300 ms");
        assert_eq!(under(&mut overload, &mut now, &BEHIND, 10), 4, "and no further");
    }

    #[test]
    fn a_busy_shard_that_keeps_up_gives_up_nothing_and_takes_nothing_back() {
        let (mut overload, mut now) = (Overload::default(), Instant::now());
        assert_eq!(under(&mut overload, &mut now, &BUSY, 60), 0);
        under(&mut overload, &mut now, &BEHIND, 1);
        assert_eq!(under(&mut overload, &mut now, &BUSY, 60), 3);
    }

    #[test]
    fn the_way_back_is_one_level_at_a_time() {
        let (mut overload, mut now) = (Overload::default(), Instant::now());
        under(&mut overload, &mut now, &BEHIND, 5);
        let levels: Vec<u8> = (0..6).map(|_| under(&mut overload, &mut now, &CALM, 5)).collect();
        assert_eq!(levels, [4, 3, 2, 1, 0, 0]);
    }

    #[test]
    fn a_relapse_doubles_the_calm_that_the_next_fall_needs_and_lasting_calm_forgets_it() {
        let (mut overload, mut now) = (Overload::default(), Instant::now());
        for needed in [5, 10, 20, 40, 60, 60] {
            for _ in 0..STRAINED_UNTIL_RISE {
                overload.note(now, &BEHIND);
            }
            assert_eq!(under(&mut overload, &mut now, &CALM, needed), 1, "not yet");
            assert_eq!(under(&mut overload, &mut now, &CALM, 1), 0, "after {needed} s");
        }
        under(&mut overload, &mut now, &CALM, 61);
        assert_eq!(overload.calm_until_fall, CALM_UNTIL_FALL);
    }

    #[test]
    fn the_highest_layer_goes_first_and_what_is_essential_goes_last() {
        let highest = |layers, is_essential| Level::ALL.map(|level| level.highest(layers, is_essential).map(|l| l.0));
        assert_eq!(highest(3, false), [Some(2), Some(1), Some(0), None, None]);
        assert_eq!(highest(3, true), [Some(2), Some(1), Some(0), Some(0), None]);
        assert_eq!(highest(1, false), [Some(0), Some(0), Some(0), None, None], "one layer is the lowest");
    }
}
