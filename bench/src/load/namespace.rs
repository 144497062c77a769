//! A network namespace of the run's own: its traffic meets nobody else's, and nothing of it leaves the machine.
//!
//! The command runs itself again inside, pinned to the generator's processors; the outer process waits and removes the namespace, whatever
//! became of the inner one. Needs root, `ip` and `taskset`.

use anyhow::{Context as _, Result, ensure};
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, ExitStatus, Stdio};

/// The inner process knows by this that it is inside. Not `KENES_`: the server would take it for its configuration.
const INSIDE: &str = "BENCH_NAMESPACE";
/// Of a device with nothing behind it, since some servers offer no loopback address. Traffic to it stays on loopback.
pub const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 1));

#[must_use]
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs this command again inside a new namespace, on these processors, and gives its exit code.
///
/// # Errors
/// A namespace cannot be made here.
pub async fn run_inside(cpus: &str) -> Result<u8> {
    let namespace = Namespace::new()?;
    let mut command = Command::new("ip");
    // Above whatever else the machine does, server and generator alike: the figures are to be theirs.
    command.args(["netns", "exec", &namespace.name, "nice", "-n", "-15", "taskset", "-c", cpus]);
    command.arg(std::env::current_exe()?).args(std::env::args_os().skip(1)).env(INSIDE, &namespace.name);
    let inner = tokio::task::spawn_blocking(move || command.status());
    // Ctrl-C reaches the inner process too, and ends it: this one stays to clean up.
    let status: ExitStatus = {
        let mut inner = std::pin::pin!(inner);
        tokio::select! {
            status = &mut inner => status??,
            _ = tokio::signal::ctrl_c() => inner.await??,
        }
    };
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(2))
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
