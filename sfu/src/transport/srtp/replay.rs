//! Which packets of a source were seen: a sliding window per SSRC (RFC 3711 §3.3.2), and a bounded table of sources.
//!
//! Only authentic packets may change it; the receiver asks first and marks afterwards.

use super::MAX_SOURCES;
use crate::ids::Ssrc;
use crate::prefetch;
use arrayvec::ArrayVec;

/// 64 packets each. A video stream's retransmissions on its own SSRC may be a second old.
const WINDOW_WORDS: u64 = WORD_COUNT as u64;
const WORD_COUNT: usize = 16;

/// Packet indices seen, the newest 961 to 1,024 of them.
#[derive(Clone, Debug)]
#[repr(C)]
struct ReplayWindow {
    highest: u64,
    /// Bit `index % 64` of word `index / 64 % WINDOW_WORDS`.
    words: [u64; WORD_COUNT],
}

impl ReplayWindow {
    fn starting_at(index: u64) -> Self {
        let mut window = Self { highest: index, words: [0; WORD_COUNT] };
        window.mark(index);
        window
    }

    fn is_new(&self, index: u64) -> bool {
        if index > self.highest {
            return true;
        }
        let in_reach = index / 64 + WINDOW_WORDS > self.highest / 64;
        in_reach && self.words.get(Self::slot(index)).is_some_and(|word| word & Self::bit(index) == 0)
    }

    fn mark(&mut self, index: u64) {
        // Words that come into reach hold bits of a cycle ago.
        let newly_reached = (index / 64).saturating_sub(self.highest / 64).min(WINDOW_WORDS);
        for step in 0..newly_reached {
            if let Some(word) = self.words.get_mut(Self::slot(index - 64 * step)) {
                *word = 0;
            }
        }
        self.highest = self.highest.max(index);
        if let Some(word) = self.words.get_mut(Self::slot(index)) {
            *word |= Self::bit(index);
        }
    }

    fn slot(index: u64) -> usize {
        usize::try_from(index / 64 % WINDOW_WORDS).unwrap_or_default()
    }

    fn bit(index: u64) -> u64 {
        1 << (index % 64)
    }
}

/// Replay windows by SSRC, at most [`MAX_SOURCES`].
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Sources {
    entries: Vec<Source>,
    /// Counts authentic packets: the clock of "unheard longest".
    clock: u64,
    /// Of the entries, in place: a look-up reads a line or two and follows one pointer.
    ssrcs: ArrayVec<Ssrc, MAX_SOURCES>,
}

#[derive(Debug)]
#[repr(C)]
struct Source {
    last_heard: u64,
    window: ReplayWindow,
}

/// Where a source's window is, until the next [`Sources::mark`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    ssrc: Ssrc,
    /// `None` for a source not known.
    position: Option<usize>,
}

impl Sources {
    pub(super) fn find(&self, ssrc: Ssrc) -> Place {
        Place { ssrc, position: self.ssrcs.iter().position(|known| *known == ssrc) }
    }

    /// What is kept of a source (`shard::ahead`).
    pub(super) fn request(&self, ssrc: Ssrc) {
        if let Some(source) = self.source(self.find(ssrc)) {
            prefetch::request(source);
        }
    }

    /// The highest index seen of a source; `None` for one not known.
    pub(super) fn highest(&self, place: Place) -> Option<u64> {
        self.source(place).map(|source| source.window.highest)
    }

    pub(super) fn is_new(&self, place: Place, index: u64) -> bool {
        self.source(place).is_none_or(|source| source.window.is_new(index))
    }

    /// Remembers an authentic packet.
    pub(super) fn mark(&mut self, place: Place, index: u64) {
        self.clock += 1;
        let last_heard = self.clock;
        if let Some(source) = place.position.and_then(|position| self.entries.get_mut(position)) {
            source.window.mark(index);
            source.last_heard = last_heard;
            return;
        }
        let source = Source { window: ReplayWindow::starting_at(index), last_heard };
        if self.entries.len() < MAX_SOURCES {
            self.ssrcs.push(place.ssrc);
            self.entries.push(source);
            return;
        }
        let oldest = self.entries.iter_mut().zip(&mut self.ssrcs).min_by_key(|(entry, _)| entry.last_heard);
        if let Some((entry, ssrc)) = oldest {
            (*entry, *ssrc) = (source, place.ssrc);
        }
    }

    fn source(&self, place: Place) -> Option<&Source> {
        self.entries.get(place.position?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng, rngs::StdRng};
    use std::collections::HashSet;

    #[test]
    fn the_window_agrees_with_a_set_of_everything_seen() {
        let seed = 0x3711;
        let mut rng = StdRng::seed_from_u64(seed);
        let mut window = ReplayWindow::starting_at(5);
        let mut seen = HashSet::from([5]);
        let mut highest = 5;
        for _ in 0..50_000 {
            highest += u64::from(rng.random_range(0..20_u8) == 0) * rng.random_range(1..3_000);
            let index = (highest + rng.random_range(0..3_u64)).saturating_sub(rng.random_range(0..960));
            assert_eq!(window.is_new(index), !seen.contains(&index), "seed {seed}, index {index}");
            window.mark(index);
            seen.insert(index);
            highest = highest.max(index);
        }
    }

    #[test]
    fn a_packet_older_than_the_window_is_not_new() {
        let mut window = ReplayWindow::starting_at(10_000);
        window.mark(20_000);
        assert!(!window.is_new(20_000 - 1_024));
        assert!(window.is_new(20_000 - 960));
    }

    #[test]
    fn a_new_source_takes_the_place_of_the_one_unheard_longest() {
        let mut sources = Sources::default();
        for ssrc in 0..64 {
            sources.mark(sources.find(Ssrc(ssrc)), 1);
        }
        sources.mark(sources.find(Ssrc(0)), 2);
        sources.mark(sources.find(Ssrc(1_000)), 1);
        let highest = |ssrc| sources.highest(sources.find(ssrc));
        assert_eq!((highest(Ssrc(0)), highest(Ssrc(1)), highest(Ssrc(1_000))), (Some(2), None, Some(1)));
    }
}
