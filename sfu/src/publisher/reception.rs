//! Reception statistics of one RTP stream: what is new, lost, late, and how evenly it comes (RFC 3550 §6.4.1, A.3, A.8).

use super::missing::{Delivered, MissingList};
use super::transit::Transit;
use crate::ids::{RtpTimestamp, SeqNo};
use crate::measure::Loss;
use crate::moment::Moment;
use crate::rtp::sequence::ExtendedSeq;
use std::mem::offset_of;
use std::time::Duration;

/// Nothing for so long is an outage and no loss.
const OUTAGE_US: u64 = 500_000;

/// What each packet touches comes first.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Reception {
    highest: Option<ExtendedSeq>,
    received: u64,
    jitter_ticks: f64,
    last_arrival_us: Option<(u64, RtpTimestamp)>,
    transit: Transit,
    clock_rate_hz: u32,
    pub(crate) missing: MissingList,
    first: Option<ExtendedSeq>,
    /// Of the received: those that only repair brought.
    repaired: u64,
    /// At the last receiver report, and at the last link report.
    reported: Mark,
    measured: Mark,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    expected: u64,
    received: u64,
}

/// What a packet is to its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Ahead of all others. `gap_too_large`: more was jumped over than can be asked for.
    Newest { sequence: ExtendedSeq, gap_too_large: bool },
    /// Behind, and it was owed.
    FillsGap { sequence: ExtendedSeq },
    /// Had already come, or was given up.
    Duplicate,
}

/// The numbers of a report block (RFC 3550 §6.4.1). The fraction is what the path lost, repaired or not: a publisher chooses its
/// redundancy by it, and would end what it needs if it heard of success. The cumulative number is what stayed lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReceptionReport {
    pub fraction_lost: u8,
    pub cumulative_lost: i32,
    pub highest: ExtendedSeq,
    pub jitter_ticks: u32,
}

impl Reception {
    /// What a packet touches.
    pub(super) const FIRST_BYTES: usize = offset_of!(Self, first);

    pub(crate) fn new(clock_rate_hz: u32) -> Self {
        Self {
            clock_rate_hz,
            first: None,
            highest: None,
            received: 0,
            repaired: 0,
            missing: MissingList::new(),
            jitter_ticks: 0.0,
            last_arrival_us: None,
            transit: Transit::default(),
            reported: Mark::default(),
            measured: Mark::default(),
        }
    }

    pub(crate) fn accept(&mut self, now: Moment, sequence: SeqNo, timestamp: RtpTimestamp) -> Verdict {
        let Some(highest) = self.highest else {
            let first = ExtendedSeq::first(sequence);
            (self.first, self.highest, self.received) = (Some(first), Some(first), 1);
            self.last_arrival_us = Some((now.us, timestamp));
            return Verdict::Newest { sequence: first, gap_too_large: false };
        };
        let Some(sequence) = highest.nearest(sequence) else { return Verdict::Duplicate };
        if sequence <= highest {
            return self.accept_late(sequence, Delivered::Unasked);
        }
        let listed = sequence == highest.next() || self.note_gap(now, highest.next(), sequence);
        self.highest = Some(sequence);
        self.received += 1;
        self.note_jitter(now.us, timestamp);
        Verdict::Newest { sequence, gap_too_large: !listed }
    }

    /// What was jumped over is asked for, unless nothing came for so long that all of it would come too late: a key frame
    /// is then sooner there than an outage's worth of packets.
    fn note_gap(&mut self, now: Moment, from: ExtendedSeq, to: ExtendedSeq) -> bool {
        let silent_since_us = self.last_arrival_us.map_or(now.us, |(arrival_us, _)| arrival_us);
        if now.us.saturating_sub(silent_since_us) > OUTAGE_US {
            self.missing.forget();
            return false;
        }
        self.missing.note_gap(now.at, from, to)
    }

    /// A retransmission restores what the stream would have had: the number is owed or the packet is of no use.
    pub(crate) fn accept_recovered(&mut self, sequence: SeqNo) -> Verdict {
        match self.highest.and_then(|highest| highest.nearest(sequence)) {
            Some(sequence) => self.accept_late(sequence, Delivered::Asked),
            None => Verdict::Duplicate,
        }
    }

    fn accept_late(&mut self, sequence: ExtendedSeq, came: Delivered) -> Verdict {
        let Some(delivered) = self.missing.deliver(sequence) else { return Verdict::Duplicate };
        self.received += 1;
        self.repaired += u64::from([came, delivered].contains(&Delivered::Asked));
        Verdict::FillsGap { sequence }
    }

    /// RFC 3550 A.8: the smoothed difference of transit times, in timestamp ticks.
    fn note_jitter(&mut self, now_us: u64, timestamp: RtpTimestamp) {
        if let Some((arrival_us, last)) = self.last_arrival_us {
            let elapsed_ticks = now_us.saturating_sub(arrival_us) as f64 * 1e-6 * f64::from(self.clock_rate_hz);
            let stamped_ticks = f64::from(timestamp.0.wrapping_sub(last.0).cast_signed());
            let difference = elapsed_ticks - stamped_ticks;
            // A jump of over a second is a new capture, not jitter.
            if difference.abs() < f64::from(self.clock_rate_hz) {
                self.jitter_ticks += (difference.abs() - self.jitter_ticks) / 16.0;
                self.transit.note(difference);
            } else {
                self.transit = Transit::default();
            }
        }
        self.last_arrival_us = Some((now_us, timestamp));
    }

    pub(crate) fn jitter(&self) -> Duration {
        Duration::from_secs_f64(self.jitter_ticks / f64::from(self.clock_rate_hz.max(1)))
    }

    /// For how long even the quickest packet since the last call waited on its way; `None`: nothing came.
    pub(crate) fn standing_wait(&mut self) -> Option<Duration> {
        let wait_ticks = self.transit.take_standing(f64::from(self.clock_rate_hz))?;
        Some(Duration::from_secs_f64(wait_ticks / f64::from(self.clock_rate_hz.max(1))))
    }

    /// What waited last is the way's own length.
    pub(crate) fn accept_wait(&mut self) {
        self.transit.rebase();
    }

    /// Closes the interval of the receiver report that is being written.
    pub(crate) fn report(&mut self) -> Option<ReceptionReport> {
        let highest = self.highest?;
        let Mark { expected, received } = self.mark();
        let unaided = Mark { expected, received: received - self.repaired };
        let interval = unaided.since(self.reported);
        self.reported = unaided;
        let fraction = (interval.lost << 8).checked_div(interval.expected).unwrap_or(0);
        let cumulative = i32::try_from(expected.saturating_sub(received)).unwrap_or(i32::MAX);
        Some(ReceptionReport {
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            // 24 bits, signed.
            cumulative_lost: cumulative.min(0x7f_ffff),
            highest,
            jitter_ticks: self.rounded_jitter_ticks(),
        })
    }

    /// Closes the interval of the link report.
    pub(crate) fn measure(&mut self) -> Loss {
        let current = self.mark();
        let interval = current.since(self.measured);
        self.measured = current;
        interval
    }

    fn mark(&self) -> Mark {
        let expected = match (self.first, self.highest) {
            (Some(first), Some(highest)) => highest.0 - first.0 + 1,
            _ => 0,
        };
        Mark { expected, received: self.received }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float cast saturates, jitter is >= 0"
    )]
    fn rounded_jitter_ticks(&self) -> u32 {
        self.jitter_ticks as u32
    }
}

impl Mark {
    fn since(self, earlier: Self) -> Loss {
        let expected = self.expected.saturating_sub(earlier.expected);
        let received = self.received.saturating_sub(earlier.received);
        // More than expected when an earlier interval's losses were filled in this one.
        Loss { expected, lost: expected.saturating_sub(received) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    const TICKS: u32 = 3_000;

    fn moment(us: u64) -> Moment {
        let origin = Instant::now();
        Moment::since(origin, origin + Duration::from_micros(us))
    }

    fn receive(reception: &mut Reception, sequences: &[u16]) -> Vec<Verdict> {
        let at = |sequence: u16| moment(u64::from(sequence) * 33_333);
        let stamp = |sequence: u16| RtpTimestamp(u32::from(sequence) * TICKS);
        sequences.iter().map(|&n| reception.accept(at(n), SeqNo(n), stamp(n))).collect()
    }

    #[test]
    fn what_an_outage_swallowed_is_not_asked_for() {
        let mut reception = Reception::new(90_000);
        reception.accept(moment(0), SeqNo(1), RtpTimestamp(0));
        let back_us = OUTAGE_US + 1_000;
        let verdict = reception.accept(moment(back_us), SeqNo(40), RtpTimestamp(90_000));
        assert!(matches!(verdict, Verdict::Newest { gap_too_large: true, .. }), "{verdict:?}");
        assert_eq!(reception.missing.next_deadline(), None);
        // Silence without a gap is silence.
        let verdict = reception.accept(moment(back_us + 2 * OUTAGE_US), SeqNo(41), RtpTimestamp(180_000));
        assert!(matches!(verdict, Verdict::Newest { gap_too_large: false, .. }), "{verdict:?}");
    }

    #[test]
    fn a_lost_packet_is_owed_and_its_retransmission_fills_the_gap_once() {
        let mut reception = Reception::new(90_000);
        receive(&mut reception, &[1, 2, 4]);
        assert_eq!(reception.accept_recovered(SeqNo(3)), Verdict::FillsGap { sequence: ExtendedSeq(3) });
        assert_eq!(reception.accept_recovered(SeqNo(3)), Verdict::Duplicate);
    }

    #[test]
    fn a_report_counts_what_its_interval_lost() {
        let mut reception = Reception::new(90_000);
        receive(&mut reception, &[0, 1, 2, 3]);
        assert_eq!(reception.report().map(|report| report.fraction_lost), Some(0));
        receive(&mut reception, &[5, 7]);
        let report = reception.report().unwrap();
        assert_eq!((report.fraction_lost, report.cumulative_lost, report.highest), (128, 2, ExtendedSeq(7)));
        assert_eq!(reception.measure(), Loss { expected: 8, lost: 2 });
    }

    #[test]
    fn a_report_tells_of_losses_that_were_repaired_and_counts_what_stayed_lost() {
        let mut reception = Reception::new(48_000);
        receive(&mut reception, &[0, 1, 4]);
        reception.accept_recovered(SeqNo(2));
        let late = reception.accept(moment(200_000), SeqNo(3), RtpTimestamp(3 * TICKS));
        assert_eq!(late, Verdict::FillsGap { sequence: ExtendedSeq(3) }, "out of order, never asked for");
        let report = reception.report().unwrap();
        assert_eq!((report.fraction_lost, report.cumulative_lost), (51, 0), "one of five");
        assert_eq!(reception.measure(), Loss { expected: 5, lost: 0 });
        receive(&mut reception, &[5]);
        assert_eq!(reception.report().map(|report| report.fraction_lost), Some(0));
    }

    #[test]
    fn evenly_paced_packets_have_no_jitter() {
        let mut reception = Reception::new(90_000);
        receive(&mut reception, &(0..50).collect::<Vec<_>>());
        assert!(reception.jitter() < Duration::from_millis(1));
    }
}
