//! What `load`, `storm` and `churn` share: a server, an engine, people who come and go, and measurements that know when they are worthless.
//!
//! Owns the server, the engine's thread and everybody's attendance.

use super::adapter::{self, Attendance, Place, Seat, Sfu, SfuKind, WhipOptions};
use super::engine::{self, Command, EngineHandle};
use super::namespace;
use super::process::{self, Usage};
use super::shape::{Room, Shape};
use super::window::Window;
use super::wiring::Wiring;
use crate::clock;
use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum as _;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Of the generator's processor, above which it may be what is measured.
const MAX_GENERATOR_CPU: f64 = 0.85;
/// How late a packet may leave in 99 of 100 cases.
const MAX_LAG: Duration = Duration::from_millis(2);
/// Windows of one load, while something else has the generator's processor.
const MAX_WINDOWS: usize = 3;

/// What every load has.
#[derive(clap::Args, Clone, Debug)]
pub struct Setup {
    /// The server.
    #[arg(long, value_enum, default_value = "kenes")]
    pub sfu: SfuKind,
    /// What rooms are.
    #[arg(long, value_enum, default_value = "meeting")]
    pub shape: Shape,
    /// People in each room: of a meeting 1 to 7 (2 unless said), of a lecture 2 to 64 (51).
    #[arg(long)]
    pub people: Option<u32>,
    /// Simulcast layers of a camera: 3, or 1 for servers without simulcast.
    #[arg(long, default_value_t = 3, value_parser = layers)]
    pub layers: usize,
    /// Sends only the layers that the server says somebody watches, where it says so. Off, all servers get the same traffic.
    #[arg(long)]
    pub obey_layers: bool,
    #[command(flatten)]
    pub stage: Stage,
}

/// What every server finds alike, when several are measured.
#[derive(clap::Args, Clone, Debug)]
pub struct Stage {
    /// Processors of the server, as `taskset -c` takes them.
    #[arg(long, default_value = "0")]
    pub server_cpus: String,
    /// Processor of the generator.
    #[arg(long, default_value = "1")]
    pub generator_cpu: String,
    /// Lets the server's threads run the moment that they have something to do (SCHED_RR), as the generator's: takes a busy machine's
    /// other work out of latency. The server's own threads then take turns otherwise than they would.
    #[arg(long)]
    pub server_at_once: bool,
    /// Processor that takes in what arrives, for server and generator alike. Without it a loopback has the sender's processor do the
    /// receiver's work too, packet by packet, and the server is charged with it; with a network card it would not be.
    #[arg(long)]
    pub receive_cpu: Option<u32>,
    /// Decides who speaks when and how large frames are.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub whip: WhipOptions,
}

impl Setup {
    /// The server's name as `--sfu` takes it.
    #[must_use]
    pub(super) fn name(&self) -> String {
        self.sfu.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// # Errors
    /// `--people` does not fit `--shape`.
    pub(super) fn room(&self) -> Result<Room> {
        Room::new(self.shape, self.people)
    }
}

fn layers(text: &str) -> Result<usize, String> {
    match text {
        "1" => Ok(1),
        "3" => Ok(3),
        _ => Err("1 or 3".to_owned()),
    }
}

pub(super) struct Rig {
    pub sfu: Arc<dyn Sfu>,
    wiring: Wiring,
    engine: EngineHandle,
    thread: Option<JoinHandle<Result<()>>>,
    pub room: Room,
    /// When each person's first signaling byte left.
    began: BTreeMap<(u32, u32), Instant>,
}

/// A window with what it cost.
pub(super) struct Measured {
    pub window: Window,
    pub server_cpu: Duration,
    /// For which the server's threads waited for a processor.
    pub server_waited: Duration,
    pub generator_cpu: Duration,
    pub server: Usage,
}

impl Rig {
    /// # Errors
    /// The server or the engine does not start.
    pub(super) async fn start(setup: &Setup) -> Result<Self> {
        // A connection is two descriptors on either side; the server inherits the limit.
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
        let Stage { server_cpus, server_at_once, receive_cpu, seed, whip, .. } = &setup.stage;
        let room = setup.room()?;
        if let Some(cpu) = receive_cpu {
            namespace::receive_on(*cpu)?;
        }
        let place = Place {
            address: namespace::ADDRESS,
            cpus: server_cpus.clone(),
            at_once: *server_at_once,
            obeys_layers: setup.obey_layers,
            whip: whip.clone(),
        };
        let sfu = adapter::start(setup.sfu, &place).await?;
        let (engine, thread) = engine::start(room, *seed)?;
        let wiring = Wiring::new(namespace::ADDRESS, room, setup.layers, engine.clone())?;
        Ok(Self { sfu: sfu.into(), room, wiring, engine, thread: Some(thread), began: BTreeMap::new() })
    }

    /// Lets people in, `at_once` of them at a time, in this order.
    ///
    /// # Errors
    /// Somebody did not get in.
    pub(super) async fn join(
        &mut self,
        seats: impl IntoIterator<Item = Seat>,
        at_once: usize,
    ) -> Result<Vec<(Seat, Box<dyn Attendance>)>> {
        let mut seats = seats.into_iter();
        let mut joining = JoinSet::new();
        let mut joined = Vec::new();
        loop {
            while joining.len() < at_once
                && let Some(seat) = seats.next()
            {
                self.began.insert((seat.room, seat.person), clock::now());
                let (sfu, wiring) = (Arc::clone(&self.sfu), self.wiring.clone());
                joining.spawn(async move {
                    let attendance = sfu.join(seat, &wiring).await;
                    (seat, attendance.with_context(|| format!("person {} of room {}", seat.person, seat.room)))
                });
            }
            let Some(done) = joining.join_next().await else { return Ok(joined) };
            let (seat, attendance) = done?;
            joined.push((seat, attendance?));
        }
    }

    /// Counts only what arrives in these rooms, and whoever is in others beside it.
    pub(super) fn observe_rooms_below(&self, rooms: u32) {
        self.engine.send(Command::Observe(rooms));
    }

    /// What somebody needs to join by themselves.
    pub(super) fn hosts(&self) -> (Arc<dyn Sfu>, Wiring) {
        (Arc::clone(&self.sfu), self.wiring.clone())
    }

    /// Counts from now on; what was counted until now.
    ///
    /// # Errors
    /// The engine has ended.
    pub(super) async fn forget(&self) -> Result<Window> {
        self.engine.measure().await
    }

    /// What happens in `length`, from the last measurement on.
    ///
    /// # Errors
    /// The server or the engine has ended.
    pub(super) async fn measure(&self, length: Duration) -> Result<Measured> {
        let processes = self.sfu.processes();
        let own = std::process::id();
        let before = (process::usage(&processes)?, process::of_one(own)?);
        tokio::time::sleep(length).await;
        let window = self.engine.measure().await?;
        let server = process::usage(&processes).context("the server ended under the load")?;
        let generator_cpu = process::of_one(own)?.cpu.saturating_sub(before.1.cpu);
        let server_cpu = server.cpu.saturating_sub(before.0.cpu);
        let server_waited = server.waited.saturating_sub(before.0.waited);
        Ok(Measured { window, server_cpu, server_waited, generator_cpu, server })
    }

    /// The first window in which nothing disturbed the generator, or the last of [`MAX_WINDOWS`], and why those before it do not
    /// count. Of a window only the generator's lateness is asked, never what the server did in it.
    ///
    /// # Errors
    /// As [`Rig::measure`].
    pub(super) async fn measure_undisturbed(&self, length: Duration) -> Result<(Measured, Vec<String>)> {
        let mut passed_over = Vec::new();
        loop {
            let measured = self.measure(length).await?;
            match measured.ensure_not_the_generator() {
                Err(reason) if measured.was_disturbed() && passed_over.len() + 1 < MAX_WINDOWS => {
                    eprintln!("another window: {reason}");
                    passed_over.push(reason.to_string());
                }
                _ => return Ok((measured, passed_over)),
            }
        }
    }

    /// From a person's first signaling byte to their first media, for those whose media began in this window.
    #[must_use]
    pub(super) fn join_times(&self, window: &Window) -> Vec<Duration> {
        let began = |seat: &Seat| self.began.get(&(seat.room, seat.person));
        let times = window.tally.first_media.iter().filter(|(seat, _)| seat.person > 0);
        let mut times: Vec<Duration> =
            times.filter_map(|(seat, at)| Some(at.saturating_duration_since(*began(seat)?))).collect();
        times.sort();
        times
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.engine.send(Command::Stop);
        if let Some(thread) = self.thread.take()
            && let Ok(Err(error)) = thread.join()
        {
            log::error!("the engine failed: {error:#}");
        }
    }
}

impl Measured {
    /// Why these figures would be the generator's own.
    ///
    /// # Errors
    /// Says so.
    pub(super) fn ensure_not_the_generator(&self) -> Result<()> {
        let Window { tally, .. } = &self.window;
        let share = self.generator_share();
        ensure!(
            share <= MAX_GENERATOR_CPU,
            "the generator used {:.0} % of its processor: it may be the bottleneck. Fewer rooms, or a faster machine",
            share * 100.0
        );
        let lag = self.lag();
        ensure!(
            lag <= MAX_LAG,
            "the generator sent late: 1 packet in 100 by {:.1} ms or more. Something else uses its processor",
            lag.as_secs_f64() * 1e3
        );
        ensure!(tally.overflowed == 0, "the generator's sockets dropped {} datagrams", tally.overflowed);
        ensure!(tally.unsent == 0, "the generator's sockets did not take {} packets", tally.unsent);
        Ok(())
    }

    /// The generator had time enough and sent late all the same: something else had its processor. Another window may be undisturbed.
    fn was_disturbed(&self) -> bool {
        self.generator_share() <= MAX_GENERATOR_CPU && self.lag() > MAX_LAG
    }

    fn generator_share(&self) -> f64 {
        self.generator_cpu.as_secs_f64() / self.window.elapsed.as_secs_f64()
    }

    /// What 99 of 100 packets were no later than.
    fn lag(&self) -> Duration {
        self.window.tally.lag.quantile(990).unwrap_or_default()
    }
}

/// Everybody says goodbye. Figures that were made stand, whatever a server makes of that.
pub(super) async fn leave(attending: Vec<(Seat, Box<dyn Attendance>)>) {
    for (seat, attendance) in attending {
        if let Err(error) = attendance.leave().await {
            log::warn!("person {} of room {} left: {error:#}", seat.person, seat.room);
        }
    }
}

/// The seats of `rooms`, first everybody's first person, then everybody's second: who comes later finds somebody to hear.
pub(super) fn seats(rooms: std::ops::Range<u32>, people: u32) -> impl Iterator<Item = Seat> {
    (0..people).flat_map(move |person| rooms.clone().map(move |room| Seat { room, person }))
}

/// What `thousandths` of sorted times do not exceed.
#[must_use]
pub(super) fn quantile(sorted: &[Duration], thousandths: usize) -> Option<Duration> {
    let rank = (sorted.len() * thousandths).div_ceil(1_000).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::window::Tally;

    /// A second in which all packets left this late and the generator had this much of its processor.
    fn measured(lag: Duration, generator_cpu: Duration) -> Measured {
        let mut tally = Tally::default();
        tally.lag.record_ns(u64::try_from(lag.as_nanos()).unwrap());
        let window = Window { tally, elapsed: Duration::from_secs(1), cpu: generator_cpu, audible: 0, visible: 0 };
        let server = Usage::default();
        Measured { window, server_cpu: Duration::ZERO, server_waited: Duration::ZERO, generator_cpu, server }
    }

    #[test]
    fn only_a_generator_that_was_late_with_time_to_spare_is_measured_again() {
        let (punctual, late) = (Duration::from_micros(100), Duration::from_millis(40));
        let (idle, busy) = (Duration::from_millis(100), Duration::from_millis(900));
        let again = [(punctual, idle), (late, idle), (late, busy), (punctual, busy)]
            .map(|(lag, cpu)| measured(lag, cpu).was_disturbed());
        assert_eq!(again, [false, true, false, false]);
        let mut lossy = measured(punctual, idle);
        lossy.window.tally.overflowed = 1;
        assert!(lossy.ensure_not_the_generator().is_err() && !lossy.was_disturbed());
    }
}
