//! Slots where the clock is moved and where it is not: by hand for the known nights, and as properties over seeded schedules.

use super::*;
use crate::model::testing::{DAY, Seeded, id};
use crate::model::time::{before, parse_rfc3339};
use jiff::civil::date;

const ANY_DAY: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

fn schedule(zone: &str, weekday: Weekday, hours: (u16, u16), slot_minutes: u16) -> NewSchedule {
    NewSchedule {
        resource: Resource::Specialist(id(1)),
        zone: Zone::named(zone).unwrap(),
        weekday,
        hours: Hours::new(hours.0, hours.1).unwrap(),
        slot_minutes,
        channel: Channel::Cart,
        valid_from: date(2020, 1, 1),
        valid_to: None,
    }
}

fn at(text: &str) -> UnixMillis {
    parse_rfc3339(text).unwrap()
}

fn range(start: &str, end: &str) -> Interval {
    Interval::new(at(start), at(end)).unwrap()
}

/// The clinic's clock at each slot's start.
fn clock(schedule: &NewSchedule, slots: &[Interval]) -> Vec<String> {
    slots.iter().map(|slot| schedule.zone.local(slot.start()).strftime("%d %H:%M").to_string()).collect()
}

#[test]
fn a_window_is_cut_into_whole_slots() {
    let monday = schedule("Asia/Almaty", Weekday::Monday, (9 * 60, 10 * 60 + 50), 30);
    let slots = monday.slots(&[], range("2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"));
    assert_eq!(clock(&monday, &slots), ["23 09:00", "23 09:30", "23 10:00"], "what is left of the hour is no slot");
    assert_eq!(slots[0].start(), at("2026-11-23T09:00:00+05:00"));
}

#[test]
fn slots_at_times_that_do_not_exist_are_skipped() {
    let night = schedule("Europe/Berlin", Weekday::Sunday, (60, 240), 30);
    let slots = night.slots(&[], range("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"));
    assert_eq!(clock(&night, &slots), ["29 01:00", "29 01:30", "29 03:00", "29 03:30"]);
}

#[test]
fn slots_at_ambiguous_times_are_the_first() {
    let night = schedule("Europe/Berlin", Weekday::Sunday, (120, 240), 30);
    let slots = night.slots(&[], range("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"));
    let starts = ["02:00:00+02:00", "02:30:00+02:00", "03:00:00+01:00", "03:30:00+01:00"];
    assert_eq!(slots.iter().map(Interval::start).collect::<Vec<_>>(), starts.map(|t| at(&format!("2026-10-25T{t}"))));
}

#[test]
fn almaty_keeps_its_clock_across_the_first_of_march_2024() {
    let friday = schedule("Asia/Almaty", Weekday::Friday, (9 * 60, 10 * 60), 60);
    let slots = friday.slots(&[], range("2024-02-20T00:00:00Z", "2024-03-10T00:00:00Z"));
    assert_eq!(clock(&friday, &slots), ["23 09:00", "01 09:00", "08 09:00"]);
    let utc: Vec<_> = slots.iter().map(Interval::start).collect();
    assert_eq!(utc, ["2024-02-23T03:00:00Z", "2024-03-01T04:00:00Z", "2024-03-08T04:00:00Z"].map(at));
}

#[test]
fn almatys_hour_that_came_twice_is_booked_once() {
    let thursday = schedule("Asia/Almaty", Weekday::Thursday, (22 * 60, 24 * 60), 30);
    let slots = thursday.slots(&[], range("2024-02-29T00:00:00Z", "2024-03-01T23:00:00Z"));
    assert_eq!(clock(&thursday, &slots), ["29 22:00", "29 22:30", "29 23:00", "29 23:30"]);
    assert_eq!(slots[3].start(), at("2024-02-29T23:30:00+06:00"));
}

#[test]
fn a_slot_across_the_jump_leaves_out_the_one_that_it_reaches_into() {
    // 01:30 + 45 minutes ends at 03:15 by the clock; 03:00 comes half an hour after 01:30.
    let night = schedule("Europe/Berlin", Weekday::Sunday, (90, 240), 45);
    let slots = night.slots(&[], range("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"));
    assert_eq!(clock(&night, &slots), ["29 01:30"]);
}

#[test]
fn an_absence_takes_out_the_slots_that_it_touches() {
    let monday = schedule("Asia/Almaty", Weekday::Monday, (9 * 60, 12 * 60), 60);
    let week = range("2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z");
    let hours = Hours::new(10 * 60 + 30, 11 * 60).unwrap();
    let away = |resource, date| NewException { resource, date, hours, reason: "training".to_owned() };
    let own = away(monday.resource, date(2026, 11, 23));
    assert_eq!(clock(&monday, &monday.slots(&[own], week)), ["23 09:00", "23 11:00"]);
    let others = [away(Resource::Specialist(id(2)), date(2026, 11, 23)), away(monday.resource, date(2026, 11, 30))];
    assert_eq!(monday.slots(&others, week).len(), 3);
}

#[test]
fn a_schedule_has_a_first_and_a_last_day() {
    let monday = schedule("Asia/Almaty", Weekday::Monday, (9 * 60, 10 * 60), 60);
    let bounded = NewSchedule { valid_from: date(2026, 11, 16), valid_to: Some(date(2026, 11, 23)), ..monday };
    let slots = bounded.slots(&[], range("2026-11-01T00:00:00Z", "2026-12-20T00:00:00Z"));
    assert_eq!(clock(&bounded, &slots), ["16 09:00", "23 09:00"]);
}

#[test]
fn a_range_without_end_costs_no_more_than_the_limit() {
    let monday = schedule("Asia/Almaty", Weekday::Monday, (0, 24 * 60), 5);
    let endless = Interval::new(at("2026-01-01T00:00:00Z"), UnixMillis(u64::MAX)).unwrap();
    let slots = monday.slots(&[], endless);
    assert!(slots.last().unwrap().end() <= endless.start().plus(MAX_RANGE + DAY));
}

fn seeded(seed: &mut Seeded, zone: &str) -> NewSchedule {
    let mut minutes = |bound| u16::try_from(seed.below(bound)).unwrap();
    let start = minutes(1380);
    let end = start + 1 + minutes(u64::from(1440 - start));
    let weekday = ANY_DAY[usize::from(minutes(7))];
    schedule(zone, weekday, (start, end), 5 + minutes(116))
}

/// Weeks around moves of the clock, by an hour, by half an hour, and at midnight.
const MOVES: [(&str, &str); 8] = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Asia/Beirut", "2026-03-28T22:00:00Z"),
    ("Asia/Almaty", "2024-02-29T18:00:00Z"),
];

/// For many schedules around each move of the clock: `check(schedule, range, slots, seed)`.
fn around_moves(check: impl Fn(&NewSchedule, Interval, &[Interval], &str)) {
    for (zone, moved) in MOVES {
        let range = Interval::new(before(at(moved), 4 * DAY), at(moved).plus(4 * DAY)).unwrap();
        for seed in 1..=200 {
            let schedule = seeded(&mut Seeded(seed), zone);
            let slots = schedule.slots(&[], range);
            check(&schedule, range, &slots, &format!("{zone} at {moved}, seed {seed}"));
        }
    }
}

#[test]
fn around_every_move_of_the_clock_slots_are_in_order_and_never_overlap() {
    around_moves(|_, _, slots, seed| {
        assert!(slots.windows(2).all(|pair| pair[0].end() <= pair[1].start()), "{seed}");
    });
}

#[test]
fn around_every_move_of_the_clock_slots_have_their_length_and_their_place_on_the_clinics_clock() {
    around_moves(|schedule, range, slots, seed| {
        for slot in slots {
            let local = schedule.zone.local(slot.start());
            let minute = u16::try_from(local.hour()).unwrap() * 60 + u16::try_from(local.minute()).unwrap();
            let into_window = minute.checked_sub(schedule.hours.start_minute()).unwrap();
            assert_eq!(into_window % schedule.slot_minutes, 0, "{seed}");
            assert!(minute + schedule.slot_minutes <= schedule.hours.end_minute(), "{seed}");
            assert_eq!(slot.duration().as_secs(), u64::from(schedule.slot_minutes) * 60, "{seed}");
            assert_eq!(local.date().weekday(), schedule.weekday, "{seed}");
            assert!(range.start() <= slot.start() && slot.start() < range.end(), "{seed}");
        }
    });
}

#[test]
fn around_every_move_of_the_clock_a_range_in_two_halves_has_the_same_slots() {
    around_moves(|schedule, range, slots, seed| {
        let middle = range.start().plus(range.duration() / 2);
        let halves = [Interval::new(range.start(), middle), Interval::new(middle, range.end())];
        for half in halves.into_iter().flatten() {
            let within: Vec<_> = slots
                .iter()
                .copied()
                .filter(|slot| half.start() <= slot.start() && slot.start() < half.end())
                .collect();
            assert_eq!(schedule.slots(&[], half), within, "{seed}");
        }
    });
}

#[test]
fn a_form_is_read_with_its_faults_by_field() {
    let text = |text: &str| Some(text.to_owned());
    let input = ScheduleInput {
        time_zone: text("Asia/Almaty"),
        weekday: Some(1),
        start: text("09:00"),
        end: text("24:00"),
        slot_minutes: Some(30),
        channel: text("cart"),
        valid_from: text("2026-11-01"),
        valid_to: None,
    };
    let resource = Resource::Cart(id(4));
    let good = NewSchedule::validate(&input, resource).unwrap();
    assert_eq!((good.weekday, good.hours.end_minute()), (Weekday::Monday, 1440));
    let wrong = ScheduleInput {
        weekday: Some(8),
        end: text("08:00"),
        slot_minutes: Some(4),
        valid_to: text("2026-10-01"),
        ..input
    };
    let faults = NewSchedule::validate(&wrong, resource).unwrap_err().0;
    let told: Vec<_> = faults.iter().map(|fault| (fault.field, fault.fault)).collect();
    let expected = [
        ("weekday", Fault::OutOfRange),
        ("end", Fault::Contradicts),
        ("slot_minutes", Fault::OutOfRange),
        ("valid_to", Fault::Contradicts),
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_absence_without_hours_is_a_whole_day() {
    let text = |text: &str| Some(text.to_owned());
    let input = ExceptionInput { date: text("2026-11-23"), reason: text("ill"), ..ExceptionInput::default() };
    let absence = NewException::validate(&input, Resource::Specialist(id(1))).unwrap();
    assert_eq!(absence.hours, Hours::WHOLE_DAY);
}

#[test]
fn a_time_of_day_is_two_digits_a_colon_and_two_digits() {
    for (text, minute) in [("00:00", 0), ("09:05", 545), ("24:00", 1440)] {
        assert_eq!(minute_of_day(text), Ok(minute), "{text}");
    }
    for text in ["", "9:00", "+9:00", "09:60", "24:01", "09:00:00", "0900"] {
        assert!(minute_of_day(text).is_err(), "{text}");
    }
}
