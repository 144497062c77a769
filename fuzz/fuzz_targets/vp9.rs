//! A VP9 payload: descriptor, and the rewriting of what was read.
#![no_main]

use kenes_sfu::description::Codec;
use kenes_sfu::rtp::vp9::Descriptor;

libfuzzer_sys::fuzz_target!(|payload: &[u8]| {
    if let Some(descriptor) = Descriptor::parse(payload) {
        let _ = (descriptor.starts_picture(), descriptor.starts_key_frame());
        descriptor.pictures().rewrite(Codec::Vp9 { profile_id: 0 }, &mut payload.to_vec(), 1, 1);
    }
});
