//! The statements that sqlx says it ran, and how the database would go about them. BEGIN and COMMIT are not among them.

use anyhow::{Context as _, Result};
use parking_lot::Mutex;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Tables that grow with the clinic's age; reading one of the others whole is no fault. (`freed_slots` has the future alone.)
const GROWING: &str = "appointments appointment_events audit booking_attempts busy consents idempotency_keys messages patients \
     referrals slots visits";

static LISTENING: AtomicBool = AtomicBool::new(false);
static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Listener;

pub(crate) fn listen() -> Result<()> {
    tracing::subscriber::set_global_default(Registry::default().with(Listener)).context("somebody else listens")
}

/// The statements that `run` made the database execute.
pub(crate) async fn of<T>(run: impl Future<Output = Result<T>>) -> Result<Vec<String>> {
    HEARD.lock().clear();
    LISTENING.store(true, Ordering::SeqCst);
    run.await?;
    // SQLite's thread says what it did after it has answered.
    tokio::time::sleep(Duration::from_millis(50)).await;
    LISTENING.store(false, Ordering::SeqCst);
    let heard = std::mem::take(&mut *HEARD.lock());
    // Neither a transaction's ends, which not every engine tells of, nor the settings of a new connection.
    let is_counted = |text: &String| ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|verb| text.starts_with(verb));
    Ok(heard.into_iter().filter(is_counted).collect())
}

impl<S: Subscriber> Layer<S> for Listener {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.target() == "sqlx::query" { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == "sqlx::query" && LISTENING.load(Ordering::Relaxed)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut statement = Statement::default();
        event.record(&mut statement);
        let text = if statement.whole.trim().is_empty() { statement.summary } else { statement.whole };
        HEARD.lock().push(text.trim().to_owned());
    }
}

/// A short one is its own summary.
#[derive(Default)]
struct Statement {
    summary: String,
    whole: String,
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.whole),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// How the database goes about the statements.
#[derive(Default)]
pub(crate) struct Plans {
    pub(crate) indexes: BTreeSet<String>,
    /// Reads of a growing table from end to end.
    pub(crate) scans: BTreeSet<String>,
}

pub(crate) async fn explain(connection: &mut AnyConnection, is_sqlite: bool, statements: &[String]) -> Result<Plans> {
    let mut plans = Plans::default();
    for statement in statements.iter().filter(|statement| !statement.starts_with("INSERT")) {
        let lines = if is_sqlite {
            lines(connection, format!("EXPLAIN QUERY PLAN {statement}")).await?
        } else {
            generic_plan(connection, statement).await?
        };
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            let after = |word: &str| words.iter().skip_while(|w| **w != word).nth(1).map(|w| (*w).to_owned());
            let whole = if is_sqlite { after("SCAN") } else { after("on").filter(|_| line.contains("Seq Scan")) };
            let is_growing = |table: &String| is_sqlite || GROWING.split(' ').any(|name| name == table);
            plans.scans.extend(whole.filter(is_growing).map(|table| format!("{table}: {}", line.trim())));
            let index = if is_sqlite { after("INDEX") } else { after("using").or_else(|| bitmap(&words)) };
            plans.indexes.extend(index);
        }
    }
    Ok(plans)
}

/// `Bitmap Index Scan on NAME`.
fn bitmap(words: &[&str]) -> Option<String> {
    let at = words.windows(4).find(|words| words.starts_with(&["Bitmap", "Index", "Scan", "on"]));
    at.and(words.iter().skip_while(|word| **word != "on").nth(1)).map(|name| (*name).to_owned())
}

/// PostgreSQL's plan for any values, since a plan for NULLs would be one that reads nothing.
async fn generic_plan(connection: &mut AnyConnection, statement: &str) -> Result<Vec<String>> {
    let values =
        (1..=20).take_while(|n| statement.contains(&format!("${n}"))).map(|_| "NULL").collect::<Vec<_>>().join(", ");
    crate::clinic::run(connection, format!("SET plan_cache_mode = force_generic_plan; PREPARE asked AS {statement}"))
        .await?;
    let values = if values.is_empty() { values } else { format!("({values})") };
    let plan = lines(connection, format!("EXPLAIN EXECUTE asked{values}")).await;
    crate::clinic::run(connection, "DEALLOCATE asked".to_owned()).await?;
    plan
}

/// The plan is the last column on both engines.
async fn lines(connection: &mut AnyConnection, sql: String) -> Result<Vec<String>> {
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get(row.len() - 1).context("a plan is text")).collect()
}
