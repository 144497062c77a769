//! Time as the room sees it: a parameter of every call.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Unix time in milliseconds. The caller must not let it run backwards (Unix time at start plus a monotonic clock is right);
/// differences that would be negative are zero here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}
