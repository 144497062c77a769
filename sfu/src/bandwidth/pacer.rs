//! When video may leave, so that a key frame does not fill a slow link's queue before the next word.
//!
//! Owns one downlink's queue of packets that wait, as references into the router's caches; knows no bytes. A frame that the link
//! carries within [`BURST_NS`] passes at once and in one piece; voices always do.

use crate::ids::{RtpTimestamp, SectionIndex, TrackIndex};
use crate::moment::Moment;
use crate::packet::{LayerIndex, MediaPacket};
use crate::rtp::sequence::ExtendedSeq;
use std::collections::VecDeque;
use std::time::Duration;

/// Between two looks at what waits: the shard's timer wheel's tick.
pub(crate) const PACE_INTERVAL: Duration = Duration::from_millis(5);
/// A look is wanted so soon, which the wheel rounds up to its next tick. Nobody wakes up exactly at a tick: a whole interval later
/// would be the tick after the next, and all of pacing and probing at half its rate.
pub(crate) const NEXT_LOOK: Duration = Duration::from_nanos(1);
/// The bottleneck may be busy for so long with what was sent at once.
const BURST_NS: u64 = 20_000_000;
/// The bottleneck's queue is for others too: beyond this even repair waits.
const CLOGGED_NS: u64 = 200_000_000;
/// Of the estimate. What leaves faster than the bottleneck waits there instead, before the next word.
const FACTOR: f64 = 1.05;
/// Packets that may wait: more than a second of the fastest link that makes any wait.
const MAX_WAITING: usize = 256;

/// A packet that waits in its layer's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub section: SectionIndex,
    pub track: TrackIndex,
    pub layer: LayerIndex,
    pub epoch: u32,
    pub sequence: ExtendedSeq,
    pub timestamp: RtpTimestamp,
}

impl Waiting {
    pub(crate) fn new(section: SectionIndex, track: TrackIndex, packet: &MediaPacket<'_>) -> Self {
        let MediaPacket { layer, epoch, sequence, timestamp, .. } = *packet;
        Self { section, track, layer, epoch, sequence, timestamp }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Pacer {
    /// That the bottleneck takes for each byte; 0: nothing is known of one.
    nanos_per_byte: u32,
    /// What was sent is through the bottleneck then, by the shard's time.
    clear_at_ns: u64,
    queue: VecDeque<Waiting>,
}

impl Pacer {
    /// `None`: as fast as it comes.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float cast saturates, rates are >= 0"
    )]
    pub(crate) fn follow(&mut self, estimate_bps: Option<f64>) {
        if estimate_bps.is_some() && self.queue.capacity() == 0 {
            // Not when the first packet has to wait.
            self.queue.reserve_exact(MAX_WAITING);
        }
        self.nanos_per_byte = estimate_bps.map_or(0, |rate_bps| (8e9 / (FACTOR * rate_bps.max(1.0))) as u32);
    }

    /// A video packet may leave without waiting.
    pub(crate) fn is_free(&self, now: Moment) -> bool {
        self.queue.is_empty() && self.has_room(now)
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    pub(crate) fn is_clogged(&self, now: Moment) -> bool {
        self.clear_at_ns > nanos(now) + CLOGGED_NS
    }

    /// Something has been sent, whether or not it had to wait.
    pub(crate) fn note_sent(&mut self, now: Moment, len: usize) {
        if self.nanos_per_byte > 0 {
            self.clear_at_ns = self.clear_at_ns.max(nanos(now)) + u64::from(self.nanos_per_byte) * len as u64;
        }
    }

    /// False when too much waits already: nothing was added.
    pub(crate) fn push(&mut self, waiting: Waiting) -> bool {
        if self.queue.len() >= MAX_WAITING {
            return false;
        }
        self.queue.push_back(waiting);
        true
    }

    /// The next packet, if it may leave now.
    pub(crate) fn pop(&mut self, now: Moment) -> Option<Waiting> {
        if self.has_room(now) { self.queue.pop_front() } else { None }
    }

    /// Nothing that waits for a section is needed any more; how much that was.
    pub(crate) fn forget(&mut self, section: SectionIndex) -> usize {
        let before = self.queue.len();
        self.queue.retain(|waiting| waiting.section != section);
        before - self.queue.len()
    }

    /// This packet has left by another way; true when nothing waits any more without it.
    pub(crate) fn forget_packet(&mut self, section: SectionIndex, sequence: ExtendedSeq, layer: LayerIndex) -> bool {
        let is_same =
            |waiting: &Waiting| (waiting.section, waiting.sequence, waiting.layer) == (section, sequence, layer);
        let position = self.queue.iter().position(is_same);
        position.and_then(|position| self.queue.remove(position)).is_some() && self.queue.is_empty()
    }

    /// Another layer plays from the next packet on: what waits of the one before is not needed, but for the frame that may have
    /// begun to leave. How much was dropped.
    pub(crate) fn forget_frames(&mut self, section: SectionIndex) -> usize {
        let before = self.queue.len();
        let begun = self.queue.iter().find(|waiting| waiting.section == section).map(|waiting| waiting.timestamp);
        self.queue.retain(|waiting| waiting.section != section || Some(waiting.timestamp) == begun);
        before - self.queue.len()
    }

    fn has_room(&self, now: Moment) -> bool {
        self.clear_at_ns <= nanos(now) + BURST_NS
    }
}

fn nanos(now: Moment) -> u64 {
    now.us * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn waiting(section: usize, frame: u32) -> Waiting {
        let (track, layer, sequence) = (TrackIndex(0), LayerIndex::SINGLE, ExtendedSeq(0));
        Waiting { section: SectionIndex(section), track, layer, epoch: 0, sequence, timestamp: RtpTimestamp(frame) }
    }

    fn at(after: Duration) -> Moment {
        let origin = Instant::now();
        Moment::since(origin, origin + after)
    }

    /// Packets of 1,000 bytes that leave at once.
    fn burst(rate_bps: Option<f64>) -> usize {
        let now = at(Duration::ZERO);
        let mut pacer = Pacer::default();
        pacer.follow(rate_bps);
        let leaves = |_: &usize| {
            let is_free = pacer.is_free(now);
            pacer.note_sent(now, 1_000);
            is_free
        };
        (0..100).take_while(leaves).count()
    }

    #[test]
    fn a_frame_passes_in_one_piece_where_the_link_carries_it_at_once() {
        assert_eq!(burst(None), 100);
        assert_eq!(burst(Some(8e6)), 22);
        assert_eq!(burst(Some(1e6)), 3);
        assert_eq!(burst(Some(1e5)), 1);
    }

    #[test]
    fn what_waits_leaves_at_the_pace_of_the_link() {
        let mut pacer = Pacer::default();
        pacer.follow(Some(1e6));
        pacer.note_sent(at(Duration::ZERO), 10_000);
        assert!((0..100).all(|_| pacer.push(waiting(1, 0))));
        let mut left = 0;
        for tick in 0..60 {
            let now = at(PACE_INTERVAL * tick);
            while pacer.pop(now).is_some() {
                pacer.note_sent(now, 1_000);
                left += 1;
            }
        }
        // 300 ms at 1.05 Mbit/s are 39 packets, of which ten were sent before.
        assert!((29..=35).contains(&left), "{left}");
        assert!(!pacer.is_free(at(Duration::from_secs(9))), "nothing overtakes what waits");
    }

    #[test]
    fn a_queue_ends_somewhere() {
        let mut pacer = Pacer::default();
        assert!((0..MAX_WAITING).all(|_| pacer.push(waiting(1, 0))));
        assert!(!pacer.push(waiting(1, 0)));
    }

    #[test]
    fn a_layer_that_plays_no_more_is_not_waited_for_but_for_the_frame_that_has_begun() {
        let now = at(Duration::ZERO);
        let mut pacer = Pacer::default();
        for (section, frame) in [(1, 2), (2, 2), (1, 2), (1, 3), (1, 4)] {
            pacer.push(waiting(section, frame));
        }
        assert_eq!(pacer.forget_frames(SectionIndex(1)), 2);
        assert_eq!(pacer.forget(SectionIndex(2)), 1);
        assert_eq!([pacer.pop(now), pacer.pop(now), pacer.pop(now)], [Some(waiting(1, 2)), Some(waiting(1, 2)), None]);
    }

    #[test]
    fn what_left_by_another_way_waits_no_more() {
        let mut pacer = Pacer::default();
        pacer.push(waiting(0, 1));
        pacer.push(Waiting { sequence: ExtendedSeq(7), ..waiting(0, 2) });
        assert!(!pacer.forget_packet(SectionIndex(0), ExtendedSeq(8), LayerIndex::SINGLE), "nobody's");
        assert!(!pacer.forget_packet(SectionIndex(0), ExtendedSeq(7), LayerIndex::SINGLE), "another still waits");
        assert_eq!(pacer.pop(at(Duration::from_secs(1))), Some(waiting(0, 1)));
        pacer.push(waiting(0, 3));
        assert!(pacer.forget_packet(SectionIndex(0), ExtendedSeq(0), LayerIndex::SINGLE));
        assert!(!pacer.is_waiting());
    }
}
