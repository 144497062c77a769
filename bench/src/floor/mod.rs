//! `floor`: what a packet costs on this machine below any code of ours: the socket, the crypto, the copy.
//!
//! Every performance figure of Kenes is a multiple of these, taken in the same run. Holds nothing between rows.

mod socket;

use crate::crypto::{self, Operation};
use crate::measure::{Case, Cost, compare};
use crate::report::Table;
use anyhow::Result;
use serde::Serialize;
use std::hint::black_box;

/// Payload of the packets, the common size of video.
pub const PAYLOAD_BYTES: usize = 1_100;

#[derive(Debug, Serialize)]
pub struct FloorReport {
    pub rows: Vec<Row>,
}

/// CPU time of one packet.
#[derive(Debug, Serialize)]
pub struct Row {
    pub what: &'static str,
    pub cost: Cost,
}

pub fn run() -> Result<FloorReport> {
    let mut rows = packet_rows()?;
    rows.extend(socket::rows()?);
    Ok(FloorReport { rows })
}

/// Crypto and copy of one packet of [`PAYLOAD_BYTES`].
fn packet_rows() -> Result<Vec<Row>> {
    let operations: [(&str, Operation); 5] = [
        ("open, AES-128-GCM (with the copy)", crypto::aws_lc::gcm_open(PAYLOAD_BYTES)?),
        ("seal, AES-128-GCM", crypto::aws_lc::gcm_seal(PAYLOAD_BYTES)?),
        ("seal, AES-128-CTR + HMAC-SHA1", crypto::aws_lc::ctr_and_hmac(PAYLOAD_BYTES)?),
        ("copy, hot", copy(1)),
        ("copy, from 4 MiB of packets", copy(4 * 1_024 * 1_024 / PAYLOAD_BYTES)),
    ];
    let names = operations.each_ref().map(|(name, _)| *name);
    let mut cases = operations.map(|(name, run)| Case::new(name, 1, run));
    let costs = compare(&mut cases)?;
    Ok(names.into_iter().zip(costs).map(|(what, cost)| Row { what, cost }).collect())
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
            table.row([row.what.to_owned(), micros(row.cost.median_ns), micros(row.cost.best_ns)]);
        }
        let text = table.render();
        format!("{text}\nOn loopback the sender pays for the receiver's softirq too.\n")
    }
}
