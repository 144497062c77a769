//! How often one may try a password: after a few wrong ones each try waits longer, after many the login is locked for a while. The same for
//! a login that nobody has. Knows no password, keeps nothing and reads no clock.

use super::time::UnixMillis;
use std::time::Duration;

/// Typing errors that cost nothing.
const FREE: u32 = 3;
/// Tries in a row that lock the login. With the waits before, somebody who guesses gets 35 an hour.
pub const LOCKED_AFTER: u32 = 10;
/// How long a lock holds; a login left alone for so long starts afresh.
pub const LOCK: Duration = Duration::from_secs(15 * 60);

/// The tries of one login since the last right password, one under way among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    pub count: u32,
    pub last: UnixMillis,
}

impl Attempts {
    /// The tries with one more, made at `now`.
    ///
    /// # Errors
    /// How long to wait before the next one.
    pub fn one_more(self, now: UnixMillis) -> Result<Self, Duration> {
        let passed = now.since(self.last);
        if passed >= LOCK {
            return Ok(Self { count: 1, last: now });
        }
        match self.wait().checked_sub(passed).filter(|left| !left.is_zero()) {
            Some(left) => Err(left),
            None => Ok(Self { count: self.count.saturating_add(1), last: now }),
        }
    }

    #[must_use]
    pub fn is_locked(self, now: UnixMillis) -> bool {
        self.count >= LOCKED_AFTER && now.since(self.last) < LOCK
    }

    /// After the last of them: nothing, then 1 s, 2 s, 4 s .. 64 s, then the lock.
    fn wait(self) -> Duration {
        match self.count {
            ..FREE => Duration::ZERO,
            LOCKED_AFTER.. => LOCK,
            count => Duration::from_secs(1 << (count - FREE)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{MINUTE, NOON};

    const NONE: Attempts = Attempts { count: 0, last: UnixMillis(0) };

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// Tries as soon as each is allowed, and says how long it waited before each.
    fn waits(tries: usize) -> Vec<u64> {
        let (mut attempts, mut now, mut waits) = (NONE, NOON, Vec::new());
        for _ in 0..tries {
            let wait = attempts.one_more(now).err().unwrap_or_default();
            now = now.plus(wait);
            attempts = attempts.one_more(now).unwrap();
            waits.push(wait.as_secs());
        }
        waits
    }

    #[test]
    fn each_try_waits_twice_as_long_and_the_tenth_locks() {
        assert_eq!(waits(12), [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 900, 0]);
    }

    #[test]
    fn a_lock_holds_for_a_quarter_of_an_hour() {
        let locked = Attempts { count: LOCKED_AFTER, last: NOON };
        assert_eq!(locked.one_more(NOON.plus(10 * MINUTE)), Err(5 * MINUTE));
        assert!(locked.is_locked(NOON.plus(14 * MINUTE)));
        assert!(!locked.is_locked(NOON.plus(LOCK)));
        assert_eq!(locked.one_more(NOON.plus(LOCK)).map(|attempts| attempts.count), Ok(1));
    }

    #[test]
    fn a_try_within_its_wait_does_not_lengthen_it() {
        let failed = Attempts { count: 5, last: NOON };
        assert_eq!(failed.one_more(NOON.plus(seconds(1))), Err(seconds(3)));
        assert_eq!(failed.one_more(NOON.plus(seconds(3))), Err(seconds(1)));
        assert!(failed.one_more(NOON.plus(seconds(4))).is_ok());
    }

    #[test]
    fn a_login_left_alone_starts_afresh() {
        let failed = Attempts { count: 5, last: NOON };
        assert_eq!(failed.one_more(NOON.plus(LOCK)), Ok(Attempts { count: 1, last: NOON.plus(LOCK) }));
    }
}
