//! The waiting list as desks show it: who waits for what, with the name and number to call, and what was offered. Two queries, however
//! many wait.

use super::change::millis;
use super::columns::Columns;
use super::waitlist::{entry, offer_of};
use super::{Database, StorageError};
use crate::model::ids::{SiteId, UserId, WaitlistEntryId};
use crate::model::phone::Phone;
use crate::model::private::Private;
use crate::model::referral::Priority;
use crate::model::specialty::Specialty;
use crate::model::time::{Interval, UnixMillis};
use crate::model::waitlist::{WaitlistEntry, WaitlistOffer};
use sqlx::any::AnyRow;
use std::collections::HashMap;

#[derive(Clone, Debug)]
pub struct Waiting {
    pub entry: WaitlistEntry,
    pub site: SiteId,
    pub patient_name: Private<String>,
    pub phone: Option<Phone>,
    pub mis_ref: String,
    pub reason: Private<String>,
    /// Oldest first.
    pub offers: Vec<Offered>,
}

#[derive(Clone, Debug)]
pub struct Offered {
    pub offer: WaitlistOffer,
    pub time: Interval,
    pub specialist: UserId,
    pub specialist_name: Private<String>,
}

/// Where a page of the list ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    pub priority: Priority,
    pub created: UnixMillis,
    pub id: WaitlistEntryId,
}

/// Who waits, the first to be asked first; of one site or specialty, or of all.
///
/// # Errors
/// The database failed.
pub async fn list(
    database: &Database,
    site: Option<SiteId>,
    specialty: Option<&Specialty>,
    after: Option<After>,
    limit: u32,
) -> Result<Vec<Waiting>, StorageError> {
    let rows = sqlx::query(
        "SELECT w.*, r.site_id, r.mis_ref, r.reason, p.name AS patient_name, p.phone FROM waitlist w
         JOIN referrals r ON r.id = w.referral_id JOIN patients p ON p.id = w.patient_id
         WHERE w.status = 'waiting' AND ($1 IS NULL OR r.site_id = $1) AND ($2 IS NULL OR w.specialty = $2)
           AND ($3 IS NULL OR w.priority < $3 OR (w.priority = $3 AND (w.created_ms > $4 OR (w.created_ms = $4 AND w.id > $5))))
         ORDER BY w.priority DESC, w.created_ms, w.id LIMIT $6",
    )
    .bind(site.map(|id| id.to_string()))
    .bind(specialty.map(ToString::to_string))
    .bind(after.map(|after| after.priority.as_str()))
    .bind(after.map_or(0, |after| millis(after.created)))
    .bind(after.map(|after| after.id.to_string()).unwrap_or_default())
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    with_offers(database, &rows).await
}

/// Whoever lost a visit to a specialist's day off and has no other yet, the longest first.
///
/// # Errors
/// The database failed.
pub async fn displaced(database: &Database, limit: u32) -> Result<Vec<Waiting>, StorageError> {
    let rows = sqlx::query(
        "SELECT w.*, r.site_id, r.mis_ref, r.reason, p.name AS patient_name, p.phone FROM waitlist w
         JOIN referrals r ON r.id = w.referral_id JOIN patients p ON p.id = w.patient_id
         WHERE w.status = 'waiting' AND w.lost_appointment_id IS NOT NULL
         ORDER BY w.priority DESC, w.created_ms, w.id LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    with_offers(database, &rows).await
}

/// # Errors
/// The database failed.
pub async fn find(database: &Database, id: WaitlistEntryId) -> Result<Option<Waiting>, StorageError> {
    let row = sqlx::query(
        "SELECT w.*, r.site_id, r.mis_ref, r.reason, p.name AS patient_name, p.phone FROM waitlist w
         JOIN referrals r ON r.id = w.referral_id JOIN patients p ON p.id = w.patient_id WHERE w.id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(&database.readers)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut found = waiting(&row)?;
    let offers = sqlx::query(
        "SELECT o.*, s.start_ms, s.end_ms, s.specialist_id, u.name AS specialist_name FROM waitlist_offers o
         JOIN slots s ON s.id = o.slot_id JOIN users u ON u.id = s.specialist_id
         WHERE o.waitlist_id = $1 ORDER BY o.created_ms, o.id",
    )
    .bind(id.to_string())
    .fetch_all(&database.readers)
    .await?;
    found.offers = offers.iter().map(offered).collect::<Result<_, _>>()?;
    Ok(Some(found))
}

/// How many wait, by specialty and priority.
///
/// # Errors
/// The database failed.
pub async fn sizes(database: &Database) -> Result<Vec<(String, Priority, u64)>, StorageError> {
    let rows = sqlx::query(
        "SELECT specialty, priority, COUNT(*) AS waiting FROM waitlist WHERE status = 'waiting' GROUP BY specialty, priority",
    )
    .fetch_all(&database.readers)
    .await?;
    let size = |row: &AnyRow| {
        let columns = Columns(row);
        Ok((columns.plain("specialty")?, columns.parsed("priority")?, columns.number("waiting")?))
    };
    rows.iter().map(size).collect()
}

async fn with_offers(database: &Database, rows: &[AnyRow]) -> Result<Vec<Waiting>, StorageError> {
    let mut list = rows.iter().map(waiting).collect::<Result<Vec<_>, _>>()?;
    if list.is_empty() {
        return Ok(list);
    }
    let offers = sqlx::query(
        "SELECT o.*, s.start_ms, s.end_ms, s.specialist_id, u.name AS specialist_name FROM waitlist_offers o
         JOIN slots s ON s.id = o.slot_id JOIN users u ON u.id = s.specialist_id
         WHERE o.waitlist_id IN (SELECT id FROM waitlist WHERE status = 'waiting') ORDER BY o.created_ms, o.id",
    )
    .fetch_all(&database.readers)
    .await?;
    let places: HashMap<_, _> = list.iter().enumerate().map(|(place, waiting)| (waiting.entry.id, place)).collect();
    for row in &offers {
        let offered = offered(row)?;
        let place = places.get(&offered.offer.entry);
        if let Some(waiting) = place.and_then(|place| list.get_mut(*place)) {
            waiting.offers.push(offered);
        }
    }
    Ok(list)
}

fn waiting(row: &AnyRow) -> Result<Waiting, StorageError> {
    let columns = Columns(row);
    Ok(Waiting {
        entry: entry(row)?,
        site: columns.parsed("site_id")?,
        patient_name: Private::new(columns.plain("patient_name")?),
        phone: columns.parsed_if_any("phone")?,
        mis_ref: columns.plain("mis_ref")?,
        reason: Private::new(columns.plain("reason")?),
        offers: Vec::new(),
    })
}

fn offered(row: &AnyRow) -> Result<Offered, StorageError> {
    let columns = Columns(row);
    Ok(Offered {
        offer: offer_of(row)?,
        time: columns.interval()?,
        specialist: columns.parsed("specialist_id")?,
        specialist_name: Private::new(columns.plain("specialist_name")?),
    })
}
