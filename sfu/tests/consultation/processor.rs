//! The thread around the shard, on virtual time: what each datagram takes of it, and the socket in which others wait meanwhile.
//!
//! Measures itself as `sfu::io` does, so that the shard sees of its load what it would see there.

use crate::link::Datagram;
use kenes_sfu::shard::{LOAD_INTERVAL, Load};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Datagrams that a socket holds: some 2 MB of full ones.
const SOCKET_DATAGRAMS: usize = 1_500;

#[derive(Default)]
pub(crate) struct Processor {
    /// What reading and opening a datagram takes, and what sealing and sending one does.
    per_read: Duration,
    per_sent: Duration,
    socket: VecDeque<(Instant, Datagram)>,
    free_at: Option<Instant>,
    /// Since when the socket was not empty.
    behind_since: Option<Instant>,
    load: Load,
    busy: Duration,
    /// The longest that a datagram has waited in the socket, and how many found it full.
    pub(crate) longest_wait: Duration,
    pub(crate) lost: u64,
}

impl Processor {
    pub(crate) fn set_cost(&mut self, per_read: Duration, per_sent: Duration) {
        (self.per_read, self.per_sent) = (per_read, per_sent);
    }

    pub(crate) fn arrive(&mut self, now: Instant, datagram: Datagram) {
        if self.socket.len() >= SOCKET_DATAGRAMS {
            self.load.lost += 1;
            self.lost += 1;
            return;
        }
        self.behind_since.get_or_insert(now);
        self.socket.push_back((now, datagram));
    }

    /// When it looks into the socket again: once more after the last datagram, too.
    pub(crate) fn next_moment(&self) -> Option<Instant> {
        self.free_at.filter(|_| self.behind_since.is_some())
    }

    /// The next datagram, when there is time for it.
    pub(crate) fn read(&mut self, now: Instant) -> Option<Datagram> {
        if self.free_at.is_some_and(|free_at| now < free_at) {
            return None;
        }
        let Some((arrived, datagram)) = self.socket.pop_front() else {
            self.load.behind =
                self.load.behind.max(self.behind_since.take().map_or(Duration::ZERO, |since| now - since));
            return None;
        };
        self.longest_wait = self.longest_wait.max(now - arrived);
        Some(datagram)
    }

    /// The datagram that was read has made so many.
    pub(crate) fn spend(&mut self, now: Instant, sent: usize) {
        let takes = self.per_read + self.per_sent * u32::try_from(sent).unwrap();
        self.free_at = Some(now + takes);
        self.busy += takes;
    }

    /// Of the last [`LOAD_INTERVAL`].
    pub(crate) fn take_load(&mut self, now: Instant) -> Load {
        let mut load = std::mem::take(&mut self.load);
        load.behind = load.behind.max(self.behind_since.map_or(Duration::ZERO, |since| now - since));
        load.busy_ratio = std::mem::take(&mut self.busy).div_duration_f64(LOAD_INTERVAL);
        load
    }
}
