//! Shares and rates of a link report, computed once and alike for both directions.

use std::time::Duration;

/// Packets expected and lost in some interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Loss {
    pub expected: u64,
    pub lost: u64,
}

impl Loss {
    pub(crate) fn ratio(self) -> f32 {
        ratio(self.lost.min(self.expected), self.expected)
    }
}

impl std::ops::AddAssign for Loss {
    fn add_assign(&mut self, more: Self) {
        self.expected += more.expected;
        self.lost += more.lost;
    }
}

/// A share that is never NaN.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "counts of one second are small")]
fn ratio(part: u64, whole: u64) -> f32 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64) as f32 }
}

pub(crate) fn rate_bps(bytes: u64, interval: Duration) -> u64 {
    let millis = interval.as_millis().max(1);
    u64::try_from(u128::from(bytes) * 8_000 / millis).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates, rates are >= 0")]
pub(crate) fn whole_bps(rate_bps: f64) -> u64 {
    rate_bps as u64
}
