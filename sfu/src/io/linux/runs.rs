//! In which order, and in which runs, a batch leaves through UDP segmentation offload.
//!
//! A run is one `sendmsg` that the kernel (or the network card) cuts back into datagrams: all of one size, but for the last
//! which may be shorter. A run therefore ends before a datagram that is larger than its first, after one that is smaller,
//! before an empty one, at [`MAX_SEGMENTS`], at [`MAX_RUN_BYTES`] and where the address changes. Packets of one frame come from
//! the shard in one size (`subscriber::evenness`). Nothing is ever reordered to lengthen a run: a destination's datagrams keep
//! their order, only destinations are brought together.

use crate::batch::SendBatch;
use std::net::SocketAddr;

/// Datagrams in one run (the kernel's `UDP_MAX_SEGMENTS` where it is smallest).
pub(super) const MAX_SEGMENTS: usize = 64;

/// The largest UDP payload in IPv4: a run is one such packet until it is cut (RFC 768, RFC 791 §3.1).
const MAX_RUN_BYTES: usize = 65_535 - 20 - 8;

pub(super) struct RunPlan {
    /// Destination and, in the low half, index in the batch, sorted: the index keeps each destination's order. One number, since
    /// numbers sort in a third of the time that pairs take.
    order: Vec<u64>,
    runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) to: SocketAddr,
    pub(super) count: usize,
    pub(super) bytes: usize,
    /// Size of every datagram but perhaps the last.
    pub(super) segment_len: usize,
}

impl RunPlan {
    pub(super) fn with_capacity(datagrams: usize) -> Self {
        Self { order: Vec::with_capacity(datagrams), runs: Vec::with_capacity(datagrams) }
    }

    /// Replaces the plan by one for `batch`. With `max_segments` 1 every datagram is a run of its own.
    pub(super) fn plan(&mut self, batch: &SendBatch, max_segments: usize) {
        self.order.clear();
        let places = batch.outgoing().zip(0_u32..);
        self.order.extend(places.map(|(datagram, index)| u64::from(datagram.destination) << 32 | u64::from(index)));
        self.order.sort_unstable();
        self.runs.clear();
        for place in &self.order {
            let Some(datagram) = batch.nth(index(*place)) else { continue };
            let len = datagram.bytes.len();
            match self.runs.last_mut() {
                Some(run) if run.takes(datagram.to, len, max_segments) => {
                    run.count += 1;
                    run.bytes += len;
                }
                _ => self.runs.push(Run { to: datagram.to, count: 1, bytes: len, segment_len: len }),
            }
        }
    }

    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The payloads of all runs, one run after the other.
    pub(super) fn payloads<'a>(&'a self, batch: &'a SendBatch) -> impl Iterator<Item = &'a [u8]> {
        self.order.iter().filter_map(|place| batch.nth(index(*place))).map(|datagram| datagram.bytes)
    }
}

fn index(place: u64) -> usize {
    usize::try_from(place & u64::from(u32::MAX)).unwrap_or(usize::MAX)
}

impl Run {
    fn takes(&self, to: SocketAddr, len: usize, max_segments: usize) -> bool {
        let all_equal_so_far = self.bytes == self.count * self.segment_len;
        all_equal_so_far
            && (1..=self.segment_len).contains(&len)
            && self.count < max_segments
            && self.bytes + len <= MAX_RUN_BYTES
            && self.to == to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// A batch of (destination, length); the first bytes of each datagram are its index.
    fn batch_of(datagrams: &[(u16, usize)]) -> SendBatch {
        let mut batch = SendBatch::with_capacity(1 << 20, 1_024);
        for (index, &(destination, len)) in datagrams.iter().enumerate() {
            let room = batch.reserve(len).unwrap();
            for (byte, tag) in room.iter_mut().zip(u32::try_from(index).unwrap().to_be_bytes()) {
                *byte = tag;
            }
            batch.commit(address(destination), u32::from(destination), len);
        }
        batch
    }

    fn shapes(datagrams: &[(u16, usize)], max_segments: usize) -> Vec<(u16, usize, usize)> {
        let mut plan = RunPlan::with_capacity(1_024);
        plan.plan(&batch_of(datagrams), max_segments);
        plan.runs().iter().map(|run| (run.to.port(), run.count, run.bytes)).collect()
    }

    #[test]
    fn interleaved_destinations_become_one_run_each() {
        assert_eq!(shapes(&[(2, 100), (1, 100), (2, 100), (1, 100)], 64), [(1, 2, 200), (2, 2, 200)]);
    }

    #[test]
    fn a_run_ends_after_a_smaller_datagram_and_before_a_larger_one() {
        let sizes = [(1, 100), (1, 100), (1, 60), (1, 60), (1, 61), (1, 61)];
        assert_eq!(shapes(&sizes, 64), [(1, 3, 260), (1, 1, 60), (1, 2, 122)]);
    }

    #[test]
    fn a_frame_in_packets_one_byte_apart_leaves_as_two_runs() {
        let frame = [(1, 1_100), (1, 1_100), (1, 1_101), (1, 1_101), (1, 1_101)];
        assert_eq!(shapes(&frame, 64), [(1, 2, 2_200), (1, 3, 3_303)]);
    }

    #[test]
    fn an_empty_datagram_is_a_run_of_its_own() {
        assert_eq!(shapes(&[(1, 5), (1, 0), (1, 0), (1, 5)], 64), [(1, 1, 5), (1, 1, 0), (1, 1, 0), (1, 1, 5)]);
    }

    #[test]
    fn a_run_has_at_most_64_datagrams_and_fits_one_ip_packet() {
        assert_eq!(shapes(&[(1, 10); 70], 64), [(1, 64, 640), (1, 6, 60)]);
        assert_eq!(shapes(&[(1, 1_500); 50], 64), [(1, 43, 64_500), (1, 7, 10_500)]);
    }

    #[test]
    fn without_segmentation_every_datagram_goes_alone() {
        assert_eq!(shapes(&[(1, 10), (1, 10)], 1), [(1, 1, 10), (1, 1, 10)]);
    }

    #[test]
    fn a_peer_that_moved_within_the_batch_gets_two_runs() {
        let mut batch = SendBatch::with_capacity(1_000, 10);
        for port in [5, 5, 6] {
            batch.reserve(10).unwrap();
            batch.commit(address(port), 1, 10);
        }
        let mut plan = RunPlan::with_capacity(10);
        plan.plan(&batch, 64);
        assert_eq!(plan.runs().iter().map(|run| (run.to.port(), run.count)).collect::<Vec<_>>(), [(5, 2), (6, 1)]);
    }

    #[test]
    fn each_destination_keeps_its_order() {
        let datagrams: Vec<_> = (0..200_u16).map(|index| (index * 7 % 5, 4 + usize::from(index % 3))).collect();
        let batch = batch_of(&datagrams);
        let mut plan = RunPlan::with_capacity(200);
        plan.plan(&batch, 64);
        let owners = plan.runs().iter().flat_map(|run| std::iter::repeat_n(run.to.port(), run.count));
        let mut last_of = [None; 5];
        for (payload, owner) in plan.payloads(&batch).zip(owners) {
            let index = u32::from_be_bytes(payload[..4].try_into().unwrap());
            let last = last_of[usize::from(owner)].replace(index);
            assert!(last < Some(index), "datagram {index} of {owner} after {last:?}");
        }
        assert_eq!(plan.payloads(&batch).count(), 200);
    }
}
