//! What went out under which transport-wide number, until the receiver has told its fate.
//!
//! Owns one downlink's last [`PACKETS`] records, allocated with the first packet, eight bytes each. Times are microseconds of
//! the caller's origin. Concludes nothing.

use crate::prefetch;
use std::num::NonZeroU8;

/// Two seconds of 8 Mbit/s in full packets; a power of two.
const PACKETS: usize = 2_048;

/// Of the records of a frame's packets.
const BURST_BYTES: usize = 64;

/// Names a probe among the last ones.
pub(crate) type ProbeId = NonZeroU8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub at_us: u64,
    pub len: u16,
    /// The probe that it was part of.
    pub probe: Option<ProbeId>,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    /// The low half: a packet older than an hour is long forgotten.
    at_us: u32,
    len: u16,
    probe: Option<ProbeId>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    OnItsWay,
    TakenForLost,
    Arrived,
}

/// What a feedback says of one packet that was not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrived(Sent),
    /// Told lost before: it was late.
    ArrivedAfterAll(Sent),
    Lost(Sent),
}

#[derive(Debug, Default)]
pub(crate) struct History {
    /// By number modulo its length.
    records: Option<Box<[Record; PACKETS]>>,
    next: u64,
}

impl History {
    /// Where the next burst will be noted (`shard::ahead`).
    pub(crate) fn request_next(&self) {
        let next = self.records.as_ref().and_then(|records| records.get(position(self.next)..));
        prefetch::request_first(next.unwrap_or_default(), BURST_BYTES);
    }

    /// The number for the next packet.
    pub(crate) fn number(&self) -> u16 {
        let [.., high, low] = self.next.to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    /// The packet with [`History::number`] has gone out.
    #[inline(always)] // As `Congestion::note_sent`.
    pub(crate) fn note(&mut self, sent: Sent) {
        let record = Record { at_us: low(sent.at_us), len: sent.len, probe: sent.probe, state: State::OnItsWay };
        if self.records.is_none() {
            self.allocate(record);
        }
        if let Some(slot) = self.records.as_mut().and_then(|records| records.get_mut(position(self.next))) {
            *slot = record;
        }
        self.next += 1;
    }

    #[cold]
    fn allocate(&mut self, first: Record) {
        self.records = Some(Box::new([first; PACKETS]));
    }

    /// `None` for a number that was never sent, is forgotten, or whose fate is known.
    pub(crate) fn settle(&mut self, now_us: u64, number: u16, arrived: bool) -> Option<Fate> {
        let number = self.extend(number)?;
        let record = self.records.as_mut()?.get_mut(position(number))?;
        let before = record.state;
        record.state = match (before, arrived) {
            (State::Arrived, _) | (State::TakenForLost, false) => return None,
            (_, true) => State::Arrived,
            (State::OnItsWay, false) => State::TakenForLost,
        };
        let at_us = now_us.saturating_sub(low(now_us).wrapping_sub(record.at_us).into());
        let sent = Sent { at_us, len: record.len, probe: record.probe };
        Some(match (before, arrived) {
            (State::TakenForLost, _) => Fate::ArrivedAfterAll(sent),
            (_, true) => Fate::Arrived(sent),
            (_, false) => Fate::Lost(sent),
        })
    }

    /// The newest number sent that ends in these 16 bits, unless it is forgotten.
    fn extend(&self, number: u16) -> Option<u64> {
        let newest = self.next.checked_sub(1)?;
        let guess = (newest & !0xffff) | u64::from(number);
        let number = if guess > newest { guess.checked_sub(1 << 16)? } else { guess };
        (number + PACKETS as u64 > newest).then_some(number)
    }
}

fn position(number: u64) -> usize {
    usize::try_from(number % PACKETS as u64).unwrap_or(0)
}

fn low(micros: u64) -> u32 {
    let [_, _, _, _, low @ ..] = micros.to_be_bytes();
    u32::from_be_bytes(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(at_us: u64, len: u16) -> Sent {
        Sent { at_us, len, probe: None }
    }

    #[test]
    fn a_record_is_eight_bytes() {
        assert_eq!(size_of::<Record>(), 8);
    }

    #[test]
    fn a_packets_fate_is_told_once_and_a_late_one_corrects_it() {
        let mut history = History::default();
        // Two hours after the origin: only the low half of the time is kept.
        let packet = sent(7_200_000_000, 100);
        let now_us = packet.at_us + 80_000;
        for _ in 0..3 {
            history.note(packet);
        }
        assert_eq!(history.settle(now_us, 0, true), Some(Fate::Arrived(packet)));
        assert_eq!(history.settle(now_us, 0, true), None);
        assert_eq!(history.settle(now_us, 1, false), Some(Fate::Lost(packet)));
        assert_eq!(history.settle(now_us, 1, false), None);
        assert_eq!(history.settle(now_us, 1, true), Some(Fate::ArrivedAfterAll(packet)));
        assert_eq!(history.settle(now_us, 7, true), None);
    }

    #[test]
    fn numbers_go_on_across_their_wrap_and_old_ones_are_forgotten() {
        let mut history = History::default();
        for _ in 0..70_000_u32 {
            history.note(sent(0, 1));
        }
        assert_eq!(history.number(), 4_464);
        assert!(history.settle(9, 4_463, true).is_some());
        assert!(history.settle(9, 4_464, true).is_none(), "65,536 packets ago");
        assert!(history.settle(9, 2_415, true).is_none(), "one more than are kept");
        assert!(history.settle(9, 2_416, true).is_some());
    }
}
