//! The floor of `forward`: each packet of a script opened, copied for each viewer and each copy sealed, with nothing around it.
//!
//! Owns keys and memory. It may also keep each packet, as a server that repairs loss must: for a second, in one ring for all.

use crate::packet_key::PacketKey;
use anyhow::{Context as _, Result};
use kenes_bench_shard::cipher::Cipher;
use kenes_bench_shard::script::{SLICE_DATAGRAMS, Script, Work};
use std::ops::Range;

/// RTP header with one word of extensions.
const HEADER_LEN: usize = 20;
const MAX_PACKET: usize = 1_500;
/// Memory that sent packets take in turn, as the shard's batch: emptied after each slice.
const SENT_BYTES: usize = 1 << 20;

pub(super) struct Floor {
    opening: Vec<PacketKey>,
    sealing: Vec<PacketKey>,
    work: Vec<Work>,
    /// Each packet sealed as its publisher would.
    sealed: Vec<Vec<u8>>,
    slices: Vec<Range<usize>>,
    received: Vec<[u8; MAX_PACKET]>,
    sent: Vec<u8>,
    kept: Option<Ring>,
}

struct Ring {
    bytes: Vec<u8>,
    next: usize,
}

impl Floor {
    /// `keeps`: each packet is also copied into memory for a second's.
    pub(super) fn new(cipher: Cipher, people: usize, script: &Script, keeps: bool) -> Result<Self> {
        let keys = || (0..people).map(|number| PacketKey::of_number(cipher, number)).collect::<Result<Vec<_>>>();
        let opening = keys()?;
        let mut sealed = Vec::with_capacity(script.work.len());
        for (number, work) in script.work.iter().enumerate() {
            let key = opening.get(work.publisher).context("a publisher without a key")?;
            let mut packet = vec![0x90; HEADER_LEN + work.payload_bytes + key.tag_len()];
            key.seal(iv(number), 0, HEADER_LEN, &mut packet)?;
            sealed.push(packet);
        }
        let second: usize = sealed.iter().map(Vec::len).sum();
        Ok(Self {
            opening,
            sealing: keys()?,
            work: script.work.clone(),
            sealed,
            slices: script.slices().iter().map(|slice| script.datagrams(slice)).collect(),
            received: vec![[0; MAX_PACKET]; SLICE_DATAGRAMS],
            sent: vec![0; SENT_BYTES],
            kept: keeps.then(|| Ring { bytes: vec![1; second], next: 0 }),
        })
    }

    pub(super) fn slices(&self) -> Vec<Range<usize>> {
        self.slices.clone()
    }

    /// Not measured, as with the shard: a socket fills hot buffers.
    pub(super) fn receive(&mut self, slice: &Range<usize>) {
        let packets = self.sealed.get(slice.clone()).unwrap_or_default();
        for (packet, buffer) in packets.iter().zip(&mut self.received) {
            buffer.iter_mut().zip(packet).for_each(|(to, from)| *to = *from);
        }
    }

    /// The measured part.
    #[inline(never)]
    pub(super) fn run_slice(&mut self, slice: &Range<usize>) -> Result<()> {
        let Self { opening, sealing, work, received, sent, kept, .. } = self;
        let works = work.get(slice.clone()).unwrap_or_default();
        let mut used = 0;
        for ((number, work), buffer) in slice.clone().zip(works).zip(received) {
            let key = opening.get(work.publisher).context("a publisher without a key")?;
            let len = HEADER_LEN + work.payload_bytes + key.tag_len();
            let packet = buffer.get_mut(..len).context("a packet larger than its buffer")?;
            if work.opens {
                key.open(iv(number), 0, HEADER_LEN, packet)?;
                if let Some(ring) = kept {
                    ring.keep(packet);
                }
            }
            for copy in 1..=work.copies {
                let key = sealing.get((work.publisher + copy) % sealing.len()).context("a viewer without a key")?;
                let room = sent.get_mut(used..used + len).context("more sent than a batch holds")?;
                room.copy_from_slice(packet);
                key.seal(iv(number), 0, HEADER_LEN, room)?;
                used += len;
            }
        }
        Ok(())
    }
}

impl Ring {
    fn keep(&mut self, packet: &[u8]) {
        if self.next + packet.len() > self.bytes.len() {
            self.next = 0;
        }
        if let Some(room) = self.bytes.get_mut(self.next..self.next + packet.len()) {
            room.copy_from_slice(packet);
        }
        self.next += packet.len();
    }
}

fn iv(number: usize) -> [u8; 16] {
    let mut iv = [0; 16];
    if let Some(counter) = iv.first_chunk_mut() {
        *counter = number.to_be_bytes();
    }
    iv
}
