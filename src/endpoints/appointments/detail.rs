//! `GET /api/v1/appointments/{id}`: one appointment with all that has gathered around it.

use super::conclusion::ConclusionView;
use super::links::LinkView;
use super::messages::MessageView;
use super::view::{AppointmentView, reaches};
use super::{shown, visible};
use crate::app::App;
use crate::endpoints::Problem;
use crate::endpoints::caller::Caller;
use crate::endpoints::openapi::Problems;
use crate::endpoints::request::{ETag, Id, rfc3339};
use crate::model::appointment::{EventKind, Status};
use crate::model::ids::AppointmentId;
use crate::model::quality::{Causes, Link, Quality};
use crate::model::reconfirm::{ReconfirmCall, ReconfirmResult};
use crate::model::role::Right;
use crate::model::visit::{Outcome, Visit, VisitPerson, VisitRole};
use crate::storage::appointments::{self, AppointmentEvent};
use crate::storage::{conclusions, messages, visits};
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
    /// Oldest first, without their tokens.
    links: Vec<LinkView>,
    visit: Option<VisitView>,
    /// Null also where the caller may not read conclusions.
    conclusion: Option<ConclusionView>,
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
    /// Of everybody together; null: no media ran, or nobody has left yet.
    quality: Option<QualityView>,
    people: Vec<VisitPersonView>,
}

/// What was measured about once a second while media ran. Ratios are 0 to 1.
#[derive(Serialize, ToSchema)]
pub(super) struct QualityView {
    ratings: u32,
    /// Of them below 3.6.
    poor: u32,
    /// Mean opinion score of speech, 1 to 4.5.
    mean_mos: Option<f64>,
    worst_mos: Option<f64>,
    uplink: LinkQualityView,
    downlink: LinkQualityView,
    /// Of the time in which a picture was to be seen, how much of it it stood still.
    mean_freeze_ratio: Option<f64>,
    /// Of what was heard, how much the page had to make up.
    mean_concealed_ratio: Option<f64>,
    /// Ratings without video, because the link carried none.
    without_video: u32,
    /// Ratings by what was to blame: the person's uplink or downlink, the device, our server.
    causes: CausesView,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CausesView {
    uplink: u32,
    downlink: u32,
    device: u32,
    server: u32,
}

#[derive(Serialize, ToSchema)]
pub(super) struct LinkQualityView {
    mean_loss_ratio: Option<f64>,
    worst_loss_ratio: Option<f64>,
    mean_rtt_ms: Option<f64>,
    worst_rtt_ms: Option<f64>,
    mean_jitter_ms: Option<f64>,
    mean_mos: Option<f64>,
    worst_mos: Option<f64>,
    mean_estimate_bps: Option<f64>,
    lowest_estimate_bps: Option<f64>,
}

impl QualityView {
    fn of(quality: &Quality) -> Self {
        let link = |link: &Link| LinkQualityView {
            mean_loss_ratio: link.loss_ratio.mean(),
            worst_loss_ratio: link.loss_ratio.highest(),
            mean_rtt_ms: link.rtt_ms.mean(),
            worst_rtt_ms: link.rtt_ms.highest(),
            mean_jitter_ms: link.jitter_ms.mean(),
            mean_mos: link.mos.mean(),
            worst_mos: link.mos.lowest(),
            mean_estimate_bps: link.estimate_bps.mean(),
            lowest_estimate_bps: link.estimate_bps.lowest(),
        };
        let Causes { uplink, downlink, device, server } = quality.causes;
        Self {
            ratings: quality.ratings,
            poor: quality.poor,
            mean_mos: quality.mos.mean(),
            worst_mos: quality.mos.lowest(),
            uplink: link(&quality.uplink),
            downlink: link(&quality.downlink),
            mean_freeze_ratio: quality.freeze_ratio.mean(),
            mean_concealed_ratio: quality.concealed_ratio.mean(),
            without_video: quality.without_video_rung,
            causes: CausesView { uplink, downlink, device, server },
        }
    }
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
    let conclusion = match reaches(&caller, Right::ReadConclusions, &entry) {
        true => ConclusionView::of(&conclusions::of_appointment(database, id).await?),
        false => None,
    };
    let detail = AppointmentDetail {
        appointment: shown(&app, &caller, &entry),
        events: appointments::events(database, id).await?.into_iter().map(EventView::of).collect(),
        calls: visits::calls(database, id).await?.iter().map(CallView::of).collect(),
        messages: messages::of_appointment(database, id).await?.into_iter().map(MessageView::of).collect(),
        links: visits::links(database, id).await?.iter().map(LinkView::of).collect(),
        visit,
        conclusion,
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
            quality: (visit.quality.ratings > 0).then(|| QualityView::of(&visit.quality)),
            people: people.iter().map(person).collect(),
        }
    }
}
