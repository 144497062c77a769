//! Redundant audio (RFC 2198 §3): older frames before the newest one in each packet. Holds no state; it finds blocks and
//! leaves to the caller whether to use them.

use crate::ids::PayloadType;

/// One frame inside a RED payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    pub payload_type: PayloadType,
    /// Ticks of the RTP clock by which the frame is older than the packet's timestamp; 0 for the primary.
    pub timestamp_offset: u16,
    pub data: &'a [u8],
}

/// The newest frame: what a subscriber without RED gets. `None` when the payload is malformed.
#[must_use]
pub fn primary(payload: &[u8]) -> Option<Block<'_>> {
    let mut blocks = blocks(payload);
    loop {
        let last = blocks.headers.len() == 1;
        let block = blocks.next()?;
        if last {
            return Some(block);
        }
    }
}

/// All frames, oldest first, the primary last. A malformed payload ends before its primary.
#[must_use]
pub fn blocks(payload: &[u8]) -> Blocks<'_> {
    let mut headers_len = 0;
    while let Some([head, ..]) = payload.get(headers_len..) {
        if head & MORE == 0 {
            headers_len += 1;
            break;
        }
        headers_len += 4;
    }
    let (headers, data) = payload.split_at_checked(headers_len).unwrap_or_default();
    Blocks { headers, data }
}

/// F bit: another block header follows.
const MORE: u8 = 0x80;

#[derive(Clone, Debug)]
pub struct Blocks<'a> {
    headers: &'a [u8],
    data: &'a [u8],
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        let (head, rest) = self.headers.split_first()?;
        let payload_type = PayloadType(head & !MORE);
        if head & MORE == 0 {
            self.headers = &[];
            return Some(Block { payload_type, timestamp_offset: 0, data: self.data });
        }
        // 14 bits of timestamp offset, 10 bits of length
        let (&[a, b, c], rest) = rest.split_first_chunk()?;
        let timestamp_offset = u16::from_be_bytes([a, b]) >> 2;
        let len = usize::from(u16::from_be_bytes([b & 0x03, c]));
        let Some((data, newer)) = self.data.split_at_checked(len) else {
            self.headers = &[];
            return None;
        };
        (self.headers, self.data) = (rest, newer);
        Some(Block { payload_type, timestamp_offset, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_FRAMES: [u8; 10] = [0x80 | 111, 0x0f, 0x00, 0x02, 111, 1, 2, 3, 4, 5];

    #[test]
    fn the_primary_is_what_follows_the_redundant_frames() {
        let primary = primary(&TWO_FRAMES).expect("well formed");
        assert_eq!((primary.payload_type, primary.data), (PayloadType(111), &[3, 4, 5][..]));
    }

    #[test]
    fn a_redundant_frame_has_its_age_and_length() {
        let oldest = blocks(&TWO_FRAMES).next().expect("well formed");
        assert_eq!((oldest.timestamp_offset, oldest.data), (960, &[1, 2][..]));
    }

    #[test]
    fn a_block_longer_than_the_payload_leaves_no_primary() {
        assert_eq!(primary(&[0x80 | 111, 0x0f, 0x00, 0x09, 111, 1, 2]), None);
        assert_eq!(primary(&[0x80 | 111, 0x0f]), None);
        assert_eq!(primary(&[]), None);
    }
}
