//! The thread that carries media: one socket a connection, epoll, a heap of what is due; nothing is allocated for a packet.
//!
//! Owns all connections that have keys. It is told what to carry by [`Command`]s and answers a measurement with a [`Window`]; it
//! neither signals nor shakes hands.

use super::adapter::Seat;
use super::connection::Carried;
use super::connection::srtp::Keys;
use super::inbound::Arrival;
use super::outbound::Batch;
use super::process;
use super::sdp::{Agreement, Kind, LocalDescription};
use super::shape::Room;
use super::socket::{Receiver, Sender};
use super::traffic::{AUDIO_INTERVAL_NS, SILENCE_INTERVAL_NS, Seeded, Turns};
use super::window::{Tally, Window};
use crate::clock;
use crate::measure::thread_cpu_time;
use anyhow::{Context as _, Result};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::{TimeSpec, TimeValLike as _};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::net::UdpSocket;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

const REPORT_INTERVAL_NS: u64 = 1_000_000_000;
/// RFC 7675 §5.1 has about five seconds.
const CONSENT_INTERVAL_NS: u64 = 4_000_000_000;
/// Epoll's words for the waker and the timer; a connection's is its key.
const WAKER: u64 = u64::MAX;
const TIMER: u64 = u64::MAX - 1;
const EVENTS: usize = 256;

pub(super) enum Command {
    Add(Box<Established>),
    Remove(u32),
    Renegotiated(u32, Box<(LocalDescription, Agreement)>),
    Encode(u32, [bool; 3]),
    Mute(u32, Kind, bool),
    /// From now on, what arrives in rooms from this one on is counted apart, and forgotten.
    Observe(u32),
    /// What was counted since the last measurement.
    Measure(oneshot::Sender<Window>),
    Stop,
}

/// A connection with its keys made.
pub(super) struct Established {
    pub key: u32,
    pub seat: Seat,
    pub socket: UdpSocket,
    pub description: LocalDescription,
    pub agreement: Agreement,
    pub seals: Keys,
    pub opens: Keys,
    /// Sends connectivity checks to keep consent.
    pub consents: bool,
}

#[derive(Clone)]
pub(super) struct EngineHandle {
    commands: mpsc::Sender<Command>,
    waker: Arc<EventFd>,
}

impl EngineHandle {
    /// An engine that has ended takes no commands, and needs none.
    pub(super) fn send(&self, command: Command) {
        if self.commands.send(command).is_ok() {
            let _ = self.waker.write(1);
        }
    }

    /// # Errors
    /// The engine has ended.
    pub(super) async fn measure(&self) -> Result<Window> {
        let (reply, window) = oneshot::channel();
        self.send(Command::Measure(reply));
        window.await.context("the engine has ended")
    }
}

/// Rooms are like `room`; `seed` decides who speaks when. The thread inherits the caller's processors.
///
/// # Errors
/// The kernel gives no epoll, eventfd, timer or thread.
pub(super) fn start(room: Room, seed: u64) -> Result<(EngineHandle, JoinHandle<Result<()>>)> {
    let waker = Arc::new(EventFd::from_flags(EfdFlags::EFD_NONBLOCK)?);
    let (commands, inbox) = mpsc::channel();
    let inner = Arc::clone(&waker);
    let run = move || Engine::new(room, seed, inbox, inner)?.run();
    let thread = std::thread::Builder::new().name("load-engine".to_owned()).spawn(run)?;
    Ok((EngineHandle { commands, waker }, thread))
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    Audio,
    Video,
    Report,
    Consent,
}

struct Engine {
    epoll: Epoll,
    timer: TimerFd,
    waker: Arc<EventFd>,
    inbox: mpsc::Receiver<Command>,
    connections: Vec<Option<Box<Carried>>>,
    due: BinaryHeap<Reverse<(u64, u32, Task)>>,
    rooms: BTreeMap<u32, Turns>,
    room: Room,
    seed: u64,
    seeded: Seeded,
    batch: Batch,
    sender: Sender,
    receiver: Receiver,
    tally: Tally,
    observed_rooms: u32,
    /// Of the rooms that are not observed.
    aside: Tally,
    started: Instant,
    measured: (u64, Duration),
}

impl Engine {
    fn new(room: Room, seed: u64, inbox: mpsc::Receiver<Command>, waker: Arc<EventFd>) -> Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        epoll.add(&*waker, EpollEvent::new(EpollFlags::EPOLLIN, WAKER))?;
        epoll.add(&timer, EpollEvent::new(EpollFlags::EPOLLIN, TIMER))?;
        Ok(Self {
            epoll,
            timer,
            waker,
            inbox,
            connections: Vec::new(),
            due: BinaryHeap::with_capacity(4_096),
            rooms: BTreeMap::new(),
            room,
            seed,
            seeded: Seeded::new(seed),
            batch: Batch::default(),
            sender: Sender::default(),
            receiver: Receiver::default(),
            tally: Tally::default(),
            observed_rooms: u32::MAX,
            aside: Tally::default(),
            started: clock::now(),
            measured: (0, Duration::ZERO),
        })
    }

    fn run(&mut self) -> Result<()> {
        process::run_at_once();
        let mut events = [EpollEvent::empty(); EVENTS];
        loop {
            self.send_what_is_due();
            self.arm()?;
            let ready = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Err(nix::errno::Errno::EINTR) => 0,
                ready => ready?,
            };
            for event in events.iter().take(ready) {
                match event.data() {
                    WAKER => {
                        let _ = self.waker.read();
                    }
                    TIMER => {
                        let _ = self.timer.wait();
                    }
                    key => self.receive(key),
                }
            }
            while let Ok(command) = self.inbox.try_recv() {
                if matches!(command, Command::Stop) {
                    return Ok(());
                }
                self.handle(command)?;
            }
        }
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(clock::now().saturating_duration_since(self.started).as_nanos()).unwrap_or(u64::MAX)
    }

    fn arm(&self) -> Result<()> {
        let Some(Reverse((due, ..))) = self.due.peek() else { return Ok(()) };
        let wait = i64::try_from(due.saturating_sub(self.now_ns()).max(1)).unwrap_or(i64::MAX);
        let expiration = Expiration::OneShot(TimeSpec::nanoseconds(wait));
        Ok(self.timer.set(expiration, TimerSetTimeFlags::empty())?)
    }

    fn send_what_is_due(&mut self) {
        loop {
            let now_ns = self.now_ns();
            let Some(&Reverse((due_ns, key, task))) = self.due.peek().filter(|Reverse((due, ..))| *due <= now_ns)
            else {
                return;
            };
            self.due.pop();
            if let Some(next_ns) = self.perform(key, task, due_ns) {
                self.tally.lag.record_ns(now_ns - due_ns);
                self.due.push(Reverse((next_ns, key, task)));
            }
        }
    }

    /// When the task is due again; `None` when its connection is gone.
    fn perform(&mut self, key: u32, task: Task, due_ns: u64) -> Option<u64> {
        let carried = self.connections.get_mut(index(key))?.as_mut()?;
        self.batch.clear();
        let next_ns = match task {
            Task::Audio => {
                let turns = self.rooms.get_mut(&carried.seat.room)?;
                let (speaks, until_ns) = turns.at(due_ns, carried.seat.person);
                carried.send_audio(&mut self.batch, due_ns, speaks);
                let pause = if speaks { AUDIO_INTERVAL_NS } else { SILENCE_INTERVAL_NS };
                (due_ns + pause).min(until_ns.max(due_ns + AUDIO_INTERVAL_NS))
            }
            Task::Video => {
                carried.send_video(&mut self.batch, due_ns, &mut self.seeded);
                due_ns + self.room.frames().interval_ns
            }
            Task::Report => {
                carried.send_reports(&mut self.batch, due_ns, clock::unix_ns());
                due_ns + REPORT_INTERVAL_NS
            }
            Task::Consent => {
                carried.send_consent(&mut self.batch);
                due_ns + CONSENT_INTERVAL_NS
            }
        };
        let sent = self.sender.send(&carried.socket, &self.batch);
        let missed = u64::try_from(self.batch.len().saturating_sub(sent)).unwrap_or(0);
        self.tally.unsent += missed;
        if matches!(task, Task::Audio | Task::Video) {
            self.tally.sent += u64::try_from(sent).unwrap_or(0);
        }
        Some(next_ns)
    }

    fn receive(&mut self, key: u64) {
        let Some(carried) = usize::try_from(key).ok().and_then(|key| self.connections.get_mut(key)?.as_mut()) else {
            return;
        };
        let now_ns = u64::try_from(clock::now().saturating_duration_since(self.started).as_nanos()).unwrap_or(u64::MAX);
        self.batch.clear();
        let heard_before = carried.has_heard();
        let observed = carried.seat.room < self.observed_rooms;
        let (batch, tally) = (&mut self.batch, if observed { &mut self.tally } else { &mut self.aside });
        let overflowed = self.receiver.drain(carried.socket.as_raw_fd(), |datagram, unix_ns| {
            carried.receive(datagram, Arrival { now_ns, unix_ns }, batch, tally);
        });
        self.tally.overflowed += overflowed.map_or(0, |total| u64::from(carried.overflowed_since(total)));
        if !heard_before && carried.has_heard() {
            self.tally.first_media.push((carried.seat, clock::now()));
        }
        self.sender.send(&carried.socket, &self.batch);
    }

    fn handle(&mut self, command: Command) -> Result<()> {
        match command {
            Command::Add(established) => self.add(*established)?,
            Command::Remove(key) => {
                if let Some(place) = self.connections.get_mut(index(key)) {
                    // Closing the socket takes it out of epoll.
                    *place = None;
                }
            }
            Command::Renegotiated(key, change) => {
                self.batch.clear();
                if let Some(carried) = self.connections.get_mut(index(key)).and_then(Option::as_mut) {
                    carried.renegotiate(change.0, change.1);
                    carried.send_consent(&mut self.batch);
                    self.sender.send(&carried.socket, &self.batch);
                }
            }
            Command::Encode(key, layers) => {
                if let Some(carried) = self.carried(key) {
                    carried.encode(layers);
                }
            }
            Command::Mute(key, kind, muted) => {
                if let Some(carried) = self.carried(key) {
                    carried.mute(kind, muted);
                }
            }
            Command::Observe(rooms) => self.observed_rooms = rooms,
            Command::Measure(reply) => {
                let window = self.measure()?;
                // Whoever asked may have gone.
                let _ = reply.send(window);
            }
            Command::Stop => {}
        }
        Ok(())
    }

    fn carried(&mut self, key: u32) -> Option<&mut Carried> {
        self.connections.get_mut(index(key))?.as_deref_mut()
    }

    fn add(&mut self, established: Established) -> Result<()> {
        let (key, consents) = (established.key, established.consents);
        let now_ns = self.now_ns();
        let carried = Carried::new(established, self.room.frames());
        self.epoll.add(&carried.socket, EpollEvent::new(EpollFlags::EPOLLIN, key.into()))?;
        let room = carried.seat.room;
        let (seed, people) = (self.seed ^ u64::from(room) << 8, self.room.people);
        self.rooms.entry(room).or_insert_with(|| Turns::new(seed, people));
        // Spread, as people's clocks are.
        let tasks = [
            (carried.has_audio(), Task::Audio, AUDIO_INTERVAL_NS),
            (carried.has_video(), Task::Video, self.room.frames().interval_ns),
            (true, Task::Report, REPORT_INTERVAL_NS),
            (consents, Task::Consent, CONSENT_INTERVAL_NS),
        ];
        for (_, task, interval_ns) in tasks.into_iter().filter(|(wanted, ..)| *wanted) {
            self.due.push(Reverse((now_ns + self.seeded.below(interval_ns), key, task)));
        }
        if self.connections.len() <= index(key) {
            self.connections.resize_with(index(key) + 1, || None);
        }
        if let Some(place) = self.connections.get_mut(index(key)) {
            *place = Some(Box::new(carried));
        }
        Ok(())
    }

    fn measure(&mut self) -> Result<Window> {
        let (now_ns, cpu) = (self.now_ns(), thread_cpu_time()?);
        let (before_ns, cpu_before) = std::mem::replace(&mut self.measured, (now_ns, cpu));
        self.aside = Tally::default();
        let (mut audible, mut visible) = (BTreeSet::new(), BTreeSet::new());
        for carried in self.connections.iter_mut().flatten() {
            let Seat { room, person } = carried.seat;
            for (kind, of) in carried.take_heard() {
                let pairs = if kind == Kind::Audio { &mut audible } else { &mut visible };
                pairs.insert((room, person, of.person));
            }
        }
        Ok(Window {
            tally: std::mem::take(&mut self.tally),
            elapsed: Duration::from_nanos(now_ns - before_ns),
            cpu: cpu.saturating_sub(cpu_before),
            audible: audible.len(),
            visible: visible.len(),
        })
    }
}

fn index(key: u32) -> usize {
    usize::try_from(key).unwrap_or(usize::MAX)
}
