//! What happens in a room, told to whoever keeps the record of visits: who came and went, who let the patient in, how it was. A bounded
//! queue that no room waits for; a notice that finds it full is dropped and counted. Owns no room and keeps no person's words.

use super::Rooms;
use super::cell::RoomState;
use crate::model::quality::Quality;
use kenes_signaling::ids::{ParticipantId, PersonName, RoomId, Subject};
use kenes_signaling::message::{Role, Status};
use kenes_signaling::room::{Attendance, Participant};
use kenes_signaling::time::UnixMillis;

/// Notices on their way to the record: a whole server's people, coming back at once after a restart.
pub const NOTICE_QUEUE: usize = 8192;

#[derive(Debug)]
pub struct RoomNotice {
    pub room: RoomId,
    pub at: UnixMillis,
    pub what: Happening,
}

#[derive(Debug)]
pub enum Happening {
    /// Into the call at once, or into the waiting room. A person who was here before is back.
    Joined {
        who: Person,
        is_in_call: bool,
    },
    /// Out of the waiting room; `by` is `None` when the server did it.
    Admitted {
        who: Subject,
        by: Option<Subject>,
    },
    /// With what was measured since the person joined.
    Left {
        who: Subject,
        measured: Box<Quality>,
    },
    Ended,
}

/// Somebody in a room, as the token said.
#[derive(Clone, Debug)]
pub struct Person {
    pub subject: Subject,
    pub role: Role,
    pub name: PersonName,
    /// `None`: gone meanwhile.
    pub status: Option<Status>,
}

impl Person {
    pub(super) fn of(participant: &Participant<'_>) -> Self {
        let Participant { subject, role, name, status } = *participant;
        Self { subject: subject.clone(), role, name: name.clone(), status }
    }
}

pub(super) fn note(rooms: &Rooms, room: &RoomId, state: &mut RoomState, attendance: Attendance, now: UnixMillis) {
    let person = |id: ParticipantId| state.room.person(id).map(|participant| Person::of(&participant));
    let subject = |id| person(id).map(|person| person.subject);
    let (at, what) = match attendance {
        Attendance::Arrived { who, is_in_call } => (now, person(who).map(|who| Happening::Joined { who, is_in_call })),
        Attendance::Admitted { who, by } => {
            (now, subject(who).map(|who| Happening::Admitted { who, by: by.and_then(subject) }))
        }
        Attendance::Departed { who, lost_at } => {
            let subject = subject(who);
            let measured = Box::new(state.measured.remove(&who).unwrap_or_default());
            (lost_at.unwrap_or(now), subject.map(|who| Happening::Left { who, measured }))
        }
    };
    if let Some(what) = what {
        rooms.tell(RoomNotice { room: room.clone(), at, what });
    }
}

impl Rooms {
    pub(super) fn tell(&self, notice: RoomNotice) {
        if self.notices.try_send(notice).is_err() {
            self.metrics.session.notices_dropped.inc();
            tracing::warn!("the record of a visit missed a notice");
        }
    }
}
