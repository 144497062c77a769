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
/// A probe is settled when the fate of these shares of its packets and bytes is known, and answered when so much of it arrived.
const SETTLED: f64 = 0.8;
const ANSWERED: f64 = 0.6;
/// One that is lost is sent again so often, each time at this part of its rate: the link may carry less than was thought.
const AGAIN: u8 = 2;
const LESS: f64 = 0.7;
/// Between two probes of a sender that sends less than it may.
const IDLE_INTERVAL: Duration = Duration::from_secs(3);
/// Its multiple of the estimate.
const IDLE_FACTOR: f64 = 2.0;
/// And of what the last one has found, as long as that is about what is believed: links change.
const FOLLOW_UP: f64 = 2.0;
const STILL_BELIEVED: f64 = 1.1;
/// An answer that takes longer than the round trip and the receiver's feedback may is none; nor is any that takes longer than the last.
const FEEDBACK_WITHIN: Duration = Duration::from_millis(400);
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// Of what a train looked for, it shows no more: one that left at once and was held up on its way may have come at any rate.
const MOST: f64 = 1.25;
/// A receiving rate this far below the sending one is the capacity itself; a little below it stays clear of the queue.
const FULL: f64 = 0.9;
const CLEAR: f64 = 0.95;
/// Of the time in which a train arrived, the most that lies before one packet where a bottleneck spaced packets of one length; else it was
/// held up.
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
    /// One that was lost, and how often it may be sent again after that.
    again: Option<(f64, u8)>,
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
    /// How often it is sent again if it is lost.
    again: u8,
    began: Instant,
    sent_ms: Option<(f64, f64)>,
    received_ms: Option<(f64, f64)>,
    packets: u32,
    bytes: usize,
    lost_packets: u32,
    lost_bytes: usize,
    /// Of those, between the first packet received and the last; and since the last.
    lost_between: usize,
    lost_since: usize,
    /// The first packet received, and those sent last together, do not count towards their rates.
    first_len: usize,
    last_len: usize,
    /// Before one packet and for its length the longest, and that length.
    longest_gap: Option<(f64, usize)>,
}

impl Prober {
    /// Begins by looking for what the connection carries.
    pub(crate) fn new(start_bps: f64, most_bps: f64) -> Self {
        let mut waiting = Vec::with_capacity(MAX_WAITING);
        waiting.extend(FIRST.into_iter().rev().map(|factor| (factor * start_bps).min(most_bps)));
        Self { waiting, again: None, follow_up: None, next_id: ProbeId::MIN, sending: None, last: None, most_bps }
    }

    /// The link is back: it may carry as much as before. What was on its way is lost.
    pub(crate) fn restore(&mut self, rate_bps: f64) {
        (self.sending, self.again) = (None, None);
        self.waiting.clear();
        self.waiting.push(rate_bps.min(self.most_bps));
    }

    /// A train that was lost is not sent again.
    pub(crate) fn forget_lost(&mut self) {
        self.again = None;
        if let Some(train) = &mut self.sending {
            train.again = 0;
        }
    }

    /// The train to send now, if any; one at a time.
    pub(crate) fn next(
        &mut self,
        now: Instant,
        rtt: Option<Duration>,
        estimate_bps: f64,
        wants_more: bool,
    ) -> Option<Probe> {
        let within = rtt.map_or(ANSWER_WITHIN, |rtt| (rtt + FEEDBACK_WITHIN).min(ANSWER_WITHIN));
        let is_overdue = |train: &Train| now.saturating_duration_since(train.began) >= within;
        if let Some(train) = self.sending {
            if !is_overdue(&train) {
                return None;
            }
            self.give_up(&train);
        }
        self.waiting.retain(|rate_bps| *rate_bps > estimate_bps);
        let again = self.again.take().filter(|(rate_bps, _)| *rate_bps > estimate_bps);
        let mut first = || self.waiting.pop().or_else(|| self.wanted(now, estimate_bps).filter(|_| wants_more));
        let (rate_bps, again) = again.or_else(|| Some((first()?, AGAIN)))?;
        Some(self.begin(now, rate_bps, again))
    }

    /// A train for who waits for a sign of life where nothing else goes out that might bring one.
    pub(crate) fn call(&mut self, now: Instant, estimate_bps: f64) -> Option<Probe> {
        let is_due = self.last.is_none_or(|at| now.saturating_duration_since(at) >= ANSWER_WITHIN);
        is_due.then(|| self.begin(now, estimate_bps, 0))
    }

    fn begin(&mut self, now: Instant, rate_bps: f64, again: u8) -> Probe {
        let bytes = (rate_bps / 8.0 * LASTS.as_secs_f64()).ceil();
        self.follow_up = None;
        let probe = Probe { id: self.next_id, rate_bps, bytes: whole(bytes), packets: FEWEST_PACKETS };
        self.next_id = self.next_id.checked_add(1).unwrap_or(ProbeId::MIN);
        self.last = Some(now);
        self.sending = Some(Train::new(probe, again, now));
        probe
    }

    /// A packet of a probe has arrived; what the probe has shown once enough of it is here.
    pub(crate) fn note(&mut self, id: ProbeId, sent_ms: f64, received_ms: f64, len: usize) -> Option<Finding> {
        let train = self.sending.as_mut().filter(|train| train.probe.id == id)?;
        train.note(sent_ms, received_ms, len);
        let (asked, most) = (train.probe.rate_bps, self.most_bps);
        let (shown, is_steady) = (train.shown()?.min(MOST * asked), train.is_steady());
        self.sending = None;
        let found = shown >= FOUND * asked;
        self.follow_up = (found && shown < FOUND * most).then(|| (FOLLOW_UP * shown).min(most));
        if !found {
            self.waiting.clear();
        }
        Some(Finding { rate_bps: shown, is_capacity: !found && is_steady })
    }

    /// A packet of a probe was lost; too many, and the probe has shown nothing.
    pub(crate) fn note_lost(&mut self, id: ProbeId, len: usize) {
        let Some(train) = self.sending.as_mut().filter(|train| train.probe.id == id) else { return };
        train.note_lost(len);
        if let Some(train) = self.sending.filter(Train::is_lost) {
            self.give_up(&train);
        }
    }

    fn give_up(&mut self, train: &Train) {
        self.sending = None;
        self.again = train.again.checked_sub(1).map(|again| (LESS * train.probe.rate_bps, again));
    }

    fn wanted(&self, now: Instant, estimate_bps: f64) -> Option<f64> {
        let is_due = self.last.is_none_or(|at| now.saturating_duration_since(at) >= IDLE_INTERVAL);
        let idle = || is_due.then_some((IDLE_FACTOR * estimate_bps).min(self.most_bps));
        let is_more = |rate_bps: &f64| *rate_bps > estimate_bps;
        let is_still_believed = |rate_bps: &f64| *rate_bps <= STILL_BELIEVED * FOLLOW_UP * estimate_bps;
        self.follow_up.filter(is_more).filter(is_still_believed).or_else(idle).filter(is_more)
    }
}

impl Train {
    fn new(probe: Probe, again: u8, began: Instant) -> Self {
        Self {
            probe,
            again,
            began,
            sent_ms: None,
            received_ms: None,
            packets: 0,
            bytes: 0,
            lost_packets: 0,
            lost_bytes: 0,
            lost_between: 0,
            lost_since: 0,
            first_len: 0,
            last_len: 0,
            longest_gap: None,
        }
    }

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
            let per_byte = |(gap, len): (f64, usize)| gap / len as f64;
            let gap = (received_ms - last, len);
            self.longest_gap =
                Some(self.longest_gap.filter(|longest| per_byte(*longest) >= per_byte(gap)).unwrap_or(gap));
        }
        self.sent_ms = stretch(self.sent_ms, sent_ms);
        self.received_ms = stretch(self.received_ms, received_ms);
        self.packets += 1;
        self.bytes += len;
        self.lost_between += std::mem::take(&mut self.lost_since);
    }

    fn note_lost(&mut self, len: usize) {
        self.lost_packets += 1;
        self.lost_bytes += len;
        if self.received_ms.is_some() {
            self.lost_since += len;
        }
    }

    /// The fate of so much of it is known, and that much of it has arrived.
    fn has(&self, share: f64, packets: u32, bytes: usize) -> bool {
        f64::from(packets) >= share * f64::from(self.probe.packets) && bytes as f64 >= share * self.probe.bytes as f64
    }

    fn is_settled(&self) -> bool {
        self.has(SETTLED, self.packets + self.lost_packets, self.bytes + self.lost_bytes)
    }

    fn is_lost(&self) -> bool {
        let is_over = self.has(1.0, self.packets + self.lost_packets, self.bytes + self.lost_bytes);
        is_over && !self.has(ANSWERED, self.packets, self.bytes)
    }

    fn is_steady(&self) -> bool {
        self.received_ms.zip(self.longest_gap).is_some_and(|((first, last), (gap, len))| {
            let share = len as f64 * f64::from(self.packets - 1) / (self.bytes - self.first_len) as f64;
            gap <= STEADY * share * (last - first)
        })
    }

    fn shown(&self) -> Option<f64> {
        let is_answered = self.is_settled() && self.has(ANSWERED, self.packets, self.bytes);
        let (sent, received) = self.sent_ms.zip(self.received_ms).filter(|_| is_answered)?;
        let rate =
            |bytes: usize, (first, last): (f64, f64)| (last > first).then(|| bytes as f64 * 8e3 / (last - first));
        // The air has lost what the bottleneck let through.
        let bytes = self.bytes + self.lost_between;
        let sent = rate(bytes - self.last_len, sent)?;
        // All at once at the receiver: as fast as they were sent. A gap counts: it may be somebody else's frame, but a phone's link
        // lets a few packets through at once and then none for a while.
        let received = rate(bytes - self.first_len, received).unwrap_or(sent);
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
        let first = prober.next(now, None, 300_000.0, true).unwrap();
        assert!((first.rate_bps - 900_000.0).abs() < 1.0);
        assert_eq!(prober.next(now, None, 300_000.0, true), None, "one at a time");
        let shown = answer(&mut prober, first, 2e6).unwrap().rate_bps;
        assert!((800_000.0..=900_001.0).contains(&shown), "{shown}");
        let second = prober.next(now, None, shown, true).unwrap();
        assert!((second.rate_bps - 1_800_000.0).abs() < 1.0);
        let shown = answer(&mut prober, second, 1.2e6).unwrap();
        assert!((1_100_000.0..1_200_000.0).contains(&shown.rate_bps) && shown.is_capacity, "{shown:?}");
        assert_eq!(prober.next(now, None, shown.rate_bps, true), None, "a full link is not probed again at once");
    }

    #[test]
    fn a_train_that_was_held_up_says_nothing_of_the_capacity() {
        let mut prober = Prober::new(300_000.0, 5e6);
        let probe = prober.next(Instant::now(), None, 300_000.0, true).unwrap();
        let mut packet = |number: u32, held_ms: f64| {
            let sent = f64::from(number) * 3.0;
            prober.note(probe.id, sent, sent + 40.0 + held_ms, 350)
        };
        assert_eq!([packet(0, 0.0), packet(1, 0.0), packet(2, 100.0)], [None; 3]);
        let shown = packet(3, 100.0).unwrap();
        assert!(shown.rate_bps < 300_000.0 && !shown.is_capacity, "{shown:?}");
    }

    /// A probe of 900 kbit/s whose packets are sent 3 ms apart and arrive at these times, `None` = lost; what it shows.
    fn shown(arrivals: &[Option<f64>]) -> Option<Finding> {
        let mut prober = Prober::new(300_000.0, 5e6);
        let probe = prober.next(Instant::now(), None, 300_000.0, true).unwrap();
        (0..).zip(arrivals).find_map(|(number, at)| {
            let Some(at) = at else {
                prober.note_lost(probe.id, 350);
                return None;
            };
            prober.note(probe.id, f64::from(number) * 3.0, *at, 350)
        })
    }

    #[test]
    fn a_link_that_lets_packets_through_by_handfuls_carries_what_came_with_its_gaps() {
        let shown = shown(&[Some(40.0), Some(40.1), Some(64.0), Some(64.1)]).unwrap();
        assert!((320_000.0..350_000.0).contains(&shown.rate_bps) && !shown.is_capacity, "{shown:?}");
    }

    #[test]
    fn a_long_packet_takes_longer_and_holds_nothing_up() {
        let mut prober = Prober::new(300_000.0, 5e6);
        let probe = prober.next(Instant::now(), None, 300_000.0, true).unwrap();
        // 300 kbit/s: 8 ms for padding, 22 for what a picture sent meanwhile.
        let trains = [(291, 0.0), (291, 8.0), (825, 30.0), (291, 38.0)];
        let shown = trains.map(|(len, at)| prober.note(probe.id, at / 4.0, 40.0 + at, len));
        let shown = shown.into_iter().flatten().next().unwrap();
        assert!((270_000.0..300_000.0).contains(&shown.rate_bps) && shown.is_capacity, "{shown:?}");
    }

    #[test]
    fn what_was_found_before_the_link_became_worse_is_not_followed_up() {
        let now = Instant::now();
        let mut prober = Prober::new(300_000.0, 8e6);
        for estimate_bps in [300_000.0, 900_000.0] {
            let probe = prober.next(now, None, estimate_bps, false).unwrap();
            answer(&mut prober, probe, 50e6).unwrap();
        }
        let later = now + IDLE_INTERVAL;
        assert_eq!(prober.next(later, None, 1.8e6, false), None, "nobody wants more");
        let probe = prober.next(later, None, 200_000.0, true).unwrap();
        assert!((probe.rate_bps - 400_000.0).abs() < 1.0, "{probe:?}");
    }

    #[test]
    fn what_the_estimate_has_outgrown_is_not_followed_up_and_keeps_nobody_from_looking() {
        let now = Instant::now();
        let mut prober = Prober::new(300_000.0, 8e6);
        for estimate_bps in [300_000.0, 900_000.0] {
            let probe = prober.next(now, None, estimate_bps, false).unwrap();
            answer(&mut prober, probe, 50e6).unwrap();
        }
        let probe = prober.next(now + IDLE_INTERVAL, None, 3.7e6, true).unwrap();
        assert!((probe.rate_bps - 7.4e6).abs() < 1.0, "{probe:?}");
    }

    #[test]
    fn a_train_that_left_at_once_and_was_held_up_shows_no_more_than_it_looked_for() {
        let mut prober = Prober::new(300_000.0, 5e6);
        let probe = prober.next(Instant::now(), None, 300_000.0, true).unwrap();
        let sent = [0.0, 0.1, 0.2, 0.3, 0.4];
        let shown = sent.map(|at| prober.note(probe.id, at, 40.0 + at + if at > 0.1 { 30.0 } else { 0.0 }, 350));
        let shown = shown.into_iter().flatten().next().unwrap();
        assert!(shown.rate_bps <= MOST * probe.rate_bps, "{shown:?}");
    }

    #[test]
    fn what_the_air_has_lost_the_bottleneck_carried() {
        let shown = shown(&[Some(40.0), Some(43.0), None, Some(49.0)]).unwrap();
        assert!((920_000.0..940_000.0).contains(&shown.rate_bps), "{shown:?}");
    }

    #[test]
    fn a_probe_that_is_lost_is_sent_again_at_once_at_less_and_not_for_ever() {
        let now = Instant::now();
        let mut prober = Prober::new(0.0, 5e6);
        prober.restore(2e6);
        let mut rates = Vec::new();
        while let Some(probe) = prober.next(now, None, 300_000.0, false) {
            rates.push(probe.rate_bps);
            (0..5).for_each(|_| prober.note_lost(probe.id, probe.bytes / 5 + 1));
        }
        let rates: Vec<f64> = rates.iter().map(|rate_bps| (rate_bps / 1e3).round()).collect();
        assert_eq!(rates, [2_000.0, 1_400.0, 980.0]);
    }

    #[test]
    fn who_knows_the_round_trip_does_not_wait_a_second_for_an_answer() {
        let now = Instant::now();
        let mut prober = Prober::new(0.0, 5e6);
        prober.restore(2e6);
        prober.next(now, None, 300_000.0, false).unwrap();
        let rtt = Some(Duration::from_millis(100));
        assert_eq!(prober.next(now + Duration::from_millis(499), rtt, 300_000.0, false), None);
        assert!(prober.next(now + Duration::from_millis(500), rtt, 300_000.0, false).is_some());
    }

    #[test]
    fn a_probe_without_an_answer_is_given_up() {
        let now = Instant::now();
        let mut prober = Prober::new(300_000.0, 5e6);
        prober.next(now, None, 300_000.0, false).unwrap();
        assert!(prober.next(now + ANSWER_WITHIN, None, 300_000.0, false).is_some());
    }

    #[test]
    fn who_wants_more_probes_now_and_then() {
        let now = Instant::now();
        let mut prober = Prober::new(0.0, 5e6);
        assert!(prober.next(now, None, 500_000.0, false).is_none());
        let probe = prober.next(now, None, 500_000.0, true).unwrap();
        answer(&mut prober, probe, 500_000.0).unwrap();
        assert!(prober.next(now + ANSWER_WITHIN, None, 500_000.0, true).is_none());
        let probe = prober.next(now + IDLE_INTERVAL, None, 500_000.0, true).unwrap();
        assert!((probe.rate_bps - 1e6).abs() < 1.0);
    }
}
