//! How long the sound of an Opus packet lasts. Reads its first two bytes and nothing of the sound.

use std::time::Duration;

/// RFC 6716 §3.2.5, R5: a packet is no longer.
const LONGEST: Duration = Duration::from_millis(120);

/// By its table of contents (RFC 6716 §3.1 and §3.2); `None` of what is no Opus packet.
pub(crate) fn duration(payload: &[u8]) -> Option<Duration> {
    let first = payload.first()?;
    let frames = match first & 0b11 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(payload.get(1)? & 0x3f),
    };
    Some(frame(first >> 3) * frames).filter(|lasts| (Duration::from_micros(1)..=LONGEST).contains(lasts))
}

/// RFC 6716 §3.1, table 2: SILK's frames, hybrid ones, CELT's.
fn frame(configuration: u8) -> Duration {
    let micros = match (configuration, configuration % 4) {
        (..12, 3) => 60_000,
        (..12, size) => 10_000 << size,
        (..16, size) => 10_000 << (size % 2),
        (_, size) => 2_500 << size,
    };
    Duration::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(payload: &[u8]) -> Option<f64> {
        duration(payload).map(|lasts| lasts.as_secs_f64() * 1_000.0)
    }

    #[test]
    fn speech_and_music_last_what_their_first_byte_says() {
        let of = |configuration: u8, code: u8| ms(&[configuration << 3 | code, 2]);
        assert_eq!([0, 1, 2, 3, 9, 11].map(|silk| of(silk, 0)), [10.0, 20.0, 40.0, 60.0, 20.0, 60.0].map(Some));
        assert_eq!([12, 13, 14, 15].map(|hybrid| of(hybrid, 0)), [10.0, 20.0, 10.0, 20.0].map(Some));
        assert_eq!([16, 17, 18, 31].map(|celt| of(celt, 0)), [2.5, 5.0, 10.0, 20.0].map(Some));
        assert_eq!([of(31, 1), of(31, 2), of(15, 3)], [Some(40.0); 3], "two frames of 20 ms in one packet");
    }

    #[test]
    fn what_is_no_packet_lasts_nothing() {
        assert_eq!([ms(&[]), ms(&[31 << 3 | 3])], [None; 2], "cut off");
        assert_eq!(ms(&[31 << 3 | 3, 0]), None, "of no frames");
        assert_eq!(ms(&[11 << 3 | 3, 3]), None, "of 180 ms");
    }
}
