//! Sites, and the carts that stand in them.

use super::change::{Change, millis, require_current, stamped};
use super::columns::Columns;
use super::{Database, Notice, StorageError};
use crate::model::cart::{Cart, CartCheck, NewCart, OFFLINE_AFTER};
use crate::model::ids::{CartId, SiteId};
use crate::model::site::{NewSite, Site};
use crate::model::time::{Interval, UnixMillis, before};
use serde_json::json;
use sqlx::any::AnyRow;

/// # Errors
/// There is a site of this id.
pub async fn create_site(change: &mut Change, site: &Site) -> Result<(), StorageError> {
    let insert = sqlx::query(
        "INSERT INTO sites (id, name, kind, time_zone, km_to_hub, phone, version, created_by, created_ms, updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(site.id.to_string())
    .bind(site.details.name.clone())
    .bind(site.details.kind.as_str())
    .bind(site.details.zone.to_string())
    .bind(i64::from(site.details.km_to_hub))
    .bind(site.details.phone.as_ref().map(|phone| phone.reveal().to_owned()));
    stamped(insert, &site.stamp).execute(change.connection()).await.map_err(StorageError::on_insert("site"))?;
    change.note("site", site.id, "created", json!({ "kind": site.details.kind }));
    Ok(())
}

/// # Errors
/// `Refusal::Changed`: it is another by now.
pub async fn update_site(change: &mut Change, seen: &Site, details: NewSite) -> Result<Site, StorageError> {
    let after = Site { id: seen.id, details, stamp: seen.stamp.changed(change.now) };
    let result = sqlx::query(
        "UPDATE sites SET name = $1, kind = $2, time_zone = $3, km_to_hub = $4, phone = $5, version = $6, updated_ms = $7
         WHERE id = $8 AND version = $9",
    )
    .bind(after.details.name.clone())
    .bind(after.details.kind.as_str())
    .bind(after.details.zone.to_string())
    .bind(i64::from(after.details.km_to_hub))
    .bind(after.details.phone.as_ref().map(|phone| phone.reveal().to_owned()))
    .bind(i64::from(after.stamp.version.0))
    .bind(millis(after.stamp.updated))
    .bind(seen.id.to_string())
    .bind(i64::from(seen.stamp.version.0))
    .execute(change.connection())
    .await?;
    require_current(&result)?;
    change.note("site", seen.id, "updated", json!({ "version": after.stamp.version.0 }));
    Ok(after)
}

/// # Errors
/// The database failed.
pub async fn find_site(database: &Database, id: SiteId) -> Result<Option<Site>, StorageError> {
    let row =
        sqlx::query("SELECT * FROM sites WHERE id = $1").bind(id.to_string()).fetch_optional(&database.readers).await?;
    row.as_ref().map(site).transpose()
}

/// All of them, by name: a region has hundreds.
///
/// # Errors
/// The database failed.
pub async fn sites(database: &Database) -> Result<Vec<Site>, StorageError> {
    let rows = sqlx::query("SELECT * FROM sites ORDER BY name, id").fetch_all(&database.readers).await?;
    rows.iter().map(site).collect()
}

/// # Errors
/// There is a cart of this id, or no such site.
pub async fn create_cart(change: &mut Change, cart: &Cart) -> Result<(), StorageError> {
    let insert = sqlx::query(
        "INSERT INTO carts (id, site_id, name, capabilities, last_seen_ms, check_result, version, created_by, created_ms,
                            updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(cart.id.to_string())
    .bind(cart.details.site.to_string())
    .bind(cart.details.name.clone())
    .bind(cart.details.capabilities.to_string())
    .bind(cart.last_seen.map(millis))
    .bind(cart.check.map(|check| check.as_str()));
    stamped(insert, &cart.stamp).execute(change.connection()).await.map_err(StorageError::on_insert("cart"))?;
    change.note("cart", cart.id, "created", json!({ "site": cart.details.site }));
    Ok(())
}

/// # Errors
/// `Refusal::Changed`: it is another by now.
pub async fn update_cart(change: &mut Change, seen: &Cart, details: NewCart) -> Result<Cart, StorageError> {
    let after = Cart { details, stamp: seen.stamp.changed(change.now), ..seen.clone() };
    let result = sqlx::query(
        "UPDATE carts SET site_id = $1, name = $2, capabilities = $3, version = $4, updated_ms = $5
         WHERE id = $6 AND version = $7",
    )
    .bind(after.details.site.to_string())
    .bind(after.details.name.clone())
    .bind(after.details.capabilities.to_string())
    .bind(i64::from(after.stamp.version.0))
    .bind(millis(after.stamp.updated))
    .bind(seen.id.to_string())
    .bind(i64::from(seen.stamp.version.0))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("cart"))?;
    require_current(&result)?;
    change.note("cart", seen.id, "updated", json!({ "version": after.stamp.version.0 }));
    Ok(after)
}

/// Keeps a heartbeat and, when one was made, a check's result. Every 15 s from every cart: state of a device and no record,
/// so that it has neither a version nor an audit row. Answers whether there is such a cart.
///
/// # Errors
/// The database failed.
pub async fn cart_seen(
    database: &Database,
    id: CartId,
    now: UnixMillis,
    check: Option<CartCheck>,
) -> Result<bool, StorageError> {
    let result = sqlx::query(
        "UPDATE carts SET online_since_ms = CASE WHEN last_seen_ms > $4 THEN COALESCE(online_since_ms, $1) ELSE $1 END,
                              last_seen_ms = $1, check_result = COALESCE($2, check_result)
             WHERE id = $3",
    )
    .bind(millis(now))
    .bind(check.map(|check| check.as_str()))
    .bind(id.to_string())
    .bind(millis(before(now, OFFLINE_AFTER)))
    .execute(&database.writers)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// # Errors
/// The database failed.
pub async fn find_cart(database: &Database, id: CartId) -> Result<Option<Cart>, StorageError> {
    let row =
        sqlx::query("SELECT * FROM carts WHERE id = $1").bind(id.to_string()).fetch_optional(&database.readers).await?;
    row.as_ref().map(cart).transpose()
}

/// Since when the cart has been heard of without a gap; `None`: it is silent now.
///
/// # Errors
/// The database failed.
pub async fn cart_online_since(
    database: &Database,
    id: CartId,
    now: UnixMillis,
) -> Result<Option<UnixMillis>, StorageError> {
    let row = sqlx::query("SELECT online_since_ms FROM carts WHERE id = $1 AND last_seen_ms > $2")
        .bind(id.to_string())
        .bind(millis(before(now, OFFLINE_AFTER)))
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map_or(Ok(None), |row| Columns(row).time_if_any("online_since_ms"))
}

/// A cart of the site that has no visit then, the first by name.
///
/// # Errors
/// The database failed.
pub async fn free_cart(database: &Database, site: SiteId, visit: Interval) -> Result<Option<Cart>, StorageError> {
    let row = sqlx::query(
        "SELECT * FROM carts WHERE site_id = $1
           AND $2 >= COALESCE((SELECT end_ms FROM busy WHERE kind = 'cart' AND resource_id = carts.id AND start_ms < $3
                ORDER BY start_ms DESC LIMIT 1), 0)
         ORDER BY name, id LIMIT 1",
    )
    .bind(site.to_string())
    .bind(millis(visit.start()))
    .bind(millis(visit.end()))
    .fetch_optional(&database.readers)
    .await?;
    row.as_ref().map(cart).transpose()
}

/// All of them, by name: a region has hundreds.
///
/// # Errors
/// The database failed.
pub async fn carts(database: &Database) -> Result<Vec<Cart>, StorageError> {
    let rows = sqlx::query("SELECT * FROM carts ORDER BY name, id").fetch_all(&database.readers).await?;
    rows.iter().map(cart).collect()
}

/// Tells who shows carts that this one's light is another: heartbeats themselves are no news.
pub fn tell_cart(database: &Database, id: CartId) {
    database.tell(std::iter::once(Notice { entity: "cart", id: id.to_string() }));
}

/// # Errors
/// The database failed.
pub async fn carts_of_site(database: &Database, site: SiteId) -> Result<Vec<Cart>, StorageError> {
    let rows = sqlx::query("SELECT * FROM carts WHERE site_id = $1 ORDER BY name, id")
        .bind(site.to_string())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(cart).collect()
}

fn site(row: &AnyRow) -> Result<Site, StorageError> {
    let columns = Columns(row);
    Ok(Site {
        id: columns.parsed("id")?,
        details: NewSite {
            kind: columns.parsed("kind")?,
            name: columns.plain("name")?,
            zone: columns.parsed("time_zone")?,
            km_to_hub: columns.number("km_to_hub")?,
            phone: columns.parsed_if_any("phone")?,
        },
        stamp: columns.stamp()?,
    })
}

fn cart(row: &AnyRow) -> Result<Cart, StorageError> {
    let columns = Columns(row);
    Ok(Cart {
        id: columns.parsed("id")?,
        details: NewCart {
            site: columns.parsed("site_id")?,
            name: columns.plain("name")?,
            capabilities: columns.parsed("capabilities")?,
        },
        last_seen: columns.time_if_any("last_seen_ms")?,
        check: columns.parsed_if_any("check_result")?,
        stamp: columns.stamp()?,
    })
}
