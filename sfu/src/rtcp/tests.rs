//! Reader, writer and recorder against `rtc-rtcp` as the independent implementation, and against arbitrary bytes.

use super::reader::{IntraRequest, RtcpPacket, SenderInfo, packets};
use super::transport_feedback::{Arrival, ArrivalRecorder, MAX_RECORDED, Sequel, TransportFeedback};
use super::writer::{CompoundWriter, MAX_REPORT_BLOCKS, NoRoom};
use super::{NtpTime, ReportBlock, duration_to_units};
use crate::ids::{RtpTimestamp, SeqNo, Ssrc};
use crate::rtp::corpus::replay_with_mutations;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rtc_rtcp::goodbye::Goodbye;
use rtc_rtcp::packet::Packet;
use rtc_rtcp::payload_feedbacks::full_intra_request::{FirEntry, FullIntraRequest};
use rtc_rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc_rtcp::receiver_report::ReceiverReport;
use rtc_rtcp::reception_report::ReceptionReport;
use rtc_rtcp::sender_report::SenderReport;
use rtc_rtcp::source_description::{SdesType, SourceDescription};
use rtc_rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
use rtc_rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};
use std::collections::BTreeMap;
use std::time::Duration;

const SENDER: Ssrc = Ssrc(0x0a0b_0c0d);
const MEDIA: Ssrc = Ssrc(0x0102_0304);

fn report_block(ssrc: u32) -> ReportBlock {
    ReportBlock {
        ssrc: Ssrc(ssrc),
        fraction_lost: 64,
        cumulative_lost: 0x0001_0203,
        highest_sequence: 0x0002_fffe,
        jitter: 90,
        last_sender_report: 0xaabb_ccdd,
        delay_since_last: 65_536,
    }
}

fn their_block(ssrc: u32) -> ReceptionReport {
    ReceptionReport {
        ssrc,
        fraction_lost: 64,
        total_lost: 0x0001_0203,
        last_sequence_number: 0x0002_fffe,
        jitter: 90,
        last_sender_report: 0xaabb_ccdd,
        delay: 65_536,
    }
}

fn sender_info() -> SenderInfo {
    SenderInfo { ntp: NtpTime(0xe000_0001_8000_0000), rtp: RtpTimestamp(90_000), packets: 11, octets: 12_345 }
}

fn their_reading(bytes: &[u8]) -> Vec<Box<dyn Packet>> {
    rtc_rtcp::packet::unmarshal(&mut &bytes[..]).unwrap()
}

fn our_reading(bytes: &[u8]) -> Vec<RtcpPacket<'_>> {
    packets(bytes).collect::<Result<_, _>>().unwrap()
}

fn downcast<T: 'static>(packet: &dyn Packet) -> &T {
    packet.as_any().downcast_ref().unwrap()
}

#[test]
fn another_implementation_reads_the_compounds_we_write() {
    let mut buffer = [0xee; 2_000];
    let mut writer = CompoundWriter::new(&mut buffer);
    let full: Vec<_> = (0..31).map(report_block).collect();
    writer.sender_report(SENDER, &sender_info(), &full[..2]).unwrap();
    writer.canonical_name(SENDER, "kenes-7").unwrap();
    writer.receiver_report(SENDER, &full).unwrap();
    writer.nack(SENDER, MEDIA, [65_534, 65_535, 3, 14, 15, 1_000].map(SeqNo)).unwrap();
    writer.picture_loss(SENDER, MEDIA).unwrap();
    writer.goodbye(&[SENDER, MEDIA]).unwrap();
    let len = writer.len();

    let read = their_reading(&buffer[..len]);
    let sender_report: &SenderReport = downcast(&*read[0]);
    assert_eq!((sender_report.ssrc, sender_report.ntp_time), (SENDER.0, 0xe000_0001_8000_0000));
    assert_eq!((sender_report.rtp_time, sender_report.packet_count, sender_report.octet_count), (90_000, 11, 12_345));
    assert_eq!(sender_report.reports, [their_block(0), their_block(1)]);
    let description: &SourceDescription = downcast(&*read[1]);
    assert_eq!(description.chunks[0].source, SENDER.0);
    assert_eq!(description.chunks[0].items[0].sdes_type, SdesType::SdesCname);
    assert_eq!(description.chunks[0].items[0].text[..], *b"kenes-7");
    let receiver_report: &ReceiverReport = downcast(&*read[2]);
    assert_eq!(receiver_report.reports, (0..31).map(their_block).collect::<Vec<_>>());
    let nack: &TransportLayerNack = downcast(&*read[3]);
    let asked: Vec<u16> = nack.nacks.iter().flat_map(|pair| pair.packet_list()).collect();
    assert_eq!((nack.media_ssrc, asked), (MEDIA.0, vec![65_534, 65_535, 3, 14, 15, 1_000]));
    assert_eq!(nack.nacks.len(), 3, "65534 reaches to 14");
    assert_eq!(downcast::<PictureLossIndication>(&*read[4]).media_ssrc, MEDIA.0);
    assert_eq!(downcast::<Goodbye>(&*read[5]).sources, [SENDER.0, MEDIA.0]);
}

#[test]
fn we_read_the_compounds_that_another_implementation_writes() {
    let reports = vec![their_block(1), their_block(2)];
    let missing = [5, 6, 9, 22, 400];
    let written = rtc_rtcp::packet::marshal(&[
        Box::new(SenderReport {
            ssrc: SENDER.0,
            ntp_time: 0xe000_0001_8000_0000,
            rtp_time: 90_000,
            packet_count: 11,
            octet_count: 12_345,
            reports: reports.clone(),
            ..Default::default()
        }) as Box<dyn Packet>,
        Box::new(ReceiverReport { ssrc: SENDER.0, reports, ..Default::default() }),
        Box::new(TransportLayerNack {
            sender_ssrc: SENDER.0,
            media_ssrc: MEDIA.0,
            nacks: nack_pairs_from_sequence_numbers(&missing),
        }),
        Box::new(PictureLossIndication { sender_ssrc: SENDER.0, media_ssrc: MEDIA.0 }),
        Box::new(FullIntraRequest {
            sender_ssrc: SENDER.0,
            media_ssrc: 0,
            fir: vec![FirEntry { ssrc: MEDIA.0, sequence_number: 9 }],
        }),
        Box::new(Goodbye { sources: vec![1, 2], reason: "left".into() }),
    ])
    .unwrap();
    let read = our_reading(&written);
    let blocks = [report_block(1), report_block(2)];
    assert!(matches!(&read[0], RtcpPacket::SenderReport { ssrc, info, reports }
        if *ssrc == SENDER && *info == sender_info() && reports.clone().eq(blocks)));
    assert!(matches!(&read[1], RtcpPacket::ReceiverReport { ssrc, reports }
        if *ssrc == SENDER && reports.clone().eq(blocks)));
    assert!(matches!(&read[2], RtcpPacket::Nack { media, missing: asked }
        if *media == MEDIA && asked.clone().eq(missing.map(SeqNo))));
    assert!(matches!(&read[3], RtcpPacket::PictureLoss { media } if *media == MEDIA));
    assert!(matches!(&read[4], RtcpPacket::FullIntraRequest { requests }
        if requests.clone().eq([IntraRequest { media: MEDIA, number: 9 }])));
    assert!(matches!(&read[5], RtcpPacket::Goodbye { sources } if sources.clone().eq([Ssrc(1), Ssrc(2)])));
}

#[test]
fn a_negative_loss_survives_the_wire() {
    let mut buffer = [0; 64];
    let mut writer = CompoundWriter::new(&mut buffer);
    let block = ReportBlock { cumulative_lost: -5, ..report_block(1) };
    writer.receiver_report(SENDER, &[block]).unwrap();
    let len = writer.len();
    assert!(matches!(&our_reading(&buffer[..len])[0], RtcpPacket::ReceiverReport { reports, .. }
        if reports.clone().eq([block])));
}

#[test]
fn a_packet_that_does_not_fit_leaves_the_compound_as_it_was() {
    let mut buffer = [0; 20];
    let mut writer = CompoundWriter::new(&mut buffer);
    writer.receiver_report(SENDER, &[]).unwrap();
    assert_eq!(writer.sender_report(SENDER, &sender_info(), &[]), Err(NoRoom));
    assert_eq!(writer.receiver_report(SENDER, &[report_block(1); MAX_REPORT_BLOCKS + 1]), Err(NoRoom));
    writer.picture_loss(SENDER, MEDIA).unwrap();
    assert_eq!((writer.len(), our_reading(&buffer).len()), (20, 2));
}

#[test]
fn a_report_block_measures_the_round_trip() {
    let sent = NtpTime::since_1900(Duration::from_secs(3_900_000_000));
    let now = NtpTime::since_1900(Duration::from_secs(3_900_000_000) + Duration::from_millis(250));
    let held = duration_to_units(Duration::from_millis(100));
    let block = ReportBlock { last_sender_report: sent.middle(), delay_since_last: held, ..report_block(1) };
    let round_trip = block.round_trip(now).unwrap();
    assert!(round_trip.abs_diff(Duration::from_millis(150)) < Duration::from_micros(50), "{round_trip:?}");
    assert_eq!(block.round_trip(sent), None, "the peer cannot have held it longer than it was away");
    assert_eq!(ReportBlock { last_sender_report: 0, ..block }.round_trip(now), None);
}

#[test]
fn a_bad_body_costs_one_packet_and_a_bad_length_the_rest() {
    let mut compound = vec![0x81, 206, 0, 1, 0, 0, 0, 1];
    compound.extend([0x81, 203, 0, 1, 0, 0, 0, 9]);
    compound.extend([0x81, 203, 0, 9, 0, 0, 0, 9]);
    let read: Vec<_> = packets(&compound).map(|packet| packet.is_ok()).collect();
    assert_eq!(read, [false, true, false]);
}

#[test]
fn no_bytes_make_the_reader_panic() {
    replay_with_mutations("rtcp", |bytes| {
        for packet in packets(bytes).flatten() {
            match packet {
                RtcpPacket::SenderReport { reports, .. } | RtcpPacket::ReceiverReport { reports, .. } => {
                    assert!(reports.count() <= MAX_REPORT_BLOCKS);
                }
                RtcpPacket::Nack { missing, .. } => assert!(missing.count() <= 17 * bytes.len() / 4),
                RtcpPacket::FullIntraRequest { requests } => assert!(requests.count() <= bytes.len() / 8),
                RtcpPacket::Goodbye { sources } => assert!(sources.count() <= 31),
                RtcpPacket::TransportFeedback(feedback) => {
                    assert_eq!(feedback.arrivals().count(), usize::from(feedback.status_count));
                }
                RtcpPacket::PictureLoss { .. } | RtcpPacket::Other { .. } => {}
            }
        }
    });
}

#[test]
fn every_kind_of_status_chunk_is_read() {
    let bytes = include_bytes!("../../fuzz-corpus/rtcp/transport_feedback");
    let read = our_reading(bytes);
    let RtcpPacket::TransportFeedback(feedback) = &read[0] else { panic!("{read:?}") };
    let start = 64_000;
    let ticks: Vec<_> = feedback.arrivals().map(|arrival| arrival.received_us.map(|us| (us - start) / 250)).collect();
    let run = [Some(4), Some(12), Some(267)];
    let two_bits = [Some(268), Some(269), None, Some(278), Some(-22), None, Some(-19)];
    let one_bit = [Some(-14), None, Some(-8), Some(-1)];
    assert_eq!(ticks, [&run[..], &two_bits, &one_bit].concat());
    assert_eq!(feedback.arrivals().nth(3).map(|arrival| arrival.sequence), Some(0), "0xfffd and three on");
}

/// The numbers that are left out before each of these feedbacks on `base`, `count` and feedback count, all of which came.
fn left_out_before(feedbacks: &[(u16, u8, u8)]) -> Vec<Vec<u16>> {
    let mut sequel = Sequel::default();
    let mut left_out = |(base, status_count, feedback_count): (u16, u8, u8)| {
        let [high, low] = base.to_be_bytes();
        let mut bytes = vec![high, low, 0, status_count, 0, 0, 1, feedback_count, 0x20, status_count];
        bytes.extend(vec![4; usize::from(status_count)]);
        let feedback = TransportFeedback::parse(MEDIA, &bytes).unwrap();
        sequel.left_out(&feedback).collect()
    };
    feedbacks.iter().map(|feedback| left_out(*feedback)).collect()
}

#[test]
fn what_no_feedback_speaks_of_was_lost_unless_a_feedback_was() {
    let none = Vec::<u16>::new;
    assert_eq!(left_out_before(&[(10, 5, 255), (15, 2, 0), (19, 2, 1)]), [none(), none(), vec![17, 18]]);
    assert_eq!(
        left_out_before(&[(10, 5, 7), (20, 2, 9), (22, 2, 10)]),
        [none(), none(), none()],
        "the eighth is missing"
    );
    assert_eq!(left_out_before(&[(10, 5, 7), (12, 5, 8), (17, 1, 9)]), [none(), none(), none()], "said again");
    assert_eq!(left_out_before(&[(65_530, 4, 1), (0, 1, 2)]), [none(), vec![65_534, 65_535]]);
}

/// All feedback there is, parsed by us and checked against the other implementation; the wire order of arrivals.
fn drain(recorder: &mut ArrivalRecorder, room: usize) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    let mut buffer = vec![0; room];
    while let Some(len) = recorder.build(SENDER, MEDIA, &mut buffer) {
        let read = our_reading(&buffer[..len]);
        let RtcpPacket::TransportFeedback(feedback) = &read[0] else { panic!("{read:?}") };
        let theirs = their_reading(&buffer[..len]);
        compare(feedback, downcast(&*theirs[0]));
        arrivals.extend(feedback.arrivals());
    }
    arrivals
}

fn compare(ours: &TransportFeedback<'_>, theirs: &TransportLayerCc) {
    assert_eq!((ours.base, ours.status_count), (theirs.base_sequence_number, theirs.packet_status_count));
    assert_eq!((ours.media.0, ours.feedback_count), (theirs.media_ssrc, theirs.fb_pkt_count));
    let mut now = i64::from(theirs.reference_time) * 64_000;
    let expected: Vec<_> = theirs
        .recv_deltas
        .iter()
        .map(|delta| {
            now += delta.delta;
            now
        })
        .collect();
    assert_eq!(ours.arrivals().filter_map(|arrival| arrival.received_us).collect::<Vec<_>>(), expected);
}

#[test]
fn feedback_reports_each_packet_once_with_its_time_to_a_quarter_millisecond() {
    let seed = 0x7cc;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut recorder = ArrivalRecorder::default();
    let mut now_us = 0;
    let mut sent = BTreeMap::new();
    let mut reported = Vec::new();
    for sequence in 64_000..70_000_u32 {
        now_us += rng.random_range(0..3_000);
        if rng.random_range(0..5_000) == 0 {
            now_us += 9_000_000;
        }
        let wire = u16::try_from(sequence & 0xffff).unwrap();
        // The first always arrives: feedback cannot know of packets before the first arrival.
        if sequence == 64_000 || rng.random_range(0..10) > 0 {
            recorder.record(wire, now_us);
            recorder.record(wire, now_us + 1_000_000);
            sent.insert(sequence, Some(now_us.cast_signed()));
        } else {
            sent.insert(sequence, None);
        }
        if sequence % 50 == 0 {
            reported.extend(drain(&mut recorder, rng.random_range(60..1_200)));
        }
    }
    reported.extend(drain(&mut recorder, 1_200));
    let origin = reported[0].received_us.unwrap() - sent[&64_000].unwrap();
    for (arrival, (sequence, at)) in reported.iter().zip(&sent) {
        assert_eq!(u32::from(arrival.sequence), sequence & 0xffff, "seed {seed:#x}");
        let error = arrival.received_us.zip(*at).map(|(read, at)| (read - origin - at).abs());
        assert_eq!(arrival.received_us.is_some(), at.is_some(), "seed {seed:#x}, packet {sequence}");
        assert!(error.is_none_or(|error| error <= 250), "seed {seed:#x}, packet {sequence}: {error:?} us");
    }
    assert!(reported.len() > 5_900);
}

#[test]
fn a_packet_that_comes_after_its_feedback_is_reported_after_all() {
    let mut recorder = ArrivalRecorder::default();
    for (sequence, at_us) in [(10, 0), (12, 10_000)] {
        recorder.record(sequence, at_us);
    }
    let first: Vec<_> = drain(&mut recorder, 200).iter().map(|arrival| arrival.received_us.is_some()).collect();
    assert_eq!(first, [true, false, true]);
    assert!(!recorder.is_pending());
    recorder.record(11, 90_000);
    let second = drain(&mut recorder, 200);
    assert_eq!(second[0].sequence, 11);
    assert_eq!(second.iter().map(|arrival| arrival.received_us).collect::<Vec<_>>(), [Some(154_000), Some(74_000)]);
}

#[test]
fn a_jump_of_the_sequence_is_bounded_work_and_starts_anew() {
    let mut recorder = ArrivalRecorder::default();
    recorder.record(0, 0);
    recorder.record(20_000, 0);
    let reported = drain(&mut recorder, 1_200);
    assert_eq!(reported.iter().map(|arrival| arrival.sequence).collect::<Vec<_>>(), [20_000]);
    let last = 20_000 + u16::try_from(MAX_RECORDED).unwrap();
    recorder.record(last, 0);
    let reported = drain(&mut recorder, 1_200);
    assert_eq!((reported.len(), reported.last().map(|arrival| arrival.sequence)), (MAX_RECORDED, Some(last)));
}
