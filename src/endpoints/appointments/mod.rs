//! `/api/v1/appointments`: lists for the desks, one appointment, and what becomes of it.

mod book;
mod change;
pub mod conclusion;
pub mod consents;
mod detail;
pub mod join;
pub mod links;
mod list;
mod messages;
pub mod view;

pub use book::{__path_book, book};
pub use change::{__path_apply, __path_place, apply, place};
pub use detail::{__path_find, find};
pub use list::{__path_list, list};
pub use messages::{__path_send as __path_send_message, send as send_message};

use super::Problem;
use super::caller::Caller;
use crate::app::App;
use crate::model::ids::AppointmentId;
use crate::model::role::Right;
use crate::rooms::Person;
use crate::storage::agenda::{self, Entry};
use kenes_signaling::ids::RoomId;
use kenes_signaling::message::Status;
use view::{AppointmentView, PersonInRoom};

/// An appointment that the caller may see.
///
/// # Errors
/// `not_found`, also for one that is out of reach.
pub(super) async fn visible(app: &App, caller: &Caller, id: AppointmentId) -> Result<Entry, Problem> {
    caller.require(Right::ReadAppointments)?;
    let entry = agenda::find(&app.database, id).await?.ok_or(Problem::NotFound)?;
    if view::reaches(caller, Right::ReadAppointments, &entry) { Ok(entry) } else { Err(Problem::NotFound) }
}

/// As the caller sees it, with who is in its room.
pub(super) fn shown(app: &App, caller: &Caller, entry: &Entry) -> AppointmentView {
    AppointmentView::of(entry, people(app, entry), caller)
}

fn people(app: &App, entry: &Entry) -> Vec<PersonInRoom> {
    let Some(room) = entry.room.as_ref().and_then(|room| RoomId::new(room.clone()).ok()) else { return Vec::new() };
    let person = |person: Person| {
        let place = if person.status? == Status::Waiting { "waiting" } else { "in_call" };
        Some(PersonInRoom { role: person.role, name: person.name.as_str().to_owned(), place })
    };
    app.rooms.people(&room).into_iter().filter_map(person).collect()
}
