//! A picture's packets a second time, before anybody asks for them: what a link loses then costs no round trip.
//!
//! Owns what of one downlink is to be sent again and when, and how much is lost on it. Only where a link loses, where twice as much
//! fits beside the voices, and where nothing waits (ADR 0028).

use crate::ids::SectionIndex;
use crate::measure::Loss;
use crate::moment::Moment;
use crate::rtp::sequence::ExtendedSeq;
use std::collections::VecDeque;
use std::time::Duration;

/// Beyond a burst of losses, and sooner than an answer would come.
const LAG: Duration = Duration::from_millis(25);
/// From this loss on a picture is sent twice, and no more below the other.
const BEGIN_FROM: f32 = 0.04;
const END_BELOW: f32 = 0.02;
/// Weight of the newest report, of a second or so.
const NEWEST_REPORT: f32 = 0.3;
/// Of the rate: voices and everything twice may take so much.
const FILLS: f64 = 0.95;
/// More than this is not sent twice: a large picture's frames are of many packets, and copies of those fill the link's queue.
const MOST_BPS: f64 = 200_000.0;
/// From this round trip on what is asked for comes too late for a picture that moves: a small one that is sent twice is worth more than a
/// large one.
const FAR: Duration = Duration::from_millis(200);
/// Packets that may wait for their turn: of small pictures, all of 25 ms.
const MAX_WAITING: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Repeats {
    /// Each packet of a picture is to be sent again.
    is_on: bool,
    loss: f32,
    queue: VecDeque<Repeat>,
}

#[derive(Clone, Copy, Debug)]
struct Repeat {
    due_us: u64,
    section: SectionIndex,
    sequence: ExtendedSeq,
}

impl Repeats {
    pub(crate) fn is_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    pub(crate) fn note_loss(&mut self, loss: Loss) {
        if loss.expected > 0 {
            self.loss += (loss.ratio() - self.loss) * NEWEST_REPORT;
        }
    }

    /// Whether pictures of so much in all are sent twice from now on. `is_full`: link or shard has too much already.
    pub(crate) fn review(&mut self, rate_bps: f64, voices_bps: f64, pictures_bps: f64, is_full: bool) -> bool {
        let is_lossy = self.is_lossy();
        let has_room = pictures_bps <= MOST_BPS && voices_bps + 2.0 * pictures_bps <= FILLS * rate_bps;
        self.is_on = is_lossy && has_room && !is_full;
        if self.is_on && self.queue.capacity() == 0 {
            self.queue.reserve_exact(MAX_WAITING);
        }
        self.is_on
    }

    fn is_lossy(&self) -> bool {
        self.loss >= if self.is_on { END_BELOW } else { BEGIN_FROM }
    }

    /// What pictures are to take in all, so that they can be sent twice; `None`: as much as fits.
    pub(crate) fn wanted_bps(&self, rtt: Option<Duration>) -> Option<f64> {
        (self.is_lossy() && rtt.is_some_and(|rtt| rtt >= FAR)).then_some(MOST_BPS)
    }

    /// A packet of a picture has left.
    #[cold]
    pub(crate) fn push(&mut self, now: Moment, section: SectionIndex, sequence: ExtendedSeq) {
        if self.queue.len() < MAX_WAITING {
            let lag = u64::try_from(LAG.as_micros()).unwrap_or(u64::MAX);
            self.queue.push_back(Repeat { due_us: now.us.saturating_add(lag), section, sequence });
        }
    }

    /// The next one whose turn has come.
    pub(crate) fn pop(&mut self, now: Moment) -> Option<(SectionIndex, ExtendedSeq)> {
        self.queue.pop_front_if(|repeat| repeat.due_us <= now.us).map(|repeat| (repeat.section, repeat.sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn at(after: Duration) -> Moment {
        let origin = Instant::now();
        Moment::since(origin, origin + after)
    }

    fn losing(percent: u64) -> Repeats {
        let mut repeats = Repeats::default();
        for _ in 0..10 {
            repeats.note_loss(Loss { expected: 100, lost: percent });
        }
        repeats
    }

    fn is_on(mut repeats: Repeats, rate_bps: f64, is_full: bool) -> bool {
        repeats.review(rate_bps, 60_000.0, 80_000.0, is_full)
    }

    #[test]
    fn a_large_picture_is_sent_once() {
        assert!(losing(10).review(5e6, 60_000.0, 190_000.0, false));
        assert!(!losing(10).review(5e6, 60_000.0, 210_000.0, false));
    }

    #[test]
    fn only_where_a_link_loses_and_has_room_for_twice_as_much() {
        assert!(is_on(losing(10), 240_000.0, false));
        assert!(!is_on(losing(10), 220_000.0, false), "no room");
        assert!(!is_on(losing(10), 240_000.0, true), "packets wait");
        assert!(!is_on(losing(1), 240_000.0, false), "hardly anything is lost");
    }

    #[test]
    fn small_pictures_are_wanted_where_a_link_loses_and_an_answer_takes_long() {
        let far = Some(Duration::from_millis(300));
        assert_eq!(losing(10).wanted_bps(far), Some(MOST_BPS));
        assert_eq!(losing(10).wanted_bps(Some(Duration::from_millis(50))), None);
        assert_eq!(losing(1).wanted_bps(far), None);
    }

    #[test]
    fn one_good_second_does_not_end_it() {
        let mut repeats = losing(10);
        assert!(repeats.review(1e6, 0.0, 0.0, false));
        (0..3).for_each(|_| repeats.note_loss(Loss { expected: 100, lost: 0 }));
        assert!(repeats.review(1e6, 0.0, 0.0, false));
        (0..3).for_each(|_| repeats.note_loss(Loss { expected: 100, lost: 0 }));
        assert!(!repeats.review(1e6, 0.0, 0.0, false));
    }

    #[test]
    fn a_packet_comes_again_a_moment_later_and_once() {
        let mut repeats = losing(10);
        let begin = at(Duration::ZERO);
        repeats.push(begin, SectionIndex(3), ExtendedSeq(7));
        assert_eq!(repeats.pop(begin), None);
        let later = Moment { us: begin.us + 25_000, ..begin };
        assert_eq!(repeats.pop(later), Some((SectionIndex(3), ExtendedSeq(7))));
        assert!(!repeats.is_waiting());
    }

    #[test]
    fn what_waits_for_its_second_turn_ends_somewhere() {
        let mut repeats = losing(10);
        (0..1_000).for_each(|number| repeats.push(at(Duration::ZERO), SectionIndex(0), ExtendedSeq(number)));
        assert_eq!(repeats.queue.len(), MAX_WAITING);
    }
}
