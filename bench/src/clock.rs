//! Where the benchmarks read the clock: the one place, so that what is computed from times can be tested with made-up ones.

use std::time::{Duration, Instant};

#[must_use]
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time; nothing but this function reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Nanoseconds since 1970: stamps are compared with the kernel's times of arrival, which are on this clock.
#[must_use]
pub fn unix_ns() -> u64 {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_REALTIME).map(Duration::from).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

#[must_use]
pub fn unix_ms() -> u64 {
    unix_ns() / 1_000_000
}
