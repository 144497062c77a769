//! A VP8 payload: descriptor, key frame header, and the rewriting of what was read.
#![no_main]

use kenes_sfu::description::Codec;
use kenes_sfu::rtp::vp8::Descriptor;

libfuzzer_sys::fuzz_target!(|payload: &[u8]| {
    if let Some(descriptor) = Descriptor::parse(payload) {
        let _ = descriptor.key_frame(payload);
        descriptor.pictures().rewrite(Codec::Vp8, &mut payload.to_vec(), 1, 1);
    }
});
