//! Which layer each slot gets: by what the viewer displays, what the publisher sends, what the shard's load allows and what the
//! viewer's link carries; and how that is found out.
//!
//! The choice is pure. The estimator and the pacer own what is known of one downlink; all take time as a parameter, none sends.

pub(crate) mod allocation;
mod delay;
pub(crate) mod estimator;
pub(crate) mod history;
mod loss;
pub(crate) mod pacer;
pub(crate) mod probe;
mod queueing;
mod rate;
mod throughput;

use crate::description::MAX_LAYERS;
use crate::packet::LayerIndex;

/// What is known of one layer of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayerView {
    /// Seen in a key frame.
    pub height: Option<u16>,
    /// Packets came within the last moments.
    pub is_flowing: bool,
}

/// Height of the highest of several layers until a key frame has told: what cameras give by default.
const ASSUMED_HEIGHT: u16 = 720;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// What the viewer should get once the publisher sends it: the publisher is asked to encode it.
    pub desired: LayerIndex,
    /// What it gets now.
    pub playable: LayerIndex,
}

/// The highest layer that a slot may get, by who says so; `None` is no video at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The shard's load.
    pub load: Option<LayerIndex>,
    /// The viewer's link.
    pub link: Option<LayerIndex>,
}

impl Limits {
    pub(crate) fn lowest(self) -> Option<LayerIndex> {
        self.load.zip(self.link).map(|(load, link)| load.min(link))
    }
}

/// `layers` lowest first; none above `limit`. `None` when the viewer displays nothing, or may not.
pub(crate) fn choose(layers: &[LayerView], max_height: u16, limit: Option<LayerIndex>) -> Option<Choice> {
    let highest = layers.len().min(MAX_LAYERS).checked_sub(1)?;
    let desired = filling(layers, max_height)?.min(limit?.index());
    let flows = |position: &usize| layers.get(*position).is_some_and(|layer| layer.is_flowing);
    // Rather less than desired than more, rather more than nothing.
    let playable = (0..=desired).rev().find(flows).or_else(|| (desired..=highest).find(flows)).unwrap_or(desired);
    Some(Choice { desired: index(desired), playable: index(playable) })
}

/// The limit is below what would fill the display.
pub(crate) fn is_limited(layers: &[LayerView], max_height: u16, limit: Option<LayerIndex>) -> bool {
    filling(layers, max_height).is_some_and(|filling| limit.is_none_or(|limit| limit.index() < filling))
}

/// The lowest layer that fills the display, or the highest of all; `None` when nothing is displayed.
pub(crate) fn filling(layers: &[LayerView], max_height: u16) -> Option<usize> {
    let highest = layers.len().min(MAX_LAYERS).checked_sub(1).filter(|_| max_height > 0)?;
    Some((0..=highest).find(|position| height(layers, *position) >= max_height).unwrap_or(highest))
}

/// Each layer has half the height of the next, unless its key frame said otherwise.
pub(crate) fn height(layers: &[LayerView], position: usize) -> u16 {
    let known = layers.get(position).and_then(|layer| layer.height);
    let assumed = || {
        let above = layers.iter().enumerate().skip(position).find_map(|(other, layer)| Some((other, layer.height?)));
        let (reference, height) = above.unwrap_or((layers.len() - 1, ASSUMED_HEIGHT));
        height >> (reference - position)
    };
    known.unwrap_or_else(assumed)
}

fn index(position: usize) -> LayerIndex {
    LayerIndex(u8::try_from(position).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(heights: &[(Option<u16>, bool)]) -> Vec<LayerView> {
        heights.iter().map(|&(height, is_flowing)| LayerView { height, is_flowing }).collect()
    }

    fn chosen(layers: &[LayerView], max_height: u16) -> Option<(u8, u8)> {
        limited(layers, max_height, Some(LayerIndex(2)))
    }

    fn limited(layers: &[LayerView], max_height: u16, limit: Option<LayerIndex>) -> Option<(u8, u8)> {
        choose(layers, max_height, limit).map(|choice| (choice.desired.0, choice.playable.0))
    }

    #[test]
    fn a_viewer_gets_the_smallest_layer_that_fills_its_display() {
        let all = layers(&[(Some(180), true), (Some(360), true), (Some(720), true)]);
        assert_eq!(chosen(&all, 90), Some((0, 0)));
        assert_eq!(chosen(&all, 181), Some((1, 1)));
        assert_eq!(chosen(&all, 2_000), Some((2, 2)));
        assert_eq!(chosen(&all, 0), None);
    }

    #[test]
    fn heights_not_yet_seen_are_halves_of_the_known_or_of_720() {
        let unseen = layers(&[(None, true), (None, true), (None, true)]);
        assert_eq!(chosen(&unseen, 300), Some((1, 1)));
        let small = layers(&[(None, true), (None, true), (Some(480), true)]);
        assert_eq!(chosen(&small, 150), Some((1, 1)));
        assert_eq!(chosen(&small, 100), Some((0, 0)));
    }

    #[test]
    fn a_layer_that_does_not_flow_is_wished_for_while_the_next_lower_plays() {
        let ramping = layers(&[(Some(180), true), (Some(360), true), (None, false)]);
        assert_eq!(chosen(&ramping, 720), Some((2, 1)));
        let only_high = layers(&[(None, false), (None, false), (Some(720), true)]);
        assert_eq!(chosen(&only_high, 100), Some((0, 2)));
    }

    #[test]
    fn a_limit_lowers_what_is_wished_for_and_a_higher_layer_plays_until_that_flows() {
        let all = layers(&[(Some(180), true), (Some(360), true), (Some(720), true)]);
        assert_eq!(limited(&all, 720, Some(LayerIndex(1))), Some((1, 1)));
        assert_eq!(limited(&all, 720, None), None);
        let only_high = layers(&[(None, false), (None, false), (Some(720), true)]);
        assert_eq!(limited(&only_high, 720, Some(LayerIndex(0))), Some((0, 2)));
        assert!(is_limited(&all, 720, Some(LayerIndex(1))) && is_limited(&all, 100, None));
        assert!(!is_limited(&all, 300, Some(LayerIndex(1))) && !is_limited(&all, 0, None));
    }
}
