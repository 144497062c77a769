//! `POST /api/v1/appointments/{id}/join`: staff and the visit's cart get a join token to its room.

use super::visible;
use crate::app::App;
use crate::endpoints::Problem;
use crate::endpoints::caller::{Caller, Identity};
use crate::endpoints::join::Joinable;
use crate::endpoints::openapi::Problems;
use crate::endpoints::problem::accepted_language;
use crate::endpoints::request::Id;
use crate::model::ids::AppointmentId;
use crate::model::language::Language;
use crate::model::refusal::Refusal;
use crate::model::role::Role;
use crate::model::time::UnixMillis;
use crate::model::visit::{Attendee, VisitRole, check_join};
use crate::storage::agenda::Entry;
use crate::storage::{places, users, visits};
use crate::tokens::Grant;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use std::sync::Arc;

/// A token for the signaling socket, for five minutes.
///
/// # Errors
/// `not_allowed`: neither its specialist nor a nurse of its site nor its cart; `not_checked_in`, `appointment_ended`; on a cart
/// `consent_undecided` and `consent_refused` for whom stands beside the patient.
#[utoipa::path(post, path = "/appointments/{id}/join", tag = "appointments", params(("id" = String, Path)),
    responses((status = 200, body = Joinable), Problems))]
pub async fn join(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AppointmentId>,
    headers: HeaderMap,
) -> Result<Json<Joinable>, Problem> {
    let entry = visible(&app, &caller, id).await?;
    let role = role_of(&caller, &entry)?;
    let (attendee, name) = match caller.identity {
        Identity::User(id) => {
            let user = users::find(&app.database, id).await?.ok_or(Problem::NotSignedIn)?;
            (Attendee::User(id), user.details.name.reveal().clone())
        }
        Identity::Cart(id) => {
            let cart = places::find_cart(&app.database, id).await?.ok_or(Problem::NotSignedIn)?;
            (Attendee::Cart(id), cart.details.name)
        }
        Identity::ApiKey(_) => return Err(Refusal::NotAllowed.into()),
    };
    let seat = Seat { attendee, role, name, language: accepted_language(&headers) };
    take_seat(&app, &entry, seat, caller.now).await.map(Json)
}

/// Somebody who is about to enter.
pub struct Seat {
    pub attendee: Attendee,
    pub role: VisitRole,
    pub name: String,
    pub language: Language,
}

/// The join token of a visit's room, if the visit and the patient's consent let this person in.
///
/// # Errors
/// See [`check_join`].
pub async fn take_seat(app: &App, entry: &Entry, seat: Seat, now: UnixMillis) -> Result<Joinable, Problem> {
    let consents = visits::consents(&app.database, entry.appointment.id).await?;
    check_join(&entry.appointment, seat.role, &consents)?;
    let grant = Grant {
        room: entry.room.clone().ok_or(Refusal::NotCheckedIn)?,
        subject: seat.attendee.to_string(),
        role: seat.role.in_room(),
        name: seat.name,
        room_title: entry.specialist_name.reveal().clone(),
        language: seat.language.as_str().to_owned(),
        expires_ms: now.plus(app.join_token_life),
    };
    Joinable::seal(app, grant)
}

fn role_of(caller: &Caller, entry: &Entry) -> Result<VisitRole, Problem> {
    let appointment = &entry.appointment;
    let is_nurse = caller.roles.contains(Role::Nurse) && caller.site == appointment.site;
    match caller.identity {
        Identity::Cart(id) if appointment.cart == Some(id) => Ok(VisitRole::Cart),
        Identity::User(id) if appointment.specialist == id => Ok(VisitRole::Specialist),
        Identity::User(_) if is_nurse => Ok(VisitRole::Nurse),
        _ => Err(Refusal::NotAllowed.into()),
    }
}
