//! Who gets how much of one downlink: voices first, then pictures in the order in which their viewer cares, each as high as fits.
//!
//! Pure: rates and wishes in, a limit for each picture out. What a layer costs and what the link carries is others' to know.

use super::LayerView;
use crate::bandwidth;
use crate::description::MAX_LAYERS;
use crate::packet::LayerIndex;
use std::time::{Duration, Instant};

/// A layer is begun only when this share of the rate carries it: a rate that wavers does not switch to and fro.
const TO_BEGIN: f64 = 0.95;
/// A layer that plays is kept while it is at most this much above what fits: frames are not of one size.
const TO_KEEP: f64 = 1.1;
/// The lowest is kept for longer: its publisher hears of the link within seconds and makes it smaller.
const TO_KEEP_LOWEST: f64 = 1.35;
/// … and for [`BRIEFLY`] beyond that: to begin again costs a second and a key frame, and a false alarm of the estimator is over sooner.
/// The pacer holds back what is too much. Where packets wait long, and nothing was to spare before, it is less: the link itself may have
/// no room.
const TO_KEEP_BRIEFLY: f64 = 2.0;
const TO_KEEP_BRIEFLY_QUEUEING: f64 = 1.45;
pub(crate) const BRIEFLY: Duration = Duration::from_secs(4);
/// Of the rate; who used no more of it a moment ago sees a dip of the link and not a thin one.
const ROOMY: f64 = 0.8;
/// Who uses more than this share would use more: nothing else would find out that the link has become better.
const TIGHT: f64 = 0.85;

/// A picture that plays on for a moment, though the estimate has fallen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endures {
    /// Nothing waits before the bottleneck.
    Freely,
    /// Packets wait long there, and the link has been full for a while.
    BesideQueue,
}

/// When a link was last seen to carry all that fits of the pictures, and more.
#[derive(Debug, Default)]
pub(crate) struct Spare(Option<Instant>);

impl Spare {
    pub(crate) fn note(&mut self, now: Instant, rate_bps: f64, taken_bps: f64) {
        if taken_bps <= ROOMY * rate_bps {
            self.0 = Some(now);
        }
    }

    pub(crate) fn endures(&self, now: Instant, is_queueing: bool) -> Endures {
        let is_dip = self.0.is_some_and(|at| now.saturating_duration_since(at) < BRIEFLY);
        if is_queueing && !is_dip { Endures::BesideQueue } else { Endures::Freely }
    }
}

/// One picture that its viewer displays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    /// Higher is served first; of equals, the first.
    pub priority: u8,
    /// What each layer costs, bits a second, lowest first; zero beyond the last.
    pub layer_bps: [f64; MAX_LAYERS],
    /// What fills the display.
    pub filling: LayerIndex,
    pub playing: Option<LayerIndex>,
    /// It fitted a moment ago, and does not now.
    pub endures: Option<Endures>,
}

impl Wish {
    pub(crate) const NONE: Self =
        Self { priority: 0, layer_bps: [0.0; MAX_LAYERS], filling: LayerIndex::SINGLE, playing: None, endures: None };
}

/// Makes the wishes so small that all of them take no more than that, if their lowest layers do not take more already.
pub(crate) fn shrink(wishes: &mut [Wish], most_bps: f64) {
    let lowest_bps: f64 = wishes.iter().map(|wish| wish.layer_bps[0]).sum();
    let each_bps = most_bps / wishes.len().max(1) as f64;
    for wish in wishes.iter_mut().filter(|_| lowest_bps <= most_bps) {
        let fits = |cost: &f64| (1.0..=each_bps).contains(cost);
        let highest = wish.layer_bps.iter().take(wish.filling.index() + 1).rposition(fits).unwrap_or(0);
        wish.filling = LayerIndex(u8::try_from(highest).unwrap_or(0));
    }
}

/// What each layer of a track costs its viewer: as measured, or as cameras of its height do. A low layer that does not flow costs
/// what plays in its place. `None` when nothing flows.
pub(crate) fn layer_costs(layers: &[LayerView], measured: &[Option<f64>; MAX_LAYERS]) -> Option<[f64; MAX_LAYERS]> {
    let lowest_flowing = layers.iter().position(|layer| layer.is_flowing)?;
    let mut costs = [0.0; MAX_LAYERS];
    for (position, cost) in costs.iter_mut().enumerate().take(layers.len()) {
        let played = position.max(lowest_flowing);
        let expected = || usual_bps(bandwidth::height(layers, played));
        *cost = measured.get(played).copied().flatten().unwrap_or_else(expected);
    }
    Some(costs)
}

fn usual_bps(height: u16) -> f64 {
    match height {
        ..=180 => 80_000.0,
        181..=360 => 450_000.0,
        _ => 1_500_000.0,
    }
}

/// What each wish gets at most, `None` = nothing; true when some get less than they want, or just that.
pub(crate) fn allocate(rate_bps: f64, voices_bps: f64, wishes: &[Wish], limits: &mut [Option<LayerIndex>]) -> bool {
    limits.fill(None);
    let mut left_bps = rate_bps - voices_bps;
    // Everybody's picture, however small, before anybody's large one, within a priority.
    for priority in priorities(wishes) {
        for layer in 0..MAX_LAYERS {
            let of_priority = wishes.iter().zip(limits.iter_mut()).filter(|(wish, _)| wish.priority == priority);
            for (wish, limit) in of_priority {
                left_bps -= raise(wish, layer, left_bps, rate_bps, limit);
            }
        }
    }
    let is_short = wishes.iter().zip(limits).any(|(wish, limit)| limit.is_none_or(|limit| limit < wish.filling));
    is_short || (!wishes.is_empty() && left_bps < (1.0 - TIGHT) * rate_bps)
}

/// Highest first.
fn priorities(wishes: &[Wish]) -> impl Iterator<Item = u8> {
    (0..=u8::MAX).rev().filter(|priority| wishes.iter().any(|wish| wish.priority == *priority))
}

/// Lifts the limit by a layer if it fits; what that takes.
fn raise(wish: &Wish, layer: usize, left_bps: f64, rate_bps: f64, limit: &mut Option<LayerIndex>) -> f64 {
    let is_next = limit.map_or(0, |limit| limit.index() + 1) == layer;
    let (true, Some(&cost), Ok(index)) = (is_next, wish.layer_bps.get(layer), u8::try_from(layer)) else { return 0.0 };
    if layer > wish.filling.index() || cost <= 0.0 {
        return 0.0;
    }
    let below = layer.checked_sub(1).and_then(|below| wish.layer_bps.get(below)).copied().unwrap_or_default();
    let more = (cost - below).max(0.0);
    let plays = wish.playing.is_some_and(|playing| playing.index() >= layer);
    let share = if !plays {
        TO_BEGIN
    } else if layer == 0 {
        match wish.endures {
            None => TO_KEEP_LOWEST,
            Some(Endures::BesideQueue) => TO_KEEP_BRIEFLY_QUEUEING,
            Some(Endures::Freely) => TO_KEEP_BRIEFLY,
        }
    } else {
        TO_KEEP
    };
    let room = left_bps - rate_bps * (1.0 - share);
    if more > room {
        return 0.0;
    }
    *limit = Some(LayerIndex(index));
    more
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMERA: [f64; MAX_LAYERS] = [150_000.0, 500_000.0, 1_200_000.0];

    fn wish(priority: u8, filling: u8, playing: Option<u8>) -> Wish {
        let (filling, playing) = (LayerIndex(filling), playing.map(LayerIndex));
        Wish { priority, layer_bps: CAMERA, filling, playing, endures: None }
    }

    fn limits(rate_bps: f64, wishes: &[Wish]) -> Vec<Option<u8>> {
        let mut limits = vec![None; wishes.len()];
        allocate(rate_bps, 60_000.0, wishes, &mut limits);
        limits.into_iter().map(|limit| limit.map(|layer| layer.0)).collect()
    }

    #[test]
    fn a_link_for_voices_alone_carries_no_picture() {
        assert_eq!(limits(100_000.0, &[wish(1, 2, None)]), [None]);
    }

    #[test]
    fn a_picture_gets_the_highest_layer_that_fits_and_none_above_its_display() {
        assert_eq!(limits(300_000.0, &[wish(1, 2, None)]), [Some(0)]);
        assert_eq!(limits(800_000.0, &[wish(1, 2, None)]), [Some(1)]);
        assert_eq!(limits(5e6, &[wish(1, 2, None)]), [Some(2)]);
        assert_eq!(limits(5e6, &[wish(1, 1, None)]), [Some(1)]);
    }

    #[test]
    fn what_the_viewer_marked_comes_before_the_rest() {
        let wishes = [wish(1, 2, None), wish(3, 2, None)];
        assert_eq!(limits(1_450_000.0, &wishes), [None, Some(2)]);
        assert_eq!(limits(1_700_000.0, &wishes), [Some(0), Some(2)]);
        assert_eq!(limits(350_000.0, &wishes), [None, Some(0)]);
    }

    #[test]
    fn equals_all_get_a_small_picture_before_one_gets_a_large_one() {
        assert_eq!(limits(750_000.0, &[wish(1, 2, None); 3]), [Some(0); 3]);
        assert_eq!(limits(1_100_000.0, &[wish(1, 2, None); 3]), [Some(1), Some(0), Some(0)]);
    }

    #[test]
    fn a_rate_that_wavers_does_not_switch_to_and_fro() {
        // Begun at 590k, kept down to 509k.
        assert_eq!(limits(580_000.0, &[wish(1, 2, None)]), [Some(0)]);
        assert_eq!(limits(600_000.0, &[wish(1, 2, None)]), [Some(1)]);
        assert_eq!(limits(560_000.0, &[wish(1, 2, Some(1))]), [Some(1)]);
        assert_eq!(limits(500_000.0, &[wish(1, 2, Some(1))]), [Some(0)]);
    }

    #[test]
    fn the_only_picture_endures_an_estimate_that_falls_for_a_moment() {
        let playing = wish(1, 2, Some(0));
        assert_eq!(limits(160_000.0, &[playing]), [Some(0)]);
        assert_eq!(limits(130_000.0, &[playing]), [None]);
        let enduring = Wish { endures: Some(Endures::Freely), ..playing };
        assert_eq!(limits(130_000.0, &[enduring]), [Some(0)]);
        assert_eq!(limits(130_000.0, &[enduring, enduring]), [Some(0), None], "one is more than there is already");
        assert_eq!(limits(130_000.0, &[Wish { playing: None, ..enduring }]), [None], "nothing begins so");
        assert_eq!(limits(90_000.0, &[enduring]), [None], "words need it");
        let waiting = Wish { endures: Some(Endures::BesideQueue), ..playing };
        assert_eq!(limits(150_000.0, &[playing]), [None]);
        assert_eq!(limits(150_000.0, &[waiting]), [Some(0)]);
        assert_eq!(limits(130_000.0, &[waiting]), [None], "a link that is full carries no more");
    }

    #[test]
    fn a_link_that_was_not_full_has_dipped_and_one_that_was_is_thin() {
        let start = Instant::now();
        let mut spare = Spare::default();
        spare.note(start, 200_000.0, 170_000.0);
        assert_eq!(spare.endures(start, true), Endures::BesideQueue);
        assert_eq!(spare.endures(start, false), Endures::Freely);
        spare.note(start, 250_000.0, 170_000.0);
        assert_eq!(spare.endures(start + BRIEFLY / 2, true), Endures::Freely);
        assert_eq!(spare.endures(start + BRIEFLY, true), Endures::BesideQueue);
    }

    #[test]
    fn wishes_become_small_enough_or_stay() {
        let shrunk = |most_bps, count| {
            let mut wishes = vec![wish(1, 2, None); count];
            shrink(&mut wishes, most_bps);
            wishes.iter().map(|wish| wish.filling.0).collect::<Vec<_>>()
        };
        assert_eq!(shrunk(200_000.0, 1), [0]);
        assert_eq!(shrunk(600_000.0, 1), [1]);
        assert_eq!(shrunk(600_000.0, 2), [0, 0]);
        assert_eq!(shrunk(200_000.0, 2), [2, 2], "not even the lowest would fit");
    }

    #[test]
    fn whoever_gets_less_than_it_wants_is_a_reason_to_look_for_more() {
        let is_short = |rate_bps| allocate(rate_bps, 60_000.0, &[wish(1, 2, None), wish(1, 0, None)], &mut [None; 2]);
        assert!(is_short(100_000.0) && is_short(1_450_000.0), "what would just fit is not begun");
        assert!(!is_short(1_700_000.0));
    }
}
