//! Kenes' selective forwarding unit.
//!
//! [`Shard`](shard) is sans-IO: datagrams, commands and time go in, datagrams, events and the next deadline come out.
//! `io` is the only place with threads, sockets and a clock. Nothing here knows signaling, HTTP or storage.

#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "tests may read the clock (STYLE)"))]

mod bandwidth;
pub mod batch;
pub mod command;
pub mod counters;
pub mod demux;
pub mod description;
mod downlink;
pub mod event;
pub mod ids;
pub mod io;
mod measure;
mod moment;
mod packet;
mod prefetch;
mod publisher;
mod router;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
pub mod shard;
mod subscriber;
pub mod transport;
mod uplink;
