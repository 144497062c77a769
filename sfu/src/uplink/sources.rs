//! Which SSRC is which layer of which track: from the offer's `a=ssrc` lines, or learned from a packet's mid and rid.
//!
//! A packet reaches this only after SRTP has authenticated it, so what it says of itself is believed within its description
//! (RFC 8843 §9.2, RFC 8852 §3).

use super::UplinkTrack;
use crate::description::{Codec, CodecParameters, Flow, PeerDescription};
use crate::ids::{Mid, PayloadType, Ssrc};
use crate::packet::LayerIndex;
use crate::publisher::track::PublishedTrack;
use crate::rtp::header::{Extensions, RtpHeader};
use arrayvec::ArrayVec;

/// SSRCs of one peer: four sections, three layers and their retransmissions, and room for restarts of streams.
const MAX_SOURCES: usize = 48;

#[derive(Default)]
pub(super) struct Sources {
    /// In place and small: a packet's source is found in a line or two.
    known: ArrayVec<Source, MAX_SOURCES>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    ssrc: Ssrc,
    /// Of the track among the uplink's.
    pub position: u8,
    pub layer: LayerIndex,
    pub role: Role,
    /// What the last packet carried: a stream seldom changes its payload type.
    carried: Option<(PayloadType, Carried)>,
}

/// What is known of a payload type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Carried {
    /// That is repaired, in a retransmission.
    pub codec: Codec,
    /// Generic NACK was agreed in its section.
    pub nack: bool,
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
            sources.add(first.ssrc, position, LayerIndex::SINGLE, Role::Media);
            if let Some(rtx) = first.rtx {
                sources.add(rtx, position, LayerIndex::SINGLE, Role::Retransmission);
            }
        }
        sources
    }

    /// Where a packet belongs and what it carries; `None` for a source or a payload type that is not known.
    pub(super) fn of_packet(
        &mut self,
        header: &RtpHeader,
        extensions: &Extensions,
        tracks: &mut [UplinkTrack],
    ) -> Option<(Source, Carried)> {
        let source = self.find_or_learn(header, extensions, tracks)?;
        let carried = source.carried(header.payload_type, &tracks.get(source.track())?.published)?;
        Some((*source, carried))
    }

    fn find_or_learn(
        &mut self,
        header: &RtpHeader,
        extensions: &Extensions,
        tracks: &mut [UplinkTrack],
    ) -> Option<&mut Source> {
        let known = self.known.iter().position(|source| source.ssrc == header.ssrc);
        let position = match known {
            Some(position) => position,
            None => self.learn(header, extensions, tracks)?,
        };
        self.known.get_mut(position)
    }

    fn learn(&mut self, header: &RtpHeader, extensions: &Extensions, tracks: &mut [UplinkTrack]) -> Option<usize> {
        let (position, track) = track_of(extensions.mid?, tracks)?;
        let (layer, role) = identify(&track.published, header, extensions)?;
        let learned = self.add(header.ssrc, position, layer, role)?;
        let layer = track.published.layer_mut(layer)?;
        match role {
            Role::Media => layer.assign(header.ssrc),
            Role::Retransmission => layer.rtx = Some(header.ssrc),
        }
        Some(learned)
    }

    /// `None` when there are too many.
    fn add(&mut self, ssrc: Ssrc, track: usize, layer: LayerIndex, role: Role) -> Option<usize> {
        let source = Source { ssrc, position: u8::try_from(track).ok()?, layer, role, carried: None };
        self.known.try_push(source).ok()?;
        Some(self.known.len() - 1)
    }
}

impl Source {
    /// Position among the uplink's tracks.
    pub(super) fn track(&self) -> usize {
        self.position.into()
    }

    /// What a packet of this payload type carries; `None` for a type that was not agreed.
    fn carried(&mut self, payload_type: PayloadType, track: &PublishedTrack) -> Option<Carried> {
        if let Some((last, carried)) = self.carried
            && last == payload_type
        {
            return Some(carried);
        }
        let parameters: &CodecParameters = match self.role {
            Role::Media => track.codec(payload_type),
            Role::Retransmission => track.repaired_codec(payload_type),
        }?;
        let carried = Carried { codec: parameters.codec, nack: track.repairs };
        self.carried = Some((payload_type, carried));
        Some(carried)
    }
}

fn track_of(mid: Mid, tracks: &mut [UplinkTrack]) -> Option<(usize, &mut UplinkTrack)> {
    tracks.iter_mut().enumerate().find(|(_, track)| track.published.mid == mid)
}

/// The payload type tells media from retransmission, the rid (or the repaired one) tells the layer.
fn identify(track: &PublishedTrack, header: &RtpHeader, extensions: &Extensions) -> Option<(LayerIndex, Role)> {
    if track.codec(header.payload_type).is_some() {
        return Some((track.layer_of_rid(extensions.rid)?, Role::Media));
    }
    track.repaired_codec(header.payload_type)?;
    Some((track.layer_of_rid(extensions.repaired_rid.or(extensions.rid))?, Role::Retransmission))
}
