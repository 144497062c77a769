//! Every bound of the protocol by name, and the token bucket that holds one socket to its message rate.

use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A message that carries no SDP, in bytes.
pub const MESSAGE_BYTES: usize = 16 * 1024;
/// A message that carries SDP (`join`, `offer`), in bytes; the WebSocket itself closes with 1009 beyond.
pub const SDP_MESSAGE_BYTES: usize = 256 * 1024;
pub const MESSAGES_PER_S: u32 = 50;
pub const MESSAGE_BURST: u32 = 100;
/// How often a client pings.
pub const HEARTBEAT: Duration = Duration::from_secs(10);
/// Silence after which a socket counts as lost.
pub const DEAD_AFTER: Duration = Duration::from_secs(25);
/// How long a session outlives its socket.
pub const RESUME_WINDOW: Duration = Duration::from_secs(30);
/// A session ends at the latest this long after its join, whatever its socket does.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);
/// People in a room, those who wait included.
pub const MAX_PARTICIPANTS: usize = 64;
/// People that a room remembers over a visit, those who left included.
pub const MAX_PEOPLE: usize = 512;
/// Chat messages kept for those who come back.
pub const MAX_HISTORY: usize = 200;

pub const TOKEN_BYTES: usize = 4096;
pub const SECRET_BYTES: usize = 128;
pub const REQUEST_CHARACTERS: usize = 32;
pub const APP_BODY_CHARACTERS: usize = 4096;
/// A fifth of a still in base64: of 9 KB of JPEG.
pub const STILL_CHARACTERS: usize = 2_560;
/// Entries of `intent.publish`: one a source.
pub const MAX_PUBLISHED: usize = 5;
/// Entries of `intent.video`, and sections of an offer.
pub const MAX_SECTIONS: usize = 32;
/// Entries of `intent.audio.pinned`.
pub const MAX_PINNED: usize = 32;
pub const MAX_PRIORITY: u8 = 3;

/// `joined.limits`: what a client must know of the above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub message_bytes: usize,
    pub sdp_message_bytes: usize,
    pub messages_per_s: u32,
    pub burst: u32,
    pub heartbeat_ms: u64,
    pub dead_ms: u64,
    pub resume_ms: u64,
    pub participants: usize,
}

/// The limits of this version.
pub const LIMITS: Limits = Limits {
    message_bytes: MESSAGE_BYTES,
    sdp_message_bytes: SDP_MESSAGE_BYTES,
    messages_per_s: MESSAGES_PER_S,
    burst: MESSAGE_BURST,
    heartbeat_ms: 10_000,
    dead_ms: 25_000,
    resume_ms: 30_000,
    participants: MAX_PARTICIPANTS,
};

/// Token bucket of one socket: [`MESSAGE_BURST`] at once, refilled at [`MESSAGES_PER_S`].
#[derive(Clone, Debug)]
pub struct RateLimit {
    /// Thousandths of a message, so that a refill of one millisecond is a whole number.
    millimessages: u64,
    refilled_at: UnixMillis,
}

const MILLIMESSAGES: u64 = 1000;
const BUCKET_MILLIMESSAGES: u64 = MESSAGE_BURST as u64 * MILLIMESSAGES;

impl RateLimit {
    #[must_use]
    pub fn new(now: UnixMillis) -> Self {
        Self { millimessages: BUCKET_MILLIMESSAGES, refilled_at: now }
    }

    /// Whether a message that arrives now is within the limit; a message beyond it costs nothing.
    pub fn take(&mut self, now: UnixMillis) -> bool {
        let elapsed_ms = now.0.saturating_sub(self.refilled_at.0);
        self.refilled_at = now.max(self.refilled_at);
        let refill = elapsed_ms.saturating_mul(u64::from(MESSAGES_PER_S));
        self.millimessages = self.millimessages.saturating_add(refill).min(BUCKET_MILLIMESSAGES);
        let within = self.millimessages >= MILLIMESSAGES;
        if within {
            self.millimessages -= MILLIMESSAGES;
        }
        within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_100_passes_and_the_next_message_does_not() {
        let now = UnixMillis(5);
        let mut limit = RateLimit::new(now);
        assert_eq!((0..150).filter(|_| limit.take(now)).count(), 100);
    }

    #[test]
    fn after_a_burst_50_messages_a_second_pass() {
        let mut limit = RateLimit::new(UnixMillis(0));
        while limit.take(UnixMillis(0)) {}
        assert_eq!((1..=2000).filter(|&ms| limit.take(UnixMillis(ms))).count(), 100);
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing_away() {
        let mut limit = RateLimit::new(UnixMillis(1000));
        while limit.take(UnixMillis(1000)) {}
        assert!(!limit.take(UnixMillis(0)));
        assert!(!limit.take(UnixMillis(1000)));
    }

    #[test]
    fn the_limits_on_the_wire_are_the_constants() {
        assert_eq!(u128::from(LIMITS.heartbeat_ms), HEARTBEAT.as_millis());
        assert_eq!(u128::from(LIMITS.dead_ms), DEAD_AFTER.as_millis());
        assert_eq!(u128::from(LIMITS.resume_ms), RESUME_WINDOW.as_millis());
    }
}
