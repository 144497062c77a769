//! A specialist cancels a day, in one change: the absence is written down, what is free of the day is closed, each visit is cancelled, its
//! referral waits, and whoever can be reached by message in time is offered another time of the same specialty. Who cannot is the senior's
//! to call.

use super::{happen, offers};
use crate::accounts::secret::random;
use crate::model::appointment::{Actor, Appointment, CancelReason, Channel, Event, Facts, Status};
use crate::model::day_off::{self, Replacement};
use crate::model::ids::{AppointmentId, ScheduleExceptionId, WaitlistEntryId};
use crate::model::record::Stamp;
use crate::model::referral::{ReferralEvent, ReferralStatus};
use crate::model::schedule::{NewException, ScheduleException};
use crate::model::slot::Slot;
use crate::model::specialty::Specialty;
use crate::model::time::{Interval, UnixMillis};
use crate::model::waitlist::{NewWaitlistEntry, PHONE_BELOW, WaitlistEntry, WaitlistOffer, WaitlistStatus};
use crate::storage::slots::Search;
use crate::storage::{Change, Database, StorageError, appointments, referrals, schedules, slots, waitlist};
use std::time::Duration;

/// Another time is looked for, and waited for, so far ahead.
const WITHIN: Duration = Duration::from_secs(30 * 24 * 3600);
/// Free slots looked at for each channel.
const LOOKED_AT: u32 = 200;

/// Which day of whom.
pub struct DayOff<'a> {
    pub absence: &'a NewException,
    pub specialist: crate::model::ids::UserId,
    pub specialty: &'a Specialty,
    /// The absence on the clinic's clock.
    pub window: Interval,
}

/// One visit of the day, and how its patient hears of another time.
#[derive(Clone, Debug, PartialEq)]
pub struct Affected {
    pub cancelled: Appointment,
    /// `None`: by telephone.
    pub offer: Option<WaitlistOffer>,
}

/// Cancels the day. `actor` is whoever says so.
///
/// # Errors
/// The model refuses to cancel one of the visits; the database failed. Nothing is changed then.
pub async fn take(
    database: &Database,
    change: &mut Change,
    actor: &Actor,
    day: &DayOff<'_>,
) -> Result<Vec<Affected>, StorageError> {
    let now = change.now();
    let exception = ScheduleException {
        id: ScheduleExceptionId::new(now, random()?),
        details: day.absence.clone(),
        created_by: change.author().user(),
        created: now,
    };
    schedules::create_exception(change, &exception).await?;
    // First, so that nobody books while the visits are read.
    slots::block(change, day.specialist, day.window).await?;
    let visits = appointments::of_specialist_in(change, day.specialist, day.window).await?;
    let visits: Vec<_> = visits.into_iter().filter(|visit| is_affected(visit, now)).collect();
    let plan = day_off::plan(&visits, &replacements(database, day, &visits, now).await?, now);
    let mut affected = Vec::new();
    for visit in &visits {
        let cancelling =
            visit.decide(actor, Event::Cancel(CancelReason::SpecialistUnavailable), &Facts::default(), now)?;
        let cancelled = happen(change, visit, &cancelling).await?;
        let entry = wait(change, &cancelled, day).await?;
        let replacement = plan.offers.iter().find(|offer| offer.appointment == visit.id);
        let offer = match (entry, replacement) {
            (Some(entry), Some(replacement)) => Some(offer(database, change, &entry, replacement).await?),
            _ => None,
        };
        affected.push(Affected { cancelled, offer });
    }
    // What the cancelled visits gave back of the day.
    slots::block(change, day.specialist, day.window).await?;
    Ok(affected)
}

/// Visits that have begun go on.
fn is_affected(visit: &Appointment, now: UnixMillis) -> bool {
    let is_open = matches!(visit.status, Status::Booked | Status::Confirmed | Status::CheckedIn);
    is_open && visit.time.start() > now
}

/// Free slots of the specialty that a message can be sent about, of each channel that is wanted.
async fn replacements(
    database: &Database,
    day: &DayOff<'_>,
    visits: &[Appointment],
    now: UnixMillis,
) -> Result<Vec<Slot>, StorageError> {
    let Some(within) = Interval::new(now.plus(PHONE_BELOW), now.plus(WITHIN)) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for channel in Channel::ALL.iter().filter(|channel| visits.iter().any(|visit| visit.channel == **channel)) {
        let search = Search {
            specialty: day.specialty.clone(),
            channel: *channel,
            within,
            patient: None,
            cart: None,
            with_reserved: false,
            limit: LOOKED_AT,
        };
        found.extend(slots::search(database, &search, now).await?);
    }
    // The search saw the day as it was before this change.
    found.retain(|slot| slot.specialist != day.specialist || !slot.time.overlaps(&day.window));
    found.sort_by_key(|slot| (slot.time.start(), slot.id));
    Ok(found)
}

/// The referral goes from its lost visit to the waiting list; a visit that nobody referred has none.
async fn wait(
    change: &mut Change,
    cancelled: &Appointment,
    day: &DayOff<'_>,
) -> Result<Option<WaitlistEntry>, StorageError> {
    let now = change.now();
    let Some(id) = cancelled.referral else { return Ok(None) };
    let Some(referral) = referrals::find_in(change, id).await? else { return Ok(None) };
    if referral.status != ReferralStatus::InWork {
        return Ok(None);
    }
    let referral = referrals::apply(change, &referral, ReferralEvent::Wait).await?;
    let window = Interval::new(now, now.plus(WITHIN)).ok_or(StorageError::Unreadable { column: "latest_ms" })?;
    let entry = WaitlistEntry {
        id: WaitlistEntryId::new(now, random()?),
        patient: cancelled.patient,
        details: NewWaitlistEntry {
            referral: referral.id,
            specialty: day.specialty.clone(),
            channel: cancelled.channel,
            cart: cancelled.cart,
            window,
            priority: referral.details.priority,
        },
        status: WaitlistStatus::Waiting,
        lost: Some(cancelled.id),
        stamp: Stamp::first(change.author().user(), now),
    };
    waitlist::join(change, &entry).await?;
    Ok(Some(entry))
}

async fn offer(
    database: &Database,
    change: &mut Change,
    entry: &WaitlistEntry,
    replacement: &Replacement,
) -> Result<WaitlistOffer, StorageError> {
    let slot = slots::find(database, replacement.slot).await?.ok_or(StorageError::Missing("slot"))?;
    offers::make(change, entry, &slot, None).await
}

/// Which visits are the senior's to call.
#[must_use]
pub fn to_call(affected: &[Affected]) -> Vec<AppointmentId> {
    affected.iter().filter(|visit| visit.offer.is_none()).map(|visit| visit.cancelled.id).collect()
}
