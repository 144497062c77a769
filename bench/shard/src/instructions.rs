//! Instructions that the shard takes for a forwarded packet, counted by valgrind's callgrind: the same on every run and, without
//! what depends on the processor (ciphers, memory moves), about the same on every machine.
//!
//! A workload runs in a process of its own under callgrind, which counts in [`World::run_slice`] alone. Holds nothing.

use crate::callgrind::{self, Purpose, float};
use crate::cipher::Cipher;
use crate::traffic::{Loss, Traffic};
use crate::world::World;
use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Instant;

/// Seconds of traffic before counting, and counted.
const BEGINNING_S: u32 = 4;
const COUNTED_S: u32 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Workload {
    /// One publisher of full video packets to three viewers.
    OneToThree,
    /// Two people with camera and microphone.
    RoomOfTwo,
    /// One to three, with 5 % of the packets lost on either side and brought back.
    Repair,
}

/// Instructions for each forwarded packet, those sent again included.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Count {
    pub workload: Workload,
    pub packets: u64,
    pub total: f64,
    /// Of those: ciphers and hashes.
    pub crypto: f64,
    /// Of those: memcpy and its like.
    pub copies: f64,
    /// The rest: what is ours, and what the gate holds.
    pub own: f64,
}

impl Workload {
    /// In its own process: runs it and says how many packets were forwarded while callgrind counted.
    pub fn run(self, now: Instant) -> Result<u64> {
        let mut world = World::new(Cipher::Gcm128, now)?;
        match self {
            Self::OneToThree | Self::Repair => world.open_lecture(3, Traffic::FULL_PACKETS)?,
            Self::RoomOfTwo => world.open_room(2, Traffic::PERSON)?,
        }
        let loss = match self {
            Self::Repair => Loss { uplink_one_in: Some(20), downlink_one_in: Some(20) },
            Self::OneToThree | Self::RoomOfTwo => Loss::NONE,
        };
        world.play(BEGINNING_S)?;
        world.run(COUNTED_S, loss)
    }

    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Counts every workload. `program workload NAME` must run it and print its packets.
pub fn count_all(program: &Path) -> Result<Vec<Count>> {
    Workload::value_variants().iter().map(|workload| count(program, *workload)).collect()
}

fn count(program: &Path, workload: Workload) -> Result<Count> {
    let run = callgrind::run(program, &["workload", &workload.name()], &[])?;
    let sums = Sums::of(&run.profile);
    ensure!(sums.total > 0 && run.packets > 0, "{}: nothing was counted", workload.name());
    let per_packet = |instructions: u64| round(float(instructions) / float(run.packets));
    Ok(Count {
        workload,
        packets: run.packets,
        total: per_packet(sums.total),
        crypto: per_packet(sums.crypto),
        copies: per_packet(sums.copies),
        own: per_packet(sums.total - sums.crypto - sums.copies),
    })
}

/// Instructions by what they are for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    total: u64,
    crypto: u64,
    copies: u64,
}

impl Sums {
    fn of(profile: &str) -> Self {
        let mut sums = Self::default();
        callgrind::for_each_cost(profile, |function, costs| sums.add(function, costs.of("Ir")));
        sums
    }

    fn add(&mut self, function: &str, cost: u64) {
        self.total += cost;
        match Purpose::of(function) {
            Purpose::Crypto => self.crypto += cost,
            Purpose::Copies => self.copies += cost,
            Purpose::Own => {}
        }
    }
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_summed_by_function_without_the_cost_of_calls() {
        let profile = "version: 1\nevents: Ir\n\nfl=a.rs\nfn=kenes_sfu::forward\n0 100\ncfn=aws_lc_0_1_seal\ncalls=3 0\n0 7000\n\
                       fn=aws_lc_0_1_seal\n0 6000\nfn=_aesni_ctr32_6x\n0 1000\nfn=__memcpy_avx_unaligned_erms\n0 50\ntotals: 7150\n";
        assert_eq!(Sums::of(profile), Sums { total: 7_150, crypto: 7_000, copies: 50 });
    }
}
