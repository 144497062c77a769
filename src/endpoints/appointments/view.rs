//! An appointment as the API shows it to one caller.

use crate::endpoints::caller::{Caller, Identity};
use crate::endpoints::request::rfc3339;
use crate::endpoints::session::SiteName;
use crate::model::appointment::{CancelReason, Channel, EventKind, FailureCode, NoSummaryReason, Status};
use crate::model::consent::{Decision, Purpose};
use crate::model::referral::Priority;
use crate::model::role::{Reach, Right};
use crate::storage::agenda::Entry;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct AppointmentView {
    id: String,
    version: u32,
    #[schema(value_type = String)]
    status: Status,
    /// The ending that the system suggests and nobody has confirmed: `no_show` or a technical code.
    proposal: Option<String>,
    #[schema(value_type = String)]
    channel: Channel,
    start: String,
    end: String,
    #[schema(value_type = Option<String>)]
    cancel_reason: Option<CancelReason>,
    #[schema(value_type = Option<String>)]
    failure: Option<FailureCode>,
    #[schema(value_type = Option<String>)]
    no_summary_reason: Option<NoSummaryReason>,
    rescheduled_from: Option<String>,
    slot: Option<String>,
    site: SiteName,
    patient: PatientSummaryView,
    specialist: SpecialistView,
    cart: Option<CartSummaryView>,
    referral: Option<ReferralSummaryView>,
    /// The latest decision of each purpose that was asked about.
    #[schema(value_type = BTreeMap<String, String>)]
    consents: BTreeMap<Purpose, Decision>,
    /// Who is in the room now.
    people: Vec<PersonInRoom>,
    /// What the caller may try now; a guard may still refuse it.
    allowed: Vec<&'static str>,
}

#[derive(Serialize, ToSchema)]
pub struct PatientSummaryView {
    id: String,
    name: String,
    birth_date: String,
    language: &'static str,
    phone: Option<String>,
    needs_interpreter: bool,
}

#[derive(Serialize, ToSchema)]
pub struct SpecialistView {
    pub id: String,
    pub name: String,
    pub specialty: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct CartSummaryView {
    id: String,
    name: String,
    is_online: bool,
}

#[derive(Serialize, ToSchema)]
pub struct ReferralSummaryView {
    id: Option<String>,
    mis_ref: String,
    #[schema(value_type = String)]
    priority: Priority,
    reason: String,
    icd10: Option<String>,
    referring_doctor: String,
}

#[derive(Serialize, ToSchema)]
pub struct PersonInRoom {
    /// `nurse`, `specialist`, `patient` or `guest`.
    #[schema(value_type = String)]
    pub role: kenes_signaling::message::Role,
    pub name: String,
    /// `waiting` or `in_call`.
    pub place: &'static str,
}

impl AppointmentView {
    #[must_use]
    pub fn of(entry: &Entry, people: Vec<PersonInRoom>, caller: &Caller) -> Self {
        let appointment = &entry.appointment;
        Self {
            id: appointment.id.to_string(),
            version: appointment.stamp.version.0,
            status: appointment.status,
            proposal: appointment.proposal.map(|proposal| proposal.to_string()),
            channel: appointment.channel,
            start: rfc3339(appointment.time.start()),
            end: rfc3339(appointment.time.end()),
            cancel_reason: appointment.cancel_reason,
            failure: appointment.failure,
            no_summary_reason: appointment.no_summary_reason,
            rescheduled_from: appointment.rescheduled_from.map(|id| id.to_string()),
            slot: appointment.slot.map(|id| id.to_string()),
            site: SiteName {
                id: appointment.site.to_string(),
                name: entry.site_name.clone(),
                time_zone: entry.zone.name().to_owned(),
            },
            patient: patient(entry),
            specialist: SpecialistView {
                id: appointment.specialist.to_string(),
                name: entry.specialist_name.reveal().clone(),
                specialty: entry.specialty.as_ref().map(ToString::to_string),
            },
            cart: entry.cart.as_ref().map(|cart| CartSummaryView {
                id: cart.id.to_string(),
                name: cart.name.clone(),
                is_online: cart.is_online(caller.now),
            }),
            referral: referral(entry),
            consents: entry.consents.clone(),
            people,
            allowed: allowed(entry, caller),
        }
    }
}

fn patient(entry: &Entry) -> PatientSummaryView {
    let patient = &entry.patient;
    PatientSummaryView {
        id: entry.appointment.patient.to_string(),
        name: patient.name.reveal().clone(),
        birth_date: patient.birth_date.reveal().to_string(),
        language: patient.language.as_str(),
        phone: patient.phone.as_ref().map(|phone| phone.reveal().to_owned()),
        needs_interpreter: patient.needs_interpreter,
    }
}

fn referral(entry: &Entry) -> Option<ReferralSummaryView> {
    let referral = entry.referral.as_ref()?;
    Some(ReferralSummaryView {
        id: entry.appointment.referral.map(|id| id.to_string()),
        mis_ref: referral.mis_ref.clone(),
        priority: referral.priority,
        reason: referral.reason.reveal().clone(),
        icd10: referral.icd10.clone(),
        referring_doctor: referral.referring_doctor.reveal().clone(),
    })
}

/// The state machine's events for this caller, and what besides them can be done with an appointment.
fn allowed(entry: &Entry, caller: &Caller) -> Vec<&'static str> {
    let appointment = &entry.appointment;
    if !may_change(caller, entry) {
        return Vec::new();
    }
    let mut allowed: Vec<_> =
        appointment.open_to(&caller.actor()).filter(|event| is_asked_for(*event)).map(EventKind::as_str).collect();
    let is_staff = caller.user().is_some() && caller.reach(Right::WriteAppointments).is_some();
    if is_staff && appointment.status.occupies_time() {
        allowed.push("move");
    }
    if is_staff && appointment.make_way().is_ok() {
        allowed.push("reschedule");
    }
    if matches!(appointment.status, Status::CheckedIn | Status::InCall) {
        allowed.push("join");
    }
    allowed
}

/// Booking is a call of its own, and the system proposes by itself.
fn is_asked_for(event: EventKind) -> bool {
    !matches!(event, EventKind::Book | EventKind::ProposeNoShow | EventKind::ProposeFailure)
}

/// Whether the caller reaches this appointment with `right`.
#[must_use]
pub fn reaches(caller: &Caller, right: Right, entry: &Entry) -> bool {
    let appointment = &entry.appointment;
    match caller.reach(right) {
        None => false,
        Some(Reach::Everywhere) => true,
        Some(Reach::Site) => caller.site == appointment.site || caller.site == entry.specialist_site,
        Some(Reach::Own) => match caller.identity {
            Identity::User(id) => {
                let has_written = entry.referral.as_ref().is_some_and(|referral| referral.written_by == Some(id));
                appointment.specialist == id || has_written
            }
            Identity::Cart(id) => appointment.cart == Some(id),
            Identity::ApiKey(_) => {
                let source = entry.referral.as_ref().map(|referral| referral.source.as_str());
                source.is_some() && source == caller.source()
            }
        },
    }
}

/// A cart has no right to write, and yet is touched by who stands beside it: the state machine says what it may do.
#[must_use]
pub fn may_change(caller: &Caller, entry: &Entry) -> bool {
    match caller.identity {
        Identity::User(_) => reaches(caller, Right::WriteAppointments, entry),
        Identity::Cart(id) => entry.appointment.cart == Some(id),
        Identity::ApiKey(_) => false,
    }
}
