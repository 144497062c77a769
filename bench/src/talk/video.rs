//! VP8 as a receiver sees it: payload descriptors off, packets into frames, frames into pictures.
//!
//! Owns one stream's partial frame and decoder state. Does not judge: it says what could be shown and what could not.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use oximedia_codec::traits::{DecoderConfig, VideoDecoder as _};
use oximedia_codec::vp8::Vp8Decoder;
use rtc::rtp::codec::vp8::Vp8Packet;
use rtc::rtp::packetizer::Depacketizer as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// 40 ms on the 90 kHz clock of video in RTP.
pub(super) const FRAME_TICKS: u32 = 3_600;

/// What a decoded frame shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub height: u32,
    pub digest: u64,
}

pub(super) struct Decoder {
    vp8: Vp8Decoder,
}

impl Decoder {
    pub(super) fn new() -> Result<Self> {
        Ok(Self { vp8: Vp8Decoder::new(DecoderConfig::default()).context("cannot make a VP8 decoder")? })
    }

    pub(super) fn decode(&mut self, frame: &[u8]) -> Result<Picture> {
        self.vp8.send_packet(frame, 0).context("the VP8 decoder refuses a frame")?;
        let picture = self.vp8.receive_frame()?.context("the frame is not to be shown")?;
        let mut hasher = DefaultHasher::new();
        for plane in &picture.planes {
            plane.data.hash(&mut hasher);
        }
        Ok(Picture { height: picture.height, digest: hasher.finish() })
    }
}

/// RFC 6386 §9.1: the lowest bit of the first byte is 0 in a key frame.
#[must_use]
pub(super) fn is_key_frame(frame: &[u8]) -> bool {
    frame.first().is_some_and(|byte| byte & 1 == 0)
}

/// Puts packets of one stream, in order of sequence numbers, together to frames (RFC 7741 §4.4).
#[derive(Default)]
pub(super) struct Assembler {
    frame: Vec<u8>,
    picture: Option<PictureNumber>,
    /// What comes until the next start of a frame belongs to one that lost its beginning.
    waits_for_start: bool,
}

/// What a frame's descriptor says of its place in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PictureNumber {
    /// 7 or 15 bits; `None` where the stream has none.
    pub picture_id: Option<u16>,
}

pub(super) struct Frame {
    pub bytes: Bytes,
    pub number: PictureNumber,
}

impl Assembler {
    /// A hole before this packet: the frame in hand will never be whole.
    pub(super) fn handle_loss(&mut self) {
        self.frame.clear();
        self.waits_for_start = true;
    }

    /// A frame when `payload` was its last packet.
    pub(super) fn handle_packet(&mut self, payload: &Bytes, marker: bool) -> Result<Option<Frame>> {
        let mut descriptor = Vp8Packet::default();
        let data = descriptor.depacketize(payload).context("a packet has no VP8 payload descriptor (RFC 7741 §4.2)")?;
        if descriptor.s == 1 && descriptor.pid == 0 {
            self.frame.clear();
            self.waits_for_start = false;
            self.picture = Some(PictureNumber { picture_id: (descriptor.i == 1).then_some(descriptor.picture_id) });
        }
        if self.waits_for_start {
            return Ok(None);
        }
        self.frame.extend_from_slice(&data);
        if !marker {
            return Ok(None);
        }
        let number = self.picture.take();
        let bytes = Bytes::from(std::mem::take(&mut self.frame));
        Ok(number.map(|number| Frame { bytes, number }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtc::rtp::codec::vp8::Vp8Payloader;
    use rtc::rtp::packetizer::Payloader as _;

    fn packets(frame: &[u8]) -> Vec<Bytes> {
        let mut payloader = Vp8Payloader::default();
        payloader.enable_picture_id = true;
        payloader.payload(100, &Bytes::copy_from_slice(frame)).unwrap()
    }

    #[test]
    fn a_frame_comes_out_of_its_packets_as_it_went_in() {
        let frame: Vec<u8> = (0..250).map(|byte| u8::try_from(byte).unwrap()).collect();
        let packets = packets(&frame);
        let mut assembler = Assembler::default();
        let (last, rest) = packets.split_last().unwrap();
        for packet in rest {
            assert!(assembler.handle_packet(packet, false).unwrap().is_none());
        }
        assert_eq!(assembler.handle_packet(last, true).unwrap().unwrap().bytes, frame);
    }

    #[test]
    fn a_frame_with_a_hole_never_comes_out() {
        let packets = packets(&[7; 350]);
        let mut assembler = Assembler::default();
        assembler.handle_packet(&packets[0], false).unwrap();
        assembler.handle_loss();
        assert!(assembler.handle_packet(&packets[2], false).unwrap().is_none());
        assert!(assembler.handle_packet(&packets[3], true).unwrap().is_none());
    }
}
