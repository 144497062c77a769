//! Which packets of a source were seen: a sliding window per SSRC (RFC 3711 §3.3.2), and a bounded table of sources.
//!
//! Only authentic packets may change it; the receiver asks first and marks afterwards.

use super::MAX_SOURCES;
use crate::ids::Ssrc;

/// 64 packets each. A video stream's retransmissions on its own SSRC may be a second old.
const WINDOW_WORDS: u64 = WORD_COUNT as u64;
const WORD_COUNT: usize = 16;

/// Packet indices seen, the newest 961 to 1,024 of them.
#[derive(Clone, Debug)]
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
pub(super) struct Sources {
    entries: Vec<Source>,
    /// Counts authentic packets: the clock of "unheard longest".
    clock: u64,
}

#[derive(Debug)]
struct Source {
    ssrc: Ssrc,
    window: ReplayWindow,
    last_heard: u64,
}

impl Sources {
    /// The highest index seen of a source; `None` for one not known.
    pub(super) fn highest(&self, ssrc: Ssrc) -> Option<u64> {
        self.find(ssrc).map(|source| source.window.highest)
    }

    pub(super) fn is_new(&self, ssrc: Ssrc, index: u64) -> bool {
        self.find(ssrc).is_none_or(|source| source.window.is_new(index))
    }

    /// Remembers an authentic packet.
    pub(super) fn mark(&mut self, ssrc: Ssrc, index: u64) {
        self.clock += 1;
        let last_heard = self.clock;
        if let Some(source) = self.entries.iter_mut().find(|source| source.ssrc == ssrc) {
            source.window.mark(index);
            source.last_heard = last_heard;
            return;
        }
        let source = Source { ssrc, window: ReplayWindow::starting_at(index), last_heard };
        if self.entries.len() < MAX_SOURCES {
            self.entries.push(source);
        } else if let Some(oldest) = self.entries.iter_mut().min_by_key(|source| source.last_heard) {
            *oldest = source;
        }
    }

    fn find(&self, ssrc: Ssrc) -> Option<&Source> {
        self.entries.iter().find(|source| source.ssrc == ssrc)
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
            sources.mark(Ssrc(ssrc), 1);
        }
        sources.mark(Ssrc(0), 2);
        sources.mark(Ssrc(1_000), 1);
        assert_eq!(
            (sources.highest(Ssrc(0)), sources.highest(Ssrc(1)), sources.highest(Ssrc(1_000))),
            (Some(2), None, Some(1))
        );
    }
}
