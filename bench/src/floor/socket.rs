//! The sockets' part of the floor: each way to receive and to send a datagram, over loopback, one syscall shape a row.
//!
//! Owns the sockets of one run. Linux only, as `sfu::io`'s fast path is.

use super::Row;
use crate::measure::after_preparation;
use anyhow::{Context as _, Result, ensure};
use nix::sys::socket::{
    ControlMessage, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, sendmsg, setsockopt, sockopt,
};
use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;

/// RTP header, 1,100 bytes of payload, the tag and room for extensions: the datagram of the figures in `media.md`.
const DATAGRAM: usize = 1_148;
/// Datagrams of one syscall.
const BATCH: usize = 32;
/// Datagrams of one turn: what a socket's default buffer holds.
const BURST: usize = 3 * BATCH;
/// Segments of one GSO run; all divide the burst.
const SEGMENTS: [usize; 5] = [1, 2, 4, 8, 16];
/// Of the runs that are received.
const RECEIVED_SEGMENTS: usize = 8;
const OPERATIONS: u32 = 96;

pub(super) fn rows() -> Result<Vec<Row>> {
    let receiver = socket()?;
    let sender = socket()?;
    let to = receiver.local_addr()?;
    let receivers: Vec<UdpSocket> = (0..BATCH).map(|_| socket()).collect::<Result<_>>()?;
    let gro = socket()?;
    setsockopt(&gro, sockopt::UdpGroSegment, &true).context("no UDP_GRO on this kernel")?;
    let gro_to = gro.local_addr()?;

    let fill = || send_each(&sender, to, BURST);
    let row = |what: &str, cost| Row { what: what.to_owned(), cost };
    let mut rows = vec![
        row("recvfrom", after_preparation(OPERATIONS, fill, || receive_each(&receiver, BURST))?),
        row("recvmmsg of 32", after_preparation(OPERATIONS, fill, || receive_batches(&receiver))?),
        row(
            "recv with UDP_GRO, runs of 8",
            after_preparation(OPERATIONS, || send_runs(&sender, gro_to, RECEIVED_SEGMENTS), || receive_runs(&gro))?,
        ),
        row("sendto", after_preparation(OPERATIONS, || drain(&receiver), || send_each(&sender, to, BURST))?),
        row(
            "sendmmsg of 32 to 32 destinations",
            after_preparation(
                OPERATIONS,
                || receivers.iter().try_for_each(drain),
                || send_batches(&sender, &receivers),
            )?,
        ),
    ];
    for segments in SEGMENTS {
        let cost = after_preparation(OPERATIONS, || drain(&receiver), || send_runs(&sender, to, segments))?;
        rows.push(row(&format!("sendmsg with UDP_SEGMENT, runs of {segments}"), cost));
    }
    Ok(rows)
}

fn socket() -> Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_nonblocking(true)?;
    // The kernel grants what its limit allows; a burst fits the default too.
    let _ = setsockopt(&socket, sockopt::RcvBuf, &(1 << 20));
    Ok(socket)
}

fn drain(socket: &UdpSocket) -> Result<()> {
    let mut buffer = [0; 65_536];
    while socket.recv(&mut buffer).is_ok() {}
    Ok(())
}

fn send_each(sender: &UdpSocket, to: SocketAddr, count: usize) -> Result<()> {
    for _ in 0..count {
        sender.send_to(&[1; DATAGRAM], to)?;
    }
    Ok(())
}

fn receive_each(receiver: &UdpSocket, count: usize) -> Result<()> {
    let mut buffer = [0; 1_500];
    for _ in 0..count {
        receiver.recv_from(&mut buffer).context("the burst did not arrive whole")?;
    }
    Ok(())
}

fn receive_batches(receiver: &UdpSocket) -> Result<()> {
    let mut headers: MultiHeaders<SockaddrIn> = MultiHeaders::preallocate(BATCH, None);
    let mut buffers = [[0; 1_500]; BATCH];
    let mut received = 0;
    while received < BURST {
        let mut slices = buffers.each_mut().map(|buffer| [IoSliceMut::new(buffer)]);
        let messages = recvmmsg(receiver.as_raw_fd(), &mut headers, slices.iter_mut(), MsgFlags::empty(), None);
        received += messages.context("the burst did not arrive whole")?.count();
    }
    Ok(())
}

/// Each datagram of a batch to another socket.
fn send_batches(sender: &UdpSocket, receivers: &[UdpSocket]) -> Result<()> {
    let addresses = receivers.iter().map(|receiver| Ok(Some(sockaddr(receiver.local_addr()?)?)));
    let addresses: Vec<Option<SockaddrIn>> = addresses.collect::<Result<_>>()?;
    let payload = [1; DATAGRAM];
    for _ in 0..BURST / BATCH {
        let mut headers = MultiHeaders::preallocate(BATCH, None);
        let slices = [[IoSlice::new(&payload)]; BATCH];
        let no_control: [ControlMessage<'_>; 0] = [];
        let sent = sendmmsg(sender.as_raw_fd(), &mut headers, &slices, &addresses, no_control, MsgFlags::empty())?;
        ensure!(sent.count() == BATCH, "sendmmsg sent less than its batch");
    }
    Ok(())
}

/// Runs of so many datagrams in one send each.
fn send_runs(sender: &UdpSocket, to: SocketAddr, segments: usize) -> Result<()> {
    let run = vec![1; DATAGRAM * segments];
    let segment = u16::try_from(DATAGRAM)?;
    let to = sockaddr(to)?;
    for _ in 0..BURST / segments {
        let control = [ControlMessage::UdpGsoSegments(&segment)];
        sendmsg(sender.as_raw_fd(), &[IoSlice::new(&run)], &control, MsgFlags::empty(), Some(&to))
            .context("no UDP_SEGMENT on this kernel")?;
    }
    Ok(())
}

fn receive_runs(receiver: &UdpSocket) -> Result<()> {
    let mut buffer = [0; 65_536];
    let mut received = 0;
    while received < BURST * DATAGRAM {
        received += receiver.recv(&mut buffer).context("the runs did not arrive whole")?;
    }
    Ok(())
}

fn sockaddr(address: SocketAddr) -> Result<SockaddrIn> {
    match address {
        SocketAddr::V4(address) => Ok(address.into()),
        SocketAddr::V6(_) => anyhow::bail!("the floor is measured over IPv4"),
    }
}
