//! The shard thread's sleep, and its end: a datagram, a wake-up from another thread, or the next deadline.
//!
//! On Linux epoll on the socket and an eventfd. Elsewhere a read with a timeout, which an empty datagram to our own port
//! ends. Wake-ups do not add up: one of them means "look at the queue".

use super::IoMode;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;
#[cfg(target_os = "linux")]
use {super::linux, std::fs::File, std::io::Write, std::sync::Arc};

/// Ends one [`Waiter`]'s sleep, from any thread.
pub(super) enum Waker {
    #[cfg(target_os = "linux")]
    Counter(Arc<File>),
    Datagram {
        from: UdpSocket,
        to: SocketAddr,
    },
}

/// Sleeps for the thread that owns the socket.
pub(super) enum Waiter {
    #[cfg(target_os = "linux")]
    Watch(linux::Watch),
    Socket(UdpSocket),
}

/// The two ends of a wake-up for the thread that reads `socket`, which must be non-blocking.
pub(super) fn wake_up(socket: UdpSocket, mode: IoMode) -> io::Result<(Waker, Waiter)> {
    match mode {
        #[cfg(target_os = "linux")]
        IoMode::Batched => {
            let counter = Arc::new(linux::event_counter()?);
            let watch = linux::Watch::new(socket, Arc::clone(&counter))?;
            Ok((Waker::Counter(counter), Waiter::Watch(watch)))
        }
        _ => {
            let to = reachable(socket.local_addr()?);
            let any = if to.is_ipv6() { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
            let from = UdpSocket::bind(SocketAddr::new(any, 0))?;
            Ok((Waker::Datagram { from, to }, Waiter::Socket(socket)))
        }
    }
}

/// Where a socket bound to `address` hears its own machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

impl Waker {
    /// Neither way can fail but by being full, and then a wake-up is on its way already.
    pub(super) fn wake(&self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Counter(counter) => drop((&**counter).write(&1_u64.to_ne_bytes())),
            Self::Datagram { from, to } => drop(from.send_to(&[], to)),
        }
    }
}

impl Waiter {
    /// Returns when the socket is readable, somebody woke us, or `timeout` has passed; sometimes for no reason. False when there
    /// was nothing to read.
    pub(super) fn wait(&self, timeout: Duration) -> io::Result<bool> {
        if timeout.is_zero() {
            return Ok(true);
        }
        match self {
            #[cfg(target_os = "linux")]
            Self::Watch(watch) => watch.wait(timeout),
            Self::Socket(socket) => {
                socket.set_read_timeout(Some(timeout))?;
                socket.set_nonblocking(false)?;
                // Whatever this says (a datagram, too long a one, nothing in time, an ICMP error), the next thing to do is to read.
                let _ = socket.peek_from(&mut [0; 1]);
                socket.set_nonblocking(true)?;
                Ok(true)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    const MODES: [IoMode; 2] = [IoMode::Batched, IoMode::Portable];

    #[expect(clippy::disallowed_methods, reason = "the test measures a real sleep")]
    fn timed(waiter: &Waiter, timeout: Duration) -> Duration {
        let start = Instant::now();
        waiter.wait(timeout).unwrap();
        start.elapsed()
    }

    fn on(listen: &str, mode: IoMode) -> (Waker, Waiter) {
        wake_up(super::super::socket::bind(listen.parse().unwrap()).unwrap(), mode).unwrap()
    }

    #[test]
    fn a_wake_up_before_the_sleep_is_not_lost() {
        for mode in MODES {
            for listen in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0", "[::1]:0"] {
                let (waker, waiter) = on(listen, mode);
                waker.wake();
                waker.wake();
                assert!(timed(&waiter, Duration::from_secs(20)) < Duration::from_secs(10), "{mode:?} on {listen}");
            }
        }
    }

    #[test]
    fn a_wake_up_ends_the_sleep_of_another_thread() {
        for mode in MODES {
            let (waker, waiter) = on("127.0.0.1:0", mode);
            let sleeper = std::thread::spawn(move || timed(&waiter, Duration::from_secs(20)));
            std::thread::sleep(Duration::from_millis(30));
            waker.wake();
            assert!(sleeper.join().unwrap() < Duration::from_secs(10), "{mode:?}");
        }
    }

    #[test]
    fn without_a_wake_up_the_sleep_lasts_its_time() {
        for mode in MODES {
            let (_waker, waiter) = on("127.0.0.1:0", mode);
            assert!(timed(&waiter, Duration::from_millis(30)) >= Duration::from_millis(29), "{mode:?}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_wake_up_on_the_counter_is_heard_once() {
        let (waker, waiter) = on("127.0.0.1:0", IoMode::Batched);
        waker.wake();
        waiter.wait(Duration::from_secs(20)).unwrap();
        assert!(timed(&waiter, Duration::from_millis(30)) >= Duration::from_millis(29));
    }
}
