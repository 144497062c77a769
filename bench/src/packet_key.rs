//! What protecting one SRTP packet costs at the least: the cipher alone, in place, with no counters, windows or lookups.
//!
//! Holds one expanded key. The floors are made of it: `floor`, `forward`'s and the bare forwarder's.

use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use kenes_bench_shard::cipher::Cipher;

#[expect(clippy::large_enum_variant, reason = "as the shard holds it: a box would cost a cache miss per packet")]
pub enum PacketKey {
    Gcm(LessSafeKey),
    CounterMode { cipher: EncryptingKey, authentication: hmac::Key },
}

/// HMAC-SHA1 cut to 80 bits (RFC 3711 §4.2).
const SHA1_TAG_LEN: usize = 10;
const GCM_TAG_LEN: usize = 16;

impl PacketKey {
    /// Some key: what protecting a packet costs does not depend on it.
    pub fn of_number(cipher: Cipher, number: usize) -> Result<Self> {
        let byte = u8::try_from(number % 251)?;
        Self::new(cipher, &[byte; 32], &[byte; 20])
    }

    /// `key` holds at least as many bytes as the cipher takes; `authentication` is for counter mode.
    pub fn new(cipher: Cipher, key: &[u8], authentication: &[u8]) -> Result<Self> {
        let bytes = |len| key.get(..len).context("the key is too short");
        Ok(match cipher {
            Cipher::Gcm128 => Self::Gcm(LessSafeKey::new(UnboundKey::new(&AES_128_GCM, bytes(16)?)?)),
            Cipher::Gcm256 => Self::Gcm(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes(32)?)?)),
            Cipher::CounterModeSha1 => Self::CounterMode {
                cipher: EncryptingKey::ctr(UnboundCipherKey::new(&AES_128, bytes(16)?)?)?,
                authentication: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, authentication),
            },
        })
    }

    #[must_use]
    pub fn tag_len(&self) -> usize {
        match self {
            Self::Gcm(_) => GCM_TAG_LEN,
            Self::CounterMode { .. } => SHA1_TAG_LEN,
        }
    }

    /// Seals what stands between `header_len` and the tag's room at the end of `packet`.
    pub fn seal(&self, iv: [u8; 16], rollover: u32, header_len: usize, packet: &mut [u8]) -> Result<()> {
        let (header, payload, tag) = self.parts(header_len, packet)?;
        match self {
            Self::Gcm(key) => {
                let sealed = key.seal_in_place_separate_tag(nonce(iv), Aad::from(&*header), payload)?;
                tag.copy_from_slice(sealed.as_ref());
            }
            Self::CounterMode { cipher, authentication } => {
                cipher.less_safe_encrypt(payload, EncryptionContext::Iv128(iv.into()))?;
                let signed = sign(authentication, header, payload, rollover);
                tag.copy_from_slice(signed.as_ref().get(..SHA1_TAG_LEN).context("a short signature")?);
            }
        }
        Ok(())
    }

    /// Opens such a packet in place; the tag stays behind the payload.
    pub fn open(&self, iv: [u8; 16], rollover: u32, header_len: usize, packet: &mut [u8]) -> Result<()> {
        let (header, payload, tag) = self.parts(header_len, packet)?;
        match self {
            Self::Gcm(key) => {
                let sealed = packet.split_at_mut_checked(header_len).context("no payload")?;
                key.open_in_place(nonce(iv), Aad::from(&*sealed.0), sealed.1)?;
            }
            Self::CounterMode { cipher, authentication } => {
                let signed = sign(authentication, header, payload, rollover);
                let expected = signed.as_ref().get(..SHA1_TAG_LEN).context("a short signature")?;
                ensure!(verify_slices_are_equal(expected, tag).is_ok(), "not authentic");
                cipher.less_safe_encrypt(payload, EncryptionContext::Iv128(iv.into()))?;
            }
        }
        Ok(())
    }

    fn parts<'a>(&self, header_len: usize, packet: &'a mut [u8]) -> Result<(&'a mut [u8], &'a mut [u8], &'a mut [u8])> {
        let end = packet.len().checked_sub(self.tag_len()).context("no room for the tag")?;
        let (plain, tag) = packet.split_at_mut_checked(end).context("no room for the tag")?;
        let (header, payload) = plain.split_at_mut_checked(header_len).context("no payload")?;
        Ok((header, payload, tag))
    }
}

/// GCM takes 12 of the 16 bytes (RFC 7714 §8.1).
fn nonce(iv: [u8; 16]) -> Nonce {
    let [nonce @ .., _, _, _, _] = iv;
    Nonce::assume_unique_for_key(nonce)
}

fn sign(key: &hmac::Key, header: &[u8], payload: &[u8], rollover: u32) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in [header, payload, &rollover.to_be_bytes()] {
        context.update(part);
    }
    context.sign()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_packet_opens_and_a_changed_one_does_not() {
        for cipher in Cipher::ALL {
            let key = PacketKey::of_number(cipher, 3).unwrap();
            let plain = [[0x90; 20].as_slice(), &[7; 100]].concat();
            let mut packet = plain.clone();
            packet.resize(plain.len() + key.tag_len(), 0);
            key.seal([1; 16], 9, 20, &mut packet).unwrap();
            assert_ne!(packet[20..120], plain[20..]);
            let mut changed = packet.clone();
            changed[50] ^= 1;
            assert!(key.open([1; 16], 9, 20, &mut changed).is_err(), "{cipher:?}");
            key.open([1; 16], 9, 20, &mut packet).unwrap();
            assert_eq!(packet[..120], plain[..], "{cipher:?}");
        }
    }
}
