//! Whole consultations through one shard, on virtual time over a simulated link.
//!
//! The people are `str0m` clients: another implementation of ICE, SRTP, RTP, RTCP and repair than ours. What is asserted is
//! what a person would notice: frames arrive, in order, whole, from the right camera; words are not lost; who is gone is gone.

// So that clippy takes the functions outside `#[test]` for what they are.
#![cfg(test)]

mod client;
mod frame;
mod link;
mod processor;
mod world;

mod allocations;
mod churn;
mod congestion;
mod forwarding;
mod hostile;
mod lifecycle;
mod overload;
mod repair;
mod simulcast;
mod storm;

/// Counts what the shard allocates (`allocations.rs`).
#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;
