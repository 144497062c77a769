//! What the engine counts between two measurements.
//!
//! Plain values; [`Tally`] is filled packet by packet, [`Window`] is what the load gets of it.

use super::adapter::Seat;
use super::histogram::Histogram;
use super::sdp::Kind;
use std::time::{Duration, Instant};

/// One kind of media as it arrived.
#[derive(Clone, Default)]
pub(super) struct Flow {
    pub received: u64,
    /// Holes in the senders' own counters, less what came late.
    pub lost: i64,
    /// From departure to the kernel's time of arrival.
    pub latency: Histogram,
}

#[derive(Clone, Default)]
pub(super) struct Tally {
    pub audio: Flow,
    pub video: Flow,
    pub sent: u64,
    /// How much later than due something was sent.
    pub lag: Histogram,
    /// Packets that the socket did not take.
    pub unsent: u64,
    /// Datagrams that found a socket's buffer full (SO_RXQ_OVFL).
    pub overflowed: u64,
    /// Packets that could not be opened.
    pub unauthentic: u64,
    /// Media without a stamp: padding, retransmissions.
    pub unstamped: u64,
    /// Key frames that servers asked for.
    pub key_frames_asked: u64,
    /// Whose first media came, and when.
    pub first_media: Vec<(Seat, Instant)>,
}

impl Tally {
    pub(super) fn flow(&mut self, kind: Kind) -> &mut Flow {
        match kind {
            Kind::Audio => &mut self.audio,
            Kind::Video => &mut self.video,
        }
    }
}

/// From one measurement to the next.
pub(super) struct Window {
    pub tally: Tally,
    pub elapsed: Duration,
    /// CPU time of the engine's thread.
    pub cpu: Duration,
    /// (Who hears, whom) of each kind, everybody counted once.
    pub audible: usize,
    pub visible: usize,
}

impl Window {
    #[must_use]
    pub(super) fn received(&self) -> u64 {
        self.tally.audio.received + self.tally.video.received
    }

    #[must_use]
    pub(super) fn latency(&self) -> Histogram {
        let mut all = self.tally.audio.latency.clone();
        all.merge(&self.tally.video.latency);
        all
    }
}
