//! Lines of memory that a forwarded packet brings from beyond the second cache, in few rooms and in many, counted by callgrind: what
//! makes a packet of a large shard dearer, without the noise of a machine that works for others too. Holds nothing.
//!
//! A count of what is touched, not of what is waited for: hints (`sfu/src/prefetch.rs`) change the waits and not the count.

use crate::callgrind::{self, Purpose, float};
use crate::cipher::Cipher;
use crate::traffic::{Loss, Traffic};
use crate::world::World;
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Instant;

/// A shard of few rooms, whose state stays near, and of many.
const ROOMS: [usize; 2] = [1, 100];
/// First and second cache, bytes, ways, bytes a line. The second has 256 KiB, so that the state of 100 rooms exceeds it as that of 500
/// does a core's MiB.
const CACHES: [&str; 3] = ["--cache-sim=yes", "--D1=32768,8,64", "--LL=262144,8,64"];
const BEGINNING_S: u32 = 4;
const COUNTED_S: u32 = 2;

/// Lines for each forwarded packet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lines {
    pub rooms: usize,
    pub packets: u64,
    /// By copying: packets kept for repair, and those on their way out.
    pub copies: f64,
    /// By ciphers: keys, mostly.
    pub crypto: f64,
    /// By all else: the state of peers.
    pub own: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LinesReport {
    pub rows: Vec<Lines>,
}

/// In its own process: rooms of two, and how many packets were forwarded while callgrind counted.
pub fn run_rooms(rooms: usize, now: Instant) -> Result<u64> {
    let mut world = World::new(Cipher::Gcm256, now)?;
    (0..rooms).try_for_each(|_| world.open_room(2, Traffic::PERSON))?;
    world.play(BEGINNING_S)?;
    world.run(COUNTED_S, Loss::NONE)
}

/// `program rooms-of-two NUMBER` must do that and print its packets.
pub fn count_all(program: &Path) -> Result<LinesReport> {
    Ok(LinesReport { rows: ROOMS.iter().map(|rooms| count(program, *rooms)).collect::<Result<_>>()? })
}

fn count(program: &Path, rooms: usize) -> Result<Lines> {
    let run = callgrind::run(program, &["rooms-of-two", &rooms.to_string()], &CACHES)?;
    ensure!(run.packets > 0, "{rooms} rooms: nothing was forwarded");
    let (mut copies, mut crypto, mut own) = (0, 0, 0);
    callgrind::for_each_cost(&run.profile, |function, costs| {
        let sum = match Purpose::of(function) {
            Purpose::Copies => &mut copies,
            Purpose::Crypto => &mut crypto,
            Purpose::Own => &mut own,
        };
        *sum += costs.of("DLmr") + costs.of("DLmw");
    });
    let per_packet = |lines: u64| (float(lines) / float(run.packets) * 100.0).round() / 100.0;
    let (copies, crypto, own) = (per_packet(copies), per_packet(crypto), per_packet(own));
    Ok(Lines { rooms, packets: run.packets, copies, crypto, own })
}

impl LinesReport {
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::from(
            "lines of memory from beyond the second cache for each forwarded packet\n  rooms of 2   copies   crypto      own      all\n",
        );
        for Lines { rooms, copies, crypto, own, .. } in &self.rows {
            text += &format!("  {rooms:>10} {copies:>8.2} {crypto:>8.2} {own:>8.2} {:>8.2}\n", copies + crypto + own);
        }
        text
    }
}
