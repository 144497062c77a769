//! What booking costs a clinic of 100,000 appointments, on SQLite and on PostgreSQL: free-slot search and Today beside the same in a
//! clinic of 10,000, requests taking turns, and booking by 32 writers. `bench/README.md` says how to run it and what it does not say.

mod bookings;
mod clinic;
mod postgres;
mod report;
mod requests;
mod statements;

use anyhow::{Context as _, Result, bail, ensure};
use bookings::WRITERS;
use clinic::{Clinic, Random};
use postgres::Postgres;
use report::{Booking, Engine, Machine, Report, Row, Times};
use requests::Request;
use sqlx::{AnyConnection, Connection as _};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Times that each request is listened to: whether there are consents to read is a matter of the day.
const LISTENED: usize = 5;
const WARM_UP: u64 = 50;

struct Arguments {
    small: u64,
    large: u64,
    requests: u64,
    bookings: u64,
    json: PathBuf,
}

impl Arguments {
    fn read() -> Result<Self> {
        let json = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/results/booking.json");
        let mut read = Self { small: 10_000, large: 100_000, requests: 1_000, bookings: 2_000, json };
        // Cargo adds `--bench`.
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--small" => read.small = value.parse()?,
                "--large" => read.large = value.parse()?,
                "--requests" => read.requests = value.parse()?,
                "--bookings" => read.bookings = value.parse()?,
                "--json" => read.json = value.into(),
                _ => bail!("{name} is none of --small, --large, --requests, --bookings, --json"),
            }
        }
        ensure!(read.requests > 0, "--requests must be at least 1");
        Ok(read)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    statements::listen()?;
    let machine = Machine::this()?;
    let (small, large) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let mut engines = vec![measure("SQLite", &arguments, [small.path(), large.path()], None).await?];
    match postgres::programs() {
        Some(programs) => {
            let folder = tempfile::tempdir()?;
            let postgres = Postgres::start(&programs, folder.path()).await?;
            engines.push(measure("PostgreSQL", &arguments, [folder.path(); 2], Some(&postgres)).await?);
        }
        None => eprintln!("PostgreSQL: SKIPPED, Debian's package `postgresql` is not installed"),
    }
    let report = Report { machine, appointments: [arguments.small, arguments.large], engines };
    report.write(&arguments.json)?;
    println!("{}", report.text()?);
    let is_growing = |row: &Row| !row.full_scans.is_empty();
    ensure!(
        !report.engines.iter().flat_map(|engine| &engine.requests).any(is_growing),
        "a request reads a table whole"
    );
    Ok(())
}

/// Both clinics on one engine.
async fn measure(
    name: &'static str,
    arguments: &Arguments,
    folders: [&Path; 2],
    postgres: Option<&Postgres>,
) -> Result<Engine> {
    let [small_folder, large_folder] = folders;
    let urls = match postgres {
        Some(postgres) => {
            let mut server = AnyConnection::connect(&postgres.url("postgres")).await?;
            clinic::run(&mut server, "CREATE DATABASE small".to_owned()).await?;
            clinic::run(&mut server, "CREATE DATABASE large".to_owned()).await?;
            [Some(postgres.url("small")), Some(postgres.url("large"))]
        }
        None => [None, None],
    };
    let [small_url, large_url] = &urls;
    eprintln!("{name}: writing the clinics");
    let small = clinic::open(small_folder, small_url.as_deref(), arguments.small, 0).await?;
    let large = clinic::open(large_folder, large_url.as_deref(), arguments.large, arguments.bookings + 1).await?;
    let sqlite = format!("sqlite://{}/kenes.sqlite3", large_folder.display());
    let mut beside = AnyConnection::connect(large_url.as_deref().unwrap_or(&sqlite)).await?;
    let mut requests = Vec::new();
    for request in Request::ALL {
        eprintln!("{name}: {}", request.name());
        requests.push(compare(request, [&small, &large], arguments.requests, &mut beside, postgres.is_none()).await?);
    }
    eprintln!("{name}: booking");
    let booking = book(&large, arguments.bookings, &mut beside, postgres.is_none()).await?;
    beside.close().await?;
    small.database.close().await;
    large.database.close().await;
    Ok(Engine { name, requests, booking })
}

/// A request in both clinics by turns, so that a disturbance of the machine falls on both.
async fn compare(
    request: Request,
    clinics: [&Clinic; 2],
    rounds: u64,
    beside: &mut AnyConnection,
    is_sqlite: bool,
) -> Result<Row> {
    let [small, large] = clinics;
    let (mut random, mut longest, mut distinct) = (Random(3), 0, BTreeSet::new());
    for _ in 0..LISTENED {
        let heard = statements::of(request.time(large, &mut random)).await?;
        longest = longest.max(heard.len());
        distinct.extend(heard);
    }
    let plans = statements::explain(beside, is_sqlite, &distinct.into_iter().collect::<Vec<_>>()).await?;
    let (mut small_times, mut large_times, mut shown) = (Vec::new(), Vec::new(), 0);
    for round in 0..WARM_UP + rounds {
        let (small_time, _) = request.time(small, &mut Random(round)).await?;
        let (large_time, rows) = request.time(large, &mut Random(round)).await?;
        if round >= WARM_UP {
            small_times.push(small_time);
            large_times.push(large_time);
            shown += rows;
        }
    }
    let (small, large) = (Times::of(small_times)?, Times::of(large_times)?);
    Ok(Row {
        request: request.name(),
        statements: longest,
        rows: u32::try_from(shown).map(f64::from)? / u32::try_from(rounds).map(f64::from)?,
        small,
        large,
        p50_ratio: large.p50_ms / small.p50_ms,
        indexes: plans.indexes.into_iter().collect(),
        full_scans: plans.scans.into_iter().collect(),
    })
}

/// `None` when nobody asked for bookings.
async fn book(large: &Clinic, count: u64, beside: &mut AnyConnection, is_sqlite: bool) -> Result<Option<Booking>> {
    let mut bookings = bookings::plan(large, count + 1)?;
    let Some(first) = bookings.pop().filter(|_| count > 0) else { return Ok(None) };
    let heard = statements::of(async {
        bookings::hold(&large.database, &first).await?;
        bookings::book(&large.database, &first).await
    });
    let heard = heard.await?;
    let measured = bookings::measure(&large.database, bookings).await?;
    if !is_sqlite {
        clinic::run(beside, "ANALYZE".to_owned()).await?;
    }
    let plans = statements::explain(beside, is_sqlite, &heard).await?;
    let bookings = measured.each.len();
    Ok(Some(Booking {
        writers: WRITERS,
        bookings,
        per_second: u32::try_from(bookings).map(f64::from)? / measured.took.as_secs_f64(),
        each: Times::of(measured.each)?,
        statements: heard.len(),
        full_scans: plans.scans.into_iter().collect(),
    }))
}
