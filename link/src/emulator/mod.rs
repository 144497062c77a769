//! The model in real time: what leaves one network namespace reaches the other as the link's two directions say.
//!
//! One thread between two TUN devices. Owns the devices and both directions; the namespaces are [`network`]'s.

mod network;

pub use network::{Ends, Namespaces};

use crate::{Arrival, Counters, Link, Profile};
use anyhow::{Context as _, Result};
use network::open_device;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::time::TimeSpec;
use std::io::ErrorKind;
use std::os::fd::AsFd as _;
use std::process::Child;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use tun_rs::SyncDevice;

/// Larger than any packet of a TUN device without offloads.
const PACKET_BYTES: usize = 65_536;
/// At most this long between two looks at the command that the emulator runs for, and at what the link is to be from now on.
const LOOK: Duration = Duration::from_millis(200);

/// What each direction is like; uplink is from the left to the right.
#[derive(Clone, Debug, Default)]
pub struct Directions {
    pub uplink: Profile,
    pub downlink: Profile,
}

/// What each direction has carried.
#[derive(Clone, Copy, Debug)]
pub struct Carried {
    pub uplink: Counters,
    pub downlink: Counters,
}

/// Why an emulator ended.
#[derive(Debug)]
pub enum End {
    TimeIsUp,
    Told,
    CommandEnded { code: Option<i32> },
    Changed(Box<Directions>),
}

pub struct Emulator {
    left: SyncDevice,
    right: SyncDevice,
    uplink: Link<Vec<u8>>,
    downlink: Link<Vec<u8>>,
    seed: u64,
    started: Instant,
    told_to_end: SignalFd,
}

impl Emulator {
    /// Joins the namespaces by a link that begins now.
    pub fn between(ends: &Ends, directions: Directions, seed: u64) -> Result<Self> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        signals.thread_block()?;
        Ok(Self {
            left: open_device(ends, &ends.left)?,
            right: open_device(ends, &ends.right)?,
            uplink: Link::new(directions.uplink, seed),
            downlink: Link::new(directions.downlink, seed.wrapping_add(1)),
            seed,
            started: now(),
            told_to_end: SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?,
        })
    }

    /// Carries packets until `limit`, an interrupt, the end of `command`, or another link is wanted.
    pub fn run(
        &mut self,
        limit: Option<Duration>,
        mut command: Option<&mut Child>,
        changes: &Receiver<Directions>,
    ) -> Result<End> {
        let mut buffer = vec![0; PACKET_BYTES];
        loop {
            let elapsed = self.started.elapsed();
            if limit.is_some_and(|limit| elapsed >= limit) {
                return Ok(End::TimeIsUp);
            }
            if let Some(status) = command.as_mut().and_then(|child| child.try_wait().transpose()) {
                return Ok(End::CommandEnded { code: status?.code() });
            }
            if let Ok(directions) = changes.try_recv() {
                return Ok(End::Changed(Box::new(directions)));
            }
            self.wait(limit.map_or(LOOK, |limit| LOOK.min(limit - elapsed)))?;
            if self.told_to_end.read_signal()?.is_some() {
                return Ok(End::Told);
            }
            let elapsed = self.started.elapsed();
            carry(elapsed, &self.left, &mut self.uplink, &self.right, &mut buffer)?;
            carry(elapsed, &self.right, &mut self.downlink, &self.left, &mut buffer)?;
        }
    }

    /// Another link from now on, that has carried nothing yet; what was under way on this one is gone.
    pub fn change(&mut self, directions: Directions) {
        self.uplink = Link::new(directions.uplink, self.seed);
        self.downlink = Link::new(directions.downlink, self.seed.wrapping_add(1));
        self.started = now();
    }

    #[must_use]
    pub fn carried(&self) -> Carried {
        Carried { uplink: self.uplink.counters(), downlink: self.downlink.counters() }
    }

    /// Until a packet comes, one is due, or `limit`.
    fn wait(&self, limit: Duration) -> Result<()> {
        let due = self.uplink.next_moment().into_iter().chain(self.downlink.next_moment()).min();
        let timeout = due.map_or(limit, |due| due.saturating_sub(self.started.elapsed()).min(limit));
        let watch = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut fds = [watch(self.left.as_fd()), watch(self.right.as_fd()), watch(self.told_to_end.as_fd())];
        match ppoll(&mut fds, Some(TimeSpec::from_duration(timeout)), None) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(error) => Err(error).context("cannot wait for packets"),
        }
    }
}

/// What `from` holds enters the link; what is through reaches `to`.
fn carry(
    elapsed: Duration,
    from: &SyncDevice,
    link: &mut Link<Vec<u8>>,
    to: &SyncDevice,
    buffer: &mut [u8],
) -> Result<()> {
    loop {
        match from.recv(buffer) {
            Ok(len) => link.send(elapsed, len, buffer.get(..len).unwrap_or_default().to_vec()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error).context("cannot read from the link's device"),
        }
    }
    while let Some(Arrival { packet, .. }) = link.poll(elapsed) {
        match to.send(&packet) {
            Ok(_) => {}
            // The receiving namespace has no room, as a full card would: it is the receiver's loss, not the link's.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Other) => {}
            Err(error) => return Err(error).context("cannot write to the link's device"),
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the emulator's clock; the model takes its time as a parameter")]
fn now() -> Instant {
    Instant::now()
}
