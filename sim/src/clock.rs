//! Virtual time: a count of ticks from one origin that the whole process shares.
//!
//! `str0m` maps instants to the wall clock for its sender reports, in units of 1/65,536 s, and what comes back of them (round
//! trips) sets its timers. So that a run does not depend on when it is started, every moment lies a whole number of ticks of
//! four such units after an origin that stands in the middle of one. Reads the clock once, for the origin.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

const TICKS_PER_SECOND: u128 = 16_384;
/// Of LSR and DLSR (RFC 3550 §6.4.1).
const NTP_UNITS_PER_SECOND: u128 = 65_536;
const NANOS_PER_SECOND: u128 = 1_000_000_000;
/// One tick, 61 µs: two things of one person that must not happen at once are so far apart.
pub(crate) const TICK: Duration = Duration::from_nanos(61_036);

static ORIGIN: LazyLock<Instant> = LazyLock::new(aligned_origin);

/// What the process needs once is made here, outside of any run.
pub(crate) fn start() {
    LazyLock::force(&ORIGIN);
}

/// The instant of a moment.
pub(crate) fn instant(moment: Duration) -> Instant {
    *ORIGIN + moment
}

/// The moment of an instant of this run.
pub(crate) fn moment(instant: Instant) -> Duration {
    instant.saturating_duration_since(*ORIGIN)
}

/// The first tick at or after `moment`.
pub(crate) fn tick_after(moment: Duration) -> Duration {
    let ticks = (moment.as_nanos() * TICKS_PER_SECOND).div_ceil(NANOS_PER_SECOND);
    Duration::from_nanos(u64::try_from(ticks * NANOS_PER_SECOND / TICKS_PER_SECOND).unwrap_or(u64::MAX))
}

#[expect(clippy::disallowed_methods, reason = "the origin of virtual time; nothing reads the clock again")]
fn aligned_origin() -> Instant {
    // `str0m` ties its two clocks together when it is first used: before we read them.
    drop(str0m::Rtc::builder().set_crypto_provider(crate::dtls::provider()).build(Instant::now()));
    let (now, wall) = (Instant::now(), SystemTime::now());
    let wall = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let unit = wall * NTP_UNITS_PER_SECOND / NANOS_PER_SECOND;
    let middle_of_next = (2 * unit + 3) * NANOS_PER_SECOND / (2 * NTP_UNITS_PER_SECOND);
    now + Duration::from_nanos(u64::try_from(middle_of_next.saturating_sub(wall)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_its_own_next_tick() {
        for nanos in [0, 1, 61_035, 61_036, 1_000_000, 123_456_789_012] {
            let tick = tick_after(Duration::from_nanos(nanos));
            assert!(tick >= Duration::from_nanos(nanos) && tick < Duration::from_nanos(nanos) + TICK);
            assert_eq!(tick_after(tick), tick);
        }
    }

    #[test]
    fn moments_and_instants_are_the_same_thing() {
        let at = Duration::from_millis(12_345);
        assert_eq!(moment(instant(at)), at);
    }
}
