//! Instructions that the shard takes for a forwarded packet, counted by valgrind's callgrind: the same on every run and, without
//! what depends on the processor (ciphers, memory moves), about the same on every machine.
//!
//! A workload runs in a process of its own under callgrind, which counts in [`World::run_slice`] alone. Holds nothing.

use crate::cipher::Cipher;
use crate::traffic::{Loss, Traffic};
use crate::world::World;
use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;
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
        let before = world.counters().clone();
        for _ in 0..COUNTED_S {
            let script = world.script(loss)?;
            for slice in script.slices() {
                world.receive(&script, slice);
                world.run_slice(&script, slice);
            }
        }
        let after = world.counters();
        let again = after.retransmitted_packets - before.retransmitted_packets;
        Ok(after.rtp_forwarded_packets - before.rtp_forwarded_packets + again)
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
    let profile = std::env::temp_dir().join(format!("kenes-callgrind-{}", std::process::id()));
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind", "--toggle-collect=*run_slice*"]);
    valgrind.args(["--compress-strings=no", "--compress-pos=no"]);
    valgrind.arg(format!("--callgrind-out-file={}", profile.display()));
    valgrind.arg(program).args(["workload", &workload.name()]);
    let output = valgrind.output().context("valgrind does not start: `cargo xtask install` brings it")?;
    let told = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("{} under valgrind: {}{told}", workload.name(), String::from_utf8_lossy(&output.stderr));
    }
    let packets: u64 = told.trim().parse().with_context(|| format!("no number of packets: {told}"))?;
    let text = std::fs::read_to_string(&profile).context("callgrind wrote no profile")?;
    let _ = std::fs::remove_file(&profile);
    let sums = Sums::of(&text);
    ensure!(sums.total > 0 && packets > 0, "{}: nothing was counted", workload.name());
    let per_packet = |instructions: u64| round(float(instructions) / float(packets));
    Ok(Count {
        workload,
        packets,
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
    /// Reads callgrind's profile: `fn=` opens a function, lines of figures are its own cost, except the one after `calls=`.
    fn of(profile: &str) -> Self {
        let mut sums = Self::default();
        let (mut function, mut is_call) = ("", false);
        for line in profile.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = name;
            } else if line.starts_with("calls=") {
                is_call = true;
            } else if line.starts_with(|first: char| first.is_ascii_digit()) {
                let cost = line.split_whitespace().nth(1).and_then(|cost| cost.parse().ok()).unwrap_or(0);
                if !std::mem::take(&mut is_call) {
                    sums.add(function, cost);
                }
            }
        }
        sums
    }

    fn add(&mut self, function: &str, cost: u64) {
        self.total += cost;
        if is_crypto(function) {
            self.crypto += cost;
        } else if is_copy(function) {
            self.copies += cost;
        }
    }
}

/// AWS-LC's own symbols carry its prefix; the assembler's local ones do not.
fn is_crypto(function: &str) -> bool {
    const ASSEMBLER: [&str; 11] =
        ["aead_", "aes", "_aes", "gcm_", "ghash", "sha1_", "_shaext", "sha256_", "GFMUL", "ossl_", "CRYPTO_"];
    function.contains("aws_lc_") || ASSEMBLER.iter().any(|prefix| function.starts_with(prefix))
}

fn is_copy(function: &str) -> bool {
    ["memcpy", "memmove", "memset", "memcmp", "bcmp"].iter().any(|name| function.contains(name))
}

/// A count of instructions is far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts of a short run")]
fn float(count: u64) -> f64 {
    count as f64
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
