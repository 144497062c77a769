//! What the router asks of a payload whatever its codec: does a frame begin here, can a decoder begin here.
//!
//! Holds no state and goes to the codec's own module for the answer.

use super::{h264, vp8, vp9};
use crate::description::Codec;

/// A picture's size in pixels, as its key frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameSize {
    pub width: u16,
    pub height: u16,
}

/// The packet is the first of a key frame. Every audio packet is: a decoder can begin at any of them.
#[must_use]
pub fn starts_key_frame(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Opus | Codec::Red => true,
        Codec::Vp8 => vp8::Descriptor::parse(payload).is_some_and(|vp8| vp8.key_frame(payload).is_some()),
        Codec::Vp9 { .. } => vp9::Descriptor::parse(payload).is_some_and(|vp9| vp9.starts_key_frame()),
        Codec::H264 { .. } => h264::starts_key_frame(payload),
    }
}

/// The packet is the first of a frame (of a picture, for VP9 with spatial layers).
#[must_use]
pub fn starts_frame(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Opus | Codec::Red => true,
        Codec::Vp8 => vp8::Descriptor::parse(payload).is_some_and(|vp8| vp8.starts_frame()),
        Codec::Vp9 { .. } => vp9::Descriptor::parse(payload).is_some_and(|vp9| vp9.starts_picture()),
        Codec::H264 { .. } => h264::starts_frame(payload),
    }
}

/// The key frame's size, where the payload says it without parsing a bitstream deeper (VP8, VP9 with its structure).
#[must_use]
pub fn key_frame_size(codec: Codec, payload: &[u8]) -> Option<FrameSize> {
    match codec {
        Codec::Vp8 => vp8::Descriptor::parse(payload)?.key_frame(payload),
        Codec::Vp9 { .. } => vp9::Descriptor::parse(payload).filter(vp9::Descriptor::starts_key_frame)?.size,
        Codec::Opus | Codec::Red | Codec::H264 { .. } => None,
    }
}
