//! `GET /api/v1/appointments/{id}`: one appointment with all that has gathered around it.

use super::messages::MessageView;
use super::view::AppointmentView;
use super::{shown, visible};
use crate::app::App;
use crate::endpoints::Problem;
use crate::endpoints::caller::Caller;
use crate::endpoints::openapi::Problems;
use crate::endpoints::request::{ETag, Id, rfc3339};
use crate::model::appointment::{EventKind, Status};
use crate::model::ids::AppointmentId;
use crate::model::reconfirm::{ReconfirmCall, ReconfirmResult};
use crate::model::visit::{Outcome, Visit, VisitPerson, VisitRole};
use crate::storage::appointments::{self, AppointmentEvent};
use crate::storage::{messages, visits};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct AppointmentDetail {
    #[serde(flatten)]
    appointment: AppointmentView,
    /// Oldest first.
    events: Vec<EventView>,
    /// Of the contact centre, oldest first.
    calls: Vec<CallView>,
    /// To the patient, oldest first.
    messages: Vec<MessageView>,
    visit: Option<VisitView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct EventView {
    #[schema(value_type = String)]
    kind: EventKind,
    #[schema(value_type = String)]
    from: Status,
    #[schema(value_type = String)]
    to: Status,
    reason: Option<String>,
    at: String,
    /// As in the audit trail: `user:`, `cart:`, `link:` and the id, or `system`.
    by: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CallView {
    attempt: u8,
    #[schema(value_type = String)]
    result: ReconfirmResult,
    note: Option<String>,
    at: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct VisitView {
    opened: String,
    started: Option<String>,
    ended: Option<String>,
    #[schema(value_type = Option<String>)]
    outcome: Option<Outcome>,
    /// Mean opinion score of speech, 1 to 4.5, of everybody together.
    mean_mos: Option<f64>,
    people: Vec<VisitPersonView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct VisitPersonView {
    #[schema(value_type = String)]
    role: VisitRole,
    name: String,
    joined: String,
    left: Option<String>,
    /// How often the person came back.
    returns: u32,
}

/// One appointment with its history, calls and visit.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/appointments/{id}", tag = "appointments", params(("id" = String, Path)),
    responses((status = 200, body = AppointmentDetail), Problems))]
pub async fn find(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AppointmentId>,
) -> Result<(ETag, Json<AppointmentDetail>), Problem> {
    let entry = visible(&app, &caller, id).await?;
    let database = &app.database;
    let visit = match visits::of_appointment(database, id).await? {
        Some(visit) => Some(VisitView::of(&visit, &visits::people(database, visit.id).await?)),
        None => None,
    };
    let detail = AppointmentDetail {
        appointment: shown(&app, &caller, &entry),
        events: appointments::events(database, id).await?.into_iter().map(EventView::of).collect(),
        calls: visits::calls(database, id).await?.iter().map(CallView::of).collect(),
        messages: messages::of_appointment(database, id).await?.into_iter().map(MessageView::of).collect(),
        visit,
    };
    Ok((ETag(entry.appointment.stamp.version), Json(detail)))
}

impl EventView {
    fn of(event: AppointmentEvent) -> Self {
        let AppointmentEvent { kind, from, to, reason, actor, at, .. } = event;
        Self { kind, from, to, reason, at: rfc3339(at), by: actor }
    }
}

impl CallView {
    fn of(call: &ReconfirmCall) -> Self {
        let note = call.details.note.as_ref().map(|note| note.reveal().clone());
        Self { attempt: call.attempt, result: call.details.result, note, at: rfc3339(call.at) }
    }
}

impl VisitView {
    fn of(visit: &Visit, people: &[VisitPerson]) -> Self {
        let person = |person: &VisitPerson| VisitPersonView {
            role: person.role,
            name: person.name.reveal().clone(),
            joined: rfc3339(person.joined),
            left: person.left.map(rfc3339),
            returns: person.returns,
        };
        Self {
            opened: rfc3339(visit.opened),
            started: visit.started.map(rfc3339),
            ended: visit.ended.map(|ending| rfc3339(ending.at)),
            outcome: visit.ended.map(|ending| ending.outcome),
            mean_mos: visit.quality.mos.mean(),
            people: people.iter().map(person).collect(),
        }
    }
}
