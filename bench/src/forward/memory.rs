//! What the shard keeps on the heap for a peer, by the counting allocator. Holds nothing.

use crate::report::Table;
use anyhow::Result;
use kenes_bench_shard::cipher::Cipher;
use kenes_bench_shard::traffic::Traffic;
use kenes_bench_shard::world::World;
use serde::{Deserialize, Serialize};

/// Rooms of two, so that what all peers share counts for little.
const ROOMS: usize = 100;
/// Long enough for caches to fill.
const SECONDS: u32 = 10;

/// `media.md`'s targets.
pub const IDLE_LIMIT_BYTES: f64 = 100.0 * 1024.0;
pub const SENDING_LIMIT_BYTES: f64 = 2.0 * 1024.0 * 1024.0;

/// Bytes of one peer, the mean of [`ROOMS`] rooms of two.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// Connected, with all 17 sections of a browser's offer, neither sending nor receiving.
    pub idle_bytes: f64,
    /// Sending camera (one layer) and microphone, and receiving the other's.
    pub sending_bytes: f64,
}

pub fn measure() -> Result<Memory> {
    Ok(Memory { idle_bytes: per_peer(Traffic::SILENT)?, sending_bytes: per_peer(Traffic::PERSON)? })
}

fn per_peer(traffic: Traffic) -> Result<f64> {
    let mut world = World::new(Cipher::Gcm256, crate::clock::now())?;
    for _ in 0..ROOMS {
        world.open_room(2, traffic)?;
    }
    world.play(SECONDS)?;
    let held = u32::try_from(world.held_bytes())?;
    Ok(f64::from(held) / f64::from(u32::try_from(world.people())?))
}

impl Memory {
    pub(super) fn render(&self) -> String {
        let mut table = Table::new("memory of one peer in the shard", &["peer", "KiB", "target KiB"]);
        for (what, bytes, limit) in [
            ("idle", self.idle_bytes, IDLE_LIMIT_BYTES),
            ("sending one layer of video and audio", self.sending_bytes, SENDING_LIMIT_BYTES),
        ] {
            table.row([what.to_owned(), format!("{:.1}", bytes / 1_024.0), format!("{:.0}", limit / 1_024.0)]);
        }
        table.render()
    }
}
