//! Signaling between a person's page and the server, as values: the messages of `PROTOCOL.md` and the state machine of one room.
//!
//! Pure: message + now -> effects. No I/O, no clock, no random source, no knowledge of the SFU; SDP is an opaque text. The server
//! (`src/rooms`) owns the sockets, checks join tokens, negotiates SDP, and executes the [`room::Effect`]s.
#![forbid(unsafe_code)]

pub mod emodel;
pub mod ids;
pub mod limits;
pub mod message;
pub mod room;
pub mod time;
