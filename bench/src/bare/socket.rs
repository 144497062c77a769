//! The bare forwarder's socket: recvmmsg with `UDP_GRO`, sendmmsg with `UDP_SEGMENT`. Owns the receive buffers.

use super::forwarder::Run;
use anyhow::{Context as _, Result};
use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, setsockopt, sockopt,
};
use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};

/// As in `sfu::io`: buffers of one call, each for what the kernel joins.
const BUFFERS: usize = 32;
const BUFFER_BYTES: usize = 65_536;
const SOCKET_BUFFER_BYTES: usize = 4 << 20;

pub(super) struct Socket {
    socket: UdpSocket,
    buffers: Vec<Vec<u8>>,
}

impl Socket {
    pub(super) fn bind(address: SocketAddr) -> Result<Self> {
        let socket = UdpSocket::bind(address).with_context(|| format!("cannot listen on {address}"))?;
        socket.set_nonblocking(true)?;
        setsockopt(&socket, sockopt::UdpGroSegment, &true).context("no UDP_GRO on this kernel")?;
        // The kernel grants what its limit allows.
        let _ = setsockopt(&socket, sockopt::RcvBuf, &SOCKET_BUFFER_BYTES);
        let _ = setsockopt(&socket, sockopt::SndBuf, &SOCKET_BUFFER_BYTES);
        Ok(Self { socket, buffers: vec![vec![0; BUFFER_BYTES]; BUFFERS] })
    }

    pub(super) fn local_addr(&self) -> Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }

    /// One call's worth: sender, bytes and the length of each datagram in them.
    pub(super) fn receive(&mut self, mut take: impl FnMut(SocketAddr, &mut [u8], usize)) -> Result<()> {
        // New each time: recvmmsg shortens what it finds in the headers.
        let mut headers: MultiHeaders<SockaddrIn> = MultiHeaders::preallocate(BUFFERS, Some(cmsg_space!(i32)));
        let mut told: [Option<(SocketAddr, usize, usize)>; BUFFERS] = [None; BUFFERS];
        {
            let mut buffers = self.buffers.iter_mut();
            let mut slices: [[IoSliceMut<'_>; 1]; BUFFERS] =
                std::array::from_fn(|_| [IoSliceMut::new(buffers.next().map(Vec::as_mut_slice).unwrap_or_default())]);
            let fd = self.socket.as_raw_fd();
            let messages = match recvmmsg(fd, &mut headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None) {
                Ok(messages) => messages,
                Err(Errno::EAGAIN | Errno::ECONNREFUSED) => return Ok(()),
                Err(error) => return Err(error).context("recvmmsg"),
            };
            for (message, place) in messages.zip(&mut told) {
                let mut segment = message.bytes;
                for control in message.cmsgs().into_iter().flatten() {
                    if let ControlMessageOwned::UdpGroSegments(bytes) = control {
                        segment = usize::try_from(bytes)?;
                    }
                }
                *place =
                    message.address.map(|from| (std::net::SocketAddrV4::from(from).into(), message.bytes, segment));
            }
        }
        for (buffer, (from, len, segment)) in self.buffers.iter_mut().zip(told.into_iter().flatten()) {
            take(from, buffer.get_mut(..len).unwrap_or_default(), segment.max(1));
        }
        Ok(())
    }

    /// One call for all runs of one segment size: the control message counts for a whole call. A full socket loses the rest, as it
    /// would lose it for anybody.
    pub(super) fn send(&self, mut runs: &[Run<'_>]) -> Result<()> {
        while let Some(first) = runs.first() {
            let len = runs.iter().take_while(|run| run.segment == first.segment).count();
            let (alike, rest) = runs.split_at_checked(len).unwrap_or((runs, &[]));
            let slices: Vec<[IoSlice<'_>; 1]> = alike.iter().map(|run| [IoSlice::new(run.bytes)]).collect();
            let addresses: Vec<Option<SockaddrIn>> = alike.iter().map(|run| address(run.to)).collect();
            let segment = u16::try_from(first.segment)?;
            let has_runs = alike.iter().any(|run| run.bytes.len() > run.segment);
            let gso = [ControlMessage::UdpGsoSegments(&segment)];
            let control = if has_runs { gso.as_slice() } else { &[] };
            let space = has_runs.then(|| cmsg_space!(u16));
            let mut headers = MultiHeaders::preallocate(alike.len(), space);
            let fd = self.socket.as_raw_fd();
            match sendmmsg(fd, &mut headers, &slices, &addresses, control, MsgFlags::MSG_DONTWAIT) {
                Ok(_) | Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ECONNREFUSED) => {}
                Err(error) => return Err(error).context("sendmmsg"),
            }
            runs = rest;
        }
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Loads run over IPv4.
fn address(to: SocketAddr) -> Option<SockaddrIn> {
    match to {
        SocketAddr::V4(to) => Some(to.into()),
        SocketAddr::V6(_) => None,
    }
}
