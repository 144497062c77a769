//! The server as its users meet it: real sockets on loopback, each test with a server of its own on free ports.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and measures real time; clippy knows tests by their attribute, not their helpers"
)]

mod administration;
mod api_keys;
mod booking;
mod calendar;
mod call;
mod configuration;
mod demo;
mod doctor;
mod hostile;
mod http;
mod https;
mod join;
mod lifecycle;
mod link_check;
mod messages;
mod oidc;
mod openapi;
mod openid;
mod operations;
mod outbox;
mod pairing;
mod person;
mod resume;
mod sessions;
mod sign_in_limits;
mod staff;
mod test_app;
mod visits;
mod waitlist;
#[cfg(target_os = "linux")]
mod watchdog;
