//! Durations by how often they came, within 3 % of each, without allocation after it was made.

use std::time::Duration;

/// Steps between a power of two and the next.
const STEPS: usize = 32;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Up to 2^40 ns, 18 minutes.
const OCTAVES: usize = 40;

#[derive(Clone)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; STEPS * OCTAVES], total: 0 }
    }
}

impl Histogram {
    pub(super) fn record_ns(&mut self, ns: u64) {
        let index = index_of(ns).min(self.counts.len() - 1);
        if let Some(count) = self.counts.get_mut(index) {
            *count += 1;
            self.total += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (ours, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *ours += theirs;
        }
        self.total += other.total;
    }

    /// What `thousandths` of all do not exceed; `None` of nothing.
    #[must_use]
    pub(super) fn quantile(&self, thousandths: u64) -> Option<Duration> {
        let rank = (self.total * thousandths).div_ceil(1_000).max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        found.filter(|_| self.total > 0).map(|index| Duration::from_nanos(upper_bound(index)))
    }
}

fn index_of(ns: u64) -> usize {
    let octave = ns.max(1).ilog2().saturating_sub(STEP_BITS);
    let step = usize::try_from(ns >> octave).unwrap_or(usize::MAX);
    usize::try_from(octave).unwrap_or(0) * STEPS + step
}

fn upper_bound(index: usize) -> u64 {
    // The first two octaves are exact; from then on steps start in the middle, since the leading bit is in them.
    let octave = (index / STEPS).saturating_sub(1);
    let step = u64::try_from(index - octave * STEPS).unwrap_or(u64::MAX);
    ((step + 1) << octave) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_comes_back_within_three_percent() {
        for ns in [0, 1, 31, 32, 33, 63, 64, 100, 1_000, 12_345, 1_000_000, 123_456_789, 60_000_000_000] {
            let mut histogram = Histogram::default();
            histogram.record_ns(ns);
            let back = u64::try_from(histogram.quantile(500).unwrap().as_nanos()).unwrap();
            assert!(back >= ns && back <= ns + ns / 31, "{ns} came back as {back}");
        }
    }

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let mut histogram = Histogram::default();
        (1..=1_000).for_each(|ms| histogram.record_ns(ms * 1_000_000));
        let ms = |thousandths| histogram.quantile(thousandths).unwrap().as_millis();
        assert!((500..=516).contains(&ms(500)) && (990..=1_023).contains(&ms(990)), "{} {}", ms(500), ms(990));
        assert_eq!(Histogram::default().quantile(500), None);
    }
}
