//! A compound RTCP packet, as it is after SRTCP.
#![no_main]

use kenes_sfu::rtcp::packets;

libfuzzer_sys::fuzz_target!(|compound: &[u8]| packets(compound).for_each(drop));
