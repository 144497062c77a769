//! What the io of one shard counts: cumulative values, copied to the control plane once a second.
//!
//! Owns nothing but numbers. Must not decide anything: a rate, a ratio or an alarm is the reader's.

use std::time::Duration;

/// One shard's io since it started.
#[derive(Clone, Debug, Default)]
pub struct IoCounters {
    pub receive: ReceiveCounters,
    pub send: SendCounters,
    /// Events and snapshots that found the control plane's queue full.
    pub messages_dropped: u64,
    pub commands: u64,
    pub turns: u64,
    /// Time spent working, and time spent waiting for something to do.
    pub busy: Duration,
    pub idle: Duration,
    /// From reading a burst off the socket to having handed what it caused back to the kernel, per datagram sent.
    pub forward_latency: LatencyHistogram,
}

#[derive(Clone, Debug, Default)]
pub struct ReceiveCounters {
    pub datagrams: u64,
    pub bytes: u64,
    pub calls: u64,
    /// Larger than any buffer of ours, therefore not read.
    pub truncated: u64,
    /// Lost in the socket's receive queue before we read them (`SO_RXQ_OVFL`; 0 where the system does not say).
    pub queue_dropped: u64,
    pub errors: u64,
}

#[derive(Clone, Debug, Default)]
pub struct SendCounters {
    pub datagrams: u64,
    pub bytes: u64,
    pub calls: u64,
    /// Of `datagrams`, those that left as part of a segmented run.
    pub segmented: u64,
    /// Runs that the kernel would not segment; their datagrams went out one by one.
    pub segmentation_refused: u64,
    /// Lost because the socket's send buffer was full.
    pub buffer_full: u64,
    /// Lost to any other error: no route, filtered, too large.
    pub errors: u64,
}

impl IoCounters {
    /// The share of the time since `earlier` that the thread worked, 0..=1.
    #[must_use]
    pub fn busy_ratio_since(&self, earlier: &Self) -> f64 {
        let busy = self.busy.saturating_sub(earlier.busy);
        let total = busy + self.idle.saturating_sub(earlier.idle);
        if total.is_zero() { 0.0 } else { busy.div_duration_f64(total) }
    }
}

/// Upper bounds of the buckets in microseconds, about logarithmic, with the limits we promise (200 us, 1 ms, 3 ms) among
/// them. The last bucket has no bound.
pub const LATENCY_BOUNDS_US: [u64; 14] =
    [10, 20, 50, 100, 200, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 20_000, 50_000, 100_000];

#[derive(Clone, Debug, Default)]
pub struct LatencyHistogram {
    counts: [u64; LATENCY_BOUNDS_US.len() + 1],
    sum: Duration,
}

impl LatencyHistogram {
    /// `count` datagrams took `latency`.
    pub fn record(&mut self, latency: Duration, count: u32) {
        let bucket = LATENCY_BOUNDS_US.iter().take_while(|bound| latency > Duration::from_micros(**bound)).count();
        if let Some(slot) = self.counts.get_mut(bucket) {
            *slot += u64::from(count);
        }
        self.sum = self.sum.saturating_add(latency.saturating_mul(count));
    }

    /// Each bucket's upper bound (`None`: no bound) and how many fell into it alone.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let bounds = LATENCY_BOUNDS_US.iter().map(|bound| Some(Duration::from_micros(*bound))).chain([None]);
        bounds.zip(self.counts)
    }

    #[must_use]
    pub fn sum(&self) -> Duration {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_falls_into_the_first_bucket_that_holds_it() {
        let mut histogram = LatencyHistogram::default();
        histogram.record(Duration::from_micros(200), 3);
        histogram.record(Duration::from_micros(201), 1);
        histogram.record(Duration::from_secs(9), 2);
        let used: Vec<_> = histogram.buckets().filter(|(_, count)| *count > 0).collect();
        let bound = |us| Some(Duration::from_micros(us));
        assert_eq!(used, [(bound(200), 3), (bound(500), 1), (None, 2)]);
        assert_eq!(histogram.sum(), Duration::from_micros(3 * 200 + 201 + 18_000_000));
    }

    #[test]
    fn the_busy_ratio_is_of_the_time_between_two_snapshots() {
        let earlier =
            IoCounters { busy: Duration::from_secs(5), idle: Duration::from_secs(5), ..IoCounters::default() };
        let later = IoCounters { busy: Duration::from_secs(6), idle: Duration::from_secs(8), ..IoCounters::default() };
        assert!((later.busy_ratio_since(&earlier) - 0.25).abs() < 1e-9);
        assert!(earlier.busy_ratio_since(&earlier).abs() < 1e-9);
    }
}
