//! Slots follow schedules as far as the horizon, day by day and whenever a schedule changes. What is published already stays.

use super::AT_ONCE;
use crate::accounts::secret::random;
use crate::model::horizon::Publishing;
use crate::model::ids::UserId;
use crate::model::record::Stamp;
use crate::model::schedule::Resource;
use crate::model::time::{Interval, UnixMillis, Zone, before};
use crate::storage::{Author, Database, StorageError, schedules, slots, users};
use std::time::Duration;

/// The horizon moves on with the hours.
const EVERY: Duration = Duration::from_secs(3600);
/// No slot is longer: one that overlaps with the range began at most so long before it.
const LONGEST_SLOT: Duration = Duration::from_secs(4 * 3600);

pub(super) async fn round(database: &Database, horizon: Duration, now: UnixMillis) -> Result<UnixMillis, StorageError> {
    let mut after = None;
    loop {
        let page = schedules::specialists(database, after, AT_ONCE).await?;
        for specialist in &page {
            publish(database, Author::System, *specialist, horizon, now).await?;
        }
        after = page.last().copied();
        if page.len() < AT_ONCE as usize {
            return Ok(now.plus(EVERY));
        }
    }
}

/// Publishes what a specialist's schedules give from now to the horizon and is not there yet. Answers how many slots are new.
///
/// # Errors
/// The database failed.
pub async fn publish(
    database: &Database,
    author: Author,
    specialist: UserId,
    horizon: Duration,
    now: UnixMillis,
) -> Result<u64, StorageError> {
    let Some(user) = users::find(database, specialist).await? else { return Ok(0) };
    let Some(specialty) = &user.details.specialty else { return Ok(0) };
    let resource = Resource::Specialist(specialist);
    let of_specialist = schedules::of(database, resource).await?;
    let (Some(range), Some(schedule)) = (Interval::new(now, now.plus(horizon)), of_specialist.first()) else {
        return Ok(0);
    };
    let exceptions = exceptions(database, resource, &schedule.details.zone, range).await?;
    let around = Interval::new(before(range.start(), LONGEST_SLOT), range.end()).unwrap_or(range);
    let published = slots::times(database, specialist, around).await?;
    let publishing =
        Publishing { specialist, specialty, schedules: &of_specialist, exceptions: &exceptions, published: &published };
    let (drawn, mut count) = (random::<6>()?, 0_u32);
    let new = publishing.slots(range, Stamp::first(author.user(), now), || {
        count += 1;
        let mut id = [0; 10];
        id.iter_mut().zip(drawn.iter().chain(&count.to_be_bytes())).for_each(|(to, from)| *to = *from);
        id
    });
    if new.is_empty() {
        return Ok(0);
    }
    let mut change = database.change(author, now).await?;
    let count = slots::publish(&mut change, &new).await?;
    change.commit().await?;
    Ok(count)
}

/// Of the days that the range touches, a day more at each end: zones differ.
async fn exceptions(
    database: &Database,
    resource: Resource,
    zone: &Zone,
    range: Interval,
) -> Result<Vec<crate::model::schedule::NewException>, StorageError> {
    let (first, last) = (zone.local(range.start()).date(), zone.local(range.end()).date());
    let (first, last) = (first.yesterday().unwrap_or(first), last.tomorrow().unwrap_or(last));
    let found = schedules::exceptions(database, resource, first, last).await?;
    Ok(found.into_iter().map(|exception| exception.details).collect())
}
