//! Made-up values for the model's own tests.

use super::appointment::{Appointment, Channel, Status};
use super::ids::UserId;
use super::record::Stamp;
use super::time::{Interval, UnixMillis};
use std::str::FromStr;
use std::time::Duration;

/// 2026-11-23T12:00:00Z, a Monday.
pub(crate) const NOON: UnixMillis = UnixMillis(1_795_435_200_000);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// The id with the number `n`, of whatever kind is asked for.
pub(crate) fn id<T: FromStr>(n: u64) -> T {
    let text = UserId::new(UnixMillis(n), [0; 10]).to_string();
    text.parse().unwrap_or_else(|_| panic!("{text} is an id"))
}

pub(crate) fn stamp() -> Stamp {
    Stamp::first(None, UnixMillis(0))
}

/// At noon, on a cart, with the specialist 3 and the cart 4.
pub(crate) fn appointment(status: Status) -> Appointment {
    Appointment {
        id: id(1),
        referral: Some(id(9)),
        site: id(10),
        patient: id(2),
        specialist: id(3),
        cart: Some(id(4)),
        slot: None,
        time: Interval::new(NOON, NOON.plus(HOUR / 2)).unwrap(),
        channel: Channel::Cart,
        status,
        proposal: None,
        cancel_reason: None,
        failure: None,
        no_summary_reason: None,
        rescheduled_from: None,
        stamp: stamp(),
    }
}

/// xorshift64*: the same numbers from the same seed, which is not 0.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}
