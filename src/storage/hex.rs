//! Digests as text: two lower-case hexadecimal digits a byte. Keeps no state.

use std::fmt::Write as _;

pub(super) fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn decode<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != 2 * BYTES || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        assert_eq!(encode(&[0, 0xa5]), "00a5");
        assert_eq!(decode("00a5"), Some([0, 0xa5]));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        for text in ["", "00a", "00a50", "zz00", "+1+1", "é0"] {
            assert_eq!(decode::<2>(text), None, "{text}");
        }
    }
}
