//! What a subscriber's downlink carries, by the transport-wide feedback of its receiver: the least of what delay and loss allow
//! (draft-ietf-rmcat-gcc-02), with probes to find more.
//!
//! Owns one downlink's numbering, history and rates. Sends nothing and chooses no layer.

use super::delay::{DelayTrend, Signal};
use super::history::{Fate, History, ProbeId, Sent};
use super::loss::LossBasedRate;
use super::probe::{Finding, Probe, Prober};
use super::queueing::Queueing;
use super::rate::{DelayBasedRate, Measured};
use super::throughput::Throughput;
use crate::measure::Loss;
use crate::moment::Moment;
use crate::rtcp::transport_feedback::Arrival;
use std::mem::offset_of;
use std::time::{Duration, Instant};

/// Before anything is known: a picture of the lowest layer and everybody's voice.
const START_BPS: f64 = 300_000.0;
/// One voice with its headers, whatever the measurements say.
const LEAST_BPS: f64 = 40_000.0;
/// More than a participant's largest view needs.
const MOST_BPS: f64 = 8_000_000.0;
/// Sending less than this share of the estimate proves nothing about it.
const LIMITED: f64 = 0.65;
/// Of the measure of what was sent.
const SENT_WINDOW: Duration = Duration::from_millis(500);
const RTT_UNKNOWN: Duration = Duration::from_millis(200);
/// Of what is sent; beyond that a link loses what is too much, whatever its delay says.
const MOST_IN_THE_AIR: f64 = 0.25;
/// A probe may be more than the link carries, for a moment: the queue that it makes is gone after this, and says nothing of the media of who
/// sends less than that share of the estimate.
const DRAINS_MS: f64 = 100.0;
const IDLE: f64 = 0.5;
/// A receiver that has not answered the first packet by then never will.
const HEARD_WITHIN: Duration = Duration::from_millis(1_500);
/// Feedback that stays away so long while packets go out means that they do not arrive, or that nothing comes back.
const SILENCE: Duration = Duration::from_secs(1);
/// Below this silence does not take the rate: it says nothing of how much would fit.
const SILENT_BPS: f64 = 100_000.0;

/// What each packet touches comes first.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Estimator {
    history: History,
    /// Since the last feedback.
    sent_bytes: u64,
    first_sent: Option<Instant>,
    heard: Option<Heard>,
    /// Loss of what was sent before then was an outage, and says nothing of how much fits.
    outage_until_us: u64,
    trend: DelayTrend,
    /// What is sent until then waits behind a probe.
    probed_until_ms: f64,
    queueing: Queueing,
    throughput: Throughput,
    delay_based: DelayBasedRate,
    loss_based: LossBasedRate,
    prober: Prober,
    /// No probe has been answered: the estimate is where it began, or what was lost or late since.
    is_guess: bool,
    sent: SentRate,
    /// Since it was asked for last.
    told: Loss,
}

/// The last feedback, or when it was seen last that none was owed.
#[derive(Clone, Copy, Debug)]
struct Heard {
    at: Instant,
    /// The estimate before the receiver fell silent.
    before_silence_bps: Option<f64>,
    /// Nothing has been sent since.
    is_owed_nothing: bool,
}

/// How much of the estimate is used.
#[derive(Debug)]
struct SentRate {
    since: Instant,
    bytes: u64,
    rate_bps: f64,
}

impl Estimator {
    /// What each packet that is sent touches, up to where it is written whether there is an estimator at all.
    pub(crate) const FIRST_BYTES: usize = offset_of!(Self, outage_until_us);

    pub(crate) fn new(now: Instant) -> Self {
        Self {
            history: History::default(),
            sent_bytes: 0,
            first_sent: None,
            heard: None,
            outage_until_us: 0,
            trend: DelayTrend::default(),
            probed_until_ms: 0.0,
            queueing: Queueing::default(),
            throughput: Throughput::default(),
            delay_based: DelayBasedRate::new(now, START_BPS),
            loss_based: LossBasedRate::default(),
            prober: Prober::new(START_BPS, MOST_BPS),
            is_guess: true,
            sent: SentRate { since: now, bytes: 0, rate_bps: 0.0 },
            told: Loss::default(),
        }
    }

    /// What may be sent, bits a second; `None` for a receiver that tells nothing: then nothing is known, and nothing is limited.
    pub(crate) fn rate_bps(&self, now: Instant) -> Option<f64> {
        let is_awaited = self.first_sent.is_none_or(|at| now.saturating_duration_since(at) < HEARD_WITHIN);
        (self.heard.is_some() || is_awaited).then(|| self.estimate_bps())
    }

    fn estimate_bps(&self) -> f64 {
        let delay = self.delay_based.rate_bps();
        self.loss_based.limit_bps().map_or(delay, |loss| loss.min(delay)).clamp(LEAST_BPS, MOST_BPS)
    }

    /// What the receiver's feedback has told; `None` before the first.
    pub(crate) fn told_bps(&self) -> Option<f64> {
        self.heard.map(|_| self.estimate_bps())
    }

    /// What was sent and arrived or did not, as far as it was told since the last call, whatever it was but probes: these may be more than
    /// the link carries.
    pub(crate) fn take_told(&mut self) -> Loss {
        std::mem::take(&mut self.told)
    }

    /// Packets wait much longer before the bottleneck than they must.
    pub(crate) fn is_queueing(&self) -> bool {
        self.queueing.is_long()
    }

    /// Where the next packet will be noted (`shard::ahead`).
    pub(crate) fn request_history(&self) {
        self.history.request_next();
    }

    /// The transport-wide number of the next packet.
    pub(crate) fn next_number(&self) -> u16 {
        self.history.number()
    }

    /// The packet with [`Estimator::next_number`] has gone out.
    #[inline(always)] // As `Congestion::note_sent`.
    pub(crate) fn note_sent(&mut self, now: Moment, len: usize, probe: Option<ProbeId>) {
        self.first_sent.get_or_insert(now.at);
        self.sent_bytes += len as u64;
        self.history.note(Sent { at_us: now.us, len: u16::try_from(len).unwrap_or(u16::MAX), probe });
    }

    /// The train to send now, if any. `wants_more`: there is media that the estimate does not let through.
    pub(crate) fn next_probe(&mut self, now: Instant, rtt: Option<Duration>, wants_more: bool) -> Option<Probe> {
        match self.heard {
            // A receiver that has never answered would not answer a probe. The first packets may be one: then it is known what fits
            // before there is anything to see.
            None if self.first_sent.is_some() => return None,
            // Nor would one that answers no more. But that it does again must show in something.
            Some(heard) if heard.before_silence_bps.is_some() => {
                let estimate_bps = self.estimate_bps();
                return heard.is_owed_nothing.then(|| self.prober.call(now, estimate_bps)).flatten();
            }
            Some(heard) if now.saturating_duration_since(heard.at) >= SILENCE => return None,
            _ => {}
        }
        if self.is_queueing() {
            // What is late waits, and is not lost.
            self.prober.forget_lost();
        }
        self.prober.next(now, rtt, self.estimate_bps(), wants_more)
    }

    /// Who hears nothing for long knows nothing any more: the link is down, or far too full.
    pub(crate) fn handle_silence(&mut self, now: Instant) {
        let estimate_bps = self.estimate_bps();
        let Some(heard) = &mut self.heard else { return };
        heard.is_owed_nothing = self.sent_bytes == 0;
        if heard.is_owed_nothing {
            heard.at = now;
        }
        if now.saturating_duration_since(heard.at) < SILENCE {
            return;
        }
        heard.at = now;
        heard.before_silence_bps.get_or_insert(estimate_bps);
        heard.is_owed_nothing = false;
        self.sent_bytes = 0;
        self.delay_based.halve(now, SILENT_BPS);
    }

    /// What the receiver tells, packet by packet in order of sending. Gives how long ago the newest one that arrived was sent, if it was not
    /// known: the round trip and the receiver's pause.
    pub(crate) fn handle_feedback(
        &mut self,
        now: Moment,
        arrivals: impl Iterator<Item = Arrival>,
        rtt: Option<Duration>,
    ) -> Option<Duration> {
        let is_lossy = self.loss_based.loss_ratio() >= MOST_IN_THE_AIR;
        self.end_silence(now);
        let (mut shown, mut newest) = (None, None);
        for arrival in arrivals {
            let arrived = arrival.received_us.is_some();
            let Some(fate) = self.history.settle(now.us, arrival.sequence, arrived) else { continue };
            self.count(&fate);
            match fate {
                Fate::Lost(sent) if sent.at_us < self.outage_until_us => {}
                Fate::Lost(sent) => self.note_lost(sent),
                Fate::Arrived(sent) => {
                    newest = Some(sent.at_us);
                    self.loss_based.note(usize::from(sent.len), true);
                    shown = self.note_arrival(sent, arrival.received_us.unwrap_or_default(), is_lossy).or(shown);
                }
                // Counted as lost once; its delay is of no use any more.
                Fate::ArrivedAfterAll(_) => {}
            }
        }
        self.sent.note(now.at, std::mem::take(&mut self.sent_bytes));
        let acked_bps = self.throughput.rate_bps();
        let measured = self.measured(acked_bps, rtt);
        match shown {
            Some(shown) if self.is_news(shown) => self.delay_based.jump(now.at, shown.rate_bps),
            _ => self.delay_based.update(now.at, measured),
        }
        self.is_guess &= shown.is_none();
        self.loss_based.update(now.at, acked_bps, self.delay_based.rate_bps());
        newest.map(|sent_us| Duration::from_micros(now.us.saturating_sub(sent_us)))
    }

    /// More than was known, or the first that is known.
    fn is_news(&self, shown: Finding) -> bool {
        shown.rate_bps > self.delay_based.rate_bps() || (self.is_guess && shown.is_capacity)
    }

    fn end_silence(&mut self, now: Moment) {
        let heard = self.heard.replace(Heard { at: now.at, before_silence_bps: None, is_owed_nothing: false });
        if let Some(before_bps) = heard.and_then(|heard| heard.before_silence_bps) {
            self.outage_until_us = now.us;
            (self.trend, self.loss_based) = Default::default();
            self.queueing.forget_wait();
            self.prober.restore(before_bps);
        }
    }

    /// Lost, and no feedback ever says so: of use to whoever asks what arrived, and too seldom the same to estimate by.
    pub(crate) fn note_left_out(&mut self, now: Moment, number: u16) {
        if let Some(fate) = self.history.settle(now.us, number, false) {
            self.count(&fate);
        }
    }

    fn count(&mut self, fate: &Fate) {
        match fate {
            Fate::Arrived(sent) if sent.probe.is_none() => self.told.expected += 1,
            Fate::Lost(sent) if sent.probe.is_none() => self.told += Loss { expected: 1, lost: 1 },
            // Perhaps counted with what was asked for last: then it stays there.
            Fate::ArrivedAfterAll(sent) if sent.probe.is_none() => self.told.lost = self.told.lost.saturating_sub(1),
            _ => {}
        }
    }

    fn note_lost(&mut self, sent: Sent) {
        self.loss_based.note(usize::from(sent.len), false);
        if let Some(probe) = sent.probe {
            self.prober.note_lost(probe, usize::from(sent.len));
        }
    }

    fn note_arrival(&mut self, sent: Sent, received_us: i64, is_lossy: bool) -> Option<Finding> {
        let sent_ms = sent.at_us as f64 / 1e3;
        let received_ms = received_us as f64 / 1e3;
        if sent.probe.is_some() {
            self.probed_until_ms = sent_ms + DRAINS_MS;
        }
        let is_idle = self.sent.rate_bps < IDLE * self.estimate_bps();
        if sent_ms > self.probed_until_ms || !is_idle {
            self.trend.note(sent_ms, received_ms);
        }
        self.queueing.note(sent_ms, received_ms, is_lossy);
        self.throughput.note(received_ms, usize::from(sent.len));
        self.prober.note(sent.probe?, sent_ms, received_ms, usize::from(sent.len))
    }

    fn measured(&self, acked_bps: Option<f64>, rtt: Option<Duration>) -> Measured {
        let is_application_limited = self.sent.rate_bps < LIMITED * self.estimate_bps();
        let signal = self.trend.signal();
        // Who sent less until now has filled the queue by the newest alone.
        let newest_bps = self.throughput.newest_bps().filter(|_| signal == Signal::Grows);
        let acked_bps = acked_bps.map(|acked| newest_bps.map_or(acked, |newest| newest.max(acked)));
        // What the air loses the bottleneck has carried; where packets wait long they are lost before it.
        let in_the_air = if self.is_queueing() { 0.0 } else { self.loss_based.loss_ratio().min(MOST_IN_THE_AIR) };
        let acked_bps = acked_bps.map(|acked| acked / (1.0 - in_the_air));
        Measured {
            signal,
            wait: self.queueing.wait(),
            acked_bps,
            rtt: rtt.unwrap_or(RTT_UNKNOWN),
            is_application_limited,
        }
    }
}

impl SentRate {
    fn note(&mut self, now: Instant, bytes: u64) {
        self.bytes += bytes;
        let elapsed = now.saturating_duration_since(self.since);
        if elapsed >= SENT_WINDOW {
            self.rate_bps = self.bytes as f64 * 8.0 / elapsed.as_secs_f64();
            (self.since, self.bytes) = (now, 0);
        }
    }
}

#[cfg(test)]
#[path = "estimator_tests.rs"]
mod tests;
