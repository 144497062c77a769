//! The sleep until a socket is readable or a counter is added to (epoll).
//!
//! Owns the set that both are in for good. `ppoll` would queue at each of them for every sleep and leave both queues after it, and
//! leaving a socket's has to wait for whoever is just putting the packet there that woke us: an eighth of the thread's time when
//! packets are few. Must not read from either.

use super::check;
use std::fs::File;
use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

const SOCKET: u64 = 0;
const COUNTER: u64 = 1;

pub(in crate::io) struct Watch {
    epoll: OwnedFd,
    /// Held, so that they stay in the set.
    _watched: (UdpSocket, Arc<File>),
}

impl Watch {
    pub(in crate::io) fn new(socket: UdpSocket, counter: Arc<File>) -> io::Result<Self> {
        // SAFETY: takes plain values.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: the kernel has just made `fd` for us and nobody else knows it.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        add(&epoll, socket.as_raw_fd(), libc::EPOLLIN, SOCKET)?;
        // Told of each addition once, so that nobody has to read it.
        add(&epoll, counter.as_raw_fd(), libc::EPOLLIN | libc::EPOLLET, COUNTER)?;
        Ok(Self { epoll, _watched: (socket, counter) })
    }

    /// Sleeps until one of the two has something or the time, in whole milliseconds, is up; whether the socket has.
    pub(in crate::io) fn wait(&self, timeout: Duration) -> io::Result<bool> {
        let mut events = [libc::epoll_event { events: 0, u64: COUNTER }; 2];
        let millis = libc::c_int::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(libc::c_int::MAX);
        // SAFETY: `events` has the two entries we say and lives through the call.
        let outcome = check(unsafe { libc::epoll_wait(self.epoll.as_raw_fd(), events.as_mut_ptr(), 2, millis) });
        match outcome {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
            Ok(told) => {
                let told = usize::try_from(told).unwrap_or_default();
                Ok(events.iter().take(told).any(|event| event.u64 == SOCKET))
            }
        }
    }
}

fn add(epoll: &OwnedFd, fd: RawFd, events: libc::c_int, name: u64) -> io::Result<()> {
    let mut event = libc::epoll_event { events: events.cast_unsigned(), u64: name };
    // SAFETY: the pointer is to a local that lives through the call; the kernel copies it.
    check(unsafe { libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &raw mut event) })?;
    Ok(())
}
