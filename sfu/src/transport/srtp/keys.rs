//! From DTLS' exported keying material to session keys (RFC 5764 §4.2, RFC 3711 §4.3).
//!
//! Runs once per connection and keeps nothing.

use super::{SrtpError, SrtpProfile, SrtpReceiver, SrtpSender};
use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};

/// Both directions of a connection. `local_is_client` says who sent the ClientHello: we or the peer.
pub fn from_keying_material(
    profile: SrtpProfile,
    material: &[u8],
    local_is_client: bool,
) -> Result<(SrtpReceiver, SrtpSender), SrtpError> {
    if material.len() != profile.keying_material_len() {
        return Err(SrtpError::KeyingMaterial);
    }
    // RFC 5764 §4.2: client key, server key, client salt, server salt.
    let (keys, salts) = material.split_at(2 * SrtpProfile::KEY_LEN);
    let (client_key, server_key) = keys.split_at(SrtpProfile::KEY_LEN);
    let (client_salt, server_salt) = salts.split_at(profile.salt_len());
    let (ours, theirs) = if local_is_client {
        ((client_key, client_salt), (server_key, server_salt))
    } else {
        ((server_key, server_salt), (client_key, client_salt))
    };
    Ok((SrtpReceiver::new(profile, theirs.0, theirs.1)?, SrtpSender::new(profile, ours.0, ours.1)?))
}

/// Labels of RFC 3711 §4.3.1 and §4.3.2.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    RtpEncryption = 0,
    RtpAuthentication = 1,
    RtpSalt = 2,
    RtcpEncryption = 3,
    RtcpAuthentication = 4,
    RtcpSalt = 5,
}

/// The key derivation function with a derivation rate of zero: AES-CM keystream from a master key (RFC 3711 §4.3.3).
pub(super) struct KeyDerivation {
    master_key: EncryptingKey,
    /// A 96-bit salt counts as followed by zeros (RFC 7714 §11).
    master_salt: [u8; 14],
}

impl KeyDerivation {
    pub(super) fn new(profile: SrtpProfile, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        if key.len() != SrtpProfile::KEY_LEN || salt.len() != profile.salt_len() {
            return Err(SrtpError::KeyingMaterial);
        }
        let mut master_salt = [0; 14];
        for (to, from) in master_salt.iter_mut().zip(salt) {
            *to = *from;
        }
        Ok(Self { master_key: ctr_key(key)?, master_salt })
    }

    pub(super) fn derive<const LEN: usize>(&self, purpose: Purpose) -> Result<[u8; LEN], SrtpError> {
        // x = key_id XOR master_salt, with the label in the seventh byte from the right; the block counter follows it.
        let mut iv = [0; 16];
        for (to, from) in iv.iter_mut().zip(self.master_salt) {
            *to = from;
        }
        if let Some(byte) = iv.get_mut(7) {
            *byte ^= purpose as u8;
        }
        let mut out = [0; LEN];
        let context = EncryptionContext::Iv128((&iv).into());
        self.master_key.less_safe_encrypt(&mut out, context).map_err(|_| SrtpError::KeyingMaterial)?;
        Ok(out)
    }
}

/// An AES-128 counter mode key, expanded.
pub(super) fn ctr_key(key: &[u8]) -> Result<EncryptingKey, SrtpError> {
    let key = UnboundCipherKey::new(&AES_128, key).map_err(|_| SrtpError::KeyingMaterial)?;
    EncryptingKey::ctr(key).map_err(|_| SrtpError::KeyingMaterial)
}
