//! A specialist cancels a day: which patients get which other times of the same specialty, and who is on the senior's list because nothing
//! was found, nothing can be sent in time, or nobody answered. No clock, no SQL.

use super::appointment::{Appointment, Status};
use super::ids::{AppointmentId, SlotId};
use super::slot::{Slot, SlotStatus};
use super::time::UnixMillis;
use super::waitlist::{OfferResult, Outreach, WaitlistOffer, outreach};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Whom to send which slot, until when; each slot once.
    pub offers: Vec<Replacement>,
    /// For the senior to telephone, earliest visit first.
    pub unreached: Vec<AppointmentId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replacement {
    pub appointment: AppointmentId,
    pub slot: SlotId,
    pub expires: UnixMillis,
}

/// Offers each affected patient the first fitting slot that comes after the lost one and leaves time for a message, the earliest visit
/// first. `slots` are of the specialty, of any specialist and in order; those of the day off are blocked already.
#[must_use]
pub fn plan(affected: &[Appointment], slots: &[Slot], now: UnixMillis) -> Plan {
    let mut visits: Vec<_> = affected.iter().filter(|visit| is_affected(visit.status)).collect();
    visits.sort_by_key(|visit| (visit.time.start(), visit.id));
    let free = slots.iter().filter(|slot| slot.state.at(now).status() == SlotStatus::Free);
    let mut open: Vec<_> = free.filter_map(|slot| Some((slot, offer_until(slot, now)?))).collect();
    let mut plan = Plan::default();
    for visit in visits {
        let fits = |slot: &Slot| slot.channel == visit.channel && slot.time.start() > visit.time.start();
        match open.iter().position(|(slot, _)| fits(slot)).map(|at| open.remove(at)) {
            Some((slot, expires)) => {
                plan.offers.push(Replacement { appointment: visit.id, slot: slot.id, expires });
            }
            None => plan.unreached.push(visit.id),
        }
    }
    plan
}

fn offer_until(slot: &Slot, now: UnixMillis) -> Option<UnixMillis> {
    match outreach(slot.time, now) {
        Ok(Outreach::Offer { expires }) => Some(expires),
        Ok(Outreach::PhoneCall) | Err(_) => None,
    }
}

/// The patient was asked and did not take the new time: the senior telephones.
#[must_use]
pub fn needs_senior(offer: &WaitlistOffer, now: UnixMillis) -> bool {
    offer.result != Some(OfferResult::Accepted) && !offer.is_open(now)
}

fn is_affected(status: Status) -> bool {
    matches!(status, Status::Proposed | Status::Booked | Status::Confirmed | Status::CheckedIn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::appointment::Channel;
    use crate::model::record::Stamp;
    use crate::model::slot::{SlotKind, SlotState};
    use crate::model::testing::{DAY, HOUR, NOON, appointment, id, stamp};
    use crate::model::time::{Interval, before};

    fn visit(n: u64, hour: u32) -> Appointment {
        let start = NOON.plus(hour * HOUR);
        let time = Interval::new(start, start.plus(HOUR)).unwrap();
        Appointment { id: id(n), time, ..appointment(Status::Booked) }
    }

    fn slot(n: u64, day: u32, channel: Channel) -> Slot {
        let start = NOON.plus(day * DAY);
        Slot {
            id: id(n),
            specialist: id(30),
            specialty: "cardiology".parse().unwrap(),
            time: Interval::new(start, start.plus(HOUR)).unwrap(),
            channel,
            kind: SlotKind::Competitive,
            state: SlotState::Free,
            stamp: stamp(),
        }
    }

    #[test]
    fn the_earliest_visit_gets_the_earliest_slot_and_each_slot_goes_once() {
        let slots = [slot(51, 2, Channel::Cart), slot(52, 3, Channel::Cart)];
        let plan = plan(&[visit(12, 2), visit(11, 1), visit(13, 3)], &slots, NOON);
        let offers: Vec<_> = plan.offers.iter().map(|offer| (offer.appointment, offer.slot)).collect();
        assert_eq!(offers, [(id(11), id(51)), (id(12), id(52))]);
        assert_eq!(plan.unreached, [id(13)]);
    }

    #[test]
    fn taken_slots_and_other_channels_are_not_offered() {
        let busy = Slot { state: SlotState::Busy, ..slot(51, 2, Channel::Cart) };
        let plan = plan(&[visit(11, 1)], &[busy, slot(52, 2, Channel::Phone)], NOON);
        assert_eq!(plan, Plan { offers: Vec::new(), unreached: vec![id(11)] });
    }

    #[test]
    fn a_slot_too_near_for_a_message_is_for_the_senior_to_telephone() {
        let near = Interval::new(NOON.plus(5 * HOUR), NOON.plus(6 * HOUR)).unwrap();
        let near = Slot { time: near, ..slot(51, 1, Channel::Cart) };
        assert_eq!(plan(&[visit(11, 1)], std::slice::from_ref(&near), NOON).unreached, [id(11)]);
        let offers = plan(&[visit(11, 1)], &[near, slot(52, 2, Channel::Cart)], NOON).offers;
        assert_eq!(offers[0].slot, id(52), "a later one leaves time for a message");
    }

    #[test]
    fn visits_that_have_begun_or_ended_are_not_affected() {
        let done = Appointment { status: Status::Completed, ..visit(11, 1) };
        let on = Appointment { status: Status::InCall, ..visit(12, 1) };
        assert_eq!(plan(&[done, on], &[slot(51, 2, Channel::Cart)], NOON), Plan::default());
    }

    #[test]
    fn who_did_not_take_the_offer_is_on_the_seniors_list() {
        let offer = |result, expires| WaitlistOffer {
            id: id(1),
            entry: id(2),
            slot: id(3),
            expires,
            result,
            stamp: Stamp::first(None, NOON),
        };
        let later = NOON.plus(HOUR);
        assert!(!needs_senior(&offer(None, later), NOON), "still open");
        assert!(needs_senior(&offer(None, before(NOON, HOUR)), NOON), "expired");
        assert!(needs_senior(&offer(Some(OfferResult::Declined), later), NOON));
        assert!(!needs_senior(&offer(Some(OfferResult::Accepted), later), NOON));
    }
}
