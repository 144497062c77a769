//! The real shard and its clients in memory, on virtual time: rooms of people who send what browsers send, scripted and
//! sealed in advance, so that only the shard is left to be measured.
//!
//! Its own crate, so that the instruction gate of `cargo xtask test` builds this and the SFU and nothing more.

pub mod budget;
mod callgrind;
pub mod cipher;
mod client;
pub mod instructions;
pub mod lines;
pub mod script;
pub mod traffic;
pub mod world;
