//! The example server of webrtc-rs' `sfu` crate, built from the published crate with its own lock file.

use super::{cached, carry_out, output_of, write};
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = "0.5.0";
const MANIFEST: &str = "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[dependencies]\n";

/// # Errors
/// There is no cache folder.
pub fn version() -> Result<Option<String>> {
    Ok(binary()?.is_file().then(|| VERSION.to_owned()))
}

/// # Errors
/// There is no cache folder.
pub fn binary() -> Result<PathBuf> {
    Ok(cached(&format!("webrtc-rs-sfu-{VERSION}"))?.join("chat"))
}

pub(super) fn install() -> Result<()> {
    let folder = cached(&format!("webrtc-rs-sfu-{VERSION}"))?;
    let fetch = folder.join("fetch/Cargo.toml");
    write(&fetch, &format!("{MANIFEST}sfu = \"={VERSION}\"\n"))?;
    write(&folder.join("fetch/src/lib.rs"), "")?;
    let source = folder.join("source");
    carry_out(Command::new("cp").arg("-rT").arg(downloaded(&fetch)?).arg(&source))?;
    // Its example, optimised further than its own profile asks for: no worse than our release build.
    carry_out(
        Command::new("cargo")
            .args(["build", "--release", "--locked", "--example", "chat", "--manifest-path"])
            .arg(source.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "thin")
            .env_remove("RUSTFLAGS"),
    )?;
    std::fs::copy(folder.join("target/release/examples/chat"), binary()?)?;
    std::fs::remove_dir_all(folder.join("target")).context("cannot clear the build folder")
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
}

/// Where cargo put the crate.
fn downloaded(manifest: &Path) -> Result<PathBuf> {
    let mut metadata = Command::new("cargo");
    metadata.args(["metadata", "--format-version", "1", "--manifest-path"]).arg(manifest);
    let metadata: Metadata = serde_json::from_str(&output_of(&mut metadata)?)?;
    let package = metadata.packages.into_iter().find(|package| package.name == "sfu");
    let manifest = package.context("cargo did not download the crate")?.manifest_path;
    Ok(manifest.parent().context("a manifest without a folder")?.to_owned())
}
