//! A datagram that demultiplexing takes for STUN, from anybody.
#![no_main]

use kenes_sfu::transport::stun;

libfuzzer_sys::fuzz_target!(|datagram: &[u8]| {
    let _ = stun::parse(datagram);
});
