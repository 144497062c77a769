//! What an authenticated address sends as SRTP or SRTCP.
#![no_main]

use kenes_sfu::rtp::header::RtpHeader;
use kenes_sfu::transport::srtp::{SrtpProfile, SrtpReceiver};

libfuzzer_sys::fuzz_target!(|packet: &[u8]| {
    for profile in [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80] {
        let (key, salt) = (vec![0; profile.key_len()], vec![0; profile.salt_len()]);
        let Ok(mut receiver) = SrtpReceiver::new(profile, &key, &salt) else { continue };
        if let Ok(header) = RtpHeader::parse(packet) {
            let _ = receiver.unprotect_rtp(&mut packet.to_vec(), &header);
        }
        let _ = receiver.unprotect_rtcp(&mut packet.to_vec());
    }
});
