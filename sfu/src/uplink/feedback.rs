//! What we tell a publisher over RTCP: receiver reports, NACK, key-frame requests, transport-wide feedback; and what its
//! sender reports tell us.

use super::standing::Wait;
use super::{Uplink, UplinkTrack};
use crate::description::MediaKind;
use crate::event::LinkReport;
use crate::ids::{Ssrc, TrackIndex};
use crate::measure::{Loss, rate_bps};
use crate::packet::{LayerIndex, SenderClock};
use crate::publisher::layer::PublishedLayer;
use crate::publisher::missing::{Asking, MAX_MISSING};
use crate::publisher::reception::ReceptionReport;
use crate::rtcp::reader::SenderInfo;
use crate::rtcp::writer::MAX_REPORT_BLOCKS;
use crate::rtcp::{CompoundWriter, ReportBlock, duration_to_units};
use crate::rtp::sequence::ExtendedSeq;
use std::time::{Duration, Instant};

/// Who our feedback is from. One value for all peers: it is never demultiplexed, and each peer has its own keys.
pub(crate) const FEEDBACK_SSRC: Ssrc = Ssrc(1);

/// Between two transport-wide feedbacks, as libwebrtc has it: they take a twentieth of what the publisher sends, within these bounds.
/// The lower one is twice libwebrtc's: an estimator looks at groups of packets and not at feedbacks, and at 50 ms every tenth
/// packet that the server sends is one.
const MIN_FEEDBACK_INTERVAL: Duration = Duration::from_millis(100);
const MAX_FEEDBACK_INTERVAL: Duration = Duration::from_millis(250);
/// Of a feedback with the headers below it, and its share of the rate.
const FEEDBACK_BYTES: u32 = 68;
const RATE_PER_FEEDBACK_RATE: u32 = 20;

/// How often a publisher hears of its packets.
#[derive(Default)]
pub(crate) struct FeedbackPace {
    /// Of all that came, whatever it was.
    bytes: u64,
    /// Of these at the last feedback, and at the last link report.
    told: u64,
    measured: u64,
    since: Option<Instant>,
    next: Option<Instant>,
}

impl FeedbackPace {
    pub(super) fn note(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| next <= now)
    }

    /// A feedback goes out now.
    pub(crate) fn begin_interval(&mut self, now: Instant) {
        self.next = Some(now + self.next_interval(now));
    }

    /// Until the next one.
    fn next_interval(&mut self, now: Instant) -> Duration {
        let bytes = self.bytes - std::mem::replace(&mut self.told, self.bytes);
        let Some(since) = self.since.replace(now) else { return MIN_FEEDBACK_INTERVAL };
        // As long as this many bytes take at the rate of these.
        let worth = f64::from(FEEDBACK_BYTES * RATE_PER_FEEDBACK_RATE);
        let share = worth / f64::from(u32::try_from(bytes.max(1)).unwrap_or(u32::MAX));
        let elapsed = now.saturating_duration_since(since).min(MAX_FEEDBACK_INTERVAL);
        elapsed.mul_f64(share).clamp(MIN_FEEDBACK_INTERVAL, MAX_FEEDBACK_INTERVAL)
    }

    /// Closes the interval of the link report.
    fn measure(&mut self) -> u64 {
        self.bytes - std::mem::replace(&mut self.measured, self.bytes)
    }
}

/// What a round of NACKs came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub len: usize,
    pub sequences: u64,
}

impl Uplink {
    /// RFC 3550 §6.4.1: the sender's wall clock on one of its streams.
    pub(crate) fn handle_sender_report(&mut self, now: Instant, ssrc: Ssrc, info: &SenderInfo) {
        for UplinkTrack { published, .. } in &mut self.tracks {
            let Some(layer) = published.layer_of_ssrc(ssrc) else { continue };
            if let Some(clock) = published.clocks.get_mut(layer.index()) {
                *clock = Some(SenderClock { ntp: info.ntp, rtp: info.rtp, arrived: now });
            }
        }
    }

    /// A receiver report with a block per stream heard so far, written into `out`; nothing for who sends nothing.
    pub(crate) fn write_receiver_report(&mut self, now: Instant, cname: &str, out: &mut [u8]) -> usize {
        let mut blocks = [EMPTY_BLOCK; MAX_REPORT_BLOCKS];
        let mut count = 0;
        for UplinkTrack { published, .. } in &mut self.tracks {
            for (layer, clock) in published.layers.iter_mut().zip(published.clocks) {
                let (Some(ssrc), Some(report)) = (layer.ssrc, layer.reception.report()) else { continue };
                if let Some(block) = blocks.get_mut(count) {
                    *block = report_block(now, ssrc, report, clock);
                    count += 1;
                }
            }
        }
        if count == 0 {
            return 0;
        }
        let mut writer = CompoundWriter::new(out);
        let blocks = blocks.get(..count).unwrap_or_default();
        let written =
            writer.receiver_report(FEEDBACK_SSRC, blocks).and_then(|()| writer.canonical_name(FEEDBACK_SSRC, cname));
        written.map_or(0, |()| writer.len())
    }

    /// Packets have come of which their sender is to hear now.
    #[inline]
    pub(crate) fn owes_feedback(&self, now: Instant) -> bool {
        self.feedback_pace.is_due(now) && self.arrivals.is_pending()
    }

    /// The earliest moment at which a lost packet is to be asked for.
    pub(crate) fn next_nack(&mut self) -> Option<Instant> {
        if !self.may_miss {
            return None;
        }
        let next = self.repairable().filter_map(|layer| layer.reception.missing.next_deadline()).min();
        self.may_miss = next.is_some();
        next
    }

    /// Asks for what is missing and due, on every layer whose codec agreed on NACK.
    pub(crate) fn write_nacks(&mut self, now: Instant, asking: Asking, out: &mut [u8]) -> Asked {
        let mut writer = CompoundWriter::new(out);
        let mut sequences = 0;
        let mut due = [ExtendedSeq(0); MAX_MISSING];
        let tracks = self.tracks.iter_mut().map(|track| &mut track.published).filter(|track| track.repairs);
        for (kind, layer) in tracks.flat_map(|track| track.layers.iter_mut().map(|layer| (track.kind, layer))) {
            let Some(ssrc) = layer.ssrc else { continue };
            let asked = layer.reception.missing.due(now, asking, &mut due);
            layer.needs_keyframe |= asked.gave_up && kind == MediaKind::Video;
            let missing = due.get(..asked.count).unwrap_or_default();
            if missing.is_empty() {
                continue;
            }
            let missing = missing.iter().map(|sequence| sequence.seq_no());
            if writer.nack(FEEDBACK_SSRC, ssrc, missing).is_ok() {
                sequences += asked.count as u64;
            }
        }
        Asked { len: writer.len(), sequences }
    }

    /// Asks for a key frame of one layer unless that was just done.
    pub(crate) fn write_keyframe_request(
        &mut self,
        now: Instant,
        track: TrackIndex,
        layer: LayerIndex,
        out: &mut [u8],
    ) -> usize {
        let Some(layer) = self.track_mut(track).and_then(|track| track.layer_mut(layer)) else { return 0 };
        let Some(ssrc) = layer.ssrc.filter(|_| layer.is_flowing(now)) else { return 0 };
        if !layer.keyframes.admit(now) {
            return 0;
        }
        let mut writer = CompoundWriter::new(out);
        writer.picture_loss(FEEDBACK_SSRC, ssrc).map_or(0, |()| writer.len())
    }

    /// What has come in since the last call. `rtt`: of one path, one round trip, which only the direction that we send in can measure. Jitter is the audio's where there is audio: it is what speech feels.
    pub(crate) fn measure(&mut self, interval: Duration, rtt: Option<Duration>) -> LinkReport {
        let mut total = Loss::default();
        let mut bytes = 0;
        let mut jitter = None;
        for layer in self.tracks.iter_mut().flat_map(|track| &mut track.published.layers) {
            let loss = layer.reception.measure();
            total += loss;
            bytes += layer.take_bytes(interval);
            if loss.expected > 0 {
                jitter = jitter.or(Some(layer.reception.jitter()));
            }
        }
        self.look_for_queue(interval, rtt);
        LinkReport {
            loss_ratio: total.ratio(),
            rtt,
            jitter: jitter.unwrap_or_default(),
            rate_bps: rate_bps(bytes, interval),
            estimate_bps: self.queue.carries_bps(),
        }
    }

    /// By the sound, which no sender holds back itself. A microphone whose clock has stood for a moment looks like a queue for ever, but is no round trip.
    fn look_for_queue(&mut self, interval: Duration, rtt: Option<Duration>) {
        let received_bps = rate_bps(self.feedback_pace.measure(), interval);
        let waits = self.sounds().filter_map(|layer| layer.reception.standing_wait());
        let Some(wait) = waits.min().zip(rtt).map(|(wait, rtt)| wait.min(rtt)) else { return };
        if self.queue.look(wait, received_bps) == Wait::OnTheWay {
            self.sounds().for_each(|layer| layer.reception.accept_wait());
        }
    }

    fn sounds(&mut self) -> impl Iterator<Item = &mut PublishedLayer> {
        let tracks = self.tracks.iter_mut().map(|track| &mut track.published);
        tracks.filter(|track| track.kind == MediaKind::Audio).flat_map(|track| &mut track.layers)
    }

    fn repairable(&self) -> impl Iterator<Item = &PublishedLayer> {
        self.tracks.iter().filter(|track| track.published.repairs).flat_map(|track| &track.published.layers)
    }
}

const EMPTY_BLOCK: ReportBlock = ReportBlock {
    ssrc: Ssrc(0),
    fraction_lost: 0,
    cumulative_lost: 0,
    highest_sequence: 0,
    jitter: 0,
    last_sender_report: 0,
    delay_since_last: 0,
};

fn report_block(now: Instant, ssrc: Ssrc, report: ReceptionReport, clock: Option<SenderClock>) -> ReportBlock {
    let [.., a, b, c, d] = report.highest.0.to_be_bytes();
    ReportBlock {
        ssrc,
        fraction_lost: report.fraction_lost,
        cumulative_lost: report.cumulative_lost,
        highest_sequence: u32::from_be_bytes([a, b, c, d]),
        jitter: report.jitter_ticks,
        last_sender_report: clock.map_or(0, |clock| clock.ntp.middle()),
        delay_since_last: clock.map_or(0, |clock| duration_to_units(now.saturating_duration_since(clock.arrived))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The interval that a publisher of so many bits a second comes to.
    fn interval_at(bits_per_second: usize) -> Duration {
        let mut now = Instant::now();
        let mut pace = FeedbackPace::default();
        let mut interval = pace.next_interval(now);
        for _ in 0..5 {
            let elapsed_ms = usize::try_from(interval.as_millis()).unwrap();
            pace.note(bits_per_second * elapsed_ms / 8_000);
            now += interval;
            interval = pace.next_interval(now);
        }
        interval
    }

    #[test]
    fn a_camera_hears_of_its_packets_ten_times_a_second_and_a_microphone_alone_four_times() {
        assert_eq!(interval_at(1_500_000), MIN_FEEDBACK_INTERVAL);
        assert_eq!(interval_at(40_000), MAX_FEEDBACK_INTERVAL);
        let between = interval_at(70_000);
        assert!((150..160).contains(&between.as_millis()), "{between:?}");
    }

    #[test]
    fn after_a_pause_feedback_comes_soon() {
        let start = Instant::now();
        let mut pace = FeedbackPace::default();
        pace.next_interval(start);
        pace.note(20_000);
        assert_eq!(pace.next_interval(start + Duration::from_secs(60)), MIN_FEEDBACK_INTERVAL);
    }
}
