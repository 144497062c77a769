//! Retransmission payloads (RFC 4588 §4): the original sequence number before the original payload. Holds no state.

use crate::ids::SeqNo;

/// Bytes that RTX puts before the original payload.
pub const OSN_LEN: usize = 2;

/// The original sequence number and payload of a retransmission. `None` for a payload without one, such as a padding-only
/// probe on the RTX stream.
#[must_use]
pub fn split(payload: &[u8]) -> Option<(SeqNo, &[u8])> {
    let (osn, original) = payload.split_first_chunk()?;
    Some((SeqNo(u16::from_be_bytes(*osn)), original))
}

/// What to put before the payload when retransmitting it.
#[must_use]
pub fn osn(original: SeqNo) -> [u8; OSN_LEN] {
    original.0.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retransmission_carries_the_original_sequence_number_and_payload() {
        assert_eq!(split(&[0x12, 0x34, 9, 8]), Some((SeqNo(0x1234), &[9, 8][..])));
        assert_eq!(osn(SeqNo(0x1234)), [0x12, 0x34]);
        assert_eq!(split(&[1]), None);
    }
}
