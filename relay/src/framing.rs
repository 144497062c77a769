//! Where one message ends and the next begins on a TCP stream. Owns the bytes that have not made a whole message yet.
//!
//! Must not look into messages beyond their length: both framings say it in the first four bytes.

use crate::stun;

/// The longest datagram that is carried either way: an Ethernet frame's worth, with room.
pub const MAX_DATAGRAM: usize = 1_600;
/// The longest message: a datagram with TURN around it.
const MAX_MESSAGE: usize = MAX_DATAGRAM + 100;
/// Bytes read at once; what is left of them until a message is whole.
const BUFFER: usize = 4 * MAX_MESSAGE;

/// The stream is not what it said to be. There is no way to find its next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// How messages follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// RFC 4571: a length of two bytes before each datagram.
    Length,
    /// RFC 8489 §6.2.2 and RFC 8656 §12.5: STUN and ChannelData carry their own lengths, the latter padded to four bytes.
    Turn,
}

impl Framing {
    /// The length of the first message with its frame and padding; `None` when its beginning has yet to come.
    ///
    /// # Errors
    /// No message begins so.
    pub fn message_len(self, stream: &[u8]) -> Result<Option<usize>, Broken> {
        let [first, second, rest @ ..] = stream else { return Ok(None) };
        let length = match (self, rest) {
            (Self::Length, _) => 2 + usize::from(u16::from_be_bytes([*first, *second])),
            (Self::Turn, [l0, l1, ..]) => {
                let length = usize::from(u16::from_be_bytes([*l0, *l1]));
                match first >> 6 {
                    0 => stun::HEADER_LEN + length,
                    1 => 4 + length.next_multiple_of(4),
                    _ => return Err(Broken),
                }
            }
            (Self::Turn, _) => return Ok(None),
        };
        if length > MAX_MESSAGE { Err(Broken) } else { Ok(Some(length)) }
    }
}

/// What has been read of a stream and not yet been taken.
pub(crate) struct Inbound {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Inbound {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; BUFFER].into_boxed_slice(), start: 0, end: 0 }
    }

    /// Where to read to; never empty once whole messages have been taken.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    pub(crate) fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    pub(crate) fn next(&mut self, framing: Framing) -> Result<Option<&[u8]>, Broken> {
        let waiting = self.bytes.get(self.start..self.end).unwrap_or_default();
        match framing.message_len(waiting)? {
            Some(length) if length <= waiting.len() => {
                let from = self.start;
                self.start += length;
                Ok(self.bytes.get(from..self.start))
            }
            _ => {
                self.bytes.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_as_they_went_in_however_the_stream_was_cut() {
        let stream = [&[0, 3, 1, 2, 3][..], &[0, 0], &[0, 1, 9]].concat();
        for cut in 1..stream.len() {
            let mut inbound = Inbound::new();
            let mut messages = Vec::new();
            for piece in stream.chunks(cut) {
                inbound.space()[..piece.len()].copy_from_slice(piece);
                inbound.filled(piece.len());
                while let Some(message) = inbound.next(Framing::Length).unwrap() {
                    messages.push(message.to_vec());
                }
            }
            assert_eq!(messages, [&[0, 3, 1, 2, 3][..], &[0, 0], &[0, 1, 9]], "cut every {cut} bytes");
        }
    }

    #[test]
    fn channel_data_is_padded_and_stun_is_not() {
        assert_eq!(Framing::Turn.message_len(&[0x40, 0, 0, 5, 1]), Ok(Some(12)));
        assert_eq!(Framing::Turn.message_len(&[0, 1, 0, 8]), Ok(Some(28)));
        assert_eq!(Framing::Turn.message_len(&[0, 1, 0]), Ok(None));
        assert_eq!(Framing::Turn.message_len(&[0x80, 0, 0, 0]), Err(Broken), "neither");
    }

    #[test]
    fn a_message_longer_than_any_of_ours_breaks_the_stream() {
        assert_eq!(Framing::Length.message_len(&[0xFF, 0xFF]), Err(Broken));
        assert_eq!(Framing::Turn.message_len(&[0, 1, 0xFF, 0xFC]), Err(Broken));
        assert_eq!(Framing::Length.message_len(&[0x06, 0x40]), Ok(Some(2 + MAX_DATAGRAM)));
    }
}
