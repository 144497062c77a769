//! The waiting list and the offers made to it. Who is asked first is an index: urgent, then oldest.

use super::change::{Change, millis, require_current, stamped};
use super::columns::Columns;
use super::{Database, StorageError, hex};
use crate::model::ids::{JoinTokenId, ReferralId, SlotId, WaitlistEntryId, WaitlistOfferId};
use crate::model::join_link::TokenHash;
use crate::model::time::{Interval, UnixMillis};
use crate::model::waitlist::{FreedSlot, NewWaitlistEntry, OfferResult, WaitlistEntry, WaitlistOffer, WaitlistStatus};
use serde_json::json;
use sqlx::any::AnyRow;

/// # Errors
/// The referral waits already, or does not exist.
pub async fn join(change: &mut Change, entry: &WaitlistEntry) -> Result<(), StorageError> {
    let details = &entry.details;
    let insert = sqlx::query(
        "INSERT INTO waitlist (id, patient_id, referral_id, specialty, channel, cart_id, earliest_ms, latest_ms, priority,
                               status, lost_appointment_id, version, created_by, created_ms, updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(entry.id.to_string())
    .bind(entry.patient.to_string())
    .bind(details.referral.to_string())
    .bind(details.specialty.to_string())
    .bind(details.channel.as_str())
    .bind(details.cart.map(|id| id.to_string()))
    .bind(millis(details.window.start()))
    .bind(millis(details.window.end()))
    .bind(details.priority.as_str())
    .bind(entry.status.as_str())
    .bind(entry.lost.map(|id| id.to_string()));
    stamped(insert, &entry.stamp)
        .execute(change.connection())
        .await
        .map_err(StorageError::on_insert("waiting list entry"))?;
    change.note("waitlist", entry.id, "joined", json!({ "referral": details.referral }));
    Ok(())
}

/// # Errors
/// `Refusal::Changed`: it is another by now.
pub async fn set_status(
    change: &mut Change,
    seen: &WaitlistEntry,
    status: WaitlistStatus,
) -> Result<WaitlistEntry, StorageError> {
    let after = WaitlistEntry { status, stamp: seen.stamp.changed(change.now), ..seen.clone() };
    let result =
        sqlx::query("UPDATE waitlist SET status = $1, version = $2, updated_ms = $3 WHERE id = $4 AND version = $5")
            .bind(status.as_str())
            .bind(i64::from(after.stamp.version.0))
            .bind(millis(after.stamp.updated))
            .bind(seen.id.to_string())
            .bind(i64::from(seen.stamp.version.0))
            .execute(change.connection())
            .await?;
    require_current(&result)?;
    change.note("waitlist", seen.id, "status_set", json!({ "status": status }));
    Ok(after)
}

/// A referral that has its appointment waits no longer.
///
/// # Errors
/// The database failed.
pub async fn end_waiting(change: &mut Change, referral: ReferralId) -> Result<(), StorageError> {
    let row = sqlx::query("SELECT * FROM waitlist WHERE referral_id = $1 AND status = 'waiting'")
        .bind(referral.to_string())
        .fetch_optional(change.connection())
        .await?;
    if let Some(row) = row {
        let entry = set_status(change, &entry(&row)?, WaitlistStatus::Booked).await?;
        withdraw_offers(change, entry.id).await?;
    }
    Ok(())
}

/// # Errors
/// The database failed.
pub async fn find(database: &Database, id: WaitlistEntryId) -> Result<Option<WaitlistEntry>, StorageError> {
    let row = sqlx::query("SELECT * FROM waitlist WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(entry).transpose()
}

/// Those whom the slot fits and who were not asked about it yet, the first to be asked first.
///
/// # Errors
/// The database failed.
pub async fn queue(database: &Database, freed: &FreedSlot, limit: u32) -> Result<Vec<WaitlistEntry>, StorageError> {
    let rows = sqlx::query(
        "SELECT * FROM waitlist
         WHERE status = 'waiting' AND specialty = $1 AND channel = $2 AND earliest_ms <= $3 AND latest_ms >= $4
           AND (cart_id IS NULL OR $5 IS NULL OR cart_id = $5)
           AND NOT EXISTS (SELECT 1 FROM waitlist_offers WHERE waitlist_id = waitlist.id AND slot_id = $6)
         ORDER BY priority DESC, created_ms, id LIMIT $7",
    )
    .bind(freed.specialty.to_string())
    .bind(freed.channel.as_str())
    .bind(millis(freed.time.start()))
    .bind(millis(freed.time.end()))
    .bind(freed.cart.map(|id| id.to_string()))
    .bind(freed.slot.to_string())
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(entry).collect()
}

/// # Errors
/// There is no such entry or slot.
pub async fn offer(change: &mut Change, offer: &WaitlistOffer) -> Result<(), StorageError> {
    let insert = sqlx::query(
        "INSERT INTO waitlist_offers (id, waitlist_id, slot_id, expires_ms, result, version, created_by, created_ms,
                                      updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(offer.id.to_string())
    .bind(offer.entry.to_string())
    .bind(offer.slot.to_string())
    .bind(millis(offer.expires))
    .bind(offer.result.map(|result| result.as_str()));
    stamped(insert, &offer.stamp)
        .execute(change.connection())
        .await
        .map_err(StorageError::on_insert("waiting list offer"))?;
    change.note("waitlist_offer", offer.id, "made", json!({ "slot": offer.slot }));
    Ok(())
}

/// Keeps what became of the offer that the caller saw.
///
/// # Errors
/// `Refusal::Changed`: it was answered in the meantime.
pub async fn answer(
    change: &mut Change,
    seen: &WaitlistOffer,
    result: OfferResult,
) -> Result<WaitlistOffer, StorageError> {
    let after = WaitlistOffer { result: Some(result), stamp: seen.stamp.changed(change.now), ..seen.clone() };
    let updated = sqlx::query(
        "UPDATE waitlist_offers SET result = $1, version = $2, updated_ms = $3 WHERE id = $4 AND version = $5",
    )
    .bind(result.as_str())
    .bind(i64::from(after.stamp.version.0))
    .bind(millis(after.stamp.updated))
    .bind(seen.id.to_string())
    .bind(i64::from(seen.stamp.version.0))
    .execute(change.connection())
    .await?;
    require_current(&updated)?;
    change.note("waitlist_offer", seen.id, result.as_str(), json!({ "slot": seen.slot }));
    Ok(after)
}

/// # Errors
/// The database failed.
pub async fn find_offer(database: &Database, id: WaitlistOfferId) -> Result<Option<WaitlistOffer>, StorageError> {
    let row = sqlx::query("SELECT * FROM waitlist_offers WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(offer_of).transpose()
}

/// Keeps a link by which the offer is answered.
///
/// # Errors
/// There is no such offer.
pub async fn create_link(
    change: &mut Change,
    offer: WaitlistOfferId,
    id: JoinTokenId,
    hash: &TokenHash,
) -> Result<(), StorageError> {
    sqlx::query("INSERT INTO offer_links (hash, id, offer_id, created_ms) VALUES ($1, $2, $3, $4)")
        .bind(hex::encode(&hash.0))
        .bind(id.to_string())
        .bind(offer.to_string())
        .bind(millis(change.now))
        .execute(change.connection())
        .await
        .map_err(StorageError::on_insert("link"))?;
    change.note("waitlist_offer", offer, "link_created", json!({ "link": id }));
    Ok(())
}

/// The link of a hash, and the offer that it is for; whether that is still open is [`WaitlistOffer::is_open`]'s to say.
///
/// # Errors
/// The database failed.
pub async fn find_by_link(
    database: &Database,
    hash: &TokenHash,
) -> Result<Option<(JoinTokenId, WaitlistOfferId)>, StorageError> {
    let row = sqlx::query("SELECT id, offer_id FROM offer_links WHERE hash = $1")
        .bind(hex::encode(&hash.0))
        .fetch_optional(&database.readers)
        .await?;
    let ids = |row: &AnyRow| Ok((Columns(row).parsed("id")?, Columns(row).parsed("offer_id")?));
    row.as_ref().map(ids).transpose()
}

/// Every offer of a slot, oldest first.
///
/// # Errors
/// The database failed.
pub async fn offers_of_slot(database: &Database, slot: SlotId) -> Result<Vec<WaitlistOffer>, StorageError> {
    let rows = sqlx::query("SELECT * FROM waitlist_offers WHERE slot_id = $1 ORDER BY created_ms, id")
        .bind(slot.to_string())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(offer_of).collect()
}

/// Offers that nobody answered in time: the next in the queue is to be asked.
///
/// # Errors
/// The database failed.
pub async fn lapsed(database: &Database, now: UnixMillis, limit: u32) -> Result<Vec<WaitlistOffer>, StorageError> {
    let rows = sqlx::query(
        "SELECT * FROM waitlist_offers WHERE result IS NULL AND expires_ms <= $1 ORDER BY expires_ms, id LIMIT $2",
    )
    .bind(millis(now))
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(offer_of).collect()
}

/// Those of a slot that nobody has answered yet, lapsed or not, as the change sees them.
pub(super) async fn open_offers_of_slot(change: &mut Change, slot: SlotId) -> Result<Vec<WaitlistOffer>, StorageError> {
    let rows =
        sqlx::query("SELECT * FROM waitlist_offers WHERE slot_id = $1 AND result IS NULL ORDER BY created_ms, id")
            .bind(slot.to_string())
            .fetch_all(change.connection())
            .await?;
    rows.iter().map(offer_of).collect()
}

/// Takes back what was offered to an entry that waits no longer.
///
/// # Errors
/// The database failed.
pub async fn withdraw_offers(change: &mut Change, entry: WaitlistEntryId) -> Result<(), StorageError> {
    let rows =
        sqlx::query("SELECT * FROM waitlist_offers WHERE waitlist_id = $1 AND result IS NULL ORDER BY created_ms")
            .bind(entry.to_string())
            .fetch_all(change.connection())
            .await?;
    for row in &rows {
        answer(change, &offer_of(row)?, OfferResult::Withdrawn).await?;
    }
    Ok(())
}

/// When the next open offer lapses.
///
/// # Errors
/// The database failed.
pub async fn next_lapse(database: &Database) -> Result<Option<UnixMillis>, StorageError> {
    let row = sqlx::query(
        "SELECT expires_ms FROM waitlist_offers WHERE result IS NULL AND expires_ms > 0 ORDER BY expires_ms LIMIT 1",
    )
    .fetch_optional(&database.readers)
    .await?;
    row.as_ref().map(|row| Columns(row).time("expires_ms")).transpose()
}

pub(super) fn entry(row: &AnyRow) -> Result<WaitlistEntry, StorageError> {
    let columns = Columns(row);
    let window = Interval::new(columns.time("earliest_ms")?, columns.time("latest_ms")?);
    Ok(WaitlistEntry {
        id: columns.parsed("id")?,
        patient: columns.parsed("patient_id")?,
        details: NewWaitlistEntry {
            referral: columns.parsed("referral_id")?,
            specialty: columns.parsed("specialty")?,
            channel: columns.parsed("channel")?,
            cart: columns.parsed_if_any("cart_id")?,
            window: window.ok_or(StorageError::Unreadable { column: "latest_ms" })?,
            priority: columns.parsed("priority")?,
        },
        status: columns.parsed("status")?,
        lost: columns.parsed_if_any("lost_appointment_id")?,
        stamp: columns.stamp()?,
    })
}

pub(super) fn offer_of(row: &AnyRow) -> Result<WaitlistOffer, StorageError> {
    let columns = Columns(row);
    Ok(WaitlistOffer {
        id: columns.parsed("id")?,
        entry: columns.parsed("waitlist_id")?,
        slot: columns.parsed("slot_id")?,
        expires: columns.time("expires_ms")?,
        result: columns.parsed_if_any("result")?,
        stamp: columns.stamp()?,
    })
}
