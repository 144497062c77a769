//! A shard's UDP socket, as a half that reads and a half that sends.
//!
//! Chooses between the fast path and the portable one and sizes the kernel's buffers; owns nothing else. A socket bound to
//! `[::]` speaks both families, and outside `io` an IPv4 peer has its IPv4 address on either.

#[cfg(target_os = "linux")]
use super::linux;
use super::portable::{PortableReceiver, PortableSender};
use super::{ReceiveCounters, SendCounters};
use crate::batch::SendBatch;
use std::io;
use std::net::{SocketAddr, UdpSocket};

/// What the kernel may hold for us while the thread does something else: at 50 Mbit/s over half a second's worth.
#[cfg(target_os = "linux")]
const RECEIVE_QUEUE_BYTES: i32 = 4 << 20;

/// What the kernel may hold for the network card: one whole batch and more, since it counts a datagram's overhead too.
#[cfg(target_os = "linux")]
const SEND_QUEUE_BYTES: i32 = 4 << 20;

/// Which path datagrams take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IoMode {
    /// Batched system calls and segmentation offload where the system has them, else portable.
    #[default]
    Batched,
    /// One datagram a call, with std alone.
    Portable,
}

pub(super) enum Receiver {
    #[cfg(target_os = "linux")]
    Batched(linux::BatchedReceiver),
    Portable(PortableReceiver),
}

pub(super) enum Sender {
    #[cfg(target_os = "linux")]
    Batched(linux::BatchedSender),
    Portable(PortableSender),
}

/// A non-blocking socket on `listen`.
#[cfg(target_os = "linux")]
pub(super) fn bind(listen: SocketAddr) -> io::Result<UdpSocket> {
    let socket = linux::bind(listen)?;
    for (option, asked) in [(libc::SO_RCVBUF, RECEIVE_QUEUE_BYTES), (libc::SO_SNDBUF, SEND_QUEUE_BYTES)] {
        let granted = linux::size_buffer(&socket, option, asked)?;
        if granted < asked {
            tracing::warn!(asked, granted, "small UDP socket buffer: raise net.core.rmem_max and net.core.wmem_max");
        }
    }
    Ok(socket)
}

/// A non-blocking socket on `listen`.
#[cfg(not(target_os = "linux"))]
pub(super) fn bind(listen: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(listen)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// What a call of [`Receiver::receive`] says.
pub(super) enum Incoming<'a> {
    /// What will be handed over after the next one, if anything: only its memory may be asked for.
    Expected(Option<(SocketAddr, &'a [u8])>),
    Datagram(SocketAddr, &'a mut [u8]),
}

impl Receiver {
    pub(super) fn new(socket: UdpSocket, mode: IoMode) -> Self {
        match mode {
            #[cfg(target_os = "linux")]
            IoMode::Batched => Self::Batched(linux::BatchedReceiver::new(socket, true)),
            _ => Self::Portable(PortableReceiver::new(socket)),
        }
    }

    /// Hands over a bounded number of waiting datagrams, in the order of their arrival; true when there may be more.
    pub(super) fn receive(&mut self, deliver: impl FnMut(Incoming<'_>)) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::Batched(receiver) => receiver.receive(deliver),
            Self::Portable(receiver) => receiver.receive(deliver),
        }
    }

    pub(super) fn counters(&self) -> &ReceiveCounters {
        match self {
            #[cfg(target_os = "linux")]
            Self::Batched(receiver) => receiver.counters(),
            Self::Portable(receiver) => receiver.counters(),
        }
    }
}

impl Sender {
    /// For batches of up to `max_datagrams`.
    #[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "the portable path prepares nothing"))]
    pub(super) fn new(socket: UdpSocket, mode: IoMode, max_datagrams: usize) -> io::Result<Self> {
        match mode {
            #[cfg(target_os = "linux")]
            IoMode::Batched => linux::BatchedSender::new(socket, true, max_datagrams).map(Self::Batched),
            _ => PortableSender::new(socket).map(Self::Portable),
        }
    }

    /// Sends the whole batch, each destination's datagrams in their order. Never waits: what does not go is counted.
    pub(super) fn send_batch(&mut self, batch: &SendBatch) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Batched(sender) => sender.send_batch(batch),
            Self::Portable(sender) => sender.send_batch(batch),
        }
    }

    pub(super) fn counters(&self) -> &SendCounters {
        match self {
            #[cfg(target_os = "linux")]
            Self::Batched(sender) => sender.counters(),
            Self::Portable(sender) => sender.counters(),
        }
    }
}

#[cfg(test)]
#[path = "socket_tests.rs"]
mod tests;
