//! Packets of one frame made equally long, so that they leave in one run of segmentation offload.
//!
//! libwebrtc cuts a frame into packets that differ by at most one byte, the smaller ones first, and a run ends before a datagram
//! that is larger than its first. One byte of padding (RFC 3550 §5.1) on the smaller ones makes one run of two. Owns what is
//! known of the frame that is being sent.

use crate::ids::RtpTimestamp;

#[derive(Debug, Default)]
pub(crate) struct Evenness {
    timestamp: Option<RtpTimestamp>,
    /// Of its largest packets.
    len: usize,
}

impl Evenness {
    /// Whether the next packet of a stream gets its byte. A frame's last packet may be shorter than the others.
    pub(crate) fn pads(&mut self, timestamp: RtpTimestamp, is_last: bool, len: usize) -> bool {
        if self.timestamp != Some(timestamp) {
            *self = Self { timestamp: Some(timestamp), len: len + 1 };
        }
        !is_last && len + 1 == self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the packets of a frame, sent after another frame, become.
    fn padded(frame: &[usize]) -> Vec<usize> {
        let mut evenness = Evenness::default();
        evenness.pads(RtpTimestamp(1), false, 700);
        let last = frame.len() - 1;
        let lens = frame.iter().enumerate();
        lens.map(|(index, len)| len + usize::from(evenness.pads(RtpTimestamp(2), index == last, *len))).collect()
    }

    #[test]
    fn a_frame_in_packets_one_byte_apart_becomes_even() {
        assert_eq!(padded(&[1_100, 1_100, 1_101, 1_101]), [1_101; 4]);
        assert_eq!(padded(&[1_100, 1_101]), [1_101; 2]);
    }

    #[test]
    fn an_even_frame_stays_a_run_and_a_frame_of_one_packet_stays_as_it_is() {
        assert_eq!(padded(&[1_100; 3]), [1_101, 1_101, 1_100], "only the last may be shorter");
        assert_eq!(padded(&[900]), [900]);
    }

    #[test]
    fn packets_of_quite_different_sizes_are_left_alone_but_for_the_first() {
        assert_eq!(padded(&[40, 1_200, 1_200, 300]), [41, 1_200, 1_200, 300]);
    }
}
