//! What a subscriber's link carries, and what follows for this half: numbers on what is sent, the pace, and probes.
//!
//! Owns the estimator, the pacer and the probe on its way. Which layers fit is the shard's to say, which knows what they cost.

use super::repeats::Repeats;
use super::{Downlink, seal};
use crate::bandwidth::allocation::{BRIEFLY, Spare, Wish, allocate, shrink};
use crate::bandwidth::estimator::Estimator;
use crate::bandwidth::history::ProbeId;
use crate::bandwidth::pacer::Pacer;
use crate::bandwidth::probe::Probe;
use crate::batch::SendBatch;
use crate::counters::Counters;
use crate::description::MediaKind;
use crate::ids::SectionIndex;
use crate::measure::Loss;
use crate::moment::Moment;
use crate::packet::LayerIndex;
use crate::rtcp::transport_feedback::{Sequel, TransportFeedback};
use crate::rtp::sequence::ExtendedSeq;
use crate::subscriber::slot::{PADDING_LEN, Slot};
use std::mem::offset_of;
use std::time::{Duration, Instant};

/// Packets of padding in one tick: 7 Mbit/s of probe.
const MAX_PADDING: usize = 20;
/// Of the measure of what voices take.
const VOICES_WINDOW: Duration = Duration::from_secs(1);
/// As only a probe finds it.
const FAR_MORE: f64 = 1.5;
/// What a voice that begins to speak takes, headers included.
const VOICE_BPS: f64 = 40_000.0;

/// What each packet touches comes first, the estimator's beginning included.
#[repr(C)]
pub(crate) struct Congestion {
    pub(crate) pacer: Pacer,
    voices: Voices,
    probing: Option<Probing>,
    /// `None` where no section agreed on transport-wide numbers.
    estimator: Option<Estimator>,
    sequel: Sequel,
    /// More video is displayed than the estimate lets through.
    pub(crate) wants_more: bool,
    spare: Spare,
    pub(super) repeats: Repeats,
}

/// A train of which a part has gone out.
#[derive(Clone, Copy)]
struct Probing {
    probe: Probe,
    /// With its first packet.
    began: Option<Instant>,
    bytes: usize,
    packets: u32,
}

struct Voices {
    since: Instant,
    bytes: u64,
    rate_bps: f64,
}

impl Congestion {
    /// What each packet touches (`shard::ahead`): with the estimator's beginning.
    pub(super) const FIRST_BYTES: usize = offset_of!(Self, estimator) + Estimator::FIRST_BYTES;

    pub(super) fn new(now: Instant, is_numbered: bool) -> Self {
        Self {
            estimator: is_numbered.then(|| Estimator::new(now)),
            sequel: Sequel::default(),
            pacer: Pacer::default(),
            probing: None,
            voices: Voices { since: now, bytes: 0, rate_bps: 0.0 },
            wants_more: false,
            spare: Spare::default(),
            repeats: Repeats::default(),
        }
    }

    /// Where the next packet will be noted.
    pub(super) fn request_history(&self) {
        if let Some(estimator) = &self.estimator {
            estimator.request_history();
        }
    }

    /// For the slot's next packet.
    pub(super) fn number(&self, slot: &Slot) -> Option<(u8, u16)> {
        let estimator = self.estimator.as_ref()?;
        Some((slot.numbering()?, estimator.next_number()))
    }

    /// A packet of so many bytes has gone out, under the number that was asked for last if it got one.
    #[inline(always)] // Of each packet, and called twice: a call costs as much as what it does.
    pub(super) fn note_sent(&mut self, now: Moment, kind: MediaKind, len: usize, is_numbered: bool) {
        self.pacer.note_sent(now, len);
        if kind == MediaKind::Audio {
            self.voices.bytes += len as u64;
        }
        if is_numbered && let Some(estimator) = &mut self.estimator {
            // Media that leaves while a probe does takes of the link what the probe cannot: it counts as part of it.
            let probe = self.probing.as_mut().map(|probing| probing.note(now.at, len));
            estimator.note_sent(now, len, probe);
        }
    }

    /// What may be sent; `None` when nothing is known.
    pub(crate) fn rate_bps(&self, now: Instant) -> Option<f64> {
        self.estimator.as_ref()?.rate_bps(now)
    }

    /// Packets wait long before the link's bottleneck.
    fn is_queueing(&self) -> bool {
        self.estimator.as_ref().is_some_and(Estimator::is_queueing)
    }

    /// For reports: what the receiver's feedback has told.
    pub(crate) fn told_bps(&self) -> Option<f64> {
        self.estimator.as_ref()?.told_bps()
    }

    /// What of it arrived, as far as that was told since the last call.
    pub(crate) fn take_told(&mut self) -> Option<Loss> {
        self.estimator.as_mut().filter(|estimator| estimator.told_bps().is_some()).map(Estimator::take_told)
    }

    /// Something is to be sent when [`crate::bandwidth::pacer::PACE_INTERVAL`] has passed.
    pub(crate) fn is_pacing(&self) -> bool {
        self.pacer.is_waiting() || self.probing.is_some() || self.repeats.is_waiting()
    }

    /// What voices take, and at least what one of `bound` would.
    pub(crate) fn voices_bps(&mut self, now: Instant, bound: usize) -> f64 {
        let elapsed = now.saturating_duration_since(self.voices.since);
        if elapsed >= VOICES_WINDOW {
            self.voices.rate_bps = self.voices.bytes as f64 * 8.0 / elapsed.as_secs_f64();
            (self.voices.since, self.voices.bytes) = (now, 0);
        }
        self.voices.rate_bps.max(if bound > 0 { VOICE_BPS } else { 0.0 })
    }

    /// Time passes without feedback; a probe may be due.
    pub(crate) fn review(&mut self, now: Instant, rtt: Option<Duration>, counters: &mut Counters) {
        let Some(estimator) = &mut self.estimator else { return };
        estimator.handle_silence(now);
        if self.probing.is_none()
            && let Some(probe) = estimator.next_probe(now, rtt, self.wants_more)
        {
            counters.probes_sent += 1;
            self.probing = Some(Probing { probe, began: None, bytes: 0, packets: 0 });
        }
        self.pacer.follow(estimator.rate_bps(now));
    }
}

impl Probing {
    fn note(&mut self, now: Instant, len: usize) -> ProbeId {
        self.began.get_or_insert(now);
        self.bytes += len;
        self.packets += 1;
        self.probe.id
    }

    fn is_done(&self) -> bool {
        self.bytes >= self.probe.bytes && self.packets >= self.probe.packets
    }

    /// It should have sent more by now: a tick's worth at its beginning, and so on.
    fn is_behind(&self, now: Instant) -> bool {
        let began = self.began.unwrap_or(now);
        let elapsed = now.saturating_duration_since(began) + crate::bandwidth::pacer::PACE_INTERVAL;
        !self.is_done() && (self.bytes as f64) < self.probe.rate_bps / 8.0 * elapsed.as_secs_f64()
    }
}

/// What the pictures take that fit.
fn pictures_bps(wishes: &[Wish], limits: &[Option<LayerIndex>]) -> f64 {
    let cost = |(wish, limit): (&Wish, &Option<LayerIndex>)| wish.layer_bps.get((*limit)?.index()).copied();
    wishes.iter().zip(limits).filter_map(cost).sum()
}

impl Downlink {
    /// True when the link carries less than before, or far more than anybody knew: what is sent follows at once.
    pub(crate) fn handle_transport_feedback(
        &mut self,
        now: Moment,
        feedback: &TransportFeedback<'_>,
        counters: &mut Counters,
    ) -> bool {
        let Some(estimator) = &mut self.congestion.estimator else { return false };
        let (before, was_queueing) = (estimator.rate_bps(now.at), estimator.is_queueing());
        self.congestion.sequel.left_out(feedback).for_each(|number| estimator.note_left_out(now, number));
        let answered_within = estimator.handle_feedback(now, feedback.arrivals(), self.feedback.rtt());
        self.feedback.note_round_trip_within(now.at, answered_within);
        let (rate_bps, is_queueing) = (estimator.rate_bps(now.at), estimator.is_queueing());
        if is_queueing != was_queueing {
            self.slots.iter_mut().flatten().for_each(|slot| slot.note_queueing(is_queueing));
        }
        let is_more = before.zip(rate_bps).is_some_and(|(before, rate_bps)| rate_bps > FAR_MORE * before);
        self.congestion.review(now.at, self.feedback.rtt_by_reports(), counters);
        rate_bps < before || (is_more && self.congestion.wants_more)
    }

    /// Sends as much padding as the probe on its way wants by now.
    pub(crate) fn send_probe(&mut self, now: Moment, batch: &mut SendBatch, counters: &mut Counters) {
        for _ in 0..MAX_PADDING {
            if !self.congestion.probing.is_some_and(|probing| probing.is_behind(now.at)) {
                break;
            }
            if self.send_padding(now, batch, counters).is_none() {
                // Nothing to send it on: without RTX, or the batch is full.
                self.congestion.probing = None;
                return;
            }
        }
        if self.congestion.probing.is_some_and(|probing| probing.is_done()) {
            self.congestion.probing = None;
        }
    }

    fn send_padding(&mut self, now: Moment, batch: &mut SendBatch, counters: &mut Counters) -> Option<()> {
        let (remote, srtp) = (self.remote?, self.srtp.as_ref()?);
        let slot = self.slots.iter_mut().flatten().find(|slot| slot.carries_padding())?;
        let number = self.congestion.number(slot)?;
        let out = batch.reserve(PADDING_LEN + super::PACKET_OVERHEAD)?;
        let written = slot.write_padding(number, out)?;
        let len = seal(srtp, &written, out)?;
        batch.commit(remote, self.destination, len);
        self.sent_bytes += len as u64;
        counters.padding_packets += 1;
        let probe = self.congestion.probing.as_mut()?.note(now.at, len);
        self.congestion.estimator.as_mut()?.note_sent(now, len, Some(probe));
        Some(())
    }

    /// What is lost there comes too late when it is asked for: pictures that can be sent twice are worth more than large ones.
    pub(crate) fn shrink_wishes(&self, wishes: &mut [Wish]) {
        if let Some(most_bps) = self.congestion.repeats.wanted_bps(self.feedback.rtt()) {
            shrink(wishes, most_bps);
        }
    }

    /// Shares the rate among the wishes; no limits where nothing is known of the link.
    pub(crate) fn fit(&mut self, now: Instant, voices_bps: f64, wishes: &[Wish], limits: &mut [Option<LayerIndex>]) {
        let Some(rate_bps) = self.congestion.rate_bps(now) else { return };
        self.congestion.wants_more = allocate(rate_bps, voices_bps, wishes, limits);
    }

    /// Notes which pictures fit. True when one of the others fitted a moment ago and plays: it is to endure.
    pub(crate) fn note_fitting(
        &mut self,
        now: Instant,
        voices_bps: f64,
        sections: &[SectionIndex],
        wishes: &mut [Wish],
        limits: &[Option<LayerIndex>],
    ) -> bool {
        let congestion = &mut self.congestion;
        if let Some(rate_bps) = congestion.rate_bps(now).filter(|_| limits.iter().any(Option::is_some)) {
            congestion.spare.note(now, rate_bps, voices_bps + pictures_bps(wishes, limits));
        }
        let endures = congestion.spare.endures(now, congestion.is_queueing());
        let mut any = false;
        for ((section, wish), limit) in sections.iter().zip(wishes).zip(limits) {
            let Some(slot) = self.slot_mut(*section) else { continue };
            if limit.is_some() {
                slot.fitted = Some(now);
            }
            let is_recent = slot.fitted.is_some_and(|at| now.saturating_duration_since(at) < BRIEFLY);
            let is_to_endure = limit.is_none() && wish.playing.is_some() && is_recent;
            wish.endures = is_to_endure.then_some(endures);
            any |= is_to_endure;
        }
        any
    }

    /// Whether pictures are sent twice: where there is room for what fits of them, unless the shard itself has too much to do.
    pub(crate) fn review_repeats(
        &mut self,
        now: Instant,
        voices_bps: f64,
        wishes: &[Wish],
        limits: &[Option<LayerIndex>],
        is_overloaded: bool,
    ) -> bool {
        let congestion = &mut self.congestion;
        let Some(rate_bps) = congestion.rate_bps(now) else { return false };
        let is_full = congestion.is_queueing() || is_overloaded;
        congestion.repeats.review(rate_bps, voices_bps, pictures_bps(wishes, limits), is_full)
    }

    /// What is to be sent a second time now; what would have to wait for it is not.
    pub(crate) fn next_repeat(&mut self, now: Moment) -> Option<(SectionIndex, ExtendedSeq)> {
        let Congestion { repeats, pacer, .. } = &mut self.congestion;
        std::iter::from_fn(|| repeats.pop(now)).find(|_| pacer.is_free(now))
    }

    pub(crate) fn note_queue_empty(&mut self) {
        self.slots.iter_mut().flatten().for_each(Slot::note_queue_empty);
    }

    /// The slot's stream is broken off: what waits of it is not sent any more.
    pub(crate) fn interrupt(&mut self, section: SectionIndex) {
        self.congestion.pacer.forget(section);
        if let Some(slot) = self.slot_mut(section) {
            slot.interrupt();
        }
    }
}
