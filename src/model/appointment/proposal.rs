//! A new appointment from a slot: fresh, or in the stead of one that ended without a consultation. It starts as proposed; booking it is
//! `decide`'s. No clock, no SQL.

use super::{Appointment, CancelReason, Channel, Event, Status};
use crate::model::ids::{AppointmentId, CartId, PatientId, ReferralId, SiteId, SlotId};
use crate::model::invalid::{Fault, Fields, Invalid};
use crate::model::record::Stamp;
use crate::model::refusal::Refusal;
use crate::model::slot::Slot;
use serde::Deserialize;

/// A booking's fields, each found right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewAppointment {
    pub referral: Option<ReferralId>,
    pub patient: PatientId,
    /// Where the patient is.
    pub site: SiteId,
    pub slot: SlotId,
    pub cart: Option<CartId>,
    pub rescheduled_from: Option<AppointmentId>,
}

#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppointmentInput {
    pub referral: Option<String>,
    pub patient: Option<String>,
    pub site: Option<String>,
    pub slot: Option<String>,
    pub cart: Option<String>,
    pub rescheduled_from: Option<String>,
}

impl NewAppointment {
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &AppointmentInput) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let referral = fields.optional("referral", input.referral.as_deref());
        let patient = fields.required("patient", input.patient.as_deref());
        let site = fields.required("site", input.site.as_deref());
        let slot = fields.required("slot", input.slot.as_deref());
        let cart = fields.optional("cart", input.cart.as_deref());
        let rescheduled_from = fields.optional("rescheduled_from", input.rescheduled_from.as_deref());
        fields.finish((|| {
            Some(Self {
                referral: referral?,
                patient: patient?,
                site: site?,
                slot: slot?,
                cart: cart?,
                rescheduled_from: rescheduled_from?,
            })
        })())
    }

    /// The appointment in `slot`.
    ///
    /// # Errors
    /// A cart is missing where the slot's channel is the cart, or named where it is not.
    pub fn propose(self, id: AppointmentId, slot: &Slot, stamp: Stamp) -> Result<Appointment, Invalid> {
        let mut fields = Fields::new();
        let needs_cart = slot.channel == Channel::Cart;
        fields.demand("cart", self.cart.is_some() || !needs_cart, Fault::Missing);
        fields.demand("cart", self.cart.is_none() || needs_cart, Fault::Contradicts);
        fields.demand("slot", self.slot == slot.id, Fault::Contradicts);
        fields.finish(Some(Appointment {
            id,
            referral: self.referral,
            patient: self.patient,
            specialist: slot.specialist,
            cart: self.cart,
            slot: Some(slot.id),
            site: self.site,
            time: slot.time,
            channel: slot.channel,
            status: Status::Proposed,
            proposal: None,
            cancel_reason: None,
            failure: None,
            no_summary_reason: None,
            rescheduled_from: self.rescheduled_from,
            stamp,
        }))
    }
}

impl Appointment {
    /// What has to happen to this one before another stands in its stead: one that is still ahead is cancelled in the same transaction,
    /// one that ended without a consultation stays as it is.
    ///
    /// # Errors
    /// The consultation takes place, took place, or was never meant.
    pub fn make_way(&self) -> Result<Option<Event>, Refusal> {
        match self.status {
            Status::Booked | Status::Confirmed | Status::CheckedIn => {
                Ok(Some(Event::Cancel(CancelReason::Rescheduled)))
            }
            status if status.can_be_rescheduled() => Ok(None),
            Status::Completed | Status::EnteredInError => Err(Refusal::AppointmentEnded),
            _ => Err(Refusal::AppointmentState),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::slot::{SlotKind, SlotState};
    use crate::model::testing::{HOUR, NOON, appointment, id, stamp};
    use crate::model::time::Interval;

    fn slot(channel: Channel) -> Slot {
        Slot {
            id: id(50),
            specialist: id(3),
            specialty: "cardiology".parse().unwrap(),
            time: Interval::new(NOON, NOON.plus(HOUR)).unwrap(),
            channel,
            kind: SlotKind::Competitive,
            state: SlotState::Free,
            stamp: stamp(),
        }
    }

    fn new(cart: Option<CartId>) -> NewAppointment {
        let rescheduled_from = Some(id(8));
        NewAppointment { referral: Some(id(9)), patient: id(2), site: id(10), slot: id(50), cart, rescheduled_from }
    }

    #[test]
    fn a_new_appointment_is_proposed_in_its_slot_and_says_in_whose_stead() {
        let proposed = new(Some(id(4))).propose(id(1), &slot(Channel::Cart), stamp()).unwrap();
        assert_eq!((proposed.status, proposed.specialist), (Status::Proposed, id(3)));
        assert_eq!((proposed.time, proposed.rescheduled_from), (slot(Channel::Cart).time, Some(id(8))));
    }

    #[test]
    fn a_cart_visit_has_a_cart_and_no_other_has_one() {
        let fault = |cart, channel| {
            let faults = new(cart).propose(id(1), &slot(channel), stamp()).unwrap_err().0;
            (faults[0].field, faults[0].fault)
        };
        assert_eq!(fault(None, Channel::Cart), ("cart", Fault::Missing));
        assert_eq!(fault(Some(id(4)), Channel::HomeLink), ("cart", Fault::Contradicts));
        assert!(new(None).propose(id(1), &slot(Channel::Phone), stamp()).is_ok());
    }

    #[test]
    fn what_is_ahead_is_cancelled_for_its_successor_and_what_fell_through_is_not_touched() {
        let way = |status| appointment(status).make_way();
        for status in [Status::Booked, Status::Confirmed, Status::CheckedIn] {
            assert_eq!(way(status), Ok(Some(Event::Cancel(CancelReason::Rescheduled))), "{status}");
        }
        for status in [Status::Cancelled, Status::NoShow, Status::Failed] {
            assert_eq!(way(status), Ok(None), "{status}");
        }
        assert_eq!(way(Status::InCall), Err(Refusal::AppointmentState));
        assert_eq!(way(Status::Proposed), Err(Refusal::AppointmentState));
        assert_eq!(way(Status::Completed), Err(Refusal::AppointmentEnded));
    }

    #[test]
    fn a_form_is_read_with_its_faults_by_field() {
        let input = AppointmentInput { patient: Some("7".to_owned()), ..AppointmentInput::default() };
        let faults = NewAppointment::validate(&input).unwrap_err().0;
        let told: Vec<_> = faults.iter().map(|fault| (fault.field, fault.fault)).collect();
        assert_eq!(told, [("patient", Fault::Malformed), ("site", Fault::Missing), ("slot", Fault::Missing)]);
    }
}
