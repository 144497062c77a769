//! Tests of `quality`: a good talk passes, and each way in which a talk can be bad fails by name.

use super::*;
use rtc::rtp::codec::vp8::Vp8Payloader;
use rtc::rtp::packetizer::Payloader as _;
use std::sync::LazyLock;

static CLIP: LazyLock<Clip> = LazyLock::new(|| Clip::load().unwrap());

/// The `f` layer.
const LAYER: usize = 2;
const SECONDS: usize = 4;
const TRANSIT: Duration = Duration::from_millis(5);

/// Both ends of one direction: what was sent, and all of it received a little later.
fn talk(began: Instant) -> (Recording, Recording) {
    let (mut sender, mut receiver) = (Recording::default(), Recording::default());
    for number in 0..SECONDS * 50 {
        let at = began + AUDIO_FRAME * u32::try_from(number).unwrap();
        let payload = &CLIP.speech.packets[number].payload;
        sender.sent.audio.push((at, number));
        receiver.audio.entry(1).or_default().push(packet(at, number, number * 960, false, payload.clone()));
    }
    let mut payloader = Vp8Payloader::default();
    payloader.enable_picture_id = true;
    let mut sequence = 0;
    for number in 0..SECONDS * 25 {
        let at = began + VIDEO_FRAME * u32::try_from(number).unwrap();
        sender.sent.captured.push(at);
        sender.sent.video[LAYER].push((at, number));
        let payloads = payloader.payload(1_100, &CLIP.layers[LAYER].frames[number]).unwrap();
        let last = payloads.len() - 1;
        for (index, payload) in payloads.into_iter().enumerate() {
            let packet = packet(at, sequence, number * 3_600, index == last, payload);
            receiver.video.entry(2).or_default().push(packet);
            sequence += 1;
        }
    }
    (sender, receiver)
}

fn packet(sent: Instant, sequence: usize, timestamp: usize, marker: bool, payload: Bytes) -> Packet {
    let (sequence_number, timestamp) = (u16::try_from(sequence).unwrap(), u32::try_from(timestamp).unwrap());
    Packet { arrived: sent + TRANSIT, sequence_number, timestamp, marker, payload }
}

/// The report of a talk whose receiving end was changed by `spoil`.
fn judged(spoil: impl FnOnce(&mut Vec<Packet>, &mut Vec<Packet>)) -> DirectionReport {
    let began = crate::clock::now();
    let (sender, mut receiver) = talk(began);
    let mut audio = receiver.audio.remove(&1).unwrap();
    let mut video = receiver.video.remove(&2).unwrap();
    spoil(&mut audio, &mut video);
    receiver.audio.extend((!audio.is_empty()).then_some((1, audio)));
    receiver.video.extend((!video.is_empty()).then_some((2, video)));
    judge(("a", "b"), &CLIP, &sender, &receiver, began, &Thresholds::default()).unwrap()
}

#[track_caller]
fn assert_fails(report: &DirectionReport, word: &str) {
    assert!(report.failures.iter().any(|failure| failure.contains(word)), "no `{word}` in {:?}", report.failures);
}

#[test]
fn a_talk_that_arrives_whole_passes_with_its_figures() {
    let report = judged(|_, _| {});
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!((report.audio.packets_received, report.audio.packets_sent), (200, 200));
    assert_eq!((report.video.frames_decoded, report.video.frames_damaged, report.video.key_frames), (100, 0, 1));
    assert_eq!(report.video.heights, [360]);
    assert!(report.audio.correlation > 0.999, "{:?}", report.audio);
    assert!((report.audio.latency.p50_ms - 5.0).abs() < 0.01 && (report.video.latency.max_ms - 5.0).abs() < 0.01);
}

#[test]
fn silence_and_darkness_fail() {
    let report = judged(|audio, video| {
        audio.clear();
        video.clear();
    });
    assert_fails(&report, "no audio arrived");
    assert_fails(&report, "no video arrived");
}

#[test]
fn lost_speech_is_concealed_counted_and_fails() {
    let report = judged(|audio, _| audio.retain(|packet| packet.sequence_number % 10 != 3));
    assert_fails(&report, "audio loss 10");
    assert_fails(&report, "concealed");
    assert_eq!(report.audio.packets_received, 180);
}

#[test]
fn speech_in_the_wrong_order_is_not_what_was_said() {
    let report = judged(|audio, _| {
        let payloads: Vec<Bytes> = audio.iter().rev().map(|packet| packet.payload.clone()).collect();
        audio.iter_mut().zip(payloads).for_each(|(packet, payload)| packet.payload = payload);
    });
    assert_fails(&report, "not what was said");
}

#[test]
fn a_picture_built_on_a_lost_one_is_damaged() {
    let report = judged(|_, video| {
        let lost = video[40].timestamp;
        video.retain(|packet| packet.timestamp != lost);
        // The server numbers on, as if nothing had been lost.
        (0..).zip(video.iter_mut()).for_each(|(number, packet)| packet.sequence_number = number);
    });
    assert_fails(&report, "not those that were sent");
}

#[test]
fn video_without_its_key_frame_is_never_shown() {
    let report = judged(|_, video| video.retain(|packet| packet.timestamp != 0));
    assert_fails(&report, "no frame could be shown");
}

#[test]
fn a_picture_that_stands_still_is_a_freeze() {
    let report = judged(|_, video| {
        let half = video[video.len() / 2].arrived;
        let late = video.iter_mut().filter(|packet| packet.arrived > half);
        late.for_each(|packet| packet.arrived += Duration::from_millis(500));
    });
    assert_fails(&report, "freezes");
    assert_eq!(report.video.freezes, 1);
}

#[test]
fn video_that_ends_early_is_a_freeze_too() {
    let report = judged(|_, video| video.truncate(video.len() / 2));
    assert_fails(&report, "freezes");
    assert_fails(&report, "of the frames were shown");
}

#[test]
fn picture_ids_may_wrap_and_may_not_jump() {
    assert!(!jumps(None, Some(5)) && !jumps(Some(5), Some(6)));
    assert!(!jumps(Some(0x7fff), Some(0)) && !jumps(Some(0x7f), Some(0)) && !jumps(Some(0x7f), Some(0x80)));
    assert!(jumps(Some(5), Some(5)) && jumps(Some(5), Some(7)) && jumps(Some(5), None));
}

#[test]
fn a_layer_that_was_asked_for_and_never_came_fails() {
    let began = crate::clock::now();
    let (sender, receiver) = talk(began);
    let thresholds = Thresholds { heights: vec![360, 90], ..Thresholds::default() };
    let report = judge(("a", "b"), &CLIP, &sender, &receiver, began, &thresholds).unwrap();
    assert_fails(&report, "heights [360] came, not [360, 90]");
}
