//! What is kept: the booking's tables on SQLite or PostgreSQL, one SQL text for both. Knows no HTTP and no rule but those that
//! only a database can hold under concurrent writers: no overlap, versions, holds, one answer per Idempotency-Key.
//!
//! Reading goes by [`Database`]; everything that changes goes by a [`Change`], which is one transaction and does not commit
//! without its audit rows.

pub mod accounts;
pub mod agenda;
pub mod api_keys;
pub mod appointments;
pub mod attempts;
pub mod audit;
pub mod backup;
pub mod calendar_feeds;
mod change;
mod columns;
pub mod conclusions;
pub mod consent_texts;
mod database;
mod error;
mod hex;
pub mod idempotency;
pub mod identities;
pub mod link_checks;
pub mod messages;
mod notice;
pub mod pairings;
pub mod patients;
pub mod places;
pub mod referrals;
pub mod refill;
pub mod schedules;
pub mod sign_ins;
pub mod slots;
pub mod tallies;
pub mod users;
pub mod visits;
pub mod waiting;
pub mod waitlist;

pub use change::{Author, Change, IdempotencyKey};
pub use database::{Database, Engine};
pub use error::StorageError;
pub use notice::Notice;
