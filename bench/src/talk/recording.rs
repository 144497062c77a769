//! What one person sent and what arrived, with times: the material that `quality` judges after the talk.
//!
//! Only grows while the talk runs, and judges nothing; shared by the peer's tasks behind one lock.

use super::clip::LAYERS;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Instant;

/// One person's side of the talk.
#[derive(Default)]
pub(super) struct Recording {
    pub sent: Sent,
    /// By SSRC: a slot has one for its whole life.
    pub audio: BTreeMap<u32, Vec<Packet>>,
    pub video: BTreeMap<u32, Vec<Packet>>,
}

/// When each packet of speech and each frame of each layer left, by its place in the clip.
#[derive(Default)]
pub(super) struct Sent {
    pub audio: Vec<(Instant, usize)>,
    pub video: [Vec<(Instant, usize)>; LAYERS.len()],
    /// A tick of the camera each, whichever layers were wanted.
    pub captured: Vec<Instant>,
    pub key_frame_requests: usize,
}

/// One RTP packet as it arrived.
#[derive(Clone)]
pub(super) struct Packet {
    pub arrived: Instant,
    pub sequence_number: u16,
    pub timestamp: u32,
    pub marker: bool,
    pub payload: Bytes,
}

/// Packets of one SSRC by sequence number, repeats dropped, each with how many are missing before it.
#[must_use]
pub(super) fn in_order(packets: &[Packet]) -> Vec<(u64, &Packet)> {
    let mut numbered: BTreeMap<i64, &Packet> = BTreeMap::new();
    let mut newest: Option<i64> = None;
    for packet in packets {
        let number = match newest {
            None => i64::from(packet.sequence_number),
            Some(newest) => newest + i64::from(distance(newest, packet.sequence_number)),
        };
        newest = newest.max(Some(number));
        numbered.entry(number).or_insert(packet);
    }
    let mut before: Option<i64> = None;
    let with_holes = numbered.into_iter().map(|(number, packet)| {
        let missing = before.map_or(0, |before| u64::try_from(number - before - 1).unwrap_or(0));
        before = Some(number);
        (missing, packet)
    });
    with_holes.collect()
}

/// From the newest extended number to a 16-bit one, the short way round (RFC 3550 §A.1).
fn distance(newest: i64, sequence_number: u16) -> i16 {
    let [.., high, low] = newest.to_be_bytes();
    sequence_number.wrapping_sub(u16::from_be_bytes([high, low])).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(numbers: &[u16]) -> Vec<Packet> {
        let packet = |&sequence_number| Packet {
            arrived: crate::clock::now(),
            sequence_number,
            timestamp: 0,
            marker: false,
            payload: Bytes::new(),
        };
        numbers.iter().map(packet).collect()
    }

    fn order(numbers: &[u16]) -> Vec<(u64, u16)> {
        in_order(&packets(numbers)).iter().map(|(missing, packet)| (*missing, packet.sequence_number)).collect()
    }

    #[test]
    fn packets_are_put_in_order_over_the_wrap_of_the_sequence_number() {
        assert_eq!(order(&[65_534, 0, 65_535, 1]), [(0, 65_534), (0, 65_535), (0, 0), (0, 1)]);
    }

    #[test]
    fn a_hole_is_counted_and_a_repeat_is_not() {
        assert_eq!(order(&[10, 13, 13, 14]), [(0, 10), (2, 13), (0, 14)]);
    }
}
