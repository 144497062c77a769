//! Kenes' measuring instruments: a real talk through a running server, and what its packet path costs beside the floor.
//!
//! A library only so that the binary, `cargo bench` and the tests run the same code.

pub mod bare;
pub mod clock;
pub mod crypto;
pub mod floor;
pub mod forward;
pub mod load;
pub mod measure;
mod offer;
pub mod packet_key;
pub mod peers;
pub mod report;
pub mod talk;

#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

/// Random enough for SSRCs and first numbers (RFC 3550 §5.1), without a crate.
pub(crate) fn random_u32() -> u32 {
    use std::hash::{BuildHasher as _, RandomState};
    let [a, b, c, d, ..] = RandomState::new().hash_one(0).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
