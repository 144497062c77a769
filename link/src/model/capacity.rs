//! What the bottleneck carries over time: a rate, or steps of rates that a trace has recorded, again and again.

use std::fmt;
use std::time::Duration;

/// From `at` on, `rate_bps` bits a second; 0 = nothing moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub at: Duration,
    pub rate_bps: u64,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Capacity {
    Unlimited,
    Constant {
        rate_bps: u64,
    },
    /// In order of time, the first at zero; begins anew after `period`.
    Steps {
        steps: Vec<Step>,
        period: Duration,
    },
}

/// More steps than that are told by their number.
const FEW_STEPS: usize = 20;

impl fmt::Debug for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str("Unlimited"),
            Self::Constant { rate_bps } => f.debug_struct("Constant").field("rate_bps", rate_bps).finish(),
            Self::Steps { steps, period } if steps.len() <= FEW_STEPS => {
                f.debug_struct("Steps").field("steps", steps).field("period", period).finish()
            }
            Self::Steps { steps, period } => write!(f, "{} steps in {period:?}", steps.len()),
        }
    }
}

/// A link that carries nothing for this long carries nothing: the packet is never through.
const NEVER: Duration = Duration::from_secs(1 << 32);

impl Capacity {
    /// When a packet of `len` bytes that begins at `start` is through.
    pub(crate) fn finish(&self, start: Duration, len: usize) -> Duration {
        let bits = len as f64 * 8.0;
        match self {
            Self::Unlimited => start,
            Self::Constant { rate_bps: 0 } => NEVER,
            Self::Constant { rate_bps } => start + seconds(bits / *rate_bps as f64),
            Self::Steps { steps, period } => finish_in_steps(steps, *period, start, bits),
        }
    }
}

fn finish_in_steps(steps: &[Step], period: Duration, start: Duration, mut bits: f64) -> Duration {
    if steps.iter().all(|step| step.rate_bps == 0) || period.is_zero() {
        return NEVER;
    }
    let mut at = start;
    loop {
        let round = period.as_nanos();
        let within = Duration::from_nanos(u64::try_from(at.as_nanos() % round).unwrap_or(0));
        let next = steps.partition_point(|step| step.at <= within);
        let rate_bps = steps.get(next.saturating_sub(1)).map_or(0, |step| step.rate_bps) as f64;
        let end = steps.get(next).map_or(period, |step| step.at);
        let left = end.saturating_sub(within);
        if bits <= rate_bps * left.as_secs_f64() {
            return at + seconds(bits / rate_bps);
        }
        bits -= rate_bps * left.as_secs_f64();
        at += left.max(Duration::from_nanos(1));
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn a_constant_rate_takes_its_time_for_each_byte() {
        let capacity = Capacity::Constant { rate_bps: 1_000_000 };
        assert_eq!(capacity.finish(MS(5), 1_250), MS(15));
        assert_eq!(Capacity::Unlimited.finish(MS(5), 1_250), MS(5));
    }

    #[test]
    fn a_packet_goes_on_through_a_pause_at_the_next_steps_rate() {
        let steps = vec![
            Step { at: MS(0), rate_bps: 1_000_000 },
            Step { at: MS(10), rate_bps: 0 },
            Step { at: MS(50), rate_bps: 2_000_000 },
        ];
        let capacity = Capacity::Steps { steps, period: MS(100) };
        assert_eq!(capacity.finish(MS(5), 1_250), MS(5) + MS(5) + MS(40) + Duration::from_micros(2_500));
        // The next round begins with the first step.
        assert_eq!(capacity.finish(MS(200), 1_250), MS(210));
        // Across the end of a round.
        assert_eq!(capacity.finish(MS(95), 2_500), MS(110));
    }

    #[test]
    fn a_link_without_capacity_never_delivers() {
        assert_eq!(Capacity::Constant { rate_bps: 0 }.finish(MS(1), 1), NEVER);
        let steps = vec![Step { at: MS(0), rate_bps: 0 }];
        assert_eq!(Capacity::Steps { steps, period: MS(10) }.finish(MS(1), 1), NEVER);
    }
}
