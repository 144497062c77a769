//! What people send: who speaks when, how large a frame is and how it is cut into packets, and the stamp that every payload ends with.
//!
//! Pure and seeded: the same seed makes the same consultation.

use super::adapter::Seat;
use super::shape::MAX_FRAGMENT;

pub(super) const AUDIO_INTERVAL_NS: u64 = 20_000_000;
/// Comfort noise of a silent Opus encoder with DTX.
pub(super) const SILENCE_INTERVAL_NS: u64 = 400_000_000;
/// Opus at 32 kbit/s.
pub(super) const SPEECH_BYTES: usize = 80;
/// An encoder's silence is shorter; a stamp has to fit.
pub(super) const SILENCE_BYTES: usize = STAMP_LEN + 2;
/// A key frame of a talking head is about so many times a mean frame.
const KEY_FRAME_FACTOR: usize = 4;

/// Numbers that look random, the same for a seed.
#[derive(Clone, Debug)]
pub(super) struct Seeded(u64);

impl Seeded {
    #[must_use]
    pub(super) fn new(seed: u64) -> Self {
        // An xorshift generator must not start at zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound.max(1)
    }
}

/// Who speaks in a room: one at a time, two to six seconds, then another.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    seeded: Seeded,
    people: u64,
    speaker: u64,
    until_ns: u64,
}

impl Turns {
    #[must_use]
    pub(super) fn new(seed: u64, people: u32) -> Self {
        Self { seeded: Seeded::new(seed), people: people.into(), speaker: 0, until_ns: 0 }
    }

    /// Whether `person` speaks at `now_ns`, and until when that holds. Time must not go back.
    pub(super) fn at(&mut self, now_ns: u64, person: u32) -> (bool, u64) {
        while self.until_ns <= now_ns {
            let step = 1 + self.seeded.below(self.people.saturating_sub(1));
            self.speaker = (self.speaker + step) % self.people.max(1);
            self.until_ns += 2_000_000_000 + self.seeded.below(4_000_000_000);
        }
        (self.speaker == u64::from(person), self.until_ns)
    }
}

/// Bytes of a frame: within a fifth of the mean, as an encoder's frames are.
pub(super) fn frame_bytes(seeded: &mut Seeded, mean: usize, key: bool) -> usize {
    let fifth = mean / 5;
    let spread = usize::try_from(seeded.below(u64::try_from(2 * fifth).unwrap_or(0))).unwrap_or(0);
    let bytes = mean - fifth + spread;
    if key { bytes * KEY_FRAME_FACTOR } else { bytes }
}

/// Fragments of a frame as libwebrtc cuts it: as few as fit, of sizes that differ by one byte at most, the smaller first.
pub(super) fn fragments(bytes: usize) -> impl Iterator<Item = usize> {
    let count = bytes.div_ceil(MAX_FRAGMENT).max(1);
    let (size, larger) = (bytes / count, bytes % count);
    (0..count).map(move |index| if index < count - larger { size } else { size + 1 })
}

pub(super) const STAMP_LEN: usize = 26;
const MAGIC: u32 = 0x4b4e_4c31;

/// Whose packet this is, which of that stream's, and when it left: at the end of the payload, where no server writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub seat: Seat,
    /// The SSRC under which it left: a layer's, and another one when the person comes again.
    pub ssrc: u32,
    pub counter: u32,
    pub departed_unix_ns: u64,
}

impl Stamp {
    pub(super) fn write(&self, payload: &mut [u8]) -> Option<()> {
        let place = payload.last_chunk_mut::<STAMP_LEN>()?;
        let person = u16::try_from(self.seat.person).ok()?;
        let mut fields =
            MAGIC.to_be_bytes().into_iter().chain(self.seat.room.to_be_bytes()).chain(person.to_be_bytes());
        let mut rest = self
            .ssrc
            .to_be_bytes()
            .into_iter()
            .chain(self.counter.to_be_bytes())
            .chain(self.departed_unix_ns.to_be_bytes());
        for byte in place {
            *byte = fields.next().or_else(|| rest.next())?;
        }
        Some(())
    }

    #[must_use]
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let stamp = payload.last_chunk::<STAMP_LEN>()?;
        let (magic, rest) = stamp.split_first_chunk::<4>()?;
        let (room, rest) = rest.split_first_chunk::<4>()?;
        let (person, rest) = rest.split_first_chunk::<2>()?;
        let (ssrc, rest) = rest.split_first_chunk::<4>()?;
        let (counter, departed) = rest.split_first_chunk::<4>()?;
        (u32::from_be_bytes(*magic) == MAGIC).then_some(())?;
        Some(Self {
            seat: Seat { room: u32::from_be_bytes(*room), person: u16::from_be_bytes(*person).into() },
            ssrc: u32::from_be_bytes(*ssrc),
            counter: u32::from_be_bytes(*counter),
            departed_unix_ns: u64::from_be_bytes(*departed.first_chunk()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_cut_into_packets_of_nearly_equal_size_the_smaller_first() {
        let sizes = |bytes| fragments(bytes).collect::<Vec<_>>();
        assert_eq!(sizes(750), [750]);
        assert_eq!(sizes(1_101), [550, 551]);
        assert_eq!(sizes(2_500), [833, 833, 834]);
        for bytes in 30..30_000 {
            let sizes = sizes(bytes);
            assert_eq!(sizes.iter().sum::<usize>(), bytes);
            assert!(sizes.is_sorted() && sizes.iter().all(|size| *size <= MAX_FRAGMENT));
            assert!(sizes.last().unwrap() - sizes[0] <= 1);
        }
    }

    #[test]
    fn one_speaks_at_a_time_for_two_to_six_seconds_and_then_another() {
        for people in [2, 4, 6] {
            let mut turns = Turns::new(7, people);
            let (mut now, mut last) = (0, None);
            let mut spoke = vec![0; people as usize];
            while now < 600_000_000_000 {
                let until = turns.at(now, 0).1;
                let speaking: Vec<u32> = (0..people).filter(|person| turns.at(now, *person).0).collect();
                assert_eq!(speaking.len(), 1, "at {now}");
                assert_ne!(Some(speaking[0]), last);
                assert!((2_000_000_000..6_000_000_000).contains(&(until - now)));
                spoke[speaking[0] as usize] += 1;
                (now, last) = (until, Some(speaking[0]));
            }
            assert!(spoke.iter().all(|turns| *turns > 10), "{spoke:?}");
        }
    }

    #[test]
    fn a_stamp_comes_back_from_the_end_of_a_payload() {
        let stamp = Stamp { seat: Seat { room: 70_000, person: 5 }, ssrc: 3, counter: 9, departed_unix_ns: 1 << 60 };
        let mut payload = [0; 100];
        stamp.write(&mut payload).unwrap();
        assert_eq!(Stamp::read(&payload), Some(stamp));
        assert_eq!(Stamp::read(&payload[..99]), None);
    }
}
