//! Single-visit links of an appointment. The token is in the answer that makes it and nowhere else: what is kept is its digest.

use super::visible;
use crate::accounts::secret::{Secret, random};
use crate::app::App;
use crate::endpoints::Problem;
use crate::endpoints::caller::Caller;
use crate::endpoints::openapi::Problems;
use crate::endpoints::request::{Body, Id, rfc3339};
use crate::model::ids::{AppointmentId, JoinTokenId};
use crate::model::join_link::{GuestRole, JoinToken, JoinTokenInput, LINK_PREFIX, NewJoinToken};
use crate::model::refusal::Refusal;
use crate::model::role::Right;
use crate::storage::agenda::Entry;
use crate::storage::{StorageError, idempotency, visits};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct NewLinkView {
    /// With the token behind the `#`, where no server sees it. Shown once.
    url: String,
    #[serde(flatten)]
    link: LinkView,
}

#[derive(Serialize, ToSchema)]
pub struct LinkView {
    id: String,
    /// `patient`, `legal_representative`, `interpreter` or `family_doctor`.
    #[schema(value_type = String)]
    role: GuestRole,
    name: String,
    opens: String,
    expires: String,
    revoked: Option<String>,
}

impl LinkView {
    #[must_use]
    pub fn of(link: &JoinToken) -> Self {
        Self {
            id: link.id.to_string(),
            role: link.details.role,
            name: link.details.name.reveal().clone(),
            opens: rfc3339(link.window.start()),
            expires: rfc3339(link.window.end()),
            revoked: link.revoked.map(rfc3339),
        }
    }
}

/// Makes a link. A repeated request (`Idempotency-Key`) answers the same link with a new token, and the token that got lost opens nothing.
///
/// # Errors
/// `appointment_ended`, `invalid`.
#[utoipa::path(post, path = "/appointments/{id}/links", tag = "appointments", request_body = JoinTokenInput,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = NewLinkView), Problems))]
pub async fn create_link(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AppointmentId>,
    Body { value, idempotency }: Body<JoinTokenInput>,
) -> Result<(StatusCode, Json<NewLinkView>), Problem> {
    let entry = inviting(&app, &caller, id).await?;
    let details = NewJoinToken::validate(&value)?;
    if !entry.appointment.status.is_live() {
        return Err(Refusal::AppointmentEnded.into());
    }
    let window = details.role.window(entry.appointment.time, caller.now).ok_or(Refusal::AppointmentEnded)?;
    let secret = Secret::random(LINK_PREFIX)?;
    let mut link = JoinToken {
        id: JoinTokenId::new(caller.now, random()?),
        hash: secret.hash,
        appointment: id,
        details,
        window,
        revoked: None,
        created_by: caller.user(),
        created: caller.now,
    };
    let mut change = app.database.change(caller.author(), caller.now).await?;
    match idempotency::recall(&mut change, idempotency.as_ref()).await? {
        Some(made) => {
            visits::renew_link(&mut change, made, &secret.hash).await?;
            link.id = made;
        }
        None => {
            visits::create_link(&mut change, &link).await?;
            idempotency::remember(&mut change, idempotency.as_ref(), &link.id).await?;
        }
    }
    change.commit().await?;
    let url = crate::links::visit(&app.link_base, &secret.text);
    Ok((StatusCode::CREATED, Json(NewLinkView { url, link: LinkView::of(&link) })))
}

/// Withdraws a link: it opens nothing from now on.
///
/// # Errors
/// `not_found`: no such link, or withdrawn before.
#[utoipa::path(delete, path = "/appointments/{id}/links/{link}", tag = "appointments",
    params(("id" = String, Path), ("link" = String, Path)), responses((status = 204), Problems))]
pub async fn revoke_link(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, link)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let id: AppointmentId = id.parse().map_err(|_| Problem::NotFound)?;
    let link: JoinTokenId = link.parse().map_err(|_| Problem::NotFound)?;
    inviting(&app, &caller, id).await?;
    let found = visits::link_by_id(&app.database, link).await?.filter(|link| link.appointment == id);
    found.ok_or(StorageError::Missing("link"))?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    visits::revoke_link(&mut change, link).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn inviting(app: &App, caller: &Caller, id: AppointmentId) -> Result<Entry, Problem> {
    let entry = visible(app, caller, id).await?;
    if super::view::reaches(caller, Right::InviteToVisit, &entry) { Ok(entry) } else { Err(Refusal::NotAllowed.into()) }
}
