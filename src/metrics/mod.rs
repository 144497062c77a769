//! What Prometheus may know. Counts and durations alone: no patient, no person and no room in a label.
//!
//! [`Metrics`] holds what the control plane counts as it happens; the media shards' own counters are snapshots that [`media`]
//! turns into families at each scrape.

pub mod media;
pub mod relay;

use kenes_signaling::message::{ErrorCode, LinkQuality, Quality, Stats};
use media::ShardState;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

pub struct Metrics {
    registry: Registry,
    pub http: HttpMetrics,
    pub websocket: WebsocketMetrics,
    pub session: SessionMetrics,
    pub booking: BookingMetrics,
    /// Messages to patients, by channel and by what came of an attempt: a status of the outbox, or `retried`.
    pub messages: IntCounterVec,
}

/// What upkeep counts in the database: of a day around now, of the time up to the horizon.
pub struct BookingMetrics {
    /// By status, channel and reason.
    pub appointments: IntGaugeVec,
    /// Of the last day, by result and code.
    pub attempts: IntGaugeVec,
    /// Up to the horizon, by kind and status.
    pub slots: IntGaugeVec,
    pub horizon_seconds: IntGauge,
    /// By specialty and priority.
    pub waiting: IntGaugeVec,
    /// Open ones.
    pub offers: IntGauge,
    /// By whether they are online.
    pub carts: IntGaugeVec,
    /// Rounds that ended in an error.
    pub upkeep_failures: IntCounter,
}

pub struct HttpMetrics {
    /// Invitations exchanged, by `ok` or the problem's code.
    pub joins: IntCounterVec,
}

pub struct WebsocketMetrics {
    pub open: IntGauge,
    /// By message type; `malformed` for what could not be parsed.
    pub messages: IntCounterVec,
    /// `error` messages sent, by code.
    pub errors: IntCounterVec,
    /// Sockets closed by this side, by cause.
    pub closed: IntCounterVec,
    pub refused: IntCounterVec,
}

pub struct SessionMetrics {
    pub rooms: IntGauge,
    /// From a person's `join` to connected media.
    pub join_seconds: Histogram,
    /// From `waiting` to `joined`.
    pub waiting_seconds: Histogram,
    pub handshake_seconds: Histogram,
    /// Ended sessions that had media, by {ok, degraded, failed}.
    pub outcomes: IntCounterVec,
    pub rtt_seconds: HistogramVec,
    pub loss_ratio: HistogramVec,
    pub mos: HistogramVec,
    pub jitter_seconds: HistogramVec,
    pub estimate_bps: HistogramVec,
    /// Seconds of people at each rung of the bandwidth ladder, and with each cause of bad quality.
    pub rungs: IntCounterVec,
    pub causes: IntCounterVec,
    pub freeze_ratio: Histogram,
    pub concealed_ratio: Histogram,
    /// Commands that a shard's full queue refused.
    pub commands_refused: IntCounter,
    /// Comings and goings that the record of visits missed because its queue was full.
    pub notices_dropped: IntCounter,
    /// Of those that it took, what it could not write down.
    pub notices_failed: IntCounter,
}

const JOIN_BUCKETS: &[f64] = &[0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];
const WAITING_BUCKETS: &[f64] = &[1.0, 5.0, 15.0, 60.0, 180.0, 600.0, 1800.0, 3600.0];
const RTT_BUCKETS: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0];
const JITTER_BUCKETS: &[f64] = &[0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5];
/// The rungs of the bandwidth ladder lie at 60 kbit/s, 150 kbit/s and 1.1 Mbit/s.
const RATE_BUCKETS: &[f64] = &[32e3, 60e3, 150e3, 350e3, 700e3, 1.1e6, 2.5e6, 5e6];
const RATIO_BUCKETS: &[f64] = &[0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const MOS_BUCKETS: &[f64] = &[1.5, 2.0, 2.6, 3.1, 3.6, 4.0, 4.3];

impl Metrics {
    /// # Errors
    /// A family's name is malformed or taken: a mistake in this module.
    pub fn new() -> prometheus::Result<Self> {
        let families = Families(Registry::new());
        let build = families.gauge_with(
            Opts::new("kenes_build_info", "Version of the running binary; always 1.")
                .const_label("version", env!("CARGO_PKG_VERSION")),
        )?;
        build.set(1);
        Ok(Self {
            http: HttpMetrics {
                joins: families.counters(
                    "kenes_http_joins_total",
                    "Invitations exchanged for join tokens, by result.",
                    "result",
                )?,
            },
            websocket: websocket(&families)?,
            session: session(&families)?,
            booking: booking(&families)?,
            messages: families.counters_by(
                "kenes_messages_total",
                "Messages to patients, by channel and result.",
                &["channel", "result"],
            )?,
            registry: families.0,
        })
    }

    /// The text format, with the shards' numbers of this moment.
    ///
    /// # Errors
    /// See [`Metrics::new`].
    pub fn encode(&self, shards: &[ShardState], relay: &kenes_relay::Counters) -> prometheus::Result<String> {
        let mut text = String::new();
        let encoder = TextEncoder::new();
        encoder.encode_utf8(&self.registry.gather(), &mut text)?;
        encoder.encode_utf8(&media::families(shards)?, &mut text)?;
        encoder.encode_utf8(&relay::families(relay)?, &mut text)?;
        Ok(text)
    }
}

fn websocket(families: &Families) -> prometheus::Result<WebsocketMetrics> {
    Ok(WebsocketMetrics {
        open: families.gauge_with(Opts::new("kenes_websockets", "Signaling sockets open now."))?,
        messages: families.counters("kenes_websocket_messages_total", "Messages received, by type.", "type")?,
        errors: families.counters("kenes_websocket_errors_total", "Error messages sent, by code.", "code")?,
        closed: families.counters(
            "kenes_websocket_closed_total",
            "Sockets that the server closed, by cause.",
            "cause",
        )?,
        refused: families.counters(
            "kenes_websocket_refused_total",
            "Sockets that were not opened, by cause.",
            "cause",
        )?,
    })
}

fn booking(families: &Families) -> prometheus::Result<BookingMetrics> {
    Ok(BookingMetrics {
        appointments: families.gauges(
            "kenes_appointments",
            "Appointments that start within a day from now, before or after, by status, channel and reason.",
            &["status", "channel", "reason"],
        )?,
        attempts: families.gauges(
            "kenes_booking_attempts",
            "Booking attempts of the last 24 hours, by result and code.",
            &["result", "code"],
        )?,
        slots: families.gauges("kenes_slots", "Slots up to the horizon, by kind and status.", &["kind", "status"])?,
        horizon_seconds: families
            .gauge_with(Opts::new("kenes_horizon_seconds", "How far ahead slots are published."))?,
        waiting: families.gauges(
            "kenes_waiting_list",
            "People on the waiting list, by specialty and priority.",
            &["specialty", "priority"],
        )?,
        offers: families.gauge_with(Opts::new("kenes_waiting_list_offers", "Offers that wait for an answer."))?,
        carts: families.gauges(
            "kenes_carts",
            "Carts, by whether they were heard of in the last minute.",
            &["online"],
        )?,
        upkeep_failures: families.counter("kenes_upkeep_failures_total", "Jobs of upkeep that ended in an error.")?,
    })
}

fn session(families: &Families) -> prometheus::Result<SessionMetrics> {
    Ok(SessionMetrics {
        rooms: families.gauge_with(Opts::new("kenes_rooms", "Consultations open now."))?,
        join_seconds: families.histogram(
            "kenes_session_join_seconds",
            "From a person's join to connected media.",
            JOIN_BUCKETS,
        )?,
        waiting_seconds: families.histogram(
            "kenes_session_waiting_seconds",
            "From the waiting room to the call.",
            WAITING_BUCKETS,
        )?,
        handshake_seconds: families.histogram(
            "kenes_media_handshake_seconds",
            "ICE and DTLS, from the answer to keys.",
            JOIN_BUCKETS,
        )?,
        outcomes: families.counters("kenes_session_outcomes_total", "Ended sessions, by how they went.", "outcome")?,
        rtt_seconds: families.histograms(
            "kenes_session_rtt_seconds",
            "Round trip, one sample per person and second.",
            RTT_BUCKETS,
        )?,
        loss_ratio: families.histograms(
            "kenes_session_loss_ratio",
            "Packets lost, one sample per person and second.",
            RATIO_BUCKETS,
        )?,
        mos: families.histograms(
            "kenes_session_mos",
            "E-model score (ITU-T G.107) of speech, one sample per person and second.",
            MOS_BUCKETS,
        )?,
        jitter_seconds: families.histograms(
            "kenes_session_jitter_seconds",
            "Interarrival jitter, one sample per person and second.",
            JITTER_BUCKETS,
        )?,
        estimate_bps: families.histograms(
            "kenes_session_estimate_bps",
            "What the link is believed to carry, one sample per person and second.",
            RATE_BUCKETS,
        )?,
        rungs: families.counters("kenes_session_rung_total", "Ratings, by rung of the bandwidth ladder.", "rung")?,
        causes: families.counters("kenes_session_cause_total", "Ratings with a cause, by what it was.", "cause")?,
        freeze_ratio: families.histogram(
            "kenes_session_freeze_ratio",
            "Time that video stood still, by the client.",
            RATIO_BUCKETS,
        )?,
        concealed_ratio: families.histogram(
            "kenes_session_concealed_ratio",
            "Audio made up for losses, by the client.",
            RATIO_BUCKETS,
        )?,
        commands_refused: families
            .counter("kenes_media_commands_refused_total", "Commands that a shard's full queue refused.")?,
        notices_dropped: families.counter(
            "kenes_visit_notices_dropped_total",
            "Comings and goings that a full queue kept from the record.",
        )?,
        notices_failed: families
            .counter("kenes_visit_notices_failed_total", "Comings and goings that could not be written down.")?,
    })
}

/// Makes and registers families.
struct Families(Registry);

impl Families {
    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        let counter = IntCounter::new(name, help)?;
        self.0.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    fn counters(&self, name: &str, help: &str, label: &str) -> prometheus::Result<IntCounterVec> {
        self.counters_by(name, help, &[label])
    }

    fn counters_by(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
        let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(counters.clone()))?;
        Ok(counters)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
        let gauges = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(gauges.clone()))?;
        Ok(gauges)
    }

    fn gauge_with(&self, opts: Opts) -> prometheus::Result<IntGauge> {
        let gauge = IntGauge::with_opts(opts)?;
        self.0.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> prometheus::Result<Histogram> {
        let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?;
        self.0.register(Box::new(histogram.clone()))?;
        Ok(histogram)
    }

    /// One histogram per `direction`: uplink, downlink.
    fn histograms(&self, name: &str, help: &str, buckets: &[f64]) -> prometheus::Result<HistogramVec> {
        let histograms = HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), &["direction"])?;
        self.0.register(Box::new(histograms.clone()))?;
        Ok(histograms)
    }
}

impl WebsocketMetrics {
    pub fn count_error(&self, code: ErrorCode) {
        // As on the wire.
        let code = serde_json::to_value(code).unwrap_or_default();
        self.errors.with_label_values(&[code.as_str().unwrap_or_default()]).inc();
    }
}

impl SessionMetrics {
    /// One second of one person.
    pub fn observe_rating(&self, rating: &Quality) {
        for (direction, link) in [("uplink", rating.uplink), ("downlink", rating.downlink)] {
            if let Some(link) = link {
                self.observe_link(direction, &link);
            }
        }
        if let Some(rung) = rating.rung {
            self.rungs.with_label_values(&[rung.as_str()]).inc();
        }
        if let Some(cause) = rating.cause {
            self.causes.with_label_values(&[cause.as_str()]).inc();
        }
    }

    fn observe_link(&self, direction: &str, link: &LinkQuality) {
        self.loss_ratio.with_label_values(&[direction]).observe(link.loss_ratio.into());
        self.jitter_seconds.with_label_values(&[direction]).observe(f64::from(link.jitter_ms) / 1000.0);
        if let Some(mos) = link.mos {
            self.mos.with_label_values(&[direction]).observe(mos);
        }
        if let Some(estimate) = link.estimate_bps.and_then(|bps| u32::try_from(bps).ok()) {
            self.estimate_bps.with_label_values(&[direction]).observe(estimate.into());
        }
        if let Some(rtt_ms) = link.rtt_ms {
            self.rtt_seconds.with_label_values(&[direction]).observe(f64::from(rtt_ms) / 1000.0);
        }
    }

    /// What a person's page measured of what arrived.
    pub fn observe_stats(&self, stats: &Stats) {
        self.freeze_ratio.observe(stats.downlink.freeze_ratio.into());
        self.concealed_ratio.observe(stats.downlink.concealed_ratio.into());
    }
}
