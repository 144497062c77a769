//! HTTP handlers: read a request, ask the model, write a response. No rule of a consultation is decided here.

pub mod health;
pub mod join;
pub mod metrics;
pub mod pages;
mod problem;
pub mod problem_texts;
pub mod security_headers;
pub mod websocket;

pub use problem::Problem;
