//! Which SSRC is which layer of which track: from the offer's `a=ssrc` lines, or learned from a packet's mid and rid.
//!
//! A packet reaches this only after SRTP has authenticated it, so what it says of itself is believed within its description
//! (RFC 8843 §9.2, RFC 8852 §3).

use super::UplinkTrack;
use crate::description::{Flow, PeerDescription};
use crate::ids::{Mid, Ssrc};
use crate::packet::LayerIndex;
use crate::publisher::track::PublishedTrack;
use crate::rtp::header::{Extensions, RtpHeader};

/// SSRCs of one peer: four sections, three layers and their retransmissions, and room for restarts of streams.
const MAX_SOURCES: usize = 48;

#[derive(Default)]
pub(super) struct Sources {
    known: Vec<(Ssrc, Source)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Position among the uplink's tracks.
    pub track: usize,
    pub layer: LayerIndex,
    pub role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Media,
    Retransmission,
}

impl Sources {
    /// With rids a section's SSRCs are not told apart by the offer: those are learned.
    pub(super) fn declared(description: &PeerDescription, tracks: &[UplinkTrack]) -> Self {
        let mut sources = Self::default();
        for (position, track) in tracks.iter().enumerate() {
            let flow = description.section(track.published.mid).map(|section| &section.flow);
            let Some(Flow::Uplink { rids, declared }) = flow else { continue };
            let Some(first) = declared.first().filter(|_| rids.is_empty()) else { continue };
            let source = Source { track: position, layer: LayerIndex::SINGLE, role: Role::Media };
            sources.known.push((first.ssrc, source));
            if let Some(rtx) = first.rtx {
                sources.known.push((rtx, Source { role: Role::Retransmission, ..source }));
            }
        }
        sources
    }

    pub(super) fn find_or_learn(
        &mut self,
        header: &RtpHeader,
        extensions: &Extensions,
        tracks: &mut [UplinkTrack],
    ) -> Option<Source> {
        if let Some((_, source)) = self.known.iter().find(|(ssrc, _)| *ssrc == header.ssrc) {
            return Some(*source);
        }
        let (position, track) = track_of(extensions.mid?, tracks)?;
        let source = identify(position, &track.published, header, extensions)?;
        if self.known.len() >= MAX_SOURCES {
            return None;
        }
        self.known.push((header.ssrc, source));
        let layer = track.published.layer_mut(source.layer)?;
        match source.role {
            Role::Media => layer.assign(header.ssrc),
            Role::Retransmission => layer.rtx = Some(header.ssrc),
        }
        Some(source)
    }
}

fn track_of(mid: Mid, tracks: &mut [UplinkTrack]) -> Option<(usize, &mut UplinkTrack)> {
    tracks.iter_mut().enumerate().find(|(_, track)| track.published.mid == mid)
}

/// The payload type tells media from retransmission, the rid (or the repaired one) tells the layer.
fn identify(position: usize, track: &PublishedTrack, header: &RtpHeader, extensions: &Extensions) -> Option<Source> {
    if track.codec(header.payload_type).is_some() {
        let layer = track.layer_of_rid(extensions.rid)?;
        return Some(Source { track: position, layer, role: Role::Media });
    }
    track.repaired_codec(header.payload_type)?;
    let layer = track.layer_of_rid(extensions.repaired_rid.or(extensions.rid))?;
    Some(Source { track: position, layer, role: Role::Retransmission })
}
