//! Who publishes in which room, for servers that leave it to their clients to watch each other.
//!
//! Two people who enter a room at once each learn of the other exactly once: whoever is second tells the first. Holds people until
//! they leave. Must not know how anybody watches.

use super::Seat;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) struct Roster<P>(Mutex<BTreeMap<u32, Vec<Arc<P>>>>);

pub(super) trait Seated {
    fn seat(&self) -> Seat;
}

impl<P> Default for Roster<P> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<P: Seated> Roster<P> {
    /// Everybody who was there before.
    pub(super) fn enter(&self, person: &Arc<P>) -> Vec<Arc<P>> {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = rooms.entry(person.seat().room).or_default();
        let others = room.clone();
        room.push(Arc::clone(person));
        others
    }

    /// Everybody who is left.
    pub(super) fn leave(&self, seat: Seat) -> Vec<Arc<P>> {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(room) = rooms.get_mut(&seat.room) else { return Vec::new() };
        room.retain(|person| person.seat() != seat);
        let left = room.clone();
        if left.is_empty() {
            rooms.remove(&seat.room);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Seated for Seat {
        fn seat(&self) -> Seat {
            *self
        }
    }

    #[test]
    fn whoever_enters_learns_of_those_before_in_the_same_room_alone() {
        let roster = Roster::default();
        let seat = |room, person| Arc::new(Seat { room, person });
        assert!(roster.enter(&seat(1, 0)).is_empty());
        assert!(roster.enter(&seat(2, 0)).is_empty());
        assert_eq!(roster.enter(&seat(1, 1)), [seat(1, 0)]);
        assert_eq!(roster.leave(*seat(1, 0)), [seat(1, 1)]);
        assert_eq!(roster.enter(&seat(1, 2)), [seat(1, 1)]);
    }
}
