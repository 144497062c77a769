//! A published track: one media section's layers, lowest first.
//!
//! Owns its layers and its loudness; which packets go to whom is the router's.

use super::layer::PublishedLayer;
use super::sound::Loudness;
use crate::description::{CodecParameters, ExtensionIds, Flow, MAX_LAYERS, MediaKind, Section};
use crate::ids::{Mid, PayloadType, Rid, Ssrc};
use crate::packet::{LayerClocks, LayerIndex};
use crate::prefetch;
use arrayvec::ArrayVec;

/// Of a track: all before its layers, and how many they are.
const FIRST_BYTES: usize = 40;

/// What each packet touches comes first.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct PublishedTrack {
    pub(crate) kind: MediaKind,
    pub(crate) loudness: Loudness,
    /// Lowest resolution first: [`LayerIndex`] counts here.
    pub(crate) layers: ArrayVec<PublishedLayer, MAX_LAYERS>,
    pub(crate) clocks: LayerClocks,
    pub(crate) mid: Mid,
    pub(crate) codecs: Vec<CodecParameters>,
    /// NACK was agreed: what is lost can be asked for.
    pub(crate) repairs: bool,
    pub(crate) extensions: ExtensionIds,
}

impl PublishedTrack {
    /// `None` for a section in which the client does not send.
    pub(crate) fn new(section: &Section) -> Option<Self> {
        let Flow::Uplink { rids, declared } = &section.flow else { return None };
        let clock_rate_hz = section.codecs.first().map_or(90_000, |codec| codec.clock_rate_hz);
        let mut layers: ArrayVec<_, MAX_LAYERS> =
            ranked(rids).into_iter().map(|rid| PublishedLayer::new(Some(rid), clock_rate_hz)).collect();
        if layers.is_empty() {
            layers.push(PublishedLayer::new(None, clock_rate_hz));
        }
        // Without rids the declared SSRCs are the layers; with rids the packets themselves say who they are.
        if rids.is_empty() {
            for (layer, source) in layers.iter_mut().zip(declared) {
                layer.assign(source.ssrc);
                layer.rtx = source.rtx;
            }
        }
        Some(Self {
            mid: section.mid,
            kind: section.kind,
            codecs: section.codecs.clone(),
            repairs: section.codecs.iter().any(|codec| codec.nack),
            extensions: section.extensions,
            layers,
            clocks: LayerClocks::default(),
            loudness: Loudness::default(),
        })
    }

    pub(crate) fn layer_of_rid(&self, rid: Option<Rid>) -> Option<LayerIndex> {
        let position = self.layers.iter().position(|layer| layer.rid == rid)?;
        u8::try_from(position).ok().map(LayerIndex)
    }

    /// What a packet of the layer touches (`shard::ahead`). Reads nothing of it.
    pub(crate) fn request(&self, layer: LayerIndex) {
        prefetch::request_first(self, FIRST_BYTES);
        let place = FIRST_BYTES + size_of::<PublishedLayer>() * layer.index();
        prefetch::request_part(self, place, PublishedLayer::FIRST_BYTES);
    }

    pub(crate) fn layer_mut(&mut self, index: LayerIndex) -> Option<&mut PublishedLayer> {
        self.layers.get_mut(index.index())
    }

    pub(crate) fn layer_of_ssrc(&self, ssrc: Ssrc) -> Option<LayerIndex> {
        let position = self.layers.iter().position(|layer| layer.ssrc == Some(ssrc))?;
        u8::try_from(position).ok().map(LayerIndex)
    }

    /// A layer whose decoders are stuck until its next key frame.
    pub(crate) fn first_broken_layer(&self) -> Option<LayerIndex> {
        let position = self.layers.iter().position(|layer| layer.needs_keyframe)?;
        u8::try_from(position).ok().map(LayerIndex)
    }

    /// The codec of a media payload type; RTX types are not codecs.
    pub(crate) fn codec(&self, payload_type: PayloadType) -> Option<&CodecParameters> {
        self.codecs.iter().find(|codec| codec.payload_type == payload_type)
    }

    /// The codec that an RTX payload type repairs.
    pub(crate) fn repaired_codec(&self, rtx: PayloadType) -> Option<&CodecParameters> {
        self.codecs.iter().find(|codec| codec.rtx == Some(rtx))
    }
}

/// Rids from the lowest resolution to the highest: by the field's habitual names, else the offer's order reversed, since
/// `a=simulcast` lists the preferred stream first (RFC 8853 §5.2).
fn ranked(rids: &[Rid]) -> Vec<Rid> {
    let mut rids: Vec<Rid> = rids.iter().copied().take(MAX_LAYERS).collect();
    if rids.iter().all(|rid| habitual_rank(*rid).is_some()) {
        rids.sort_by_key(|rid| habitual_rank(*rid));
    } else {
        rids.reverse();
    }
    rids
}

fn habitual_rank(rid: Rid) -> Option<u8> {
    match rid.as_str() {
        "q" | "l" | "lo" | "low" => Some(0),
        "h" | "m" | "mid" | "medium" => Some(1),
        "f" | "hi" | "high" => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rids(names: &[&str]) -> Vec<Rid> {
        names.iter().filter_map(|name| Rid::new(name)).collect()
    }

    #[test]
    fn layers_are_ranked_by_habitual_names_whatever_the_offers_order() {
        assert_eq!(ranked(&rids(&["q", "h", "f"])), rids(&["q", "h", "f"]));
        assert_eq!(ranked(&rids(&["f", "h", "q"])), rids(&["q", "h", "f"]));
    }

    #[test]
    fn layers_with_unknown_names_are_ranked_by_preference() {
        assert_eq!(ranked(&rids(&["r2", "r1", "r0"])), rids(&["r0", "r1", "r2"]));
    }
}
