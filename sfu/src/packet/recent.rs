//! The last frames of one audio track, for subscribers that lost some: they get them beside the newest (RFC 2198).
//!
//! A ring of fixed places by sequence number; a frame that is longer than a place is not kept.

use super::MediaPacket;
use crate::ids::RtpTimestamp;
use crate::prefetch;
use crate::rtp::sequence::ExtendedSeq;

/// A timestamp offset of 14 bits reaches back 17 frames of 20 ms (RFC 2198 §3).
const FRAMES: usize = 16;
/// 20 ms at 200 kbit/s: more than a stethoscope's 128.
const MAX_FRAME_LEN: usize = 512;

/// Of a place: what a frame of 32 kbit/s takes.
const FRAME_BYTES: usize = 128;

pub(crate) struct RecentFrames {
    epoch: u32,
    /// The place after the newest frame's.
    next: usize,
    frames: Box<[Frame; FRAMES]>,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Frame {
    sequence: Option<ExtendedSeq>,
    timestamp: RtpTimestamp,
    len: usize,
    bytes: [u8; MAX_FRAME_LEN],
}

const NO_FRAME: Frame = Frame { sequence: None, timestamp: RtpTimestamp(0), len: 0, bytes: [0; MAX_FRAME_LEN] };

impl RecentFrames {
    pub(crate) fn new() -> Self {
        Self { epoch: 0, next: 0, frames: Box::new([NO_FRAME; FRAMES]) }
    }

    pub(crate) fn insert(&mut self, packet: &MediaPacket<'_>) {
        if self.epoch != packet.epoch {
            self.frames.iter_mut().for_each(|frame| frame.sequence = None);
            self.epoch = packet.epoch;
        }
        self.next = place(packet.sequence.next());
        let Some(frame) = self.frames.get_mut(place(packet.sequence)) else { return };
        let Some(room) = frame.bytes.get_mut(..packet.payload.len()) else { return };
        room.copy_from_slice(packet.payload);
        (frame.sequence, frame.timestamp, frame.len) = (Some(packet.sequence), packet.timestamp, packet.payload.len());
    }

    /// Where the next frame will be (`shard::ahead`).
    pub(crate) fn request_next(&self) {
        if let Some(frame) = self.frames.get(self.next) {
            prefetch::request_first(frame, FRAME_BYTES);
        }
    }

    /// Its time and its bytes.
    pub(crate) fn find(&self, epoch: u32, sequence: ExtendedSeq) -> Option<(RtpTimestamp, &[u8])> {
        let frame = self.frames.get(place(sequence)).filter(|frame| frame.sequence == Some(sequence))?;
        Some((frame.timestamp, frame.bytes.get(..frame.len)?)).filter(|_| epoch == self.epoch)
    }
}

fn place(sequence: ExtendedSeq) -> usize {
    usize::try_from(sequence.0 % FRAMES as u64).unwrap_or(0)
}
