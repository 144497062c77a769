//! What a specialist's slots must become after a change of schedules or absences: worked out before the change, carried out within it.

use super::owner::Owner;
use crate::accounts::secret::random;
use crate::app::App;
use crate::endpoints::Problem;
use crate::endpoints::caller::Caller;
use crate::model::horizon::Publishing;
use crate::model::record::Stamp;
use crate::model::schedule::{NewException, Schedule};
use crate::model::slot::{Slot, SlotStatus};
use crate::model::time::{Interval, before};
use crate::storage::{Change, StorageError, schedules, slots};
use std::time::Duration;

/// A slot that began so long ago may still last.
const LONGEST_SLOT: Duration = Duration::from_secs(240 * 60);

/// Empty for a cart, which has hours and no slots.
#[derive(Default)]
pub(super) struct Plan {
    publish: Vec<Slot>,
    withdraw: Vec<Slot>,
}

impl Plan {
    /// With `schedules` as all that the owner is to have.
    ///
    /// # Errors
    /// The database or the system's random source failed.
    pub(super) async fn of_schedules(
        app: &App,
        caller: &Caller,
        owner: &Owner,
        schedules: &[Schedule],
    ) -> Result<Self, Problem> {
        let Some(range) = range(app, caller) else { return Ok(Self::default()) };
        let [first, last] = [range.start(), range.end()].map(|at| owner.zone.local(at).date());
        let absences = schedules::exceptions(&app.database, owner.resource, first, last).await?;
        let absences: Vec<_> = absences.into_iter().map(|absence| absence.details).collect();
        Self::new(app, caller, owner, schedules, &absences).await
    }

    /// With `absences` as all that lie ahead.
    ///
    /// # Errors
    /// The database or the system's random source failed.
    pub(super) async fn of_absences(
        app: &App,
        caller: &Caller,
        owner: &Owner,
        absences: &[NewException],
    ) -> Result<Self, Problem> {
        let schedules = schedules::of(&app.database, owner.resource).await?;
        Self::new(app, caller, owner, &schedules, absences).await
    }

    async fn new(
        app: &App,
        caller: &Caller,
        owner: &Owner,
        schedules: &[Schedule],
        absences: &[NewException],
    ) -> Result<Self, Problem> {
        let (Some(user), Some(range)) = (&owner.specialist, range(app, caller)) else { return Ok(Self::default()) };
        let Some(specialty) = &user.details.specialty else { return Ok(Self::default()) };
        let around = Interval::new(before(range.start(), LONGEST_SLOT), range.end()).unwrap_or(range);
        let existing = slots::of_specialist(&app.database, user.id, around).await?;
        let given: Vec<_> = schedules
            .iter()
            .flat_map(|schedule| {
                let channel = schedule.details.channel;
                schedule.details.slots(absences, range).into_iter().map(move |time| (time, channel))
            })
            .collect();
        let is_stale = |slot: &Slot| {
            let is_free = slot.state.at(caller.now).status() == SlotStatus::Free;
            is_free && slot.time.start() > caller.now && !given.contains(&(slot.time, slot.channel))
        };
        let (withdraw, kept): (Vec<_>, Vec<_>) = existing.into_iter().partition(is_stale);
        let published: Vec<_> = kept.iter().map(|slot| slot.time).collect();
        let publishing =
            Publishing { specialist: user.id, specialty, schedules, exceptions: absences, published: &published };
        let publish = publishing.slots(range, Stamp::first(caller.user(), caller.now), counted(random()?));
        Ok(Self { publish, withdraw })
    }

    /// # Errors
    /// The database failed.
    pub(super) async fn carry_out(&self, change: &mut Change) -> Result<(), StorageError> {
        slots::withdraw(change, &self.withdraw).await?;
        slots::publish(change, &self.publish).await?;
        Ok(())
    }
}

/// From now as far as can be booked.
fn range(app: &App, caller: &Caller) -> Option<Interval> {
    Interval::new(caller.now, caller.now.plus(app.horizon))
}

/// Random parts of ids of one millisecond: the first at random, each the one before plus one (RFC 9562 §6.2, method 2).
fn counted(first: [u8; 10]) -> impl FnMut() -> [u8; 10] {
    let mut next = first;
    move || {
        for byte in next.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_ids_differ_across_a_carry() {
        let mut next = counted([255; 10]);
        assert_eq!(next(), [0; 10]);
        assert_eq!(next(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
}
