//! Where log lines go and how they look. What they say is decided where they are written: never names, tokens or chat.

use crate::config::Log;
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Writes to standard error, so that standard output holds the announcement alone. A second call does nothing.
pub fn start(log: &Log) {
    let filter = EnvFilter::new(&log.filter);
    let is_terminal = std::io::stderr().is_terminal();
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(is_terminal);
    // Fails when a subscriber is set already (several servers in one test process): the first one serves all.
    let _already_set = if log.json { subscriber.json().try_init() } else { subscriber.try_init() };
}
