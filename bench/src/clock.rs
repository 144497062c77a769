//! Where the benchmarks read the clock: the one place, so that what is computed from times can be tested with made-up ones.

use std::time::Instant;

#[must_use]
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time; nothing but this function reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}
