//! SRTP and SRTCP with AEAD_AES_128_GCM (RFC 7714), the one profile that the generator offers, so that every server does the same work.
//!
//! Owns the session keys of one connection and the SRTCP index. No replay window: what arrives twice is counted by its stamp.

use anyhow::{Context as _, Result, anyhow};
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};

pub(crate) const KEYING_MATERIAL_LEN: usize = 2 * (16 + 12);
pub(crate) const TAG_LEN: usize = 16;
/// Tag and index word (RFC 7714 §9).
pub(crate) const RTCP_OVERHEAD: usize = TAG_LEN + 4;
/// "E": the packet is encrypted.
const ENCRYPTED: u32 = 1 << 31;

/// One direction's keys.
pub(crate) struct Keys {
    rtp: Cipher,
    rtcp: Cipher,
    rtcp_index: u32,
}

struct Cipher {
    key: LessSafeKey,
    salt: [u8; 12],
}

impl Keys {
    /// Those that seal and those that open, from what DTLS exported (RFC 5764 §4.2: client key, server key, client salt, server salt).
    ///
    /// # Errors
    /// The material is no such thing.
    pub(crate) fn of_client(material: &[u8; KEYING_MATERIAL_LEN]) -> Result<(Self, Self)> {
        let (keys, salts) = material.split_at(32);
        let ((client_key, server_key), (client_salt, server_salt)) = (keys.split_at(16), salts.split_at(12));
        Ok((Self::new(client_key, client_salt)?, Self::new(server_key, server_salt)?))
    }

    fn new(key: &[u8], salt: &[u8]) -> Result<Self> {
        // Labels of RFC 3711 §4.3.1: RTP key 0, RTP salt 2, RTCP key 3, RTCP salt 5.
        let cipher = |key_label, salt_label| -> Result<Cipher> {
            Cipher::new(&derive::<16>(key, salt, key_label)?, derive(key, salt, salt_label)?)
        };
        Ok(Self { rtp: cipher(0, 2)?, rtcp: cipher(3, 5)?, rtcp_index: 1 })
    }

    /// Seals the packet whose first `header_len` bytes are its header and whose last [`TAG_LEN`] are room for the tag.
    pub(crate) fn seal_rtp(&self, packet: &mut [u8], header_len: usize, ssrc: u32, index: u64) -> Option<()> {
        let (header, rest) = packet.split_at_mut_checked(header_len)?;
        let (payload, tag) = rest.split_at_mut_checked(rest.len().checked_sub(TAG_LEN)?)?;
        let nonce = self.rtp.nonce(ssrc, index);
        let sealed = self.rtp.key.seal_in_place_separate_tag(nonce, Aad::from(&*header), payload).ok()?;
        tag.copy_from_slice(sealed.as_ref());
        Some(())
    }

    /// Opens in place; the payload.
    pub(crate) fn open_rtp<'a>(
        &self,
        packet: &'a mut [u8],
        header_len: usize,
        ssrc: u32,
        index: u64,
    ) -> Option<&'a mut [u8]> {
        let (header, sealed) = packet.split_at_mut_checked(header_len)?;
        self.rtp.key.open_in_place(self.rtp.nonce(ssrc, index), Aad::from(&*header), sealed).ok()
    }

    /// Seals a compound packet, which has room for [`RTCP_OVERHEAD`] at its end.
    pub(crate) fn seal_rtcp(&mut self, packet: &mut [u8]) -> Option<()> {
        let index = self.rtcp_index;
        self.rtcp_index += 1;
        let (header, rest) = packet.split_first_chunk_mut::<8>()?;
        let (rest, index_word) = rest.split_last_chunk_mut::<4>()?;
        let (payload, tag) = rest.split_last_chunk_mut::<TAG_LEN>()?;
        *index_word = (index | ENCRYPTED).to_be_bytes();
        let [.., a, b, c, d] = *header;
        let nonce = self.rtcp.nonce(u32::from_be_bytes([a, b, c, d]), u64::from(index));
        let aad = rtcp_aad(*header, *index_word);
        let sealed = self.rtcp.key.seal_in_place_separate_tag(nonce, Aad::from(aad), payload).ok()?;
        tag.copy_from_slice(sealed.as_ref());
        Some(())
    }

    /// Opens in place; the whole compound packet.
    pub(crate) fn open_rtcp<'a>(&self, packet: &'a mut [u8]) -> Option<&'a [u8]> {
        let length = packet.len().checked_sub(RTCP_OVERHEAD)?;
        let (header, rest) = packet.split_first_chunk_mut::<8>()?;
        let (sealed, index_word) = rest.split_last_chunk_mut::<4>()?;
        let index = u32::from_be_bytes(*index_word) & !ENCRYPTED;
        let [.., a, b, c, d] = *header;
        let nonce = self.rtcp.nonce(u32::from_be_bytes([a, b, c, d]), u64::from(index));
        self.rtcp.key.open_in_place(nonce, Aad::from(rtcp_aad(*header, *index_word)), sealed).ok()?;
        packet.get(..length)
    }
}

/// RFC 7714 §9.2: the header, then the index word.
fn rtcp_aad([a, b, c, d, e, f, g, h]: [u8; 8], [i, j, k, l]: [u8; 4]) -> [u8; 12] {
    [a, b, c, d, e, f, g, h, i, j, k, l]
}

impl Cipher {
    fn new(key: &[u8; 16], salt: [u8; 12]) -> Result<Self> {
        let key = UnboundKey::new(&AES_128_GCM, key).map_err(|_| anyhow!("no AES-128-GCM key"))?;
        Ok(Self { key: LessSafeKey::new(key), salt })
    }

    /// Two zeros, SSRC, 48 bits of index, all XOR the salt (RFC 7714 §8.1 and §9.1).
    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let [a, b, c, d] = ssrc.to_be_bytes();
        let [_, _, e, f, g, h, i, j] = index.to_be_bytes();
        let mut nonce = [0, 0, a, b, c, d, e, f, g, h, i, j];
        for (byte, salt) in nonce.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        Nonce::assume_unique_for_key(nonce)
    }
}

/// AES-CM keystream from the master key, a derivation rate of zero (RFC 3711 §4.3.3, RFC 7714 §11).
fn derive<const LEN: usize>(key: &[u8], salt: &[u8], label: u8) -> Result<[u8; LEN]> {
    let key = UnboundCipherKey::new(&AES_128, key).map_err(|_| anyhow!("no AES-128 key"))?;
    let key = EncryptingKey::ctr(key).map_err(|_| anyhow!("no AES-128 key"))?;
    let mut iv = [0; 16];
    for (to, from) in iv.iter_mut().zip(salt) {
        *to = *from;
    }
    *iv.get_mut(7).context("an IV has 16 bytes")? ^= label;
    let mut out = [0; LEN];
    let context = EncryptionContext::Iv128((&iv).into());
    key.less_safe_encrypt(&mut out, context).map_err(|_| anyhow!("the key derivation failed"))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtc::srtp::context::Context as Peer;
    use rtc::srtp::protection_profile::ProtectionProfile;

    fn material() -> [u8; KEYING_MATERIAL_LEN] {
        std::array::from_fn(|at| u8::try_from(at).unwrap() * 3 + 1)
    }

    fn peer(key: std::ops::Range<usize>, salt: std::ops::Range<usize>) -> Peer {
        let provider = rtc::crypto::default_provider().unwrap();
        Peer::new(&material()[key], &material()[salt], ProtectionProfile::AeadAes128Gcm, None, None, provider.crypto())
            .unwrap()
    }

    fn rtp(sequence: u16) -> Vec<u8> {
        let [high, low] = sequence.to_be_bytes();
        let mut packet = vec![0x80, 111, high, low, 0, 0, 0, 1, 0, 0, 0, 7];
        packet.extend_from_slice(b"what is said");
        packet
    }

    #[test]
    fn another_implementation_opens_what_is_sealed_and_seals_what_is_opened() {
        let (client, server) = Keys::of_client(&material()).unwrap();
        let plain = rtp(5);
        let mut sealed = plain.clone();
        sealed.resize(plain.len() + TAG_LEN, 0);
        client.seal_rtp(&mut sealed, 12, 7, 5).unwrap();
        assert_eq!(peer(0..16, 32..44).decrypt_rtp(&sealed).unwrap(), plain);
        let mut theirs = peer(16..32, 44..56).encrypt_rtp(&plain).unwrap().to_vec();
        assert_eq!(server.open_rtp(&mut theirs, 12, 7, 5).unwrap(), b"what is said");
    }

    #[test]
    fn reports_go_both_ways_too() {
        let (mut client, server) = Keys::of_client(&material()).unwrap();
        let plain = [0x80, 201, 0, 1, 0, 0, 0, 7, 0x81, 202, 0, 1, 0, 0, 0, 7];
        let mut sealed = plain.to_vec();
        sealed.resize(plain.len() + RTCP_OVERHEAD, 0);
        client.seal_rtcp(&mut sealed).unwrap();
        assert_eq!(peer(0..16, 32..44).decrypt_rtcp(&sealed).unwrap(), plain[..]);
        let mut theirs = peer(16..32, 44..56).encrypt_rtcp(&plain).unwrap().to_vec();
        assert_eq!(server.open_rtcp(&mut theirs).unwrap(), plain);
    }
}
