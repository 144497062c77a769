//! The command `kenes`: reads the configuration, starts the server, waits for a signal, drains.

use anyhow::{Context as _, bail};
use kenes::config::{self, Config};
use kenes::{Server, logging};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
kenes [--config FILE]                start the server
kenes check-config [--config FILE]   say what is wrong with the configuration and start nothing
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
    }
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
    Help,
    Version,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Arguments> {
    let mut parsed = Arguments { action: Action::Serve, config: None };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--config" => parsed.config = Some(arguments.next().context("--config needs a file")?.into()),
            "check-config" => parsed.action = Action::CheckConfig,
            "--help" | "-h" => parsed.action = Action::Help,
            "--version" | "-V" => parsed.action = Action::Version,
            other => bail!("unknown argument `{other}`\n{USAGE}"),
        }
    }
    Ok(parsed)
}
