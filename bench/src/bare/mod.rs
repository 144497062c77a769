//! `bare`: the floor of a whole process. Receives, opens, seals and sends by a table that others make: no ICE, no DTLS, no rooms,
//! no repair, no reports, nothing kept.
//!
//! Owns the socket and the loop. Orders come as lines of JSON on standard input, since loads grow while it runs; everything else
//! about a turn is one poll, one recvmmsg (GRO) and as few sendmmsg (GSO) as there are packet sizes.

mod forwarder;
mod socket;
pub mod table;

use anyhow::{Context as _, Result};
use clap::Args;
use forwarder::Forwarder;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket::Socket;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use table::Order;

#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where to receive; port 0 takes any, and the line `ready ADDRESS` on standard output says which.
    #[arg(long)]
    pub listen: SocketAddr,
}

/// Until standard input ends.
pub fn run(options: &Options) -> Result<()> {
    let mut socket = Socket::bind(options.listen)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready {}", socket.local_addr()?)?;
    out.flush()?;
    let mut forwarder = Forwarder::default();
    let mut orders = Orders::default();
    loop {
        let (has_packets, has_orders) = {
            let stdin = std::io::stdin();
            let mut waiting =
                [PollFd::new(socket.as_fd(), PollFlags::POLLIN), PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
            poll(&mut waiting, PollTimeout::NONE).context("poll")?;
            let [packets, orders] = waiting;
            (packets.any().unwrap_or(false), orders.any().unwrap_or(false))
        };
        if has_orders && !orders.read(&mut forwarder)? {
            return Ok(());
        }
        if has_packets {
            socket.receive(|from, bytes, segment| forwarder.take(from, bytes, segment))?;
            forwarder.send(|runs| socket.send(runs))?;
        }
    }
}

/// Standard input, which may break off inside a line.
#[derive(Default)]
struct Orders {
    begun: Vec<u8>,
}

impl Orders {
    /// False when there will be no more.
    fn read(&mut self, forwarder: &mut Forwarder) -> Result<bool> {
        let mut buffer = [0; 65_536];
        // The descriptor itself: a buffering reader would hide lines from poll.
        let len = std::fs::File::from(std::io::stdin().as_fd().try_clone_to_owned()?).read(&mut buffer)?;
        self.begun.extend_from_slice(buffer.get(..len).unwrap_or_default());
        while let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.begun.drain(..=end).collect();
            let order: Order = serde_json::from_slice(&line).context("an order that is none")?;
            forwarder.table.obey(order)?;
        }
        Ok(len > 0)
    }
}
