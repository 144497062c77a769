//! The offer of a browser.
#![no_main]

use kenes_sfu::description::Fingerprint;
use kenes_sfu::sdp::{AnswerOptions, answer};
use rand::SeedableRng;
use rand::rngs::StdRng;

libfuzzer_sys::fuzz_target!(|offer: &str| {
    let options = AnswerOptions { candidates: &[], tcp_candidates: &[], fingerprint: Fingerprint([0; 32]) };
    let _ = answer(offer, &options, &mut StdRng::seed_from_u64(1));
});
