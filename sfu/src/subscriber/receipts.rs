//! What of a slot's stream its subscriber got, by receiver reports (RFC 3550 §6.4.1). A report counts every number that did not come;
//! those under which nothing was sent, since the publisher's packet never came here or was given up, were lost on no downlink.
//!
//! Owns the newest [`MAX_UNSENT`] numbers that were left out, and what the last report said. Sends nothing.

use crate::measure::Loss;
use crate::rtp::sequence::ExtendedSeq;
use std::collections::VecDeque;

/// Five seconds, between two reports on sound, of a picture whose publisher loses a tenth.
const MAX_UNSENT: usize = 256;

#[derive(Default)]
pub(crate) struct Receipts {
    /// Ascending; allocated with the first gap.
    unsent: VecDeque<ExtendedSeq>,
    /// Older ones than there is room for.
    forgotten: u64,
    /// Of those that were left out, sent since the last report: the next one may have left before they came there.
    late: u64,
    /// Sent, and the most lost that a report ever said: what was on its way counts once.
    reported: Option<(i64, i64)>,
}

impl Receipts {
    /// What was sent last is not the next number after `highest`: it jumped over some, or is one of those after all.
    pub(crate) fn note_gap(&mut self, highest: ExtendedSeq, sent: ExtendedSeq) {
        if sent <= highest {
            if let Ok(position) = self.unsent.binary_search(&sent) {
                self.unsent.remove(position);
                self.late += 1;
            }
            return;
        }
        if self.unsent.capacity() == 0 {
            self.unsent.reserve_exact(MAX_UNSENT);
        }
        let first_kept = sent.0.saturating_sub(MAX_UNSENT as u64).max(highest.0 + 1);
        self.forgotten += first_kept - (highest.0 + 1);
        for number in first_kept..sent.0 {
            if self.unsent.len() == MAX_UNSENT {
                self.unsent.pop_front();
                self.forgotten += 1;
            }
            self.unsent.push_back(ExtendedSeq(number));
        }
    }

    pub(crate) fn was_left_out(&self, sequence: ExtendedSeq) -> bool {
        self.unsent.binary_search(&sequence).is_ok()
    }

    /// What was sent since the last report and did not arrive. `highest`: as far as this one goes; `missed`: of all numbers since the first.
    pub(crate) fn report(&mut self, highest: ExtendedSeq, missed: i32) -> Loss {
        let unsent = self.unsent.partition_point(|number| *number <= highest) as u64;
        let unsent = self.forgotten + unsent + std::mem::take(&mut self.late);
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let (sent, lost) = (signed(highest.0) - signed(unsent), i64::from(missed) - signed(unsent));
        let Some((sent_before, lost_before)) = self.reported else {
            // A receiver knows nothing of what was before its first packet.
            self.reported = Some((sent, lost));
            return Loss::default();
        };
        self.reported = Some((sent, lost.max(lost_before)));
        let since = |now: i64, before: i64| u64::try_from(now - before).unwrap_or(0);
        Loss { expected: since(sent, sent_before), lost: since(lost, lost_before) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first number is 101.
    fn receipts() -> Receipts {
        let mut receipts = Receipts::default();
        receipts.report(ExtendedSeq(100), 0);
        receipts
    }

    fn jump(receipts: &mut Receipts, highest: u64, sent: u64) {
        receipts.note_gap(ExtendedSeq(highest), ExtendedSeq(sent));
    }

    #[test]
    fn what_was_never_sent_is_not_lost() {
        let mut receipts = receipts();
        jump(&mut receipts, 120, 124);
        assert!(receipts.was_left_out(ExtendedSeq(121)) && !receipts.was_left_out(ExtendedSeq(124)));
        assert_eq!(receipts.report(ExtendedSeq(150), 3), Loss { expected: 47, lost: 0 });
        assert_eq!(receipts.report(ExtendedSeq(200), 8), Loss { expected: 50, lost: 5 });
    }

    #[test]
    fn what_is_sent_late_is_not_left_out_any_more_and_can_be_lost() {
        let mut receipts = receipts();
        jump(&mut receipts, 120, 124);
        assert_eq!(receipts.report(ExtendedSeq(150), 3), Loss { expected: 47, lost: 0 });
        jump(&mut receipts, 150, 121);
        jump(&mut receipts, 150, 122);
        assert!(!receipts.was_left_out(ExtendedSeq(121)));
        assert_eq!(receipts.report(ExtendedSeq(200), 3), Loss { expected: 50, lost: 0 }, "both are on their way");
        assert_eq!(receipts.report(ExtendedSeq(250), 2), Loss { expected: 52, lost: 1 }, "one of them came");
        assert_eq!(receipts.report(ExtendedSeq(300), 3), Loss { expected: 50, lost: 1 });
    }

    #[test]
    fn a_gap_that_no_list_holds_is_counted_all_the_same() {
        let mut receipts = receipts();
        jump(&mut receipts, 150, 10_000);
        assert_eq!(receipts.unsent.len(), MAX_UNSENT);
        assert_eq!(receipts.report(ExtendedSeq(10_000), 9_849), Loss { expected: 51, lost: 0 });
        jump(&mut receipts, 10_000, 10_003);
        assert_eq!(receipts.unsent.len(), MAX_UNSENT);
        assert_eq!(receipts.report(ExtendedSeq(10_010), 9_852), Loss { expected: 8, lost: 1 });
    }

    #[test]
    fn a_receiver_that_came_later_or_counts_a_packet_twice_takes_nothing_back() {
        let mut receipts = receipts();
        assert_eq!(receipts.report(ExtendedSeq(120), 1), Loss { expected: 20, lost: 1 });
        assert_eq!(receipts.report(ExtendedSeq(120), 0), Loss { expected: 0, lost: 0 });
        assert_eq!(receipts.report(ExtendedSeq(130), 1), Loss { expected: 10, lost: 0 }, "it was counted");
    }
}
