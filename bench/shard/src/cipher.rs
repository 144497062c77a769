//! The SRTP profiles that WebRTC endpoints agree on, as the client's crates call them. Holds nothing.

use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_srtp::protection_profile::ProtectionProfile;
use serde::{Deserialize, Serialize};

/// A client that offers this one alone gets it: the server takes any of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cipher {
    #[serde(rename = "AEAD_AES_128_GCM")]
    Gcm128,
    /// What Chromium and Firefox get: `dimpl` prefers it in DTLS 1.2.
    #[serde(rename = "AEAD_AES_256_GCM")]
    Gcm256,
    #[serde(rename = "AES128_CM_SHA1_80")]
    CounterModeSha1,
}

impl Cipher {
    pub const ALL: [Self; 3] = [Self::Gcm128, Self::Gcm256, Self::CounterModeSha1];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gcm128 => "AEAD_AES_128_GCM",
            Self::Gcm256 => "AEAD_AES_256_GCM",
            Self::CounterModeSha1 => "AES128_CM_SHA1_80",
        }
    }

    pub(crate) fn in_handshake(self) -> SrtpProtectionProfile {
        match self {
            Self::Gcm128 => SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
            Self::Gcm256 => SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
            Self::CounterModeSha1 => SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
        }
    }

    pub(crate) fn in_srtp(self) -> ProtectionProfile {
        match self {
            Self::Gcm128 => ProtectionProfile::AeadAes128Gcm,
            Self::Gcm256 => ProtectionProfile::AeadAes256Gcm,
            Self::CounterModeSha1 => ProtectionProfile::Aes128CmHmacSha1_80,
        }
    }
}
