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
        headers_len += HEADER_LEN;
    }
    let (headers, data) = payload.split_at_checked(headers_len).unwrap_or_default();
    Blocks { headers, data }
}

/// Older frames, the oldest first, and the primary behind them, in one payload; its length. `None` when `out` is too short or a
/// frame too long or too old for its header's 10 and 14 bits.
pub fn write(out: &mut [u8], older: &[Block<'_>], primary: &Block<'_>) -> Option<usize> {
    let mut at = 0;
    for block in older {
        let len = u16::try_from(block.data.len()).ok().filter(|len| *len <= MAX_BLOCK_LEN)?;
        let offset = Some(block.timestamp_offset).filter(|offset| *offset <= MAX_TIMESTAMP_OFFSET)?;
        let [a, b] = (offset << 2 | len >> 8).to_be_bytes();
        let [_, c] = len.to_be_bytes();
        put(out, &mut at, &[block.payload_type.0 | MORE, a, b, c])?;
    }
    put(out, &mut at, &[primary.payload_type.0])?;
    for block in older.iter().chain([primary]) {
        put(out, &mut at, block.data)?;
    }
    Some(at)
}

fn put(out: &mut [u8], at: &mut usize, bytes: &[u8]) -> Option<()> {
    out.get_mut(*at..)?.get_mut(..bytes.len())?.copy_from_slice(bytes);
    *at += bytes.len();
    Some(())
}

/// Of an older frame's header; the primary's is one byte.
pub const HEADER_LEN: usize = 4;
pub const MAX_BLOCK_LEN: u16 = 0x3ff;
pub const MAX_TIMESTAMP_OFFSET: u16 = 0x3fff;

/// F bit: another block header follows.
const MORE: u8 = 0x80;

#[derive(Clone, Debug)]
pub struct Blocks<'a> {
    headers: &'a [u8],
    data: &'a [u8],
}

impl Blocks<'_> {
    /// Frames before the primary that are still to come.
    #[must_use]
    pub fn older(&self) -> usize {
        self.headers.len() / HEADER_LEN
    }
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
    fn frames_read_back_as_they_were_written() {
        let frame = |timestamp_offset, data| Block { payload_type: PayloadType(111), timestamp_offset, data };
        let older = [frame(MAX_TIMESTAMP_OFFSET, &[1; 700][..]), frame(960, b"before")];
        let mut out = [0; 1_000];
        let len = write(&mut out, &older, &frame(0, b"now")).expect("there is room");
        let read: Vec<_> = blocks(&out[..len]).collect();
        assert_eq!(read, [older[0], older[1], frame(0, b"now")]);
        assert_eq!(write(&mut out[..len - 1], &older, &frame(0, b"now")), None);
        assert_eq!(write(&mut out, &[frame(MAX_TIMESTAMP_OFFSET + 1, b"old")], &frame(0, b"now")), None);
    }

    #[test]
    fn a_block_longer_than_the_payload_leaves_no_primary() {
        assert_eq!(primary(&[0x80 | 111, 0x0f, 0x00, 0x09, 111, 1, 2]), None);
        assert_eq!(primary(&[0x80 | 111, 0x0f]), None);
        assert_eq!(primary(&[]), None);
    }
}
