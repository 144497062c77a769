//! What one person got of what the other sent, from two recordings: figures, and what of them is not good enough.
//!
//! Pure: recordings in, report out. Everything is decoded here, after the talk, so that decoding disturbs nothing.

use super::audio;
use super::clip::{AUDIO_FRAME, Clip, VIDEO_FRAME};
use super::recording::{Packet, Recording, in_order};
use super::video::{self, Assembler};
use anyhow::Result;
use bytes::Bytes;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// What a talk must reach to pass; for a path without loss, such as loopback or a ward's network.
#[derive(Clone, Debug)]
pub struct Thresholds {
    pub loss_ratio: f64,
    pub concealed_ratio: f64,
    pub audio_gap: Duration,
    pub correlation: f64,
    pub level_difference_db: f64,
    pub frames_ratio: f64,
    pub freeze: Duration,
    pub first_frame: Duration,
    /// Heights that must come, in this order.
    pub heights: Vec<u16>,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            loss_ratio: 0.01,
            concealed_ratio: 0.02,
            audio_gap: Duration::from_millis(400),
            correlation: 0.9,
            level_difference_db: 3.0,
            frames_ratio: 0.8,
            freeze: Duration::from_millis(400),
            first_frame: Duration::from_secs(3),
            heights: Vec::new(),
        }
    }
}

/// One direction of the talk.
#[derive(Debug, Serialize)]
pub struct DirectionReport {
    pub from: String,
    pub to: String,
    pub audio: AudioReport,
    pub video: VideoReport,
    /// Empty = good enough.
    pub failures: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
pub struct AudioReport {
    /// Since the first that arrived was sent.
    pub packets_sent: usize,
    pub packets_received: usize,
    pub loss_ratio: f64,
    pub slots: usize,
    pub decoded_s: f64,
    pub concealed_ratio: f64,
    pub longest_gap_ms: f64,
    /// Root mean square of all that was heard, full scale = 1.
    pub loudness: f64,
    /// Of the loudness each 20 ms with what was sent.
    pub correlation: f64,
    pub level_difference_db: f64,
    pub latency: Latency,
}

#[derive(Debug, Default, Serialize)]
pub struct VideoReport {
    pub packets_received: usize,
    pub loss_ratio: f64,
    pub slots: usize,
    /// Pictures the camera took since the first that could be shown.
    pub frames_captured: usize,
    pub frames_decoded: usize,
    /// Arrived whole and could not be decoded.
    pub frames_refused: usize,
    /// Decoded, and not the picture that was sent.
    pub frames_damaged: usize,
    pub key_frames: usize,
    pub key_frame_requests: usize,
    pub picture_id_jumps: usize,
    /// Heights in the order in which they came.
    pub heights: Vec<u32>,
    pub freezes: usize,
    pub longest_gap_ms: f64,
    /// Since the second person began to join.
    pub first_frame_ms: Option<f64>,
    pub latency: Latency,
}

/// From sending to arrival, both on this machine's clock.
#[derive(Debug, Default, Serialize)]
pub struct Latency {
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub max_ms: f64,
}

/// Judges what `receiver` got of what `sender` sent; `began` is when the second of them began to join.
pub(super) fn judge(
    names: (&str, &str),
    clip: &Clip,
    sender: &Recording,
    receiver: &Recording,
    began: Instant,
    thresholds: &Thresholds,
) -> Result<DirectionReport> {
    let audio = judge_audio(clip, sender, receiver)?;
    let video = judge_video(clip, sender, receiver, began, thresholds)?;
    let mut failures = Vec::new();
    list_audio_failures(&audio, thresholds, &mut failures);
    list_video_failures(&video, thresholds, &mut failures);
    let (from, to) = names;
    Ok(DirectionReport { from: from.to_owned(), to: to.to_owned(), audio, video, failures })
}

fn judge_audio(clip: &Clip, sender: &Recording, receiver: &Recording) -> Result<AudioReport> {
    let Some(packets) = busiest(&receiver.audio) else { return Ok(AudioReport::default()) };
    let places: HashMap<&Bytes, usize> =
        clip.speech.packets.iter().enumerate().map(|(place, packet)| (&packet.payload, place)).collect();
    let departures = Departures::new(&sender.sent.audio);
    let delay_of = |packet: &Packet| departures.delay(*places.get(&packet.payload)?, packet.arrived);
    let latency = Latency::of(packets.iter().filter_map(delay_of));

    let (heard, concealed) = hear(packets)?;
    let first_sent = packets
        .iter()
        .find_map(|packet| packet.arrived.checked_sub(delay_of(packet)?))
        .map_or(0, |at| sender.sent.audio.partition_point(|(sent, _)| *sent < at));
    let sent = sender.sent.audio.get(first_sent..).unwrap_or_default();
    // The decoder of the reference starts a second early, so that it is in step where the comparison begins.
    let lead = first_sent.min(50);
    let reference = sender.sent.audio.get(first_sent - lead..).unwrap_or_default();
    let likeness = audio::compare(&loudness_of(clip, reference)?, &heard, lead + 50);
    let (received, loss_ratio) = loss(packets);
    Ok(AudioReport {
        packets_sent: sent.len(),
        packets_received: received,
        loss_ratio,
        slots: receiver.audio.len(),
        decoded_s: count(heard.len()) * AUDIO_FRAME.as_secs_f64(),
        concealed_ratio: count(concealed) / count(heard.len()).max(1.0),
        longest_gap_ms: longest_gap_ms(packets.iter().map(|packet| packet.arrived)),
        loudness: (heard.iter().map(|&l| f64::from(l * l)).sum::<f64>() / count(heard.len()).max(1.0)).sqrt(),
        correlation: likeness.map_or(0.0, |likeness| likeness.correlation),
        level_difference_db: likeness.map_or(f64::NEG_INFINITY, |likeness| likeness.level_difference_db),
        latency,
    })
}

/// Decodes a stream as a receiver plays it: what is missing by the RTP clock is concealed. The loudness of each 20 ms and
/// how many of them were made up.
fn hear(packets: &[Packet]) -> Result<(Vec<f32>, usize)> {
    let mut decoder = audio::Decoder::new()?;
    let (mut heard, mut concealed) = (Vec::new(), 0);
    let mut due: Option<u32> = None;
    for (_, packet) in in_order(packets) {
        if packet.payload.is_empty() {
            continue;
        }
        let missing = due.map_or(0, |due| packet.timestamp.wrapping_sub(due) / audio::FRAME_TICKS);
        // A second of silence is a pause or a new source, not loss to be filled in.
        if missing < 50 {
            for _ in 0..missing {
                heard.push(decoder.decode(None)?);
                concealed += 1;
            }
        }
        heard.push(decoder.decode(Some(&packet.payload))?);
        due = Some(packet.timestamp.wrapping_add(audio::FRAME_TICKS));
    }
    Ok((heard, concealed))
}

fn loudness_of(clip: &Clip, sent: &[(Instant, usize)]) -> Result<Vec<f32>> {
    let mut decoder = audio::Decoder::new()?;
    let payloads = sent.iter().filter_map(|(_, place)| clip.speech.packets.get(*place));
    payloads.map(|packet| decoder.decode(Some(&packet.payload))).collect()
}

fn judge_video(
    clip: &Clip,
    sender: &Recording,
    receiver: &Recording,
    began: Instant,
    thresholds: &Thresholds,
) -> Result<VideoReport> {
    let mut report = VideoReport {
        slots: receiver.video.len(),
        key_frame_requests: sender.sent.key_frame_requests,
        ..VideoReport::default()
    };
    let Some(packets) = busiest(&receiver.video) else { return Ok(report) };
    (report.packets_received, report.loss_ratio) = loss(packets);

    let departures: Vec<Departures> = sender.sent.video.iter().map(|log| Departures::new(log)).collect();
    let origins = Origins::new(clip);
    let (mut assembler, mut decoder) = (Assembler::default(), video::Decoder::new()?);
    let (mut shown, mut delays, mut picture_id) = (Vec::new(), Vec::new(), None);
    for (missing, packet) in in_order(packets) {
        if missing > 0 {
            assembler.handle_loss();
        }
        if packet.payload.is_empty() {
            continue;
        }
        let Some(frame) = assembler.handle_packet(&packet.payload, packet.marker)? else { continue };
        report.picture_id_jumps += usize::from(jumps(picture_id, frame.number.picture_id));
        picture_id = frame.number.picture_id;
        report.key_frames += usize::from(video::is_key_frame(&frame.bytes));
        let Ok(picture) = decoder.decode(&frame.bytes) else {
            report.frames_refused += 1;
            continue;
        };
        shown.push(packet.arrived);
        if report.heights.last() != Some(&picture.height) {
            report.heights.push(picture.height);
        }
        let Some(origin) = origins.of(&frame.bytes) else {
            report.frames_damaged += 1;
            continue;
        };
        report.frames_damaged += usize::from(origin.picture != picture.digest);
        delays.extend(departures.get(origin.layer).and_then(|log| log.delay(origin.place, packet.arrived)));
    }
    report.frames_decoded = shown.len();
    report.latency = Latency::of(delays);
    if let Some(&first) = shown.first() {
        report.first_frame_ms = Some(millis(first.duration_since(began)));
        report.frames_captured = sender.sent.captured.iter().filter(|&&at| at + VIDEO_FRAME >= first).count();
        let end = sender.sent.captured.last().copied();
        let moments: Vec<Instant> = shown.into_iter().chain(end.filter(|&end| end > first)).collect();
        report.longest_gap_ms = longest_gap_ms(moments.iter().copied());
        report.freezes = moments.windows(2).filter(|pair| gap(pair) > thresholds.freeze).count();
    }
    Ok(report)
}

/// Every frame of the clip by its bytes: which layer it is of, which place it has, what it decodes to.
struct Origins<'a>(HashMap<&'a Bytes, Origin>);

struct Origin {
    layer: usize,
    place: usize,
    picture: u64,
}

impl<'a> Origins<'a> {
    fn new(clip: &'a Clip) -> Self {
        let mut origins = HashMap::new();
        for (layer, clip) in clip.layers.iter().enumerate() {
            for (place, (frame, &picture)) in clip.frames.iter().zip(&clip.pictures).enumerate() {
                origins.insert(frame, Origin { layer, place, picture });
            }
        }
        Self(origins)
    }

    fn of(&self, frame: &Bytes) -> Option<&Origin> {
        self.0.get(frame)
    }
}

/// When each place of the clip was sent, which happens again each time the clip starts anew.
struct Departures(HashMap<usize, Vec<Instant>>);

impl Departures {
    fn new(log: &[(Instant, usize)]) -> Self {
        let mut departures: HashMap<usize, Vec<Instant>> = HashMap::new();
        for &(at, place) in log {
            departures.entry(place).or_default().push(at);
        }
        Self(departures)
    }

    /// Since the last time it was sent before it arrived.
    fn delay(&self, place: usize, arrived: Instant) -> Option<Duration> {
        self.0.get(&place)?.iter().rev().find_map(|&sent| arrived.checked_duration_since(sent))
    }
}

impl Latency {
    fn of(delays: impl IntoIterator<Item = Duration>) -> Self {
        let mut delays: Vec<Duration> = delays.into_iter().collect();
        delays.sort_unstable();
        let at =
            |percent: usize| delays.get(delays.len().saturating_sub(1) * percent / 100).copied().map_or(0.0, millis);
        Self { p50_ms: at(50), p95_ms: at(95), max_ms: at(100) }
    }
}

fn busiest(streams: &BTreeMap<u32, Vec<Packet>>) -> Option<&Vec<Packet>> {
    streams.values().max_by_key(|packets| packets.len())
}

/// Different packets that arrived, and the part of the numbers between the first and the last that did not.
fn loss(packets: &[Packet]) -> (usize, f64) {
    let ordered = in_order(packets);
    let missing: u64 = ordered.iter().map(|(missing, _)| missing).sum();
    let missing = count(usize::try_from(missing).unwrap_or(usize::MAX));
    (ordered.len(), missing / (missing + count(ordered.len())).max(1.0))
}

/// Whether the second is not the successor of the first, in the width of the first (RFC 7741 §4.2: 7 or 15 bits).
fn jumps(before: Option<u16>, now: Option<u16>) -> bool {
    let (Some(before), Some(now)) = (before, now) else { return before.is_some() != now.is_some() && before.is_some() };
    let step = now.wrapping_sub(before);
    step & 0x7fff != 1 && !(before == 0x7f && now == 0)
}

fn longest_gap_ms(moments: impl Iterator<Item = Instant>) -> f64 {
    let moments: Vec<Instant> = moments.collect();
    moments.windows(2).map(gap).max().map_or(0.0, millis)
}

fn gap(pair: &[Instant]) -> Duration {
    match pair {
        [before, after] => after.saturating_duration_since(*before),
        _ => Duration::ZERO,
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "counts of packets and frames of one talk")]
fn count(count: usize) -> f64 {
    count as f64
}

fn list_audio_failures(audio: &AudioReport, thresholds: &Thresholds, failures: &mut Vec<String>) {
    if audio.packets_received == 0 {
        failures.push(
            "no audio arrived: is the microphone's track in `state.audio`, does the answer's slot carry it?".into(),
        );
        return;
    }
    let mut fail_if = |bad: bool, what: String| failures.extend(bad.then_some(what));
    fail_if(audio.loss_ratio > thresholds.loss_ratio, format!("audio loss {:.1} %", audio.loss_ratio * 100.0));
    let arrived = count(audio.packets_received) / count(audio.packets_sent).max(1.0);
    fail_if(arrived < 1.0 - thresholds.concealed_ratio, format!("{:.1} % of the audio sent arrived", arrived * 100.0));
    fail_if(
        audio.concealed_ratio > thresholds.concealed_ratio,
        format!("{:.1} % of the audio was concealed", audio.concealed_ratio * 100.0),
    );
    fail_if(
        audio.longest_gap_ms > millis(thresholds.audio_gap),
        format!("no audio for {:.0} ms", audio.longest_gap_ms),
    );
    fail_if(
        audio.correlation < thresholds.correlation,
        format!("what was heard is not what was said: correlation {:.3}", audio.correlation),
    );
    fail_if(
        audio.level_difference_db.abs() > thresholds.level_difference_db,
        format!("audio is {:+.1} dB off", audio.level_difference_db),
    );
}

fn list_video_failures(video: &VideoReport, thresholds: &Thresholds, failures: &mut Vec<String>) {
    if video.packets_received == 0 {
        failures.push("no video arrived: did the server take the camera's track onto the slot (`state.video`)?".into());
        return;
    }
    let Some(first_frame_ms) = video.first_frame_ms else {
        failures.push(format!(
            "{} video packets, no frame could be shown: {} key frames arrived, {} were asked of the sender",
            video.packets_received, video.key_frames, video.key_frame_requests
        ));
        return;
    };
    let mut fail_if = |bad: bool, what: String| failures.extend(bad.then_some(what));
    fail_if(first_frame_ms > millis(thresholds.first_frame), format!("the first frame took {first_frame_ms:.0} ms"));
    fail_if(video.loss_ratio > thresholds.loss_ratio, format!("video loss {:.1} %", video.loss_ratio * 100.0));
    let decoded = count(video.frames_decoded) / count(video.frames_captured).max(1.0);
    fail_if(decoded < thresholds.frames_ratio, format!("{:.0} % of the frames were shown", decoded * 100.0));
    fail_if(video.frames_damaged > 0, format!("{} pictures are not those that were sent", video.frames_damaged));
    let mut heights = video.heights.iter();
    let came = thresholds.heights.iter().all(|&wanted| heights.any(|&height| height == u32::from(wanted)));
    fail_if(!came, format!("heights {:?} came, not {:?}", video.heights, thresholds.heights));
    fail_if(video.freezes > 0, format!("{} freezes, the longest {:.0} ms", video.freezes, video.longest_gap_ms));
}

#[cfg(test)]
#[path = "quality_tests.rs"]
mod tests;
