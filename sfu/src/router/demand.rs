//! Which layers of a track anybody has a use for, and when to tell the publisher (`LayersWanted`).

use crate::packet::LayerIndex;
use std::time::{Duration, Instant};

/// A layer nobody uses goes on being encoded for this long: people turn pages and switch tiles.
const LINGER: Duration = Duration::from_secs(3);
/// Between repeats of what was told, in case it got lost.
const REPEAT: Duration = Duration::from_secs(5);

/// A set of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayerSet(u8);

impl LayerSet {
    pub(crate) const NONE: Self = Self(0);
    const ALL: Self = Self(u8::MAX);

    pub(crate) fn contains(self, layer: LayerIndex) -> bool {
        self.0 >> layer.0 & 1 == 1
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::NONE
    }

    pub(crate) fn with(self, layer: LayerIndex) -> Self {
        Self(self.0 | 1 << layer.0)
    }

    fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl FromIterator<LayerIndex> for LayerSet {
    fn from_iter<T: IntoIterator<Item = LayerIndex>>(layers: T) -> Self {
        Self(layers.into_iter().fold(0, |set, layer| set | 1 << layer.0))
    }
}

#[derive(Debug)]
pub(crate) struct Demand {
    /// What the publisher was told; it begins by sending everything.
    told: LayerSet,
    told_at: Option<Instant>,
    /// Since when less is used than was told.
    excess_since: Option<Instant>,
}

impl Default for Demand {
    fn default() -> Self {
        Self { told: LayerSet::ALL, told_at: None, excess_since: None }
    }
}

impl Demand {
    /// What to tell the publisher now, if anything: more at once, less after [`LINGER`] unless every packet is one too many, the
    /// same after [`REPEAT`].
    pub(crate) fn update(&mut self, now: Instant, used: LayerSet, lingers: bool) -> Option<LayerSet> {
        if self.told.covers(used) && self.told != used {
            let since = *self.excess_since.get_or_insert(now);
            if lingers && now.saturating_duration_since(since) < LINGER {
                return None;
            }
        } else if self.told == used {
            self.excess_since = None;
            if self.told_at.is_none_or(|at| now.saturating_duration_since(at) < REPEAT) {
                return None;
            }
        }
        self.excess_since = None;
        self.told = used;
        self.told_at = Some(now);
        Some(used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(layers: &[u8]) -> LayerSet {
        layers.iter().copied().map(LayerIndex).collect()
    }

    #[test]
    fn a_layer_comes_back_at_once_and_leaves_after_lingering() {
        let start = Instant::now();
        let mut demand = Demand::default();
        assert_eq!(demand.update(start, set(&[0]), true), None, "everything is sent at first, and less is not urgent");
        assert_eq!(demand.update(start + LINGER, set(&[0]), true), Some(set(&[0])));
        assert_eq!(demand.update(start + LINGER, set(&[0, 2]), true), Some(set(&[0, 2])));
        assert_eq!(demand.update(start + LINGER, set(&[2]), true), None);
    }

    #[test]
    fn what_was_told_is_repeated() {
        let start = Instant::now();
        let mut demand = Demand::default();
        demand.update(start, set(&[]), true);
        assert_eq!(demand.update(start + LINGER, set(&[]), true), Some(LayerSet::NONE));
        assert_eq!(demand.update(start + LINGER + REPEAT / 2, set(&[]), true), None);
        assert_eq!(demand.update(start + LINGER + REPEAT, set(&[]), true), Some(LayerSet::NONE));
    }

    #[test]
    fn a_short_absence_of_viewers_changes_nothing() {
        let start = Instant::now();
        let mut demand = Demand::default();
        demand.update(start, set(&[0, 1]), true);
        demand.update(start + LINGER, set(&[0, 1]), true);
        assert_eq!(demand.update(start + LINGER, set(&[]), true), None);
        assert_eq!(demand.update(start + LINGER * 2 - Duration::from_millis(1), set(&[0, 1]), true), None);
        assert_eq!(demand.update(start + LINGER * 2, set(&[]), true), None, "the clock began anew");
    }
}
