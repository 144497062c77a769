//! Probes: short trains of packets at a rate above the estimate, to learn quickly whether more would fit.
//!
//! Decides when to probe and at which rate, and reads the answer from the arrivals. Sends nothing itself: the downlink fills a
//! probe with media that waits and with padding.

use super::history::ProbeId;
use std::time::{Duration, Instant};

/// The first trains, as multiples of the first estimate.
const FIRST: [f64; 2] = [3.0, 6.0];
/// A probe that found so much of what it looked for is followed by one at twice its finding.
const FOUND: f64 = 0.7;
/// Long enough to fill a queue that could betray itself, short enough not to fill it far.
const LASTS: Duration = Duration::from_millis(15);
const FEWEST_PACKETS: u32 = 5;
/// Arrivals that settle a probe: these shares of its packets and bytes.
const SETTLED: f64 = 0.8;
/// Between two probes of a sender that sends less than it may.
const IDLE_INTERVAL: Duration = Duration::from_secs(3);
/// Its multiple of the estimate.
const IDLE_FACTOR: f64 = 2.0;
/// An answer that takes longer is none.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// A receiving rate this far below the sending one is the capacity itself; a little below it stays clear of the queue.
const FULL: f64 = 0.9;
const CLEAR: f64 = 0.95;
/// Of the time in which a train arrived, the most that lies between two packets where a bottleneck spaced them; else it was held up.
const STEADY: f64 = 0.5;
/// Trains waiting to be sent.
const MAX_WAITING: usize = 2;

/// A train to be sent now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Probe {
    pub id: ProbeId,
    pub rate_bps: f64,
    pub bytes: usize,
    pub packets: u32,
}

/// What a probe has shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Finding {
    pub rate_bps: f64,
    /// It arrived more slowly than it was sent, packet by packet: the link carries no more.
    pub is_capacity: bool,
}

#[derive(Debug)]
pub(crate) struct Prober {
    waiting: Vec<f64>,
    /// The last one found what it looked for: there may be so much, if anybody wants it.
    follow_up: Option<f64>,
    next_id: ProbeId,
    sending: Option<Train>,
    last: Option<Instant>,
    most_bps: f64,
}

/// What is known of one probe on its way.
#[derive(Clone, Copy, Debug)]
struct Train {
    probe: Probe,
    began: Instant,
    sent_ms: Option<(f64, f64)>,
    received_ms: Option<(f64, f64)>,
    packets: u32,
    bytes: usize,
    /// The first packet received, and those sent last together, do not count towards their rates.
    first_len: usize,
    last_len: usize,
    longest_gap_ms: f64,
}

impl Prober {
    /// Begins by looking for what the connection carries.
    pub(crate) fn new(start_bps: f64, most_bps: f64) -> Self {
        let mut waiting = Vec::with_capacity(MAX_WAITING);
        waiting.extend(FIRST.into_iter().rev().map(|factor| (factor * start_bps).min(most_bps)));
        Self { waiting, follow_up: None, next_id: ProbeId::MIN, sending: None, last: None, most_bps }
    }

    /// The link is back: it may carry as much as before.
    pub(crate) fn restore(&mut self, rate_bps: f64) {
        self.waiting.clear();
        self.waiting.push(rate_bps.min(self.most_bps));
    }

    /// The train to send now, if any; one at a time.
    pub(crate) fn next(&mut self, now: Instant, estimate_bps: f64, wants_more: bool) -> Option<Probe> {
        if self.sending.is_some_and(|train| now.saturating_duration_since(train.began) < ANSWER_WITHIN) {
            return None;
        }
        self.sending = None;
        self.waiting.retain(|rate_bps| *rate_bps > estimate_bps);
        let rate_bps = self.waiting.pop().or_else(|| self.wanted(now, estimate_bps).filter(|_| wants_more))?;
        let bytes = (rate_bps / 8.0 * LASTS.as_secs_f64()).ceil();
        self.follow_up = None;
        let probe = Probe { id: self.next_id, rate_bps, bytes: whole(bytes), packets: FEWEST_PACKETS };
        self.next_id = self.next_id.checked_add(1).unwrap_or(ProbeId::MIN);
        self.last = Some(now);
        self.sending = Some(Train {
            probe,
            began: now,
            sent_ms: None,
            received_ms: None,
            packets: 0,
            bytes: 0,
            first_len: 0,
            last_len: 0,
            longest_gap_ms: 0.0,
        });
        Some(probe)
    }

    /// A packet of a probe has arrived; what the probe has shown once enough of it is here.
    pub(crate) fn note(&mut self, id: ProbeId, sent_ms: f64, received_ms: f64, len: usize) -> Option<Finding> {
        let train = self.sending.as_mut().filter(|train| train.probe.id == id)?;
        train.note(sent_ms, received_ms, len);
        let (shown, is_steady) = (train.shown()?, train.is_steady());
        let (asked, most) = (train.probe.rate_bps, self.most_bps);
        self.sending = None;
        let found = shown >= FOUND * asked;
        self.follow_up = (found && shown < FOUND * most).then(|| (2.0 * shown).min(most));
        if !found {
            self.waiting.clear();
        }
        Some(Finding { rate_bps: shown, is_capacity: !found && is_steady })
    }

    fn wanted(&self, now: Instant, estimate_bps: f64) -> Option<f64> {
        let is_due = self.last.is_none_or(|at| now.saturating_duration_since(at) >= IDLE_INTERVAL);
        let idle = || is_due.then_some((IDLE_FACTOR * estimate_bps).min(self.most_bps));
        let follow_up = self.follow_up.filter(|rate_bps| *rate_bps > estimate_bps);
        follow_up.or_else(idle).filter(|rate_bps| *rate_bps > estimate_bps)
    }
}

impl Train {
    fn note(&mut self, sent_ms: f64, received_ms: f64, len: usize) {
        let stretch = |span: Option<(f64, f64)>, at: f64| {
            Some(span.map_or((at, at), |(first, last): (f64, f64)| (first.min(at), last.max(at))))
        };
        if self.received_ms.is_none() {
            self.first_len = len;
        }
        let with_last = self.sent_ms.is_some_and(|(_, last)| sent_ms <= last);
        self.last_len = if with_last { self.last_len + len } else { len };
        if let Some((_, last)) = self.received_ms {
            self.longest_gap_ms = self.longest_gap_ms.max(received_ms - last);
        }
        self.sent_ms = stretch(self.sent_ms, sent_ms);
        self.received_ms = stretch(self.received_ms, received_ms);
        self.packets += 1;
        self.bytes += len;
    }

    fn is_steady(&self) -> bool {
        self.received_ms.is_some_and(|(first, last)| self.longest_gap_ms <= STEADY * (last - first))
    }

    fn shown(&self) -> Option<f64> {
        let enough = f64::from(self.packets) >= SETTLED * f64::from(self.probe.packets)
            && self.bytes as f64 >= SETTLED * self.probe.bytes as f64;
        let ((sent_first, sent_last), (received_first, received_last)) =
            self.sent_ms.zip(self.received_ms).filter(|_| enough)?;
        let rate = |bytes: usize, millis: f64| (millis > 0.0).then(|| bytes as f64 * 8e3 / millis);
        let sent = rate(self.bytes - self.last_len, sent_last - sent_first)?;
        // All at once at the receiver: as fast as they were sent.
        let received = rate(self.bytes - self.first_len, received_last - received_first).unwrap_or(sent);
        Some(if received < FULL * sent { CLEAR * received } else { received.min(sent) })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes of 15 ms of a bounded rate")]
fn whole(bytes: f64) -> usize {
    bytes.max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a probe's packets at its rate over a bottleneck of `capacity_bps`; what the probe shows.
    fn answer(prober: &mut Prober, probe: Probe, capacity_bps: f64) -> Option<Finding> {
        let len = probe.bytes.div_ceil(usize::try_from(probe.packets).unwrap()).max(200);
        let (apart, slowest) = (len as f64 * 8e3 / probe.rate_bps, len as f64 * 8e3 / capacity_bps);
        let mut through: f64 = 0.0;
        (0..probe.packets + 1).find_map(|packet| {
            let sent = f64::from(packet) * apart;
            through = through.max(sent) + slowest;
            prober.note(probe.id, sent, through + 40.0, len)
        })
    }

    #[test]
    fn the_first_probes_find_the_capacity() {
        let now = Instant::now();
        let mut prober = Prober::new(300_000.0, 5e6);
        let first = prober.next(now, 300_000.0, true).unwrap();
        assert!((first.rate_bps - 900_000.0).abs() < 1.0);
        assert_eq!(prober.next(now, 300_000.0, true), None, "one at a time");
        let shown = answer(&mut prober, first, 2e6).unwrap().rate_bps;
        assert!((800_000.0..=900_001.0).contains(&shown), "{shown}");
        let second = prober.next(now, shown, true).unwrap();
        assert!((second.rate_bps - 1_800_000.0).abs() < 1.0);
        let shown = answer(&mut prober, second, 1.2e6).unwrap();
        assert!((1_100_000.0..1_200_000.0).contains(&shown.rate_bps) && shown.is_capacity, "{shown:?}");
        assert_eq!(prober.next(now, shown.rate_bps, true), None, "a full link is not probed again at once");
    }

    #[test]
    fn a_train_that_was_held_up_says_nothing_of_the_capacity() {
        let mut prober = Prober::new(300_000.0, 5e6);
        let probe = prober.next(Instant::now(), 300_000.0, true).unwrap();
        let mut packet = |number: u32, held_ms: f64| {
            let sent = f64::from(number) * 3.0;
            prober.note(probe.id, sent, sent + 40.0 + held_ms, 350)
        };
        assert_eq!([packet(0, 0.0), packet(1, 0.0), packet(2, 100.0)], [None; 3]);
        let shown = packet(3, 100.0).unwrap();
        assert!(shown.rate_bps < 300_000.0 && !shown.is_capacity, "{shown:?}");
    }

    #[test]
    fn a_probe_without_an_answer_is_given_up() {
        let now = Instant::now();
        let mut prober = Prober::new(300_000.0, 5e6);
        prober.next(now, 300_000.0, false).unwrap();
        assert!(prober.next(now + ANSWER_WITHIN, 300_000.0, false).is_some());
    }

    #[test]
    fn who_wants_more_probes_now_and_then() {
        let now = Instant::now();
        let mut prober = Prober::new(0.0, 5e6);
        assert!(prober.next(now, 500_000.0, false).is_none());
        assert!(prober.next(now, 500_000.0, true).is_some());
        assert!(prober.next(now + ANSWER_WITHIN, 500_000.0, true).is_none());
        let probe = prober.next(now + IDLE_INTERVAL, 500_000.0, true).unwrap();
        assert!((probe.rate_bps - 1e6).abs() < 1.0);
    }
}
