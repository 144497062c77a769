//! Appointments with their history, and the time that living ones take of specialist, patient and cart.
//!
//! Whether a step is allowed is the model's to say ([`Appointment::decide`]); here a step is stored whole or not at all. That
//! two appointments never share a person or a cart at one time is refused by the database itself (migrations 0002).

use super::change::{Change, millis, require_current, stamped};
use super::columns::Columns;
use super::{Database, StorageError, slots};
use crate::model::appointment::{Appointment, EventKind, Status, Transition};
use crate::model::ids::{AppointmentId, PatientId, SiteId, UserId};
use crate::model::record::Version;
use crate::model::refusal::Refusal;
use crate::model::time::{Interval, UnixMillis};
use serde_json::json;
use sqlx::any::AnyRow;

/// One line of an appointment's history; rows are only ever added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppointmentEvent {
    /// The version that the appointment got by it.
    pub version: Version,
    pub kind: EventKind,
    pub from: Status,
    pub to: Status,
    /// A word of the cancel reasons, failure codes or reasons for no summary.
    pub reason: Option<String>,
    /// As in the audit trail.
    pub actor: String,
    pub at: UnixMillis,
}

/// Stores a new appointment as it is, taking time and slot if its status does.
///
/// # Errors
/// [`Refusal::TimeTaken`], [`Refusal::HoldExpired`], or a reference to nothing.
pub async fn create(change: &mut Change, appointment: &Appointment) -> Result<(), StorageError> {
    insert(change, appointment).await?;
    change.note("appointment", appointment.id, "created", json!({ "status": appointment.status }));
    if appointment.status.occupies_time() {
        take_time(change, appointment, false).await?;
    }
    Ok(())
}

/// Stores what the model decided about the appointment that the caller saw: its fields, its time, its slot, its history.
///
/// # Errors
/// [`Refusal::Changed`]: it is another by now. [`Refusal::TimeTaken`], [`Refusal::HoldExpired`] when it takes time.
pub async fn apply(
    change: &mut Change,
    seen: &Appointment,
    transition: &Transition,
) -> Result<Appointment, StorageError> {
    let after = seen.after(transition, change.now);
    update(change, seen, &after).await?;
    if transition.takes_time() {
        take_time(change, &after, transition.by_offer).await?;
    }
    if transition.frees_time() {
        free_time(change, &after).await?;
    }
    insert_event(change, &after, transition).await?;
    let states = json!({ "from": transition.from, "to": transition.to });
    change.note("appointment", seen.id, transition.event.as_str(), states);
    Ok(after)
}

/// Stores another place for the appointment that the caller saw ([`Appointment::moved_to`]).
///
/// # Errors
/// [`Refusal::Changed`]: it is another by now. [`Refusal::TimeTaken`]: the cart has another visit then.
pub async fn move_to(change: &mut Change, seen: &Appointment, moved: &Appointment) -> Result<(), StorageError> {
    let result = sqlx::query(
        "UPDATE appointments SET channel = $1, cart_id = $2, version = $3, updated_ms = $4 WHERE id = $5 AND version = $6",
    )
    .bind(moved.channel.as_str())
    .bind(moved.cart.map(|id| id.to_string()))
    .bind(i64::from(moved.stamp.version.0))
    .bind(millis(moved.stamp.updated))
    .bind(seen.id.to_string())
    .bind(i64::from(seen.stamp.version.0))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("appointment"))?;
    require_current(&result)?;
    sqlx::query("DELETE FROM busy WHERE appointment_id = $1 AND kind = 'cart'")
        .bind(seen.id.to_string())
        .execute(change.connection())
        .await?;
    if let Some(cart) = moved.cart {
        occupy(change, moved, "cart", cart.to_string()).await?;
    }
    change.note(
        "appointment",
        seen.id,
        "moved",
        json!({ "from": seen.channel, "to": moved.channel, "cart": moved.cart }),
    );
    Ok(())
}

/// # Errors
/// The database failed.
pub async fn find(database: &Database, id: AppointmentId) -> Result<Option<Appointment>, StorageError> {
    let row = sqlx::query("SELECT * FROM appointments WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(appointment).transpose()
}

/// The specialist's appointments that start within `window`, in their order.
///
/// # Errors
/// The database failed.
pub async fn of_specialist(
    database: &Database,
    specialist: UserId,
    window: Interval,
) -> Result<Vec<Appointment>, StorageError> {
    let sql = "SELECT * FROM appointments WHERE specialist_id = $1 AND start_ms >= $2 AND start_ms < $3
               ORDER BY start_ms, id";
    within(database, sql, specialist.to_string(), window).await
}

/// As [`of_specialist`], within a change: with what it has done so far, and nothing that commits beside it.
///
/// # Errors
/// The database failed.
pub async fn of_specialist_in(
    change: &mut Change,
    specialist: UserId,
    window: Interval,
) -> Result<Vec<Appointment>, StorageError> {
    let rows = sqlx::query(
        "SELECT * FROM appointments WHERE specialist_id = $1 AND start_ms >= $2 AND start_ms < $3 ORDER BY start_ms, id",
    )
    .bind(specialist.to_string())
    .bind(millis(window.start()))
    .bind(millis(window.end()))
    .fetch_all(change.connection())
    .await?;
    rows.iter().map(appointment).collect()
}

/// As [`of_specialist`].
///
/// # Errors
/// The database failed.
pub async fn of_patient(
    database: &Database,
    patient: PatientId,
    window: Interval,
) -> Result<Vec<Appointment>, StorageError> {
    let sql = "SELECT * FROM appointments WHERE patient_id = $1 AND start_ms >= $2 AND start_ms < $3
               ORDER BY start_ms, id";
    within(database, sql, patient.to_string(), window).await
}

/// As [`of_specialist`], for the site that the referrals came from.
///
/// # Errors
/// The database failed.
pub async fn of_site(database: &Database, site: SiteId, window: Interval) -> Result<Vec<Appointment>, StorageError> {
    let sql = "SELECT * FROM appointments WHERE site_id = $1 AND start_ms >= $2 AND start_ms < $3
               ORDER BY start_ms, id";
    within(database, sql, site.to_string(), window).await
}

/// Booked and not yet confirmed: the reconfirmation's work list.
///
/// # Errors
/// The database failed.
pub async fn unconfirmed(database: &Database, window: Interval, limit: u32) -> Result<Vec<Appointment>, StorageError> {
    let rows = sqlx::query(
        "SELECT * FROM appointments WHERE status = 'booked' AND start_ms >= $1 AND start_ms < $2
         ORDER BY start_ms, id LIMIT $3",
    )
    .bind(millis(window.start()))
    .bind(millis(window.end()))
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(appointment).collect()
}

/// Those that should have begun by `started_before` and whose patient has not checked in, with nothing proposed yet; proposals that were
/// never booked among them. The longest overdue first.
///
/// # Errors
/// The database failed.
pub async fn overdue(
    database: &Database,
    since: UnixMillis,
    started_before: UnixMillis,
    limit: u32,
) -> Result<Vec<Appointment>, StorageError> {
    let rows = sqlx::query(
        "SELECT * FROM appointments
         WHERE status IN ('proposed', 'booked', 'confirmed') AND proposal IS NULL AND start_ms >= $1 AND start_ms <= $2
         ORDER BY start_ms, id LIMIT $3",
    )
    .bind(millis(since))
    .bind(millis(started_before))
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(appointment).collect()
}

/// When the first of them starts that starts after `now`.
///
/// # Errors
/// The database failed.
pub async fn next_start(database: &Database, now: UnixMillis) -> Result<Option<UnixMillis>, StorageError> {
    let row = sqlx::query(
        "SELECT start_ms FROM appointments
         WHERE status IN ('proposed', 'booked', 'confirmed') AND proposal IS NULL AND start_ms > $1
         ORDER BY start_ms, id LIMIT 1",
    )
    .bind(millis(now))
    .fetch_optional(&database.readers)
    .await?;
    row.as_ref().map(|row| Columns(row).time("start_ms")).transpose()
}

/// An appointment's history, oldest first.
///
/// # Errors
/// The database failed.
pub async fn events(database: &Database, id: AppointmentId) -> Result<Vec<AppointmentEvent>, StorageError> {
    let rows = sqlx::query("SELECT * FROM appointment_events WHERE appointment_id = $1 ORDER BY version")
        .bind(id.to_string())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(event).collect()
}

async fn within(
    database: &Database,
    sql: &'static str,
    whose: String,
    window: Interval,
) -> Result<Vec<Appointment>, StorageError> {
    let rows = sqlx::query(sql)
        .bind(whose)
        .bind(millis(window.start()))
        .bind(millis(window.end()))
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(appointment).collect()
}

async fn insert(change: &mut Change, appointment: &Appointment) -> Result<(), StorageError> {
    let insert = sqlx::query(
        "INSERT INTO appointments (id, referral_id, site_id, patient_id, specialist_id, cart_id, slot_id, start_ms,
                                   end_ms, channel, status, rescheduled_from, version, created_by, created_ms, updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(appointment.id.to_string())
    .bind(appointment.referral.map(|id| id.to_string()))
    .bind(appointment.site.to_string())
    .bind(appointment.patient.to_string())
    .bind(appointment.specialist.to_string())
    .bind(appointment.cart.map(|id| id.to_string()))
    .bind(appointment.slot.map(|id| id.to_string()))
    .bind(millis(appointment.time.start()))
    .bind(millis(appointment.time.end()))
    .bind(appointment.channel.as_str())
    .bind(appointment.status.as_str())
    .bind(appointment.rescheduled_from.map(|id| id.to_string()));
    stamped(insert, &appointment.stamp)
        .execute(change.connection())
        .await
        .map_err(StorageError::on_insert("appointment"))?;
    Ok(())
}

async fn update(change: &mut Change, seen: &Appointment, after: &Appointment) -> Result<(), StorageError> {
    let result = sqlx::query(
        "UPDATE appointments SET status = $1, proposal = $2, cancel_reason = $3, failure = $4, no_summary_reason = $5,
                                 version = $6, updated_ms = $7
         WHERE id = $8 AND version = $9",
    )
    .bind(after.status.as_str())
    .bind(after.proposal.map(|proposal| proposal.to_string()))
    .bind(after.cancel_reason.map(|reason| reason.as_str()))
    .bind(after.failure.map(|code| code.as_str()))
    .bind(after.no_summary_reason.map(|reason| reason.as_str()))
    .bind(i64::from(after.stamp.version.0))
    .bind(millis(after.stamp.updated))
    .bind(seen.id.to_string())
    .bind(i64::from(seen.stamp.version.0))
    .execute(change.connection())
    .await?;
    require_current(&result)
}

/// Specialist, then patient, then cart, always: PostgreSQL's writers wait for each other, and in one order they never wait in a
/// ring.
async fn take_time(change: &mut Change, appointment: &Appointment, by_offer: bool) -> Result<(), StorageError> {
    match appointment.slot {
        Some(slot) if by_offer => slots::take_offered(change, slot).await?,
        Some(slot) => slots::take(change, slot).await?,
        None => {}
    }
    occupy(change, appointment, "specialist", appointment.specialist.to_string()).await?;
    occupy(change, appointment, "patient", appointment.patient.to_string()).await?;
    match appointment.cart {
        Some(cart) => occupy(change, appointment, "cart", cart.to_string()).await,
        None => Ok(()),
    }
}

async fn occupy(
    change: &mut Change,
    appointment: &Appointment,
    kind: &'static str,
    resource: String,
) -> Result<(), StorageError> {
    sqlx::query("INSERT INTO busy (kind, resource_id, start_ms, end_ms, appointment_id) VALUES ($1, $2, $3, $4, $5)")
        .bind(kind)
        .bind(resource)
        .bind(millis(appointment.time.start()))
        .bind(millis(appointment.time.end()))
        .bind(appointment.id.to_string())
        .execute(change.connection())
        .await
        .map_err(|error| if is_overlap(&error) { Refusal::TimeTaken.into() } else { StorageError::from(error) })?;
    Ok(())
}

/// SQLite's trigger says it in its message, PostgreSQL in the constraint's name.
fn is_overlap(error: &sqlx::Error) -> bool {
    const RULE: &str = "busy_no_overlap";
    error.as_database_error().is_some_and(|error| error.constraint() == Some(RULE) || error.message() == RULE)
}

async fn free_time(change: &mut Change, appointment: &Appointment) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM busy WHERE appointment_id = $1")
        .bind(appointment.id.to_string())
        .execute(change.connection())
        .await?;
    match appointment.slot {
        Some(slot) => slots::free(change, slot, appointment.time.start(), appointment.cart).await,
        None => Ok(()),
    }
}

async fn insert_event(change: &mut Change, after: &Appointment, transition: &Transition) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO appointment_events (appointment_id, version, kind, from_status, to_status, reason, actor, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(after.id.to_string())
    .bind(i64::from(after.stamp.version.0))
    .bind(transition.event.as_str())
    .bind(transition.from.as_str())
    .bind(transition.to.as_str())
    .bind(transition.reason())
    .bind(change.author.to_string())
    .bind(millis(change.now))
    .execute(change.connection())
    .await?;
    Ok(())
}

pub(super) fn appointment(row: &AnyRow) -> Result<Appointment, StorageError> {
    let columns = Columns(row);
    Ok(Appointment {
        id: columns.parsed("id")?,
        referral: columns.parsed_if_any("referral_id")?,
        site: columns.parsed("site_id")?,
        patient: columns.parsed("patient_id")?,
        specialist: columns.parsed("specialist_id")?,
        cart: columns.parsed_if_any("cart_id")?,
        slot: columns.parsed_if_any("slot_id")?,
        time: columns.interval()?,
        channel: columns.parsed("channel")?,
        status: columns.parsed("status")?,
        proposal: columns.parsed_if_any("proposal")?,
        cancel_reason: columns.parsed_if_any("cancel_reason")?,
        failure: columns.parsed_if_any("failure")?,
        no_summary_reason: columns.parsed_if_any("no_summary_reason")?,
        rescheduled_from: columns.parsed_if_any("rescheduled_from")?,
        stamp: columns.stamp()?,
    })
}

fn event(row: &AnyRow) -> Result<AppointmentEvent, StorageError> {
    let columns = Columns(row);
    Ok(AppointmentEvent {
        version: Version(columns.number("version")?),
        kind: columns.parsed("kind")?,
        from: columns.parsed("from_status")?,
        to: columns.parsed("to_status")?,
        reason: columns.plain("reason")?,
        actor: columns.plain("actor")?,
        at: columns.time("at_ms")?,
    })
}
