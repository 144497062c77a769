//! SRTP and SRTCP (RFC 3711) with the profiles that WebRTC endpoints agree on: AEAD_AES_128_GCM, AEAD_AES_256_GCM (RFC 7714)
//! and AES128_CM_HMAC_SHA1_80 (RFC 3711 §4). Packets are opened and sealed in place.
//!
//! [`SrtpReceiver`] owns one peer's uplink keys, rollover counters and replay windows; [`SrtpSender`] its downlink keys and
//! the SRTCP index. Keys are expanded once, here; no packet allocates. Neither has an MKI, a key lifetime below that of RFC
//! 3711 §9.2 or an idea of DTLS: the exported keying material comes in, see [`from_keying_material`].

mod cipher;
mod keys;
mod receiver;
mod replay;
mod sender;
#[cfg(test)]
mod tests;

pub use keys::from_keying_material;
pub(crate) use receiver::FIRST_BYTES as FIRST_RECEIVER_BYTES;
pub use receiver::{SrtpReceiver, Unprotected};
pub use sender::SrtpSender;

/// The most that protection adds to a packet: SRTCP with GCM, tag and index word (RFC 7714 §9).
pub const MAX_OVERHEAD: usize = 16 + 4;

/// SSRCs of one peer whose replay state is kept, RTP and RTCP each. Above it the one unheard longest makes room, once a
/// packet of the new one is authentic.
pub const MAX_SOURCES: usize = 64;

/// A protection profile, by its DTLS-SRTP name (RFC 5764 §4.1.2, RFC 7714 §14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrtpProfile {
    /// What `dimpl` chooses when a DTLS 1.2 client offers it, as Chromium and Firefox do.
    AeadAes256Gcm,
    AeadAes128Gcm,
    Aes128CmSha1_80,
}

impl SrtpProfile {
    /// Bytes of a master key.
    #[must_use]
    pub fn key_len(self) -> usize {
        match self {
            Self::AeadAes256Gcm => 32,
            Self::AeadAes128Gcm | Self::Aes128CmSha1_80 => 16,
        }
    }

    /// Bytes of a master salt.
    #[must_use]
    pub fn salt_len(self) -> usize {
        match self {
            Self::AeadAes256Gcm | Self::AeadAes128Gcm => 12,
            Self::Aes128CmSha1_80 => 14,
        }
    }

    /// Bytes to export from DTLS: two keys and two salts (RFC 5764 §4.2).
    #[must_use]
    pub fn keying_material_len(self) -> usize {
        2 * (self.key_len() + self.salt_len())
    }

    /// Bytes of an authentication tag.
    #[must_use]
    pub fn tag_len(self) -> usize {
        match self {
            Self::AeadAes256Gcm | Self::AeadAes128Gcm => 16,
            Self::Aes128CmSha1_80 => 10,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    #[error("packet is shorter than its header, tag and index")]
    Truncated,
    #[error("packet was seen before, or is older than the replay window")]
    Replayed,
    #[error("authentication tag does not match")]
    NotAuthentic,
    /// RFC 8827 §6.5 wants everything encrypted.
    #[error("SRTCP packet is authenticated but not encrypted")]
    NotEncrypted,
    #[error("buffer has no room for the tag")]
    NoRoom,
    #[error("keying material has the wrong length")]
    KeyingMaterial,
    /// RFC 3711 §9.2: 2^48 SRTP or 2^31 SRTCP packets.
    #[error("key has protected as many packets as it may")]
    KeyExhausted,
}
