//! When a specialist or a cart is there: a weekly window in the clinic's time, less absences, cut into slots in UTC.
//!
//! Slots follow the clinic's clock: one that would start at a time that does not exist is skipped, one at an ambiguous time is the first.
//! Additional hours on one day are a schedule that is valid on that day alone. No SQL, no clock.

use super::appointment::Channel;
use super::ids::{CartId, ScheduleExceptionId, ScheduleId, UserId};
use super::invalid::{Fault, Fields, Invalid, TextLimit};
use super::record::Stamp;
use super::time::{Interval, UnixMillis, Zone, parse_date};
use jiff::civil::{Date, Weekday};
use serde::Deserialize;
use std::time::Duration;

/// Length of a slot.
const SLOT_MINUTES: std::ops::RangeInclusive<u16> = 5..=240;
const MINUTES_OF_DAY: u16 = 24 * 60;
/// One request looks this far: the horizon of 14 days, a quarter for the calendar, and some.
pub const MAX_RANGE: Duration = Duration::from_secs(100 * 24 * 3600);
const REASON: TextLimit = TextLimit { min: 1, max: 200 };

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub id: ScheduleId,
    pub details: NewSchedule,
    pub stamp: Stamp,
}

impl Schedule {
    #[must_use]
    pub fn is_of(&self, specialist: UserId) -> bool {
        self.details.resource == Resource::Specialist(specialist)
    }
}

/// Whose time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    Specialist(UserId),
    Cart(CartId),
}

/// A schedule's fields, each found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSchedule {
    pub resource: Resource,
    pub zone: Zone,
    pub weekday: Weekday,
    pub hours: Hours,
    pub slot_minutes: u16,
    pub channel: Channel,
    pub valid_from: Date,
    /// The last day, itself included.
    pub valid_to: Option<Date>,
}

/// From one minute of the clinic's day to another; 1440 is the next midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    start_minute: u16,
    end_minute: u16,
}

impl Hours {
    pub const WHOLE_DAY: Self = Self { start_minute: 0, end_minute: MINUTES_OF_DAY };

    /// `None` unless they are in order and within one day.
    #[must_use]
    pub fn new(start_minute: u16, end_minute: u16) -> Option<Self> {
        (start_minute < end_minute && end_minute <= MINUTES_OF_DAY).then_some(Self { start_minute, end_minute })
    }

    #[must_use]
    pub fn start_minute(self) -> u16 {
        self.start_minute
    }

    #[must_use]
    pub fn end_minute(self) -> u16 {
        self.end_minute
    }

    fn overlap(self, other: Self) -> bool {
        self.start_minute < other.end_minute && other.start_minute < self.end_minute
    }
}

/// Hours of one day in which a specialist or a cart is away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleException {
    pub id: ScheduleExceptionId,
    pub details: NewException,
    pub created_by: Option<UserId>,
    pub created: UnixMillis,
}

/// An exception's fields, each found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewException {
    pub resource: Resource,
    pub date: Date,
    pub hours: Hours,
    pub reason: String,
}

impl NewSchedule {
    /// The slots that start within `range`, in order and without overlap; none beyond [`MAX_RANGE`]. `exceptions` of others and of
    /// other days do no harm.
    #[must_use]
    pub fn slots(&self, exceptions: &[NewException], range: Interval) -> Vec<Interval> {
        let range_end = range.end().min(range.start().plus(MAX_RANGE));
        let mut slots = Vec::new();
        let mut clear_from = UnixMillis(0);
        // Local dates of the range's ends hold all of its times, whatever the clock did in between.
        let mut next = Some(self.zone.local(range.start()).date());
        let last = self.zone.local(range_end).date();
        while let Some(date) = next.filter(|date| *date <= last) {
            for slot in self.slots_of_day(date, exceptions) {
                if slot.start() < clear_from {
                    continue; // The clock jumped, and the slot across the jump has not ended yet.
                }
                clear_from = slot.end();
                if range.start() <= slot.start() && slot.start() < range_end {
                    slots.push(slot);
                }
            }
            next = date.tomorrow().ok();
        }
        slots
    }

    fn slots_of_day(&self, date: Date, exceptions: &[NewException]) -> Vec<Interval> {
        if date.weekday() != self.weekday || date < self.valid_from || self.valid_to.is_some_and(|last| date > last) {
            return Vec::new();
        }
        let is_away = |slot: &Hours| {
            let mut away = exceptions.iter().filter(|away| away.date == date && away.resource == self.resource);
            away.any(|away| away.hours.overlap(*slot))
        };
        let starts = (self.hours.start_minute..self.hours.end_minute).step_by(usize::from(self.slot_minutes.max(1)));
        let slots = starts.filter_map(|start| Hours::new(start, start.saturating_add(self.slot_minutes)));
        slots
            .filter(|slot| slot.end_minute <= self.hours.end_minute && !is_away(slot))
            .filter_map(|slot| self.in_utc(date, slot.start_minute))
            .collect()
    }

    fn in_utc(&self, date: Date, minute: u16) -> Option<Interval> {
        let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
        let start = self.zone.utc(date.at(hour, minute, 0, 0))?;
        Interval::new(start, start.plus(Duration::from_secs(60 * u64::from(self.slot_minutes))))
    }
}

#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleInput {
    pub time_zone: Option<String>,
    /// 1 = Monday .. 7 = Sunday (ISO 8601).
    pub weekday: Option<u8>,
    /// `HH:MM`.
    pub start: Option<String>,
    /// `HH:MM`; `24:00` is the next midnight.
    pub end: Option<String>,
    pub slot_minutes: Option<u16>,
    pub channel: Option<String>,
    /// `YYYY-MM-DD`.
    pub valid_from: Option<String>,
    pub valid_to: Option<String>,
}

impl NewSchedule {
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &ScheduleInput, resource: Resource) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let zone = fields.required("time_zone", input.time_zone.as_deref());
        let weekday = fields.take("weekday", input.weekday.ok_or(Fault::Missing).and_then(iso_weekday));
        let hours = hours(&mut fields, input.start.as_deref(), input.end.as_deref());
        let slot_minutes = fields.take("slot_minutes", input.slot_minutes.ok_or(Fault::Missing));
        fields.demand("slot_minutes", slot_minutes.is_none_or(|m| SLOT_MINUTES.contains(&m)), Fault::OutOfRange);
        let channel = fields.required("channel", input.channel.as_deref());
        let valid_from = date(&mut fields, "valid_from", input.valid_from.as_deref());
        let valid_to = match input.valid_to {
            Some(_) => date(&mut fields, "valid_to", input.valid_to.as_deref()).map(Some),
            None => Some(None),
        };
        if let (Some(first), Some(Some(last))) = (valid_from, valid_to) {
            fields.demand("valid_to", first <= last, Fault::Contradicts);
        }
        fields.finish((|| {
            Some(Self {
                resource,
                zone: zone?,
                weekday: weekday?,
                hours: hours?,
                slot_minutes: slot_minutes?,
                channel: channel?,
                valid_from: valid_from?,
                valid_to: valid_to?,
            })
        })())
    }
}

#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionInput {
    pub date: Option<String>,
    /// Both left out: the whole day.
    pub start: Option<String>,
    pub end: Option<String>,
    pub reason: Option<String>,
}

impl NewException {
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &ExceptionInput, resource: Resource) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let date = date(&mut fields, "date", input.date.as_deref());
        let hours = match (&input.start, &input.end) {
            (None, None) => Some(Hours::WHOLE_DAY),
            (start, end) => hours(&mut fields, start.as_deref(), end.as_deref()),
        };
        let reason = fields.line("reason", input.reason.as_deref(), REASON);
        fields.finish((|| Some(Self { resource, date: date?, hours: hours?, reason: reason? }))())
    }
}

fn hours(fields: &mut Fields, start: Option<&str>, end: Option<&str>) -> Option<Hours> {
    let start = fields.take("start", start.ok_or(Fault::Missing).and_then(minute_of_day));
    let end = fields.take("end", end.ok_or(Fault::Missing).and_then(minute_of_day));
    let hours = Hours::new(start?, end?);
    fields.take("end", hours.ok_or(Fault::Contradicts))
}

fn minute_of_day(text: &str) -> Result<u16, Fault> {
    let is_number = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let parse = |part: &str| if is_number(part) { part.parse::<u16>().ok() } else { None };
    let (hour, minute) = text.trim().split_once(':').ok_or(Fault::Malformed)?;
    let (hour, minute) = parse(hour).zip(parse(minute)).ok_or(Fault::Malformed)?;
    let of_day = hour * 60 + minute;
    if minute < 60 && of_day <= MINUTES_OF_DAY { Ok(of_day) } else { Err(Fault::OutOfRange) }
}

fn iso_weekday(number: u8) -> Result<Weekday, Fault> {
    i8::try_from(number).ok().and_then(|n| Weekday::from_monday_one_offset(n).ok()).ok_or(Fault::OutOfRange)
}

fn date(fields: &mut Fields, field: &'static str, text: Option<&str>) -> Option<Date> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    fields.take(field, text.ok_or(Fault::Missing).and_then(parse_date))
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
