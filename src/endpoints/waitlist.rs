//! `/api/v1/waitlist` and `/api/v1/offers`: who waits for an earlier time, what is offered to them, and what they answer. Freed slots are
//! offered by upkeep; here people put somebody on the list, offer by hand, and write down an answer given on the telephone.

use super::Problem;
use super::appointments::view::{AppointmentView, SpecialistView};
use super::appointments::{shown, visible};
use super::caller::Caller;
use super::openapi::Problems;
use super::request::{Body, ETag, Id, IfMatch, List, Paging, Params, invalid, parsed, parsed_if_any, rfc3339};
use super::slots::SlotView;
use crate::accounts::secret::random;
use crate::app::App;
use crate::booking::offers::{self, Question};
use crate::model::appointment::Channel;
use crate::model::ids::{SiteId, WaitlistEntryId, WaitlistOfferId};
use crate::model::invalid::Fault;
use crate::model::record::Stamp;
use crate::model::referral::{Priority, ReferralEvent};
use crate::model::refusal::Refusal;
use crate::model::role::{Reach, Right};
use crate::model::time::{Interval, UnixMillis};
use crate::model::waitlist::{
    FreedSlot, NewWaitlistEntry, OfferResult, PHONE_BELOW, WaitlistEntry, WaitlistInput, WaitlistStatus,
};
use crate::storage::waiting::{self, After, Offered, Waiting};
use crate::storage::{idempotency, places, referrals, refill, slots, users, waitlist};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Slots to be phoned about at once; the nearest come first.
const CALLS: u32 = 100;

#[derive(Serialize, ToSchema)]
pub struct EntryView {
    id: String,
    version: u32,
    referral: WaitingReferral,
    patient: WaitingPatient,
    specialty: String,
    #[schema(value_type = String)]
    channel: Channel,
    /// The one that the patient can reach; any, when null.
    cart: Option<String>,
    earliest: String,
    latest: String,
    #[schema(value_type = String)]
    priority: Priority,
    #[schema(value_type = String)]
    status: WaitlistStatus,
    /// The visit that the person lost when the specialist cancelled the day.
    lost: Option<String>,
    created: String,
    /// Oldest first.
    offers: Vec<OfferView>,
}

#[derive(Serialize, ToSchema)]
pub struct WaitingReferral {
    id: String,
    site: String,
    mis_ref: String,
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub struct WaitingPatient {
    id: String,
    name: String,
    phone: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct OfferView {
    id: String,
    slot: OfferedSlot,
    expires: String,
    /// `accepted`, `declined` or `withdrawn`; null while it is open.
    #[schema(value_type = Option<String>)]
    result: Option<OfferResult>,
}

#[derive(Serialize, ToSchema)]
pub struct OfferedSlot {
    id: String,
    start: String,
    end: String,
    specialist: SpecialistView,
}

/// A slot given back less than a day ahead, and whom to telephone about it.
#[derive(Serialize, ToSchema)]
pub struct CallView {
    slot: SlotView,
    entry: EntryView,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// All within reach, when left out.
    site: Option<String>,
    specialty: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryBody {
    referral: String,
    /// `cart`, `home_link` or `phone`.
    channel: String,
    cart: Option<String>,
    /// RFC 3339: the visit starts then at the earliest.
    earliest: String,
    /// RFC 3339: the visit has ended by then.
    latest: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferBody {
    slot: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerBody {
    answer: Answer,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Accept,
    Decline,
}

/// Who waits, the first to be asked first.
///
/// # Errors
/// `invalid`, `not_allowed`.
#[utoipa::path(get, path = "/waitlist", tag = "waitlist", params(Query),
    responses((status = 200, body = List<EntryView>), Problems))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<List<EntryView>>, Problem> {
    let site = within_reach(&caller, parsed_if_any("site", query.site.as_deref())?)?;
    let specialty = parsed_if_any("specialty", query.specialty.as_deref())?;
    let limit = Paging { limit: query.limit, cursor: None }.limit()?;
    let after = query.cursor.as_deref().map(parse_cursor).transpose()?;
    let found = waiting::list(&app.database, site, specialty.as_ref(), after, limit + 1).await?;
    let page = found.get(..limit as usize).unwrap_or(&found);
    let next = page.last().filter(|_| found.len() > page.len()).map(cursor);
    Ok(Json(List { items: page.iter().map(EntryView::of).collect(), next }))
}

/// Puts a referral on the waiting list.
///
/// # Errors
/// `referral_state`: it has its appointment, or nobody has taken it yet; `exists`: it waits already.
#[utoipa::path(post, path = "/waitlist", tag = "waitlist", request_body = EntryBody,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = EntryView), Problems))]
pub async fn join(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body { value, idempotency }: Body<EntryBody>,
) -> Result<(StatusCode, ETag, Json<EntryView>), Problem> {
    caller.require_user(Right::WorkWaitlist)?;
    let referral = referrals::find(&app.database, parsed("referral", &value.referral)?).await?;
    let referral = referral.ok_or_else(|| invalid("referral", Fault::Unknown))?;
    within_reach(&caller, Some(referral.details.site))?;
    let input = WaitlistInput {
        referral: Some(value.referral),
        specialty: Some(referral.details.specialty.to_string()),
        channel: Some(value.channel),
        cart: value.cart,
        earliest: Some(value.earliest),
        latest: Some(value.latest),
        priority: None,
    };
    let details = NewWaitlistEntry::validate(&input, referral.details.priority, caller.now)?;
    if let Some(cart) = details.cart {
        places::find_cart(&app.database, cart).await?.ok_or_else(|| invalid("cart", Fault::Unknown))?;
    }
    let entry = WaitlistEntry {
        id: WaitlistEntryId::new(caller.now, random()?),
        patient: referral.details.patient,
        details,
        status: WaitlistStatus::Waiting,
        lost: None,
        stamp: Stamp::first(caller.user(), caller.now),
    };
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let id = match idempotency::recall(&mut change, idempotency.as_ref()).await? {
        Some(answered) => answered,
        None => {
            referrals::apply(&mut change, &referral, ReferralEvent::Wait).await?;
            waitlist::join(&mut change, &entry).await?;
            idempotency::remember(&mut change, idempotency.as_ref(), &entry.id).await?;
            change.commit().await?;
            entry.id
        }
    };
    let (etag, view) = read(&app, &caller, id).await?;
    Ok((StatusCode::CREATED, etag, view))
}

/// Takes somebody off the list; the referral is a nurse's to work on again.
///
/// # Errors
/// `not_waiting`, `changed`.
#[utoipa::path(delete, path = "/waitlist/{id}", tag = "waitlist",
    params(("id" = String, Path), ("If-Match" = String, Header)), responses((status = 204), Problems))]
pub async fn leave(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<WaitlistEntryId>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    let found = reached(&app, &caller, id).await?.entry;
    found.stamp.version.expect(seen)?;
    if found.status != WaitlistStatus::Waiting {
        return Err(Refusal::NotWaiting.into());
    }
    let mut change = app.database.change(caller.author(), caller.now).await?;
    waitlist::set_status(&mut change, &found, WaitlistStatus::Withdrawn).await?;
    waitlist::withdraw_offers(&mut change, found.id).await?;
    if let Some(referral) = referrals::find_in(&mut change, found.details.referral).await? {
        referrals::apply(&mut change, &referral, ReferralEvent::StopWaiting).await?;
    }
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Slots given back too near for a message, each with the first of those who wait for it.
///
/// # Errors
/// `not_allowed`.
#[utoipa::path(get, path = "/waitlist/calls", tag = "waitlist",
    responses((status = 200, body = List<CallView>), Problems))]
pub async fn calls(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<List<CallView>>, Problem> {
    let site = within_reach(&caller, None)?;
    let near = Interval::new(caller.now, caller.now.plus(PHONE_BELOW)).ok_or(Problem::Internal)?;
    let mut items = Vec::new();
    for given in refill::given_back(&app.database, near, CALLS).await? {
        let state = given.slot.state.at(caller.now).status();
        if state != crate::model::slot::SlotStatus::Free {
            continue;
        }
        let freed = FreedSlot::of(&given.slot, given.cart);
        let Some(first) = waitlist::queue(&app.database, &freed, 1).await?.into_iter().next() else { continue };
        let Some(waiting) = waiting::find(&app.database, first.id).await? else { continue };
        if site.is_some_and(|site| waiting.site != site) {
            continue;
        }
        let specialist = users::find(&app.database, given.slot.specialist).await?;
        let name = specialist.map(|user| user.details.name);
        items
            .push(CallView { slot: SlotView::of(&given.slot, name.as_ref(), &caller), entry: EntryView::of(&waiting) });
    }
    Ok(Json(List::whole(items)))
}

/// Offers a free slot to somebody who waits, by message.
///
/// # Errors
/// `offer_unfit`, `offer_too_late`, `slot_taken`, `not_waiting`.
#[utoipa::path(post, path = "/waitlist/{id}/offers", tag = "waitlist", request_body = OfferBody,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = EntryView), Problems))]
pub async fn offer(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<WaitlistEntryId>,
    Body { value, idempotency }: Body<OfferBody>,
) -> Result<(StatusCode, ETag, Json<EntryView>), Problem> {
    caller.require_user(Right::WorkWaitlist)?;
    let found = reached(&app, &caller, id).await?.entry;
    let slot = parsed("slot", &value.slot)?;
    slots::find(&app.database, slot).await?.ok_or_else(|| invalid("slot", Fault::Unknown))?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    let answered: Option<WaitlistOfferId> = idempotency::recall(&mut change, idempotency.as_ref()).await?;
    if answered.is_none() {
        let slot = slots::lock(&mut change, slot).await?;
        let made = offers::make(&mut change, &found, &slot, None).await?;
        idempotency::remember(&mut change, idempotency.as_ref(), &made.id).await?;
        change.commit().await?;
    }
    let (etag, view) = read(&app, &caller, id).await?;
    Ok((StatusCode::CREATED, etag, view))
}

/// Writes down what the patient says to an offer. Accepting it books the slot.
///
/// # Errors
/// `offer_expired`, `offer_answered`; `slot_taken`: somebody else was faster.
#[utoipa::path(post, path = "/offers/{id}/answer", tag = "waitlist", request_body = AnswerBody,
    params(("id" = String, Path)),
    responses((status = 200, body = AppointmentView), (status = 204, description = "Declined"), Problems))]
pub async fn answer(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<WaitlistOfferId>,
    Body { value, .. }: Body<AnswerBody>,
) -> Result<Response, Problem> {
    caller.require_user(Right::WorkWaitlist)?;
    let question = Question::read(&app.database, id).await?.ok_or(Problem::NotFound)?;
    within_reach(&caller, Some(question.referral.details.site)).map_err(|_| Problem::NotFound)?;
    match value.answer {
        Answer::Accept => {
            let booked = question.accept(&app.database, caller.author(), caller.now).await?;
            let entry = visible(&app, &caller, booked).await?;
            let etag = ETag(entry.appointment.stamp.version);
            Ok((etag, Json(shown(&app, &caller, &entry))).into_response())
        }
        Answer::Decline => {
            let mut change = app.database.change(caller.author(), caller.now).await?;
            question.decline(&mut change).await?;
            change.commit().await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
    }
}

/// The site that is asked for, or how far the caller's right goes; `None`: everywhere.
fn within_reach(caller: &Caller, asked: Option<SiteId>) -> Result<Option<SiteId>, Problem> {
    match caller.require(Right::WorkWaitlist)? {
        Reach::Everywhere => Ok(asked),
        Reach::Site | Reach::Own if asked.is_none_or(|site| site == caller.site) => Ok(Some(caller.site)),
        Reach::Site | Reach::Own => Err(Refusal::NotAllowed.into()),
    }
}

async fn reached(app: &App, caller: &Caller, id: WaitlistEntryId) -> Result<Waiting, Problem> {
    let found = waiting::find(&app.database, id).await?.ok_or(Problem::NotFound)?;
    match within_reach(caller, Some(found.site)) {
        Ok(_) => Ok(found),
        Err(_) if caller.reach(Right::WorkWaitlist).is_some() => Err(Problem::NotFound),
        Err(refused) => Err(refused),
    }
}

async fn read(app: &App, caller: &Caller, id: WaitlistEntryId) -> Result<(ETag, Json<EntryView>), Problem> {
    let found = reached(app, caller, id).await?;
    Ok((ETag(found.entry.stamp.version), Json(EntryView::of(&found))))
}

fn cursor(last: &Waiting) -> String {
    format!("{}.{}.{}", last.entry.details.priority, last.entry.stamp.created.0, last.entry.id)
}

fn parse_cursor(text: &str) -> Result<After, Problem> {
    let mut parts = text.splitn(3, '.');
    let (Some(priority), Some(created), Some(id)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(invalid("cursor", Fault::Malformed));
    };
    let created = created.parse().map_err(|_| invalid("cursor", Fault::Malformed))?;
    Ok(After { priority: parsed("cursor", priority)?, created: UnixMillis(created), id: parsed("cursor", id)? })
}

impl EntryView {
    fn of(waiting: &Waiting) -> Self {
        let WaitlistEntry { id, patient, details, status, lost, stamp } = &waiting.entry;
        Self {
            id: id.to_string(),
            version: stamp.version.0,
            referral: WaitingReferral {
                id: details.referral.to_string(),
                site: waiting.site.to_string(),
                mis_ref: waiting.mis_ref.clone(),
                reason: waiting.reason.reveal().clone(),
            },
            patient: WaitingPatient {
                id: patient.to_string(),
                name: waiting.patient_name.reveal().clone(),
                phone: waiting.phone.as_ref().map(|phone| phone.reveal().to_owned()),
            },
            specialty: details.specialty.to_string(),
            channel: details.channel,
            cart: details.cart.map(|id| id.to_string()),
            earliest: rfc3339(details.window.start()),
            latest: rfc3339(details.window.end()),
            priority: details.priority,
            status: *status,
            lost: lost.map(|id| id.to_string()),
            created: rfc3339(stamp.created),
            offers: waiting.offers.iter().map(|offered| OfferView::of(offered, waiting)).collect(),
        }
    }
}

impl OfferView {
    fn of(offered: &Offered, waiting: &Waiting) -> Self {
        Self {
            id: offered.offer.id.to_string(),
            slot: OfferedSlot {
                id: offered.offer.slot.to_string(),
                start: rfc3339(offered.time.start()),
                end: rfc3339(offered.time.end()),
                specialist: SpecialistView {
                    id: offered.specialist.to_string(),
                    name: offered.specialist_name.reveal().clone(),
                    specialty: Some(waiting.entry.details.specialty.to_string()),
                },
            },
            expires: rfc3339(offered.offer.expires),
            result: offered.offer.result,
        }
    }
}
