//! `/api/v1/appointments`: lists for the desks, one appointment, and what becomes of it.

mod book;
mod change;
mod list;
pub mod view;

pub use book::{__path_book, book};
pub use change::{__path_apply, __path_place, apply, place};
pub use list::{__path_find, __path_list, find, list};

use super::Problem;
use super::caller::Caller;
use crate::app::App;
use crate::model::ids::AppointmentId;
use crate::model::role::Right;
use crate::storage::agenda::{self, Entry};
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

fn people(_app: &App, _entry: &Entry) -> Vec<PersonInRoom> {
    Vec::new()
}
