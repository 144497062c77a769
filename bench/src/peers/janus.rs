//! Janus as Debian ships it.

use super::{debian_version, ensure_debian_packages};
use anyhow::Result;

/// # Errors
/// The machine cannot say what is installed.
pub fn version() -> Result<Option<String>> {
    debian_version("janus")
}

pub(super) fn install() -> Result<()> {
    ensure_debian_packages(&["janus"])
}
