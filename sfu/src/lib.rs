//! Kenes' selective forwarding unit.
//!
//! [`Shard`](shard) is sans-IO: datagrams, commands and time go in, datagrams, events and the next deadline come out.
//! `io` is the only place with threads, sockets and a clock. Nothing here knows signaling, HTTP or storage.

pub mod batch;
pub mod command;
pub mod counters;
pub mod description;
pub mod event;
pub mod ids;
pub mod io;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
pub mod transport;
