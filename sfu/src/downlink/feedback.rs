//! What a subscriber reports of what we send it (RFC 3550 §6.4): loss and round trip, for the link report and for repair.

use super::Downlink;
use crate::event::LinkReport;
use crate::ids::{SectionIndex, Ssrc};
use crate::measure::{Loss, rate_bps, whole_bps};
use crate::packet::LayerClocks;
use crate::rtcp::{CompoundWriter, ReportBlock, units_to_duration};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// From this loss on.
const LOSES_REQUESTS: f32 = 0.04;
const WITHIN_WINDOW: Duration = Duration::from_secs(1);
/// Sender reports remembered, for the round trips that they measure: one a slot and second, a few seconds.
const MAX_REPORTS: usize = 64;

#[derive(Default)]
pub(crate) struct Feedback {
    sent_reports: VecDeque<SentReport>,
    rtt: Option<Duration>,
    /// No round trip was longer lately, by what else answers; until RTCP has measured one.
    within: Within,
    jitter: Duration,
    /// Since the last link report, of what receiver reports alone tell.
    reported: Loss,
    /// As it was told last: of sound alone there is a report in five seconds.
    loss_ratio: f32,
}

/// The shortest of what answered in the last one to two [`WITHIN_WINDOW`]s: when a link becomes thin the round trip of before it is
/// soon no longer true, and who asks by it asks a full queue again and again.
#[derive(Clone, Copy, Default)]
struct Within {
    since: Option<Instant>,
    shortest: Option<Duration>,
    before: Option<Duration>,
}

#[derive(Clone, Copy)]
struct SentReport {
    ssrc: Ssrc,
    /// Middle 32 bits of its NTP time: the receiver names it by them.
    middle: u32,
    at: Instant,
}

impl Feedback {
    /// Of the last few samples: they come once a second, and a repair that goes by the round trip of a queue long gone comes too late.
    pub(crate) fn rtt(&self) -> Option<Duration> {
        self.rtt.or(self.within.shortest())
    }

    /// By RTCP alone, with what waits on the way now: an answer to a probe waits as long, and a handshake did not.
    pub(crate) fn rtt_by_reports(&self) -> Option<Duration> {
        self.rtt
    }

    /// What is asked of this peer, which goes over this half of its link, is worth a copy.
    pub(crate) fn loses_requests(&self) -> bool {
        self.loss_ratio >= LOSES_REQUESTS
    }

    pub(super) fn note_round_trip_within(&mut self, now: Instant, sample: Option<Duration>) {
        self.within.note(now, sample);
    }

    fn note_sent(&mut self, report: SentReport) {
        if self.sent_reports.capacity() == 0 {
            // Not bit by bit over the first minute.
            self.sent_reports.reserve_exact(MAX_REPORTS);
        }
        if self.sent_reports.len() == MAX_REPORTS {
            self.sent_reports.pop_front();
        }
        self.sent_reports.push_back(report);
    }

    fn note_block(&mut self, now: Instant, block: &ReportBlock, clock_rate_hz: u32) {
        self.jitter = Duration::from_secs_f64(f64::from(block.jitter) / f64::from(clock_rate_hz.max(1)));
        let named = |report: &&SentReport| report.ssrc == block.ssrc && report.middle == block.last_sender_report;
        let Some(report) = self.sent_reports.iter().rev().find(named) else { return };
        let sample = now.saturating_duration_since(report.at).saturating_sub(units_to_duration(block.delay_since_last));
        self.rtt = Some(self.rtt.map_or(sample, |rtt| (rtt + sample) / 2));
    }
}

impl Within {
    fn note(&mut self, now: Instant, sample: Option<Duration>) {
        let Some(sample) = sample else { return };
        let elapsed = self.since.map_or(Duration::MAX, |since| now.saturating_duration_since(since));
        if elapsed >= WITHIN_WINDOW {
            let before = self.shortest.filter(|_| elapsed < 2 * WITHIN_WINDOW);
            *self = Self { since: Some(now), shortest: None, before };
        }
        self.shortest = Some(self.shortest.map_or(sample, |shortest| shortest.min(sample)));
    }

    fn shortest(self) -> Option<Duration> {
        [self.shortest, self.before].into_iter().flatten().min()
    }
}

impl Downlink {
    pub(crate) fn handle_report_block(&mut self, now: Instant, block: &ReportBlock) {
        let is_told = self.congestion.told_bps().is_some();
        let Some(slot) = self.section_of_ssrc(block.ssrc).and_then(|section| self.slot_mut(section)) else { return };
        let loss = slot.receive_report(block);
        // Feedback tells of each packet, and sooner.
        let is_told = is_told && slot.numbering().is_some();
        if !is_told {
            slot.note_loss(loss);
        }
        let clock_rate_hz = slot.clock_rate_hz();
        self.feedback.note_block(now, block, clock_rate_hz);
        if !is_told {
            self.feedback.reported += loss;
        }
    }

    /// A sender report for one slot by its publisher's clock; nothing until that is known.
    pub(crate) fn write_sender_report(
        &mut self,
        now: Instant,
        section: SectionIndex,
        clocks: &LayerClocks,
        out: &mut [u8],
    ) -> usize {
        let Some(slot) = self.slot(section) else { return 0 };
        let Some(info) = slot.sender_info(now, clocks) else { return 0 };
        let ssrc = slot.ssrc;
        let mut writer = CompoundWriter::new(out);
        let written = writer.sender_report(ssrc, &info, &[]).and_then(|()| writer.canonical_name(ssrc, &self.cname));
        if written.is_err() {
            return 0;
        }
        let len = writer.len();
        self.feedback.note_sent(SentReport { ssrc, middle: info.ntp.middle(), at: now });
        len
    }

    /// Of what went out: by transport-wide feedback, and by receiver reports where there is none. Copies of sound go by it too.
    fn review_loss(&mut self) -> f32 {
        let mut loss = std::mem::take(&mut self.feedback.reported);
        if let Some(told) = self.congestion.take_told() {
            let numbered = self.slots.iter_mut().flatten().filter(|slot| slot.numbering().is_some());
            numbered.for_each(|slot| slot.note_loss(told));
            self.congestion.repeats.note_loss(told);
            loss += told;
        }
        if loss.expected > 0 {
            self.feedback.loss_ratio = loss.ratio();
        }
        self.feedback.loss_ratio
    }

    /// What went out since the last call, and what the subscriber said of it.
    pub(crate) fn measure(&mut self, interval: Duration) -> LinkReport {
        LinkReport {
            loss_ratio: self.review_loss(),
            rtt: self.feedback.rtt(),
            jitter: self.feedback.jitter,
            rate_bps: rate_bps(self.take_sent_bytes(), interval),
            estimate_bps: self.congestion.told_bps().map(whole_bps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_block_measures_the_round_trip_of_the_report_that_it_names() {
        let start = Instant::now();
        let mut feedback = Feedback::default();
        feedback.note_sent(SentReport { ssrc: Ssrc(9), middle: 77, at: start });
        let block = ReportBlock {
            ssrc: Ssrc(9),
            fraction_lost: 64,
            cumulative_lost: 0,
            highest_sequence: 0,
            jitter: 480,
            last_sender_report: 77,
            delay_since_last: 65_536,
        };
        feedback.note_block(start + Duration::from_millis(1_080), &block, 48_000);
        assert_eq!(feedback.rtt(), Some(Duration::from_millis(80)));
        assert_eq!(feedback.jitter, Duration::from_millis(10));
    }

    #[test]
    fn a_round_trip_of_before_the_link_filled_is_soon_forgotten() {
        let start = Instant::now();
        let mut within = Within::default();
        let mut after = |ms: u64, sample_ms: u64| {
            within.note(start + Duration::from_millis(ms), Some(Duration::from_millis(sample_ms)));
            within.shortest().map(|shortest| shortest.as_millis())
        };
        assert_eq!([after(0, 6), after(100, 9)], [Some(6), Some(6)], "the receiver's pause is in it");
        assert_eq!([after(1_100, 900), after(1_900, 1_200), after(2_200, 2_000)], [Some(6), Some(6), Some(900)]);
        assert_eq!(after(9_000, 2_000), Some(2_000), "nothing was heard meanwhile");
    }
}
