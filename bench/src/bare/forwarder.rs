//! What the bare forwarder does with packets: open, copy and seal for each receiver. Owns the memory of what goes out.

use super::table::Table;
use crate::packet_key::PacketKey;
use anyhow::Result;
use std::net::SocketAddr;

/// What one turn may make: its 32 buffers of joined datagrams to a few receivers each.
const SENT_BYTES: usize = 16 << 20;
/// Segments that the kernel takes in one send (UDP_MAX_SEGMENTS).
const MAX_SEGMENTS: usize = 64;
/// And bytes: what a UDP datagram carries.
const MAX_RUN_BYTES: usize = 65_000;
const FIXED_HEADER: usize = 12;

pub(super) struct Forwarder {
    pub(super) table: Table,
    sent: Vec<u8>,
    used: usize,
    runs: Vec<Entry>,
    /// Of the buffer in hand.
    opened: Vec<Opened>,
}

/// Datagrams to one address, each as long as the first but for the last.
struct Entry {
    to: usize,
    start: usize,
    end: usize,
    segment: usize,
}

/// The same with its bytes, for the socket.
pub(super) struct Run<'a> {
    pub(super) to: SocketAddr,
    pub(super) segment: usize,
    pub(super) bytes: &'a [u8],
}

struct Opened {
    start: usize,
    end: usize,
    header_len: usize,
    ssrc: u32,
    number: u64,
}

impl Default for Forwarder {
    fn default() -> Self {
        Self { table: Table::default(), sent: vec![0; SENT_BYTES], used: 0, runs: Vec::new(), opened: Vec::new() }
    }
}

impl Forwarder {
    /// Datagrams of one sender, joined by the kernel.
    pub(super) fn take(&mut self, from: SocketAddr, bytes: &mut [u8], segment: usize) {
        let Some(from) = self.table.at(from) else { return };
        self.opened.clear();
        let mut start = 0;
        while start < bytes.len() {
            let end = (start + segment).min(bytes.len());
            let packet = bytes.get_mut(start..end).unwrap_or_default();
            if let Some((header_len, ssrc, number)) = open(&mut self.table, from, packet) {
                self.opened.push(Opened { start, end, header_len, ssrc, number });
            }
            start = end;
        }
        let mut rest = self.opened.as_slice();
        while let Some(first) = rest.first() {
            let len = rest.iter().take_while(|packet| packet.ssrc == first.ssrc).count();
            let (group, others) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            for to in self.table.receivers(from, first.ssrc) {
                let Some(receiver) = self.table.connection(*to) else { continue };
                for packet in group {
                    let plain = bytes.get(packet.start..packet.end).unwrap_or_default();
                    let Some(room) = self.sent.get_mut(self.used..self.used + plain.len()) else { return };
                    room.copy_from_slice(plain);
                    let iv = receiver.seals.iv(packet.ssrc, packet.number);
                    if receiver.seals.key.seal(iv, rollover(packet.number), packet.header_len, room).is_ok() {
                        append(&mut self.runs, *to, self.used, plain.len());
                        self.used += plain.len();
                    }
                }
            }
            rest = others;
        }
    }

    /// What the turn made, runs of one size together.
    pub(super) fn send(&mut self, send: impl FnOnce(&[Run<'_>]) -> Result<()>) -> Result<()> {
        self.runs.sort_by_key(|run| run.segment);
        let runs = self.runs.iter().filter_map(|run| {
            let bytes = self.sent.get(run.start..run.end)?;
            Some(Run { to: self.table.connection(run.to)?.address, segment: run.segment, bytes })
        });
        let runs: Vec<Run<'_>> = runs.collect();
        send(&runs)?;
        self.runs.clear();
        self.used = 0;
        Ok(())
    }
}

/// Opens a media packet in place; everything else is nobody's.
fn open(table: &mut Table, from: usize, packet: &mut [u8]) -> Option<(usize, u32, u64)> {
    let [flags, kind, s0, s1, _, _, _, _, a, b, c, d] = *packet.first_chunk::<FIXED_HEADER>()?;
    // RFC 5761 §4: RTCP, and what is no RTP at all.
    if flags >> 6 != 2 || (192..=223).contains(&kind) {
        return None;
    }
    let mut header_len = FIXED_HEADER + 4 * usize::from(flags & 0x0f);
    if flags & 0x10 != 0 {
        let [_, _, high, low] = *packet.get(header_len..)?.first_chunk::<4>()?;
        header_len += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
    }
    let ssrc = u32::from_be_bytes([a, b, c, d]);
    let number = table.number(from, ssrc, u16::from_be_bytes([s0, s1]))?;
    let opens = &table.connection(from)?.opens;
    let key: &PacketKey = &opens.key;
    key.open(opens.iv(ssrc, number), rollover(number), header_len, packet).ok()?;
    Some((header_len, ssrc, number))
}

/// Continues the last run where the kernel takes it as one.
fn append(runs: &mut Vec<Entry>, to: usize, start: usize, len: usize) {
    if let Some(run) = runs.last_mut() {
        let (whole, bytes) = (run.end - run.start, run.end - run.start + len);
        let continues = run.to == to && run.end == start && len <= run.segment && whole.is_multiple_of(run.segment);
        if continues && whole / run.segment < MAX_SEGMENTS && bytes <= MAX_RUN_BYTES {
            run.end += len;
            return;
        }
    }
    runs.push(Entry { to, start, end: start + len, segment: len });
}

fn rollover(number: u64) -> u32 {
    u32::try_from(number >> 16).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::table::Order;
    use super::*;
    use kenes_sfu::ids::Ssrc;
    use kenes_sfu::rtp::header::RtpHeader;
    use kenes_sfu::rtp::sequence::ExtendedSeq;
    use kenes_sfu::transport::srtp::{SrtpProfile, SrtpReceiver, SrtpSender, from_keying_material};

    fn client(forwarder: &mut Forwarder, port: u16) -> (SocketAddr, SrtpReceiver, SrtpSender) {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let [_, byte] = port.to_be_bytes();
        let material = [byte; 56];
        let hex = material.map(|byte| format!("{byte:02x}")).concat();
        forwarder.table.obey(Order::Connection { address, material: hex }).unwrap();
        let (receiver, sender) = from_keying_material(SrtpProfile::AeadAes128Gcm, &material, true).unwrap();
        (address, receiver, sender)
    }

    /// Three packets as the kernel joins them, the last one shorter.
    fn joined(sender: &SrtpSender) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (sequence, payload) in [(65_535_u64, 100), (65_536, 100), (65_537, 60)] {
            let [.., high, low] = sequence.to_be_bytes();
            let mut packet = vec![0x80, 96, high, low, 0, 0, 0, 1, 0, 0, 0, 9];
            packet.resize(12 + payload + 16, 7);
            sender.protect_rtp(&mut packet, 12, 12 + payload, Ssrc(9), ExtendedSeq(sequence)).unwrap();
            bytes.extend(packet);
        }
        bytes
    }

    #[test]
    fn joined_packets_leave_as_one_run_that_the_receiver_can_open_past_a_rollover() {
        let mut forwarder = Forwarder::default();
        let (from, _, sender) = client(&mut forwarder, 1_001);
        let (to, mut receiver, _) = client(&mut forwarder, 1_002);
        forwarder.table.obey(Order::Route { from, ssrc: 9, to }).unwrap();
        forwarder.take(from, &mut joined(&sender), 128);
        let mut sent = Vec::new();
        let note = |runs: &[Run<'_>]| {
            sent.extend(runs.iter().map(|run| (run.to, run.segment, run.bytes.to_vec())));
            Ok(())
        };
        forwarder.send(note).unwrap();
        let [(address, segment, bytes)] = sent.as_mut_slice() else { panic!("{} runs", sent.len()) };
        assert_eq!((*address, *segment), (to, 128));
        for packet in bytes.chunks_mut(128) {
            let header = RtpHeader::parse(packet).unwrap();
            let len = receiver.unprotect_rtp(packet, &header).unwrap().len;
            assert!(packet[12..len].iter().all(|byte| *byte == 7));
        }
    }

    #[test]
    fn a_packet_without_a_route_or_with_a_broken_tag_goes_nowhere() {
        let mut forwarder = Forwarder::default();
        let (from, _, sender) = client(&mut forwarder, 1_001);
        let (to, ..) = client(&mut forwarder, 1_002);
        forwarder.take(from, &mut joined(&sender), 128);
        forwarder.table.obey(Order::Route { from, ssrc: 9, to }).unwrap();
        let mut broken = joined(&sender);
        broken.iter_mut().for_each(|byte| *byte ^= 0x20);
        forwarder.take(from, &mut broken, 128);
        let mut runs = 0;
        forwarder
            .send(|sent| {
                runs = sent.len();
                Ok(())
            })
            .unwrap();
        assert_eq!(runs, 0);
    }
}
