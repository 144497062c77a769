//! HTTP handlers: read a request, ask the model, write a response. No rule of a consultation is decided here.
#![expect(unused_qualifications, reason = "what utoipa::path makes of params(Type) is qualified")]

pub mod api_keys;
pub mod appointments;
pub mod audit;
pub mod calendar;
pub mod caller;
pub mod carts;
pub mod consent_texts;
pub mod cookie;
pub mod days_off;
pub mod health;
pub mod join;
pub mod link_check;
pub mod live;
pub mod media_addresses;
pub mod message_delivery;
pub mod messages;
pub mod metrics;
pub mod oidc;
pub mod openapi;
mod origin;
pub mod pages;
pub mod pairing;
pub mod patients;
pub mod problem;
pub mod problem_texts;
pub mod reconfirmation;
pub mod referrals;
pub mod request;
pub mod schedules;
pub mod security_headers;
pub mod session;
pub mod sites;
pub mod slots;
pub mod specialties;
pub mod users;
pub mod visit;
pub mod waitlist;
pub mod websocket;

pub use problem::Problem;
