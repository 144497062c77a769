//! A media shard that stands still, in the server as it ships: threads of its process are stopped as a debugger stops them.

use crate::http;
use crate::lifecycle::Running;
use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::fs;
use std::time::{Duration, Instant};

/// The watchdog takes three seconds, and a look each second; more is a busy machine's.
const PATIENCE: Duration = Duration::from_secs(60);

/// One thread of the server; it goes on by itself when the test's thread ends.
struct Thread(Pid);

impl Thread {
    /// `None` where nobody may trace even a child.
    fn stop(server: &Running, name: &str) -> Option<Self> {
        let tasks = fs::read_dir(format!("/proc/{}/task", server.child.id())).unwrap();
        let is_named = |task: &fs::DirEntry| {
            fs::read_to_string(task.path().join("comm")).is_ok_and(|command| command.trim_end() == name)
        };
        let task = tasks.flatten().find(is_named).expect("the thread lives");
        let thread = Pid::from_raw(task.file_name().into_string().unwrap().parse().unwrap());
        match ptrace::seize(thread, ptrace::Options::empty()) {
            Err(Errno::EPERM) => return None,
            seized => seized.unwrap(),
        }
        ptrace::interrupt(thread).unwrap();
        waitpid(thread, Some(WaitPidFlag::__WALL)).unwrap();
        Some(Self(thread))
    }

    fn go_on(self) {
        ptrace::detach(self.0, None).unwrap();
    }
}

async fn is_ready(server: &Running) -> bool {
    let answer = http::get(server.address(), "/readyz").await;
    assert!(matches!(answer.status, 200 | 503), "{}", answer.head);
    answer.status == 200
}

/// The metrics' line `name{shard="index"} value`, once there is one.
async fn counts(server: &Running, name: &str, shard: u8, value: u8) -> bool {
    let line = format!("{name}{{shard=\"{shard}\"}} {value}");
    http::get(server.address(), "/metrics").await.body.lines().any(|found| found == line)
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_shard_that_stands_still_is_counted_and_a_server_without_another_is_not_ready_until_one_turns() {
    let server = Running::start(&[("KENES_MEDIA_SHARDS", "2")]);
    assert!(is_ready(&server).await);
    let Some(first) = Thread::stop(&server, "shard-0") else {
        eprintln!("this machine forbids ptrace: the test was left out");
        return;
    };
    until("one shard is seen", async || counts(&server, "kenes_shard_stalled", 0, 1).await).await;
    assert!(is_ready(&server).await, "the other one takes rooms");

    let second = Thread::stop(&server, "shard-1").unwrap();
    until("nobody takes rooms", async || !is_ready(&server).await).await;
    assert_eq!(http::get(server.address(), "/healthz").await.status, 200, "the process is well");
    second.go_on();
    until("the second turns again", async || is_ready(&server).await).await;
    assert!(counts(&server, "kenes_shard_stalled", 1, 0).await);
    first.go_on();
    until("the first turns again", async || counts(&server, "kenes_shard_stalled", 0, 0).await).await;
    for shard in [0, 1] {
        assert!(counts(&server, "kenes_shard_stalls_total", shard, 1).await, "once each");
    }
}
