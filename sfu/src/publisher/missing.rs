//! Sequence numbers that a publisher's layer owes us, and when to ask for them (generic NACK, RFC 4585 §6.2.1).

use crate::rtp::sequence::ExtendedSeq;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Numbers remembered as missing in one layer; a larger gap is a new beginning and not a list of losses.
pub(crate) const MAX_MISSING: usize = 256;
/// Requests for one packet before it is given up.
const MAX_REQUESTS: u8 = 8;
/// A packet that comes later than this is of no use to a decoder. Four tries over a satellite.
const GIVE_UP_AFTER: Duration = Duration::from_millis(2_000);
/// Time for a merely reordered packet to arrive before the first request.
const REORDER_WAIT: Duration = Duration::from_millis(5);
/// Between two requests for one packet, until the round trip is known.
const DEFAULT_RETRY: Duration = Duration::from_millis(100);
const MIN_RETRY: Duration = Duration::from_millis(20);
/// Between a request and its copy, where requests get lost: a publisher answers once a round trip, however often it is asked.
const COPY_AFTER: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct MissingList {
    /// Ascending by sequence.
    entries: VecDeque<Missing>,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    sequence: ExtendedSeq,
    noticed: Instant,
    next_request: Instant,
    requests: u8,
}

/// How to ask.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asking {
    pub rtt: Option<Duration>,
    /// Each request goes out twice: what a link loses of them costs a round trip.
    pub is_twice: bool,
}

/// How an owed packet came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// Merely out of order, by itself.
    Unasked,
    /// After it was asked for.
    Asked,
}

impl MissingList {
    pub(crate) fn new() -> Self {
        Self { entries: VecDeque::new() }
    }

    /// Everything from `from` up to but not including `to` was jumped over. False when that is more than the list holds:
    /// it is then empty, and video needs a key frame.
    pub(crate) fn note_gap(&mut self, now: Instant, from: ExtendedSeq, to: ExtendedSeq) -> bool {
        let gap = to.0.saturating_sub(from.0);
        if gap > MAX_MISSING as u64 {
            self.entries.clear();
            return false;
        }
        for sequence in (from.0..to.0).map(ExtendedSeq) {
            if self.entries.len() == MAX_MISSING {
                self.entries.pop_front();
            }
            self.entries.push_back(Missing { sequence, noticed: now, next_request: now + REORDER_WAIT, requests: 0 });
        }
        true
    }

    /// Nothing is asked for any more.
    pub(crate) fn forget(&mut self) {
        self.entries.clear();
    }

    /// When `sequence` was owed it is now delivered.
    pub(crate) fn deliver(&mut self, sequence: ExtendedSeq) -> Option<Delivered> {
        let position = self.entries.binary_search_by_key(&sequence, |missing| missing.sequence).ok()?;
        let missing = self.entries.remove(position)?;
        Some(if missing.requests == 0 { Delivered::Unasked } else { Delivered::Asked })
    }

    /// Numbers to ask for now, ascending, at most as many as `out` takes; returns how many. What has been asked for often
    /// enough or is too old leaves the list; `gave_up` then says so.
    pub(crate) fn due(&mut self, now: Instant, asking: Asking, out: &mut [ExtendedSeq]) -> Due {
        let before = self.entries.len();
        let most = if asking.is_twice { 2 * MAX_REQUESTS } else { MAX_REQUESTS };
        self.entries.retain(|missing| {
            missing.requests < most && now.saturating_duration_since(missing.noticed) < GIVE_UP_AFTER
        });
        let retry = asking.rtt.map_or(DEFAULT_RETRY, |rtt| (rtt + rtt / 8).max(MIN_RETRY));
        let mut count = 0;
        for missing in self.entries.iter_mut().filter(|missing| missing.next_request <= now) {
            let Some(slot) = out.get_mut(count) else { break };
            *slot = missing.sequence;
            missing.requests += 1;
            let is_copied = asking.is_twice && missing.requests % 2 == 1;
            missing.next_request = now + if is_copied { COPY_AFTER } else { retry };
            count += 1;
        }
        Due { count, gave_up: self.entries.len() < before }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.entries.iter().map(|missing| missing.next_request).min()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub count: usize,
    /// Packets were given up: a decoder will not get past them without a key frame.
    pub gave_up: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(list: &mut MissingList, now: Instant) -> Vec<u64> {
        let mut out = [ExtendedSeq(0); 16];
        let due = list.due(now, Asking { rtt: Some(Duration::from_millis(40)), is_twice: false }, &mut out);
        out[..due.count].iter().map(|sequence| sequence.0).collect()
    }

    #[test]
    fn a_gap_is_asked_for_after_the_reorder_wait_and_again_after_a_round_trip() {
        let start = Instant::now();
        let mut list = MissingList::new();
        assert!(list.note_gap(start, ExtendedSeq(10), ExtendedSeq(13)));
        assert!(asked(&mut list, start).is_empty());
        assert_eq!(asked(&mut list, start + REORDER_WAIT), [10, 11, 12]);
        assert!(asked(&mut list, start + Duration::from_millis(30)).is_empty());
        assert_eq!(asked(&mut list, start + Duration::from_millis(60)), [10, 11, 12]);
    }

    #[test]
    fn where_requests_get_lost_each_goes_out_twice_a_round_trip() {
        let start = Instant::now();
        let mut list = MissingList::new();
        list.note_gap(start, ExtendedSeq(10), ExtendedSeq(11));
        let asking = Asking { rtt: Some(Duration::from_millis(160)), is_twice: true };
        let mut out = [ExtendedSeq(0); 4];
        let asked = (0..400).filter(|ms| list.due(start + Duration::from_millis(*ms), asking, &mut out).count > 0);
        assert_eq!(asked.collect::<Vec<_>>(), [5, 25, 205, 225]);
    }

    #[test]
    fn a_delivered_packet_is_not_asked_for_and_is_owed_only_once() {
        let start = Instant::now();
        let mut list = MissingList::new();
        list.note_gap(start, ExtendedSeq(10), ExtendedSeq(12));
        assert_eq!(list.deliver(ExtendedSeq(10)), Some(Delivered::Unasked));
        assert_eq!(list.deliver(ExtendedSeq(10)), None);
        assert_eq!(asked(&mut list, start + REORDER_WAIT), [11]);
        assert_eq!(list.deliver(ExtendedSeq(11)), Some(Delivered::Asked));
    }

    #[test]
    fn a_packet_is_given_up_after_two_seconds() {
        let start = Instant::now();
        let mut list = MissingList::new();
        list.note_gap(start, ExtendedSeq(10), ExtendedSeq(11));
        let mut out = [ExtendedSeq(0); 4];
        assert_eq!(list.due(start + GIVE_UP_AFTER, Asking::default(), &mut out), Due { count: 0, gave_up: true });
        assert_eq!(list.next_deadline(), None);
    }

    #[test]
    fn a_gap_larger_than_the_list_is_refused() {
        let mut list = MissingList::new();
        assert!(!list.note_gap(Instant::now(), ExtendedSeq(0), ExtendedSeq(MAX_MISSING as u64 + 1)));
        assert_eq!(list.next_deadline(), None);
    }
}
