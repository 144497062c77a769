//! A network namespace of the run's own: its traffic meets nobody else's, and nothing of it leaves the machine.
//!
//! The command runs itself again inside, pinned to the generator's processors; the outer process waits and removes the namespace, whatever
//! became of the inner one. Needs root, `ip` and `taskset`.

use anyhow::{Context as _, Result, bail, ensure};
use nix::sys::signal::{SIGTERM, kill};
use nix::unistd::Pid;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, ExitStatus, Stdio};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The inner process knows by this that it is inside. Not `KENES_`: the server would take it for its configuration.
const INSIDE: &str = "BENCH_NAMESPACE";
/// Of a device with nothing behind it, since some servers offer no loopback address. Traffic to it stays on loopback.
pub const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 1));
/// Where the kernel is told who takes in what loopback carries; `ip netns exec` shows the namespace's own.
const STEERING: &str = "/sys/class/net/lo/queues/rx-0/rps_cpus";

#[must_use]
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs this command again inside a new namespace, on these processors, and gives its exit code.
///
/// # Errors
/// A namespace cannot be made here.
pub async fn run_inside(cpus: &str) -> Result<u8> {
    // From now on, so that nobody ends this process between a namespace and its removal.
    let mut interruption = Interruption::heed()?;
    let namespace = Namespace::new()?;
    let mut command = Command::new("ip");
    // Above whatever else the machine does, server and generator alike: the figures are to be theirs.
    command.args(["netns", "exec", &namespace.name, "nice", "-n", "-15", "taskset", "-c", cpus]);
    command.arg(std::env::current_exe()?).args(std::env::args_os().skip(1)).env(INSIDE, &namespace.name);
    let mut inner = command.spawn()?;
    let id = Pid::from_raw(inner.id().try_into()?);
    let ended = tokio::task::spawn_blocking(move || inner.wait());
    // Whoever ends this process ends the inner one; this one stays to clean up.
    let status: ExitStatus = {
        let mut ended = std::pin::pin!(ended);
        tokio::select! {
            status = &mut ended => status??,
            () = interruption.comes() => {
                // It may have ended by itself.
                let _ = kill(id, SIGTERM);
                ended.await??
            }
        }
    };
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(2))
}

/// From now on this processor takes in what arrives in the namespace (receive packet steering).
///
/// # Errors
/// The kernel has no steering, or no such processor.
pub fn receive_on(cpu: u32) -> Result<()> {
    let mask = 1_u64.checked_shl(cpu).context("no such processor")?;
    std::fs::write(STEERING, format!("{mask:x}")).with_context(|| format!("{STEERING}: packets cannot be steered"))
}

/// The run, unless somebody ends it: what it owns (servers, folders) goes with it then.
///
/// # Errors
/// The run's own, or that it was ended.
pub async fn unless_interrupted<T>(run: impl Future<Output = Result<T>>) -> Result<T> {
    let mut interruption = Interruption::heed()?;
    tokio::select! {
        result = run => result,
        () = interruption.comes() => bail!("interrupted"),
    }
}

/// Ctrl-C, or `kill`.
struct Interruption([Signal; 2]);

impl Interruption {
    fn heed() -> Result<Self> {
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?]))
    }

    async fn comes(&mut self) {
        let [interrupt, terminate] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

struct Namespace {
    name: String,
}

impl Namespace {
    fn new() -> Result<Self> {
        let namespace = Self { name: format!("kenes-bench-{}", std::process::id()) };
        ip(&["netns", "add", &namespace.name]).context("a network namespace needs root and the command `ip`")?;
        let name = &namespace.name;
        for arguments in [
            &["link", "set", "lo", "up"][..],
            &["link", "add", "bench0", "type", "veth", "peer", "name", "bench1"],
            &["address", "add", &format!("{ADDRESS}/24"), "dev", "bench0"],
            &["link", "set", "bench0", "up"],
            &["link", "set", "bench1", "up"],
        ] {
            ip(&[&["-n", name], arguments].concat())?;
        }
        Ok(namespace)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = ip(&["netns", "delete", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    let status = Command::new("ip").args(arguments).stdin(Stdio::null()).status().context("no command `ip`")?;
    ensure!(status.success(), "`ip {}` failed", arguments.join(" "));
    Ok(())
}
