//! A shard's thread: the one loop that reads the clock, moves datagrams between socket and shard, and sleeps.
//!
//! Each turn: what the socket holds (a bounded number of reads) and at once what it causes to be sent, then commands, timers
//! and handshakes, a few of each, and events. Media therefore waits neither for the control plane nor for people who join, and
//! a flood of datagrams cannot starve those either.
//! Owns the shard, both halves of the socket and the send batch. Must not look into any of what it carries.

use super::queue::{CommandQueue, ShardHandle, command_queue};
use super::socket::{self, Incoming, IoMode, Receiver, Sender};
use super::strain::{StrainGauge, Totals};
use super::waker::{self, Waiter};
use super::{IoCounters, LatencyHistogram};
use crate::batch::SendBatch;
use crate::command::Command;
use crate::counters::Counters;
use crate::event::Event;
use crate::shard::{Load, Shard, ShardConfig};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// The send batch: a burst of 64 datagrams fits eight times before it must be flushed.
const BATCH_DATAGRAMS: usize = 1_024;
const BATCH_BYTES: usize = 1 << 20;

/// Reads, each of many datagrams, before commands and timers get their turn.
const READS_PER_TURN: usize = 4;

/// Commands before datagrams get their turn: opening a peer takes some ten microseconds.
const COMMANDS_PER_TURN: usize = 16;

/// Events before the next turn; what the shard keeps is bounded by itself.
const EVENTS_PER_TURN: usize = 256;

/// Between two snapshots of the counters.
const SNAPSHOT_INTERVAL: Duration = Duration::from_secs(1);

/// What the loop drives: the shard, and in tests a made-up one that ticks, echoes and panics on demand.
trait Core {
    /// A datagram that will be handed over after the next one.
    fn expect(&mut self, datagram: Option<(SocketAddr, &[u8])>);
    /// Finds room in `batch` for the burst of one datagram ([`crate::batch::DATAGRAM_HEADROOM`]).
    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8], batch: &mut SendBatch);
    fn handle_command(&mut self, now: Instant, command: Command, batch: &mut SendBatch);
    /// Called when `next_timeout` has come, with an empty batch. It does a bounded piece of work and leaves the rest due: the
    /// batch is sent, the socket read, and it is called again without a sleep.
    fn handle_timeout(&mut self, now: Instant, batch: &mut SendBatch);
    fn next_timeout(&self) -> Option<Instant>;
    /// How the thread fares.
    fn handle_load(&mut self, now: Instant, load: &Load);
    fn poll_event(&mut self) -> Option<Event>;
    fn counters(&self) -> &Counters;
}

/// What a shard's thread tells the control plane.
#[derive(Clone, Debug)]
pub enum ShardMessage {
    Event(Event),
    /// Once a second, and a last time when the shard ends.
    Counters(Box<Snapshot>),
}

/// Everything a shard and its io have counted since they started.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub shard: Counters,
    pub io: IoCounters,
}

/// Where and how a shard's thread runs.
#[derive(Clone, Copy, Debug)]
pub struct ThreadSettings {
    /// Names the thread: `shard-0`.
    pub index: usize,
    /// Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The processor to stay on.
    pub pin_to: Option<usize>,
    pub mode: IoMode,
}

/// A shard at work. Dropping this leaves it at work for ever; [`RunningShard::shutdown`] ends it.
pub struct RunningShard {
    pub handle: ShardHandle,
    pub local_addr: SocketAddr,
    thread: JoinHandle<io::Result<()>>,
}

/// Why a shard's thread ended other than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum ShardFailed {
    #[error("the shard's thread panicked")]
    Panicked,
    #[error("the shard's thread cannot wait for its socket")]
    Io(#[from] io::Error),
}

/// Binds the socket and starts a shard's thread. `sink` takes what the shard says and must not wait: it returns false when
/// it has no room, and the message is counted as dropped.
pub fn spawn_shard(
    settings: ThreadSettings,
    config: ShardConfig,
    sink: impl FnMut(ShardMessage) -> bool + Send + 'static,
) -> io::Result<RunningShard> {
    spawn(settings, Shard::new(config, now()), sink)
}

fn spawn<C, S>(settings: ThreadSettings, core: C, sink: S) -> io::Result<RunningShard>
where
    C: Core + Send + 'static,
    S: FnMut(ShardMessage) -> bool + Send + 'static,
{
    let socket = socket::bind(settings.listen)?;
    let local_addr = socket.local_addr()?;
    let (waker, waiter) = waker::wake_up(socket.try_clone()?, settings.mode)?;
    let (handle, commands) = command_queue(waker);
    let thread = Builder::new().name(format!("shard-{}", settings.index)).spawn(move || {
        pin(settings.pin_to);
        TurnLoop::new(socket, settings.mode, waiter, commands, core, sink)?.run()
    })?;
    Ok(RunningShard { handle, local_addr, thread })
}

impl RunningShard {
    /// Lets the shard take the commands already queued and send what they cause, then ends it. Waits for the thread.
    pub fn shutdown(self) -> Result<(), ShardFailed> {
        self.handle.stop();
        self.thread.join().map_err(|_| ShardFailed::Panicked)?.map_err(ShardFailed::Io)
    }
}

/// A shard works unpinned as well, only less evenly.
fn pin(cpu: Option<usize>) {
    #[cfg(target_os = "linux")]
    if let Some(cpu) = cpu
        && let Err(error) = super::linux::pin_current_thread(cpu)
    {
        tracing::warn!(cpu, %error, "cannot pin the shard's thread");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = cpu;
}

impl Core for Shard {
    fn expect(&mut self, datagram: Option<(SocketAddr, &[u8])>) {
        self.expect(datagram);
    }

    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8], batch: &mut SendBatch) {
        self.handle_datagram(now, from, datagram, batch);
    }

    fn handle_command(&mut self, now: Instant, command: Command, batch: &mut SendBatch) {
        self.handle_command(now, command, batch);
    }

    fn handle_timeout(&mut self, now: Instant, batch: &mut SendBatch) {
        self.handle_timeout(now, batch);
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.next_timeout()
    }

    fn handle_load(&mut self, now: Instant, load: &Load) {
        self.handle_load(now, load);
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.poll_event()
    }

    fn counters(&self) -> &Counters {
        self.counters()
    }
}

struct TurnLoop<C, S> {
    core: C,
    receiver: Receiver,
    outlet: Outlet,
    waiter: Waiter,
    commands: CommandQueue,
    sink: S,
    counters: IoCounters,
}

/// The way out: the batch that the shard fills, and what empties it.
struct Outlet {
    batch: SendBatch,
    sender: Sender,
    forward_latency: LatencyHistogram,
}

impl<C: Core, S: FnMut(ShardMessage) -> bool> TurnLoop<C, S> {
    fn new(
        socket: UdpSocket,
        mode: IoMode,
        waiter: Waiter,
        commands: CommandQueue,
        core: C,
        sink: S,
    ) -> io::Result<Self> {
        let outlet = Outlet {
            batch: SendBatch::with_capacity(BATCH_BYTES, BATCH_DATAGRAMS),
            sender: Sender::new(socket.try_clone()?, mode, BATCH_DATAGRAMS)?,
            forward_latency: LatencyHistogram::default(),
        };
        let receiver = Receiver::new(socket, mode);
        Ok(Self { core, receiver, outlet, waiter, commands, sink, counters: IoCounters::default() })
    }

    fn run(mut self) -> io::Result<()> {
        let mut awake_since = now();
        let mut next_snapshot = awake_since + SNAPSHOT_INTERVAL;
        let mut gauge = StrainGauge::new(awake_since);
        let mut is_readable = true;
        loop {
            let stopping = self.commands.is_stopping();
            let more_to_read = is_readable && self.receive();
            let more_commands = self.take_commands();
            self.outlet.flush();
            let turned = now();
            gauge.note_reads(awake_since, turned, !more_to_read);
            if self.core.next_timeout().is_some_and(|at| at <= turned) {
                self.core.handle_timeout(turned, &mut self.outlet.batch);
            }
            self.outlet.flush();
            let more_events = self.pass_events();
            self.counters.turns += 1;
            self.commands.note_turn();
            let asleep_since = now();
            self.counters.busy += asleep_since - awake_since;
            if let Some(load) = gauge.take(asleep_since, self.totals()) {
                self.core.handle_load(asleep_since, &load);
            }
            let ends = stopping && !more_commands && !more_events;
            if ends || asleep_since >= next_snapshot {
                self.publish();
                next_snapshot = asleep_since + SNAPSHOT_INTERVAL;
            }
            if ends {
                return Ok(());
            }
            is_readable = if more_to_read || more_commands || more_events {
                true
            } else {
                let wake_at = self.core.next_timeout().map_or(next_snapshot, |at| at.min(next_snapshot));
                self.waiter.wait(wake_at.saturating_duration_since(asleep_since))?
            };
            awake_since = now();
            self.counters.idle += awake_since - asleep_since;
        }
    }

    fn totals(&self) -> Totals {
        let lost = self.receiver.counters().queue_dropped + self.outlet.sender.counters().buffer_full;
        Totals { busy: self.counters.busy, lost }
    }

    /// Reads and forwards; true when the socket may hold more.
    fn receive(&mut self) -> bool {
        let Self { core, receiver, outlet, .. } = self;
        for _ in 0..READS_PER_TURN {
            let read_at = now();
            let more = receiver.receive(|incoming| match incoming {
                Incoming::Expected(datagram) => core.expect(datagram),
                Incoming::Datagram(from, datagram) => {
                    core.handle_datagram(read_at, from, datagram, &mut outlet.batch);
                    if outlet.batch.is_nearly_full() {
                        outlet.flush_forwarded(read_at);
                    }
                }
            });
            outlet.flush_forwarded(read_at);
            if !more {
                return false;
            }
        }
        true
    }

    /// True when the queue may hold more.
    fn take_commands(&mut self) -> bool {
        for _ in 0..COMMANDS_PER_TURN {
            let Some(command) = self.commands.next() else { return false };
            self.counters.commands += 1;
            self.core.handle_command(now(), command, &mut self.outlet.batch);
            self.outlet.flush_if_nearly_full();
        }
        true
    }

    /// True when the shard may have more to say.
    fn pass_events(&mut self) -> bool {
        for _ in 0..EVENTS_PER_TURN {
            let Some(event) = self.core.poll_event() else { return false };
            self.pass(ShardMessage::Event(event));
        }
        true
    }

    fn publish(&mut self) {
        let io = IoCounters {
            receive: self.receiver.counters().clone(),
            send: self.outlet.sender.counters().clone(),
            forward_latency: self.outlet.forward_latency.clone(),
            ..self.counters.clone()
        };
        self.pass(ShardMessage::Counters(Box::new(Snapshot { shard: self.core.counters().clone(), io })));
    }

    fn pass(&mut self, message: ShardMessage) {
        let taken = (self.sink)(message);
        self.counters.messages_dropped += u64::from(!taken);
    }
}

impl Outlet {
    /// Sends what datagrams read at `read_at` have caused.
    fn flush_forwarded(&mut self, read_at: Instant) {
        let datagrams = u32::try_from(self.batch.len()).unwrap_or(u32::MAX);
        if datagrams > 0 {
            self.flush();
            self.forward_latency.record(now() - read_at, datagrams);
        }
    }

    fn flush_if_nearly_full(&mut self) {
        if self.batch.is_nearly_full() {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.batch.is_empty() {
            self.sender.send_batch(&self.batch);
            self.batch.clear();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one clock of the SFU; everything inside takes `now`")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
#[path = "thread_tests.rs"]
mod tests;
