//! How often one address may ask for a join token, try a password or type a code. Owns a bounded map of token buckets; reads no clock.

use kenes_relay::subscriber_line;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Addresses remembered. When they are all in use everybody starts afresh: the limit is against noise, and a refusal would
/// let a stranger with many addresses keep a hospital out.
pub const MAX_ADDRESSES: usize = 10_000;

pub struct AddressLimit {
    burst: f64,
    per_second: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

struct Bucket {
    tokens: f64,
    at: Instant,
}

impl AddressLimit {
    /// A whole minute's worth may come at once.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        let burst = f64::from(per_minute);
        Self { burst, per_second: burst / 60.0, buckets: Mutex::default() }
    }

    pub fn admit(&self, address: IpAddr, now: Instant) -> bool {
        let mut buckets = self.buckets.lock();
        if buckets.len() >= MAX_ADDRESSES {
            self.forget_idle(&mut buckets, now);
        }
        let bucket = buckets.entry(subscriber_line(address)).or_insert(Bucket { tokens: self.burst, at: now });
        bucket.tokens = self.refilled(bucket, now);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }

    fn forget_idle(&self, buckets: &mut HashMap<IpAddr, Bucket>, now: Instant) {
        buckets.retain(|_, bucket| self.refilled(bucket, now) < self.burst);
        if buckets.len() >= MAX_ADDRESSES {
            buckets.clear();
        }
    }

    fn refilled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let passed: Duration = now.saturating_duration_since(bucket.at);
        (bucket.tokens + passed.as_secs_f64() * self.per_second).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_burst_passes_and_the_rest_waits() {
        let (limit, now) = (AddressLimit::new(60), crate::clock::now());
        assert_eq!((0..100).filter(|_| limit.admit(address(1), now)).count(), 60);
        assert!(limit.admit(address(1), now + Duration::from_secs(1)));
        assert!(!limit.admit(address(1), now + Duration::from_secs(1)));
    }

    #[test]
    fn one_address_does_not_use_up_another() {
        let (limit, now) = (AddressLimit::new(1), crate::clock::now());
        assert!(limit.admit(address(1), now));
        assert!(limit.admit(address(2), now));
    }

    #[test]
    fn addresses_of_one_ipv6_line_share_a_bucket() {
        let (limit, now) = (AddressLimit::new(1), crate::clock::now());
        assert!(limit.admit("2001:db8::1".parse().unwrap(), now));
        assert!(!limit.admit("2001:db8::2".parse().unwrap(), now));
    }

    #[test]
    fn the_map_stays_bounded() {
        let (limit, now) = (AddressLimit::new(1), crate::clock::now());
        for index in 0..30_000_u32 {
            limit.admit(IpAddr::from(index.to_be_bytes()), now);
        }
        assert!(limit.buckets.lock().len() <= MAX_ADDRESSES);
    }
}
