//! What would be chance elsewhere is the run's seed here: the keys of the standard library's hash maps, in whose order `str0m`
//! answers, and `str0m`'s own numbers.
//!
//! Owns the state that a thread draws from. Replaces `getrandom` for the whole process (ADR 0023), so that nothing which links
//! this crate may speak to anybody outside it. Cryptography has its own source: its keys stay another in each run.

#![expect(
    unsafe_code,
    reason = "std asks the C library for randomness, and takes another's by its symbol alone (ADR 0023)"
)]

use crate::clock;
use anyhow::{Result, anyhow};
use std::cell::Cell;
use std::{slice, thread};

thread_local! {
    static DRAWN_FROM: Cell<u64> = const { Cell::new(0) };
}

/// Runs on a thread of its own, because the order of each hash map follows from how many the thread had made before.
pub(crate) fn of_seed<T: Send>(seed: u64, run: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    clock::start();
    let seeded = || {
        DRAWN_FROM.set(seed);
        fastrand::seed(seed);
        run()
    };
    thread::scope(|scope| {
        scope.spawn(seeded).join().unwrap_or_else(|_| Err(anyhow!("the run of seed {seed} panicked")))
    })
}

/// # Safety
/// As the C library's: `buffer` points to `len` bytes that the caller lets us write.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut u8, len: usize, _flags: u32) -> isize {
    if len > 0 {
        // SAFETY: the caller's promise; nobody else has the buffer for the time of the call.
        draw(unsafe { slice::from_raw_parts_mut(buffer, len) });
    }
    len.cast_signed()
}

/// SplitMix64.
fn draw(buffer: &mut [u8]) {
    for chunk in buffer.chunks_mut(8) {
        let state = DRAWN_FROM.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        DRAWN_FROM.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.iter_mut().zip((mixed ^ (mixed >> 31)).to_le_bytes()).for_each(|(byte, drawn)| *byte = drawn);
    }
}
