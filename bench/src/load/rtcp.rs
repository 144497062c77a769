//! RTCP of a receiver and sender that asks for key frames and nothing else: reports each second, PLI; and what servers ask.
//!
//! Pure: bytes in and out, before sealing and after opening.

use super::inbound::Inbound;
use super::outbound::Stream;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const PAYLOAD_FEEDBACK: u8 = 206;
const PLI: u8 = 1;
const FIR: u8 = 4;
/// A count has five bits (RFC 3550 §6.4.1).
const MAX_BLOCKS: usize = 31;

/// What a compound packet asks or tells.
pub(super) enum Told {
    /// A key frame of this SSRC (RFC 4585 §6.3.1, RFC 5104 §4.3.1).
    KeyFrame(u32),
    /// A sender report: SSRC, and the middle of its NTP time for the next report block.
    Report(u32, u32),
}

/// A compound packet (RFC 3550 §6.1): a sender report for each stream, a receiver report for what arrives, SDES.
pub(super) fn reports<'a>(
    out: &mut Vec<u8>,
    own_ssrc: u32,
    streams: impl Iterator<Item = &'a Stream>,
    arriving: &mut [Inbound],
    (now_ns, unix_ns): (u64, u64),
) {
    for stream in streams.filter(|stream| stream.packets > 0) {
        packet(out, 0, SENDER_REPORT, |out| {
            let ntp = ntp(unix_ns);
            for field in [stream.ssrc, ntp.0, ntp.1, stream.timestamp, stream.packets, stream.octets] {
                out.extend_from_slice(&field.to_be_bytes());
            }
        });
    }
    for blocks in arriving.chunks_mut(MAX_BLOCKS) {
        let count = u8::try_from(blocks.len()).unwrap_or(0);
        packet(out, count, RECEIVER_REPORT, |out| {
            out.extend_from_slice(&own_ssrc.to_be_bytes());
            for inbound in blocks {
                out.extend_from_slice(&inbound.report(now_ns));
            }
        });
    }
    if out.is_empty() {
        packet(out, 0, RECEIVER_REPORT, |out| out.extend_from_slice(&own_ssrc.to_be_bytes()));
    }
    packet(out, 1, SOURCE_DESCRIPTION, |out| {
        out.extend_from_slice(&own_ssrc.to_be_bytes());
        // CNAME, four bytes, and the end of the chunk.
        out.extend_from_slice(b"\x01\x04load\x00\x00");
    });
}

/// A PLI, behind the report that a compound packet begins with.
pub(super) fn key_frame_request(out: &mut Vec<u8>, own_ssrc: u32, media_ssrc: u32) {
    packet(out, 0, RECEIVER_REPORT, |out| out.extend_from_slice(&own_ssrc.to_be_bytes()));
    packet(out, PLI, PAYLOAD_FEEDBACK, |out| {
        out.extend_from_slice(&own_ssrc.to_be_bytes());
        out.extend_from_slice(&media_ssrc.to_be_bytes());
    });
}

fn packet(out: &mut Vec<u8>, count: u8, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0x80 | count, kind, 0, 0]);
    body(out);
    out.resize(start + (out.len() - start).next_multiple_of(4), 0);
    let words = u16::try_from((out.len() - start) / 4 - 1).unwrap_or(0);
    if let Some(place) = out.get_mut(start + 2..start + 4) {
        place.copy_from_slice(&words.to_be_bytes());
    }
}

/// Seconds and fraction since 1900.
fn ntp(unix_ns: u64) -> (u32, u32) {
    let seconds = unix_ns / 1_000_000_000 + 2_208_988_800;
    let fraction = ((unix_ns % 1_000_000_000) << 32) / 1_000_000_000;
    (u32::try_from(seconds & u64::from(u32::MAX)).unwrap_or(0), u32::try_from(fraction).unwrap_or(0))
}

/// Reads a compound packet as far as it can be read.
pub(super) fn read(mut compound: &[u8], mut told: impl FnMut(Told)) {
    while let Some(([flags, kind, high, low], rest)) = compound.split_first_chunk::<4>() {
        let len = 4 * usize::from(u16::from_be_bytes([*high, *low]));
        let Some((body, next)) = rest.split_at_checked(len) else { return };
        let word = |at: usize| {
            let bytes = body.get(4 * at..)?.first_chunk::<4>()?;
            Some(u32::from_be_bytes(*bytes))
        };
        match (*kind, flags & 0x1f) {
            (SENDER_REPORT, _) => {
                if let (Some(ssrc), Some(seconds), Some(fraction)) = (word(0), word(1), word(2)) {
                    told(Told::Report(ssrc, seconds << 16 | fraction >> 16));
                }
            }
            (PAYLOAD_FEEDBACK, PLI) => word(1).into_iter().for_each(|ssrc| told(Told::KeyFrame(ssrc))),
            (PAYLOAD_FEEDBACK, FIR) => {
                (2..len / 4).step_by(2).filter_map(word).for_each(|ssrc| told(Told::KeyFrame(ssrc)));
            }
            _ => {}
        }
        compound = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_for_a_key_frame_is_read_as_it_was_written() {
        let mut bytes = Vec::new();
        key_frame_request(&mut bytes, 1, 77);
        let mut asked = Vec::new();
        read(&bytes, |told| {
            if let Told::KeyFrame(ssrc) = told {
                asked.push(ssrc);
            }
        });
        assert_eq!(asked, [77]);
    }

    #[test]
    fn another_implementation_reads_reports_and_requests() {
        let mut bytes = Vec::new();
        reports(&mut bytes, 5, std::iter::empty(), &mut [], (0, 1_700_000_000_000_000_000));
        key_frame_request(&mut bytes, 5, 77);
        let packets = rtc::rtcp::packet::unmarshal(&mut bytes.as_slice()).unwrap();
        assert_eq!(packets.len(), 4);
    }
}
