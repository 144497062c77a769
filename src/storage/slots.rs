//! Slots: published from schedules, searched, held, booked, freed. A hold that has run out counts as free by the time alone.

use super::change::{Change, millis, require_current, stamped};
use super::columns::Columns;
use super::{Database, StorageError, refill};
use crate::model::appointment::Channel;
use crate::model::ids::{CartId, PatientId, SlotId, UserId};
use crate::model::refusal::Refusal;
use crate::model::slot::{Hold, Slot, SlotState, SlotStatus};
use crate::model::specialty::Specialty;
use crate::model::time::{Interval, UnixMillis};
use serde_json::json;
use sqlx::any::AnyRow;

/// What somebody who books is looking for. Past slots are left out by `within`.
#[derive(Clone, Debug)]
pub struct Search {
    pub specialty: Specialty,
    pub channel: Channel,
    /// When the slot may start.
    pub within: Interval,
    /// Those who must be free then, too.
    pub patient: Option<PatientId>,
    pub cart: Option<CartId>,
    /// Whether slots reserved for urgent referrals are wanted.
    pub with_reserved: bool,
    pub limit: u32,
}

/// Adds those of a specialist's slots that are not there yet: a specialist's slot is known by its start. Answers how many were new.
///
/// # Errors
/// A specialist who does not exist.
pub async fn publish(change: &mut Change, slots: &[Slot]) -> Result<u64, StorageError> {
    let mut published = 0;
    for slot in slots {
        published += insert(change, slot).await?;
    }
    if let Some(first) = slots.first() {
        change.note("user", first.specialist, "slots_published", json!({ "slots": published }));
    }
    Ok(published)
}

async fn insert(change: &mut Change, slot: &Slot) -> Result<u64, StorageError> {
    let insert = sqlx::query(
        "INSERT INTO slots (id, specialist_id, specialty, channel, start_ms, end_ms, kind, status, version, created_by,
                            created_ms, updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (specialist_id, start_ms) DO NOTHING",
    )
    .bind(slot.id.to_string())
    .bind(slot.specialist.to_string())
    .bind(slot.specialty.to_string())
    .bind(slot.channel.as_str())
    .bind(millis(slot.time.start()))
    .bind(millis(slot.time.end()))
    .bind(slot.kind.as_str())
    .bind(slot.state.status().as_str());
    let result =
        stamped(insert, &slot.stamp).execute(change.connection()).await.map_err(StorageError::on_insert("slot"))?;
    Ok(result.rows_affected())
}

/// # Errors
/// The database failed.
pub async fn find(database: &Database, id: SlotId) -> Result<Option<Slot>, StorageError> {
    let row =
        sqlx::query("SELECT * FROM slots WHERE id = $1").bind(id.to_string()).fetch_optional(&database.readers).await?;
    row.as_ref().map(slot).transpose()
}

/// A specialist's slots that start within `within`, whatever their state.
///
/// # Errors
/// The database failed.
pub async fn of_specialist(
    database: &Database,
    specialist: UserId,
    within: Interval,
) -> Result<Vec<Slot>, StorageError> {
    let rows = sqlx::query(
        "SELECT * FROM slots WHERE specialist_id = $1 AND start_ms >= $2 AND start_ms < $3 ORDER BY start_ms, id",
    )
    .bind(specialist.to_string())
    .bind(millis(within.start()))
    .bind(millis(within.end()))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(slot).collect()
}

/// Takes back slots that no schedule gives any more. One that is booked or held stays; one that something refers to is blocked, so
/// that what refers to it keeps its sense. Answers how many were taken back.
///
/// # Errors
/// The database failed.
pub async fn withdraw(change: &mut Change, slots: &[Slot]) -> Result<u64, StorageError> {
    let mut withdrawn = 0;
    for slot in slots {
        withdrawn += withdraw_one(change, slot.id).await?;
    }
    if let Some(first) = slots.first() {
        change.note("user", first.specialist, "slots_withdrawn", json!({ "slots": withdrawn }));
    }
    Ok(withdrawn)
}

async fn withdraw_one(change: &mut Change, id: SlotId) -> Result<u64, StorageError> {
    let now = millis(change.now);
    sqlx::query("DELETE FROM freed_slots WHERE slot_id = $1").bind(id.to_string()).execute(change.connection()).await?;
    let deleted = sqlx::query(
        "DELETE FROM slots WHERE id = $1 AND (status = 'free' OR (status = 'held' AND hold_until_ms <= $2))
           AND NOT EXISTS (SELECT 1 FROM appointments WHERE slot_id = $1)
           AND NOT EXISTS (SELECT 1 FROM waitlist_offers WHERE slot_id = $1)",
    )
    .bind(id.to_string())
    .bind(now)
    .execute(change.connection())
    .await?
    .rows_affected();
    if deleted == 1 {
        return Ok(1);
    }
    let blocked = sqlx::query(
        "UPDATE slots SET status = 'blocked', held_by = NULL, hold_until_ms = NULL, version = version + 1, updated_ms = $2
         WHERE id = $1 AND (status = 'free' OR (status = 'held' AND hold_until_ms <= $2))",
    )
    .bind(id.to_string())
    .bind(now)
    .execute(change.connection())
    .await?;
    Ok(blocked.rows_affected())
}

/// Free slots in the order of their start. Each of the three who must be free costs one step down an index: intervals of one
/// resource never overlap, so the last to start before the slot's end is the last to end. `IS NOT TRUE` tells PostgreSQL that most
/// slots pass; of a plain comparison it assumes that few do, and would then look at every slot of the weeks asked for and sort them.
///
/// # Errors
/// The database failed.
pub async fn search(database: &Database, search: &Search, now: UnixMillis) -> Result<Vec<Slot>, StorageError> {
    let rows = sqlx::query(
        "SELECT * FROM slots
         WHERE specialty = $1 AND channel = $2 AND start_ms >= $3 AND start_ms < $4
           AND status IN ('free', 'held') AND (status = 'free' OR hold_until_ms <= $5)
           AND (kind = 'competitive' OR $6 = 1)
           AND (start_ms < (SELECT end_ms FROM busy WHERE kind = 'specialist' AND resource_id = slots.specialist_id
                AND start_ms < slots.end_ms ORDER BY start_ms DESC LIMIT 1)) IS NOT TRUE
           AND (start_ms < (SELECT end_ms FROM busy WHERE kind = 'patient' AND resource_id = $7
                AND start_ms < slots.end_ms ORDER BY start_ms DESC LIMIT 1)) IS NOT TRUE
           AND (start_ms < (SELECT end_ms FROM busy WHERE kind = 'cart' AND resource_id = $8
                AND start_ms < slots.end_ms ORDER BY start_ms DESC LIMIT 1)) IS NOT TRUE
         ORDER BY start_ms, id LIMIT $9",
    )
    .bind(search.specialty.to_string())
    .bind(search.channel.as_str())
    .bind(millis(search.within.start()))
    .bind(millis(search.within.end()))
    .bind(millis(now))
    .bind(i64::from(search.with_reserved))
    .bind(search.patient.map(|id| id.to_string()))
    .bind(search.cart.map(|id| id.to_string()))
    .bind(i64::from(search.limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(slot).collect()
}

/// Holds, releases, blocks or opens the slot that the caller saw.
///
/// # Errors
/// [`Refusal::Changed`]: it is another by now.
pub async fn set_state(change: &mut Change, seen: &Slot, state: SlotState) -> Result<Slot, StorageError> {
    let hold = match state {
        SlotState::Held(hold) => Some(hold),
        _ => None,
    };
    let changed = Slot { state, stamp: seen.stamp.changed(change.now), ..seen.clone() };
    let result = sqlx::query(
        "UPDATE slots SET status = $1, held_by = $2, hold_until_ms = $3, version = $4, updated_ms = $5
         WHERE id = $6 AND version = $7",
    )
    .bind(state.status().as_str())
    .bind(hold.map(|hold| hold.by.to_string()))
    .bind(hold.map(|hold| millis(hold.until)))
    .bind(i64::from(changed.stamp.version.0))
    .bind(millis(change.now))
    .bind(seen.id.to_string())
    .bind(i64::from(seen.stamp.version.0))
    .execute(change.connection())
    .await?;
    require_current(&result)?;
    change.note("slot", seen.id, "state_set", json!({ "status": state.status() }));
    Ok(changed)
}

/// The slot as it is, and as it stays until the change ends: whoever else wants to lock it waits.
///
/// # Errors
/// There is no such slot.
pub async fn lock(change: &mut Change, id: SlotId) -> Result<Slot, StorageError> {
    let row = sqlx::query("UPDATE slots SET version = version WHERE id = $1 RETURNING *")
        .bind(id.to_string())
        .fetch_optional(change.connection())
        .await?;
    row.as_ref().map(slot).ok_or(StorageError::Missing("slot"))?
}

/// Turns the hold of whoever makes the change into a booking. Nobody waits for the slot any more: offers of it are withdrawn.
pub(super) async fn take(change: &mut Change, id: SlotId) -> Result<(), StorageError> {
    let result = sqlx::query(
        "UPDATE slots SET status = 'busy', held_by = NULL, hold_until_ms = NULL, version = version + 1, updated_ms = $1
         WHERE id = $2 AND status = 'held' AND held_by = $3 AND hold_until_ms > $1",
    )
    .bind(millis(change.now))
    .bind(id.to_string())
    .bind(change.author.user().map(|id| id.to_string()))
    .execute(change.connection())
    .await?;
    if result.rows_affected() == 0 {
        return Err(Refusal::HoldExpired.into());
    }
    taken(change, id).await
}

/// Books a slot that is free, as who accepts an offer of it does: of several the first has it.
pub(super) async fn take_offered(change: &mut Change, id: SlotId) -> Result<(), StorageError> {
    let result = sqlx::query(
        "UPDATE slots SET status = 'busy', held_by = NULL, hold_until_ms = NULL, version = version + 1, updated_ms = $1
         WHERE id = $2 AND (status = 'free' OR (status = 'held' AND hold_until_ms <= $1))",
    )
    .bind(millis(change.now))
    .bind(id.to_string())
    .execute(change.connection())
    .await?;
    if result.rows_affected() == 0 {
        return Err(Refusal::SlotTaken.into());
    }
    taken(change, id).await
}

async fn taken(change: &mut Change, id: SlotId) -> Result<(), StorageError> {
    change.note("slot", id, "taken", json!({}));
    refill::settle(change, id).await
}

/// Opens a booked slot again. One that is still ahead is for who waits; `cart` is what it was booked with.
pub(super) async fn free(
    change: &mut Change,
    id: SlotId,
    start: UnixMillis,
    cart: Option<CartId>,
) -> Result<(), StorageError> {
    let result = sqlx::query(
        "UPDATE slots SET status = 'free', version = version + 1, updated_ms = $1 WHERE id = $2 AND status = 'busy'",
    )
    .bind(millis(change.now))
    .bind(id.to_string())
    .execute(change.connection())
    .await?;
    if result.rows_affected() == 0 || start <= change.now {
        return Ok(());
    }
    change.note("slot", id, "freed", json!({}));
    refill::give_back(change, id, start, cart).await
}

/// Closes what is not booked of a specialist's slots that start within `window`.
///
/// # Errors
/// The database failed.
pub async fn block(change: &mut Change, specialist: UserId, window: Interval) -> Result<u64, StorageError> {
    let blocked = sqlx::query(
        "UPDATE slots SET status = 'blocked', held_by = NULL, hold_until_ms = NULL, version = version + 1, updated_ms = $1
         WHERE specialist_id = $2 AND start_ms >= $3 AND start_ms < $4 AND status IN ('free', 'held')",
    )
    .bind(millis(change.now))
    .bind(specialist.to_string())
    .bind(millis(window.start()))
    .bind(millis(window.end()))
    .execute(change.connection())
    .await?
    .rows_affected();
    change.note("user", specialist, "slots_blocked", json!({ "slots": blocked }));
    Ok(blocked)
}

/// When a specialist's slots within `window` are, whatever their state.
///
/// # Errors
/// The database failed.
pub async fn times(database: &Database, specialist: UserId, window: Interval) -> Result<Vec<Interval>, StorageError> {
    let rows = sqlx::query(
        "SELECT start_ms, end_ms FROM slots WHERE specialist_id = $1 AND start_ms >= $2 AND start_ms < $3 ORDER BY start_ms",
    )
    .bind(specialist.to_string())
    .bind(millis(window.start()))
    .bind(millis(window.end()))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(|row| Columns(row).interval()).collect()
}

pub(super) fn slot(row: &AnyRow) -> Result<Slot, StorageError> {
    let columns = Columns(row);
    let hold = || -> Result<Hold, StorageError> {
        Ok(Hold { by: columns.parsed::<UserId>("held_by")?, until: columns.time("hold_until_ms")? })
    };
    let state = match columns.parsed("status")? {
        SlotStatus::Free => SlotState::Free,
        SlotStatus::Held => SlotState::Held(hold()?),
        SlotStatus::Busy => SlotState::Busy,
        SlotStatus::Blocked => SlotState::Blocked,
    };
    Ok(Slot {
        id: columns.parsed("id")?,
        specialist: columns.parsed("specialist_id")?,
        specialty: columns.parsed("specialty")?,
        time: columns.interval()?,
        channel: columns.parsed("channel")?,
        kind: columns.parsed("kind")?,
        state,
        stamp: columns.stamp()?,
    })
}
