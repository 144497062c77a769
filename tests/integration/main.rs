//! The server as its users meet it: real sockets on loopback, each test with a server of its own on free ports.

mod call;
mod configuration;
mod hostile;
mod http;
mod join;
mod lifecycle;
mod messages;
mod operations;
mod person;
mod resume;
mod test_app;
