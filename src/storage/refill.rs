//! Slots given back: remembered in the change that frees them, so that none is forgotten by a crash, until somebody else has them or their
//! time has come. Whom to ask is the model's to say; upkeep asks.

use super::change::{Change, millis};
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::ids::{CartId, SlotId};
use crate::model::slot::Slot;
use crate::model::time::{Interval, UnixMillis};
use crate::model::waitlist::{OfferResult, WaitlistOffer};
use sqlx::any::AnyRow;

/// A slot given back, and what it was booked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenBack {
    pub slot: Slot,
    pub cart: Option<CartId>,
}

/// Those that start within `window`, the nearest first.
///
/// # Errors
/// The database failed.
pub async fn given_back(database: &Database, window: Interval, limit: u32) -> Result<Vec<GivenBack>, StorageError> {
    let rows = sqlx::query(
        "SELECT s.*, f.cart_id FROM freed_slots f JOIN slots s ON s.id = f.slot_id
         WHERE f.start_ms >= $1 AND f.start_ms < $2 ORDER BY f.start_ms, f.slot_id LIMIT $3",
    )
    .bind(millis(window.start()))
    .bind(millis(window.end()))
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(read).collect()
}

/// Those of them that nobody is being asked about.
///
/// # Errors
/// The database failed.
pub async fn unasked(database: &Database, window: Interval, limit: u32) -> Result<Vec<GivenBack>, StorageError> {
    let rows = sqlx::query(
        "SELECT s.*, f.cart_id FROM freed_slots f JOIN slots s ON s.id = f.slot_id
         WHERE f.start_ms >= $1 AND f.start_ms < $2
           AND NOT EXISTS (SELECT 1 FROM waitlist_offers WHERE slot_id = f.slot_id AND result IS NULL)
         ORDER BY f.start_ms, f.slot_id LIMIT $3",
    )
    .bind(millis(window.start()))
    .bind(millis(window.end()))
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(read).collect()
}

/// The same slot for a change that is about to offer it: another change that wants the same waits for this one's end. `None`: somebody
/// has it by now.
///
/// # Errors
/// The database failed.
pub async fn claim(change: &mut Change, id: SlotId) -> Result<Option<GivenBack>, StorageError> {
    let claimed = sqlx::query("UPDATE freed_slots SET freed_ms = freed_ms WHERE slot_id = $1")
        .bind(id.to_string())
        .execute(change.connection())
        .await?;
    if claimed.rows_affected() == 0 {
        return Ok(None);
    }
    let row =
        sqlx::query("SELECT s.*, f.cart_id FROM freed_slots f JOIN slots s ON s.id = f.slot_id WHERE f.slot_id = $1")
            .bind(id.to_string())
            .fetch_optional(change.connection())
            .await?;
    row.as_ref().map(read).transpose()
}

/// Whether an offer of the slot waits for its answer, as the change sees it.
///
/// # Errors
/// The database failed.
pub async fn is_on_offer(change: &mut Change, id: SlotId) -> Result<bool, StorageError> {
    let open = sqlx::query("SELECT id FROM waitlist_offers WHERE slot_id = $1 AND result IS NULL LIMIT 1")
        .bind(id.to_string())
        .fetch_optional(change.connection())
        .await?;
    Ok(open.is_some())
}

/// The slot is nobody's matter any more: taken, closed, or wanted by nobody.
///
/// # Errors
/// The database failed.
pub async fn forget(change: &mut Change, id: SlotId) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM freed_slots WHERE slot_id = $1").bind(id.to_string()).execute(change.connection()).await?;
    Ok(())
}

/// Forgets the slots whose time has come. Answers how many there were.
///
/// # Errors
/// The database failed.
pub async fn forget_past(database: &Database, now: UnixMillis) -> Result<u64, StorageError> {
    let result = sqlx::query("DELETE FROM freed_slots WHERE start_ms <= $1")
        .bind(millis(now))
        .execute(&database.writers)
        .await?;
    Ok(result.rows_affected())
}

pub(super) async fn give_back(
    change: &mut Change,
    id: SlotId,
    start: UnixMillis,
    cart: Option<CartId>,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO freed_slots (slot_id, cart_id, start_ms, freed_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (slot_id) DO UPDATE SET cart_id = excluded.cart_id, freed_ms = excluded.freed_ms",
    )
    .bind(id.to_string())
    .bind(cart.map(|id| id.to_string()))
    .bind(millis(start))
    .bind(millis(change.now))
    .execute(change.connection())
    .await?;
    Ok(())
}

/// Somebody has the slot: whoever else was offered it comes too late.
pub(super) async fn settle(change: &mut Change, id: SlotId) -> Result<(), StorageError> {
    forget(change, id).await?;
    let open = super::waitlist::open_offers_of_slot(change, id).await?;
    for offer in open {
        let offer: WaitlistOffer = offer;
        super::waitlist::answer(change, &offer, OfferResult::Withdrawn).await?;
    }
    Ok(())
}

fn read(row: &AnyRow) -> Result<GivenBack, StorageError> {
    Ok(GivenBack { slot: super::slots::slot(row)?, cart: Columns(row).parsed_if_any("cart_id")? })
}
