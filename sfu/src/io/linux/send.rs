//! Sending a whole batch in few calls (sendmmsg), a destination's equal datagrams as one (`UDP_SEGMENT`).
//!
//! Owns the plan and the headers, allocated once. Never waits: what the kernel does not take at once is lost and counted,
//! because by the next turn it would be late. Must not reorder a destination's datagrams.

use super::address::RawAddress;
use super::control::ControlBuffer;
use super::runs::{MAX_SEGMENTS, Run, RunPlan};
use super::{check, set_option};
use crate::batch::SendBatch;
use crate::io::counters::SendCounters;
use crate::io::portable;
use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

/// Runs refused in a row (EINVAL, EMSGSIZE: one route with a small MTU, or a driver that cannot) after which segmentation
/// stays off. EIO, the kernel's word that the device cannot checksum segments, turns it off at once.
const REFUSALS_UNTIL_OFF: u32 = 64;

pub(in crate::io) struct BatchedSender {
    socket: UdpSocket,
    ipv6: bool,
    segmentation: bool,
    refusals_in_a_row: u32,
    plan: RunPlan,
    names: Box<[RawAddress]>,
    controls: Box<[ControlBuffer]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    counters: SendCounters,
}

impl BatchedSender {
    /// For batches of up to `max_datagrams`. `gso` says whether to ask for segmentation; a kernel that does not know it is
    /// sent single datagrams.
    pub(in crate::io) fn new(socket: UdpSocket, gso: bool, max_datagrams: usize) -> io::Result<Self> {
        // A segment size of 0 changes nothing and fails where the option is unknown.
        let segmentation = gso && set_option(&socket, libc::SOL_UDP, libc::UDP_SEGMENT, 0).is_ok();
        // SAFETY: null pointers with zero lengths are a valid header.
        let header: libc::mmsghdr = unsafe { std::mem::zeroed() };
        let vector = libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 };
        Ok(Self {
            ipv6: socket.local_addr()?.is_ipv6(),
            socket,
            segmentation,
            refusals_in_a_row: 0,
            plan: RunPlan::with_capacity(max_datagrams),
            names: vec![RawAddress::EMPTY; max_datagrams].into_boxed_slice(),
            controls: vec![ControlBuffer::EMPTY; max_datagrams].into_boxed_slice(),
            vectors: vec![vector; max_datagrams].into_boxed_slice(),
            headers: vec![header; max_datagrams].into_boxed_slice(),
            counters: SendCounters::default(),
        })
    }

    pub(in crate::io) fn send_batch(&mut self, batch: &SendBatch) {
        self.plan.plan(batch, if self.segmentation { MAX_SEGMENTS } else { 1 });
        self.point(batch);
        let mut next = 0;
        let mut payload = 0;
        while next < self.plan.runs().len() {
            match self.submit(next) {
                Ok(sent) => {
                    for run in self.plan.runs().iter().skip(next).take(sent) {
                        self.counters.count(run);
                        payload += run.count;
                        self.refusals_in_a_row = if run.count > 1 { 0 } else { self.refusals_in_a_row };
                    }
                    next += sent;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let lost = batch.len() - payload;
                    self.counters.buffer_full += u64::try_from(lost).unwrap_or_default();
                    return;
                }
                Err(error) => {
                    payload += self.refused(batch, next, payload, &error);
                    next += 1;
                }
            }
        }
    }

    pub(in crate::io) fn counters(&self) -> &SendCounters {
        &self.counters
    }

    /// Points one header at each run's address, payloads and, if it is to be cut, its segment size.
    fn point(&mut self, batch: &SendBatch) {
        for (vector, payload) in self.vectors.iter_mut().zip(self.plan.payloads(batch)) {
            *vector = libc::iovec { iov_base: payload.as_ptr().cast_mut().cast(), iov_len: payload.len() };
        }
        let mut vectors = &mut *self.vectors;
        let rooms = self.headers.iter_mut().zip(self.names.iter_mut()).zip(self.controls.iter_mut());
        for (run, ((header, name), control)) in self.plan.runs().iter().zip(rooms) {
            let Some(of_run) = vectors.split_off_mut(..run.count) else { return };
            *name = RawAddress::encode(run.to, self.ipv6);
            let header = &mut header.msg_hdr;
            header.msg_namelen = name.len();
            header.msg_name = std::ptr::from_mut(name).cast();
            header.msg_iov = of_run.as_mut_ptr();
            header.msg_iovlen = run.count as _;
            header.msg_control = std::ptr::null_mut();
            header.msg_controllen = 0;
            // A run's segments are at most 64 KiB together, so each size fits.
            if let (2.., Ok(segment_len)) = (run.count, u16::try_from(run.segment_len)) {
                control.attach_segment_len(header, segment_len);
            }
        }
    }

    /// Offers the kernel all runs from the `next`th on; how many it took, at least one.
    fn submit(&mut self, next: usize) -> io::Result<usize> {
        let planned = self.plan.runs().len();
        let Some(headers) = self.headers.get_mut(next..planned) else { return Ok(planned - next) };
        let count = libc::c_uint::try_from(headers.len()).unwrap_or(MAX_MESSAGES).min(MAX_MESSAGES);
        self.counters.calls += 1;
        // SAFETY: `send_batch` has pointed these headers, through `point`, at the batch it still borrows and at vectors,
        // names and controls of `self` that nothing has touched since, each with its true length. The kernel only reads
        // what they point at and writes `msg_len` of the headers themselves, which we borrow mutably.
        let sent = check(unsafe {
            libc::sendmmsg(self.socket.as_raw_fd(), headers.as_mut_ptr(), count, libc::MSG_DONTWAIT as _)
        })?;
        Ok(usize::try_from(sent).unwrap_or_default().max(1))
    }

    /// The kernel has refused the `next`th run, whose payloads begin at `payload`: a segmented one goes out datagram by
    /// datagram, a single one is lost. Returns the run's datagrams.
    fn refused(&mut self, batch: &SendBatch, next: usize, payload: usize, error: &io::Error) -> usize {
        let Some(run) = self.plan.runs().get(next).copied() else { return 0 };
        if run.count == 1 {
            self.counters.errors += 1;
            return 1;
        }
        self.counters.segmentation_refused += 1;
        self.refusals_in_a_row += 1;
        if error.raw_os_error() == Some(libc::EIO) || self.refusals_in_a_row >= REFUSALS_UNTIL_OFF {
            tracing::warn!(%error, "UDP segmentation offload does not work here and stays off");
            self.segmentation = false;
        }
        for payload in self.plan.payloads(batch).skip(payload).take(run.count) {
            portable::send_one(&self.socket, self.ipv6, run.to, payload, &mut self.counters);
        }
        run.count
    }
}

/// Messages that one sendmmsg takes (`UIO_MAXIOV`).
const MAX_MESSAGES: libc::c_uint = 1_024;

impl SendCounters {
    fn count(&mut self, run: &Run) {
        let datagrams = u64::try_from(run.count).unwrap_or_default();
        self.datagrams += datagrams;
        self.bytes += u64::try_from(run.bytes).unwrap_or_default();
        self.segmented += if run.count > 1 { datagrams } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn frame(to: std::net::SocketAddr, packets: usize) -> SendBatch {
        let mut batch = SendBatch::with_capacity(1 << 20, 1_024);
        for _ in 0..packets {
            batch.reserve(1_000).unwrap();
            batch.commit(to, 0, 1_000);
        }
        batch
    }

    /// A sender on a socket without UDP checksums: the kernel refuses to segment on it, as it does for some devices.
    fn sender_that_cannot_segment() -> BatchedSender {
        let socket = super::super::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        set_option(&socket, libc::SOL_SOCKET, libc::SO_NO_CHECK, 1).unwrap();
        BatchedSender::new(socket, true, 1_024).unwrap()
    }

    #[test]
    fn a_refused_run_goes_out_datagram_by_datagram() {
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut sender = sender_that_cannot_segment();
        sender.send_batch(&frame(peer.local_addr().unwrap(), 70));
        for _ in 0..70 {
            assert_eq!(peer.recv_from(&mut [0; 2_000]).unwrap().0, 1_000);
        }
        assert_eq!((sender.counters.datagrams, sender.counters.errors), (70, 0));
        assert_eq!((sender.counters.segmentation_refused, sender.counters.segmented), (2, 0));
    }

    #[test]
    fn segmentation_that_is_always_refused_is_given_up() {
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut sender = sender_that_cannot_segment();
        let batch = frame(peer.local_addr().unwrap(), 2);
        for _ in 0..REFUSALS_UNTIL_OFF + 5 {
            sender.send_batch(&batch);
        }
        assert_eq!(sender.counters.segmentation_refused, u64::from(REFUSALS_UNTIL_OFF));
        assert_eq!(sender.counters.datagrams, u64::from(REFUSALS_UNTIL_OFF + 5) * 2);
    }
}
