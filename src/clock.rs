//! The control plane's clock: the one place of `src` that reads the time. Everything else takes `now` as a parameter.

use kenes_signaling::time::UnixMillis;
use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Monotonic time, for deadlines and durations inside the process.
#[expect(clippy::disallowed_methods, reason = "the control plane's one reading of the monotonic clock")]
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// Unix time in milliseconds, for what leaves the process. The wall clock is read once: a step of it (NTP, an operator) must not
/// end sessions, so time goes on from there by the monotonic clock.
#[must_use]
pub fn unix_ms() -> UnixMillis {
    static START: LazyLock<(Instant, UnixMillis)> = LazyLock::new(|| (now(), wall_clock()));
    let (started, started_at) = *START;
    started_at.plus(now().saturating_duration_since(started))
}

#[expect(clippy::disallowed_methods, reason = "the control plane's one reading of the wall clock")]
fn wall_clock() -> UnixMillis {
    UnixMillis(0).plus(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}
