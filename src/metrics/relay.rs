//! The relay's counters as Prometheus families, labelled by the door through which media came: ICE-TCP or TURN. Built anew at each scrape:
//! the relay owns the numbers.

use kenes_relay::{Counters, Door};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry};

/// # Errors
/// A family's name is malformed or taken: a mistake in this module.
pub fn families(relay: &Counters) -> prometheus::Result<Vec<MetricFamily>> {
    let registry = Registry::new();
    let open = IntGaugeVec::new(Opts::new("kenes_relay_connections", "Media over TCP: connections now."), &["door"])?;
    registry.register(Box::new(open.clone()))?;
    let counters = |name: &str, help: &str, label: &str| {
        let family = IntCounterVec::new(Opts::new(name, help), &["door", label])?;
        registry.register(Box::new(family.clone()))?;
        Ok::<_, prometheus::Error>(family)
    };
    let datagrams =
        counters("kenes_relay_datagrams_total", "Datagrams relayed, by direction as clients see it.", "direction")?;
    let dropped = counters(
        "kenes_relay_dropped_datagrams_total",
        "Datagrams given up because a connection was slower than its media, or a shard's socket full.",
        "kind",
    )?;
    let ended = counters("kenes_relay_ended_total", "Connections that are over, by cause.", "cause")?;
    let refused = counters(
        "kenes_relay_refused_total",
        "Connections for which there was no place: `relay.max_connections` (full), or `relay.max_connections_per_address` (address_full).",
        "cause",
    )?;
    for door in Door::ALL {
        let (name, counted) = (door.name(), relay.snapshot(door));
        open.with_label_values(&[name]).set(counted.open);
        datagrams.with_label_values(&[name, "uplink"]).inc_by(counted.received);
        datagrams.with_label_values(&[name, "downlink"]).inc_by(counted.sent);
        let kinds =
            [("picture", counted.dropped_pictures), ("rest", counted.dropped_rest), ("uplink", counted.unreachable)];
        for (kind, count) in kinds {
            dropped.with_label_values(&[name, kind]).inc_by(count);
        }
        for (cause, count) in counted.ended {
            ended.with_label_values(&[name, cause]).inc_by(count);
        }
        for (cause, count) in counted.refused {
            refused.with_label_values(&[name, cause]).inc_by(count);
        }
    }
    Ok(registry.gather())
}
