//! Many datagrams a system call, from and to connected sockets, with the kernel's time of each arrival.
//!
//! Owns the buffers. No UDP_SEGMENT: a run of segments can reach a server whole, as no packets of browsers across a network do, and
//! would make its receiving look cheaper than it is.

use super::outbound::Batch;
use crate::clock;
use nix::cmsg_space;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg};
use nix::sys::time::TimeSpec;
use std::io::{IoSlice, IoSliceMut};
use std::net::UdpSocket;
use std::os::fd::{AsRawFd as _, RawFd};
use std::time::Duration;

const BATCH: usize = 32;
const DATAGRAM: usize = 1_600;
/// Bursts of one socket before the others get their turn.
const MAX_BURSTS: usize = 8;

pub(super) struct Sender {
    headers: MultiHeaders<SockaddrIn>,
}

impl Default for Sender {
    fn default() -> Self {
        Self { headers: MultiHeaders::preallocate(BATCH, None) }
    }
}

impl Sender {
    /// How many packets the socket took.
    pub(super) fn send(&mut self, socket: &UdpSocket, batch: &Batch) -> usize {
        let mut packets = batch.packets();
        if batch.len() == 1 {
            return packets.filter(|packet| socket.send(packet).is_ok()).count();
        }
        let mut sent = 0;
        loop {
            let mut count = 0;
            let slices = [(); BATCH].map(|()| {
                let packet = packets.next();
                count += usize::from(packet.is_some());
                [IoSlice::new(packet.unwrap_or_default())]
            });
            if count == 0 {
                return sent;
            }
            let connected: [Option<SockaddrIn>; BATCH] = [None; BATCH];
            let nothing: [ControlMessage<'_>; 0] = [];
            let slices = slices.iter().take(count);
            let addresses = connected.get(..count).unwrap_or_default();
            let results =
                sendmmsg(socket.as_raw_fd(), &mut self.headers, slices, addresses, nothing, MsgFlags::MSG_DONTWAIT);
            sent += results.map_or(0, Iterator::count);
        }
    }
}

pub(super) struct Receiver {
    headers: MultiHeaders<SockaddrIn>,
    buffers: Box<[[u8; DATAGRAM]; BATCH]>,
}

impl Default for Receiver {
    fn default() -> Self {
        let control = cmsg_space!(TimeSpec, u32);
        Self { headers: MultiHeaders::preallocate(BATCH, Some(control)), buffers: Box::new([[0; DATAGRAM]; BATCH]) }
    }
}

impl Receiver {
    /// Hands over what has arrived, with its time on the wall clock; the kernel's count of what this socket ever dropped, if it said.
    pub(super) fn drain(&mut self, socket: RawFd, mut take: impl FnMut(&mut [u8], u64)) -> Option<u32> {
        let mut dropped = None;
        for _ in 0..MAX_BURSTS {
            let mut arrived = [(0, 0); BATCH];
            let mut slices = self.buffers.each_mut().map(|buffer| [IoSliceMut::new(buffer)]);
            let flags = MsgFlags::MSG_DONTWAIT;
            let Ok(messages) = recvmmsg(socket, &mut self.headers, slices.iter_mut(), flags, None) else {
                break;
            };
            let mut count = 0;
            for (message, place) in messages.zip(&mut arrived) {
                let mut unix_ns = None;
                for control in message.cmsgs().into_iter().flatten() {
                    match control {
                        ControlMessageOwned::ScmTimestampns(at) => {
                            unix_ns = u64::try_from(Duration::from(at).as_nanos()).ok();
                        }
                        ControlMessageOwned::RxqOvfl(total) => dropped = Some(total),
                        _ => {}
                    }
                }
                *place = (message.bytes, unix_ns.unwrap_or_else(clock::unix_ns));
                count += 1;
            }
            for (buffer, (len, unix_ns)) in self.buffers.iter_mut().zip(arrived).take(count) {
                take(buffer.get_mut(..len).unwrap_or_default(), unix_ns);
            }
            if count < BATCH {
                break;
            }
        }
        dropped
    }
}
