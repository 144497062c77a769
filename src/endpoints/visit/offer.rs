//! A time offered to whom waits for one, by the link of the offer's message: shown as a visit that is proposed, taken or declined. Once it
//! is taken, the same link opens the visit.

use super::guest::Opened;
use super::view::{GuestAppointment, GuestOffer, GuestSite, GuestSpecialist, GuestVisit, SpecialistPlace};
use crate::app::App;
use crate::booking::offers::Question;
use crate::endpoints::Problem;
use crate::endpoints::openapi::Problems;
use crate::endpoints::request::{Body, rfc3339};
use crate::model::appointment::{Channel, Status};
use crate::model::ids::{JoinTokenId, WaitlistOfferId};
use crate::model::join_link::{GuestRole, JoinToken, NewJoinToken, TokenHash};
use crate::model::language::Language;
use crate::model::patient::Patient;
use crate::model::refusal::Refusal;
use crate::model::time::UnixMillis;
use crate::model::waitlist::OfferResult;
use crate::storage::{Author, appointments, patients, places, users, visits, waitlist};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// The holder of an offer's link.
pub struct Invited {
    pub(super) id: JoinTokenId,
    pub(super) hash: TokenHash,
    pub(super) offer: WaitlistOfferId,
    pub(super) now: UnixMillis,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferInput {
    answer: Answer,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Accept,
    Decline,
}

/// The offered time, and what has become of it.
#[derive(Serialize, ToSchema)]
pub struct OfferedTime {
    /// `open`; `accepted` or `declined` by this patient; `gone`: run out or given to somebody else.
    status: &'static str,
    start: String,
    end: String,
    /// Until when it can be answered.
    expires: String,
    #[schema(value_type = String)]
    channel: Channel,
    specialist: GuestSpecialist,
    site: GuestSite,
    /// The patient's.
    #[schema(value_type = String)]
    language: Language,
}

/// The time that the link offers, also once it is answered.
///
/// # Errors
/// `not_found`: the link is of a visit that nobody offered.
#[utoipa::path(get, path = "/visit/offer", tag = "visit", security(("link" = [])),
    responses((status = 200, body = OfferedTime), Problems))]
pub async fn read_offer(State(app): State<Arc<App>>, opened: Opened) -> Result<Json<OfferedTime>, Problem> {
    let (id, now) = match opened {
        Opened::Offer(invited) => (invited.offer, invited.now),
        Opened::Visit(guest) => {
            let found = waitlist::find_by_link(&app.database, &guest.link.hash).await?;
            (found.ok_or(Problem::NotFound)?.1, guest.now)
        }
    };
    offered_time(&app, id, now).await.map(Json)
}

/// Takes or declines the time that the link offers.
///
/// # Errors
/// `offer_expired`, `offer_answered`; `slot_taken`, `time_taken`: somebody was faster.
#[utoipa::path(post, path = "/visit/offer", tag = "visit", request_body = OfferInput, security(("link" = [])),
    responses((status = 200, body = OfferedTime), Problems))]
pub async fn answer_offer(
    State(app): State<Arc<App>>,
    opened: Opened,
    Body { value, .. }: Body<OfferInput>,
) -> Result<Json<OfferedTime>, Problem> {
    // The link of an accepted offer is a visit's by now.
    let Opened::Offer(invited) = opened else { return Err(Refusal::OfferAnswered.into()) };
    let question = invited.question(&app).await?;
    match value.answer {
        Answer::Accept => invited.accept(&app, &question).await?,
        Answer::Decline => {
            let mut change = app.database.change(Author::Link(invited.id), invited.now).await?;
            question.decline(&mut change).await?;
            change.commit().await?;
        }
    }
    offered_time(&app, invited.offer, invited.now).await.map(Json)
}

async fn offered_time(app: &App, id: WaitlistOfferId, now: UnixMillis) -> Result<OfferedTime, Problem> {
    let question = Question::read(&app.database, id).await?.ok_or(Problem::NotFound)?;
    let (slot, offer) = (&question.slot, &question.offer);
    let patient = patients::find(&app.database, question.entry.patient).await?.ok_or(Problem::NotFound)?;
    let specialist = users::find(&app.database, slot.specialist).await?.ok_or(Problem::NotFound)?;
    let site = places::find_site(&app.database, question.referral.details.site).await?.ok_or(Problem::NotFound)?;
    let status = match offer.result {
        Some(OfferResult::Accepted) => "accepted",
        Some(OfferResult::Declined) => "declined",
        None if offer.is_open(now) => "open",
        None | Some(OfferResult::Withdrawn) => "gone",
    };
    Ok(OfferedTime {
        status,
        start: rfc3339(slot.time.start()),
        end: rfc3339(slot.time.end()),
        expires: rfc3339(offer.expires),
        channel: slot.channel,
        specialist: GuestSpecialist {
            name: specialist.details.name.reveal().clone(),
            specialty: Some(slot.specialty.to_string()),
        },
        site: GuestSite::of(site.details),
        language: patient.details.language,
    })
}

impl Invited {
    async fn question(&self, app: &App) -> Result<Question, Problem> {
        Question::read(&app.database, self.offer).await?.ok_or(Problem::NotFound)
    }

    async fn patient(&self, app: &App, question: &Question) -> Result<Patient, Problem> {
        patients::find(&app.database, question.entry.patient).await?.ok_or(Problem::NotFound)
    }

    async fn accept(&self, app: &App, question: &Question) -> Result<(), Problem> {
        let booked = question.accept(&app.database, Author::Link(self.id), self.now).await?;
        let visit = appointments::find(&app.database, booked).await?.ok_or(Problem::NotFound)?;
        let name = self.patient(app, question).await?.details.name;
        let details = NewJoinToken { role: GuestRole::Patient, name };
        let link = JoinToken {
            id: self.id,
            hash: self.hash,
            appointment: visit.id,
            window: details.role.window(visit.time, self.now).ok_or(Refusal::LinkExpired)?,
            details,
            revoked: None,
            created_by: None,
            created: self.now,
        };
        let mut change = app.database.change(Author::Link(self.id), self.now).await?;
        visits::create_link(&mut change, &link).await?;
        change.commit().await?;
        Ok(())
    }

    /// An offer that is answered or has run out is a visit that will not be.
    pub(super) async fn shown(&self, app: &App) -> Result<GuestVisit, Problem> {
        let question = self.question(app).await?;
        let patient = self.patient(app, &question).await?.details;
        let (slot, offer) = (&question.slot, &question.offer);
        let specialist = users::find(&app.database, slot.specialist).await?.ok_or(Problem::NotFound)?;
        let site = places::find_site(&app.database, question.referral.details.site).await?.ok_or(Problem::NotFound)?;
        let is_open = offer.is_open(self.now);
        let (start, end) = (rfc3339(slot.time.start()), rfc3339(slot.time.end()));
        let who = || GuestSpecialist {
            name: specialist.details.name.reveal().clone(),
            specialty: Some(slot.specialty.to_string()),
        };
        Ok(GuestVisit {
            appointment: GuestAppointment {
                status: if is_open { Status::Proposed } else { Status::Cancelled },
                start: start.clone(),
                end: end.clone(),
                channel: slot.channel,
                specialist: who(),
                site: GuestSite::of(site.details),
            },
            role: GuestRole::Patient,
            name: patient.name.reveal().clone(),
            language: patient.language,
            consents_needed: Vec::new(),
            allowed: Vec::new(),
            host: SpecialistPlace { status: "away" },
            offer: is_open.then(|| GuestOffer { start, end, expires: rfc3339(offer.expires), specialist: who() }),
        })
    }
}
