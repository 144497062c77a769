//! The rules of booking as pure values: who may do what, when a time is free, how an appointment goes from proposal to conclusion.
//!
//! Everything here is a function of its parameters, `now` among them. The model knows no SQL, no HTTP and no clock, and what it refuses
//! it refuses with a stable code: [`invalid::Invalid`] for fields, [`refusal::Refusal`] for rules.

pub mod account;
pub mod api_key;
pub mod appointment;
pub mod availability;
pub mod booking_attempt;
pub mod cart;
pub mod conclusion;
pub mod consent;
pub mod consent_text;
pub mod day_off;
pub mod email;
pub mod horizon;
pub mod ids;
pub mod iin;
pub mod invalid;
pub mod join_link;
pub mod language;
pub mod link_check;
pub mod message;
pub mod pairing;
pub mod patient;
pub mod phone;
pub mod private;
pub mod quality;
pub mod reconfirm;
pub mod record;
pub mod referral;
pub mod refusal;
pub mod role;
pub mod schedule;
pub mod sign_in;
pub mod site;
pub mod slot;
pub mod specialty;
pub mod time;
pub mod user;
pub mod visit;
pub mod waitlist;
pub mod words;

#[cfg(test)]
pub(crate) mod testing;
