//! Reading many datagrams in one call (recvmmsg), several of one peer in one buffer (`UDP_GRO`).
//!
//! Owns the receive buffers and the headers that point at them, all allocated once. Must not look into a datagram.

use super::address::RawAddress;
use super::control::{self, ControlBuffer};
use super::{check, set_option};
use crate::io::counters::ReceiveCounters;
use crate::io::socket::Incoming;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// Buffers that one call fills at most.
const BUFFERS: usize = 32;

/// How many buffers ahead of the one that is handed over the shard hears of one.
const EXPECTED: usize = 2;

/// With GRO a buffer must take whatever the kernel has joined: one IP packet's worth. Pages that are never filled are never
/// touched.
const JOINED_BUFFER_BYTES: usize = 65_536;

/// Without, a datagram: an Ethernet frame and some, for nothing we answer is larger.
const SINGLE_BUFFER_BYTES: usize = 2_048;

pub(in crate::io) struct BatchedReceiver {
    socket: UdpSocket,
    buffers: Box<[u8]>,
    buffer_len: usize,
    names: Box<[RawAddress; BUFFERS]>,
    controls: Box<[ControlBuffer; BUFFERS]>,
    vectors: Box<[libc::iovec; BUFFERS]>,
    headers: Box<[libc::mmsghdr; BUFFERS]>,
    /// Headers that the kernel has written to since they were pointed, from the first on.
    spent: usize,
    /// The kernel's running count of lost datagrams when it last told us.
    queue_dropped: u32,
    counters: ReceiveCounters,
}

impl BatchedReceiver {
    /// `gro` says whether to ask for joined datagrams; a kernel that refuses is read without.
    pub(in crate::io) fn new(socket: UdpSocket, gro: bool) -> Self {
        // An older kernel does not know this option; then nobody counts and that is all.
        let _ = set_option(&socket, libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1);
        let gro = gro && set_option(&socket, libc::SOL_UDP, libc::UDP_GRO, 1).is_ok();
        let buffer_len = if gro { JOINED_BUFFER_BYTES } else { SINGLE_BUFFER_BYTES };
        Self {
            socket,
            buffers: vec![0; BUFFERS * buffer_len].into_boxed_slice(),
            buffer_len,
            names: Box::new([RawAddress::EMPTY; BUFFERS]),
            controls: Box::new([ControlBuffer::EMPTY; BUFFERS]),
            vectors: Box::new([libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; BUFFERS]),
            headers: Box::new(EMPTY_HEADERS),
            spent: BUFFERS,
            queue_dropped: 0,
            counters: ReceiveCounters::default(),
        }
    }

    /// Hands over what waits in the socket, up to one call's worth; true when there may be more. Empty datagrams are
    /// nobody's and are skipped.
    pub(in crate::io) fn receive(&mut self, mut deliver: impl FnMut(Incoming<'_>)) -> bool {
        self.point();
        let filled = match self.fill() {
            Ok(filled) => {
                self.spent = filled;
                filled
            }
            Err(error) => {
                self.counters.errors += u64::from(error.kind() != io::ErrorKind::WouldBlock);
                return false;
            }
        };
        for first in 0..EXPECTED {
            deliver(Incoming::Expected(self.first_datagram(first, filled)));
        }
        for position in 0..filled {
            deliver(Incoming::Expected(self.first_datagram(position + EXPECTED, filled)));
            self.hand_over(position, &mut deliver);
        }
        filled == BUFFERS
    }

    /// Of a buffer: the datagrams that the kernel has joined have one sender.
    fn first_datagram(&self, position: usize, filled: usize) -> Option<(SocketAddr, &[u8])> {
        let header = self.headers.get(position).filter(|_| position < filled)?;
        let len = usize::try_from(header.msg_len).ok()?;
        let buffer = self.buffers.get(position * self.buffer_len..)?;
        Some((self.names.get(position)?.decode()?, buffer.get(..len)?))
    }

    fn hand_over(&mut self, position: usize, deliver: &mut impl FnMut(Incoming<'_>)) {
        let Self { headers, names, buffers, buffer_len, counters, .. } = self;
        let buffer = buffers.get_mut(position * *buffer_len..).unwrap_or_default();
        let (Some(header), Some(name)) = (headers.get(position), names.get(position)) else { return };
        // SAFETY: `fill` has passed this header, pointing at our own control buffer, to recvmmsg with success.
        let said = unsafe { control::read(&header.msg_hdr) };
        if let Some(total) = said.queue_dropped {
            counters.queue_dropped += u64::from(total.wrapping_sub(self.queue_dropped));
            self.queue_dropped = total;
        }
        if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
            counters.truncated += 1;
            return;
        }
        let len = usize::try_from(header.msg_len).unwrap_or_default();
        let (Some(from), Some(bytes)) = (name.decode(), buffer.get_mut(..len)) else { return };
        for datagram in bytes.chunks_mut(said.segment_len.unwrap_or(len).max(1)) {
            counters.datagrams += 1;
            counters.bytes += u64::try_from(datagram.len()).unwrap_or_default();
            deliver(Incoming::Datagram(from, datagram));
        }
    }

    pub(in crate::io) fn counters(&self) -> &ReceiveCounters {
        &self.counters
    }

    /// Points each spent header at its own vector, name, control room and buffer. A call takes few of them.
    fn point(&mut self) {
        let buffers = self.buffers.chunks_mut(self.buffer_len);
        let rooms = self.names.iter_mut().zip(self.controls.iter_mut()).zip(buffers);
        let headers = self.headers.iter_mut().zip(self.vectors.iter_mut());
        for ((header, vector), ((name, control), buffer)) in headers.zip(rooms).take(self.spent) {
            *vector = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = std::ptr::from_mut(name).cast();
            header.msg_hdr.msg_namelen = RawAddress::MAX_LEN;
            control.attach_empty(&mut header.msg_hdr);
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        self.counters.calls += 1;
        let fd = self.socket.as_raw_fd();
        let count = libc::c_uint::try_from(BUFFERS).unwrap_or_default();
        // SAFETY: every header was pointed by `point` at boxed memory of `self`, which is exclusively borrowed through this call
        // and never moves, with its true lengths, which the kernel changes only in headers that it fills and `point` restores;
        // without a timeout that pointer may be null.
        let filled = check(unsafe {
            libc::recvmmsg(fd, self.headers.as_mut_ptr(), count, libc::MSG_DONTWAIT as _, std::ptr::null_mut())
        })?;
        Ok(usize::try_from(filled).unwrap_or_default())
    }
}

/// Headers that point nowhere.
const EMPTY_HEADERS: [libc::mmsghdr; BUFFERS] =
    // SAFETY: null pointers with zero lengths are a valid value of each.
    unsafe { std::mem::zeroed() };
