//! Which layer each slot gets. Today by what the viewer displays and what the publisher sends; the downlink's estimate
//! will be the third input, here.
//!
//! Pure choices over plain values; owns nothing.

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

/// `layers` lowest first. `None` when the viewer displays nothing.
pub(crate) fn choose(layers: &[LayerView], max_height: u16) -> Option<Choice> {
    if max_height == 0 || layers.is_empty() {
        return None;
    }
    let highest = layers.len().min(MAX_LAYERS) - 1;
    let fits = (0..=highest).find(|position| height(layers, *position) >= max_height);
    let desired = fits.unwrap_or(highest);
    let flows = |position: &usize| layers.get(*position).is_some_and(|layer| layer.is_flowing);
    // Rather less than desired than more, rather more than nothing.
    let playable = (0..=desired).rev().find(flows).or_else(|| (desired..=highest).find(flows)).unwrap_or(desired);
    Some(Choice { desired: index(desired), playable: index(playable) })
}

/// Each layer has half the height of the next, unless its key frame said otherwise.
fn height(layers: &[LayerView], position: usize) -> u16 {
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
        choose(layers, max_height).map(|choice| (choice.desired.0, choice.playable.0))
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
}
