//! The downlink's half: seals what we send to one peer.
//!
//! Owns the send keys and the SRTCP index. RTP indices come from the caller, who numbers each egress SSRC and knows about
//! late packets around a rollover better than a guess here could.

use super::cipher::{Cipher, MAX_RTCP_INDEX};
use super::{SrtpError, SrtpProfile};
use crate::ids::Ssrc;
use crate::rtp::sequence::ExtendedSeq;

/// Begins with a line of memory, in which the way to the RTP keys lies.
#[repr(align(64))]
pub struct SrtpSender {
    cipher: Cipher,
    next_rtcp_index: u32,
}

/// RTP indices have 48 bits.
const MAX_RTP_INDEX: u64 = (1 << 48) - 1;

impl SrtpSender {
    /// From the master key and salt of our sending direction.
    pub fn new(profile: SrtpProfile, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        // The first index is 1, as other stacks have it: some take 0 for a replay.
        Ok(Self { cipher: Cipher::new(profile, key, salt)?, next_rtcp_index: 1 })
    }

    /// Seals in place the packet of `plain_len` bytes at the start of `buffer`, whose first `header_len` bytes are its header
    /// with the SSRC and the low bits of `index`; the tag goes behind it. Gives the length to send, at most
    /// [`MAX_OVERHEAD`](super::MAX_OVERHEAD) more than the plain one.
    ///
    /// Never seal two different packets with one SSRC and index: a repeat must be the same bytes, or go as RTX.
    pub fn protect_rtp(
        &self,
        buffer: &mut [u8],
        header_len: usize,
        plain_len: usize,
        ssrc: Ssrc,
        index: ExtendedSeq,
    ) -> Result<usize, SrtpError> {
        if index.0 > MAX_RTP_INDEX {
            return Err(SrtpError::KeyExhausted);
        }
        self.cipher.seal_rtp(buffer, header_len, plain_len, ssrc, index)
    }

    /// Seals in place the RTCP compound of `plain_len` bytes at the start of `buffer` and gives the length to send.
    pub fn protect_rtcp(&mut self, buffer: &mut [u8], plain_len: usize) -> Result<usize, SrtpError> {
        let index = self.next_rtcp_index;
        if index > MAX_RTCP_INDEX {
            return Err(SrtpError::KeyExhausted);
        }
        let len = self.cipher.seal_rtcp(buffer, plain_len, index)?;
        self.next_rtcp_index += 1;
        Ok(len)
    }
}
