//! Made-up values for the model's own tests.

use super::ids::UserId;
use super::record::Stamp;
use super::time::UnixMillis;
use std::str::FromStr;
use std::time::Duration;

/// 2026-11-23T12:00:00Z, a Monday.
pub(crate) const NOON: UnixMillis = UnixMillis(1_795_435_200_000);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// The id with the number `n`, of whatever kind is asked for.
pub(crate) fn id<T: FromStr>(n: u64) -> T {
    let text = UserId::new(UnixMillis(n), [0; 10]).to_string();
    text.parse().unwrap_or_else(|_| panic!("{text} is an id"))
}

pub(crate) fn stamp() -> Stamp {
    Stamp::first(None, UnixMillis(0))
}

/// xorshift64*: the same numbers from the same seed, which is not 0.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}
