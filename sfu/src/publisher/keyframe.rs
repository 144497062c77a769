//! Key-frame requests to one layer, coalesced over its subscribers and throttled (RFC 4585 §6.3.1).

use std::time::{Duration, Instant};

/// Between two requests to one layer: an encoder needs a round trip and a frame time to answer, and key frames are large.
pub(crate) const REQUEST_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
pub(crate) struct KeyframeRequests {
    last: Option<Instant>,
}

impl KeyframeRequests {
    /// True when a request may go out now; it then counts as sent. Who still waits asks again later.
    pub(crate) fn admit(&mut self, now: Instant) -> bool {
        let admitted = self.last.is_none_or(|last| now.saturating_duration_since(last) >= REQUEST_INTERVAL);
        if admitted {
            self.last = Some(now);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframe_requests_are_throttled_to_one_per_interval() {
        let start = Instant::now();
        let mut requests = KeyframeRequests::default();
        assert!(requests.admit(start));
        assert!(!requests.admit(start + REQUEST_INTERVAL / 2));
        assert!(requests.admit(start + REQUEST_INTERVAL));
    }
}
