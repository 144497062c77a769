//! The rate that loss allows. A link loses some of whatever it carries, and what it cannot carry on top; how much is which is
//! found by the likelihood of what was sent and lost, so that a lossy radio is not taken for a full one.
//!
//! Owns the last [`OBSERVATIONS`] looks at one downlink. The idea is that of libwebrtc's second loss-based estimator.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const OBSERVATIONS: usize = 20;
/// Of one look.
const SHORTEST: Duration = Duration::from_millis(250);
const FEWEST_PACKETS: u32 = 10;
/// What an older look counts beside the next.
const AGEING: f64 = 0.9;
/// Candidates beside what is believed now.
const FACTORS: [f64; 3] = [1.02, 1.0, 0.95];
/// The loss that a link may have by itself: this share, and more where little fits.
const OWN_LOSS: f64 = 0.05;
const OWN_LOSS_BPS: f64 = 75_000.0;
const OWN_LOSS_STEPS: u32 = 24;
const LEAST_LOSS: f64 = 1e-3;
/// Between two explanations that are as good the higher rate is believed.
const PREFERENCE: f64 = 0.02;
/// Growth in a second after a decrease, as long as what arrives does not say more.
const LEAST_BPS: f64 = 30_000.0;

#[derive(Debug)]
pub(crate) struct LossBasedRate {
    /// `None` until loss was ever above what means nothing.
    limit_bps: Option<f64>,
    looks: VecDeque<Look>,
    current: Look,
    began: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Look {
    packets: f64,
    lost: f64,
    sent_bps: f64,
    bits: f64,
}

impl Default for LossBasedRate {
    fn default() -> Self {
        Self { limit_bps: None, looks: VecDeque::with_capacity(OBSERVATIONS), current: Look::default(), began: None }
    }
}

impl LossBasedRate {
    /// Nothing in the way when `None`.
    pub(crate) fn limit_bps(&self) -> Option<f64> {
        self.limit_bps
    }

    /// The share of the recent packets that was lost.
    pub(crate) fn loss_ratio(&self) -> f64 {
        let (lost, packets) = self.weighted().fold((0.0, 0.0), |(lost, packets), (look, weight)| {
            (lost + weight * look.lost, packets + weight * look.packets)
        });
        if packets > 0.0 { lost / packets } else { 0.0 }
    }

    /// A packet's fate, as the receiver has told it.
    pub(crate) fn note(&mut self, len: usize, arrived: bool) {
        self.current.packets += 1.0;
        self.current.lost += f64::from(u8::from(!arrived));
        self.current.bits += len as f64 * 8.0;
    }

    /// After the packets of a feedback have been noted; `delay_bps` is what the delay allows.
    pub(crate) fn update(&mut self, now: Instant, acked_bps: Option<f64>, delay_bps: f64) {
        let began = *self.began.get_or_insert(now);
        let elapsed = now.saturating_duration_since(began);
        if elapsed < SHORTEST || self.current.packets < f64::from(FEWEST_PACKETS) {
            return;
        }
        let look = std::mem::take(&mut self.current);
        self.began = Some(now);
        if self.looks.len() == OBSERVATIONS {
            self.looks.pop_front();
        }
        self.looks.push_back(Look { sent_bps: look.bits / elapsed.as_secs_f64(), ..look });
        self.limit_bps = self.most_likely(acked_bps, delay_bps);
    }

    fn most_likely(&self, acked_bps: Option<f64>, delay_bps: f64) -> Option<f64> {
        let loss = self.loss_ratio();
        let believed = self.limit_bps.unwrap_or(delay_bps);
        let around = FACTORS.map(|factor| believed * factor);
        let candidates = around.into_iter().chain([delay_bps]).chain(acked_bps.map(|acked| acked * 0.95));
        let ceiling = instant_limit(loss);
        let candidates = candidates.map(|rate_bps| rate_bps.min(ceiling).max(LEAST_BPS));
        let best = candidates.max_by(|a, b| self.likelihood(*a).total_cmp(&self.likelihood(*b)))?;
        // As high as the delay allows: loss says nothing.
        (best < delay_bps).then_some(best)
    }

    /// Of what was seen, if the bottleneck carried `rate_bps` and the link's own loss were the likeliest for that.
    fn likelihood(&self, rate_bps: f64) -> f64 {
        let most = (OWN_LOSS + OWN_LOSS_BPS / rate_bps).min(0.5);
        let own = |step: u32| LEAST_LOSS + (most - LEAST_LOSS) * f64::from(step) / f64::from(OWN_LOSS_STEPS);
        let preferred =
            PREFERENCE * (1.0 + rate_bps / 1e3).ln() * self.weighted().map(|(look, w)| w * look.packets).sum::<f64>();
        (0..=OWN_LOSS_STEPS).map(|step| self.with_own_loss(rate_bps, own(step))).fold(f64::MIN, f64::max) + preferred
    }

    fn with_own_loss(&self, rate_bps: f64, own: f64) -> f64 {
        let terms = self.weighted().map(|(look, weight)| {
            let excess = (look.sent_bps - rate_bps).max(0.0) / look.sent_bps.max(1.0);
            let loss = (own + (1.0 - own) * excess).clamp(LEAST_LOSS, 1.0 - LEAST_LOSS);
            weight * (look.lost * loss.ln() + (look.packets - look.lost) * (1.0 - loss).ln())
        });
        terms.sum()
    }

    /// Newest first.
    fn weighted(&self) -> impl Iterator<Item = (&Look, f64)> {
        self.looks.iter().rev().scan(1.0, |weight, look| {
            let current = *weight;
            *weight *= AGEING;
            Some((look, current))
        })
    }
}

/// Whatever the reason, so much loss leaves room for so much and no more: beyond it each further bit is repair.
fn instant_limit(loss: f64) -> f64 {
    if loss <= OWN_LOSS { f64::INFINITY } else { OWN_LOSS_BPS / (loss - OWN_LOSS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends at `sent_bps` for `seconds` over a link of `capacity_bps` that loses `own` of what it carries.
    fn limit_after(seconds: u32, sent_bps: f64, capacity_bps: f64, own: f64) -> Option<f64> {
        let start = Instant::now();
        let mut rate = LossBasedRate::default();
        let (mut owed, mut packets) = (0.0, 0.0);
        let loss = own + (1.0 - own) * ((sent_bps - capacity_bps).max(0.0) / sent_bps);
        for step in 0..seconds * 20 {
            packets += sent_bps / 20.0 / 8_000.0;
            while packets >= 1.0 {
                packets -= 1.0;
                owed += loss;
                let arrived = owed < 1.0;
                owed -= f64::from(u8::from(!arrived));
                rate.note(1_000, arrived);
            }
            let acked_bps = Some(sent_bps * (1.0 - loss));
            rate.update(start + Duration::from_millis(50) * step, acked_bps, sent_bps);
        }
        rate.limit_bps()
    }

    #[test]
    fn a_link_without_loss_has_no_limit() {
        assert_eq!(limit_after(10, 1e6, 2e6, 0.0), None);
    }

    #[test]
    fn a_radio_that_loses_a_little_is_not_taken_for_a_full_link() {
        let limit = limit_after(10, 800_000.0, 2e6, 0.04);
        assert!(limit.is_none_or(|limit| limit > 700_000.0), "{limit:?}");
    }

    #[test]
    fn a_link_that_loses_a_fifth_still_carries_video() {
        let limit = limit_after(10, 300_000.0, 1e6, 0.2);
        assert!(limit.is_none_or(|limit| limit > 250_000.0), "{limit:?}");
    }

    #[test]
    fn a_policed_link_is_found_out() {
        let limit = limit_after(10, 1.5e6, 600_000.0, 0.0).unwrap();
        assert!((100_000.0..700_000.0).contains(&limit), "{limit}");
    }
}
