//! What a shard tells the control plane. Values only, through a bounded queue; a full queue drops and counts, and all state
//! that matters is repeated (reports each second, `LayersWanted` on every change and once a second while it differs).

use crate::ids::{Mid, PeerKey, Rid, RoomKey, TrackKey};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// DTLS finished, the certificate matched its fingerprint and media may run. `handshake` counts from `OpenPeer`.
    PeerConnected { peer: PeerKey, handshake: Duration },
    /// The shard has dropped the peer by itself; `ClosePeer` never makes this event.
    PeerClosed { peer: PeerKey, reason: CloseReason },
    /// The layers of a publisher's section that anybody displays, by rid. `any` alone speaks for a section without rids;
    /// false = nobody watches, stop encoding.
    LayersWanted { track: TrackKey, any: bool, rids: Vec<Rid> },
    /// Audio tracks that carry sound in a room now, loudest first, at most [`MAX_SPEAKERS`]; sent on change. The control
    /// plane knows which of them are microphones.
    SpeakersChanged { room: RoomKey, speakers: Vec<TrackKey> },
    /// Once a second per connected peer. `is_limited`: it gets less video than it displays because the shard is overloaded.
    /// `paused`: the slots that display something and get nothing of it.
    PeerReport { peer: PeerKey, uplink: LinkReport, downlink: LinkReport, is_limited: bool, paused: Vec<Mid> },
}

/// Speakers named in one event.
pub const MAX_SPEAKERS: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// No authenticated binding request for 30 s (RFC 7675 §5.1).
    ConsentExpired,
    /// No DTLS connection within 30 s of `OpenPeer`.
    HandshakeTimeout,
    /// DTLS failed, or the certificate did not match the fingerprint in the offer.
    HandshakeFailed,
    /// The client closed its PeerConnection (DTLS close_notify).
    ClosedByPeer,
}

/// One direction of one peer over the last second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkReport {
    /// Packets lost of packets expected, 0..=1; NaN never.
    pub loss_ratio: f32,
    /// Round trip from RTCP (RFC 3550 §6.4.1), and before that the most that it can be; `None` until known.
    pub rtt: Option<Duration>,
    /// Interarrival jitter (RFC 3550 §6.4.1), the audio stream's when there is one.
    pub jitter: Duration,
    /// Payload and headers, bits per second.
    pub rate_bps: u64,
    /// What the direction carries, as far as we know: of a downlink whose receiver gives feedback.
    pub estimate_bps: Option<u64>,
}
