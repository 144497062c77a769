//! Which packets the air swallows: none, each by itself, or in bursts (Gilbert and Elliott's two states).

use rand::{Rng, RngExt};
use std::time::Duration;

/// A burst is something that passes by: after so long without a packet its state says nothing of the next. Counted in packets alone, one
/// burst took the three packets of half a minute from who had nothing else to send yet.
const REMEMBERED: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    None,
    /// Each packet by itself; 0..=1.
    Random {
        ratio: f64,
    },
    /// Nothing is lost in the good state and everything in the bad one, whose visits last `burst` packets on average; over time
    /// `ratio` of all packets is lost.
    Bursts {
        ratio: f64,
        burst: f64,
    },
}

/// The state of one direction's air.
#[derive(Debug, Default)]
pub(crate) struct Air {
    bad: bool,
    /// When the last packet left.
    at: Duration,
}

impl Air {
    /// Of a packet that leaves at `now`, which never goes back.
    pub(crate) fn swallows(&mut self, now: Duration, loss: Loss, rng: &mut impl Rng) -> bool {
        let is_remembered = now.saturating_sub(std::mem::replace(&mut self.at, now)) <= REMEMBERED;
        match loss {
            Loss::None => false,
            Loss::Random { ratio } => rng.random_bool(ratio.clamp(0.0, 1.0)),
            Loss::Bursts { ratio, burst } => {
                let leave = 1.0 / burst.max(1.0);
                // In the long run the bad state has `ratio` of the time: enter / (enter + leave).
                let enter = leave * ratio / (1.0 - ratio).max(f64::EPSILON);
                let goes_on = if self.bad { 1.0 - leave } else { enter.clamp(0.0, 1.0) };
                self.bad = rng.random_bool(if is_remembered { goes_on } else { ratio.clamp(0.0, 1.0) });
                self.bad
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn lost(loss: Loss) -> Vec<bool> {
        lost_each(Duration::from_millis(20), loss)
    }

    fn lost_each(interval: Duration, loss: Loss) -> Vec<bool> {
        let (mut air, mut rng) = (Air::default(), StdRng::seed_from_u64(3));
        (0..200_000).map(|number| air.swallows(interval * number, loss, &mut rng)).collect()
    }

    fn ratio(lost: &[bool]) -> f64 {
        lost.iter().filter(|lost| **lost).count() as f64 / lost.len() as f64
    }

    #[test]
    fn both_kinds_lose_what_they_promise() {
        assert!((ratio(&lost(Loss::Random { ratio: 0.05 })) - 0.05).abs() < 0.003);
        assert!((ratio(&lost(Loss::Bursts { ratio: 0.2, burst: 5.0 })) - 0.2).abs() < 0.01);
        assert!(ratio(&lost(Loss::None)).abs() < f64::EPSILON);
    }

    fn mean_burst(lost: &[bool]) -> f64 {
        let bursts = lost.windows(2).filter(|pair| pair[1] && !pair[0]).count();
        lost.iter().filter(|lost| **lost).count() as f64 / bursts as f64
    }

    #[test]
    fn bursts_are_as_long_as_promised() {
        let mean = mean_burst(&lost(Loss::Bursts { ratio: 0.1, burst: 6.0 }));
        assert!((mean - 6.0).abs() < 0.3, "{mean}");
    }

    #[test]
    fn packets_that_are_far_apart_are_lost_each_by_itself() {
        let lost = lost_each(Duration::from_millis(200), Loss::Bursts { ratio: 0.1, burst: 6.0 });
        assert!((ratio(&lost) - 0.1).abs() < 0.005, "{}", ratio(&lost));
        assert!((mean_burst(&lost) - 1.0 / 0.9).abs() < 0.05, "{}", mean_burst(&lost));
    }
}
