//! Clinic time and UTC. A site's clock is the IANA zone that it carries; everything kept is UTC milliseconds.
//!
//! The rules of the missing and the double hour stand here alone: a local time that does not exist is skipped, an ambiguous one is
//! the first. Zones come from the database built into the binary, so that a server without one behaves the same. Reads no clock.

use super::invalid::Fault;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
pub use kenes_signaling::time::UnixMillis;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A stretch of time with its start and without its end, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    start: UnixMillis,
    end: UnixMillis,
}

impl Interval {
    /// `None` unless `start` is before `end`.
    #[must_use]
    pub fn new(start: UnixMillis, end: UnixMillis) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    #[must_use]
    pub fn start(&self) -> UnixMillis {
        self.start
    }

    #[must_use]
    pub fn end(&self) -> UnixMillis {
        self.end
    }

    #[must_use]
    pub fn duration(&self) -> Duration {
        self.end.since(self.start)
    }

    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

/// `at` less `duration`, at the earliest the epoch.
#[must_use]
pub fn before(at: UnixMillis, duration: Duration) -> UnixMillis {
    UnixMillis(at.0.saturating_sub(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
}

/// The clock of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// # Errors
    /// `name` is no IANA zone.
    pub fn named(name: &str) -> Result<Self, Fault> {
        TimeZoneDatabase::bundled().get(name).map(Self).map_err(|_| Fault::Unknown)
    }

    /// As IANA spells it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What the clinic's clock shows at `at`.
    #[must_use]
    pub fn local(&self, at: UnixMillis) -> DateTime {
        self.0.to_datetime(timestamp(at))
    }

    /// When the clinic's clock shows `local`: the first time of two, `None` when it never does.
    #[must_use]
    pub fn utc(&self, local: DateTime) -> Option<UnixMillis> {
        let offset = match self.0.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Fold { before, .. } => before,
            AmbiguousOffset::Gap { .. } => return None,
        };
        unix_millis(offset.to_timestamp(local).ok()?)
    }

    /// The clinic's day, of 23 to 25 hours where the clock is moved; `None` at the ends of the calendar.
    #[must_use]
    pub fn day(&self, date: Date) -> Option<Interval> {
        let midnight = |date: Date| unix_millis(date.to_zoned(self.0.clone()).ok()?.timestamp());
        Interval::new(midnight(date)?, midnight(date.tomorrow().ok()?)?)
    }

    /// RFC 3339 in the clinic's time, as the API writes it.
    #[must_use]
    pub fn rfc3339(&self, at: UnixMillis) -> String {
        let timestamp = timestamp(at);
        timestamp.display_with_offset(self.0.to_offset(timestamp)).to_string()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Self, Fault> {
        Self::named(name)
    }
}

/// Reads an RFC 3339 time with its offset.
///
/// # Errors
/// Not RFC 3339, or before 1970.
pub fn parse_rfc3339(text: &str) -> Result<UnixMillis, Fault> {
    let timestamp: Timestamp = text.parse().map_err(|_| Fault::Malformed)?;
    unix_millis(timestamp).ok_or(Fault::OutOfRange)
}

/// RFC 3339 in UTC with milliseconds, as the API writes every time.
#[must_use]
pub fn utc_rfc3339(at: UnixMillis) -> String {
    format!("{:.3}", timestamp(at))
}

/// What a clock in UTC shows.
#[must_use]
pub fn utc(at: UnixMillis) -> DateTime {
    TimeZone::UTC.to_datetime(timestamp(at))
}

/// Length of `YYYY-MM-DD`.
const DATE_LEN: usize = 10;

/// Reads `YYYY-MM-DD`, and none of ISO 8601's other ways to write a date.
///
/// # Errors
/// Not written so, or no day of the calendar.
pub fn parse_date(text: &str) -> Result<Date, Fault> {
    if text.len() == DATE_LEN { text.parse().map_err(|_| Fault::Malformed) } else { Err(Fault::Malformed) }
}

/// A time past jiff's calendar (year 9999) is its last.
fn timestamp(at: UnixMillis) -> Timestamp {
    i64::try_from(at.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX)
}

fn unix_millis(timestamp: Timestamp) -> Option<UnixMillis> {
    u64::try_from(timestamp.as_millisecond()).ok().map(UnixMillis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn zone(name: &str) -> Zone {
        Zone::named(name).unwrap()
    }

    fn at(text: &str) -> UnixMillis {
        parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_local_time_that_does_not_exist_is_skipped() {
        assert_eq!(zone("Europe/Berlin").utc(date(2026, 3, 29).at(2, 30, 0, 0)), None);
    }

    #[test]
    fn an_ambiguous_local_time_is_the_first() {
        let first = zone("Europe/Berlin").utc(date(2026, 10, 25).at(2, 30, 0, 0));
        assert_eq!(first, Some(at("2026-10-25T02:30:00+02:00")));
    }

    #[test]
    fn almaty_is_an_hour_nearer_to_utc_since_march_2024() {
        let almaty = zone("Asia/Almaty");
        assert_eq!(almaty.utc(date(2024, 2, 29).at(9, 0, 0, 0)), Some(at("2024-02-29T03:00:00Z")));
        assert_eq!(almaty.utc(date(2024, 3, 1).at(9, 0, 0, 0)), Some(at("2024-03-01T04:00:00Z")));
        assert_eq!(
            almaty.utc(date(2024, 2, 29).at(23, 30, 0, 0)),
            Some(at("2024-02-29T17:30:00Z")),
            "the first of two"
        );
    }

    #[test]
    fn a_day_has_as_many_hours_as_the_clinic_lives_through() {
        let hours = |zone: &Zone, day| zone.day(day).unwrap().duration().as_secs() / 3600;
        let (berlin, almaty) = (zone("Europe/Berlin"), zone("Asia/Almaty"));
        assert_eq!(hours(&berlin, date(2026, 3, 29)), 23);
        assert_eq!(hours(&berlin, date(2026, 10, 25)), 25);
        assert_eq!(hours(&almaty, date(2024, 2, 29)), 25);
        assert_eq!(hours(&almaty, date(2026, 10, 25)), 24);
    }

    #[test]
    fn clinic_time_is_written_with_its_offset() {
        assert_eq!(zone("Asia/Almaty").rfc3339(at("2026-11-21T22:30:00Z")), "2026-11-22T03:30:00+05:00");
    }

    #[test]
    fn a_zone_keeps_the_name_that_iana_gives_it() {
        assert_eq!(zone("asia/almaty").name(), "Asia/Almaty");
        assert_eq!(Zone::named("Asia/Presnovka"), Err(Fault::Unknown));
    }

    #[test]
    fn a_date_is_written_in_one_way_alone() {
        assert_eq!(parse_date("2026-11-23"), Ok(date(2026, 11, 23)));
        for text in ["", "2026-11-31", "20261123", "23.11.2026", "2026-11-23T10:00", "+002026-11-23", "2026-W48-1"] {
            assert_eq!(parse_date(text), Err(Fault::Malformed), "{text}");
        }
    }

    #[test]
    fn a_time_without_an_offset_is_no_moment() {
        assert_eq!(parse_rfc3339("2026-11-23T12:00:00"), Err(Fault::Malformed));
        assert_eq!(parse_rfc3339("1969-12-31T23:59:59Z"), Err(Fault::OutOfRange));
        assert_eq!(parse_rfc3339("2026-11-23T17:00:00+05:00"), parse_rfc3339("2026-11-23T12:00:00Z"));
    }

    #[test]
    fn intervals_that_touch_do_not_overlap() {
        let interval = |start, end| Interval::new(UnixMillis(start), UnixMillis(end)).unwrap();
        assert!(!interval(0, 10).overlaps(&interval(10, 20)));
        assert!(interval(0, 11).overlaps(&interval(10, 20)));
        assert_eq!(interval(0, 11).intersection(&interval(10, 20)), Some(interval(10, 11)));
        assert_eq!(Interval::new(UnixMillis(5), UnixMillis(5)), None);
    }
}
