//! The uplink's half: opens a peer's SRTP and SRTCP, guesses rollover counters and refuses replays.
//!
//! Owns the peer's receive keys and, per SSRC, the highest index and a replay window. A packet that fails in any way leaves
//! all of it as it was.

use super::cipher::Cipher;
use super::replay::Sources;
use super::{SrtpError, SrtpProfile};
use crate::ids::Ssrc;
use crate::rtp::header::RtpHeader;
use crate::rtp::sequence::ExtendedSeq;

/// What each packet touches lies within so many bytes of the beginning: the way to the keys, which are the library's and elsewhere,
/// the way to the windows, and the first SSRCs.
pub(crate) const FIRST_BYTES: usize = size_of::<Cipher>() + 64;

/// What each packet touches comes first and begins with a line of memory.
#[repr(C, align(64))]
pub struct SrtpReceiver {
    cipher: Cipher,
    rtp: Sources,
    rtcp: Sources,
}

/// An RTP packet that was authentic and new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unprotected {
    /// Bytes of the plain packet: header, payload and padding.
    pub len: usize,
    /// The packet's sequence number with the rollover counter that proved right.
    pub index: ExtendedSeq,
}

impl SrtpReceiver {
    /// From the master key and salt of the peer's sending direction.
    pub fn new(profile: SrtpProfile, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        Ok(Self { cipher: Cipher::new(profile, key, salt)?, rtp: Sources::default(), rtcp: Sources::default() })
    }

    /// A source's window (`shard::ahead`).
    pub(crate) fn request_window(&self, ssrc: Ssrc) {
        self.rtp.request(ssrc);
    }

    /// Opens an SRTP packet in place. `header` is what [`RtpHeader::parse`] read from it.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8], header: &RtpHeader) -> Result<Unprotected, SrtpError> {
        // RFC 3711 §3.3.1: the first packet of a source is in its cycle 0, any other near the highest seen.
        let source = self.rtp.find(header.ssrc);
        let index = match self.rtp.highest(source) {
            Some(highest) => ExtendedSeq(highest).nearest(header.sequence).ok_or(SrtpError::Replayed)?,
            None => ExtendedSeq::first(header.sequence),
        };
        if !self.rtp.is_new(source, index.0) {
            return Err(SrtpError::Replayed);
        }
        let len = self.cipher.open_rtp(packet, header.len, header.ssrc, index)?;
        self.rtp.mark(source, index.0);
        Ok(Unprotected { len, index })
    }

    /// Opens an SRTCP packet in place and gives the length of the plain compound.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let (ssrc, index) = self.cipher.rtcp_claim(packet)?;
        let source = self.rtcp.find(ssrc);
        if !self.rtcp.is_new(source, u64::from(index)) {
            return Err(SrtpError::Replayed);
        }
        let len = self.cipher.open_rtcp(packet, ssrc, index)?;
        self.rtcp.mark(source, u64::from(index));
        Ok(len)
    }
}
