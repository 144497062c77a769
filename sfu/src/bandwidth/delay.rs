//! Whether the path's queue grows: packets in groups, the trend of their one-way delays, and a threshold that adapts
//! (draft-ietf-rmcat-gcc-02 §5; the trend line is that of libwebrtc, which took the place of the draft's Kalman filter).
//!
//! Owns one downlink's last [`WINDOW`] groups. Takes times of both clocks as milliseconds of any origin; knows no rate.

use std::collections::VecDeque;

/// What the queue before the bottleneck does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Signal {
    Grows,
    #[default]
    Steady,
    Shrinks,
}

/// Packets sent within this of the first are one group (gcc-02 §5.2).
const GROUP_MS: f64 = 5.0;
/// A group that arrives this long after it could have is no burst of the last one.
const LONGEST_BURST_MS: f64 = 100.0;
/// Groups in the trend.
const WINDOW: usize = 20;
const SMOOTHING: f64 = 0.9;
/// Makes the slope comparable with the threshold.
const GAIN: f64 = 4.0;
const MOST_DELTAS: u32 = 60;
/// For so long the trend must be above the threshold.
const OVERUSE_MS: f64 = 10.0;
const FIRST_THRESHOLD: f64 = 12.5;
const THRESHOLDS: (f64, f64) = (6.0, 600.0);
/// gcc-02 §5.4.
const UP: f64 = 0.008_7;
const DOWN: f64 = 0.039;
/// A trend so far above the threshold is a jump of the route, from which nothing is learnt.
const OUTLIER: f64 = 15.0;
/// A receiver's clock that jumps this far has been set, or has wrapped.
const JUMP_MS: f64 = 3_000.0;

#[derive(Debug, Default)]
pub(crate) struct DelayTrend {
    current: Option<Group>,
    last: Option<Group>,
    line: TrendLine,
    detector: Detector,
}

/// Packets that left together.
#[derive(Clone, Copy, Debug)]
struct Group {
    first_sent: f64,
    last_sent: f64,
    first_received: f64,
    last_received: f64,
}

impl DelayTrend {
    /// One packet that arrived, in order of sending.
    pub(crate) fn note(&mut self, sent_ms: f64, received_ms: f64) {
        let single =
            Group { first_sent: sent_ms, last_sent: sent_ms, first_received: received_ms, last_received: received_ms };
        let Some(group) = &mut self.current else {
            self.current = Some(single);
            return;
        };
        if sent_ms < group.first_sent {
            // Reordered behind its group: its delay says nothing of the queue.
            return;
        }
        if group.takes(sent_ms, received_ms) {
            group.last_sent = group.last_sent.max(sent_ms);
            group.last_received = group.last_received.max(received_ms);
            return;
        }
        let done = *group;
        self.current = Some(single);
        if let Some(last) = self.last.replace(done) {
            self.compare(&last, &done);
        }
    }

    pub(crate) fn signal(&self) -> Signal {
        self.detector.signal
    }

    fn compare(&mut self, last: &Group, group: &Group) {
        let sent = group.last_sent - last.last_sent;
        let received = group.last_received - last.last_received;
        if !(0.0..JUMP_MS).contains(&received) || received - sent > JUMP_MS {
            (self.line, self.last) = (TrendLine::default(), None);
            return;
        }
        if let Some((trend, deltas)) = self.line.add(group.last_received, received - sent) {
            self.detector.judge(group.last_received, sent, trend, deltas);
        }
    }
}

impl Group {
    fn takes(&self, sent_ms: f64, received_ms: f64) -> bool {
        if sent_ms - self.first_sent <= GROUP_MS {
            return true;
        }
        // Held up together and let go together: one burst at the receiver (gcc-02 §5.2).
        let received = received_ms - self.last_received;
        let gained = received - (sent_ms - self.last_sent);
        gained < 0.0 && received <= GROUP_MS && received_ms - self.first_received < LONGEST_BURST_MS
    }
}

/// Slope of the smoothed delay over arrival time.
#[derive(Debug, Default)]
struct TrendLine {
    origin: Option<f64>,
    deltas: u32,
    sum: f64,
    smoothed: f64,
    points: VecDeque<(f64, f64)>,
}

impl TrendLine {
    /// The slope once there are enough groups, and of how many it is.
    fn add(&mut self, at_ms: f64, delta_ms: f64) -> Option<(f64, u32)> {
        let origin = *self.origin.get_or_insert(at_ms);
        self.deltas = (self.deltas + 1).min(1_000);
        self.sum += delta_ms;
        self.smoothed = SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * self.sum;
        if self.points.len() == WINDOW {
            self.points.pop_front();
        }
        self.points.push_back((at_ms - origin, self.smoothed));
        let full = self.points.len() == WINDOW;
        full.then(|| slope(&self.points)).flatten().map(|slope| (slope, self.deltas))
    }
}

/// Least squares.
fn slope(points: &VecDeque<(f64, f64)>) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let numerator: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let denominator: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    (denominator > 0.0).then(|| numerator / denominator)
}

#[derive(Debug)]
struct Detector {
    signal: Signal,
    threshold: f64,
    adapted_at: Option<f64>,
    over_for: f64,
    over_count: u32,
    last_trend: f64,
}

impl Default for Detector {
    fn default() -> Self {
        Self {
            signal: Signal::Steady,
            threshold: FIRST_THRESHOLD,
            adapted_at: None,
            over_for: 0.0,
            over_count: 0,
            last_trend: 0.0,
        }
    }
}

impl Detector {
    fn judge(&mut self, at_ms: f64, sent_delta_ms: f64, slope: f64, deltas: u32) {
        let trend = f64::from(deltas.min(MOST_DELTAS)) * slope * GAIN;
        if trend > self.threshold {
            // The first interval counts half: it began somewhere within.
            self.over_for += if self.over_count == 0 { sent_delta_ms / 2.0 } else { sent_delta_ms };
            self.over_count += 1;
            if self.over_for > OVERUSE_MS && self.over_count > 1 && slope >= self.last_trend {
                (self.over_for, self.over_count) = (0.0, 0);
                self.signal = Signal::Grows;
            }
        } else {
            (self.over_for, self.over_count) = (0.0, 0);
            self.signal = if trend < -self.threshold { Signal::Shrinks } else { Signal::Steady };
        }
        self.last_trend = slope;
        self.adapt(at_ms, trend.abs());
    }

    /// Slowly towards the trend's size, so that it neither starves beside loss-based traffic nor sleeps (gcc-02 §5.4).
    fn adapt(&mut self, at_ms: f64, size: f64) {
        let elapsed = at_ms - self.adapted_at.replace(at_ms).unwrap_or(at_ms);
        if size > self.threshold + OUTLIER {
            return;
        }
        let gain = if size < self.threshold { DOWN } else { UP };
        self.threshold += gain * (size - self.threshold) * elapsed.clamp(0.0, 100.0);
        self.threshold = self.threshold.clamp(THRESHOLDS.0, THRESHOLDS.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups of three packets each 20 ms whose delay grows by `growth_ms` a group; how many of the signals were each.
    fn signals(growth_ms: f64, groups: u32) -> [usize; 3] {
        let mut trend = DelayTrend::default();
        let mut seen = [0; 3];
        for group in 0..groups {
            for packet in 0..3 {
                let sent = f64::from(group) * 20.0 + f64::from(packet);
                trend.note(sent, 1e6 + sent + 30.0 + growth_ms * f64::from(group));
            }
            match trend.signal() {
                Signal::Grows => seen[0] += 1,
                Signal::Steady => seen[1] += 1,
                Signal::Shrinks => seen[2] += 1,
            }
        }
        seen
    }

    #[test]
    fn a_constant_delay_is_steady() {
        assert_eq!(signals(0.0, 200), [0, 200, 0]);
    }

    #[test]
    fn a_growing_queue_is_seen_within_a_second() {
        let [grows, ..] = signals(2.0, 50);
        assert!(grows > 0, "50 groups of 20 ms");
    }

    #[test]
    fn a_shrinking_queue_is_seen() {
        let [grows, _, shrinks] = signals(-1.0, 60);
        assert!(grows == 0 && shrinks > 10, "{shrinks}");
    }

    #[test]
    fn noise_of_the_path_is_no_queue() {
        let mut trend = DelayTrend::default();
        let mut grown = 0;
        for number in 0..3_000_u32 {
            let sent = f64::from(number) * 10.0;
            // 0 to 9 ms, without a pattern that lasts.
            let noise = f64::from(number.wrapping_mul(2_654_435_761) >> 28) * 0.6;
            trend.note(sent, sent + 40.0 + noise);
            grown += usize::from(trend.signal() == Signal::Grows);
        }
        assert!(grown < 60, "{grown} of 3,000");
    }

    #[test]
    fn a_receivers_clock_that_jumps_is_no_queue() {
        let mut trend = DelayTrend::default();
        for number in 0..400_u32 {
            let sent = f64::from(number) * 10.0;
            trend.note(sent, sent + if number < 200 { 40.0 } else { 60_000.0 });
            assert_ne!(trend.signal(), Signal::Grows, "{number}");
        }
    }
}
