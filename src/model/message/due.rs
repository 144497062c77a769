//! Which messages a visit's events make due, and when by the clinic's clock; whether one that waited is still wanted.

use super::MessageKind;
use crate::model::appointment::{Appointment, CancelReason, Channel, Status};
use crate::model::time::{Interval, UnixMillis, Zone, before};
use crate::model::waitlist::WaitlistOffer;
use jiff::civil::{DateTime, Time};
use std::time::Duration;

/// A message this late is no use to anybody; staff phone the patient instead.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);
/// Who books for this afternoon knows it without being reminded.
const FRESH: Duration = Duration::from_secs(3600);
const REMINDER_BEFORE: Duration = Duration::from_secs(3 * 3600);
/// The clinic's hours in which a telephone may buzz of itself.
const MORNING: Time = Time::constant(8, 0, 0, 0);
const EVENING: Time = Time::constant(20, 0, 0, 0);
/// When the confirmation is asked for: early enough for the contact centre to phone those who do not answer.
const ASK_AT: Time = Time::constant(10, 0, 0, 0);
/// Two days ahead, or for whom has booked since then, one.
const ASK_DAYS_AHEAD: [i64; 2] = [2, 1];
/// A message that an event makes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub kind: MessageKind,
    pub at: UnixMillis,
    pub expires: UnixMillis,
}

impl Due {
    /// `None`: too late for it.
    fn new(kind: MessageKind, at: UnixMillis, latest: UnixMillis) -> Option<Self> {
        let window = Interval::new(at, latest.min(at.plus(MAX_AGE)))?;
        Some(Self { kind, at, expires: window.end() })
    }
}

/// Of a visit that has just been booked, in its own right or in another's stead: the news, the question, the reminder. `zone` is the
/// clinic's.
#[must_use]
pub fn on_booked(visit: &Appointment, zone: &Zone, now: UnixMillis) -> Vec<Due> {
    let start = visit.time.start();
    let news = if visit.rescheduled_from.is_some() { MessageKind::Rescheduled } else { MessageKind::Booked };
    let later = |kind, at: Option<UnixMillis>| Due::new(kind, at.filter(|at| *at >= now.plus(FRESH))?, start);
    let ask =
        ASK_DAYS_AHEAD.iter().find_map(|days| later(MessageKind::ConfirmAsk, days_before(zone, start, *days, ASK_AT)));
    let reminder = later(MessageKind::Reminder, reminder_at(zone, start));
    [Due::new(news, now, start), ask, reminder].into_iter().flatten().collect()
}

/// Of a visit that will be elsewhere, or by another channel.
#[must_use]
pub fn on_moved(visit: &Appointment, now: UnixMillis) -> Option<Due> {
    Due::new(MessageKind::Rescheduled, now, visit.time.start())
}

/// Of a visit that will not be. Where another one stands in its stead, that one brings the news.
#[must_use]
pub fn on_cancelled(visit: &Appointment, now: UnixMillis) -> Option<Due> {
    if matches!(visit.cancel_reason, Some(CancelReason::Rescheduled | CancelReason::PatientDied)) {
        return None;
    }
    Due::new(MessageKind::Cancelled, now, visit.time.start())
}

/// Of a time offered to the waiting list.
#[must_use]
pub fn on_offered(offer: &WaitlistOffer, now: UnixMillis) -> Option<Due> {
    Due::new(MessageKind::Offer, now, offer.expires)
}

/// Of a link that somebody asked to send again: good while the visit lasts.
#[must_use]
pub fn on_link(visit: &Appointment, now: UnixMillis) -> Option<Due> {
    Due::new(MessageKind::Link, now, visit.time.end())
}

/// Between its booking and its turn a visit goes on: what is not true any more is not sent.
#[must_use]
pub fn is_wanted(kind: MessageKind, visit: &Appointment) -> bool {
    match kind {
        MessageKind::Booked | MessageKind::Rescheduled => visit.status.occupies_time(),
        MessageKind::ConfirmAsk => visit.status == Status::Booked,
        MessageKind::Reminder => matches!(visit.status, Status::Booked | Status::Confirmed),
        MessageKind::Cancelled => visit.status == Status::Cancelled,
        MessageKind::Link => visit.status.is_live(),
        MessageKind::Offer => false,
    }
}

/// Whether a message carries the link; without it an SMS has room for the place.
#[must_use]
pub fn carries_link(kind: MessageKind, channel: Channel) -> bool {
    match kind {
        MessageKind::ConfirmAsk | MessageKind::Offer | MessageKind::Link => true,
        MessageKind::Booked | MessageKind::Reminder | MessageKind::Rescheduled => channel == Channel::HomeLink,
        MessageKind::Cancelled => false,
    }
}

/// Some hours before the start, by day: for a visit at dawn the evening before.
fn reminder_at(zone: &Zone, start: UnixMillis) -> Option<UnixMillis> {
    let at = before(start, REMINDER_BEFORE);
    let local = zone.local(at);
    if (MORNING..=EVENING).contains(&local.time()) {
        return Some(at);
    }
    let morning = zone.utc(zone.local(start).date().to_datetime(MORNING));
    match morning {
        Some(morning) if morning.plus(FRESH) <= start && local.time() < MORNING => Some(morning),
        _ => days_before(zone, start, 1, EVENING),
    }
}

/// `time` on the clinic's clock, so many days before `start`.
fn days_before(zone: &Zone, start: UnixMillis, days: i64, time: Time) -> Option<UnixMillis> {
    let date = zone.local(start).date().checked_sub(jiff::Span::new().try_days(days).ok()?).ok()?;
    zone.utc(DateTime::from_parts(date, time))
}
