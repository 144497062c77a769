//! Redundant audio: its blocks and the primary one.
#![no_main]

use kenes_sfu::rtp::red::{blocks, primary};

libfuzzer_sys::fuzz_target!(|payload: &[u8]| {
    blocks(payload).for_each(drop);
    let _ = primary(payload);
});
