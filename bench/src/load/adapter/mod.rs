//! What differs between SFUs: how their processes are started and how a person is let in. Media is the engine's.
//!
//! An adapter signals and nothing else. It makes as many connections for a person as its server wants (one, or one to publish and others
//! to watch), by offer or by answer, with [`Wiring`].

mod bare;
mod http;
mod janus;
mod kenes;
mod mediasoup;
mod roster;
mod webrtc_rs;
mod whip;

pub use whip::WhipOptions;

use super::sdp::Kind;
use super::wiring::Wiring;
use crate::peers::Peer;
use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use clap::ValueEnum;
use std::net::{IpAddr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::TcpStream;

const LISTENING_TRIES: u32 = 100;
const LISTENING_PAUSE: Duration = Duration::from_millis(100);

/// An SFU that runs, until it is dropped.
#[async_trait]
pub trait Sfu: Send + Sync {
    /// Processes whose CPU time and memory are the server's; their descendants are counted too.
    fn processes(&self) -> Vec<u32>;

    /// Lets a person in: they publish a microphone and a camera, and get everybody's of their room, those who come later included.
    /// Returns when the person's own media flows.
    async fn join(&self, seat: Seat, wiring: &Wiring) -> Result<Box<dyn Attendance>>;

    /// What the server still holds of people, by its own count, as (what, how many); `None`: it does not say.
    async fn holds(&self) -> Result<Option<Vec<(String, u64)>>> {
        Ok(None)
    }
}

/// A person who is in. Dropping it is vanishing without a word.
#[async_trait]
pub trait Attendance: Send {
    /// Says goodbye and goes.
    async fn leave(self: Box<Self>) -> Result<()>;

    /// Does something of what people do; what a server's signaling cannot express is nothing done.
    async fn act(&mut self, act: Act) -> Result<()>;
}

#[derive(Clone, Copy, Debug)]
pub enum Act {
    Mute(Kind, bool),
    /// Displays everybody this high from now on, in pixels.
    Display(u16),
    RestartIce,
}

/// Who: both numbers from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    pub room: u32,
    pub person: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SfuKind {
    /// This repository's server: `KENES_BIN`, or `kenes` beside this binary.
    Kenes,
    /// The floor of a process: opens, seals and forwards by a fixed table and does nothing else (`kenes-bench bare`).
    Bare,
    /// Janus with its VideoRoom plugin.
    Janus,
    /// mediasoup behind a small server of ours.
    Mediasoup,
    /// The example server of webrtc-rs' `sfu` crate.
    WebrtcRs,
    /// Whatever `--whip-command` starts.
    Whip,
}

impl SfuKind {
    /// What has to be installed for it.
    #[must_use]
    pub fn peer(self) -> Option<Peer> {
        match self {
            Self::Kenes | Self::Bare | Self::Whip => None,
            Self::Janus => Some(Peer::Janus),
            Self::Mediasoup => Some(Peer::Mediasoup),
            Self::WebrtcRs => Some(Peer::WebrtcRs),
        }
    }
}

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Place {
    /// The namespace's own address.
    pub address: IpAddr,
    /// Processors that the server may use, as `taskset -c` takes them.
    pub cpus: String,
    /// The server's threads run the moment that they have something to do (SCHED_RR).
    pub at_once: bool,
    /// Heeds what the server says of layers that nobody watches. Off, all layers are always sent, as other servers get them.
    pub obeys_layers: bool,
    pub whip: WhipOptions,
}

/// Starts it and waits until it listens.
///
/// # Errors
/// It is not installed, or does not start.
pub async fn start(kind: SfuKind, place: &Place) -> Result<Box<dyn Sfu>> {
    match kind {
        SfuKind::Kenes => Ok(Box::new(kenes::Kenes::start(place).await?)),
        SfuKind::Bare => Ok(Box::new(bare::Bare::start(place)?)),
        SfuKind::Janus => Ok(Box::new(janus::Janus::start(place).await?)),
        SfuKind::Mediasoup => Ok(Box::new(mediasoup::Mediasoup::start(place).await?)),
        SfuKind::WebrtcRs => Ok(Box::new(webrtc_rs::WebrtcRs::start(place).await?)),
        SfuKind::Whip => Ok(Box::new(whip::Whip::start(place).await?)),
    }
}

/// Waits until something listens there, for servers that do not say so themselves.
async fn listening(address: SocketAddr) -> Result<()> {
    for _ in 0..LISTENING_TRIES {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(LISTENING_PAUSE).await;
    }
    bail!("nothing listens at {address}")
}

/// A server's process, ended when dropped; the kernel ends it too when the generator dies.
pub struct ServerProcess {
    pub child: Child,
}

impl ServerProcess {
    /// `program` pinned to the place's processors, with arguments, environment and pipes by `prepare`. To be called on a thread that
    /// outlives the server (in `start` itself, not in `spawn_blocking`): with the thread that made it the kernel ends it.
    ///
    /// # Errors
    /// It does not start.
    pub fn spawn(program: &std::ffi::OsStr, place: &Place, prepare: impl FnOnce(&mut Command)) -> Result<Self> {
        let mut command = Command::new("setpriv");
        let at_once: &[&str] = if place.at_once { &["chrt", "--rr", "1"] } else { &[] };
        command
            .args(["--pdeathsig", "KILL", "taskset", "-c", &place.cpus])
            .args(at_once)
            .arg(program)
            .stdin(Stdio::null());
        prepare(&mut command);
        let child = command.spawn().with_context(|| format!("{} does not start", program.display()))?;
        Ok(Self { child })
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod golden_tests;
