//! Slots given back go to who waits: an offer that nobody answered in time is withdrawn, and the next in the queue is asked.

use super::{AT_ONCE, LONGEST_SLEEP};
use crate::booking::offers::{self, Refill};
use crate::model::time::{Interval, UnixMillis};
use crate::model::waitlist::PHONE_BELOW;
use crate::storage::{Author, Database, StorageError, refill, waitlist};
use std::time::Duration;

/// Farther ahead nothing was published, so nothing is given back.
const AHEAD: Duration = Duration::from_secs(366 * 24 * 3600);

pub(super) async fn round(database: &Database, now: UnixMillis) -> Result<UnixMillis, StorageError> {
    let lapsed = waitlist::lapsed(database, now, AT_ONCE).await?;
    for offer in &lapsed {
        offers::lapse(database, offer, now).await?;
    }
    refill::forget_past(database, now).await?;
    // Nearer ones are on the work list, for the telephone.
    let Some(ahead) = Interval::new(now.plus(PHONE_BELOW), now.plus(AHEAD)) else { return Ok(now.plus(LONGEST_SLEEP)) };
    let given_back = refill::unasked(database, ahead, AT_ONCE).await?;
    for slot in &given_back {
        let mut change = database.change(Author::System, now).await?;
        match offers::refill(database, &mut change, slot.slot.id).await? {
            Refill::Offered(_) | Refill::NobodyWaits | Refill::Gone => {
                change.note("slot", slot.slot.id, "looked_at", serde_json::json!({}));
                change.commit().await?;
            }
            Refill::Waits => {}
        }
    }
    if lapsed.len() == AT_ONCE as usize || given_back.len() == AT_ONCE as usize {
        return Ok(now);
    }
    let next = waitlist::next_lapse(database).await?.unwrap_or(now.plus(LONGEST_SLEEP));
    Ok(next.min(now.plus(LONGEST_SLEEP)))
}
