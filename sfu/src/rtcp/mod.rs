//! RTCP as bytes (RFC 3550 §6, RFC 4585, RFC 5104, transport-wide congestion control): compounds read packet by packet,
//! compounds written into a caller's buffer, and the record of arrivals that transport feedback reports.
//!
//! Reader and writer hold no state and allocate nothing. They are ours and not `rtc-rtcp`'s: that one boxes each packet and
//! fills vectors from lengths the peer chose, and the shard needs a dozen fields of seven packet types. The tests hold each
//! against `rtc-rtcp` instead, as the independent implementation. When and why to send RTCP is decided elsewhere.

pub mod reader;
pub mod transport_feedback;
pub mod writer;

#[cfg(test)]
mod tests;

pub use reader::{RtcpPacket, packets};
pub use writer::CompoundWriter;

use std::time::Duration;

/// Packet types (RFC 3550 §12.1, RFC 4585 §6.1).
mod packet_type {
    pub(super) const SENDER_REPORT: u8 = 200;
    pub(super) const RECEIVER_REPORT: u8 = 201;
    pub(super) const SOURCE_DESCRIPTION: u8 = 202;
    pub(super) const GOODBYE: u8 = 203;
    pub(super) const TRANSPORT_FEEDBACK: u8 = 205;
    pub(super) const PAYLOAD_FEEDBACK: u8 = 206;
}

/// Feedback message types of [`packet_type::TRANSPORT_FEEDBACK`] and [`packet_type::PAYLOAD_FEEDBACK`].
mod feedback_type {
    /// RFC 4585 §6.2.1
    pub(super) const NACK: u8 = 1;
    /// draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1
    pub(super) const TRANSPORT_CC: u8 = 15;
    /// RFC 4585 §6.3.1
    pub(super) const PLI: u8 = 1;
    /// RFC 5104 §4.3.1
    pub(super) const FIR: u8 = 4;
}

/// Seconds since 1900 in 32.32 fixed point (RFC 3550 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// The middle 32 bits, as LSR carries them.
    #[must_use]
    pub fn middle(self) -> u32 {
        let [_, _, a, b, c, d, _, _] = self.0.to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// From a time since the NTP epoch, 1900-01-01.
    #[must_use]
    pub fn since_1900(time: Duration) -> Self {
        let fraction = (u64::from(time.subsec_nanos()) << 32) / 1_000_000_000;
        Self(time.as_secs() << 32 | fraction)
    }
}

/// One source as a receiver heard it (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    pub ssrc: crate::ids::Ssrc,
    /// Lost of expected since the last report, in 1/256.
    pub fraction_lost: u8,
    /// 24 bits with sign: duplicates can make it negative.
    pub cumulative_lost: i32,
    /// Cycles in the upper half.
    pub highest_sequence: u32,
    /// In ticks of the RTP clock.
    pub jitter: u32,
    /// Middle of the last sender report's time; 0 when there was none.
    pub last_sender_report: u32,
    /// Since that report, in 1/65,536 s.
    pub delay_since_last: u32,
}

impl ReportBlock {
    /// The round trip that this block, arriving at `now`, measures (RFC 3550 §6.4.1). `None` without a sender report, or when
    /// the two clocks contradict each other.
    #[must_use]
    pub fn round_trip(&self, now: NtpTime) -> Option<Duration> {
        if self.last_sender_report == 0 {
            return None;
        }
        let units = now.middle().wrapping_sub(self.last_sender_report).wrapping_sub(self.delay_since_last);
        // An apparent round trip of over nine hours is a negative one.
        (units < 1 << 31).then(|| units_to_duration(units))
    }
}

/// 1/65,536 s, the unit of LSR and DLSR.
#[must_use]
pub fn units_to_duration(units: u32) -> Duration {
    Duration::from_nanos((u64::from(units) * 1_000_000_000) >> 16)
}

/// The inverse, for DLSR; saturates at 18 hours.
#[must_use]
pub fn duration_to_units(duration: Duration) -> u32 {
    u32::try_from((duration.as_nanos() << 16) / 1_000_000_000).unwrap_or(u32::MAX)
}
