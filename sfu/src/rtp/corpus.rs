//! Replays a fuzz corpus in tests: each file as it is, and seeded mutations of it.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::path::Path;

const MUTATIONS: usize = 100_000;

/// Gives `parse` every file of `fuzz-corpus/<name>` and 100,000 mutations of them. A panic shows the seed and the bytes.
pub(crate) fn replay_with_mutations(name: &str, parse: impl Fn(&[u8])) {
    let seed = 0xf022;
    let files = files(name);
    let mut rng = StdRng::seed_from_u64(seed);
    for round in 0..MUTATIONS {
        let mut bytes = files[round % files.len()].clone();
        if round >= files.len() {
            mutate(&mut bytes, &mut rng);
        }
        let on_panic = ShowOnPanic { seed, bytes: &bytes };
        parse(&bytes);
        drop(on_panic);
    }
}

fn files(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus").join(name);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn mutate(bytes: &mut Vec<u8>, rng: &mut StdRng) {
    for _ in 0..rng.random_range(1..5) {
        let position = rng.random_range(0..=bytes.len());
        match rng.random_range(0..4) {
            0 => bytes.truncate(position),
            1 => bytes.insert(position, rng.random()),
            2 => bytes.extend((0..rng.random_range(0..40)).map(|_| 0xff)),
            _ if position < bytes.len() => bytes[position] = rng.random(),
            _ => {}
        }
    }
}

struct ShowOnPanic<'a> {
    seed: u64,
    bytes: &'a [u8],
}

impl Drop for ShowOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {:#x}, bytes {:02x?}", self.seed, self.bytes);
        }
    }
}
