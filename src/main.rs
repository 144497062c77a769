//! The command `kenes`: reads the configuration, starts the server, waits for a signal, drains. Besides, the chores of whoever
//! keeps it: backup, restore, checking the audit trail.

use anyhow::{Context as _, bail};
use kenes::accounts::recovery;
use kenes::config::{self, Config};
use kenes::doctor::{self, Report, Way};
use kenes::storage::audit::{self, Chain};
use kenes::storage::{Database, backup};
use kenes::{Server, clock, logging};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
kenes [--config FILE]                start the server
kenes check-config [--config FILE]   say what is wrong with the configuration and start nothing
kenes backup FILE [--config FILE]    copy the SQLite database, beside a running server
kenes restore FILE [--config FILE]   put such a copy back, while no server runs; the database that it replaces is kept
kenes audit verify [--config FILE]   say whether the audit trail is as it was written
kenes doctor [URL] [--json]          name the broken hop: of this server, or on the way from here to the server at URL [--config FILE]
kenes admin reset-password LOGIN     give LOGIN a one-time password, beside a running server [--config FILE]
kenes --version | --help
Every key, with unit, default and range: config/default.toml. Environment: KENES_<SECTION>_<KEY>.";

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kenes: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let arguments = parse(arguments)?;
    let read = || config::load(arguments.config.as_deref(), environment());
    match arguments.action {
        Action::Help => println!("{USAGE}"),
        Action::Version => println!("kenes {}", env!("CARGO_PKG_VERSION")),
        Action::CheckConfig => {
            read()?;
            println!("the configuration is valid");
        }
        Action::Serve => return serve(read()?),
        Action::Backup(file) => return block_on(back_up(&read()?.storage, &file)),
        Action::Restore(file) => return block_on(restore(&read()?.storage, &file)),
        Action::VerifyAudit => return block_on(verify_audit(&read()?.storage)),
        Action::Doctor { url, json } => return block_on(examine(url.as_deref(), json, read)),
        Action::ResetPassword(login) => return block_on(reset_password(&read()?.storage, &login)),
    }
    Ok(())
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new().context("cannot start the async runtime")?.block_on(work)
}

async fn back_up(storage: &config::Storage, file: &Path) -> anyhow::Result<()> {
    require_sqlite(storage, "pg_dump")?;
    let bytes = backup::backup(&storage.data_folder, file).await?;
    println!("{}: {bytes} bytes", file.display());
    Ok(())
}

async fn restore(storage: &config::Storage, file: &Path) -> anyhow::Result<()> {
    require_sqlite(storage, "pg_restore")?;
    match backup::restore(&storage.data_folder, file, clock::unix_ms()).await? {
        Some(replaced) => println!("restored; the database before it: {}", replaced.display()),
        None => println!("restored"),
    }
    Ok(())
}

fn require_sqlite(storage: &config::Storage, instead: &str) -> anyhow::Result<()> {
    if storage.database_url.is_some() {
        bail!("the database is PostgreSQL, by storage.database_url: use its own {instead}");
    }
    Ok(())
}

async fn verify_audit(storage: &config::Storage) -> anyhow::Result<()> {
    let database = Database::open_to_read(&storage.data_folder, storage.database_url.as_deref()).await?;
    match audit::verify(&database).await? {
        Chain::Intact { rows, head } => println!("the audit trail is intact: {rows} rows, the last with hash {head}"),
        Chain::BrokenAt { seq } => bail!("the audit trail is broken at row {seq}"),
        Chain::WrongEnd { rows, expected } => bail!("the audit trail has {rows} rows and should end at row {expected}"),
    }
    Ok(())
}

async fn examine(
    url: Option<&str>,
    json: bool,
    read: impl FnOnce() -> Result<Config, config::ConfigError>,
) -> anyhow::Result<()> {
    let findings = match url {
        Some(url) => doctor::examine_way(&Way::to(url)?).await,
        None => {
            let config = read()?;
            let mut findings = doctor::examine_machine(&config).await;
            findings.extend(doctor::examine_way(&Way::to_own(&config)?).await);
            findings
        }
    };
    let report = Report { findings };
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{report}");
    }
    match report.first_broken() {
        Some(finding) => bail!("{} is broken", finding.hop),
        None => Ok(()),
    }
}

async fn reset_password(storage: &config::Storage, login: &str) -> anyhow::Result<()> {
    let database = Database::open_beside(&storage.data_folder, storage.database_url.as_deref()).await?;
    let password = recovery::reset_password(&database, login, clock::unix_ms()).await?;
    database.close().await;
    println!("one-time password: {}", password.reveal());
    Ok(())
}

fn serve(config: Config) -> anyhow::Result<()> {
    logging::start(&config.log);
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(async {
        let stop = stop_signal()?;
        let server = Server::start(config).await?;
        // Nobody may be reading; the server runs all the same.
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(server.announcement().as_bytes()).and_then(|()| out.flush());
        drop(out);
        stop.await;
        tracing::info!("stopping");
        server.shutdown().await;
        Ok(())
    })
}

/// Resolves at Ctrl-C, and at SIGTERM where there is such a thing.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .context("cannot listen for SIGTERM")?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// Variables that are not Unicode cannot be ours.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

struct Arguments {
    action: Action,
    config: Option<PathBuf>,
}

enum Action {
    Serve,
    CheckConfig,
    Backup(PathBuf),
    Restore(PathBuf),
    VerifyAudit,
    /// Of this machine's server without a URL.
    Doctor {
        url: Option<String>,
        json: bool,
    },
    ResetPassword(String),
    Help,
    Version,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Arguments> {
    let mut parsed = Arguments { action: Action::Serve, config: None };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--config" => parsed.config = Some(arguments.next().context("--config needs a file")?.into()),
            "check-config" => parsed.action = Action::CheckConfig,
            "backup" => parsed.action = Action::Backup(arguments.next().context("backup needs a file")?.into()),
            "restore" => parsed.action = Action::Restore(arguments.next().context("restore needs a file")?.into()),
            "audit" => match arguments.next().as_deref() {
                Some("verify") => parsed.action = Action::VerifyAudit,
                _ => bail!("audit needs `verify`\n{USAGE}"),
            },
            "doctor" => parsed.action = Action::Doctor { url: None, json: false },
            "--json" if let Action::Doctor { json, .. } = &mut parsed.action => *json = true,
            given
                if !given.starts_with('-')
                    && let Action::Doctor { url: url @ None, .. } = &mut parsed.action =>
            {
                *url = Some(given.to_owned());
            }
            "admin" => match (arguments.next().as_deref(), arguments.next()) {
                (Some("reset-password"), Some(login)) => parsed.action = Action::ResetPassword(login),
                _ => bail!("admin needs `reset-password` and a login\n{USAGE}"),
            },
            "--help" | "-h" => parsed.action = Action::Help,
            "--version" | "-V" => parsed.action = Action::Version,
            other => bail!("unknown argument `{other}`\n{USAGE}"),
        }
    }
    Ok(parsed)
}
