//! One run of a program under valgrind's callgrind, which counts in [`World::run_slice`](crate::world::World::run_slice) alone, and what it
//! wrote. Holds nothing.

use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::process::Command;

/// What a run left behind.
pub(crate) struct Run {
    /// That were forwarded while callgrind counted, as the program says.
    pub packets: u64,
    pub profile: String,
}

/// Runs `program arguments`, which must print its number of packets.
pub(crate) fn run(program: &Path, arguments: &[&str], options: &[&str]) -> Result<Run> {
    let file = std::env::temp_dir().join(format!("kenes-callgrind-{}", std::process::id()));
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind", "--toggle-collect=*run_slice*"]);
    valgrind.args(["--compress-strings=no", "--compress-pos=no"]).args(options);
    valgrind.arg(format!("--callgrind-out-file={}", file.display()));
    let output = valgrind.arg(program).args(arguments).output();
    let output = output.context("valgrind does not start: `cargo xtask install` brings it")?;
    let told = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("{} under valgrind: {}{told}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    let packets = told.trim().parse().with_context(|| format!("no number of packets: {told}"))?;
    let profile = std::fs::read_to_string(&file).context("callgrind wrote no profile")?;
    let _ = std::fs::remove_file(&file);
    Ok(Run { packets, profile })
}

/// A line of figures, and what each is of.
pub(crate) struct Costs<'a> {
    events: &'a str,
    figures: &'a str,
}

impl Costs<'_> {
    /// 0 where the run did not count it.
    pub(crate) fn of(&self, event: &str) -> u64 {
        // The first figure is the line's number in the source.
        let figures = self.figures.split_whitespace().skip(1);
        let found = self.events.split_whitespace().zip(figures).find(|(name, _)| *name == event);
        found.and_then(|(_, figure)| figure.parse().ok()).unwrap_or(0)
    }
}

/// Each function with costs of its own: `fn=` opens a function, lines of figures are its costs, except the one after `calls=`.
pub(crate) fn for_each_cost(profile: &str, mut take: impl FnMut(&str, &Costs<'_>)) {
    let (mut events, mut function, mut is_call) = ("", "", false);
    for line in profile.lines() {
        if let Some(names) = line.strip_prefix("events:") {
            events = names;
        } else if let Some(name) = line.strip_prefix("fn=") {
            function = name;
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit()) && !std::mem::take(&mut is_call) {
            take(function, &Costs { events, figures: line });
        }
    }
}

/// What a function is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Ciphers and hashes.
    Crypto,
    /// memcpy and its like.
    Copies,
    /// What is ours.
    Own,
}

impl Purpose {
    /// AWS-LC's own symbols carry its prefix; the assembler's local ones do not.
    pub(crate) fn of(function: &str) -> Self {
        const ASSEMBLER: [&str; 11] =
            ["aead_", "aes", "_aes", "gcm_", "ghash", "sha1_", "_shaext", "sha256_", "GFMUL", "ossl_", "CRYPTO_"];
        const COPIES: [&str; 5] = ["memcpy", "memmove", "memset", "memcmp", "bcmp"];
        if function.contains("aws_lc_") || ASSEMBLER.iter().any(|prefix| function.starts_with(prefix)) {
            Self::Crypto
        } else if COPIES.iter().any(|name| function.contains(name)) {
            Self::Copies
        } else {
            Self::Own
        }
    }
}

/// Counts of a short run are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts of a short run")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
