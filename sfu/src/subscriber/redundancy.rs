//! Which older frames go beside the newest one in a slot's audio (RFC 2198): those that the subscriber asks for again, and those
//! that it would most likely miss.
//!
//! Owns what is owed and how much is lost. A frame beside the next one comes as soon as a retransmission would, costs no packet, and
//! is never the same number sealed twice.

use crate::ids::PayloadType;
use crate::measure::Loss;
use crate::rtp::sequence::ExtendedSeq;
use std::time::Duration;

/// Older frames in one packet.
pub(crate) const MAX_FRAMES: usize = 4;
/// Packets over which the loss is averaged: some seconds of speech.
const MEMORY: f32 = 100.0;
/// Weight of the newest report of so many packets, a second of speech; one of fewer says less.
const NEWEST_REPORT: f32 = 0.4;
const WHOLE_REPORT: f32 = 50.0;
/// What a packet lasts that does not say it.
const USUAL_PACKET: Duration = Duration::from_millis(20);
/// A browser asks for what it misses with each packet that it gets, until it comes: once in so long it is answered, and the first counts.
const BETWEEN_ANSWERS: Duration = Duration::from_millis(100);
/// From these losses on a frame is repeated so much later, and once more after twice that: losses on such links come in bursts, and a
/// copy in the very next packet is lost with it.
const REPEAT_AFTER: Duration = Duration::from_millis(80);
const REPEAT_ONCE_FROM: f32 = 0.02;
const REPEAT_TWICE_FROM: f32 = 0.12;

#[derive(Debug)]
pub(crate) struct Redundancy {
    pub(crate) payload_type: PayloadType,
    newest: ExtendedSeq,
    owed: Ages,
    /// By the lost packet's number, modulo what is remembered: which it was, and the newest one when it was answered. Elsewhere, since
    /// only what is asked for touches it.
    answered: Box<[(ExtendedSeq, ExtendedSeq); u16::BITS as usize]>,
    /// Share of the packets that were asked for again, and that the last report missed.
    asked: f32,
    reported: f32,
    is_queueing: bool,
    /// How much sound a packet held when one was last repeated.
    packet: Duration,
}

/// Packets by how far they are behind another one: bit n is n + 1 behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ages(u16);

impl Redundancy {
    pub(crate) fn new(payload_type: PayloadType) -> Self {
        Self {
            payload_type,
            newest: ExtendedSeq(0),
            owed: Ages::default(),
            answered: Box::new([(ExtendedSeq(0), ExtendedSeq(0)); u16::BITS as usize]),
            asked: 0.0,
            reported: 0.0,
            is_queueing: false,
            packet: USUAL_PACKET,
        }
    }

    /// The subscriber misses the packet that was sent under this number. False: nothing that comes next reaches back so far.
    pub(crate) fn owe(&mut self, sequence: ExtendedSeq) -> bool {
        let newest = self.newest;
        let Some(behind_next) = newest.0.checked_sub(sequence.0).map(|behind| behind + 1) else { return false };
        let place = usize::from(sequence.seq_no().0) % self.answered.len();
        let Some((lost, answered)) = self.answered.get_mut(place) else { return false };
        let is_new = *lost != sequence;
        if !is_new && newest.0 < answered.0 + packets_in(BETWEEN_ANSWERS, self.packet) {
            return true;
        }
        (*lost, *answered) = (sequence, newest);
        self.asked += if is_new { (1.0 - self.asked) / MEMORY } else { 0.0 };
        self.owed.add(behind_next)
    }

    /// Of what was sent to the subscriber: one report by itself says little.
    #[expect(clippy::cast_precision_loss, reason = "packets of a report are few")]
    pub(crate) fn note_loss(&mut self, loss: Loss) {
        let weight = NEWEST_REPORT * (loss.expected as f32 / WHOLE_REPORT).min(1.0);
        self.reported += (loss.ratio() - self.reported) * weight;
    }

    /// Packets wait before the link's bottleneck: it loses what is too much, and each repetition would be more of it.
    pub(crate) fn note_queueing(&mut self, is_long: bool) {
        self.is_queueing = is_long;
    }

    /// Frames to go beside the packet that is sent under this number; none beside one that is late itself. `lasts`: its sound,
    /// which is only asked for where it matters.
    pub(crate) fn take(&mut self, sequence: ExtendedSeq, lasts: impl FnOnce() -> Option<Duration>) -> Ages {
        let Some(step) = sequence.0.checked_sub(self.newest.0).filter(|step| *step > 0) else { return Ages::default() };
        self.newest = sequence;
        self.asked -= self.asked / MEMORY;
        let mut ages = std::mem::take(&mut self.owed).later(step - 1);
        if self.is_queueing {
            return ages.newest();
        }
        let loss = self.asked.max(self.reported);
        if loss < REPEAT_ONCE_FROM {
            return ages;
        }
        self.packet = lasts().unwrap_or(self.packet);
        let behind = packets_in(REPEAT_AFTER, self.packet);
        ages.add(behind);
        if loss >= REPEAT_TWICE_FROM {
            ages.add(2 * behind);
        }
        ages
    }
}

/// At least one.
fn packets_in(time: Duration, packet: Duration) -> u64 {
    u64::try_from(time.as_micros() / packet.as_micros().max(1)).unwrap_or(u64::MAX).max(1)
}

impl Ages {
    /// False when it is too far behind to be named.
    fn add(&mut self, behind: u64) -> bool {
        let bit = behind.checked_sub(1).and_then(|bit| 1_u16.checked_shl(u32::try_from(bit).ok()?));
        self.0 |= bit.unwrap_or(0);
        bit.is_some()
    }

    /// As seen from so many packets further on.
    fn later(self, packets: u64) -> Self {
        Self(u32::try_from(packets).ok().and_then(|packets| self.0.checked_shl(packets)).unwrap_or(0))
    }

    fn newest(self) -> Self {
        Self(self.0 & self.0.wrapping_neg())
    }

    /// The oldest first.
    pub(crate) fn oldest_first(self) -> impl Iterator<Item = u64> {
        (0..u16::BITS).rev().filter(move |bit| self.0 & (1 << bit) != 0).map(|bit| u64::from(bit) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ages(redundancy: &mut Redundancy, sequence: u64) -> Vec<u64> {
        redundancy.take(ExtendedSeq(sequence), || None).oldest_first().collect()
    }

    fn lost(percent: u64) -> Loss {
        Loss { expected: 100, lost: percent }
    }

    #[test]
    fn a_frame_that_was_asked_for_goes_beside_the_next_one_and_once() {
        let mut redundancy = Redundancy::new(PayloadType(63));
        ages(&mut redundancy, 100);
        assert!(redundancy.owe(ExtendedSeq(98)) && redundancy.owe(ExtendedSeq(100)));
        assert_eq!(ages(&mut redundancy, 103), [5, 3], "two packets were lost before they came here");
        assert_eq!(ages(&mut redundancy, 104), []);
    }

    #[test]
    fn a_frame_that_is_asked_for_with_each_packet_is_repeated_now_and_then_and_lost_once() {
        let mut redundancy = Redundancy::new(PayloadType(63));
        let mut repeated = 0;
        for sequence in 100..112 {
            repeated += ages(&mut redundancy, sequence).len();
            assert!(redundancy.owe(ExtendedSeq(99)));
        }
        assert_eq!(repeated, 3);
        assert!(redundancy.asked < 0.011, "{}", redundancy.asked);
    }

    #[test]
    fn what_lies_too_far_back_or_was_never_sent_is_not_owed() {
        let mut redundancy = Redundancy::new(PayloadType(63));
        ages(&mut redundancy, 100);
        assert!(!redundancy.owe(ExtendedSeq(84)) && !redundancy.owe(ExtendedSeq(102)));
        assert!(redundancy.owe(ExtendedSeq(85)));
        assert_eq!(ages(&mut redundancy, 200), [], "its time has passed");
    }

    #[test]
    fn redundancy_is_raised_with_loss_and_ends_with_it() {
        let mut redundancy = Redundancy::new(PayloadType(63));
        assert_eq!(ages(&mut redundancy, 1), [], "a clean link carries each frame once");
        redundancy.note_loss(lost(5));
        assert_eq!(ages(&mut redundancy, 2), [4]);
        redundancy.note_loss(lost(20));
        assert_eq!(ages(&mut redundancy, 3), [4], "one report");
        (0..5).for_each(|_| redundancy.note_loss(lost(20)));
        assert_eq!(ages(&mut redundancy, 4), [8, 4]);
        (0..5).for_each(|_| redundancy.note_loss(lost(0)));
        assert_eq!(ages(&mut redundancy, 5), []);
    }

    #[test]
    fn copies_come_as_soon_where_packets_are_longer() {
        let mut redundancy = Redundancy::new(PayloadType(63));
        (0..5).for_each(|_| redundancy.note_loss(lost(20)));
        let mut copies = |sequence, ms| {
            redundancy
                .take(ExtendedSeq(sequence), || Some(Duration::from_millis(ms)))
                .oldest_first()
                .collect::<Vec<_>>()
        };
        assert_eq!([copies(10, 10), copies(11, 20), copies(12, 40), copies(13, 60)], [[16, 8], [8, 4], [4, 2], [2, 1]]);
        assert_eq!(copies(14, 120), [2, 1], "never sooner than the next one");
    }

    #[test]
    fn where_packets_wait_nothing_is_repeated_that_was_not_asked_for() {
        let mut redundancy = Redundancy::new(PayloadType(63));
        (0..5).for_each(|_| redundancy.note_loss(lost(20)));
        redundancy.note_queueing(true);
        assert_eq!(ages(&mut redundancy, 10), []);
        assert!(redundancy.owe(ExtendedSeq(8)) && redundancy.owe(ExtendedSeq(9)));
        assert_eq!(ages(&mut redundancy, 11), [2], "what was asked for, one at a time");
        redundancy.note_queueing(false);
        assert_eq!(ages(&mut redundancy, 12), [8, 4]);
    }

    #[test]
    fn what_is_asked_for_counts_as_lost_until_a_report_comes() {
        let mut redundancy = Redundancy::new(PayloadType(63));
        for sequence in 1..=100 {
            ages(&mut redundancy, sequence);
            if sequence % 10 == 0 {
                redundancy.owe(ExtendedSeq(sequence - 1));
            }
        }
        assert!(ages(&mut redundancy, 101).contains(&4));
    }

    #[test]
    fn a_packet_that_is_late_itself_carries_nothing_else() {
        let mut redundancy = Redundancy::new(PayloadType(63));
        redundancy.note_loss(lost(20));
        ages(&mut redundancy, 10);
        assert_eq!(ages(&mut redundancy, 9), []);
    }
}
