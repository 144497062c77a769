//! `POST /api/v1/visit/join`: a link for a join token.

use super::Guest;
use crate::app::App;
use crate::endpoints::Problem;
use crate::endpoints::appointments::join::{Seat, take_seat};
use crate::endpoints::join::Joinable;
use crate::endpoints::openapi::Problems;
use crate::model::visit::Attendee;
use axum::Json;
use axum::extract::State;
use std::sync::Arc;

/// A token for the signaling socket, for five minutes.
///
/// # Errors
/// `not_checked_in`, `appointment_ended`; `consent_undecided` and `consent_refused` for whom the camera would show.
#[utoipa::path(post, path = "/visit/join", tag = "visit", security(("link" = [])),
    responses((status = 200, body = Joinable), Problems))]
pub async fn join(State(app): State<Arc<App>>, guest: Guest) -> Result<Json<Joinable>, Problem> {
    let entry = guest.entry(&app).await?;
    let seat = Seat {
        attendee: Attendee::Link(guest.link.id),
        role: guest.link.details.role.into(),
        name: guest.link.details.name.reveal().clone(),
        language: entry.patient.language,
    };
    take_seat(&app, &entry, seat, guest.now).await.map(Json)
}
