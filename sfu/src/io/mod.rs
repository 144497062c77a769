//! The threads, sockets and clock of the SFU, one of each per shard.
//!
//! [`spawn_shard`] gives a shard its own UDP port and OS thread; a [`ShardHandle`] sends it commands, a closure takes what
//! it says. Owns what a shard must not know: descriptors, buffers, queues. Must not know what a datagram means, and never
//! waits for the control plane: a full queue drops and counts.

mod counters;
#[cfg(target_os = "linux")]
mod linux;
mod portable;
mod queue;
mod socket;
mod strain;
mod thread;
mod waker;

pub use counters::{IoCounters, LATENCY_BOUNDS_US, LatencyHistogram, ReceiveCounters, SendCounters};
pub use queue::{COMMAND_QUEUE, ShardBusy, ShardHandle};
pub use socket::IoMode;
pub use thread::{RunningShard, ShardFailed, ShardMessage, Snapshot, ThreadSettings, spawn_shard};
