//! Capacity as a phone on the move has it, made from a seed: as many others as are wanted beside the recordings (`recording.rs`).
//!
//! A walk over a ladder of rates with a step every 200 ms to 2 s, and now and then a stall. Pure.

use super::capacity::{Capacity, Step};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;

/// Neighbours are a cell's edge, a village's EDGE-like rest, 3G and LTE with many or few others.
const LADDER_BPS: [u64; 9] = [64_000, 120_000, 200_000, 350_000, 600_000, 1_000_000, 1_800_000, 3_000_000, 5_000_000];
const PERIOD: Duration = Duration::from_secs(120);
/// One step in so many is a stall, of up to half a second.
const STALL_ONE_IN: u32 = 25;
const LONGEST_STALL_MS: u64 = 500;

pub(crate) fn capacity(seed: u64) -> Capacity {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut rung = rng.random_range(2..LADDER_BPS.len());
    let (mut steps, mut at) = (Vec::new(), Duration::ZERO);
    while at < PERIOD {
        let stalls = !steps.is_empty() && rng.random_ratio(1, STALL_ONE_IN);
        let (rate_bps, lasts_ms) = if stalls {
            (0, rng.random_range(50..LONGEST_STALL_MS))
        } else {
            rung = (rung + rng.random_range(0..=2_usize)).saturating_sub(1).min(LADDER_BPS.len() - 1);
            let usual = LADDER_BPS.get(rung).copied().unwrap_or_default();
            (usual * rng.random_range(85..=115) / 100, rng.random_range(200..2_000))
        };
        steps.push(Step { at, rate_bps });
        at += Duration::from_millis(lasts_ms);
    }
    Capacity::Steps { steps, period: PERIOD }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_bps(capacity: &Capacity) -> f64 {
        let Capacity::Steps { steps, period } = capacity else { panic!("{capacity:?}") };
        let ends = steps.iter().skip(1).map(|step| step.at).chain([*period]);
        let bits: f64 =
            steps.iter().zip(ends).map(|(step, end)| step.rate_bps as f64 * (end - step.at).as_secs_f64()).sum();
        bits / period.as_secs_f64()
    }

    #[test]
    fn a_seed_is_a_trace_and_another_seed_is_another() {
        assert_eq!(capacity(5), capacity(5));
        assert_ne!(capacity(5), capacity(6));
    }

    #[test]
    fn traces_are_of_rural_size_with_stalls_and_wide_swings() {
        let mut stalls = 0;
        for seed in 0..20 {
            let capacity = capacity(seed);
            let mean = mean_bps(&capacity);
            assert!((100_000.0..5_000_000.0).contains(&mean), "{seed}: {mean}");
            let Capacity::Steps { steps, .. } = &capacity else { panic!() };
            stalls += steps.iter().filter(|step| step.rate_bps == 0).count();
            let highest = steps.iter().map(|step| step.rate_bps).max().unwrap();
            let lowest = steps.iter().map(|step| step.rate_bps).filter(|rate| *rate > 0).min().unwrap();
            assert!(highest > 4 * lowest, "{seed}: {lowest} to {highest}");
        }
        assert!(stalls > 20, "{stalls}");
    }
}
