//! Another place for a visit at its time: a cart that is alive instead of one that is not, or the telephone. Status and time stay.

use super::rules::STAFF;
use super::{Actor, Appointment, Channel};
use crate::model::ids::CartId;
use crate::model::refusal::Refusal;
use crate::model::time::UnixMillis;

/// Where a visit can be moved to in one click.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// With whether it has no other visit then; the database has the last word.
    Cart {
        cart: CartId,
        is_free: bool,
    },
    HomeLink,
    Phone,
}

impl Appointment {
    /// The appointment at `place`.
    ///
    /// # Errors
    /// Not staff, or another doctor's; not booked or ended; the cart is taken.
    pub fn moved_to(&self, place: Place, actor: &Actor, now: UnixMillis) -> Result<Self, Refusal> {
        if !STAFF.iter().any(|who| who.is(actor, self)) {
            return Err(Refusal::NotAllowed);
        }
        if !self.status.occupies_time() {
            return Err(if self.status.is_live() { Refusal::AppointmentState } else { Refusal::AppointmentEnded });
        }
        let (channel, cart) = match place {
            Place::Cart { is_free: false, .. } => return Err(Refusal::TimeTaken),
            Place::Cart { cart, .. } => (Channel::Cart, Some(cart)),
            Place::HomeLink => (Channel::HomeLink, None),
            Place::Phone => (Channel::Phone, None),
        };
        Ok(Self { channel, cart, stamp: self.stamp.changed(now), ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::appointment::Status;
    use crate::model::role::{Role, Roles};
    use crate::model::testing::{NOON, appointment, id};

    fn user(n: u64, role: Role) -> Actor {
        Actor::User { id: id(n), roles: Roles::NONE.with(role) }
    }

    #[test]
    fn a_visit_moves_to_another_cart_or_to_the_telephone_and_keeps_its_time() {
        let visit = appointment(Status::Confirmed);
        let nurse = user(7, Role::Nurse);
        let on_cart = visit.moved_to(Place::Cart { cart: id(5), is_free: true }, &nurse, NOON).unwrap();
        assert_eq!((on_cart.cart, on_cart.status, on_cart.time), (Some(id(5)), visit.status, visit.time));
        let by_phone = visit.moved_to(Place::Phone, &nurse, NOON).unwrap();
        assert_eq!((by_phone.channel, by_phone.cart), (Channel::Phone, None));
        assert_eq!(by_phone.stamp.version, visit.stamp.version.next());
    }

    #[test]
    fn a_cart_with_another_visit_is_refused() {
        let place = Place::Cart { cart: id(5), is_free: false };
        let answer = appointment(Status::Booked).moved_to(place, &user(7, Role::Nurse), NOON);
        assert_eq!(answer.unwrap_err(), Refusal::TimeTaken);
    }

    #[test]
    fn staff_move_a_visit_and_nobody_else() {
        let visit = appointment(Status::Booked);
        let own = user(3, Role::Specialist);
        assert!(visit.moved_to(Place::Phone, &own, NOON).is_ok());
        for actor in [user(8, Role::Specialist), user(7, Role::Manager), Actor::Patient, Actor::Cart(id(4))] {
            assert_eq!(visit.moved_to(Place::Phone, &actor, NOON).unwrap_err(), Refusal::NotAllowed);
        }
    }

    #[test]
    fn what_is_not_booked_or_has_ended_does_not_move() {
        let moved = |status| appointment(status).moved_to(Place::Phone, &user(7, Role::Nurse), NOON);
        assert_eq!(moved(Status::Proposed).unwrap_err(), Refusal::AppointmentState);
        assert_eq!(moved(Status::NoShow).unwrap_err(), Refusal::AppointmentEnded);
    }
}
