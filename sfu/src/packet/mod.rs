//! One decrypted RTP packet between the publisher's half and the subscribers': what the router passes on.
//!
//! A view, not a buffer: the payload stays in the receive buffer (or in the cache) and is copied once per subscriber,
//! straight into the send batch.

pub(crate) mod recent;

use crate::description::{Codec, MAX_LAYERS};
use crate::ids::RtpTimestamp;
use crate::moment::Moment;
use crate::rtcp::NtpTime;
use crate::rtp::header::AudioLevel;
use crate::rtp::payload::Pictures;
use crate::rtp::sequence::ExtendedSeq;
use std::time::Instant;

/// Position of a layer in its track, lowest resolution first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LayerIndex(pub u8);

impl LayerIndex {
    /// The only layer of audio, and of video without simulcast.
    pub(crate) const SINGLE: Self = Self(0);
    /// As far as any track goes.
    pub(crate) const HIGHEST: Self = Self(2);

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

const _: () = assert!(LayerIndex::HIGHEST.0 as usize + 1 == MAX_LAYERS);

#[derive(Clone, Copy, Debug)]
pub(crate) struct MediaPacket<'a> {
    pub layer: LayerIndex,
    /// Grows when the layer's stream begins anew under another SSRC: its sequence numbers have nothing to do with the old.
    pub epoch: u32,
    pub sequence: ExtendedSeq,
    pub timestamp: RtpTimestamp,
    pub marker: bool,
    pub codec: Codec,
    /// A decoder can begin here (always true for audio).
    pub is_entry_point: bool,
    pub audio_level: Option<AudioLevel>,
    pub pictures: Pictures,
    pub payload: &'a [u8],
}

#[cfg(test)]
impl<'a> MediaPacket<'a> {
    /// Of a video that has one layer, in the middle of a picture.
    pub(crate) fn of_video(sequence: u64, payload: &'a [u8]) -> Self {
        Self {
            layer: LayerIndex::SINGLE,
            epoch: 0,
            sequence: ExtendedSeq(sequence),
            timestamp: RtpTimestamp(7),
            marker: false,
            codec: Codec::Vp8,
            is_entry_point: false,
            audio_level: None,
            pictures: Pictures::default(),
            payload,
        }
    }
}

/// A packet that the router has kept, as it was admitted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptPacket<'a> {
    pub timestamp: RtpTimestamp,
    pub marker: bool,
    pub codec: Codec,
    pub payload: &'a [u8],
}

/// What a subscriber may use besides the packet.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub now: Moment,
    /// Of the packet's track.
    pub clocks: &'a LayerClocks,
    /// The packet's turn in the pacer's queue has come.
    pub has_waited: bool,
    /// Of audio that somebody may ask for again.
    pub recent: Option<&'a recent::RecentFrames>,
}

/// Ties an RTP timestamp to the sender's wall clock (RFC 3550 §6.4.1), and to our clock by its arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderClock {
    pub ntp: NtpTime,
    pub rtp: RtpTimestamp,
    pub arrived: Instant,
}

/// The sender's clock on each layer's stream, lowest layer first.
pub(crate) type LayerClocks = [Option<SenderClock>; MAX_LAYERS];
