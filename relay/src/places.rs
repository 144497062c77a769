//! How many connections there may be: of all clients, and of each address, so that one of them cannot take everybody's places.
//!
//! Owns the count. An address that holds nothing is not remembered, so the table is as long as there are places at most.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) struct Places {
    most: usize,
    most_of_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// All are taken.
    Full,
    /// This address has its share.
    AddressFull,
}

/// Given back when it is dropped.
pub(crate) struct Place<'p> {
    places: &'p Places,
    line: IpAddr,
}

impl NoPlace {
    pub const ALL: [Self; 2] = [Self::Full, Self::AddressFull];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::AddressFull => "address_full",
        }
    }
}

impl Places {
    pub(crate) fn new(most: usize, most_of_address: usize) -> Self {
        Self { most, most_of_address, taken: Mutex::default() }
    }

    pub(crate) fn take(&self, client: IpAddr) -> Result<Place<'_>, NoPlace> {
        let line = subscriber_line(client);
        let mut taken = self.taken();
        if taken.all >= self.most {
            return Err(NoPlace::Full);
        }
        let of_line = taken.of.entry(line).or_default();
        if *of_line >= self.most_of_address {
            return Err(NoPlace::AddressFull);
        }
        *of_line += 1;
        taken.all += 1;
        Ok(Place { places: self, line })
    }

    /// Numbers alone, of which none is left half-changed by whoever panics.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all = taken.all.saturating_sub(1);
        if let Some(of_line) = taken.of.get_mut(&self.line) {
            *of_line = of_line.saturating_sub(1);
            if *of_line == 0 {
                taken.of.remove(&self.line);
            }
        }
    }
}

/// Whose the address is: an IPv6 customer holds a whole /64 (RFC 6177), so the rest of it says nothing.
#[must_use]
pub fn subscriber_line(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(places: &Places, address: &str) -> Option<NoPlace> {
        places.take(address.parse().unwrap()).err()
    }

    #[test]
    fn an_address_takes_its_share_and_leaves_the_others_theirs() {
        let places = Places::new(3, 2);
        let first = places.take("192.0.2.1".parse().unwrap());
        let _second = places.take("192.0.2.1".parse().unwrap());
        assert_eq!(refused(&places, "192.0.2.1"), Some(NoPlace::AddressFull));
        // As a socket of both families names it.
        assert_eq!(refused(&places, "::ffff:192.0.2.1"), Some(NoPlace::AddressFull));
        assert_eq!(refused(&places, "192.0.2.2"), None);
        drop(first);
        assert_eq!(refused(&places, "192.0.2.1"), None);
    }

    #[test]
    fn nobody_gets_more_than_there_is() {
        let places = Places::new(2, 2);
        let _taken = (places.take("192.0.2.1".parse().unwrap()), places.take("192.0.2.2".parse().unwrap()));
        assert_eq!(refused(&places, "192.0.2.3"), Some(NoPlace::Full));
    }

    #[test]
    fn a_customers_addresses_are_one() {
        let places = Places::new(9, 1);
        let _taken = places.take("2001:db8:1:2::1".parse().unwrap());
        assert_eq!(refused(&places, "2001:db8:1:2:ffff::2"), Some(NoPlace::AddressFull));
        assert_eq!(refused(&places, "2001:db8:1:3::1"), None);
    }

    #[test]
    fn who_left_is_forgotten() {
        let places = Places::new(9, 9);
        for last in 0..=255 {
            drop(places.take(IpAddr::from([192, 0, 2, last])));
        }
        let taken = places.taken();
        assert_eq!((taken.all, taken.of.len()), (0, 0));
    }
}
