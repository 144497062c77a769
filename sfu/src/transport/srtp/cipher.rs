//! One direction's session keys and the two transforms: RTP and RTCP, sealed and opened in place.
//!
//! Holds expanded keys and nothing that changes; rollover, replay and indices are the callers'. The caller also guarantees
//! that no two different packets are ever sealed with one SSRC and index: both transforms lose secrecy by that, GCM its
//! authentication too (RFC 7714 §10.1).

use super::keys::{KeyDerivation, Purpose, ctr_key};
use super::{SrtpError, SrtpProfile};
use crate::ids::Ssrc;
use crate::rtp::sequence::ExtendedSeq;
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{EncryptingKey, EncryptionContext};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

/// SRTCP encrypts all but the first header and the sender's SSRC (RFC 3711 §3.4).
const RTCP_CLEAR_LEN: usize = 8;
/// E flag and 31-bit index.
const RTCP_INDEX_LEN: usize = 4;
const ENCRYPTED: u32 = 1 << 31;
/// The SRTCP index has 31 bits.
pub(super) const MAX_RTCP_INDEX: u32 = ENCRYPTED - 1;

pub(super) enum Cipher {
    Gcm {
        rtp: GcmKeys,
        rtcp: GcmKeys,
    },
    /// Elsewhere: they are 35 times as large, and would lie in the way of all that browsers send.
    CounterMode {
        rtp: Box<CounterModeKeys>,
        rtcp: Box<CounterModeKeys>,
    },
}

impl Cipher {
    pub(super) fn new(profile: SrtpProfile, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        let derivation = KeyDerivation::new(profile, key, salt)?;
        Ok(match profile {
            SrtpProfile::AeadAes128Gcm => Self::Gcm {
                rtp: GcmKeys::derive::<16>(&derivation, Purpose::RtpEncryption, Purpose::RtpSalt)?,
                rtcp: GcmKeys::derive::<16>(&derivation, Purpose::RtcpEncryption, Purpose::RtcpSalt)?,
            },
            SrtpProfile::AeadAes256Gcm => Self::Gcm {
                rtp: GcmKeys::derive::<32>(&derivation, Purpose::RtpEncryption, Purpose::RtpSalt)?,
                rtcp: GcmKeys::derive::<32>(&derivation, Purpose::RtcpEncryption, Purpose::RtcpSalt)?,
            },
            SrtpProfile::Aes128CmSha1_80 => Self::CounterMode {
                rtp: Box::new(CounterModeKeys::derive(
                    &derivation,
                    [Purpose::RtpEncryption, Purpose::RtpAuthentication, Purpose::RtpSalt],
                )?),
                rtcp: Box::new(CounterModeKeys::derive(
                    &derivation,
                    [Purpose::RtcpEncryption, Purpose::RtcpAuthentication, Purpose::RtcpSalt],
                )?),
            },
        })
    }

    fn tag_len(&self) -> usize {
        match self {
            Self::Gcm { .. } => SrtpProfile::AeadAes128Gcm.tag_len(),
            Self::CounterMode { .. } => SrtpProfile::Aes128CmSha1_80.tag_len(),
        }
    }

    /// Opens `packet` whose first `header_len` bytes are clear; gives the plain packet's length.
    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        header_len: usize,
        ssrc: Ssrc,
        index: ExtendedSeq,
    ) -> Result<usize, SrtpError> {
        let plain_len = packet.len().checked_sub(self.tag_len()).ok_or(SrtpError::Truncated)?;
        let (plain, tag) = packet.split_at_mut_checked(plain_len).ok_or(SrtpError::Truncated)?;
        let (header, payload) = plain.split_at_mut_checked(header_len).ok_or(SrtpError::Truncated)?;
        match self {
            Self::Gcm { rtp, .. } => rtp.open(rtp.rtp_nonce(ssrc, index), header, payload, tag)?,
            Self::CounterMode { rtp, .. } => {
                rtp.verify(&[header, payload, &index.rollover_counter().to_be_bytes()], tag)?;
                rtp.apply_keystream(ssrc, index.0, payload)?;
            }
        }
        Ok(plain_len)
    }

    /// Seals the `plain_len` bytes at the start of `buffer`; gives the protected packet's length.
    pub(super) fn seal_rtp(
        &self,
        buffer: &mut [u8],
        header_len: usize,
        plain_len: usize,
        ssrc: Ssrc,
        index: ExtendedSeq,
    ) -> Result<usize, SrtpError> {
        let (plain, rest) = buffer.split_at_mut_checked(plain_len).ok_or(SrtpError::NoRoom)?;
        let tag = rest.get_mut(..self.tag_len()).ok_or(SrtpError::NoRoom)?;
        let (header, payload) = plain.split_at_mut_checked(header_len).ok_or(SrtpError::Truncated)?;
        match self {
            Self::Gcm { rtp, .. } => rtp.seal(rtp.rtp_nonce(ssrc, index), header, payload, tag)?,
            Self::CounterMode { rtp, .. } => {
                rtp.apply_keystream(ssrc, index.0, payload)?;
                rtp.sign(&[header, payload, &index.rollover_counter().to_be_bytes()], tag);
            }
        }
        Ok(plain_len + self.tag_len())
    }

    /// The sender's SSRC and index that an SRTCP packet claims, before it is authentic.
    pub(super) fn rtcp_claim(&self, packet: &[u8]) -> Result<(Ssrc, u32), SrtpError> {
        let &[_, _, _, _, a, b, c, d] = packet.first_chunk().ok_or(SrtpError::Truncated)?;
        let after_index = match self {
            Self::Gcm { .. } => packet.len(),
            Self::CounterMode { .. } => packet.len().checked_sub(self.tag_len()).ok_or(SrtpError::Truncated)?,
        };
        let word = packet.get(..after_index).and_then(<[u8]>::last_chunk).ok_or(SrtpError::Truncated)?;
        let word = u32::from_be_bytes(*word);
        if word & ENCRYPTED == 0 {
            return Err(SrtpError::NotEncrypted);
        }
        Ok((Ssrc(u32::from_be_bytes([a, b, c, d])), word & MAX_RTCP_INDEX))
    }

    /// Opens an SRTCP packet by what [`Self::rtcp_claim`] read; gives the plain packet's length.
    pub(super) fn open_rtcp(&self, packet: &mut [u8], ssrc: Ssrc, index: u32) -> Result<usize, SrtpError> {
        let trailer_len = self.tag_len() + RTCP_INDEX_LEN;
        let plain_len = packet.len().checked_sub(trailer_len).ok_or(SrtpError::Truncated)?;
        let (plain, trailer) = packet.split_at_mut_checked(plain_len).ok_or(SrtpError::Truncated)?;
        let (clear, secret) = plain.split_at_mut_checked(RTCP_CLEAR_LEN).ok_or(SrtpError::Truncated)?;
        let word = (index | ENCRYPTED).to_be_bytes();
        match self {
            // RFC 7714 §9.2: the index comes after the tag and is authenticated with the header.
            Self::Gcm { rtcp, .. } => {
                let (tag, _) = trailer.split_at_checked(self.tag_len()).ok_or(SrtpError::Truncated)?;
                rtcp.open(rtcp.rtcp_nonce(ssrc, index), &rtcp_aad(clear, word), secret, tag)?;
            }
            // RFC 3711 §3.4: the index comes before the tag.
            Self::CounterMode { rtcp, .. } => {
                let (_, tag) = trailer.split_at_checked(RTCP_INDEX_LEN).ok_or(SrtpError::Truncated)?;
                rtcp.verify(&[clear, secret, &word], tag)?;
                rtcp.apply_keystream(ssrc, u64::from(index), secret)?;
            }
        }
        Ok(plain_len)
    }

    /// Seals the RTCP compound of `plain_len` bytes at the start of `buffer`; gives the protected packet's length.
    pub(super) fn seal_rtcp(&self, buffer: &mut [u8], plain_len: usize, index: u32) -> Result<usize, SrtpError> {
        let trailer_len = self.tag_len() + RTCP_INDEX_LEN;
        let (plain, rest) = buffer.split_at_mut_checked(plain_len).ok_or(SrtpError::NoRoom)?;
        let trailer = rest.get_mut(..trailer_len).ok_or(SrtpError::NoRoom)?;
        let (clear, secret) = plain.split_at_mut_checked(RTCP_CLEAR_LEN).ok_or(SrtpError::Truncated)?;
        let &[a, b, c, d] = clear.last_chunk().ok_or(SrtpError::Truncated)?;
        let ssrc = Ssrc(u32::from_be_bytes([a, b, c, d]));
        let word = (index | ENCRYPTED).to_be_bytes();
        match self {
            Self::Gcm { rtcp, .. } => {
                let (tag, index_word) = trailer.split_at_mut(self.tag_len());
                rtcp.seal(rtcp.rtcp_nonce(ssrc, index), &rtcp_aad(clear, word), secret, tag)?;
                index_word.copy_from_slice(&word);
            }
            Self::CounterMode { rtcp, .. } => {
                let (index_word, tag) = trailer.split_at_mut(RTCP_INDEX_LEN);
                rtcp.apply_keystream(ssrc, u64::from(index), secret)?;
                rtcp.sign(&[clear, secret, &word], tag);
                index_word.copy_from_slice(&word);
            }
        }
        Ok(plain_len + trailer_len)
    }
}

/// AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 7714 §8, §9).
pub(super) struct GcmKeys {
    key: LessSafeKey,
    /// The 96 bits, as a number.
    salt: u128,
}

impl GcmKeys {
    fn derive<const KEY_LEN: usize>(
        derivation: &KeyDerivation,
        encryption: Purpose,
        salt: Purpose,
    ) -> Result<Self, SrtpError> {
        let key: [u8; KEY_LEN] = derivation.derive(encryption)?;
        let algorithm = if KEY_LEN == 32 { &AES_256_GCM } else { &AES_128_GCM };
        let key = UnboundKey::new(algorithm, &key).map_err(|_| SrtpError::KeyingMaterial)?;
        Ok(Self { key: LessSafeKey::new(key), salt: number(derivation.derive(salt)?) })
    }

    /// RFC 7714 §8.1: two zero bytes, SSRC, ROC and SEQ, which are the 48 bits of the index; XOR salt.
    fn rtp_nonce(&self, ssrc: Ssrc, index: ExtendedSeq) -> Nonce {
        self.nonce(ssrc, index.0)
    }

    /// RFC 7714 §9.1: two zero bytes, SSRC, two zero bytes and the index; XOR salt.
    fn rtcp_nonce(&self, ssrc: Ssrc, index: u32) -> Nonce {
        self.nonce(ssrc, u64::from(index))
    }

    fn nonce(&self, ssrc: Ssrc, index: u64) -> Nonce {
        let salted = self.salt ^ (u128::from(ssrc.0) << 48 | u128::from(index));
        let [_, _, _, _, nonce @ ..] = salted.to_be_bytes();
        Nonce::assume_unique_for_key(nonce)
    }

    fn open(&self, nonce: Nonce, aad: &[u8], in_out: &mut [u8], tag: &[u8]) -> Result<(), SrtpError> {
        self.key
            .open_in_place_separate_tag(nonce, Aad::from(aad), tag, in_out)
            .map(|_| ())
            .map_err(|_| SrtpError::NotAuthentic)
    }

    fn seal(&self, nonce: Nonce, aad: &[u8], in_out: &mut [u8], tag: &mut [u8]) -> Result<(), SrtpError> {
        self.key.seal_in_place_scatter(nonce, Aad::from(aad), in_out, &[], tag).map_err(|_| SrtpError::NoRoom)
    }
}

fn number(salt: [u8; 12]) -> u128 {
    salt.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// RFC 7714 §9.2: what stays clear, then the index word.
fn rtcp_aad(clear: &[u8], word: [u8; RTCP_INDEX_LEN]) -> [u8; RTCP_CLEAR_LEN + RTCP_INDEX_LEN] {
    let mut aad = [0; RTCP_CLEAR_LEN + RTCP_INDEX_LEN];
    for (to, from) in aad.iter_mut().zip(clear.iter().chain(&word)) {
        *to = *from;
    }
    aad
}

/// AES-128 in counter mode with an 80-bit HMAC-SHA1 tag (RFC 3711 §4.1.1, §4.2.1).
pub(super) struct CounterModeKeys {
    key: EncryptingKey,
    authentication: hmac::Key,
    salt: [u8; 14],
}

impl CounterModeKeys {
    fn derive(derivation: &KeyDerivation, purposes: [Purpose; 3]) -> Result<Self, SrtpError> {
        let [encryption, authentication, salt] = purposes;
        let authentication_key: [u8; 20] = derivation.derive(authentication)?;
        Ok(Self {
            key: ctr_key(&derivation.derive::<16>(encryption)?)?,
            authentication: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &authentication_key),
            salt: derivation.derive(salt)?,
        })
    }

    /// Encrypts and decrypts: IV = salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16 (RFC 3711 §4.1.1).
    fn apply_keystream(&self, ssrc: Ssrc, index: u64, in_out: &mut [u8]) -> Result<(), SrtpError> {
        let mut iv = (u128::from(ssrc.0) << 64 | u128::from(index) << 16).to_be_bytes();
        for (byte, salt) in iv.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        let context = EncryptionContext::Iv128((&iv).into());
        self.key.less_safe_encrypt(in_out, context).map(|_| ()).map_err(|_| SrtpError::NotAuthentic)
    }

    fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), SrtpError> {
        let computed = self.tag(parts);
        let expected = computed.as_ref().get(..tag.len()).unwrap_or_default();
        verify_slices_are_equal(expected, tag).map_err(|_| SrtpError::NotAuthentic)
    }

    fn sign(&self, parts: &[&[u8]], out: &mut [u8]) {
        for (to, from) in out.iter_mut().zip(self.tag(parts).as_ref()) {
            *to = *from;
        }
    }

    /// HMAC over the parts in turn; the context is a copy of the keyed state, on the stack.
    fn tag(&self, parts: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.authentication);
        for part in parts {
            context.update(part);
        }
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::hex;
    use super::*;

    /// The session key and salt of RFC 7714 §16 and §17, for RTP and RTCP alike.
    fn rfc_7714_cipher() -> Cipher {
        let keys = || {
            let key = UnboundKey::new(&AES_128_GCM, &hex("000102030405060708090a0b0c0d0e0f")).unwrap();
            let salt = hex("517569642070726f2071756f").try_into().unwrap();
            GcmKeys { key: LessSafeKey::new(key), salt: number(salt) }
        };
        Cipher::Gcm { rtp: keys(), rtcp: keys() }
    }

    const RTP: &str = "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
        69736120 696e2070 61727465 73207472 6573";
    const PROTECTED_RTP: &str = "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5
        0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce";
    const RTCP: &str = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
        deadbeef deadbeef deadbeef deadbeef deadbeef";
    const PROTECTED_RTCP: &str = "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d
        c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4";

    #[test]
    fn srtp_is_that_of_rfc_7714_section_16_1() {
        let (ssrc, index) = (Ssrc(0x5501_a0b2), ExtendedSeq(0xf17b));
        let mut packet = hex(RTP);
        let plain_len = packet.len();
        packet.resize(plain_len + 16, 0);
        assert_eq!(rfc_7714_cipher().seal_rtp(&mut packet, 12, plain_len, ssrc, index), Ok(plain_len + 16));
        assert_eq!(packet, hex(PROTECTED_RTP));
        assert_eq!(rfc_7714_cipher().open_rtp(&mut packet, 12, ssrc, index), Ok(plain_len));
        assert_eq!(packet[..plain_len], hex(RTP));
    }

    #[test]
    fn srtcp_is_that_of_rfc_7714_section_17_1() {
        let mut packet = hex(RTCP);
        let plain_len = packet.len();
        packet.resize(plain_len + 20, 0);
        assert_eq!(rfc_7714_cipher().seal_rtcp(&mut packet, plain_len, 0x5d4), Ok(plain_len + 20));
        assert_eq!(packet, hex(PROTECTED_RTCP));
        assert_eq!(rfc_7714_cipher().rtcp_claim(&packet), Ok((Ssrc(0x4d61_7273), 0x5d4)));
        assert_eq!(rfc_7714_cipher().open_rtcp(&mut packet, Ssrc(0x4d61_7273), 0x5d4), Ok(plain_len));
        assert_eq!(packet[..plain_len], hex(RTCP));
    }

    #[test]
    fn the_counter_mode_keystream_is_that_of_rfc_3711_appendix_b_2() {
        let keys = CounterModeKeys {
            key: ctr_key(&hex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap(),
            authentication: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &[]),
            salt: hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").try_into().unwrap(),
        };
        let mut stream = [0; 0xff02 * 16];
        keys.apply_keystream(Ssrc(0), 0, &mut stream).unwrap();
        let first =
            "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0";
        assert_eq!(stream[..48], hex(first));
        let last = "EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE 6A2CC3787889374FBEB4C81B17BA6C44";
        assert_eq!(stream[0xfeff * 16..][..48], hex(last));
    }
}
