//! Storage as its callers meet it: the same tests on SQLite and on PostgreSQL, each with a database of its own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and measures real time; clippy knows tests by their attribute, not their helpers"
)]

/// Declares each named async function, which takes a [`databases::TestDatabase`], as a test on both databases.
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(crate::databases::TestDatabase::sqlite()).await; })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(crate::databases::TestDatabase::postgres()).await; })+
        }
    };
}

mod accounts;
mod administration;
mod around;
mod audit;
mod backup;
mod booking;
mod clinic;
mod databases;
mod demo;
mod outbox;
mod power_cut;
mod receivers;
mod records;
mod schema;
mod upkeep;
mod visits;
mod waiting;
