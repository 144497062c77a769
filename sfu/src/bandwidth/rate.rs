//! The rate that the delay allows: up while the queue is steady, down below what arrives when it grows
//! (draft-ietf-rmcat-gcc-02 §5.5, §5.6).
//!
//! Owns the delay-based estimate of one downlink and what it has learnt of the bottleneck's capacity.

use super::delay::Signal;
use super::queueing::Wait;
use std::time::{Duration, Instant};

/// What is kept of the arriving rate when the queue grows. Milder than the draft's (§5.5) while it is short: a tenth more gets through
/// where the rate swings or packets are lost, and jitter is not paid for.
const BACK_OFF: f64 = 0.95;
/// The same when packets wait long already, so that the queue drains (§5.5).
const DRAIN: f64 = 0.85;
/// A second, while the capacity is unknown.
const MULTIPLICATIVE: f64 = 0.08;
/// No more than this above what arrives: a sender that sends little has learnt little.
const HEADROOM: f64 = 1.5;
const HEADROOM_BPS: f64 = 10_000.0;
/// The least that is added in a second near the capacity.
const LEAST_STEP_BPS: f64 = 4_000.0;
/// To see the effect of a step, beyond the round trip.
const RESPONSE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct DelayBasedRate {
    rate_bps: f64,
    phase: Phase,
    capacity: Capacity,
    updated: Instant,
    decreased: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Increase,
    /// After a decrease, and while the queue drains.
    Hold,
}

/// Of the bottleneck: mean and deviation of what arrived when the queue began to grow.
#[derive(Debug, Default)]
struct Capacity {
    mean_bps: Option<f64>,
    /// Relative.
    variance: f64,
}

/// What has been measured by now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub signal: Signal,
    /// Of packets before the bottleneck.
    pub wait: Wait,
    pub acked_bps: Option<f64>,
    pub rtt: Duration,
    /// The sender has sent less than it might: that nothing went wrong proves nothing.
    pub is_application_limited: bool,
}

impl DelayBasedRate {
    pub(crate) fn new(now: Instant, start_bps: f64) -> Self {
        Self { rate_bps: start_bps, phase: Phase::Hold, capacity: Capacity::default(), updated: now, decreased: None }
    }

    pub(crate) fn rate_bps(&self) -> f64 {
        self.rate_bps
    }

    /// What a probe has shown counts at once.
    pub(crate) fn jump(&mut self, now: Instant, rate_bps: f64) {
        self.rate_bps = rate_bps;
        (self.updated, self.phase) = (now, Phase::Hold);
        self.capacity = Capacity::default();
    }

    /// Nothing is heard: less is sent, and what was learnt of the capacity may be past.
    pub(crate) fn halve(&mut self, now: Instant, least_bps: f64) {
        self.rate_bps = self.rate_bps.min((self.rate_bps / 2.0).max(least_bps));
        (self.updated, self.phase) = (now, Phase::Hold);
        self.capacity = Capacity::default();
    }

    pub(crate) fn update(&mut self, now: Instant, measured: Measured) {
        match measured.signal {
            Signal::Grows => self.decrease(now, measured),
            Signal::Shrinks => self.phase = Phase::Hold,
            Signal::Steady if self.phase == Phase::Hold => self.phase = Phase::Increase,
            Signal::Steady => self.increase(now, measured),
        }
        if measured.signal != Signal::Grows && measured.wait == Wait::Long {
            self.keep_up(measured.acked_bps);
        }
        self.updated = now;
    }

    /// While packets wait the bottleneck never rests: what arrives is what it carries by now, though it may have carried less when the
    /// queue grew.
    fn keep_up(&mut self, acked_bps: Option<f64>) {
        self.rate_bps = acked_bps.map_or(self.rate_bps, |acked| self.rate_bps.max(DRAIN * acked));
    }

    fn increase(&mut self, now: Instant, measured: Measured) {
        if measured.is_application_limited {
            return;
        }
        let elapsed = now.saturating_duration_since(self.updated).min(Duration::from_secs(1)).as_secs_f64();
        if measured.acked_bps.is_some_and(|acked| self.capacity.is_exceeded_by(acked)) {
            self.capacity = Capacity::default();
        }
        let step = match self.capacity.mean_bps {
            Some(_) => near_capacity_step(self.rate_bps, measured.rtt) * elapsed,
            None => self.rate_bps * ((1.0 + MULTIPLICATIVE).powf(elapsed) - 1.0),
        };
        let limit = measured.acked_bps.map_or(f64::INFINITY, |acked| HEADROOM * acked + HEADROOM_BPS);
        self.rate_bps = (self.rate_bps + step).min(limit.max(self.rate_bps));
    }

    fn decrease(&mut self, now: Instant, measured: Measured) {
        // Who sends far less than it may, and waits hardly, has sent one large frame; how fast that came says nothing of the link.
        if measured.is_application_limited && measured.wait == Wait::None {
            self.phase = Phase::Hold;
            return;
        }
        // Once a round trip: the last decrease must have had its effect.
        let soon = self.decreased.is_some_and(|at| now.saturating_duration_since(at) < measured.rtt.max(RESPONSE));
        let acked = measured.acked_bps.unwrap_or(self.rate_bps);
        if soon && acked > self.rate_bps / 2.0 {
            return;
        }
        self.rate_bps = self.rate_bps.min(if measured.wait == Wait::Long { DRAIN } else { BACK_OFF } * acked);
        self.capacity.learn(acked);
        (self.decreased, self.phase) = (Some(now), Phase::Hold);
    }
}

/// About a packet in each response time, in bits a second for each second.
fn near_capacity_step(rate_bps: f64, rtt: Duration) -> f64 {
    let frame_bits = rate_bps / 30.0;
    let packets = (frame_bits / (1_200.0 * 8.0)).ceil().max(1.0);
    let packet_bits = frame_bits / packets;
    (packet_bits / (rtt + RESPONSE).as_secs_f64()).max(LEAST_STEP_BPS)
}

impl Capacity {
    const LEARNING: f64 = 0.05;

    fn learn(&mut self, acked_bps: f64) {
        let mean = self.mean_bps.map_or(acked_bps, |mean| mean + Self::LEARNING * (acked_bps - mean));
        let off = mean - acked_bps;
        self.variance =
            ((1.0 - Self::LEARNING) * self.variance + Self::LEARNING * off * off / mean.max(1.0)).clamp(0.4e3, 2.5e3);
        self.mean_bps = Some(mean);
    }

    /// By more than three deviations: it is another bottleneck by now.
    fn is_exceeded_by(&self, acked_bps: f64) -> bool {
        self.mean_bps.is_some_and(|mean| acked_bps > mean + 3.0 * (self.variance * mean).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEASURED: Measured = Measured {
        signal: Signal::Steady,
        wait: Wait::None,
        acked_bps: Some(500_000.0),
        rtt: Duration::from_millis(100),
        is_application_limited: false,
    };

    fn after(rate: &mut DelayBasedRate, start: Instant, seconds: u32, measured: Measured) -> f64 {
        for step in 1..=seconds * 10 {
            rate.update(start + Duration::from_millis(100) * step, measured);
        }
        rate.rate_bps()
    }

    #[test]
    fn a_steady_queue_lets_the_rate_grow_to_half_above_what_arrives() {
        let start = Instant::now();
        let mut rate = DelayBasedRate::new(start, 300_000.0);
        let grown = after(&mut rate, start, 5, MEASURED);
        assert!((1.3..1.55).contains(&(grown / 300_000.0)), "{grown}");
        assert!((after(&mut rate, start, 60, MEASURED) - 760_000.0).abs() < 1.0);
    }

    #[test]
    fn a_growing_queue_takes_the_rate_below_what_arrives_once_a_round_trip() {
        let start = Instant::now();
        let mut rate = DelayBasedRate::new(start, 800_000.0);
        let grows = Measured { signal: Signal::Grows, wait: Wait::Long, ..MEASURED };
        rate.update(start, grows);
        assert!((rate.rate_bps() - 425_000.0).abs() < 1.0);
        rate.update(start + Duration::from_millis(20), Measured { acked_bps: Some(400_000.0), ..grows });
        assert!((rate.rate_bps() - 425_000.0).abs() < 1.0);
    }

    #[test]
    fn a_queue_that_is_short_yet_takes_less_of_the_rate() {
        let start = Instant::now();
        let mut rate = DelayBasedRate::new(start, 800_000.0);
        rate.update(start, Measured { signal: Signal::Grows, wait: Wait::Short, ..MEASURED });
        assert!((rate.rate_bps() - 475_000.0).abs() < 1.0);
    }

    #[test]
    fn a_dip_of_the_link_is_over_when_what_waited_arrives_faster() {
        let start = Instant::now();
        let mut rate = DelayBasedRate::new(start, 400_000.0);
        let waits = Measured { wait: Wait::Long, ..MEASURED };
        rate.update(start, Measured { signal: Signal::Grows, acked_bps: Some(100_000.0), ..waits });
        assert!((rate.rate_bps() - 85_000.0).abs() < 1.0);
        let drains = Measured { signal: Signal::Shrinks, acked_bps: Some(300_000.0), ..waits };
        rate.update(start + Duration::from_millis(50), Measured { wait: Wait::Short, ..drains });
        assert!((rate.rate_bps() - 85_000.0).abs() < 1.0, "a frame's burst is no rate");
        rate.update(start + Duration::from_millis(100), drains);
        assert!((rate.rate_bps() - 255_000.0).abs() < 1.0);
    }

    #[test]
    fn near_the_capacity_it_grows_by_packets_and_not_by_shares() {
        let start = Instant::now();
        let mut rate = DelayBasedRate::new(start, 800_000.0);
        rate.update(start, Measured { signal: Signal::Grows, wait: Wait::Long, ..MEASURED });
        let before = rate.rate_bps();
        let grown = after(&mut rate, start, 1, MEASURED) - before;
        assert!((20_000.0..60_000.0).contains(&grown), "{grown}");
    }

    #[test]
    fn who_sends_little_learns_nothing() {
        let start = Instant::now();
        let mut rate = DelayBasedRate::new(start, 300_000.0);
        let idle = Measured { is_application_limited: true, ..MEASURED };
        assert!((after(&mut rate, start, 20, idle) - 300_000.0).abs() < 1.0);
        let frame = Measured { signal: Signal::Grows, wait: Wait::None, ..idle };
        assert!((after(&mut rate, start, 20, frame) - 300_000.0).abs() < 1.0, "one large frame");
        rate.update(
            start + Duration::from_secs(60),
            Measured { acked_bps: Some(100_000.0), wait: Wait::Short, ..frame },
        );
        assert!((rate.rate_bps() - 95_000.0).abs() < 1.0, "a queue");
    }
}
