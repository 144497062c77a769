//! The VP8 payload (RFC 7741): its descriptor read, key frames found, picture id and TL0PICIDX rewritten in place.
//!
//! Holds no state: which numbers a subscriber gets is the caller's decision.

use super::payload::{FrameSize, Pictures};

/// X, and in the extension byte I, L, T, K (RFC 7741 §4.2).
const EXTENDED: u8 = 0x80;
const HAS_PICTURE_ID: u8 = 0x80;
const HAS_TL0_PIC_IDX: u8 = 0x40;
const HAS_TEMPORAL_ID: u8 = 0x20;
const HAS_KEY_INDEX: u8 = 0x10;

/// A VP8 payload descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Bytes of the descriptor; the VP8 bitstream follows.
    pub len: usize,
    /// N: no other frame refers to this one, so it can be left out unseen.
    pub non_reference: bool,
    /// S: the packet begins a VP8 partition.
    pub starts_partition: bool,
    pub partition_id: u8,
    pub picture_id: Option<PictureId>,
    pub tl0_pic_idx: Option<u8>,
    pub temporal_id: Option<u8>,
    /// Y: the frame refers to the base layer only, so a viewer may move up to its temporal layer here.
    pub layer_sync: bool,
    pub key_index: Option<u8>,
}

/// A picture id as long as the encoder chose to make it (RFC 7741 §4.2, RFC 9628 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureId {
    /// 7 bits
    Short(u8),
    /// 15 bits
    Long(u16),
}

impl PictureId {
    #[must_use]
    pub fn value(self) -> u16 {
        match self {
            Self::Short(id) => u16::from(id),
            Self::Long(id) => id,
        }
    }

    /// Reads the one or two bytes at the start of `bytes`; gives their number too.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        match *bytes {
            [high, low, ..] if high & 0x80 != 0 => Some((Self::Long(u16::from_be_bytes([high & 0x7f, low])), 2)),
            [id, ..] if id & 0x80 == 0 => Some((Self::Short(id), 1)),
            _ => None,
        }
    }

    /// Overwrites the picture id that stands at `offset`, where there is one; gives the offset behind it.
    pub(super) fn replace(present: Option<Self>, payload: &mut [u8], offset: usize, id: u16) -> usize {
        let Some(present) = present else { return offset };
        if let Some(bytes) = payload.get_mut(offset..) {
            present.overwrite(bytes, id);
        }
        offset
            + match present {
                Self::Short(_) => 1,
                Self::Long(_) => 2,
            }
    }

    /// Puts the low bits of `id` in the place of this one at the start of `bytes`, no longer and no shorter than it was.
    fn overwrite(self, bytes: &mut [u8], id: u16) {
        match self {
            Self::Long(_) => {
                if let Some(bytes) = bytes.first_chunk_mut() {
                    *bytes = (id | 0x8000).to_be_bytes();
                }
            }
            Self::Short(_) => {
                let [_, low] = id.to_be_bytes();
                if let Some(byte) = bytes.first_mut() {
                    *byte = low & 0x7f;
                }
            }
        }
    }
}

impl Descriptor {
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&first, mut rest) = payload.split_first()?;
        let mut descriptor = Self {
            len: 0,
            non_reference: first & 0x20 != 0,
            starts_partition: first & 0x10 != 0,
            partition_id: first & 0x07,
            picture_id: None,
            tl0_pic_idx: None,
            temporal_id: None,
            layer_sync: false,
            key_index: None,
        };
        if first & EXTENDED != 0 {
            rest = descriptor.parse_extension(rest)?;
        }
        descriptor.len = payload.len() - rest.len();
        Some(descriptor)
    }

    fn parse_extension<'a>(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let (&present, mut rest) = rest.split_first()?;
        if present & HAS_PICTURE_ID != 0 {
            let (id, len) = PictureId::read(rest)?;
            self.picture_id = Some(id);
            rest = rest.get(len..)?;
        }
        if present & HAS_TL0_PIC_IDX != 0 {
            let (&index, after) = rest.split_first()?;
            self.tl0_pic_idx = Some(index);
            rest = after;
        }
        // T and K share one byte: TID, Y, KEYIDX.
        if present & (HAS_TEMPORAL_ID | HAS_KEY_INDEX) != 0 {
            let (&byte, after) = rest.split_first()?;
            if present & HAS_TEMPORAL_ID != 0 {
                self.temporal_id = Some(byte >> 6);
                self.layer_sync = byte & 0x20 != 0;
            }
            if present & HAS_KEY_INDEX != 0 {
                self.key_index = Some(byte & 0x1f);
            }
            rest = after;
        }
        Some(rest)
    }

    /// The packet is the first of its frame.
    #[must_use]
    pub fn starts_frame(&self) -> bool {
        self.starts_partition && self.partition_id == 0
    }

    /// The size in the frame header when `payload` is the first packet of a key frame (RFC 6386 §9.1).
    #[must_use]
    pub fn key_frame(&self, payload: &[u8]) -> Option<FrameSize> {
        if !self.starts_frame() {
            return None;
        }
        let &[tag, _, _, 0x9d, 0x01, 0x2a, width_0, width_1, height_0, height_1] =
            payload.get(self.len..)?.first_chunk()?
        else {
            return None;
        };
        // P bit clear: key frame. The two top bits of each dimension are its upscaling factor.
        (tag & 0x01 == 0).then_some(FrameSize {
            width: u16::from_le_bytes([width_0, width_1 & 0x3f]),
            height: u16::from_le_bytes([height_0, height_1 & 0x3f]),
        })
    }

    #[must_use]
    pub fn pictures(&self) -> Pictures {
        Pictures { picture_id: self.picture_id, tl0_pic_idx: self.tl0_pic_idx }
    }
}
