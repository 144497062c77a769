//! The fast path: Linux' batched system calls, segmentation offload and thread placement.
//!
//! Owns no state; each submodule owns its own preallocated headers. With its submodules the place for `unsafe`:
//! every block says why it is sound, and everything that leaves this module is safe to call.

#![expect(unsafe_code, reason = "system calls that std does not offer")]

mod address;
mod control;
mod receive;
mod runs;
mod send;
mod watch;

pub(super) use receive::BatchedReceiver;
pub(super) use send::BatchedSender;
pub(super) use watch::Watch;

use address::RawAddress;
use std::fs::File;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A non-blocking UDP socket. `[::]` takes IPv4 as well, whatever `net.ipv6.bindv6only` says.
pub(super) fn bind(listen: SocketAddr) -> io::Result<UdpSocket> {
    let family = if listen.is_ipv6() { libc::AF_INET6 } else { libc::AF_INET };
    // SAFETY: takes plain values.
    let fd = check(unsafe { libc::socket(family, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, 0) })?;
    // SAFETY: the kernel has just made `fd` for us and nobody else knows it.
    let socket = unsafe { UdpSocket::from_raw_fd(fd) };
    if listen.is_ipv6() {
        set_option(&socket, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, i32::from(!listen.ip().is_unspecified()))?;
    }
    let address = RawAddress::encode(listen, listen.is_ipv6());
    // SAFETY: the pointer is to a socket address of at least `len` bytes that lives through the call.
    check(unsafe { libc::bind(fd, (&raw const address).cast(), address.len()) })?;
    Ok(socket)
}

/// Asks for a socket buffer and says what was granted; the kernel caps it at `net.core.{r,w}mem_max` and reports double.
pub(super) fn size_buffer(socket: &UdpSocket, option: libc::c_int, bytes: i32) -> io::Result<i32> {
    set_option(socket, libc::SOL_SOCKET, option, bytes)?;
    let mut granted: libc::c_int = 0;
    let mut len = option_len();
    let fd = socket.as_raw_fd();
    // SAFETY: both pointers are to locals that live through the call, and `len` is the size of `granted`.
    check(unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, option, (&raw mut granted).cast(), &raw mut len) })?;
    Ok(granted / 2)
}

fn set_option(socket: &UdpSocket, level: libc::c_int, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the pointer is to a local that lives through the call, and the length is its size.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const value).cast(), option_len()) })?;
    Ok(())
}

const fn option_len() -> libc::socklen_t {
    libc::c_int::BITS / 8
}

/// A counter that ends a [`Watch`]'s sleep when something is added to it.
pub(super) fn event_counter() -> io::Result<File> {
    // SAFETY: takes plain values.
    let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
    // SAFETY: the kernel has just made `fd` for us and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) }.into())
}

/// Keeps the calling thread on one processor.
pub(super) fn pin_current_thread(cpu: usize) -> io::Result<()> {
    // SAFETY: an all-zero `cpu_set_t` is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    if cpu >= size_of_val(&set) * 8 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: `cpu` is within the set.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: the pointer is to a local of that size which lives through the call; 0 is the calling thread.
    check(unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) })?;
    Ok(())
}

fn check(outcome: libc::c_int) -> io::Result<libc::c_int> {
    if outcome < 0 { Err(io::Error::last_os_error()) } else { Ok(outcome) }
}
