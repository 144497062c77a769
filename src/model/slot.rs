//! A stretch of a specialist's time that can be booked: free, held for ten minutes, busy or blocked. A hold that has run out frees
//! itself by being looked at with a later `now`; no job has to pass by. No clock, no SQL.

use super::appointment::Channel;
use super::ids::{SlotId, UserId};
use super::record::Stamp;
use super::refusal::Refusal;
use super::specialty::Specialty;
use super::time::{Interval, UnixMillis};
use super::words::words;
use std::time::Duration;

/// How long a hold lasts.
pub const HOLD: Duration = Duration::from_secs(10 * 60);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    pub id: SlotId,
    pub specialist: UserId,
    pub specialty: Specialty,
    pub time: Interval,
    pub channel: Channel,
    pub kind: SlotKind,
    pub state: SlotState,
    pub stamp: Stamp,
}

words! {
    SlotKind {
        /// For whoever comes first.
        Competitive = "competitive",
        /// Kept for urgent referrals and follow-up visits.
        Reserved = "reserved",
    }
}

words! {
    SlotStatus {
        Free = "free",
        Held = "held",
        Busy = "busy",
        Blocked = "blocked",
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotState {
    Free,
    Held(Hold),
    Busy,
    /// Closed by the specialist or the administrator.
    Blocked,
}

/// Somebody is about to book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    pub by: UserId,
    pub until: UnixMillis,
}

impl Hold {
    #[must_use]
    pub fn is_valid(&self, now: UnixMillis) -> bool {
        now < self.until
    }
}

impl SlotState {
    #[must_use]
    pub const fn status(self) -> SlotStatus {
        match self {
            Self::Free => SlotStatus::Free,
            Self::Held(_) => SlotStatus::Held,
            Self::Busy => SlotStatus::Busy,
            Self::Blocked => SlotStatus::Blocked,
        }
    }

    /// The state that counts at `now`: a hold that has run out is none.
    #[must_use]
    pub fn at(self, now: UnixMillis) -> Self {
        match self {
            Self::Held(hold) if !hold.is_valid(now) => Self::Free,
            state => state,
        }
    }
}

impl Slot {
    /// Holds the slot for `by`; who holds it already gets ten minutes anew.
    ///
    /// # Errors
    /// Taken, closed, held by somebody else, or begun.
    pub fn hold(&self, by: UserId, now: UnixMillis) -> Result<Hold, Refusal> {
        if self.time.start() <= now {
            return Err(Refusal::SlotPast);
        }
        match self.state.at(now) {
            SlotState::Held(hold) if hold.by != by => Err(Refusal::HoldOfAnother),
            SlotState::Free | SlotState::Held(_) => Ok(Hold { by, until: now.plus(HOLD) }),
            SlotState::Busy => Err(Refusal::SlotTaken),
            SlotState::Blocked => Err(Refusal::SlotBlocked),
        }
    }

    /// The state after the holder has booked.
    ///
    /// # Errors
    /// No valid hold, or somebody else's.
    pub fn book(&self, by: UserId, now: UnixMillis) -> Result<SlotState, Refusal> {
        self.own_hold(by, now).map(|_| SlotState::Busy)
    }

    /// The state after the holder has changed her mind.
    ///
    /// # Errors
    /// No valid hold, or somebody else's.
    pub fn release(&self, by: UserId, now: UnixMillis) -> Result<SlotState, Refusal> {
        self.own_hold(by, now).map(|_| SlotState::Free)
    }

    /// Closes the slot. A booked one is closed by cancelling its appointment first.
    ///
    /// # Errors
    /// It is booked.
    pub fn block(&self) -> Result<SlotState, Refusal> {
        if self.state == SlotState::Busy { Err(Refusal::SlotTaken) } else { Ok(SlotState::Blocked) }
    }

    /// Opens a closed slot; an open one stays open.
    ///
    /// # Errors
    /// It is booked or held.
    pub fn open(&self, now: UnixMillis) -> Result<SlotState, Refusal> {
        match self.state.at(now) {
            SlotState::Blocked | SlotState::Free => Ok(SlotState::Free),
            SlotState::Held(_) => Err(Refusal::HoldOfAnother),
            SlotState::Busy => Err(Refusal::SlotTaken),
        }
    }

    fn own_hold(&self, by: UserId, now: UnixMillis) -> Result<Hold, Refusal> {
        match self.state.at(now) {
            SlotState::Held(hold) if hold.by == by => Ok(hold),
            SlotState::Held(_) => Err(Refusal::HoldOfAnother),
            SlotState::Free => Err(Refusal::HoldExpired),
            SlotState::Busy => Err(Refusal::SlotTaken),
            SlotState::Blocked => Err(Refusal::SlotBlocked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{HOUR, NOON, id, stamp};
    use crate::model::time::before;

    fn slot(state: SlotState) -> Slot {
        let time = Interval::new(NOON.plus(HOUR), NOON.plus(2 * HOUR)).unwrap();
        Slot {
            id: id(1),
            specialist: id(3),
            specialty: "cardiology".parse().unwrap(),
            time,
            channel: Channel::Cart,
            kind: SlotKind::Competitive,
            state,
            stamp: stamp(),
        }
    }

    #[test]
    fn a_free_slot_is_held_for_ten_minutes() {
        let hold = slot(SlotState::Free).hold(id(7), NOON).unwrap();
        assert_eq!(hold, Hold { by: id(7), until: NOON.plus(HOLD) });
    }

    #[test]
    fn a_hold_frees_itself() {
        let held = slot(SlotState::Held(Hold { by: id(7), until: NOON.plus(HOLD) }));
        let end = NOON.plus(HOLD);
        assert_eq!(held.state.at(before(end, Duration::from_millis(1))).status(), SlotStatus::Held);
        assert_eq!(held.state.at(end).status(), SlotStatus::Free);
        assert!(held.hold(id(8), end).is_ok());
        assert_eq!(held.book(id(7), end), Err(Refusal::HoldExpired));
    }

    #[test]
    fn a_held_slot_is_the_holders_alone() {
        let held = slot(SlotState::Held(Hold { by: id(7), until: NOON.plus(HOLD) }));
        assert_eq!(held.hold(id(8), NOON), Err(Refusal::HoldOfAnother));
        assert_eq!(held.book(id(8), NOON), Err(Refusal::HoldOfAnother));
        assert_eq!(held.release(id(8), NOON), Err(Refusal::HoldOfAnother));
        assert_eq!(held.book(id(7), NOON), Ok(SlotState::Busy));
        assert_eq!(held.release(id(7), NOON), Ok(SlotState::Free));
    }

    #[test]
    fn a_busy_a_closed_and_a_begun_slot_are_not_held() {
        assert_eq!(slot(SlotState::Busy).hold(id(7), NOON), Err(Refusal::SlotTaken));
        assert_eq!(slot(SlotState::Blocked).hold(id(7), NOON), Err(Refusal::SlotBlocked));
        assert_eq!(slot(SlotState::Free).hold(id(7), NOON.plus(HOUR)), Err(Refusal::SlotPast));
    }

    #[test]
    fn a_booked_slot_is_not_closed_under_the_patient() {
        assert_eq!(slot(SlotState::Busy).block(), Err(Refusal::SlotTaken));
        assert_eq!(slot(SlotState::Free).block(), Ok(SlotState::Blocked));
    }
}
