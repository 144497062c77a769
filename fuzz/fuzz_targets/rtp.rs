//! An RTP packet's header and extensions.
#![no_main]

use kenes_sfu::description::ExtensionIds;
use kenes_sfu::rtp::header::RtpHeader;

libfuzzer_sys::fuzz_target!(|packet: &[u8]| {
    if let Ok(header) = RtpHeader::parse(packet) {
        let _ = header.payload(packet);
        let _ = header.extensions(packet, &ExtensionIds::default());
    }
});
