//! Headers and payloads as browsers send them, and as nobody should.

use super::corpus::replay_with_mutations;
use super::header::{
    AudioLevel, MAX_WRITTEN_LEN, OutgoingExtensions, OutgoingHeader, RtpError, RtpHeader, write_header,
};
use super::payload::{FrameSize, Outline};
use super::vp8::PictureId;
use super::{h264, payload, red, vp8, vp9};
use crate::description::{Codec, ExtensionIds, H264Profile};
use crate::ids::{Mid, PayloadType, Rid, RtpTimestamp, SeqNo, Ssrc};

const IDS: ExtensionIds =
    ExtensionIds { mid: Some(1), rid: Some(2), repaired_rid: Some(3), audio_level: Some(4), transport_cc: Some(5) };

const CODECS: [Codec; 5] = [
    Codec::Opus,
    Codec::Red,
    Codec::Vp8,
    Codec::Vp9 { profile_id: 0 },
    Codec::H264 { profile: H264Profile::ConstrainedBaseline, packetization_mode: 1 },
];

const ONE_BYTE: &[u8] = include_bytes!("../../fuzz-corpus/rtp/one_byte_extensions");
const TWO_BYTE: &[u8] = include_bytes!("../../fuzz-corpus/rtp/two_byte_extensions");
const PADDED: &[u8] = include_bytes!("../../fuzz-corpus/rtp/sources_and_padding");
const PADDING_ONLY: &[u8] = include_bytes!("../../fuzz-corpus/rtp/padding_only");
const VP8_KEY_FRAME: &[u8] = include_bytes!("../../fuzz-corpus/vp8/key_frame");
const VP8_DELTA_FRAME: &[u8] = include_bytes!("../../fuzz-corpus/vp8/delta_frame");
const VP9_KEY_FRAME: &[u8] = include_bytes!("../../fuzz-corpus/vp9/key_frame_with_structure");
const VP9_LAYERS: &[u8] = include_bytes!("../../fuzz-corpus/vp9/layers");
const VP9_FLEXIBLE: &[u8] = include_bytes!("../../fuzz-corpus/vp9/flexible_delta");

#[test]
fn a_header_with_one_byte_extensions_is_read_in_full() {
    let header = RtpHeader::parse(ONE_BYTE).unwrap();
    assert_eq!((header.payload_type, header.marker, header.sequence), (PayloadType(111), true, SeqNo(0x1234)));
    assert_eq!((header.timestamp, header.ssrc), (RtpTimestamp(4_000), Ssrc(0xcafe_f00d)));
    assert_eq!(&ONE_BYTE[header.payload(ONE_BYTE).unwrap()], b"opus frame");
    let extensions = header.extensions(ONE_BYTE, &IDS);
    assert_eq!((extensions.mid, extensions.rid, extensions.repaired_rid), (Mid::new("0"), Rid::new("q"), None));
    assert_eq!(extensions.audio_level, Some(AudioLevel { level: 35, voice: true }));
    assert_eq!(extensions.transport_cc, Some(0x1234));
}

#[test]
fn two_byte_extensions_mean_the_same() {
    let header = RtpHeader::parse(TWO_BYTE).unwrap();
    let extensions = header.extensions(TWO_BYTE, &IDS);
    assert_eq!((extensions.mid, extensions.repaired_rid), (Mid::new("12"), Rid::new("h")));
    assert_eq!(extensions.audio_level, Some(AudioLevel { level: 127, voice: false }));
    assert_eq!(extensions.transport_cc, Some(0xffff));
}

#[test]
fn an_extension_that_was_not_negotiated_is_not_read() {
    let header = RtpHeader::parse(ONE_BYTE).unwrap();
    assert_eq!(header.extensions(ONE_BYTE, &ExtensionIds::default()), super::header::Extensions::default());
}

#[test]
fn contributing_sources_and_padding_are_not_payload() {
    let header = RtpHeader::parse(PADDED).unwrap();
    assert_eq!(&PADDED[header.payload(PADDED).unwrap()], b"payload");
    let probe = RtpHeader::parse(PADDING_ONLY).unwrap();
    assert!(probe.payload(PADDING_ONLY).unwrap().is_empty());
}

#[test]
fn padding_longer_than_the_payload_is_refused() {
    let mut packet = PADDED.to_vec();
    *packet.last_mut().unwrap() = 12;
    let header = RtpHeader::parse(&packet).unwrap();
    assert_eq!(header.payload(&packet), Err(RtpError::Padding));
    *packet.last_mut().unwrap() = 0;
    assert_eq!(header.payload(&packet), Err(RtpError::Padding));
}

#[test]
fn a_written_header_reads_back_as_it_was_meant() {
    let level = AudioLevel { level: 20, voice: true };
    let with_both = OutgoingExtensions { audio_level: Some((4, level)), transport_cc: Some((5, 0xabcd)) };
    let with_level = OutgoingExtensions { transport_cc: None, ..with_both };
    let with_sequence = OutgoingExtensions { audio_level: None, ..with_both };
    for (extensions, len) in [(with_both, 24), (with_level, 20), (with_sequence, 20), (Default::default(), 12)] {
        let outgoing = OutgoingHeader {
            has_padding: false,
            payload_type: PayloadType(96),
            marker: true,
            sequence: SeqNo(0xfffe),
            timestamp: RtpTimestamp(0x8765_4321),
            ssrc: Ssrc(7),
            extensions,
        };
        let mut out = [0xff; MAX_WRITTEN_LEN];
        assert_eq!(write_header(&mut out, &outgoing), Ok(len));
        assert_eq!(write_header(&mut out[..MAX_WRITTEN_LEN - 1], &outgoing), Err(RtpError::NoRoom));
        let header = RtpHeader::parse(&out[..len]).unwrap();
        assert_eq!((header.payload_type, header.marker, header.len), (PayloadType(96), true, len));
        assert_eq!(
            (header.sequence, header.timestamp, header.ssrc),
            (SeqNo(0xfffe), RtpTimestamp(0x8765_4321), Ssrc(7))
        );
        let read = header.extensions(&out[..len], &IDS);
        assert_eq!(read.audio_level, extensions.audio_level.map(|(_, level)| level));
        assert_eq!(read.transport_cc, extensions.transport_cc.map(|(_, sequence)| sequence));
    }
}

#[test]
fn a_vp8_key_frame_has_its_descriptor_and_size() {
    let descriptor = vp8::Descriptor::parse(VP8_KEY_FRAME).unwrap();
    assert_eq!((descriptor.len, descriptor.starts_frame()), (6, true));
    assert_eq!((descriptor.picture_id, descriptor.tl0_pic_idx), (Some(PictureId::Long(0x0123)), Some(0x45)));
    assert_eq!((descriptor.temporal_id, descriptor.layer_sync, descriptor.key_index), (Some(0), true, Some(5)));
    assert_eq!(descriptor.key_frame(VP8_KEY_FRAME), Some(FrameSize { width: 640, height: 480 }));
    assert!(Outline::of(Codec::Vp8, VP8_KEY_FRAME).starts_key_frame);
}

#[test]
fn a_vp8_delta_frame_starts_a_frame_that_nobody_can_begin_at() {
    let descriptor = vp8::Descriptor::parse(VP8_DELTA_FRAME).unwrap();
    assert!(descriptor.non_reference && descriptor.starts_frame());
    assert_eq!((descriptor.temporal_id, descriptor.picture_id), (Some(1), Some(PictureId::Short(0x7f))));
    assert!(!Outline::of(Codec::Vp8, VP8_DELTA_FRAME).starts_key_frame);
    assert!(payload::starts_frame(Codec::Vp8, VP8_DELTA_FRAME));
}

#[test]
fn vp8_numbers_are_rewritten_in_place_and_nothing_else() {
    for original in [VP8_KEY_FRAME, VP8_DELTA_FRAME] {
        let mut rewritten = original.to_vec();
        let before = vp8::Descriptor::parse(original).unwrap();
        before.pictures().rewrite(Codec::Vp8, &mut rewritten, 0x5aa5, 0x77);
        let after = vp8::Descriptor::parse(&rewritten).unwrap();
        assert_eq!(after.tl0_pic_idx, Some(0x77));
        let expected = match before.picture_id {
            Some(PictureId::Long(_)) => PictureId::Long(0x5aa5),
            _ => PictureId::Short(0x25),
        };
        assert_eq!(after, vp8::Descriptor { picture_id: Some(expected), tl0_pic_idx: Some(0x77), ..before });
        assert_eq!(rewritten[before.len..], original[before.len..]);
    }
}

#[test]
fn a_vp8_descriptor_without_numbers_is_left_alone() {
    let mut payload = vec![0x10, 0x9d, 0x01, 0x2a];
    let descriptor = vp8::Descriptor::parse(&payload).unwrap();
    descriptor.pictures().rewrite(Codec::Vp8, &mut payload, 9, 9);
    assert_eq!((descriptor.len, payload), (1, vec![0x10, 0x9d, 0x01, 0x2a]));
}

#[test]
fn a_vp9_key_frame_brings_its_size() {
    let descriptor = vp9::Descriptor::parse(VP9_KEY_FRAME).unwrap();
    assert!(descriptor.starts_key_frame());
    assert_eq!(descriptor.size, Some(FrameSize { width: 1_280, height: 720 }));
    assert_eq!(VP9_KEY_FRAME[descriptor.len], 0x82);
}

#[test]
fn vp9_numbers_are_rewritten_in_both_modes() {
    for original in [VP9_LAYERS, VP9_FLEXIBLE] {
        let mut rewritten = original.to_vec();
        let before = vp9::Descriptor::parse(original).unwrap();
        before.pictures().rewrite(Codec::Vp9 { profile_id: 0 }, &mut rewritten, 0x1155, 0x66);
        let after = vp9::Descriptor::parse(&rewritten).unwrap();
        let (id, index) = match before.picture_id {
            Some(PictureId::Long(_)) => (PictureId::Long(0x1155), None),
            _ => (PictureId::Short(0x55), Some(0x66)),
        };
        assert_eq!(after, vp9::Descriptor { picture_id: Some(id), tl0_pic_idx: index, ..before });
        assert_eq!(rewritten[before.len..], original[before.len..]);
    }
}

#[test]
fn an_upper_spatial_layer_does_not_start_a_picture() {
    // B with spatial layer 1, not inter predicted between pictures
    assert!(!vp9::Descriptor::parse(&[0x28, 0x02, 0x00, 0x00]).unwrap().starts_key_frame());
    assert!(vp9::Descriptor::parse(&[0x28, 0x00, 0x00, 0x00]).unwrap().starts_key_frame());
}

#[test]
fn h264_key_frames_are_found_alone_aggregated_and_fragmented() {
    let sps: &[u8] = &[0x67, 0x42, 0x00];
    let idr: &[u8] = &[0x65, 0x88, 0x84];
    let second_slice_of_idr: &[u8] = &[0x65, 0x48, 0x84];
    let aggregated: &[u8] = &[0x78, 0, 2, 0x68, 0xce, 0, 3, 0x65, 0x88, 0x84];
    let fragment_start: &[u8] = &[0x7c, 0x85, 0x88];
    for payload in [sps, idr, aggregated, fragment_start] {
        assert!(h264::starts_key_frame(payload) && h264::starts_frame(payload), "{payload:02x?}");
    }
    let fragment_middle: &[u8] = &[0x7c, 0x05, 0x88];
    let slice: &[u8] = &[0x41, 0x9a];
    let truncated_aggregate: &[u8] = &[0x78, 0, 9, 0x67];
    for payload in [second_slice_of_idr, fragment_middle, slice, truncated_aggregate, &[]] {
        assert!(!h264::starts_key_frame(payload), "{payload:02x?}");
    }
    assert!(h264::starts_frame(slice));
}

#[test]
fn no_bytes_make_the_header_parser_panic() {
    replay_with_mutations("rtp", |bytes| {
        if let Ok(header) = RtpHeader::parse(bytes) {
            let _ = header.extensions(bytes, &IDS);
            assert!(header.payload(bytes).ok().is_none_or(|payload| bytes.get(payload).is_some()));
        }
    });
}

#[test]
fn no_bytes_make_a_payload_parser_panic() {
    for name in ["vp8", "vp9", "h264", "red"] {
        replay_with_mutations(name, |bytes| {
            for codec in CODECS {
                let _ = Outline::of(codec, bytes);
                let _ = payload::starts_frame(codec, bytes);
            }
            let _ = red::primary(bytes);
            let mut copy = bytes.to_vec();
            if let Some(descriptor) = vp8::Descriptor::parse(bytes) {
                descriptor.pictures().rewrite(Codec::Vp8, &mut copy, 1, 2);
            }
            if let Some(descriptor) = vp9::Descriptor::parse(bytes) {
                descriptor.pictures().rewrite(Codec::Vp9 { profile_id: 0 }, &mut copy, 1, 2);
            }
        });
    }
}
