//! The slots that a specialist's schedules give within a range of time. What is published already stays as it is: a slot that would
//! overlap with it is not made. No SQL, no clock.

use super::ids::{SlotId, UserId};
use super::record::Stamp;
use super::schedule::{NewException, Schedule};
use super::slot::{Slot, SlotKind, SlotState};
use super::specialty::Specialty;
use super::time::Interval;

/// Whose time is published, and what is known of it.
#[derive(Clone, Debug)]
pub struct Publishing<'a> {
    pub specialist: UserId,
    pub specialty: &'a Specialty,
    pub schedules: &'a [Schedule],
    pub exceptions: &'a [NewException],
    /// The specialist's slots in and around the range, whatever their state.
    pub published: &'a [Interval],
}

impl Publishing<'_> {
    /// New slots that start within `range`, in order, none overlapping another of this specialist. `random` is for their ids.
    #[must_use]
    pub fn slots(&self, range: Interval, stamp: Stamp, mut random: impl FnMut() -> [u8; 10]) -> Vec<Slot> {
        let of_schedule = |schedule: &Schedule| {
            let times = schedule.details.slots(self.exceptions, range);
            let channel = schedule.details.channel;
            times.into_iter().map(move |time| (time, channel))
        };
        let mut wanted: Vec<_> = self.schedules.iter().flat_map(of_schedule).collect();
        wanted.sort_by_key(|(time, _)| *time);
        let mut taken = self.published.to_vec();
        let mut slots = Vec::new();
        for (time, channel) in wanted {
            if taken.iter().any(|taken| taken.overlaps(&time)) {
                continue;
            }
            taken.push(time);
            slots.push(Slot {
                id: SlotId::new(stamp.created, random()),
                specialist: self.specialist,
                specialty: self.specialty.clone(),
                time,
                channel,
                kind: SlotKind::Competitive,
                state: SlotState::Free,
                stamp,
            });
        }
        slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::schedule::{NewSchedule, Resource, ScheduleInput};
    use crate::model::testing::{DAY, HOUR, NOON, id, stamp};

    /// Mondays in UTC; `NOON` is one.
    fn schedule(start: &str, end: &str, channel: &str) -> Schedule {
        let input = ScheduleInput {
            time_zone: Some("UTC".to_owned()),
            weekday: Some(1),
            start: Some(start.to_owned()),
            end: Some(end.to_owned()),
            slot_minutes: Some(60),
            channel: Some(channel.to_owned()),
            valid_from: Some("2026-01-01".to_owned()),
            valid_to: None,
        };
        let details = NewSchedule::validate(&input, Resource::Specialist(id(3))).unwrap();
        Schedule { id: id(70), details, stamp: stamp() }
    }

    fn hours(schedules: &[Schedule], published: &[Interval]) -> Vec<u64> {
        let specialty = "cardiology".parse().unwrap();
        let publishing = Publishing { specialist: id(3), specialty: &specialty, schedules, exceptions: &[], published };
        let slots = publishing.slots(Interval::new(NOON, NOON.plus(DAY)).unwrap(), stamp(), || [7; 10]);
        slots.iter().map(|slot| slot.time.start().since(NOON).as_secs() / 3600).collect()
    }

    #[test]
    fn schedules_of_one_specialist_give_slots_in_order_and_never_two_at_once() {
        let schedules = [schedule("15:30", "17:30", "phone"), schedule("14:00", "16:00", "cart")];
        assert_eq!(hours(&schedules, &[]), [2, 3, 4], "15:30 overlaps with 15:00, 16:30 does not");
    }

    #[test]
    fn what_is_published_is_not_published_again_even_where_its_start_differs() {
        let moved = Interval::new(NOON.plus(HOUR / 2), NOON.plus(HOUR + HOUR / 2)).unwrap();
        assert_eq!(hours(&[schedule("12:00", "15:00", "cart")], &[moved]), [2]);
    }
}
