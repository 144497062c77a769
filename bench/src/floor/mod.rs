//! `floor`: what a packet costs on this machine below any code of ours: the socket, the crypto, the copy.
//!
//! Every performance figure of Kenes is a multiple of these, taken in the same run. Holds nothing between rows.

mod socket;

use crate::crypto::Operation;
use crate::measure::{Case, Cost, compare};
use crate::packet_key::PacketKey;
use crate::report::Table;
use anyhow::Result;
use kenes_bench_shard::cipher::Cipher;
use serde::{Deserialize, Serialize};
use std::hint::black_box;

/// Payload of the packets, the common size of video.
pub const PAYLOAD_BYTES: usize = 1_100;
/// RTP header with one extension element.
const HEADER_BYTES: usize = 20;

#[derive(Debug, Serialize, Deserialize)]
pub struct FloorReport {
    pub rows: Vec<Row>,
}

/// CPU time of one packet.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    pub what: String,
    pub cost: Cost,
}

pub fn run() -> Result<FloorReport> {
    let mut rows = packet_rows()?;
    rows.extend(socket::rows()?);
    Ok(FloorReport { rows })
}

/// Crypto and copy of one packet of [`PAYLOAD_BYTES`].
fn packet_rows() -> Result<Vec<Row>> {
    let mut operations: Vec<(String, Operation)> = Vec::new();
    for cipher in Cipher::ALL {
        operations.push((format!("open, {} (with the copy)", cipher.name()), open(cipher)?));
        operations.push((format!("seal, {}", cipher.name()), seal(cipher)?));
    }
    operations.push(("copy, hot".to_owned(), copy(1)));
    operations.push(("copy, from 4 MiB of packets".to_owned(), copy(4 * 1_024 * 1_024 / PAYLOAD_BYTES)));
    let (names, runs): (Vec<String>, Vec<Operation>) = operations.into_iter().unzip();
    let mut cases: Vec<Case<'_>> = names.iter().zip(runs).map(|(name, run)| Case::new(name, 1, run)).collect();
    let costs = compare(&mut cases)?;
    Ok(names.into_iter().zip(costs).map(|(what, cost)| Row { what, cost }).collect())
}

fn packet(key: &PacketKey) -> Vec<u8> {
    vec![0x90; HEADER_BYTES + PAYLOAD_BYTES + key.tag_len()]
}

fn seal(cipher: Cipher) -> Result<Operation> {
    let key = PacketKey::of_number(cipher, 1)?;
    let mut packet = packet(&key);
    let mut number = 0_u64;
    Ok(Box::new(move || {
        number += 1;
        let mut iv = [0; 16];
        if let Some(counter) = iv.first_chunk_mut() {
            *counter = number.to_be_bytes();
        }
        key.seal(iv, 0, HEADER_BYTES, &mut packet)?;
        black_box(&packet);
        Ok(())
    }))
}

fn open(cipher: Cipher) -> Result<Operation> {
    let key = PacketKey::of_number(cipher, 1)?;
    let mut sealed = packet(&key);
    key.seal([1; 16], 0, HEADER_BYTES, &mut sealed)?;
    let mut packet = sealed.clone();
    Ok(Box::new(move || {
        packet.copy_from_slice(&sealed);
        key.open([1; 16], 0, HEADER_BYTES, &mut packet)?;
        black_box(&packet);
        Ok(())
    }))
}

/// Copies one packet after the other out of an arena of `packets`.
fn copy(packets: usize) -> Operation {
    let arena = vec![1_u8; packets * PAYLOAD_BYTES];
    let mut target = [0; PAYLOAD_BYTES];
    let mut next = 0;
    Box::new(move || {
        if let Some(packet) = arena.chunks_exact(PAYLOAD_BYTES).nth(next) {
            target.copy_from_slice(packet);
        }
        next = (next + 1) % packets;
        black_box(&target);
        Ok(())
    })
}

impl FloorReport {
    #[must_use]
    pub fn render(&self) -> String {
        let title = format!("floor, CPU time of one packet ({PAYLOAD_BYTES} bytes of payload)");
        let mut table = Table::new(title, &["what", "median us", "best us"]);
        for row in &self.rows {
            let micros = |ns: f64| format!("{:.3}", ns / 1_000.0);
            table.row([row.what.clone(), micros(row.cost.median_ns), micros(row.cost.best_ns)]);
        }
        let text = table.render();
        format!("{text}\nOn loopback the sender pays for the receiver's softirq too.\n")
    }
}
