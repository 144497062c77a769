//! One direction of a link: queue, bottleneck, air and way, on the clock of whoever drives it.
//!
//! Owns the packets on their way and the direction's random numbers: the same profile, seed and packets give the same
//! deliveries. Times count from the link's beginning.

use super::loss::Air;
use super::profile::Profile;
use super::queue::{PacketQueue, Waiting};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::time::Duration;

pub struct Link<T> {
    profile: Profile,
    rng: StdRng,
    air: Air,
    queue: PacketQueue<T>,
    /// What the bottleneck sends now, and when it is through.
    sending: Option<(Duration, Waiting<T>)>,
    /// By time of arrival, then in order of departure.
    on_the_way: BTreeMap<(Duration, u64), Arrival<T>>,
    departed: u64,
    /// No later packet arrives before this one, unless it is reordered.
    last_arrival: Duration,
    counters: Counters,
}

/// A packet at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival<T> {
    pub packet: T,
    /// How long it waited for the bottleneck, its own transmission included.
    pub queueing: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub sent: u64,
    pub delivered: u64,
    pub delivered_bytes: u64,
    /// By a full queue, or by CoDel.
    pub queue_dropped: u64,
    pub lost: u64,
    /// In an outage.
    pub cut_off: u64,
    pub duplicated: u64,
    pub reordered: u64,
    /// The longest [`Arrival::queueing`].
    pub longest_queueing: Duration,
}

impl<T: Clone> Link<T> {
    #[must_use]
    pub fn new(profile: Profile, seed: u64) -> Self {
        Self {
            queue: PacketQueue::new(profile.queue),
            profile,
            rng: StdRng::seed_from_u64(seed),
            air: Air::default(),
            sending: None,
            on_the_way: BTreeMap::new(),
            departed: 0,
            last_arrival: Duration::ZERO,
            counters: Counters::default(),
        }
    }

    /// A packet of `len` bytes enters at `now`, which never goes back.
    pub fn send(&mut self, now: Duration, len: usize, packet: T) {
        self.advance(now);
        self.counters.sent += 1;
        if self.profile.is_cut(now) {
            self.counters.cut_off += 1;
        } else if !self.queue.push(now, len, packet) {
            self.counters.queue_dropped += 1;
        }
        self.advance(now);
    }

    /// The next packet that has arrived by `now`.
    pub fn poll(&mut self, now: Duration) -> Option<Arrival<T>> {
        self.advance(now);
        let (&(at, _), _) = self.on_the_way.first_key_value()?;
        if at > now {
            return None;
        }
        self.on_the_way.pop_first().map(|(_, arrival)| arrival)
    }

    /// When [`Link::poll`] may have something next.
    #[must_use]
    pub fn next_moment(&self) -> Option<Duration> {
        let arrival = self.on_the_way.first_key_value().map(|(&(at, _), _)| at);
        let through = self.sending.as_ref().map(|(at, _)| *at);
        arrival.into_iter().chain(through).min()
    }

    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters { queue_dropped: self.counters.queue_dropped + self.queue.dropped, ..self.counters }
    }

    /// Lets the bottleneck do what it would have done by `now`, each thing at its own time.
    fn advance(&mut self, now: Duration) {
        loop {
            let free_at = match &self.sending {
                Some((at, _)) if *at > now => return,
                Some((at, _)) => *at,
                None => Duration::ZERO,
            };
            if let Some((at, through)) = self.sending.take() {
                self.depart(at, through);
            }
            let Some(oldest) = self.queue.oldest() else { return };
            let begins = free_at.max(oldest);
            let Some(next) = self.queue.pop(begins) else { return };
            self.sending = Some((self.profile.capacity.finish(begins, next.len), next));
        }
    }

    fn depart(&mut self, at: Duration, through: Waiting<T>) {
        let queueing = at.saturating_sub(through.since);
        self.counters.longest_queueing = self.counters.longest_queueing.max(queueing);
        if self.air.swallows(at, self.profile.loss, &mut self.rng) {
            self.counters.lost += 1;
            return;
        }
        if self.profile.is_cut(at) {
            self.counters.cut_off += 1;
            return;
        }
        if self.happens(self.profile.duplication) {
            self.counters.duplicated += 1;
            self.travel(at, through.len, Arrival { packet: through.packet.clone(), queueing });
        }
        self.travel(at, through.len, Arrival { packet: through.packet, queueing });
    }

    fn travel(&mut self, departs: Duration, len: usize, arrival: Arrival<T>) {
        let mut arrives = departs + self.profile.delay + self.jitter();
        if self.happens(self.profile.reordering) {
            // Overtaken by what leaves within the next jitter and a bit.
            arrives += self.profile.jitter + Duration::from_millis(10);
            self.counters.reordered += 1;
        } else {
            arrives = arrives.max(self.last_arrival);
            self.last_arrival = arrives;
        }
        self.departed += 1;
        self.counters.delivered += 1;
        self.counters.delivered_bytes += len as u64;
        self.on_the_way.insert((arrives, self.departed), arrival);
    }

    /// 0 to `jitter`, mostly near the middle.
    fn jitter(&mut self) -> Duration {
        if self.profile.jitter.is_zero() {
            return Duration::ZERO;
        }
        self.profile.jitter.mul_f64((self.rng.random::<f64>() + self.rng.random::<f64>()) / 2.0)
    }

    /// Draws a number only where something depends on it, so that a profile's runs do not change with what it does not use.
    fn happens(&mut self, ratio: f64) -> bool {
        ratio > 0.0 && self.rng.random_bool(ratio.min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn profile(text: &str) -> Profile {
        text.parse().unwrap()
    }

    /// Sends a packet of 1,000 bytes each `interval` and drives the link from moment to moment; (arrival, number).
    fn run(text: &str, packets: u64, interval: Duration) -> (Vec<(Duration, u64)>, Counters) {
        let mut link = Link::new(profile(text), 7);
        let mut arrived = Vec::new();
        let mut drain = |link: &mut Link<u64>, until: Duration| {
            while let Some(at) = link.next_moment().filter(|at| *at <= until) {
                while let Some(arrival) = link.poll(at) {
                    arrived.push((at, arrival.packet));
                }
            }
        };
        for number in 0..packets {
            let now = interval * u32::try_from(number).unwrap();
            drain(&mut link, now);
            link.send(now, 1_000, number);
        }
        drain(&mut link, MS(1 << 20));
        (arrived, link.counters())
    }

    #[test]
    fn a_packet_takes_its_transmission_and_the_delay() {
        let (arrived, _) = run("rate=1M delay=30ms", 2, Duration::ZERO);
        assert_eq!(arrived, [(MS(38), 0), (MS(46), 1)]);
    }

    #[test]
    fn the_bottleneck_delivers_its_rate_and_the_queue_drops_the_rest() {
        let (arrived, counters) = run("rate=400k queue=20k", 1_000, MS(10));
        let took = arrived.last().unwrap().0.as_secs_f64();
        let rate_bps = arrived.len() as f64 * 8_000.0 / took;
        assert!((390_000.0..=400_100.0).contains(&rate_bps), "{rate_bps}");
        assert!(counters.queue_dropped > 450 && counters.lost == 0, "{counters:?}");
        assert!(counters.longest_queueing <= MS(420), "{counters:?}");
    }

    #[test]
    fn the_same_seed_is_the_same_run() {
        let text = "rate=2M delay=40ms jitter=30ms loss=10%/4 duplicate=2% reorder=3%";
        assert_eq!(run(text, 2_000, MS(5)), run(text, 2_000, MS(5)));
    }

    #[test]
    fn jitter_alone_never_reorders() {
        let (arrived, counters) = run("delay=40ms jitter=60ms", 2_000, MS(5));
        assert!(arrived.is_sorted_by_key(|(_, number)| *number));
        assert_eq!(counters.reordered, 0);
        let delays = arrived.iter().map(|(at, number)| *at - MS(5 * number));
        let (least, most) = (delays.clone().min().unwrap(), delays.max().unwrap());
        assert!(least < MS(55) && most > MS(85) && most < MS(101), "{least:?} {most:?}");
    }

    #[test]
    fn reordered_packets_are_overtaken() {
        let (arrived, counters) = run("delay=40ms reorder=5%", 2_000, MS(5));
        let overtaken = arrived.windows(2).filter(|pair| pair[1].1 < pair[0].1).count();
        assert!(counters.reordered > 60 && overtaken > 60, "{overtaken} {counters:?}");
    }

    #[test]
    fn an_outage_loses_what_is_sent_and_what_is_on_the_wire() {
        let (arrived, counters) = run("delay=10ms outage=2s+3s", 1_000, MS(10));
        assert_eq!(counters.cut_off, 300);
        assert!(arrived.iter().all(|(at, _)| *at < MS(2_010) || *at >= MS(5_010)));
        assert_eq!(arrived.len(), 700);
    }

    #[test]
    fn duplicates_come_twice() {
        let (arrived, counters) = run("duplicate=100%", 10, MS(1));
        assert_eq!((arrived.len(), counters.duplicated), (20, 10));
    }
}
