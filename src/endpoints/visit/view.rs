//! `GET /api/v1/visit`: all that a guest's page has to know. Nothing of the patient is in it but what the guest is called.

use super::Guest;
use super::guest::Opened;
use crate::app::App;
use crate::endpoints::Problem;
use crate::endpoints::openapi::Problems;
use crate::endpoints::problem::accepted_language;
use crate::endpoints::request::rfc3339;
use crate::model::appointment::{Actor, CancelReason, Channel, Event, Facts, Status};
use crate::model::consent::{Decision, Purpose};
use crate::model::join_link::GuestRole;
use crate::model::language::Language;
use crate::model::site::NewSite;
use crate::model::visit::VisitRole;
use crate::storage::agenda::Entry;
use crate::storage::{consent_texts, visits};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use kenes_signaling::ids::RoomId;
use kenes_signaling::message::{Role as CallRole, Status as CallStatus};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct GuestVisit {
    pub(super) appointment: GuestAppointment,
    /// `patient`, `legal_representative`, `interpreter` or `family_doctor`.
    #[schema(value_type = String)]
    pub(super) role: GuestRole,
    /// As the others in the call see it.
    pub(super) name: String,
    /// The patient's.
    #[schema(value_type = String)]
    pub(super) language: Language,
    /// What is to be decided before the call, in the language that the request accepts.
    pub(super) consents_needed: Vec<ConsentNeeded>,
    /// Of `confirm`, `cancel`, `check_in` and `join`, what is open now.
    pub(super) allowed: Vec<&'static str>,
    pub(super) host: SpecialistPlace,
    /// The time that the link offers; with it, the appointment is proposed.
    pub(super) offer: Option<GuestOffer>,
}

#[derive(Serialize, ToSchema)]
pub struct GuestAppointment {
    #[schema(value_type = String)]
    pub(super) status: Status,
    pub(super) start: String,
    pub(super) end: String,
    #[schema(value_type = String)]
    pub(super) channel: Channel,
    pub(super) specialist: GuestSpecialist,
    pub(super) site: GuestSite,
}

#[derive(Serialize, ToSchema)]
pub struct GuestSpecialist {
    pub name: String,
    pub specialty: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct GuestSite {
    name: String,
    time_zone: String,
    /// Where to call, as E.164.
    phone: Option<String>,
}

impl GuestSite {
    pub(super) fn of(site: NewSite) -> Self {
        let phone = site.phone.map(|phone| phone.reveal().to_owned());
        Self { name: site.name, time_zone: site.zone.name().to_owned(), phone }
    }
}

#[derive(Serialize, ToSchema)]
pub struct ConsentNeeded {
    #[schema(value_type = String)]
    pub(super) purpose: Purpose,
    pub(super) version: u32,
    pub(super) text: String,
}

/// Open until it expires.
#[derive(Serialize, ToSchema)]
pub struct GuestOffer {
    pub(super) start: String,
    pub(super) end: String,
    pub(super) expires: String,
    pub(super) specialist: GuestSpecialist,
}

/// Where the specialist is: `away`, `in_room` or `in_call`.
#[derive(Serialize, ToSchema)]
pub struct SpecialistPlace {
    pub(super) status: &'static str,
}

/// The visit that the link opens, or the one that it offers.
///
/// # Errors
/// `invitation_invalid`, `link_too_early`, `link_expired`, `link_revoked`; `rate_limited`.
#[utoipa::path(get, path = "/visit", tag = "visit", security(("link" = [])),
    responses((status = 200, body = GuestVisit), Problems))]
pub async fn read(
    State(app): State<Arc<App>>,
    opened: Opened,
    headers: HeaderMap,
) -> Result<Json<GuestVisit>, Problem> {
    match opened {
        Opened::Visit(guest) => shown(&app, &guest, accepted_language(&headers)).await.map(Json),
        Opened::Offer(invited) => invited.shown(&app).await.map(Json),
    }
}

/// As this guest sees it now.
pub(super) async fn shown(app: &App, guest: &Guest, language: Language) -> Result<GuestVisit, Problem> {
    let entry = guest.entry(app).await?;
    let appointment = &entry.appointment;
    let acts_for_patient = guest.link.details.role.acts_for_patient();
    Ok(GuestVisit {
        appointment: GuestAppointment {
            status: appointment.status,
            start: rfc3339(appointment.time.start()),
            end: rfc3339(appointment.time.end()),
            channel: appointment.channel,
            specialist: GuestSpecialist {
                name: entry.specialist_name.reveal().clone(),
                specialty: entry.specialty.as_ref().map(ToString::to_string),
            },
            site: GuestSite {
                name: entry.site_name.clone(),
                time_zone: entry.zone.name().to_owned(),
                phone: entry.site_phone.as_ref().map(|phone| phone.reveal().to_owned()),
            },
        },
        role: guest.link.details.role,
        name: guest.link.details.name.reveal().clone(),
        language: entry.patient.language,
        consents_needed: if acts_for_patient { needed(app, guest, &entry, language).await? } else { Vec::new() },
        allowed: allowed(guest, &entry),
        host: SpecialistPlace { status: host_status(app, &entry) },
        offer: None,
    })
}

/// The consultation until it is given, so that who refused may think again; somebody beside the specialist where such a person has a link.
async fn needed(app: &App, guest: &Guest, entry: &Entry, language: Language) -> Result<Vec<ConsentNeeded>, Problem> {
    if !entry.appointment.status.is_live() {
        return Ok(Vec::new());
    }
    let links = visits::links(&app.database, entry.appointment.id).await?;
    let has_third_party =
        links.iter().any(|link| !link.details.role.acts_for_patient() && link.check(link.window.start()).is_ok());
    let mut needed = Vec::new();
    for purpose in [Purpose::Consultation, Purpose::ThirdParty] {
        let decision = entry.consents.get(&purpose);
        let is_open = match purpose {
            Purpose::Consultation => decision != Some(&Decision::Given),
            _ => has_third_party && decision.is_none(),
        };
        if !is_open {
            continue;
        }
        if let Some(text) = consent_texts::newest(&app.database, purpose).await? {
            let words = text.texts.of(language).to_owned();
            needed.push(ConsentNeeded { purpose, version: text.version, text: words });
        }
    }
    tracing::debug!(link_id = %guest.link.id, needed = needed.len(), "visit read by a link");
    Ok(needed)
}

fn allowed(guest: &Guest, entry: &Entry) -> Vec<&'static str> {
    let appointment = &entry.appointment;
    let mut allowed = Vec::new();
    if guest.link.details.role.acts_for_patient() {
        // On a cart and by telephone the clinic checks in.
        let is_at_home = appointment.channel == Channel::HomeLink;
        let steps = [
            ("confirm", Event::Confirm, true),
            ("cancel", Event::Cancel(CancelReason::PatientDeclined), true),
            ("check_in", Event::CheckIn, is_at_home),
        ];
        let is_open = |event| appointment.decide(&Actor::Patient, event, &Facts::default(), guest.now).is_ok();
        allowed.extend(steps.into_iter().filter(|(_, event, may)| *may && is_open(*event)).map(|(word, ..)| word));
    }
    if matches!(appointment.status, Status::CheckedIn | Status::InCall) && appointment.channel != Channel::Phone {
        allowed.push("join");
    }
    allowed
}

fn host_status(app: &App, entry: &Entry) -> &'static str {
    let room = entry.room.clone().and_then(|room| RoomId::new(room).ok());
    let people = room.map(|room| app.rooms.people(&room)).unwrap_or_default();
    let is_there = |role: CallRole| {
        people
            .iter()
            .any(|person| person.role == role && person.status.is_some_and(|status| status != CallStatus::Waiting))
    };
    match entry.appointment.status {
        _ if !is_there(VisitRole::Specialist.in_room()) => "away",
        Status::InCall => "in_call",
        _ => "in_room",
    }
}
