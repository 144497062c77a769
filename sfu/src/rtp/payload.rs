//! What the router asks of a payload whatever its codec: does a frame begin here, can a decoder begin here, which picture is it.
//!
//! Holds no state and goes to the codec's own module for the answer.

use super::vp8::PictureId;
use super::{h264, vp8, vp9};
use crate::description::Codec;

/// A picture's size in pixels, as its key frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameSize {
    pub width: u16,
    pub height: u16,
}

/// Numbers that a subscriber sees in a row though its source changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pictures {
    pub picture_id: Option<PictureId>,
    pub tl0_pic_idx: Option<u8>,
}

/// What a payload says of itself, read once for all who get the packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The packet is the first of a key frame. Every audio packet is: a decoder can begin at any of them.
    pub starts_key_frame: bool,
    /// Of that key frame, where the payload says it without parsing a bitstream deeper (VP8, VP9 with its structure).
    pub size: Option<FrameSize>,
    pub pictures: Pictures,
}

impl Outline {
    #[must_use]
    pub fn of(codec: Codec, payload: &[u8]) -> Self {
        match codec {
            Codec::Opus | Codec::Red => Self { starts_key_frame: true, ..Self::default() },
            Codec::Vp8 => vp8::Descriptor::parse(payload).map_or_else(Self::default, |vp8| {
                let size = vp8.key_frame(payload);
                Self { starts_key_frame: size.is_some(), size, pictures: vp8.pictures() }
            }),
            Codec::Vp9 { .. } => vp9::Descriptor::parse(payload).map_or_else(Self::default, |vp9| {
                let starts_key_frame = vp9.starts_key_frame();
                Self { starts_key_frame, size: vp9.size.filter(|_| starts_key_frame), pictures: vp9.pictures() }
            }),
            Codec::H264 { .. } => Self { starts_key_frame: h264::starts_key_frame(payload), ..Self::default() },
        }
    }
}

impl Pictures {
    /// Puts a subscriber's numbers in the place of the publisher's, where the descriptor has them; the length stays.
    #[inline]
    pub fn rewrite(self, codec: Codec, payload: &mut [u8], picture_id: u16, tl0_pic_idx: u8) {
        // VP8: the mandatory byte and the extension byte come first. VP9: one byte; TL0PICIDX stands after the layer byte, which
        // non-flexible mode always has with it. No other codec's payloads have numbers.
        let (first, between) = if codec == Codec::Vp8 { (2, 0) } else { (1, 1) };
        let offset = PictureId::replace(self.picture_id, payload, first, picture_id) + between;
        if self.tl0_pic_idx.is_some()
            && let Some(byte) = payload.get_mut(offset)
        {
            *byte = tl0_pic_idx;
        }
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
