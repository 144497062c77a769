//! The media shards' counters as Prometheus families, labelled by shard. Built anew at each scrape: the shards own the numbers.

use kenes_sfu::counters::Counters;
pub use kenes_sfu::io::Snapshot as ShardSnapshot;
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry};

/// # Errors
/// A family's name is malformed or taken: a mistake in this module.
pub fn families(shards: &[ShardSnapshot]) -> prometheus::Result<Vec<MetricFamily>> {
    let registry = Registry::new();
    traffic(&Exporter { registry: &registry, shards })?;
    failures(&Exporter { registry: &registry, shards })?;
    Ok(registry.gather())
}

fn traffic(export: &Exporter<'_>) -> prometheus::Result<()> {
    export.counter("kenes_media_received_packets_total", "RTP packets received.", |c| c.rtp_received_packets)?;
    export.counter("kenes_media_received_bytes_total", "RTP bytes received.", |c| c.rtp_received_bytes)?;
    export.counter("kenes_media_forwarded_packets_total", "RTP packets sent to subscribers.", |c| {
        c.rtp_forwarded_packets
    })?;
    export.counter("kenes_media_forwarded_bytes_total", "RTP bytes sent to subscribers.", |c| c.rtp_forwarded_bytes)?;
    export.counter("kenes_media_retransmitted_packets_total", "Retransmissions sent to subscribers.", |c| {
        c.retransmitted_packets
    })?;
    export.counter("kenes_media_recovered_packets_total", "Lost packets that publishers sent again.", |c| {
        c.recovered_packets
    })?;
    export.counter("kenes_media_layer_switches_total", "Changes of the layer that a subscriber gets.", |c| {
        c.layer_switches
    })?;
    export.counter("kenes_media_stun_requests_total", "Authenticated connectivity checks.", |c| c.stun_requests)?;
    export.counter("kenes_media_handshakes_total", "DTLS handshakes completed.", |c| c.handshakes_completed)?;
    export.counters("kenes_media_rtcp_packets_total", "RTCP packets, by direction.", "direction", |c| {
        vec![("received", c.rtcp_received_packets), ("sent", c.rtcp_sent_packets)]
    })?;
    export.counters("kenes_media_nack_total", "Sequence numbers asked for again, by direction.", "direction", |c| {
        vec![("received", c.nack_received), ("sent", c.nack_sent)]
    })?;
    export.counters("kenes_media_pli_total", "Key frames asked for, by direction.", "direction", |c| {
        vec![("received", c.pli_received), ("sent", c.pli_sent)]
    })?;
    export.gauge("kenes_media_peers", "PeerConnections now.", |c| c.peers)?;
    export.gauge("kenes_media_rooms", "Rooms with a peer now.", |c| c.rooms)?;
    export.gauge("kenes_media_tracks", "Published tracks now.", |c| c.tracks)?;
    export.gauge("kenes_media_subscriptions", "Slots that carry a track now.", |c| c.subscriptions)
}

fn failures(export: &Exporter<'_>) -> prometheus::Result<()> {
    export
        .counter("kenes_media_nack_unanswered_total", "Asked for again and no longer cached.", |c| c.nack_unanswered)?;
    export.counter("kenes_media_events_dropped_total", "Events that found the shard's queue full.", |c| {
        c.events_dropped
    })?;
    export.counters("kenes_media_dropped_packets_total", "Datagrams and packets dropped, by cause.", "cause", |c| {
        let dropped = &c.dropped;
        vec![
            ("unclassified", dropped.unclassified),
            ("unknown_address", dropped.unknown_address),
            ("stun_invalid", dropped.stun_invalid),
            ("dtls_invalid", dropped.dtls_invalid),
            ("before_handshake", dropped.before_handshake),
            ("srtp_unauthentic", dropped.srtp_unauthentic),
            ("srtp_replayed", dropped.srtp_replayed),
            ("rtp_malformed", dropped.rtp_malformed),
            ("rtcp_malformed", dropped.rtcp_malformed),
            ("rtp_unknown_source", dropped.rtp_unknown_source),
            ("rtp_duplicate", dropped.rtp_duplicate),
            ("codec_mismatch", dropped.codec_mismatch),
            ("batch_full", dropped.batch_full),
            ("command_refused", dropped.command_refused),
            ("limit", dropped.limit),
        ]
    })?;
    export.counters("kenes_media_closed_peers_total", "Peers that the server gave up, by cause.", "cause", |c| {
        vec![
            ("consent_expired", c.closed.consent_expired),
            ("handshake_timeout", c.closed.handshake_timeout),
            ("handshake_failed", c.closed.handshake_failed),
            ("by_peer", c.closed.by_peer),
        ]
    })
}

struct Exporter<'a> {
    registry: &'a Registry,
    shards: &'a [ShardSnapshot],
}

impl Exporter<'_> {
    fn counter(&self, name: &str, help: &str, value: impl Fn(&Counters) -> u64) -> prometheus::Result<()> {
        let family = IntCounterVec::new(Opts::new(name, help), &["shard"])?;
        for (index, shard) in self.shards.iter().enumerate() {
            family.with_label_values(&[index.to_string()]).inc_by(value(&shard.shard));
        }
        self.registry.register(Box::new(family))
    }

    /// One counter per shard and per value of `label`.
    fn counters(
        &self,
        name: &str,
        help: &str,
        label: &str,
        values: impl Fn(&Counters) -> Vec<(&'static str, u64)>,
    ) -> prometheus::Result<()> {
        let family = IntCounterVec::new(Opts::new(name, help), &["shard", label])?;
        for (index, shard) in self.shards.iter().enumerate() {
            for (word, value) in values(&shard.shard) {
                family.with_label_values(&[index.to_string().as_str(), word]).inc_by(value);
            }
        }
        self.registry.register(Box::new(family))
    }

    fn gauge(&self, name: &str, help: &str, value: impl Fn(&Counters) -> u64) -> prometheus::Result<()> {
        let family = IntGaugeVec::new(Opts::new(name, help), &["shard"])?;
        for (index, shard) in self.shards.iter().enumerate() {
            family.with_label_values(&[index.to_string()]).set(i64::try_from(value(&shard.shard)).unwrap_or(i64::MAX));
        }
        self.registry.register(Box::new(family))
    }
}
