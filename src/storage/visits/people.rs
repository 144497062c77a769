//! Who took part in a visit: one row a person, however often they came.

use super::record::{add_quality, quality, to_json};
use crate::model::ids::VisitId;
use crate::model::private::Private;
use crate::model::quality::Quality;
use crate::model::time::UnixMillis;
use crate::model::visit::{Attendee, Visit, VisitPerson, VisitRole};
use crate::storage::change::{Change, millis};
use crate::storage::columns::Columns;
use crate::storage::{Database, StorageError};
use serde_json::json;
use sqlx::any::AnyRow;

/// Somebody comes into the room.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub attendee: Attendee,
    pub role: VisitRole,
    pub name: Private<String>,
    pub at: UnixMillis,
    /// Into the call at once, not into the waiting room.
    pub is_in_call: bool,
}

/// For the first time, or back.
///
/// # Errors
/// There is no such visit.
pub async fn join(change: &mut Change, visit: &Visit, arrival: &Arrival) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO visit_people (visit_id, subject, role, name, joined_ms, in_call_ms, returns)
         VALUES ($1, $2, $3, $4, $5, $6, 0)
         ON CONFLICT (visit_id, subject) DO UPDATE SET
             name = excluded.name, left_ms = NULL, returns = visit_people.returns + 1,
             in_call_ms = COALESCE(visit_people.in_call_ms, excluded.in_call_ms)",
    )
    .bind(visit.id.to_string())
    .bind(arrival.attendee.to_string())
    .bind(arrival.role.as_str())
    .bind(arrival.name.reveal().clone())
    .bind(millis(arrival.at))
    .bind(arrival.is_in_call.then(|| millis(arrival.at)))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("visit person"))?;
    change.note("appointment", visit.appointment, "visit_joined", json!({ "role": arrival.role }));
    Ok(())
}

/// Out of the waiting room.
///
/// # Errors
/// The database failed.
pub async fn enter_call(change: &mut Change, visit: &Visit, who: Attendee, at: UnixMillis) -> Result<(), StorageError> {
    sqlx::query("UPDATE visit_people SET in_call_ms = $1 WHERE visit_id = $2 AND subject = $3 AND in_call_ms IS NULL")
        .bind(millis(at))
        .bind(visit.id.to_string())
        .bind(who.to_string())
        .execute(change.connection())
        .await?;
    change.note("appointment", visit.appointment, "visit_admitted", json!({ "who": who.to_string() }));
    Ok(())
}

/// With what was measured since the person came.
///
/// # Errors
/// The database failed.
pub async fn depart(
    change: &mut Change,
    visit: &Visit,
    who: Attendee,
    at: UnixMillis,
    measured: &Quality,
) -> Result<(), StorageError> {
    let row =
        sqlx::query("UPDATE visit_people SET left_ms = $1 WHERE visit_id = $2 AND subject = $3 RETURNING quality")
            .bind(millis(at))
            .bind(visit.id.to_string())
            .bind(who.to_string())
            .fetch_optional(change.connection())
            .await?;
    // Whose coming went unrecorded still leaves.
    if let Some(row) = row {
        let total = quality(&Columns(&row))?.plus(measured);
        sqlx::query("UPDATE visit_people SET quality = $1 WHERE visit_id = $2 AND subject = $3")
            .bind(to_json(&total)?)
            .bind(visit.id.to_string())
            .bind(who.to_string())
            .execute(change.connection())
            .await?;
    }
    add_quality(change, visit.appointment, measured).await?;
    change.note("appointment", visit.appointment, "visit_left", json!({ "who": who.to_string() }));
    Ok(())
}

/// In the order in which they first came.
///
/// # Errors
/// The database failed.
pub async fn people(database: &Database, visit: VisitId) -> Result<Vec<VisitPerson>, StorageError> {
    let rows = sqlx::query("SELECT * FROM visit_people WHERE visit_id = $1 ORDER BY joined_ms, subject")
        .bind(visit.to_string())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(person).collect()
}

fn person(row: &AnyRow) -> Result<VisitPerson, StorageError> {
    let columns = Columns(row);
    Ok(VisitPerson {
        subject: columns.parsed("subject")?,
        role: columns.parsed("role")?,
        name: Private::new(columns.plain("name")?),
        joined: columns.time("joined_ms")?,
        in_call: columns.time_if_any("in_call_ms")?,
        left: columns.time_if_any("left_ms")?,
        returns: columns.number("returns")?,
        quality: quality(&columns)?,
    })
}
