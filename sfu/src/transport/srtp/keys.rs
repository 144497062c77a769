//! From DTLS' exported keying material to session keys (RFC 5764 §4.2, RFC 3711 §4.3).
//!
//! Runs once per connection and keeps nothing.

use super::{SrtpError, SrtpProfile, SrtpReceiver, SrtpSender};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};

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
    let (keys, salts) = material.split_at(2 * profile.key_len());
    let (client_key, server_key) = keys.split_at(profile.key_len());
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
        if key.len() != profile.key_len() || salt.len() != profile.salt_len() {
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

/// A counter mode key, expanded: AES-128, or AES-256 by its length (RFC 6188 §3).
pub(super) fn ctr_key(key: &[u8]) -> Result<EncryptingKey, SrtpError> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    let key = UnboundCipherKey::new(algorithm, key).map_err(|_| SrtpError::KeyingMaterial)?;
    EncryptingKey::ctr(key).map_err(|_| SrtpError::KeyingMaterial)
}

#[cfg(test)]
mod tests {
    use super::super::tests::hex;
    use super::*;

    #[test]
    fn session_keys_are_those_of_rfc_3711_appendix_b_3() {
        let key = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
        let salt = hex("0EC675AD498AFEEBB6960B3AABE6");
        let derivation = KeyDerivation::new(SrtpProfile::Aes128CmSha1_80, &key, &salt).unwrap();
        let encryption: [u8; 16] = derivation.derive(Purpose::RtpEncryption).unwrap();
        let session_salt: [u8; 14] = derivation.derive(Purpose::RtpSalt).unwrap();
        let authentication: [u8; 94] = derivation.derive(Purpose::RtpAuthentication).unwrap();
        assert_eq!(encryption[..], hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(session_salt[..], hex("30CBBC08863D8C85D49DB34A9AE1"));
        let expected = hex("CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE
             E049646C43D9327AD175578EF7227098 6371C10C9A369AC2F94A8C5FBCDDDC25
             6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2");
        assert_eq!(authentication[..], expected);
    }

    #[test]
    fn keying_material_of_another_profile_is_refused() {
        let material = [0; 60];
        assert!(from_keying_material(SrtpProfile::Aes128CmSha1_80, &material, false).is_ok());
        let refused = from_keying_material(SrtpProfile::AeadAes128Gcm, &material, false);
        assert_eq!(refused.err(), Some(SrtpError::KeyingMaterial));
    }
}
