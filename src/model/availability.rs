//! When a visit can be: the specialist's free slots that the cart and the patient also have time for. Sets of intervals, sorted and
//! apart from each other, so that every step is one pass. Holds no state; the database has the last word on overlap.

use super::refusal::Refusal;
use super::slot::{Slot, SlotStatus};
use super::time::{Interval, UnixMillis};

/// Stretches of time in order, none touching the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times(Vec<Interval>);

impl Times {
    /// Intervals in any order; those that touch or overlap become one.
    #[must_use]
    pub fn of(mut intervals: Vec<Interval>) -> Self {
        intervals.sort_unstable();
        let mut merged: Vec<Interval> = Vec::with_capacity(intervals.len());
        for interval in intervals {
            match merged.last_mut() {
                Some(last) if interval.start() <= last.end() => {
                    *last = Interval::new(last.start(), last.end().max(interval.end())).unwrap_or(*last);
                }
                _ => merged.push(interval),
            }
        }
        Self(merged)
    }

    #[must_use]
    pub fn as_slice(&self) -> &[Interval] {
        &self.0
    }

    /// What lies in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut mine, mut others) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(a), Some(b)) = (mine.peek(), others.peek()) {
            both.extend(a.intersection(b));
            if a.end() < b.end() {
                mine.next()
            } else {
                others.next()
            };
        }
        Self(both)
    }

    /// What of `whole` lies in none of these.
    #[must_use]
    pub fn gaps_in(&self, whole: Interval) -> Self {
        let mut gaps = Vec::new();
        let mut from = whole.start();
        for busy in self.0.iter().filter(|busy| busy.overlaps(&whole)) {
            gaps.extend(Interval::new(from, busy.start()));
            from = busy.end();
        }
        gaps.extend(Interval::new(from, whole.end()));
        Self(gaps)
    }

    /// One of these holds all of `interval`.
    #[must_use]
    pub fn contain(&self, interval: &Interval) -> bool {
        let after = self.0.partition_point(|own| own.end() < interval.end());
        self.0.get(after).is_some_and(|own| own.contains(interval))
    }

    #[must_use]
    pub fn overlap(&self, interval: &Interval) -> bool {
        let after = self.0.partition_point(|own| own.end() <= interval.start());
        self.0.get(after).is_some_and(|own| own.overlaps(interval))
    }
}

/// Who else must have time beside the specialist, who has it by the slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Company {
    /// Other visits of the specialist, which his slots need not know of.
    pub specialist_busy: Times,
    pub patient_busy: Times,
    /// `None`: no cart is needed.
    pub cart: Option<CartTimes>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CartTimes {
    /// When somebody is there to run it; `None`: always.
    pub open: Option<Times>,
    pub busy: Times,
}

impl Company {
    #[must_use]
    pub fn has_time(&self, visit: &Interval) -> bool {
        let cart_has_time = self
            .cart
            .as_ref()
            .is_none_or(|cart| cart.open.as_ref().is_none_or(|open| open.contain(visit)) && !cart.busy.overlap(visit));
        cart_has_time && !self.patient_busy.overlap(visit) && !self.specialist_busy.overlap(visit)
    }

    /// # Errors
    /// [`Refusal::TimeTaken`].
    pub fn check(&self, visit: &Interval) -> Result<(), Refusal> {
        if self.has_time(visit) { Ok(()) } else { Err(Refusal::TimeTaken) }
    }
}

/// The slots of `slots` that can be booked at `now`, in their order.
pub fn free_slots<'a>(slots: &'a [Slot], company: &'a Company, now: UnixMillis) -> impl Iterator<Item = &'a Slot> {
    slots.iter().filter(move |slot| {
        let is_free = slot.state.at(now).status() == SlotStatus::Free;
        is_free && slot.time.start() > now && company.has_time(&slot.time)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::appointment::Channel;
    use crate::model::slot::{Hold, SlotKind, SlotState};
    use crate::model::testing::{HOUR, MINUTE, NOON, Seeded, id, stamp};
    use crate::model::time::before;

    fn times(pairs: &[(u64, u64)]) -> Times {
        Times::of(pairs.iter().map(|(start, end)| interval(*start, *end)).collect())
    }

    fn interval(start: u64, end: u64) -> Interval {
        Interval::new(UnixMillis(start), UnixMillis(end)).unwrap()
    }

    /// Hours after noon of one day.
    fn hours(start: u32, end: u32) -> Interval {
        Interval::new(NOON.plus(start * HOUR), NOON.plus(end * HOUR)).unwrap()
    }

    fn slot(hour: u32, state: SlotState) -> Slot {
        Slot {
            id: id(u64::from(hour)),
            specialist: id(3),
            specialty: "cardiology".parse().unwrap(),
            time: hours(hour, hour + 1),
            channel: Channel::Cart,
            kind: SlotKind::Competitive,
            state,
            stamp: stamp(),
        }
    }

    #[test]
    fn touching_intervals_become_one() {
        assert_eq!(times(&[(5, 9), (0, 3), (3, 5), (20, 30), (22, 24)]), times(&[(0, 9), (20, 30)]));
    }

    #[test]
    fn sets_agree_with_a_count_of_every_moment() {
        for round in 1..=500 {
            let mut seed = Seeded(round);
            let mut random = || {
                let starts: Vec<_> = (0..seed.below(6)).map(|_| seed.below(40)).collect();
                times(&starts.into_iter().map(|start| (start, start + 1 + seed.below(9))).collect::<Vec<_>>())
            };
            let (a, b) = (random(), random());
            let whole = interval(5, 35);
            let (both, gaps) = (a.intersection(&b), a.gaps_in(whole));
            let moments = |wide: Interval| (wide.start().0..wide.end().0).map(|at| interval(at, at + 1));
            for wide in (0..45).flat_map(|start| [2, 3, 7].map(|width| interval(start, start + width))) {
                assert_eq!(a.overlap(&wide), moments(wide).any(|moment| a.overlap(&moment)), "seed {round}, {wide:?}");
                assert_eq!(a.contain(&wide), moments(wide).all(|moment| a.overlap(&moment)), "seed {round}, {wide:?}");
            }
            for moment in 0..50 {
                let point = interval(moment, moment + 1);
                let (in_a, in_b) = (a.overlap(&point), b.overlap(&point));
                assert_eq!(in_a, a.contain(&point), "seed {round}");
                assert_eq!(both.overlap(&point), in_a && in_b, "seed {round}, moment {moment}");
                assert_eq!(gaps.overlap(&point), !in_a && whole.contains(&point), "seed {round}, moment {moment}");
            }
        }
    }

    #[test]
    fn a_slot_is_free_when_specialist_cart_and_patient_are() {
        let slots: Vec<_> = (1..=8).map(|hour| slot(hour, SlotState::Free)).collect();
        let company = Company {
            specialist_busy: Times::of(vec![hours(1, 2)]),
            patient_busy: Times::of(vec![hours(2, 3)]),
            cart: Some(CartTimes { open: Some(Times::of(vec![hours(1, 6)])), busy: Times::of(vec![hours(3, 4)]) }),
        };
        let free: Vec<_> = free_slots(&slots, &company, NOON).map(|slot| slot.time).collect();
        assert_eq!(free, [hours(4, 5), hours(5, 6)], "the cart's nurse goes home at 18:00");
    }

    #[test]
    fn without_a_cart_only_the_people_count() {
        let slots = [slot(1, SlotState::Free)];
        assert_eq!(free_slots(&slots, &Company::default(), NOON).count(), 1);
    }

    #[test]
    fn a_held_a_busy_and_a_begun_slot_are_not_offered() {
        let held = |until| SlotState::Held(Hold { by: id(9), until });
        let slots = [
            slot(0, SlotState::Free),
            slot(1, held(NOON.plus(MINUTE))),
            slot(2, SlotState::Busy),
            slot(3, SlotState::Blocked),
            slot(4, held(before(NOON, MINUTE))),
        ];
        let free: Vec<_> = free_slots(&slots, &Company::default(), NOON).map(|slot| slot.time).collect();
        assert_eq!(free, [hours(4, 5)], "a hold that has run out is none");
    }
}
