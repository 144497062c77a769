//! Picture ids and TL0PICIDX of one slot: continuous over layer switches (RFC 7741 §4.2, RFC 9628 §4.2).

use crate::description::Codec;
use crate::rtp::{vp8, vp9};

/// What is added to a layer's numbers to continue the slot's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PictureOffset {
    picture_id: u16,
    tl0_pic_idx: u8,
}

/// The highest numbers that the slot has sent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PictureNumbers {
    last: Option<(u16, u8)>,
}

impl PictureNumbers {
    /// The offset with which the packet that begins a new source follows the last picture sent.
    pub(crate) fn begin(&self, codec: Codec, payload: &[u8]) -> PictureOffset {
        let (Some((last_id, last_tl0)), Some((id, tl0))) = (self.last, numbers(codec, payload)) else {
            return PictureOffset::default();
        };
        PictureOffset {
            picture_id: last_id.wrapping_add(1).wrapping_sub(id),
            tl0_pic_idx: last_tl0.wrapping_add(1).wrapping_sub(tl0),
        }
    }

    /// Renumbers the payload of a packet in order (a late one must not move the numbers back).
    pub(crate) fn rewrite(&mut self, codec: Codec, payload: &mut [u8], offset: PictureOffset, is_newest: bool) {
        let sent = rewrite(codec, payload, offset);
        if is_newest && sent.is_some() {
            self.last = sent;
        }
    }
}

/// Renumbers a payload and says the numbers it now has.
pub(crate) fn rewrite(codec: Codec, payload: &mut [u8], offset: PictureOffset) -> Option<(u16, u8)> {
    let (id, tl0) = numbers(codec, payload)?;
    let (id, tl0) = (id.wrapping_add(offset.picture_id), tl0.wrapping_add(offset.tl0_pic_idx));
    if offset != PictureOffset::default() {
        match codec {
            Codec::Vp8 => vp8::Descriptor::parse(payload)?.rewrite(payload, id, tl0),
            Codec::Vp9 { .. } => vp9::Descriptor::parse(payload)?.rewrite(payload, id, tl0),
            Codec::Opus | Codec::Red | Codec::H264 { .. } => {}
        }
    }
    Some((id, tl0))
}

/// `None` for a codec or an encoder without picture ids.
fn numbers(codec: Codec, payload: &[u8]) -> Option<(u16, u8)> {
    let (picture_id, tl0_pic_idx) = match codec {
        Codec::Vp8 => vp8::Descriptor::parse(payload).map(|vp8| (vp8.picture_id, vp8.tl0_pic_idx))?,
        Codec::Vp9 { .. } => vp9::Descriptor::parse(payload).map(|vp9| (vp9.picture_id, vp9.tl0_pic_idx))?,
        Codec::Opus | Codec::Red | Codec::H264 { .. } => return None,
    };
    Some((picture_id?.value(), tl0_pic_idx.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// X, I and L set, 15-bit picture id, TL0PICIDX, then bitstream.
    fn vp8(picture_id: u16, tl0: u8) -> Vec<u8> {
        let [high, low] = picture_id.to_be_bytes();
        vec![0x90, 0xc0, high | 0x80, low, tl0, 1, 2, 3]
    }

    #[test]
    fn a_new_source_continues_where_the_old_one_ended() {
        let mut numbers = PictureNumbers::default();
        let offset = numbers.begin(Codec::Vp8, &vp8(100, 7));
        let mut first = vp8(100, 7);
        numbers.rewrite(Codec::Vp8, &mut first, offset, true);
        assert_eq!(first, vp8(100, 7), "the first source keeps its own numbers");

        let offset = numbers.begin(Codec::Vp8, &vp8(32_000, 250));
        let mut second = vp8(32_000, 250);
        numbers.rewrite(Codec::Vp8, &mut second, offset, true);
        assert_eq!(second, vp8(101, 8));
    }

    #[test]
    fn a_late_packet_does_not_move_the_numbers_back() {
        let mut numbers = PictureNumbers::default();
        let mut payload = vp8(50, 1);
        numbers.rewrite(Codec::Vp8, &mut payload, PictureOffset::default(), true);
        let mut late = vp8(49, 1);
        numbers.rewrite(Codec::Vp8, &mut late, PictureOffset::default(), false);
        assert_eq!(numbers.last, Some((50, 1)));
    }
}
