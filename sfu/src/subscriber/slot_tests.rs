//! One slot, packet by packet: what a subscriber's wire sees of a publisher's.

use super::*;
use crate::ids::SeqNo;
use crate::moment::Moment;
use crate::packet::recent::RecentFrames;
use crate::rtp::header::{AudioLevel, RtpHeader};
use crate::rtp::payload::Outline;

const CLOCKS: LayerClocks = [None; crate::description::MAX_LAYERS];
fn context(recent: Option<&RecentFrames>) -> Context<'_> {
    let now = Instant::now();
    Context { now: Moment::since(now, now), clocks: &CLOCKS, has_waited: false, recent }
}

fn codec(codec: Codec, payload_type: u8, rtx: Option<u8>) -> CodecParameters {
    CodecParameters {
        codec,
        payload_type: PayloadType(payload_type),
        clock_rate_hz: if codec == Codec::Opus { 48_000 } else { 90_000 },
        rtx: rtx.map(PayloadType),
        nack: rtx.is_some(),
        pli: rtx.is_some(),
        transport_cc: false,
    }
}

/// A slot that the subscriber negotiated with numbers of its own, carrying track 0.
fn slot(kind: MediaKind, codecs: Vec<CodecParameters>, audio_level: Option<u8>) -> Slot {
    let section = Section {
        mid: Mid::new("9").unwrap(),
        kind,
        flow: Flow::Downlink { ssrc: Ssrc(0xaaaa), rtx: Some(Ssrc(0xbbbb)) },
        codecs,
        extensions: ExtensionIds { audio_level, ..ExtensionIds::default() },
    };
    let mut slot = Slot::new(&section, 99, 9).unwrap();
    slot.bind(Some(TrackIndex(0)));
    slot.want(Some(LayerIndex::SINGLE));
    slot
}

fn packet(codec: Codec, sequence: u64, payload: &[u8]) -> MediaPacket<'_> {
    MediaPacket {
        layer: LayerIndex::SINGLE,
        epoch: 0,
        sequence: ExtendedSeq(sequence),
        timestamp: RtpTimestamp(1_000),
        marker: false,
        codec,
        is_entry_point: true,
        audio_level: Some(AudioLevel { level: 33, voice: true }),
        pictures: Outline::of(codec, payload).pictures,
        payload,
    }
}

/// What went out: the header, the extensions by the subscriber's numbers, and the payload.
fn write(slot: &mut Slot, packet: &MediaPacket<'_>) -> Result<(RtpHeader, Option<u8>, Vec<u8>), NotWritten> {
    let mut out = [0; 1_500];
    let written = slot.write(packet, &context(None), None, &mut out)?;
    let plain = &out[..written.len];
    let header = RtpHeader::parse(plain).unwrap();
    let level = header.extensions(plain, &slot.extensions).audio_level.map(|level| level.level);
    let payload = plain[header.payload(plain).unwrap()].to_vec();
    Ok((header, level, payload))
}

#[test]
fn a_packet_gets_the_subscribers_payload_type_ssrc_and_extension_number() {
    let mut slot = slot(MediaKind::Audio, vec![codec(Codec::Opus, 109, None)], Some(7));
    let (header, level, payload) = write(&mut slot, &packet(Codec::Opus, 60_000, b"words")).unwrap();
    assert_eq!((header.payload_type, header.ssrc), (PayloadType(109), Ssrc(0xaaaa)));
    assert_eq!((header.sequence, level, payload.as_slice()), (SeqNo(100), Some(33), &b"words"[..]));
    assert!(header.marker, "a new stretch of audio begins with a marker");
}

#[test]
fn a_subscriber_without_the_audio_level_extension_gets_none() {
    let mut slot = slot(MediaKind::Audio, vec![codec(Codec::Opus, 109, None)], None);
    let (header, level, _) = write(&mut slot, &packet(Codec::Opus, 1, b"words")).unwrap();
    assert_eq!((header.len, level), (12, None));
}

#[test]
fn each_codec_goes_to_the_payload_type_of_its_equal() {
    let baseline = Codec::H264 { profile: crate::description::H264Profile::ConstrainedBaseline, packetization_mode: 1 };
    let high = Codec::H264 { profile: crate::description::H264Profile::High, packetization_mode: 1 };
    let vp9 = Codec::Vp9 { profile_id: 0 };
    let codecs = vec![codec(Codec::Vp8, 120, Some(124)), codec(vp9, 121, None), codec(baseline, 126, None)];
    for (published, expected) in [(Codec::Vp8, 120), (vp9, 121), (baseline, 126)] {
        let mut slot = slot(MediaKind::Video, codecs.clone(), None);
        let (header, ..) = write(&mut slot, &packet(published, 1, &[0x65, 1, 2, 3])).unwrap();
        assert_eq!(header.payload_type, PayloadType(expected), "{published:?}");
    }
    let mut slot = slot(MediaKind::Video, codecs, None);
    assert_eq!(write(&mut slot, &packet(high, 1, &[0x65])).unwrap_err(), NotWritten::CodecMismatch);
}

#[test]
fn video_waits_for_an_entry_point_and_audio_does_not() {
    let late = |codec| MediaPacket { is_entry_point: false, ..packet(codec, 1, &[0; 4]) };
    let mut video = slot(MediaKind::Video, vec![codec(Codec::Vp8, 120, Some(124))], None);
    assert_eq!(video.awaits_keyframe(), Some(LayerIndex::SINGLE));
    assert_eq!(write(&mut video, &late(Codec::Vp8)).unwrap_err(), NotWritten::NotPlaying);
    assert!(write(&mut video, &packet(Codec::Vp8, 2, &[0; 4])).is_ok());
    assert_eq!(video.awaits_keyframe(), None);
}

#[test]
fn a_stream_that_begins_anew_under_another_ssrc_continues_the_slots_numbers() {
    let mut slot = slot(MediaKind::Audio, vec![codec(Codec::Opus, 109, None)], None);
    assert_eq!(write(&mut slot, &packet(Codec::Opus, 7, b"a")).unwrap().0.sequence, SeqNo(100));
    let anew = MediaPacket { epoch: 1, ..packet(Codec::Opus, 40_000, b"b") };
    assert_eq!(write(&mut slot, &anew).unwrap().0.sequence, SeqNo(101));
    assert_eq!(write(&mut slot, &packet(Codec::Opus, 8, b"c")).unwrap().0.sequence, SeqNo(102), "and back");
}

#[test]
fn a_retransmission_carries_the_number_that_the_subscriber_lost() {
    let mut slot = slot(MediaKind::Video, vec![codec(Codec::Vp8, 120, Some(124))], None);
    write(&mut slot, &packet(Codec::Vp8, 500, b"frame")).unwrap();
    let sequence = slot.extend(SeqNo(100)).unwrap();
    assert_eq!(slot.origin(sequence), Some((LayerIndex::SINGLE, 0, ExtendedSeq(500))));
    let kept = KeptPacket { timestamp: RtpTimestamp(1_000), marker: true, codec: Codec::Vp8, payload: b"frame" };
    let mut out = [0; 1_500];
    let written = slot.write_again(sequence, &kept, None, &mut out).unwrap();
    let header = RtpHeader::parse(&out[..written.len]).unwrap();
    assert_eq!((header.ssrc, header.payload_type), (Ssrc(0xbbbb), PayloadType(124)));
    let (original, payload) = rtx::split(&out[written.header_len..written.len]).unwrap();
    assert_eq!((original, payload), (SeqNo(100), &b"frame"[..]));
    assert_eq!(slot.extend(SeqNo(101)), None, "what was never sent cannot be asked for");
}

#[test]
fn a_frame_leaves_in_packets_of_one_size_and_reads_back_as_it_came() {
    let mut slot = slot(MediaKind::Video, vec![codec(Codec::Vp8, 96, Some(97))], None);
    let payloads = [vec![0x10; 100], vec![0; 101], vec![0; 101]];
    let mut sizes = Vec::new();
    for (number, payload) in (1..).zip(&payloads) {
        let packet = MediaPacket { marker: number == 3, ..packet(Codec::Vp8, number, payload) };
        let mut out = [0; 1_500];
        let written = slot.write(&packet, &context(None), None, &mut out).unwrap();
        let plain = &out[..written.len];
        sizes.push(plain.len());
        assert_eq!(RtpHeader::parse(plain).unwrap().payload(plain).unwrap().len(), payload.len());
    }
    assert_eq!(sizes, [113; 3]);
}

/// An audio slot of a subscriber that takes RED, and the last frames of what it hears: 20 ms each.
fn redundant_slot() -> (Slot, RecentFrames) {
    (
        slot(MediaKind::Audio, vec![codec(Codec::Opus, 111, None), codec(Codec::Red, 63, None)], None),
        RecentFrames::new(),
    )
}

/// Payload type and payload of frame `sequence` as the subscriber gets it.
fn hear(slot: &mut Slot, recent: &mut RecentFrames, sequence: u64, frame: &[u8]) -> (PayloadType, Vec<u8>) {
    let timestamp = RtpTimestamp(u32::try_from(sequence).unwrap() * 960);
    let packet = MediaPacket { timestamp, ..packet(Codec::Opus, sequence, frame) };
    let mut out = [0; 1_500];
    let written = slot.write(&packet, &context(Some(recent)), None, &mut out).unwrap();
    recent.insert(&packet);
    let plain = &out[..written.len];
    (RtpHeader::parse(plain).unwrap().payload_type, plain[written.header_len..].to_vec())
}

#[test]
fn audio_that_was_asked_for_again_goes_beside_the_next_frame() {
    let (mut slot, mut recent) = redundant_slot();
    assert_eq!(hear(&mut slot, &mut recent, 500, b"one"), (PayloadType(111), b"one".to_vec()));
    hear(&mut slot, &mut recent, 501, b"two");
    slot.owe(slot.extend(SeqNo(100)).unwrap()).unwrap();
    let (payload_type, payload) = hear(&mut slot, &mut recent, 502, b"three");
    assert_eq!(payload_type, PayloadType(63));
    let frame = |timestamp_offset, data| Block { payload_type: PayloadType(111), timestamp_offset, data };
    assert_eq!(red::blocks(&payload).collect::<Vec<_>>(), [frame(1_920, b"one"), frame(0, b"three")]);
    assert_eq!(hear(&mut slot, &mut recent, 503, b"four").0, PayloadType(111), "and once");
}

#[test]
fn redundant_audio_stays_below_the_mtu() {
    let (mut slot, mut recent) = redundant_slot();
    slot.note_loss(Loss { expected: 50, lost: 25 });
    for sequence in 1..20 {
        let (_, payload) = hear(&mut slot, &mut recent, sequence, &[7; 480]);
        assert!(payload.len() <= MAX_REDUNDANT_PAYLOAD, "{}", payload.len());
    }
}

#[test]
fn a_subscriber_without_red_hears_each_frame_once() {
    let (_, mut recent) = redundant_slot();
    let mut slot = slot(MediaKind::Audio, vec![codec(Codec::Opus, 111, None)], None);
    slot.note_loss(Loss { expected: 50, lost: 25 });
    for sequence in 1..10 {
        assert_eq!(hear(&mut slot, &mut recent, sequence, b"words"), (PayloadType(111), b"words".to_vec()));
    }
}

#[test]
fn a_decoder_that_is_stuck_gets_a_key_frame_of_what_plays_while_a_larger_layer_is_awaited() {
    let of = |layer, sequence| MediaPacket { layer: LayerIndex(layer), ..packet(Codec::Vp8, sequence, &[0; 4]) };
    let mut slot = slot(MediaKind::Video, vec![codec(Codec::Vp8, 120, Some(124))], None);
    slot.want(Some(LayerIndex(2)));
    assert_eq!(slot.stand_in(), Some(LayerIndex::SINGLE), "nothing plays");
    assert!(write(&mut slot, &of(0, 1)).is_ok());
    assert_eq!(slot.stand_in(), None, "it plays");
    slot.request_keyframe();
    assert_eq!((slot.awaits_keyframe(), slot.stand_in()), (Some(LayerIndex(2)), Some(LayerIndex(0))));
    assert!(write(&mut slot, &of(0, 2)).is_ok());
    assert_eq!((slot.awaits_keyframe(), slot.stand_in()), (Some(LayerIndex(2)), None));
}

#[test]
fn while_nothing_plays_a_lower_layer_stands_in_until_a_key_frame_of_the_wanted_one() {
    let of = |layer, sequence| MediaPacket { layer: LayerIndex(layer), ..packet(Codec::Vp8, sequence, &[0; 4]) };
    let mut slot = slot(MediaKind::Video, vec![codec(Codec::Vp8, 120, Some(124))], None);
    slot.want(Some(LayerIndex(1)));
    assert_eq!(write(&mut slot, &of(2, 1)).unwrap_err(), NotWritten::NotPlaying, "more than the link carries");
    assert!(write(&mut slot, &of(0, 1)).is_ok());
    assert_eq!(slot.awaits_keyframe(), Some(LayerIndex(1)));
    assert!(write(&mut slot, &of(1, 7)).is_ok());
    assert_eq!(slot.awaits_keyframe(), None);
    assert_eq!(write(&mut slot, &of(0, 2)).unwrap_err(), NotWritten::NotPlaying, "only where nothing plays");
}
