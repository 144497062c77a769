//! Who of the staff is at a desk: counted by their live sockets. A doctor who was not there cannot have waited for a patient who did not
//! come. In memory alone: after a restart people are back within seconds.

use crate::clock;
use crate::model::ids::UserId;
use crate::model::time::UnixMillis;
use dashmap::DashMap;
use std::sync::Arc;

#[derive(Default)]
pub struct Presence {
    people: DashMap<UserId, Desk>,
}

#[derive(Default)]
struct Desk {
    open: u32,
    /// When the last of the sockets closed.
    left: Option<UnixMillis>,
}

/// Somebody is at a desk for as long as this is kept.
pub struct Seat {
    presence: Arc<Presence>,
    user: UserId,
}

impl Presence {
    #[must_use]
    pub fn sit_down(self: &Arc<Self>, user: UserId) -> Seat {
        self.people.entry(user).or_default().open += 1;
        Seat { presence: Arc::clone(self), user }
    }

    /// Whether `user` was at a desk at some time since `start`.
    #[must_use]
    pub fn was_there(&self, user: UserId, start: UnixMillis) -> bool {
        self.people.get(&user).is_some_and(|desk| desk.open > 0 || desk.left >= Some(start))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(mut desk) = self.presence.people.get_mut(&self.user) {
            desk.open = desk.open.saturating_sub(1);
            desk.left = Some(clock::unix_ms());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::id;

    #[test]
    fn somebody_is_there_while_a_desk_is_open_and_was_there_until_it_closed() {
        let presence = Arc::new(Presence::default());
        let start = clock::unix_ms();
        assert!(!presence.was_there(id(1), start));
        let (first, second) = (presence.sit_down(id(1)), presence.sit_down(id(1)));
        drop(first);
        assert!(presence.was_there(id(1), UnixMillis(u64::MAX)));
        drop(second);
        assert!(presence.was_there(id(1), start));
        assert!(!presence.was_there(id(1), UnixMillis(u64::MAX)));
    }
}
