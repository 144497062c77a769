//! The visit's own row: opened at check-in, begun by the admission, closed by whatever ends it. Each step may come twice and counts once.

use crate::model::appointment::{Appointment, Channel};
use crate::model::ids::{AppointmentId, VisitId};
use crate::model::quality::Quality;
use crate::model::time::UnixMillis;
use crate::model::visit::{Ending, Outcome, Visit};
use crate::storage::change::{Change, millis};
use crate::storage::columns::Columns;
use crate::storage::{Database, StorageError};
use serde_json::json;
use sqlx::any::AnyRow;

/// Opens the waiting room of a visit that was checked in. One that is open keeps its room.
///
/// # Errors
/// There is no such appointment.
pub async fn open(
    change: &mut Change,
    appointment: AppointmentId,
    id: VisitId,
    room: &str,
) -> Result<Visit, StorageError> {
    let inserted = sqlx::query(
        "INSERT INTO visits (id, appointment_id, room, opened_ms, seen_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (appointment_id) DO NOTHING",
    )
    .bind(id.to_string())
    .bind(appointment.to_string())
    .bind(room.to_owned())
    .bind(millis(change.now))
    .bind(millis(change.now))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("visit"))?;
    if inserted.rows_affected() == 1 {
        change.note("appointment", appointment, "visit_opened", json!({ "visit": id }));
    }
    let row = sqlx::query("SELECT * FROM visits WHERE appointment_id = $1")
        .bind(appointment.to_string())
        .fetch_one(change.connection())
        .await?;
    visit(&row)
}

/// The patient's side was admitted.
///
/// # Errors
/// The database failed.
pub async fn begin(change: &mut Change, appointment: AppointmentId) -> Result<(), StorageError> {
    let Some(visit) = lock(change, appointment).await?.filter(|visit| visit.started.is_none()) else { return Ok(()) };
    sqlx::query("UPDATE visits SET started_ms = $1 WHERE id = $2")
        .bind(millis(change.now))
        .bind(visit.id.to_string())
        .execute(change.connection())
        .await?;
    change.note("appointment", appointment, "visit_started", json!({}));
    Ok(())
}

/// Ends the visit of an appointment, if it has one, at `at`. What people who are still there measured is added when they leave.
///
/// # Errors
/// The database failed.
pub async fn close(
    change: &mut Change,
    appointment: &Appointment,
    at: UnixMillis,
) -> Result<Option<Visit>, StorageError> {
    let Some(visit) = lock(change, appointment.id).await? else { return Ok(None) };
    if visit.ended.is_some() {
        return Ok(Some(visit));
    }
    let outcome = Outcome::of(appointment.channel, visit.started.is_some(), &visit.quality);
    sqlx::query("UPDATE visits SET ended_ms = $1, outcome = $2 WHERE id = $3")
        .bind(millis(at))
        .bind(outcome.as_str())
        .bind(visit.id.to_string())
        .execute(change.connection())
        .await?;
    // Whoever is still there says when leaving at which moment exactly.
    sqlx::query("UPDATE visit_people SET left_ms = $1 WHERE visit_id = $2 AND left_ms IS NULL")
        .bind(millis(at))
        .bind(visit.id.to_string())
        .execute(change.connection())
        .await?;
    change.note("appointment", appointment.id, "visit_ended", json!({ "outcome": outcome }));
    Ok(Some(Visit { ended: Some(Ending { at, outcome }), ..visit }))
}

/// Somebody came back to a visit that was ended in the room while its appointment goes on.
///
/// # Errors
/// The database failed.
pub async fn reopen(change: &mut Change, visit: &Visit) -> Result<(), StorageError> {
    sqlx::query("UPDATE visits SET ended_ms = NULL, outcome = NULL WHERE id = $1")
        .bind(visit.id.to_string())
        .execute(change.connection())
        .await?;
    change.note("appointment", visit.appointment, "visit_reopened", json!({}));
    Ok(())
}

/// # Errors
/// The visit was never opened.
pub async fn set_survey_score(change: &mut Change, appointment: AppointmentId, score: u8) -> Result<(), StorageError> {
    let visit = lock(change, appointment).await?.ok_or(StorageError::Missing("visit"))?;
    sqlx::query("UPDATE visits SET survey_score = $1 WHERE id = $2")
        .bind(i64::from(score))
        .bind(visit.id.to_string())
        .execute(change.connection())
        .await?;
    change.note("appointment", appointment, "survey_answered", json!({}));
    Ok(())
}

/// # Errors
/// The database failed.
pub async fn of_appointment(database: &Database, id: AppointmentId) -> Result<Option<Visit>, StorageError> {
    let row = sqlx::query("SELECT * FROM visits WHERE appointment_id = $1")
        .bind(id.to_string())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(visit).transpose()
}

/// # Errors
/// The database failed.
pub async fn find_by_room(database: &Database, room: &str) -> Result<Option<Visit>, StorageError> {
    let row = sqlx::query("SELECT * FROM visits WHERE room = $1")
        .bind(room.to_owned())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(visit).transpose()
}

/// The rooms of all visits that have not ended: what a list of appointments needs to show who is there.
///
/// # Errors
/// The database failed.
pub async fn open_rooms(database: &Database) -> Result<Vec<(AppointmentId, String)>, StorageError> {
    let rows = sqlx::query("SELECT appointment_id, room FROM visits WHERE ended_ms IS NULL AND opened_ms > 0")
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(|row| Ok((Columns(row).parsed("appointment_id")?, Columns(row).plain("room")?))).collect()
}

/// Appointments whose visits are open although they were to end before `limit`: nobody closed them.
///
/// # Errors
/// The database failed.
pub async fn overdue(database: &Database, limit: UnixMillis) -> Result<Vec<AppointmentId>, StorageError> {
    let rows = sqlx::query(
        "SELECT visits.appointment_id FROM visits JOIN appointments ON appointments.id = visits.appointment_id
         WHERE visits.ended_ms IS NULL AND visits.opened_ms > 0 AND appointments.end_ms < $1",
    )
    .bind(millis(limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(|row| Columns(row).parsed("appointment_id")).collect()
}

/// Notes that the server keeps its rooms. No change of a visit, so nothing is audited.
///
/// # Errors
/// The database failed.
pub async fn keep_open(database: &Database, now: UnixMillis) -> Result<(), StorageError> {
    sqlx::query("UPDATE visits SET seen_ms = $1 WHERE ended_ms IS NULL AND opened_ms > 0")
        .bind(millis(now))
        .execute(&database.writers)
        .await?;
    Ok(())
}

/// A server that died could not write that people left: they did when it was last seen. Nothing keeps them from coming back to the same
/// visit.
///
/// # Errors
/// The database failed.
pub async fn abandon(change: &mut Change) -> Result<u64, StorageError> {
    let abandoned = sqlx::query(
        "UPDATE visit_people SET left_ms = (SELECT seen_ms FROM visits WHERE visits.id = visit_people.visit_id)
         WHERE left_ms IS NULL
           AND visit_id IN (SELECT id FROM visits WHERE ended_ms IS NULL AND opened_ms > 0)",
    )
    .execute(change.connection())
    .await?
    .rows_affected();
    change.note("visits", "open", "abandoned", json!({ "people": abandoned }));
    Ok(abandoned)
}

/// The row, locked until the change ends: nobody else closes it or adds to it meanwhile.
async fn lock(change: &mut Change, appointment: AppointmentId) -> Result<Option<Visit>, StorageError> {
    let row = sqlx::query("UPDATE visits SET seen_ms = $1 WHERE appointment_id = $2 RETURNING *")
        .bind(millis(change.now))
        .bind(appointment.to_string())
        .fetch_optional(change.connection())
        .await?;
    row.as_ref().map(visit).transpose()
}

/// Adds what a person measured to the visit's sum. An ending that was judged without it is judged again.
pub(super) async fn add_quality(
    change: &mut Change,
    appointment: AppointmentId,
    quality: &Quality,
) -> Result<(), StorageError> {
    let Some(visit) = lock(change, appointment).await? else { return Ok(()) };
    let quality = visit.quality.plus(quality);
    let outcome = match visit.ended {
        Some(_) => {
            let channel = channel_of(change, appointment).await?;
            Some(Outcome::of(channel, visit.started.is_some(), &quality).as_str())
        }
        None => None,
    };
    sqlx::query("UPDATE visits SET quality = $1, outcome = $2 WHERE id = $3")
        .bind(to_json(&quality)?)
        .bind(outcome)
        .bind(visit.id.to_string())
        .execute(change.connection())
        .await?;
    Ok(())
}

async fn channel_of(change: &mut Change, appointment: AppointmentId) -> Result<Channel, StorageError> {
    let row = sqlx::query("SELECT channel FROM appointments WHERE id = $1")
        .bind(appointment.to_string())
        .fetch_one(change.connection())
        .await?;
    Columns(&row).parsed("channel")
}

pub(super) fn to_json(quality: &Quality) -> Result<String, StorageError> {
    serde_json::to_string(quality).map_err(|_| StorageError::Unreadable { column: "quality" })
}

pub(super) fn quality(columns: &Columns<'_>) -> Result<Quality, StorageError> {
    let Some(json) = columns.plain::<Option<String>>("quality")? else { return Ok(Quality::default()) };
    serde_json::from_str(&json).map_err(|_| StorageError::Unreadable { column: "quality" })
}

fn visit(row: &AnyRow) -> Result<Visit, StorageError> {
    let columns = Columns(row);
    let ended = columns.time_if_any("ended_ms")?.zip(columns.parsed_if_any("outcome")?);
    let score = columns.plain::<Option<i64>>("survey_score")?;
    let score = score.map(|score| u8::try_from(score).map_err(|_| StorageError::Unreadable { column: "survey_score" }));
    Ok(Visit {
        id: columns.parsed("id")?,
        appointment: columns.parsed("appointment_id")?,
        room: columns.plain("room")?,
        opened: columns.time("opened_ms")?,
        started: columns.time_if_any("started_ms")?,
        ended: ended.map(|(at, outcome)| Ending { at, outcome }),
        quality: quality(&columns)?,
        seen: columns.time("seen_ms")?,
        survey_score: score.transpose()?,
    })
}
