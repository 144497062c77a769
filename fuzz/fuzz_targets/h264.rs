//! An H.264 payload: is it the start of a frame, of a key frame.
#![no_main]

use kenes_sfu::rtp::h264::{starts_frame, starts_key_frame};

libfuzzer_sys::fuzz_target!(|payload: &[u8]| {
    let _ = (starts_frame(payload), starts_key_frame(payload));
});
