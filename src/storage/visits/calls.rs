//! The contact centre's calls about a visit. Rows are only ever added.

use crate::model::ids::AppointmentId;
use crate::model::private::Private;
use crate::model::reconfirm::{NewReconfirmCall, ReconfirmCall};
use crate::model::time::Interval;
use crate::storage::change::{Change, millis};
use crate::storage::columns::Columns;
use crate::storage::{Database, StorageError};
use serde_json::json;
use sqlx::any::AnyRow;

/// # Errors
/// Somebody has written down this attempt already.
pub async fn add_call(change: &mut Change, call: &ReconfirmCall) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO reconfirm_calls (id, appointment_id, operator_id, attempt, result, note, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(call.id.to_string())
    .bind(call.appointment.to_string())
    .bind(call.operator.to_string())
    .bind(i64::from(call.attempt))
    .bind(call.details.result.as_str())
    .bind(call.details.note.as_ref().map(|note| note.reveal().clone()))
    .bind(millis(call.at))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("call"))?;
    change.note("appointment", call.appointment, "reconfirm_call", json!({ "result": call.details.result }));
    Ok(())
}

/// In their order.
///
/// # Errors
/// The database failed.
pub async fn calls(database: &Database, appointment: AppointmentId) -> Result<Vec<ReconfirmCall>, StorageError> {
    let rows = sqlx::query("SELECT * FROM reconfirm_calls WHERE appointment_id = $1 ORDER BY attempt")
        .bind(appointment.to_string())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(call).collect()
}

/// Of the visits that start within `window`, each one's in their order.
///
/// # Errors
/// The database failed.
pub async fn calls_within(database: &Database, window: Interval) -> Result<Vec<ReconfirmCall>, StorageError> {
    let rows = sqlx::query(
        "SELECT c.* FROM reconfirm_calls c JOIN appointments a ON a.id = c.appointment_id
         WHERE a.start_ms >= $1 AND a.start_ms < $2 ORDER BY c.appointment_id, c.attempt",
    )
    .bind(millis(window.start()))
    .bind(millis(window.end()))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(call).collect()
}

fn call(row: &AnyRow) -> Result<ReconfirmCall, StorageError> {
    let columns = Columns(row);
    Ok(ReconfirmCall {
        id: columns.parsed("id")?,
        appointment: columns.parsed("appointment_id")?,
        operator: columns.parsed("operator_id")?,
        attempt: columns.number("attempt")?,
        details: NewReconfirmCall {
            result: columns.parsed("result")?,
            note: columns.plain::<Option<String>>("note")?.map(Private::new),
        },
        at: columns.time("at_ms")?,
    })
}
