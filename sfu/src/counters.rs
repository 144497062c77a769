//! What a shard has counted since it started. Plain cumulative numbers, copied out once a second; nothing here decides anything.

use crate::event::CloseReason;

/// Cumulative since the shard started, except where a field says "now".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// RTP that came in, authenticated or not.
    pub rtp_received_packets: u64,
    pub rtp_received_bytes: u64,
    /// RTP sent to subscribers, retransmissions not included.
    pub rtp_forwarded_packets: u64,
    pub rtp_forwarded_bytes: u64,
    /// Retransmissions sent to subscribers (RFC 4588).
    pub retransmitted_packets: u64,
    /// Those of them that nobody had asked for yet.
    pub repeated_packets: u64,
    /// Lost packets that a publisher's retransmission brought back.
    pub recovered_packets: u64,
    pub rtcp_received_packets: u64,
    pub rtcp_sent_packets: u64,
    /// Sequence numbers that we asked publishers for, and that subscribers asked us for.
    pub nack_sent: u64,
    pub nack_received: u64,
    /// Asked of us and no longer in the cache, or over the retransmission budget.
    pub nack_unanswered: u64,
    pub pli_sent: u64,
    pub pli_received: u64,
    pub layer_switches: u64,
    /// Video that had to wait for its subscriber's link, and probes of what such a link carries.
    pub paced_packets: u64,
    pub probes_sent: u64,
    /// Packets of nothing but padding, with which a probe is filled.
    pub padding_packets: u64,
    pub stun_requests: u64,
    /// Binding requests without credentials that were answered: somebody tests whether datagrams pass.
    pub stun_plain: u64,
    pub handshakes_completed: u64,
    /// Sum of the handshakes' durations, for a mean; the control plane keeps the histogram.
    pub handshake_millis: u64,
    pub dropped: Dropped,
    pub closed: Closed,
    pub events_dropped: u64,
    /// Now.
    pub peers: u64,
    /// Now.
    pub rooms: u64,
    /// Now: sections in which somebody may publish, whether or not anything is sent.
    pub tracks: u64,
    /// Now: slots that carry a track.
    pub subscriptions: u64,
    /// Now: how much is given up because the shard cannot keep up, 0 (nothing) to 4 (all video).
    pub overload_level: u64,
}

/// Datagrams and packets that were dropped, by cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// First byte is none of RFC 7983's, or shorter than its protocol's header.
    pub unclassified: u64,
    /// Not STUN, and from an address that has not passed a connectivity check.
    pub unknown_address: u64,
    /// STUN that is malformed, has an unknown username or fails its integrity check.
    pub stun_invalid: u64,
    pub dtls_invalid: u64,
    /// DTLS that came while as much as may wait was waiting, of its peer or of all.
    pub handshake_queue: u64,
    /// DTLS sent again while its first copy was waiting.
    pub handshake_repeated: u64,
    /// SRTP or SRTCP before DTLS finished.
    pub before_handshake: u64,
    /// SRTP or SRTCP that fails authentication.
    pub srtp_unauthentic: u64,
    /// SRTP or SRTCP seen before (replay window).
    pub srtp_replayed: u64,
    pub rtp_malformed: u64,
    pub rtcp_malformed: u64,
    /// Authenticated, but its SSRC, mid or payload type was never negotiated.
    pub rtp_unknown_source: u64,
    /// Arrived a second time by retransmission, or after it was given up.
    pub rtp_duplicate: u64,
    /// The subscriber has no payload type for the publisher's codec.
    pub codec_mismatch: u64,
    /// Video that nobody got while the shard gave up some.
    pub overload: u64,
    /// Video that waited for a subscriber's link until it was of no use any more.
    pub pacer: u64,
    /// The send batch was full.
    pub batch_full: u64,
    /// A command named a peer, section or track that is not there, or another room's.
    pub command_refused: u64,
    /// A named limit (peers, sources, subscriptions) was reached.
    pub limit: u64,
}

/// Peers that the shard closed by itself, by [`CloseReason`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    pub consent_expired: u64,
    pub handshake_timeout: u64,
    pub handshake_failed: u64,
    pub by_peer: u64,
}

impl Closed {
    pub(crate) fn count(&mut self, reason: CloseReason) {
        let counter = match reason {
            CloseReason::ConsentExpired => &mut self.consent_expired,
            CloseReason::HandshakeTimeout => &mut self.handshake_timeout,
            CloseReason::HandshakeFailed => &mut self.handshake_failed,
            CloseReason::ClosedByPeer => &mut self.by_peer,
        };
        *counter += 1;
    }
}
