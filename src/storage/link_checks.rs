//! What pages measured of their links before a call, by site. Telemetry: no change of anybody's, so without audit rows.

use super::change::millis;
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::ids::SiteId;
use crate::model::link_check::{LinkCheck, Measured};
use sqlx::any::AnyRow;

/// Kept of each site, the newest: some months of a hospital's, and a bound on what a page can fill.
const KEPT: i64 = 2_000;

/// Keeps a check, and no more of its site's than [`KEPT`].
///
/// # Errors
/// There is no such site.
pub async fn add(database: &Database, check: &LinkCheck) -> Result<(), StorageError> {
    let Measured { transport, rtt_ms, up_bps, down_bps, lost_up_percent, lost_down_percent } = &check.measured;
    sqlx::query(
        "INSERT INTO link_checks (id, site_id, place, at_ms, transport, rtt_ms, up_bps, down_bps, lost_up_percent, lost_down_percent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(check.id.to_string())
    .bind(check.site.to_string())
    .bind(check.place.as_str())
    .bind(millis(check.at))
    .bind(transport.map(|transport| transport.as_str()))
    .bind(rtt_ms.map(i64::from))
    .bind(up_bps.map(i64::from))
    .bind(down_bps.map(i64::from))
    .bind(lost_up_percent.map(i64::from))
    .bind(lost_down_percent.map(i64::from))
    .execute(&database.writers)
    .await
    .map_err(StorageError::on_insert("link_check"))?;
    sqlx::query(
        "DELETE FROM link_checks WHERE site_id = $1
         AND id <= (SELECT id FROM link_checks WHERE site_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
    )
    .bind(check.site.to_string())
    .bind(KEPT)
    .execute(&database.writers)
    .await?;
    Ok(())
}

/// A site's, the newest first, at most so many.
///
/// # Errors
/// The database failed.
pub async fn of_site(database: &Database, site: SiteId, limit: u32) -> Result<Vec<LinkCheck>, StorageError> {
    let rows = sqlx::query("SELECT * FROM link_checks WHERE site_id = $1 ORDER BY id DESC LIMIT $2")
        .bind(site.to_string())
        .bind(i64::from(limit))
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(link_check).collect()
}

/// Whose appointment a visit's room belongs to.
///
/// # Errors
/// The database failed.
pub async fn site_of_room(database: &Database, room: &str) -> Result<Option<SiteId>, StorageError> {
    let row =
        sqlx::query("SELECT a.site_id FROM visits v JOIN appointments a ON a.id = v.appointment_id WHERE v.room = $1")
            .bind(room.to_owned())
            .fetch_optional(&database.readers)
            .await?;
    row.map(|row| Columns(&row).parsed("site_id")).transpose()
}

fn link_check(row: &AnyRow) -> Result<LinkCheck, StorageError> {
    let columns = Columns(row);
    Ok(LinkCheck {
        id: columns.parsed("id")?,
        site: columns.parsed("site_id")?,
        place: columns.parsed("place")?,
        at: columns.time("at_ms")?,
        measured: Measured {
            transport: columns.parsed_if_any("transport")?,
            rtt_ms: columns.number_if_any("rtt_ms")?,
            up_bps: columns.number_if_any("up_bps")?,
            down_bps: columns.number_if_any("down_bps")?,
            lost_up_percent: columns.number_if_any("lost_up_percent")?,
            lost_down_percent: columns.number_if_any("lost_down_percent")?,
        },
    })
}
