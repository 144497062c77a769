//! The queue before the bottleneck: a tail that drops, or CoDel (RFC 8289).

use std::collections::VecDeque;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Holds `bytes`; what comes on top is lost. What most routers do, with too many of them.
    TailDrop { bytes: usize },
    /// RFC 8289 with its own constants (5 ms, 100 ms), holding `bytes` at most.
    CoDel { bytes: usize },
}

/// RFC 8289 §4.2, §4.3.
const TARGET: Duration = Duration::from_millis(5);
const INTERVAL: Duration = Duration::from_millis(100);
/// A queue this short is no standing queue (RFC 8289 §4.4).
const MTU: usize = 1_500;

pub(crate) struct Waiting<T> {
    pub(crate) since: Duration,
    pub(crate) len: usize,
    pub(crate) packet: T,
}

pub(crate) struct PacketQueue<T> {
    kind: Queue,
    waiting: VecDeque<Waiting<T>>,
    bytes: usize,
    codel: CoDel,
    /// By CoDel; the tail's drops are the caller's to count.
    pub(crate) dropped: u64,
}

#[derive(Default)]
struct CoDel {
    /// When the sojourn time will have been above the target for an interval.
    first_above: Option<Duration>,
    dropping: bool,
    drop_next: Duration,
    count: u32,
    last_count: u32,
}

impl<T> PacketQueue<T> {
    pub(crate) fn new(kind: Queue) -> Self {
        Self { kind, waiting: VecDeque::new(), bytes: 0, codel: CoDel::default(), dropped: 0 }
    }

    /// False when it is full: the packet is lost.
    pub(crate) fn push(&mut self, now: Duration, len: usize, packet: T) -> bool {
        let (Queue::TailDrop { bytes } | Queue::CoDel { bytes }) = self.kind;
        if self.bytes + len > bytes {
            return false;
        }
        self.bytes += len;
        self.waiting.push_back(Waiting { since: now, len, packet });
        true
    }

    /// When the oldest packet came.
    pub(crate) fn oldest(&self) -> Option<Duration> {
        self.waiting.front().map(|waiting| waiting.since)
    }

    /// The next packet for the bottleneck, which is free at `now`.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<Waiting<T>> {
        match self.kind {
            Queue::TailDrop { .. } => self.take(),
            Queue::CoDel { .. } => self.pop_controlled(now),
        }
    }

    fn take(&mut self) -> Option<Waiting<T>> {
        let waiting = self.waiting.pop_front()?;
        self.bytes -= waiting.len;
        Some(waiting)
    }

    /// RFC 8289 §5.5 (`dequeue`).
    fn pop_controlled(&mut self, now: Duration) -> Option<Waiting<T>> {
        let (mut packet, mut late) = self.take_and_judge(now);
        if self.codel.dropping {
            self.codel.dropping = late;
            while self.codel.dropping && now >= self.codel.drop_next {
                self.dropped += 1;
                self.codel.count += 1;
                (packet, late) = self.take_and_judge(now);
                self.codel.dropping = late;
                if late {
                    self.codel.drop_next = control_law(self.codel.drop_next, self.codel.count);
                }
            }
        } else if late {
            self.dropped += 1;
            (packet, _) = self.take_and_judge(now);
            self.codel.enter(now);
        }
        packet
    }

    /// RFC 8289 §5.6 (`dodequeue`): the packet, and whether it may be dropped.
    fn take_and_judge(&mut self, now: Duration) -> (Option<Waiting<T>>, bool) {
        let Some(waiting) = self.take() else {
            self.codel.first_above = None;
            return (None, false);
        };
        if now.saturating_sub(waiting.since) < TARGET || self.bytes <= MTU {
            self.codel.first_above = None;
            return (Some(waiting), false);
        }
        let first_above = *self.codel.first_above.get_or_insert(now + INTERVAL);
        (Some(waiting), now >= first_above)
    }
}

impl CoDel {
    fn enter(&mut self, now: Duration) {
        self.dropping = true;
        let recently = now.saturating_sub(self.drop_next) < 16 * INTERVAL;
        let delta = self.count - self.last_count;
        self.count = if recently && delta > 1 { delta } else { 1 };
        self.drop_next = control_law(now, self.count);
        self.last_count = self.count;
    }
}

fn control_law(at: Duration, count: u32) -> Duration {
    at + INTERVAL.div_f64(f64::from(count.max(1)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn a_full_tail_drops_what_comes() {
        let mut queue = PacketQueue::new(Queue::TailDrop { bytes: 2_500 });
        assert!(queue.push(MS(0), 1_200, 1));
        assert!(queue.push(MS(0), 1_200, 2));
        assert!(!queue.push(MS(0), 1_200, 3));
        assert_eq!(queue.pop(MS(9)).map(|waiting| waiting.packet), Some(1));
        assert!(queue.push(MS(9), 1_200, 4));
        assert_eq!([2, 4].map(Some), [(); 2].map(|()| queue.pop(MS(9)).map(|waiting| waiting.packet)));
    }

    /// Packets arrive a tenth faster than they leave; how long the last one waited after half a minute.
    fn sojourn_after_half_a_minute(kind: Queue) -> Duration {
        let mut queue = PacketQueue::new(kind);
        let mut waited = Duration::ZERO;
        for ms in 0..30_000_u64 {
            if ms % 10 == 0 {
                queue.push(MS(ms), 1_200, ());
            }
            if ms % 11 == 0 {
                waited = queue.pop(MS(ms)).map_or(Duration::ZERO, |waiting| MS(ms) - waiting.since);
            }
        }
        waited
    }

    #[test]
    fn codel_keeps_a_standing_queue_short_where_the_tail_lets_it_grow() {
        let tail = sojourn_after_half_a_minute(Queue::TailDrop { bytes: 1 << 20 });
        let codel = sojourn_after_half_a_minute(Queue::CoDel { bytes: 1 << 20 });
        assert!(tail > MS(2_500), "{tail:?}");
        assert!(codel < MS(200), "{codel:?}");
    }

    #[test]
    fn codel_leaves_a_burst_alone() {
        let mut queue = PacketQueue::new(Queue::CoDel { bytes: 1 << 20 });
        for _ in 0..40 {
            queue.push(MS(0), 1_200, ());
        }
        for ms in 0..40 {
            assert!(queue.pop(MS(ms * 2)).is_some());
        }
        assert_eq!(queue.dropped, 0);
    }
}
