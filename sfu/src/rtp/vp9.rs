//! The VP9 payload (RFC 9628 §4.2): enough of its descriptor to find frames and key frames and to renumber pictures in place.
//!
//! Holds no state. It forwards whole SVC streams as they are and chooses no spatial layers.

use super::payload::{FrameSize, Pictures};
use super::vp8::PictureId;

const HAS_PICTURE_ID: u8 = 0x80;
const INTER_PREDICTED: u8 = 0x40;
const HAS_LAYERS: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const STARTS_FRAME: u8 = 0x08;
const ENDS_FRAME: u8 = 0x04;
const HAS_SCALABILITY: u8 = 0x02;
const NOT_REFERENCE: u8 = 0x01;
/// Reference indices of one frame in flexible mode (RFC 9628 §4.2, `P_DIFF`).
const MAX_REFERENCES: usize = 3;

/// A VP9 payload descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Bytes of the descriptor; the VP9 bitstream follows.
    pub len: usize,
    pub picture_id: Option<PictureId>,
    /// P: the picture refers to an earlier one.
    pub inter_predicted: bool,
    /// B and E: first and last packet of a frame, which is one spatial layer of a picture.
    pub starts_frame: bool,
    pub ends_frame: bool,
    /// Z: no higher spatial layer of this picture refers to the frame.
    pub not_reference: bool,
    pub layer: Option<Layer>,
    /// TL0PICIDX, in non-flexible mode with layers only.
    pub tl0_pic_idx: Option<u8>,
    /// The largest size in the scalability structure; it comes with key frames.
    pub size: Option<FrameSize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    pub temporal_id: u8,
    /// U: a viewer may move up to this temporal layer here.
    pub switching_up: bool,
    pub spatial_id: u8,
    /// D: the frame refers to the spatial layer below.
    pub inter_layer: bool,
}

impl Descriptor {
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&first, mut rest) = payload.split_first()?;
        let mut descriptor = Self {
            len: 0,
            picture_id: None,
            inter_predicted: first & INTER_PREDICTED != 0,
            starts_frame: first & STARTS_FRAME != 0,
            ends_frame: first & ENDS_FRAME != 0,
            not_reference: first & NOT_REFERENCE != 0,
            layer: None,
            tl0_pic_idx: None,
            size: None,
        };
        if first & HAS_PICTURE_ID != 0 {
            let (id, len) = PictureId::read(rest)?;
            descriptor.picture_id = Some(id);
            rest = rest.get(len..)?;
        }
        if first & HAS_LAYERS != 0 {
            let (&byte, after) = rest.split_first()?;
            descriptor.layer = Some(Layer {
                temporal_id: byte >> 5,
                switching_up: byte & 0x10 != 0,
                spatial_id: byte >> 1 & 0x07,
                inter_layer: byte & 0x01 != 0,
            });
            rest = after;
            if first & FLEXIBLE == 0 {
                let (&index, after) = rest.split_first()?;
                descriptor.tl0_pic_idx = Some(index);
                rest = after;
            }
        }
        if first & FLEXIBLE != 0 && descriptor.inter_predicted {
            rest = skip_references(rest)?;
        }
        if first & HAS_SCALABILITY != 0 {
            (descriptor.size, rest) = parse_scalability(rest)?;
        }
        descriptor.len = payload.len() - rest.len();
        Some(descriptor)
    }

    /// The packet is the first of a picture: the base layer's start.
    #[must_use]
    pub fn starts_picture(&self) -> bool {
        self.starts_frame && self.layer.is_none_or(|layer| layer.spatial_id == 0)
    }

    /// The packet is the first of a key picture: nothing before it is needed.
    #[must_use]
    pub fn starts_key_frame(&self) -> bool {
        self.starts_picture() && !self.inter_predicted
    }

    #[must_use]
    pub fn pictures(&self) -> Pictures {
        Pictures { picture_id: self.picture_id, tl0_pic_idx: self.tl0_pic_idx }
    }
}

/// `P_DIFF` bytes, each with a bit that says whether another follows.
fn skip_references(mut rest: &[u8]) -> Option<&[u8]> {
    for _ in 0..MAX_REFERENCES {
        let (&reference, after) = rest.split_first()?;
        rest = after;
        if reference & 0x01 == 0 {
            return Some(rest);
        }
    }
    None
}

/// The scalability structure (RFC 9628 §4.2.1): the top spatial layer's size, and what follows the structure.
fn parse_scalability(rest: &[u8]) -> Option<(Option<FrameSize>, &[u8])> {
    let (&head, mut rest) = rest.split_first()?;
    let mut size = None;
    if head & 0x10 != 0 {
        for _ in 0..=head >> 5 {
            let (&[width_0, width_1, height_0, height_1], after) = rest.split_first_chunk()?;
            size = Some(FrameSize {
                width: u16::from_be_bytes([width_0, width_1]),
                height: u16::from_be_bytes([height_0, height_1]),
            });
            rest = after;
        }
    }
    if head & 0x08 != 0 {
        let (&pictures, after) = rest.split_first()?;
        rest = after;
        for _ in 0..pictures {
            let (&picture, after) = rest.split_first()?;
            rest = after.get(usize::from(picture >> 2 & 0x03)..)?;
        }
    }
    Some((size, rest))
}
