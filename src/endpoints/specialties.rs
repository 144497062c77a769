//! `GET /api/v1/specialties`: what can be booked here at all.

use super::Problem;
use super::caller::Caller;
use super::openapi::Problems;
use super::request::List;
use crate::app::App;
use crate::model::specialty::Specialty;
use crate::storage::users;
use axum::Json;
use axum::extract::State;
use std::sync::Arc;

/// The specialties that somebody here treats.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(get, path = "/specialties", tag = "schedules",
    responses((status = 200, body = List<String>), Problems))]
pub async fn list(State(app): State<Arc<App>>, _: Caller) -> Result<Json<List<Specialty>>, Problem> {
    Ok(Json(List::whole(users::specialties(&app.database).await?)))
}
