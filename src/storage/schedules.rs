//! Schedules of specialists and carts, and the days on which they are away.

use super::change::{Change, millis, require_current};
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::ids::{CartId, ScheduleExceptionId, ScheduleId, UserId};
use crate::model::schedule::{Hours, NewException, NewSchedule, Resource, Schedule, ScheduleException};
use jiff::civil::{Date, Weekday};
use serde_json::json;
use sqlx::Any;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;

/// # Errors
/// There is no such specialist or cart.
pub async fn create(change: &mut Change, schedule: &Schedule) -> Result<(), StorageError> {
    let insert = sqlx::query(
        "INSERT INTO schedules (specialist_id, cart_id, time_zone, weekday, start_minute, end_minute, slot_minutes, channel,
                                valid_from, valid_to, version, updated_ms, id, created_by, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    );
    bind(insert, schedule)
        .bind(schedule.id.to_string())
        .bind(schedule.stamp.created_by.map(|id| id.to_string()))
        .bind(millis(schedule.stamp.created))
        .execute(change.connection())
        .await
        .map_err(StorageError::on_insert("schedule"))?;
    change.note("schedule", schedule.id, "created", json!({}));
    Ok(())
}

/// Changes or, by its last day, ends a schedule. Slots that are published already stay as they are.
///
/// # Errors
/// `Refusal::Changed`: it is another by now.
pub async fn update(change: &mut Change, seen: &Schedule, details: NewSchedule) -> Result<Schedule, StorageError> {
    let after = Schedule { id: seen.id, details, stamp: seen.stamp.changed(change.now) };
    let update = sqlx::query(
        "UPDATE schedules SET specialist_id = $1, cart_id = $2, time_zone = $3, weekday = $4, start_minute = $5,
             end_minute = $6, slot_minutes = $7, channel = $8, valid_from = $9, valid_to = $10, version = $11,
             updated_ms = $12
         WHERE id = $13 AND version = $14",
    );
    let result = bind(update, &after)
        .bind(seen.id.to_string())
        .bind(i64::from(seen.stamp.version.0))
        .execute(change.connection())
        .await
        .map_err(StorageError::on_insert("schedule"))?;
    require_current(&result)?;
    change.note("schedule", seen.id, "updated", json!({ "version": after.stamp.version.0 }));
    Ok(after)
}

/// Slots that are published already stay as they are.
///
/// # Errors
/// `Refusal::Changed`: it is another by now, or gone.
pub async fn delete(change: &mut Change, seen: &Schedule) -> Result<(), StorageError> {
    let result = sqlx::query("DELETE FROM schedules WHERE id = $1 AND version = $2")
        .bind(seen.id.to_string())
        .bind(i64::from(seen.stamp.version.0))
        .execute(change.connection())
        .await?;
    require_current(&result)?;
    change.note("schedule", seen.id, "deleted", json!({}));
    Ok(())
}

/// # Errors
/// The database failed.
pub async fn find(database: &Database, id: ScheduleId) -> Result<Option<Schedule>, StorageError> {
    let row = sqlx::query("SELECT * FROM schedules WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(schedule).transpose()
}

/// # Errors
/// The database failed.
pub async fn find_exception(
    database: &Database,
    id: ScheduleExceptionId,
) -> Result<Option<ScheduleException>, StorageError> {
    let row = sqlx::query("SELECT * FROM schedule_exceptions WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(exception).transpose()
}

/// # Errors
/// The database failed.
pub async fn of(database: &Database, resource: Resource) -> Result<Vec<Schedule>, StorageError> {
    let (specialist, cart) = columns_of(resource);
    let rows = sqlx::query(
        "SELECT * FROM schedules WHERE specialist_id = $1 OR cart_id = $2 ORDER BY weekday, start_minute, id",
    )
    .bind(specialist)
    .bind(cart)
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(schedule).collect()
}

/// The specialists who have a schedule, after `after`, in the order of their ids.
///
/// # Errors
/// The database failed.
pub async fn specialists(database: &Database, after: Option<UserId>, limit: u32) -> Result<Vec<UserId>, StorageError> {
    let rows = sqlx::query(
        "SELECT DISTINCT specialist_id FROM schedules WHERE specialist_id > $1 ORDER BY specialist_id LIMIT $2",
    )
    .bind(after.map(|id| id.to_string()).unwrap_or_default())
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(|row| Columns(row).parsed("specialist_id")).collect()
}

/// # Errors
/// There is no such specialist or cart.
pub async fn create_exception(change: &mut Change, exception: &ScheduleException) -> Result<(), StorageError> {
    let (specialist, cart) = columns_of(exception.details.resource);
    sqlx::query(
        "INSERT INTO schedule_exceptions (id, specialist_id, cart_id, local_date, start_minute, end_minute, reason,
                                          created_by, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(exception.id.to_string())
    .bind(specialist)
    .bind(cart)
    .bind(exception.details.date.to_string())
    .bind(i64::from(exception.details.hours.start_minute()))
    .bind(i64::from(exception.details.hours.end_minute()))
    .bind(exception.details.reason.clone())
    .bind(exception.created_by.map(|id| id.to_string()))
    .bind(millis(exception.created))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("schedule exception"))?;
    change.note("schedule_exception", exception.id, "created", json!({ "date": exception.details.date.to_string() }));
    Ok(())
}

/// # Errors
/// There is no such exception.
pub async fn delete_exception(change: &mut Change, id: ScheduleExceptionId) -> Result<(), StorageError> {
    let result = sqlx::query("DELETE FROM schedule_exceptions WHERE id = $1")
        .bind(id.to_string())
        .execute(change.connection())
        .await?;
    if result.rows_affected() == 0 {
        return Err(StorageError::Missing("schedule exception"));
    }
    change.note("schedule_exception", id, "deleted", json!({}));
    Ok(())
}

/// From `first` to `last`, both included.
///
/// # Errors
/// The database failed.
pub async fn exceptions(
    database: &Database,
    resource: Resource,
    first: Date,
    last: Date,
) -> Result<Vec<ScheduleException>, StorageError> {
    let (specialist, cart) = columns_of(resource);
    let rows = sqlx::query(
        "SELECT * FROM schedule_exceptions
         WHERE (specialist_id = $1 OR cart_id = $2) AND local_date BETWEEN $3 AND $4
         ORDER BY local_date, start_minute, id",
    )
    .bind(specialist)
    .bind(cart)
    .bind(first.to_string())
    .bind(last.to_string())
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(exception).collect()
}

/// What both statements set, as $1 to $12.
fn bind(query: Query<'static, Any, AnyArguments>, schedule: &Schedule) -> Query<'static, Any, AnyArguments> {
    let details = &schedule.details;
    let (specialist, cart) = columns_of(details.resource);
    query
        .bind(specialist)
        .bind(cart)
        .bind(details.zone.to_string())
        .bind(i64::from(details.weekday.to_monday_one_offset()))
        .bind(i64::from(details.hours.start_minute()))
        .bind(i64::from(details.hours.end_minute()))
        .bind(i64::from(details.slot_minutes))
        .bind(details.channel.as_str())
        .bind(details.valid_from.to_string())
        .bind(details.valid_to.map(|date| date.to_string()))
        .bind(i64::from(schedule.stamp.version.0))
        .bind(millis(schedule.stamp.updated))
}

/// One of the two columns; null equals nothing, so the other finds no row.
fn columns_of(resource: Resource) -> (Option<String>, Option<String>) {
    match resource {
        Resource::Specialist(id) => (Some(id.to_string()), None),
        Resource::Cart(id) => (None, Some(id.to_string())),
    }
}

fn resource(columns: &Columns<'_>) -> Result<Resource, StorageError> {
    match columns.parsed_if_any::<UserId>("specialist_id")? {
        Some(id) => Ok(Resource::Specialist(id)),
        None => columns.parsed::<CartId>("cart_id").map(Resource::Cart),
    }
}

fn hours(columns: &Columns<'_>) -> Result<Hours, StorageError> {
    Hours::new(columns.number("start_minute")?, columns.number("end_minute")?)
        .ok_or(StorageError::Unreadable { column: "end_minute" })
}

fn schedule(row: &AnyRow) -> Result<Schedule, StorageError> {
    let columns = Columns(row);
    let weekday = Weekday::from_monday_one_offset(columns.number("weekday")?);
    Ok(Schedule {
        id: columns.parsed("id")?,
        details: NewSchedule {
            resource: resource(&columns)?,
            zone: columns.parsed("time_zone")?,
            weekday: weekday.map_err(|_| StorageError::Unreadable { column: "weekday" })?,
            hours: hours(&columns)?,
            slot_minutes: columns.number("slot_minutes")?,
            channel: columns.parsed("channel")?,
            valid_from: columns.parsed("valid_from")?,
            valid_to: columns.parsed_if_any("valid_to")?,
        },
        stamp: columns.stamp()?,
    })
}

fn exception(row: &AnyRow) -> Result<ScheduleException, StorageError> {
    let columns = Columns(row);
    Ok(ScheduleException {
        id: columns.parsed("id")?,
        details: NewException {
            resource: resource(&columns)?,
            date: columns.parsed("local_date")?,
            hours: hours(&columns)?,
            reason: columns.plain("reason")?,
        },
        created_by: columns.parsed_if_any("created_by")?,
        created: columns.time("created_ms")?,
    })
}
