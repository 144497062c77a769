//! Who publishes in which room, for servers that leave it to their clients to watch each other.
//!
//! Two people who enter a room at once each learn of the other exactly once: whoever is second tells the first. Holds people until
//! they leave. Must not know how anybody watches.

use super::{Act, Attendance, Seat};
use crate::load::wiring::Connection;
use anyhow::Result;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) struct Roster<P>(Mutex<BTreeMap<u32, Vec<Arc<P>>>>);

#[async_trait]
pub(super) trait Person: Send + Sync {
    fn seat(&self) -> Seat;

    /// What the person publishes by; `None`: they only watch.
    fn camera(&self) -> Option<&Connection>;

    /// Tells the server that the person goes.
    async fn leave(&self) -> Result<()>;
}

impl<P> Default for Roster<P> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// Those who were in the room before.
pub(super) struct Encounter<P> {
    /// To be watched by the one who comes.
    pub publishers: Vec<Arc<P>>,
    /// Who are to watch the one who comes.
    pub viewers: Vec<Arc<P>>,
}

impl<P: Person> Roster<P> {
    pub(super) fn enter(&self, person: &Arc<P>) -> Encounter<P> {
        let before = self.add(person.seat(), Arc::clone(person));
        let publishers = before.iter().filter(|other| other.camera().is_some()).cloned().collect();
        Encounter { publishers, viewers: if person.camera().is_some() { before } else { Vec::new() } }
    }
}

impl<P> Roster<P> {
    /// Everybody who was there before.
    fn add(&self, seat: Seat, person: Arc<P>) -> Vec<Arc<P>> {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = rooms.entry(seat.room).or_default();
        let before = room.clone();
        room.push(person);
        before
    }

    fn remove(&self, room: u32, gone: &Arc<P>) {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(people) = rooms.get_mut(&room) {
            people.retain(|person| !Arc::ptr_eq(person, gone));
            if people.is_empty() {
                rooms.remove(&room);
            }
        }
    }
}

/// A person whom the roster knows until this is dropped.
pub(super) struct Present<P: Person> {
    person: Arc<P>,
    roster: Arc<Roster<P>>,
}

impl<P: Person> Present<P> {
    pub(super) fn new(person: Arc<P>, roster: &Arc<Roster<P>>) -> Self {
        Self { person, roster: Arc::clone(roster) }
    }
}

impl<P: Person> Drop for Present<P> {
    fn drop(&mut self) {
        self.roster.remove(self.person.seat().room, &self.person);
    }
}

#[async_trait]
impl<P: Person> Attendance for Present<P> {
    async fn leave(self: Box<Self>) -> Result<()> {
        self.person.leave().await
    }

    async fn act(&mut self, act: Act) -> Result<()> {
        if let (Act::Mute(kind, muted), Some(camera)) = (act, self.person.camera()) {
            camera.mute(kind, muted);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_enters_learns_of_those_before_in_the_same_room_alone() {
        let roster = Roster::default();
        let add = |room, name: &Arc<&'static str>| roster.add(Seat { room, person: 0 }, Arc::clone(name));
        let [aigul, bulat, dana] = ["Aigul", "Bulat", "Dana"].map(Arc::new);
        assert!(add(1, &aigul).is_empty());
        assert!(add(2, &dana).is_empty());
        assert!(Arc::ptr_eq(&add(1, &bulat)[0], &aigul));
        roster.remove(1, &aigul);
        assert_eq!(add(1, &aigul), [bulat]);
    }
}
