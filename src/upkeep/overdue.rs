//! Visits that should have begun: what the system can know of why they have not, it proposes; people confirm. A cart that was silent is a
//! failure and never a no-show, and without the specialist nobody was stood up.

use super::LONGEST_SLEEP;
use crate::booking;
use crate::model::appointment::{Actor, Appointment, Event, Facts, FailureCode, NO_SHOW_AFTER, Status};
use crate::model::refusal::Refusal;
use crate::model::time::{UnixMillis, before};
use crate::presence::Presence;
use crate::storage::{Author, Database, StorageError, appointments, places};
use std::time::Duration;

/// A visit of yesterday that nobody has looked at yet is a person's to end.
const LOOKED_AT: Duration = Duration::from_secs(12 * 3600);
/// More than a region has of them in half a day: those that nothing can be said of must not hide the others.
const AT_ONCE: u32 = 1000;

pub(super) async fn round(
    database: &Database,
    presence: &Presence,
    now: UnixMillis,
) -> Result<UnixMillis, StorageError> {
    let overdue = appointments::overdue(database, before(now, LOOKED_AT), before(now, NO_SHOW_AFTER), AT_ONCE).await?;
    for visit in &overdue {
        if let Some(event) = what_happened(database, presence, visit, now).await? {
            propose(database, visit, event, now).await?;
        }
    }
    let next = appointments::next_start(database, before(now, NO_SHOW_AFTER)).await?;
    let next = next.map_or(now.plus(LONGEST_SLEEP), |start| start.plus(NO_SHOW_AFTER));
    Ok(next.min(now.plus(LONGEST_SLEEP)))
}

/// `None`: nothing that the system could know.
async fn what_happened(
    database: &Database,
    presence: &Presence,
    visit: &Appointment,
    now: UnixMillis,
) -> Result<Option<Event>, StorageError> {
    if visit.status == Status::Proposed {
        return Ok(Some(Event::ProposeFailure(FailureCode::Server)));
    }
    if let Some(cart) = visit.cart {
        let since = places::cart_online_since(database, cart, now).await?;
        if since.is_none_or(|since| since > visit.time.start()) {
            return Ok(Some(Event::ProposeFailure(FailureCode::CartOffline)));
        }
    }
    let was_there = presence.was_there(visit.specialist, visit.time.start());
    Ok(was_there.then_some(Event::ProposeNoShow))
}

async fn propose(database: &Database, visit: &Appointment, event: Event, now: UnixMillis) -> Result<(), StorageError> {
    let facts = Facts { was_specialist_present: true, was_cart_online: true, ..Facts::default() };
    let transition = visit.decide(&Actor::System, event, &facts, now)?;
    let mut change = database.change(Author::System, now).await?;
    match booking::happen(&mut change, visit, &transition).await {
        Ok(_) => change.commit().await,
        // Somebody checked in a moment ago.
        Err(StorageError::Refused(Refusal::Changed)) => Ok(()),
        Err(error) => Err(error),
    }
}
