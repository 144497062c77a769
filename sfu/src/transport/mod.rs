//! From datagram to authenticated packet: ICE decides where, DTLS makes the keys, SRTP uses them.

mod client_hello;
pub mod dtls;
pub(crate) mod first_round_trip;
pub mod ice;
pub mod srtp;
pub mod stun;
