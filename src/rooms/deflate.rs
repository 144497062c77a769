//! Long messages as raw DEFLATE (RFC 1951): an offer of 17 sections says most things 17 times, and on a thin link its 27 KB are heard in the
//! sound for seconds. The WebSocket library knows no permessage-deflate (RFC 7692); signaling/PROTOCOL.md says what takes its place.

use axum::body::Bytes;
use flate2::Compression;
use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;
use kenes_signaling::message::ErrorCode;
use std::io::{Read as _, Write as _};

/// A shorter one fits a packet as it is.
const WORTH_IT_BYTES: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotInflated {
    /// No DEFLATE, more than one stream, or no text.
    Malformed,
    TooLarge,
}

impl NotInflated {
    pub(super) fn code(self) -> ErrorCode {
        match self {
            Self::Malformed => ErrorCode::BadMessage,
            Self::TooLarge => ErrorCode::MessageTooLarge,
        }
    }
}

/// `None` where it is not worth it.
pub(super) fn deflated(text: &str) -> Option<Bytes> {
    if text.len() < WORTH_IT_BYTES {
        return None;
    }
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(WORTH_IT_BYTES), Compression::default());
    encoder.write_all(text.as_bytes()).ok()?;
    Some(encoder.finish().ok()?.into())
}

/// Holds no more than `most` bytes, whatever it would become.
pub(super) fn inflated(bytes: &[u8], most: usize) -> Result<String, NotInflated> {
    let mut decoder = DeflateDecoder::new(bytes);
    let mut text = Vec::new();
    let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    decoder.by_ref().take(bound).read_to_end(&mut text).map_err(|_| NotInflated::Malformed)?;
    if text.len() > most {
        return Err(NotInflated::TooLarge);
    }
    if !decoder.into_inner().is_empty() {
        return Err(NotInflated::Malformed);
    }
    String::from_utf8(text).map_err(|_| NotInflated::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 64 * 1024;

    fn of(text: &str) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_repeats_itself_becomes_short_and_comes_back_whole() {
        let long = "a=rtcp-fb:96 transport-cc\r\n".repeat(1_000);
        let bytes = deflated(&long).unwrap();
        assert!(bytes.len() < long.len() / 10, "{} bytes", bytes.len());
        assert_eq!(inflated(&bytes, MOST), Ok(long));
    }

    #[test]
    fn what_fits_a_packet_stays_as_it_is() {
        assert_eq!(deflated(&"a".repeat(WORTH_IT_BYTES - 1)), None);
        assert!(deflated(&"a".repeat(WORTH_IT_BYTES)).is_some());
    }

    #[test]
    fn what_is_no_text_or_too_much_of_it_is_told_apart() {
        let whole = of("{}");
        assert_eq!(inflated(&whole, MOST).as_deref(), Ok("{}"));
        assert_eq!(inflated(&[0xff; 100], MOST), Err(NotInflated::Malformed));
        assert_eq!(inflated(&[whole.clone(), whole].concat(), MOST), Err(NotInflated::Malformed));
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&[0xff; 10]).unwrap();
        assert_eq!(inflated(&encoder.finish().unwrap(), MOST), Err(NotInflated::Malformed));
        let bomb = of(&"0".repeat(1 << 26));
        assert!(bomb.len() < 128 * 1024, "{} bytes", bomb.len());
        assert_eq!(inflated(&bomb, MOST), Err(NotInflated::TooLarge));
        assert_eq!(inflated(&of(&"0".repeat(MOST)), MOST).map(|text| text.len()), Ok(MOST));
    }
}
