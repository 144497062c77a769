//! Picture ids and TL0PICIDX of one slot: continuous over layer switches (RFC 7741 §4.2, RFC 9628 §4.2).

use crate::description::Codec;
use crate::rtp::payload::Pictures;

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
    pub(crate) fn begin(&self, pictures: Pictures) -> PictureOffset {
        let (Some((last_id, last_tl0)), Some((id, tl0))) = (self.last, numbers(pictures)) else {
            return PictureOffset::default();
        };
        PictureOffset {
            picture_id: last_id.wrapping_add(1).wrapping_sub(id),
            tl0_pic_idx: last_tl0.wrapping_add(1).wrapping_sub(tl0),
        }
    }

    /// Renumbers the payload of a packet in order (a late one must not move the numbers back). `pictures` are the payload's.
    pub(crate) fn rewrite(
        &mut self,
        codec: Codec,
        payload: &mut [u8],
        pictures: Pictures,
        offset: PictureOffset,
        is_newest: bool,
    ) {
        let sent = rewrite(codec, payload, pictures, offset);
        if is_newest && sent.is_some() {
            self.last = sent;
        }
    }
}

/// Renumbers a payload and says the numbers it now has.
#[inline]
pub(crate) fn rewrite(
    codec: Codec,
    payload: &mut [u8],
    pictures: Pictures,
    offset: PictureOffset,
) -> Option<(u16, u8)> {
    let (id, tl0) = numbers(pictures)?;
    let (id, tl0) = (id.wrapping_add(offset.picture_id), tl0.wrapping_add(offset.tl0_pic_idx));
    if offset != PictureOffset::default() {
        pictures.rewrite(codec, payload, id, tl0);
    }
    Some((id, tl0))
}

/// `None` for a codec or an encoder without picture ids.
fn numbers(pictures: Pictures) -> Option<(u16, u8)> {
    Some((pictures.picture_id?.value(), pictures.tl0_pic_idx.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::payload::Outline;

    fn renumber(numbers: &mut PictureNumbers, payload: &mut [u8], offset: PictureOffset, is_newest: bool) {
        let pictures = Outline::of(Codec::Vp8, payload).pictures;
        numbers.rewrite(Codec::Vp8, payload, pictures, offset, is_newest);
    }

    /// X, I and L set, 15-bit picture id, TL0PICIDX, then bitstream.
    fn vp8(picture_id: u16, tl0: u8) -> Vec<u8> {
        let [high, low] = picture_id.to_be_bytes();
        vec![0x90, 0xc0, high | 0x80, low, tl0, 1, 2, 3]
    }

    #[test]
    fn a_new_source_continues_where_the_old_one_ended() {
        let mut numbers = PictureNumbers::default();
        let offset = numbers.begin(Outline::of(Codec::Vp8, &vp8(100, 7)).pictures);
        let mut first = vp8(100, 7);
        renumber(&mut numbers, &mut first, offset, true);
        assert_eq!(first, vp8(100, 7), "the first source keeps its own numbers");

        let offset = numbers.begin(Outline::of(Codec::Vp8, &vp8(32_000, 250)).pictures);
        let mut second = vp8(32_000, 250);
        renumber(&mut numbers, &mut second, offset, true);
        assert_eq!(second, vp8(101, 8));
    }

    #[test]
    fn a_late_packet_does_not_move_the_numbers_back() {
        let mut numbers = PictureNumbers::default();
        let mut payload = vp8(50, 1);
        renumber(&mut numbers, &mut payload, PictureOffset::default(), true);
        let mut late = vp8(49, 1);
        renumber(&mut numbers, &mut late, PictureOffset::default(), false);
        assert_eq!(numbers.last, Some((50, 1)));
    }
}
