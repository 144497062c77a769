//! Booking's numbers for Prometheus, of a day around now and of the time up to the horizon.

use super::LONGEST_SLEEP;
use crate::metrics::Metrics;
use crate::model::time::{Interval, UnixMillis, before};
use crate::storage::{Database, StorageError, tallies, waiting};
use prometheus::IntGaugeVec;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) async fn round(
    database: &Database,
    metrics: &Metrics,
    horizon: Duration,
    now: UnixMillis,
) -> Result<UnixMillis, StorageError> {
    let next = now.plus(LONGEST_SLEEP);
    let windows = (
        Interval::new(before(now, DAY), now.plus(DAY)),
        Interval::new(before(now, DAY), now.plus(Duration::from_millis(1))),
        Interval::new(now, now.plus(horizon)),
    );
    let (Some(around), Some(behind), Some(ahead)) = windows else { return Ok(next) };
    let booking = &metrics.booking;
    set(&booking.appointments, tallies::appointments(database, around).await?);
    set(&booking.attempts, tallies::attempts(database, behind).await?);
    set(&booking.slots, tallies::slots(database, ahead).await?);
    let waiting = waiting::sizes(database).await?;
    let waiting = waiting.into_iter().map(|(specialty, priority, many)| {
        (vec![specialty, priority.as_str().to_owned()], i64::try_from(many).unwrap_or(i64::MAX))
    });
    set(&booking.waiting, waiting);
    booking.offers.set(tallies::open_offers(database, now).await?);
    let (carts, online) = tallies::carts(database, now).await?;
    booking.carts.with_label_values(&["true"]).set(online);
    booking.carts.with_label_values(&["false"]).set(carts - online);
    booking.horizon_seconds.set(i64::try_from(horizon.as_secs()).unwrap_or(i64::MAX));
    Ok(next)
}

/// What was there before and is not any more is gone, not zero for ever.
fn set(gauges: &IntGaugeVec, tallies: impl IntoIterator<Item = tallies::Tally>) {
    gauges.reset();
    for (words, many) in tallies {
        gauges.with_label_values(&words).set(many);
    }
}
