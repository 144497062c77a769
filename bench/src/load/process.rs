//! What processes have used: CPU time of all their threads by their clocks, memory and descriptors by /proc.
//!
//! Reads and holds nothing.

use anyhow::{Context as _, Result};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// User and system, of ended threads too, by the scheduler's clock.
    pub cpu: Duration,
    /// For which its threads could have run, and something else had the processor.
    pub waited: Duration,
    pub resident_bytes: u64,
    pub descriptors: u64,
}

/// Of these processes and their descendants together.
///
/// # Errors
/// One of them is gone.
pub(super) fn usage(processes: &[u32]) -> Result<Usage> {
    let mut total = Usage::default();
    for process in with_descendants(processes) {
        let one = of_one(process)?;
        total.cpu += one.cpu;
        total.waited += one.waited;
        total.resident_bytes += one.resident_bytes;
        total.descriptors += one.descriptors;
    }
    Ok(total)
}

/// Of a process without its descendants.
///
/// # Errors
/// It is gone.
pub(super) fn of_one(process: u32) -> Result<Usage> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))
        .with_context(|| format!("process {process} has ended"))?;
    let clock = clock_getcpuclockid(Pid::from_raw(process.try_into()?))?;
    Ok(Usage {
        cpu: clock_gettime(clock)?.into(),
        waited: waited(process),
        resident_bytes: resident_bytes(&status).unwrap_or(0),
        descriptors: u64::try_from(fs::read_dir(format!("/proc/{process}/fd"))?.count())?,
    })
}

/// Lets this thread run the moment that it has something to do, by `chrt`, since the call is not safe Rust. The fair scheduler lets
/// whatever else runs finish its slice of three milliseconds. Without the right to it, the thread stays as it is.
pub(super) fn run_at_once() {
    schedule_this_thread("chrt", &["--rr", "--pid", "1"]);
}

/// Below the server and above whatever else the machine does.
pub(super) fn run_beside() {
    schedule_this_thread("renice", &["-n", "0", "-p"]);
}

fn schedule_this_thread(command: &str, arguments: &[&str]) {
    let Ok(thread) = fs::read_link("/proc/thread-self") else { return };
    let id = thread.file_name().unwrap_or_default();
    let mut scheduling = Command::new(command);
    scheduling.args(arguments).arg(id).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !scheduling.status().is_ok_and(|status| status.success()) {
        log::warn!("`{command}` did nothing: threads are scheduled as the system likes");
    }
}

fn with_descendants(processes: &[u32]) -> Vec<u32> {
    let mut all = processes.to_vec();
    let mut next = 0;
    while let Some(process) = all.get(next).copied() {
        next += 1;
        let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { continue };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    all
}

/// Second field of each live thread's `schedstat`; nothing where the kernel does not count it.
fn waited(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let of_thread = |thread: fs::DirEntry| {
        let counts = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        counts.split_whitespace().nth(1)?.parse().ok()
    };
    threads.filter_map(of_thread).map(Duration::from_nanos).sum()
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_grows_with_what_a_process_does() {
        let before = of_one(std::process::id()).unwrap().cpu;
        let mut spent = before;
        while spent == before {
            spent = of_one(std::process::id()).unwrap().cpu;
        }
        assert!(before < spent && spent < before + Duration::from_millis(10), "{before:?} {spent:?}");
    }

    #[test]
    fn this_process_uses_memory_and_descriptors() {
        let usage = usage(&[std::process::id()]).unwrap();
        assert!(usage.resident_bytes > 1 << 20 && usage.descriptors > 2, "{usage:?}");
    }
}
