//! What an offer and its answer agreed on, as values: the shard never sees SDP.
//!
//! Made by `sdp::answer`, carried to the shard in [`crate::command::Command`]. All of it is decided on the control plane,
//! answer included, so no request waits for the shard.

use crate::ids::{Mid, PayloadType, Rid, Ssrc};

/// One PeerConnection as negotiated. Sections are in the order of the offer's m-lines (at most [`MAX_SECTIONS`]).
#[derive(Clone, Debug)]
pub struct PeerDescription {
    pub ice: IceParameters,
    pub dtls: DtlsParameters,
    pub sections: Vec<Section>,
    /// RTCP CNAME that our sender reports and SDES carry for this peer's downlink.
    pub cname: String,
}

/// Sections accepted in one offer: 17 are ours, the rest is room for clients of later protocol versions.
pub const MAX_SECTIONS: usize = 32;
/// Simulcast layers of one section.
pub const MAX_LAYERS: usize = 3;

impl PeerDescription {
    #[must_use]
    pub fn section(&self, mid: Mid) -> Option<&Section> {
        self.sections.iter().find(|section| section.mid == mid)
    }
}

/// ICE credentials of both sides (RFC 8445 §5.3). Ours are made by `sdp::answer`, one pair per PeerConnection and restart.
#[derive(Clone, PartialEq, Eq)]
pub struct IceParameters {
    pub local_ufrag: String,
    pub local_pwd: String,
    pub remote_ufrag: String,
    pub remote_pwd: String,
}

impl std::fmt::Debug for IceParameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IceParameters({}:{}, passwords hidden)", self.local_ufrag, self.remote_ufrag)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DtlsParameters {
    /// `a=fingerprint:sha-256` of the client's certificate; the handshake's certificate must match (RFC 8122 §5).
    pub remote_fingerprint: Fingerprint,
    /// True when we send the ClientHello (the client offered `a=setup:passive`); false is usual (`actpass`).
    pub local_is_client: bool,
}

/// SHA-256 over a certificate's DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

/// One m-section. A refused one stays in the list, so that indexes are those of the offer's m-lines.
#[derive(Clone, Debug)]
pub struct Section {
    pub mid: Mid,
    pub kind: MediaKind,
    pub flow: Flow,
    /// Accepted codecs in order of preference, RTX folded into the codec it repairs.
    pub codecs: Vec<CodecParameters>,
    pub extensions: ExtensionIds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    Audio,
    Video,
    /// A data channel or the like: always refused.
    Other,
}

/// Which way media runs in a section, seen from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The client publishes. `rids` in the order of `a=simulcast` (empty: one layer); `declared` are the SSRCs of `a=ssrc`
    /// with their RTX partner from `a=ssrc-group:FID` (empty when the offer names none, as Chromium does with rids).
    Uplink { rids: Vec<Rid>, declared: Vec<DeclaredSource> },
    /// A slot: we send. Both SSRCs were written into the answer and stay for the life of the PeerConnection.
    Downlink { ssrc: Ssrc, rtx: Option<Ssrc> },
    /// Refused or inactive: nothing runs.
    Inactive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeclaredSource {
    pub ssrc: Ssrc,
    pub rtx: Option<Ssrc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecParameters {
    pub codec: Codec,
    pub payload_type: PayloadType,
    pub clock_rate_hz: u32,
    /// Payload type of `rtx` with `apt` = this one (RFC 4588 §8.1).
    pub rtx: Option<PayloadType>,
    /// Generic NACK was agreed (`a=rtcp-fb:… nack`).
    pub nack: bool,
    /// Picture loss indication was agreed (`a=rtcp-fb:… nack pli`).
    pub pli: bool,
    pub transport_cc: bool,
}

/// A codec as the router compares it: a publisher's packet goes to the subscriber's payload type of an equal value. The tag has a
/// byte of its own, so that each packet's comparison is one of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Codec {
    Opus,
    /// Redundant audio over Opus (RFC 2198).
    Red,
    Vp8,
    /// Profile 0 only (RFC 9628 §7).
    Vp9 {
        profile_id: u8,
    },
    /// `profile` is profile-level-id's first two bytes with constraint bits folded to the browser's classes (RFC 6184 §8.1).
    H264 {
        profile: H264Profile,
        packetization_mode: u8,
    },
}

impl Codec {
    pub(crate) fn is_video(self) -> bool {
        !matches!(self, Self::Opus | Self::Red)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum H264Profile {
    ConstrainedBaseline,
    Baseline,
    Main,
    ConstrainedHigh,
    High,
}

/// Negotiated header-extension ids of one section (RFC 8285), 1..=14; absent = not agreed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtensionIds {
    /// `urn:ietf:params:rtp-hdrext:sdes:mid` (RFC 8843)
    pub mid: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id` (RFC 8852)
    pub rid: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id` (RFC 8852)
    pub repaired_rid: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:ssrc-audio-level` (RFC 6464)
    pub audio_level: Option<u8>,
    /// `http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01`
    pub transport_cc: Option<u8>,
}
