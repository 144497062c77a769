//! A timer wheel: each peer's next moment of attention, rounded up to a tick.
//!
//! One live deadline a peer. Setting an earlier one leaves the later entry behind, which the caller recognises as stale by
//! asking the peer; firing early is harmless. Setting and firing cost O(1) whatever the number of peers.

use crate::ids::PeerIndex;
use slab::Slab;
use std::time::{Duration, Instant};

/// Resolution of all deadlines.
const TICK: Duration = Duration::from_nanos(TICK_NS);
const TICK_NS: u64 = 5_000_000;
/// A round of the wheel: later deadlines are cut to it and set again.
const SLOTS: usize = 256;
const WORD_BITS: usize = 64;
const WORDS: usize = SLOTS / WORD_BITS;

pub(crate) struct TimerWheel {
    slots: [Option<Chain>; SLOTS],
    /// Of all slots together: there are about as many as peers, wherever in the round they gather, so that it soon grows no more.
    entries: Slab<Entry>,
    /// A bit for each slot that is not empty: the next deadline is asked for twice a turn.
    occupied: [u64; WORDS],
    start: Instant,
    /// Ticks before this one have fired.
    next_tick: u64,
}

/// A slot's entries in the order in which they were set.
#[derive(Clone, Copy)]
struct Chain {
    first: usize,
    last: usize,
}

struct Entry {
    peer: PeerIndex,
    next: Option<usize>,
}

impl TimerWheel {
    pub(crate) fn new(now: Instant) -> Self {
        Self { slots: [None; SLOTS], entries: Slab::new(), occupied: [0; WORDS], start: now, next_tick: 0 }
    }

    /// The moment at which the peer will fire.
    pub(crate) fn set(&mut self, peer: PeerIndex, deadline: Instant) -> Instant {
        let tick = self.tick_after(deadline).clamp(self.next_tick, self.next_tick + SLOTS as u64 - 1);
        let position = Self::position(tick);
        if let (Some(slot), Some(word)) = (self.slots.get_mut(position), self.occupied.get_mut(position / WORD_BITS)) {
            let added = self.entries.insert(Entry { peer, next: None });
            if let Some(last) = slot.and_then(|chain| self.entries.get_mut(chain.last)) {
                last.next = Some(added);
            }
            *slot = Some(Chain { first: slot.map_or(added, |chain| chain.first), last: added });
            *word |= 1 << (position % WORD_BITS);
        }
        self.moment(tick)
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let first = Self::position(self.next_tick);
        // From the first slot's word round to that word again, for the slots before the first.
        (0..=WORDS).find_map(|step| {
            let word = self.occupied.get((first / WORD_BITS + step) % WORDS)?;
            let wanted = match step {
                0 => u64::MAX << (first % WORD_BITS),
                WORDS => !(u64::MAX << (first % WORD_BITS)),
                _ => u64::MAX,
            };
            let bit = u64::from((word & wanted).trailing_zeros());
            let word_tick = self.next_tick - (first % WORD_BITS) as u64 + (step * WORD_BITS) as u64;
            (word & wanted != 0).then(|| self.moment(word_tick + bit))
        })
    }

    /// Moves the peers that are due into `due`.
    pub(crate) fn fire(&mut self, now: Instant, due: &mut Vec<PeerIndex>) {
        let passed = self.ticks_until(now);
        let end = passed.min(self.next_tick + SLOTS as u64 - 1);
        for tick in self.next_tick..=end {
            let position = Self::position(tick);
            if let (Some(slot), Some(word)) =
                (self.slots.get_mut(position), self.occupied.get_mut(position / WORD_BITS))
            {
                let mut next = slot.take().map(|chain| chain.first);
                while let Some(entry) = next.and_then(|position| self.entries.try_remove(position)) {
                    due.push(entry.peer);
                    next = entry.next;
                }
                *word &= !(1 << (position % WORD_BITS));
            }
        }
        self.next_tick = self.next_tick.max(passed + 1);
    }

    /// A moment that is not to come.
    pub(crate) fn last_fired(&self) -> Instant {
        self.moment(self.next_tick.saturating_sub(1))
    }

    fn moment(&self, tick: u64) -> Instant {
        self.start + TICK * u32::try_from(tick).unwrap_or(u32::MAX)
    }

    fn ticks_until(&self, at: Instant) -> u64 {
        self.nanos_until(at) / TICK_NS
    }

    fn tick_after(&self, at: Instant) -> u64 {
        self.nanos_until(at).div_ceil(TICK_NS)
    }

    fn nanos_until(&self, at: Instant) -> u64 {
        let elapsed = at.saturating_duration_since(self.start);
        elapsed.as_secs() * 1_000_000_000 + u64::from(elapsed.subsec_nanos())
    }

    fn position(tick: u64) -> usize {
        usize::try_from(tick % SLOTS as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fired(wheel: &mut TimerWheel, at: Instant) -> Vec<usize> {
        let mut due = Vec::new();
        wheel.fire(at, &mut due);
        due.iter().map(|peer| peer.0).collect()
    }

    #[test]
    fn who_wakes_a_little_after_a_tick_looks_again_at_the_next() {
        let start = Instant::now();
        let mut wheel = TimerWheel::new(start);
        let woken = start + TICK + Duration::from_micros(60);
        assert_eq!(wheel.set(PeerIndex(1), woken + crate::downlink::NEXT_LOOK), start + TICK * 2);
    }

    #[test]
    fn a_deadline_fires_at_its_tick_and_not_before() {
        let start = Instant::now();
        let mut wheel = TimerWheel::new(start);
        let at = wheel.set(PeerIndex(7), start + Duration::from_millis(42));
        assert_eq!(at, start + Duration::from_millis(45));
        assert_eq!(wheel.next_timeout(), Some(at));
        assert!(fired(&mut wheel, start + Duration::from_millis(44)).is_empty());
        assert_eq!(fired(&mut wheel, at), [7]);
        assert_eq!(wheel.next_timeout(), None);
    }

    #[test]
    fn a_deadline_beyond_the_round_fires_early_and_one_in_the_past_at_once() {
        let start = Instant::now();
        let mut wheel = TimerWheel::new(start);
        let late = start + Duration::from_secs(60);
        assert!(wheel.set(PeerIndex(1), late) < late);
        assert!(fired(&mut wheel, start + Duration::from_secs(10)) == [1]);
        let at = wheel.set(PeerIndex(2), start);
        assert_eq!(fired(&mut wheel, at), [2]);
    }

    #[test]
    fn the_next_timeout_is_the_earliest_wherever_the_wheel_stands() {
        let start = Instant::now();
        for turned in (0..600).step_by(7) {
            let mut wheel = TimerWheel::new(start);
            fired(&mut wheel, start + TICK * turned);
            assert_eq!(wheel.next_timeout(), None);
            for ahead in [255, 200, 130, 65, 64, 63, 2, 1] {
                let deadline = start + TICK * (turned + ahead);
                let at = wheel.set(PeerIndex(7), deadline);
                assert_eq!((at, wheel.next_timeout()), (deadline, Some(deadline)), "{turned} {ahead}");
            }
        }
    }

    #[test]
    fn a_long_pause_fires_each_entry_once() {
        let start = Instant::now();
        let mut wheel = TimerWheel::new(start);
        for peer in 0..10 {
            wheel.set(PeerIndex(peer), start + TICK * u32::try_from(peer).unwrap());
        }
        assert_eq!(fired(&mut wheel, start + Duration::from_secs(3_600)).len(), 10);
        assert_eq!(fired(&mut wheel, start + Duration::from_secs(7_200)).len(), 0);
    }
}
