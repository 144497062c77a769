//! HTTP handlers: read a request, ask the model, write a response. No rule of a consultation is decided here.

pub mod caller;
pub mod cookie;
pub mod health;
pub mod join;
pub mod live;
pub mod metrics;
pub mod openapi;
mod origin;
pub mod pages;
pub mod problem;
pub mod problem_texts;
pub mod request;
pub mod security_headers;
pub mod session;
pub mod websocket;

pub use problem::Problem;
