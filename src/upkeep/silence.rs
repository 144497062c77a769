//! A cart that falls silent says nothing of it: who shows carts is told that its light is another by now.

use crate::model::time::{UnixMillis, before};
use crate::storage::{Database, StorageError, places};
use std::time::Duration;

/// So late, at most, is a light on a screen.
const EVERY: Duration = Duration::from_secs(5);

pub(super) async fn round(database: &Database, now: UnixMillis) -> Result<UnixMillis, StorageError> {
    // Farther back than the last round, which may have been late: whoever is told twice only looks twice.
    let looked = before(now, 2 * EVERY);
    for cart in places::carts(database).await? {
        if cart.light(looked) != cart.light(now) {
            places::tell_cart(database, cart.id);
        }
    }
    Ok(now.plus(EVERY))
}
