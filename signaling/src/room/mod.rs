//! One room as a pure state machine: who waits, who is in the call, whose media goes where.
//!
//! [`Room::handle`] takes what happened and returns what to do about it. The room never blocks on media: an offer goes out as an
//! effect and its answer comes back as an input, and everything about a generation is held until then.

mod effect;
mod input;

pub use effect::{Effect, MediaPeer, MediaTrack};
pub use input::{Claims, CloseReason, Direction, Input, MediaEvent, Section};

use crate::ids::RoomId;
use crate::message::IceServer;
use crate::time::UnixMillis;

/// One consultation room, from the first join to the end of the visit.
pub struct Room {
    id: RoomId,
    ice_servers: Vec<IceServer>,
}

impl Room {
    #[must_use]
    pub fn new(id: RoomId, ice_servers: Vec<IceServer>) -> Self {
        Self { id, ice_servers }
    }

    /// Takes in what happened at `now` and returns what to do, in order.
    pub fn handle(&mut self, now: UnixMillis, input: Input) -> Vec<Effect> {
        let _ = (now, input, &self.id, &self.ice_servers);
        Vec::new()
    }

    /// When [`Input::Tick`] is due at the latest; `None` when nothing is under way.
    #[must_use]
    pub fn next_deadline(&self) -> Option<UnixMillis> {
        None
    }

    /// How many people wait and how many are in the call (reconnecting included), for metrics.
    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        Occupancy::default()
    }

    /// A moderator ended the visit.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        false
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    pub waiting: usize,
    pub in_call: usize,
}
