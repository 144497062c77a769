//! The media shards' counters as Prometheus families, labelled by shard. Built anew at each scrape: the shards own the numbers.

use kenes_sfu::io::LatencyHistogram;
pub use kenes_sfu::io::Snapshot as ShardSnapshot;
use prometheus::proto::{Bucket, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{CounterVec, IntCounterVec, IntGaugeVec, Opts, Registry};
use std::time::Duration;

/// One shard at the moment of a scrape.
pub struct ShardState {
    /// As of its last report.
    pub snapshot: ShardSnapshot,
    /// It does not turn.
    pub is_stalled: bool,
    /// How often that began.
    pub stalls: u64,
}

/// # Errors
/// A family's name is malformed or taken: a mistake in this module.
pub fn families(shards: &[ShardState]) -> prometheus::Result<Vec<MetricFamily>> {
    let registry = Registry::new();
    let export = Exporter { registry: &registry, shards };
    export.gauge_of("kenes_shard_stalled", "1 while the shard's loop stands still.", |s| u64::from(s.is_stalled))?;
    export.counter_of("kenes_shard_stalls_total", "Times that the shard's loop stood still.", |s| s.stalls)?;
    traffic(&export)?;
    failures(&export)?;
    sockets(&export)?;
    let mut families = registry.gather();
    families.push(forward_latency(shards));
    Ok(families)
}

fn traffic(export: &Exporter<'_>) -> prometheus::Result<()> {
    export.counter("kenes_media_received_packets_total", "RTP packets received.", |s| s.shard.rtp_received_packets)?;
    export.counter("kenes_media_received_bytes_total", "RTP bytes received.", |s| s.shard.rtp_received_bytes)?;
    export.counter("kenes_media_forwarded_packets_total", "RTP packets sent to subscribers.", |s| {
        s.shard.rtp_forwarded_packets
    })?;
    export.counter("kenes_media_forwarded_bytes_total", "RTP bytes sent to subscribers.", |s| {
        s.shard.rtp_forwarded_bytes
    })?;
    export.counter("kenes_media_retransmitted_packets_total", "Retransmissions sent to subscribers.", |s| {
        s.shard.retransmitted_packets
    })?;
    export.counter(
        "kenes_media_repeated_packets_total",
        "Retransmissions sent before anybody asked for them.",
        |s| s.shard.repeated_packets,
    )?;
    export.counter("kenes_media_recovered_packets_total", "Lost packets that publishers sent again.", |s| {
        s.shard.recovered_packets
    })?;
    export.counter("kenes_media_layer_switches_total", "Changes of the layer that a subscriber gets.", |s| {
        s.shard.layer_switches
    })?;
    export.counter("kenes_media_paced_packets_total", "Video packets that waited for a subscriber's link.", |s| {
        s.shard.paced_packets
    })?;
    export
        .counter("kenes_media_probes_total", "Probes of what a subscriber's link carries.", |s| s.shard.probes_sent)?;
    export.counter("kenes_media_padding_packets_total", "Packets of padding that filled probes.", |s| {
        s.shard.padding_packets
    })?;
    export
        .counter("kenes_media_stun_requests_total", "Authenticated connectivity checks.", |s| s.shard.stun_requests)?;
    export
        .counter("kenes_media_stun_plain_total", "Reachability tests of strangers answered.", |s| s.shard.stun_plain)?;
    export.counter("kenes_media_handshakes_total", "DTLS handshakes completed.", |s| s.shard.handshakes_completed)?;
    export.counters("kenes_media_rtcp_packets_total", "RTCP packets, by direction.", "direction", |s| {
        vec![("received", s.shard.rtcp_received_packets), ("sent", s.shard.rtcp_sent_packets)]
    })?;
    export.counters("kenes_media_nack_total", "Sequence numbers asked for again, by direction.", "direction", |s| {
        vec![("received", s.shard.nack_received), ("sent", s.shard.nack_sent)]
    })?;
    export.counters("kenes_media_pli_total", "Key frames asked for, by direction.", "direction", |s| {
        vec![("received", s.shard.pli_received), ("sent", s.shard.pli_sent)]
    })?;
    export.gauge("kenes_media_peers", "PeerConnections now.", |s| s.shard.peers)?;
    export.gauge("kenes_media_rooms", "Rooms with a peer now.", |s| s.shard.rooms)?;
    export.gauge("kenes_media_tracks", "Published tracks now.", |s| s.shard.tracks)?;
    export.gauge("kenes_media_subscriptions", "Slots that carry a track now.", |s| s.shard.subscriptions)?;
    export.gauge(
        "kenes_shard_overload_level",
        "What is given up now: 0 nothing, 1-3 layers of video, 4 all video.",
        |s| s.shard.overload_level,
    )
}

fn failures(export: &Exporter<'_>) -> prometheus::Result<()> {
    export.counter("kenes_media_nack_unanswered_total", "Asked for again and no longer cached.", |s| {
        s.shard.nack_unanswered
    })?;
    export.counter("kenes_media_events_dropped_total", "Events that found the shard's queue full.", |s| {
        s.shard.events_dropped
    })?;
    export.counters("kenes_media_dropped_packets_total", "Datagrams and packets dropped, by cause.", "cause", |s| {
        let dropped = &s.shard.dropped;
        vec![
            ("unclassified", dropped.unclassified),
            ("unknown_address", dropped.unknown_address),
            ("stun_invalid", dropped.stun_invalid),
            ("dtls_invalid", dropped.dtls_invalid),
            ("handshake_queue", dropped.handshake_queue),
            ("handshake_repeated", dropped.handshake_repeated),
            ("before_handshake", dropped.before_handshake),
            ("srtp_unauthentic", dropped.srtp_unauthentic),
            ("srtp_replayed", dropped.srtp_replayed),
            ("rtp_malformed", dropped.rtp_malformed),
            ("rtcp_malformed", dropped.rtcp_malformed),
            ("rtp_unknown_source", dropped.rtp_unknown_source),
            ("rtp_duplicate", dropped.rtp_duplicate),
            ("codec_mismatch", dropped.codec_mismatch),
            ("overload", dropped.overload),
            ("pacer", dropped.pacer),
            ("batch_full", dropped.batch_full),
            ("command_refused", dropped.command_refused),
            ("limit", dropped.limit),
        ]
    })?;
    export.counters("kenes_media_closed_peers_total", "Peers that the server gave up, by cause.", "cause", |s| {
        vec![
            ("consent_expired", s.shard.closed.consent_expired),
            ("handshake_timeout", s.shard.closed.handshake_timeout),
            ("handshake_failed", s.shard.closed.handshake_failed),
            ("by_peer", s.shard.closed.by_peer),
        ]
    })
}

fn sockets(export: &Exporter<'_>) -> prometheus::Result<()> {
    export.counters("kenes_media_datagrams_total", "UDP datagrams, by direction.", "direction", |s| {
        vec![("received", s.io.receive.datagrams), ("sent", s.io.send.datagrams)]
    })?;
    export.counters("kenes_media_datagram_bytes_total", "UDP payload bytes, by direction.", "direction", |s| {
        vec![("received", s.io.receive.bytes), ("sent", s.io.send.bytes)]
    })?;
    export.counters(
        "kenes_media_io_calls_total",
        "System calls that moved datagrams, by direction.",
        "direction",
        |s| vec![("received", s.io.receive.calls), ("sent", s.io.send.calls)],
    )?;
    export.counters(
        "kenes_media_io_dropped_datagrams_total",
        "Datagrams lost between socket and shard, by cause.",
        "cause",
        |s| {
            vec![
                ("receive_queue", s.io.receive.queue_dropped),
                ("receive_truncated", s.io.receive.truncated),
                ("receive_error", s.io.receive.errors),
                ("send_queue", s.io.send.buffer_full),
                ("send_error", s.io.send.errors),
            ]
        },
    )?;
    export.counter("kenes_media_messages_dropped_total", "Events and reports that a full queue refused.", |s| {
        s.io.messages_dropped
    })?;
    let help = "Time of the shard's loop: busy / (busy + idle) is its load.";
    export.seconds("kenes_media_loop_seconds_total", help, "state", |s| vec![("busy", s.io.busy), ("idle", s.io.idle)])
}

/// The shards count into buckets themselves, so the family is put together by hand.
fn forward_latency(shards: &[ShardState]) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name("kenes_media_forward_latency_seconds".to_owned());
    family.set_help("From reading a datagram to handing what it caused to the kernel.".to_owned());
    family.set_field_type(MetricType::HISTOGRAM);
    let metric = |(index, shard): (usize, &ShardState)| {
        let mut label = LabelPair::default();
        label.set_name("shard".to_owned());
        label.set_value(index.to_string());
        let mut metric = Metric::from_label(vec![label]);
        metric.set_histogram(histogram(&shard.snapshot.io.forward_latency));
        metric
    };
    family.set_metric(shards.iter().enumerate().map(metric).collect());
    family
}

fn histogram(latency: &LatencyHistogram) -> Histogram {
    let mut count = 0;
    let mut buckets = Vec::new();
    for (bound, inside) in latency.buckets() {
        count += inside;
        let mut bucket = Bucket::default();
        bucket.set_cumulative_count(count);
        bucket.set_upper_bound(bound.map_or(f64::INFINITY, |bound| bound.as_secs_f64()));
        buckets.push(bucket);
    }
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets);
    histogram.set_sample_count(count);
    histogram.set_sample_sum(latency.sum().as_secs_f64());
    histogram
}

struct Exporter<'a> {
    registry: &'a Registry,
    shards: &'a [ShardState],
}

impl Exporter<'_> {
    fn counter(&self, name: &str, help: &str, value: impl Fn(&ShardSnapshot) -> u64) -> prometheus::Result<()> {
        self.counter_of(name, help, |shard| value(&shard.snapshot))
    }

    fn counter_of(&self, name: &str, help: &str, value: impl Fn(&ShardState) -> u64) -> prometheus::Result<()> {
        let family = IntCounterVec::new(Opts::new(name, help), &["shard"])?;
        for (index, shard) in self.shards.iter().enumerate() {
            family.with_label_values(&[index.to_string()]).inc_by(value(shard));
        }
        self.registry.register(Box::new(family))
    }

    /// One counter per shard and per value of `label`.
    fn counters(
        &self,
        name: &str,
        help: &str,
        label: &str,
        values: impl Fn(&ShardSnapshot) -> Vec<(&'static str, u64)>,
    ) -> prometheus::Result<()> {
        let family = IntCounterVec::new(Opts::new(name, help), &["shard", label])?;
        for (index, shard) in self.shards.iter().enumerate() {
            for (word, value) in values(&shard.snapshot) {
                family.with_label_values(&[index.to_string().as_str(), word]).inc_by(value);
            }
        }
        self.registry.register(Box::new(family))
    }

    fn seconds(
        &self,
        name: &str,
        help: &str,
        label: &str,
        values: impl Fn(&ShardSnapshot) -> Vec<(&'static str, Duration)>,
    ) -> prometheus::Result<()> {
        let family = CounterVec::new(Opts::new(name, help), &["shard", label])?;
        for (index, shard) in self.shards.iter().enumerate() {
            for (word, value) in values(&shard.snapshot) {
                family.with_label_values(&[index.to_string().as_str(), word]).inc_by(value.as_secs_f64());
            }
        }
        self.registry.register(Box::new(family))
    }

    fn gauge(&self, name: &str, help: &str, value: impl Fn(&ShardSnapshot) -> u64) -> prometheus::Result<()> {
        self.gauge_of(name, help, |shard| value(&shard.snapshot))
    }

    fn gauge_of(&self, name: &str, help: &str, value: impl Fn(&ShardState) -> u64) -> prometheus::Result<()> {
        let family = IntGaugeVec::new(Opts::new(name, help), &["shard"])?;
        for (index, shard) in self.shards.iter().enumerate() {
            family.with_label_values(&[index.to_string()]).set(i64::try_from(value(shard)).unwrap_or(i64::MAX));
        }
        self.registry.register(Box::new(family))
    }
}
