//! Kenes' measuring instruments: a real talk through a running server, and what its packet path costs beside the floor.
//!
//! A library only so that the binary, `cargo bench` and the tests run the same code.

pub mod clock;
pub mod crypto;
pub mod floor;
pub mod measure;
pub mod report;
pub mod talk;

#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;
