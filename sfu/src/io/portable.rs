//! The slow path: one datagram a call, with what every system's std offers.
//!
//! Owns one receive buffer. It is the reference that the fast path is tested against, and what runs where that is missing.

use super::counters::{ReceiveCounters, SendCounters};
use super::socket::Incoming;
use crate::batch::SendBatch;
use std::io;
use std::net::{SocketAddr, UdpSocket};

/// Datagrams that one call of `receive` hands over at most.
const DATAGRAMS: usize = 32;

/// No datagram is larger (RFC 768).
const BUFFER_BYTES: usize = 65_536;

pub(super) struct PortableReceiver {
    socket: UdpSocket,
    buffer: Box<[u8]>,
    counters: ReceiveCounters,
}

impl PortableReceiver {
    /// `socket` must be non-blocking.
    pub(super) fn new(socket: UdpSocket) -> Self {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Self { socket, buffer, counters: ReceiveCounters::default() }
    }

    /// Hands over what waits in the socket, up to [`DATAGRAMS`]; true when there may be more. Empty datagrams are
    /// nobody's, or a wake-up, and are skipped.
    pub(super) fn receive(&mut self, mut deliver: impl FnMut(Incoming<'_>)) -> bool {
        for _ in 0..DATAGRAMS {
            self.counters.calls += 1;
            match self.socket.recv_from(&mut self.buffer) {
                Ok((len, from)) => {
                    let Some(datagram) = self.buffer.get_mut(..len).filter(|bytes| !bytes.is_empty()) else { continue };
                    self.counters.datagrams += 1;
                    self.counters.bytes += u64::try_from(len).unwrap_or_default();
                    deliver(Incoming::Datagram(SocketAddr::new(from.ip().to_canonical(), from.port()), datagram));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // Some systems report here that an earlier datagram found nobody; the next call may bring one again.
                Err(_) => self.counters.errors += 1,
            }
        }
        true
    }

    pub(super) fn counters(&self) -> &ReceiveCounters {
        &self.counters
    }
}

pub(super) struct PortableSender {
    socket: UdpSocket,
    ipv6: bool,
    counters: SendCounters,
}

impl PortableSender {
    /// `socket` must be non-blocking.
    pub(super) fn new(socket: UdpSocket) -> io::Result<Self> {
        Ok(Self { ipv6: socket.local_addr()?.is_ipv6(), socket, counters: SendCounters::default() })
    }

    pub(super) fn send_batch(&mut self, batch: &SendBatch) {
        for (to, payload) in batch.datagrams() {
            send_one(&self.socket, self.ipv6, to, payload, &mut self.counters);
        }
    }

    pub(super) fn counters(&self) -> &SendCounters {
        &self.counters
    }
}

/// Sends now or never. A dual-stack socket reaches IPv4 by mapped addresses (RFC 4291 §2.5.5.2).
pub(super) fn send_one(socket: &UdpSocket, ipv6: bool, to: SocketAddr, payload: &[u8], counters: &mut SendCounters) {
    let to = match to {
        SocketAddr::V4(v4) if ipv6 => SocketAddr::from((v4.ip().to_ipv6_mapped(), v4.port())),
        other => other,
    };
    counters.calls += 1;
    match socket.send_to(payload, to) {
        Ok(_) => {
            counters.datagrams += 1;
            counters.bytes += u64::try_from(payload.len()).unwrap_or_default();
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => counters.buffer_full += 1,
        Err(_) => counters.errors += 1,
    }
}
