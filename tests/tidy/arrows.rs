//! The arrows of ARCHITECTURE.md as tables: which module of `sfu` and of the server may use which, what the crates
//! may depend on, and what stays out of a shard. A module that no table names is a finding, so that a new one gets
//! its place on purpose.

use crate::Findings;
use crate::source::{paths, shipped_tokens};
use crate::tree::Tree;

/// One crate's modules and their arrows.
pub(crate) struct Arrows {
    pub(crate) folder: &'static str,
    /// Modules of plain values, which every module may use and which use only each other.
    pub(crate) ground: &'static [&'static str],
    pub(crate) modules: &'static [Module],
}

/// A module directly below the crate's root, with everything inside it.
pub(crate) struct Module {
    pub(crate) name: &'static str,
    /// Whole modules, or single items of one (`config::Log`).
    pub(crate) uses: &'static [&'static str],
    /// Crates that it must not name.
    pub(crate) never: &'static [&'static str],
}

const fn module(name: &'static str, uses: &'static [&'static str]) -> Module {
    Module { name, uses, never: &[] }
}

const fn pure(name: &'static str, uses: &'static [&'static str], never: &'static [&'static str]) -> Module {
    Module { name, uses, never }
}

pub(crate) const SFU: Arrows = Arrows {
    folder: "sfu/src",
    ground: &["ids", "moment", "units", "description", "command", "event", "counters", "batch", "measure", "prefetch"],
    modules: &[
        module("io", &["shard"]),
        module("shard", &["demux", "uplink", "router", "downlink", "transport", "packet", "rtp", "rtcp"]),
        module("demux", &[]),
        module("uplink", &["publisher", "transport", "packet", "rtp", "rtcp"]),
        module("downlink", &["subscriber", "bandwidth", "transport", "packet", "rtp", "rtcp"]),
        module("router", &["packet", "rtp"]),
        module("packet", &["rtp", "rtcp::NtpTime"]),
        module("publisher", &["packet", "rtp", "rtcp"]),
        module("subscriber", &["packet", "rtp", "rtcp"]),
        module("bandwidth", &["packet", "rtp", "rtcp"]),
        module("transport", &["rtp", "rtcp", "demux"]),
        module("sdp", &[]),
        module("rtp", &[]),
        module("rtcp", &["rtp::sequence::ExtendedSeq"]),
    ],
};

const HTTP: &[&str] = &["axum", "hyper", "tower", "http"];

pub(crate) const SERVER: Arrows = Arrows {
    folder: "src",
    ground: &[],
    modules: &[
        module("app", &["accounts", "address_limit", "messages", "presence", "rooms", "metrics", "storage", "tokens"]),
        module("router", &["app", "endpoints"]),
        module(
            "endpoints",
            &[
                "accounts",
                "address_limit",
                "app",
                "booking",
                "calendar",
                "clock",
                "rooms",
                "tokens",
                "messages",
                "links",
                "metrics",
                "presence",
                "web_client",
                "model",
                "storage",
            ],
        ),
        pure("visits", &["booking", "clock", "rooms", "model", "metrics", "storage"], HTTP),
        module("rooms", &["clock", "tokens", "model", "metrics"]),
        // Neither reads the clock: `now` is a parameter.
        pure("model", &[], &["axum", "hyper", "tower", "http", "rusqlite", "sqlx", "tokio", "rand", "aws_lc_rs"]),
        pure("storage", &["model"], HTTP),
        pure("calendar", &["model", "storage"], HTTP),
        pure("booking", &["accounts", "messages", "model", "storage"], HTTP),
        pure("accounts", &["config::Oidc", "model", "storage"], HTTP),
        pure(
            "doctor",
            &["clock", "config::Config", "config::Messages", "config::Storage", "links", "messages", "storage"],
            HTTP,
        ),
        pure("upkeep", &["accounts", "booking", "clock", "metrics", "model", "presence", "storage"], HTTP),
        pure("demo", &["accounts", "booking", "model", "storage"], HTTP),
        pure(
            "messages",
            &[
                "accounts",
                "clock",
                "config::Messages",
                "config::Sms",
                "config::Smtp",
                "config::SmtpSecurity",
                "links",
                "metrics",
                "model",
                "storage",
            ],
            HTTP,
        ),
        // Leaves. `config` is among nobody's uses: main and lib read it and hand on what a module needs, at
        // most its own section. A zone's name is known to none but the model.
        pure("config", &["model::time::Zone"], HTTP),
        pure("tokens", &[], HTTP),
        pure("links", &["tokens"], HTTP),
        pure("clock", &[], HTTP),
        pure("address_limit", &["clock"], HTTP),
        pure("presence", &["clock", "model"], HTTP),
        pure("metrics", &[], HTTP),
        pure("logging", &["config::Log"], HTTP),
        module("tls", &["config::CertificateFiles"]),
        module("listener", &["app", "router", "endpoints::cookie::OverTls", "tls"]),
        module("web_client", &[]),
    ],
};

/// The files of a crate's root, which put the modules together and may name them all.
const ROOT_FILES: [&str; 2] = ["lib.rs", "main.rs"];

pub(crate) fn check_modules(tree: &Tree, arrows: &Arrows) -> Findings {
    let mut findings = Findings::new();
    let files = tree.rust_below(arrows.folder).filter(|(file, _)| !ROOT_FILES.contains(file) && !is_test_file(file));
    for (file, text) in files {
        let inside = module_path(file);
        let own = inside[0].as_str();
        let (uses, never) = if arrows.ground.contains(&own) {
            (&[][..], HTTP)
        } else if let Some(module) = arrows.modules.iter().find(|module| module.name == own) {
            (module.uses, module.never)
        } else {
            findings.push(format!("{}/{file}: tests/tidy/arrows.rs has no place for `{own}`", arrows.folder));
            continue;
        };
        for path in paths(&shipped_tokens(text)) {
            let written = path.join("::");
            let is_item = |item: &&str| item.contains("::") && written.ends_with(*item);
            let forbidden = match top_module(&path, &inside) {
                Some(used) => {
                    used != own && !uses.contains(&used) && !arrows.ground.contains(&used) && !uses.iter().any(is_item)
                }
                None => never.contains(&path[0].as_str()),
            };
            if forbidden {
                findings.push(format!("{}/{file}: {own} must not use {written}", arrows.folder));
            }
        }
    }
    findings
}

/// A module's tests in a file of their own.
fn is_test_file(file: &str) -> bool {
    file.ends_with("_tests.rs") || file.ends_with("/tests.rs") || file.contains("tests/")
}

/// Where a file stands in its crate: `a/b.rs` and `a/b/mod.rs` are `a::b`.
fn module_path(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// The module below the crate's root that `path` leads to, from a file at `inside`; `None` for another crate's path or
/// one that stays where it is.
fn top_module<'a>(path: &'a [String], inside: &'a [String]) -> Option<&'a str> {
    let first = path.first()?;
    if first == "crate" {
        return path.get(1).map(String::as_str);
    }
    let ups = path.iter().take_while(|segment| *segment == "super").count();
    if ups == 0 || ups > inside.len() {
        return None;
    }
    inside[..inside.len() - ups].first().or_else(|| path.get(ups)).map(String::as_str)
}

/// What a crate's `[dependencies]` must not have; a name ending in `*` stands for all that begin so.
const CRATES: [(&str, &[&str]); 6] = [
    ("signaling", &["kenes*", "axum*", "tokio*", "hyper*", "tower*", "rusqlite", "sqlx*", "aws-lc*", "rand"]),
    ("sfu", &["kenes*", "axum*", "tokio*", "hyper*", "tower*", "rusqlite", "sqlx*", "webrtc", "rtc", "str0m"]),
    ("relay", &["kenes*", "axum*", "hyper*", "tower*", "rusqlite", "sqlx*", "rustls*", "webrtc", "rtc", "str0m"]),
    ("link", &["kenes*", "axum*", "tokio*", "str0m"]),
    ("sim", &["kenes", "kenes-signaling", "kenes-bench*", "axum*", "tokio*"]),
    (".", &["kenes-bench", "kenes-sim", "webrtc", "rtc", "str0m"]),
];

pub(crate) fn check_crates(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (folder, never) in CRATES {
        let manifest = if folder == "." { "Cargo.toml".to_owned() } else { format!("{folder}/Cargo.toml") };
        for dependency in dependencies(tree.text(&manifest).unwrap_or_default()) {
            let is_named = |never: &&str| match never.strip_suffix('*') {
                Some(start) => dependency.starts_with(start),
                None => dependency == *never,
            };
            if never.iter().any(is_named) {
                findings.push(format!("{manifest}: must not depend on {dependency}"));
            }
        }
    }
    findings
}

/// The names below `[dependencies]` and `[target.*.dependencies]`; development and workspace ones are not looked at.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut in_section = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let target = section.starts_with("target.") && section.ends_with(".dependencies]");
            in_section = section == "dependencies]" || target;
        } else if in_section && !line.starts_with('#') {
            let name: String = line.chars().take_while(|c| c.is_alphanumeric() || "-_".contains(*c)).collect();
            names.extend((!name.is_empty()).then_some(name));
        }
    }
    names
}

/// Where a shard's code has to name what it otherwise must not, and why.
const SHARING_EXCEPTIONS: [(&str, &str, &str); 1] =
    [("sfu/src/transport/dtls.rs", "Arc", "dimpl takes its configuration in an Arc; nobody else holds it")];

/// A shard belongs to one thread: nothing in it may be made for sharing (STYLE 10).
pub(crate) fn check_sharing(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    let outside_io = |file: &str| !file.starts_with("io/") && file != "io.rs" && !is_test_file(file);
    for (file, text) in tree.rust_below("sfu/src").filter(|(file, _)| outside_io(file)) {
        let file = format!("sfu/src/{file}");
        let mut tokens = shipped_tokens(text);
        tokens.sort_unstable();
        tokens.dedup();
        for token in tokens.iter().filter(|token| is_for_sharing(token)) {
            if !SHARING_EXCEPTIONS.iter().any(|(excepted, name, _)| *excepted == file && name == token) {
                findings.push(format!("{file}: `{token}` has no place in a shard"));
            }
        }
    }
    findings
}

fn is_for_sharing(token: &str) -> bool {
    let named = ["Arc", "Mutex", "RwLock", "Condvar", "OnceLock", "LazyLock", "thread_local", "async", "await"];
    named.contains(&token) || token.starts_with("Atomic")
}

#[cfg(test)]
const MADE_UP: Arrows =
    Arrows { folder: "x/src", ground: &["ids"], modules: &[module("top", &["leaf"]), pure("leaf", &[], &["axum"])] };

#[test]
fn an_arrow_against_the_table_is_found_however_it_is_written() {
    for line in ["use crate::top::Top;", "use crate::{ids, top};", "fn f() { super::top::go(); }"] {
        let tree = Tree::of(&[("x/src/leaf.rs", line)]);
        assert_eq!(check_modules(&tree, &MADE_UP).len(), 1, "{line}");
    }
    let deeper = Tree::of(&[("x/src/leaf/deep.rs", "use super::super::top;")]);
    assert_eq!(check_modules(&deeper, &MADE_UP).len(), 1);
}

#[test]
fn arrows_along_the_table_inside_a_module_and_in_tests_are_fine() {
    let tree = Tree::of(&[
        ("x/src/lib.rs", "pub mod top; use crate::top::Top;"),
        ("x/src/top.rs", "use crate::{ids::Id, leaf}; use std::time;"),
        ("x/src/leaf/deep.rs", "use super::other; use crate::leaf; #[cfg(test)] mod tests { use crate::top; }"),
    ]);
    assert_eq!(check_modules(&tree, &MADE_UP), Findings::new());
}

#[test]
fn a_forbidden_crate_and_a_module_without_a_place_are_found() {
    let tree = Tree::of(&[("x/src/leaf.rs", "use axum::Router;"), ("x/src/new.rs", "")]);
    let findings = check_modules(&tree, &MADE_UP).join("\n");
    assert!(findings.contains("leaf must not use axum::Router"), "{findings}");
    assert!(findings.contains("no place for `new`"), "{findings}");
}

#[test]
fn a_forbidden_dependency_is_found_and_a_development_one_is_not() {
    let sfu = "[dependencies]\ntokio.workspace = true\n[dev-dependencies]\nstr0m = \"1\"";
    let findings = check_crates(&Tree::of(&[("sfu/Cargo.toml", sfu)]));
    assert_eq!(findings, ["sfu/Cargo.toml: must not depend on tokio"]);
}

#[test]
fn sharing_is_found_outside_io_alone() {
    let line = "use std::sync::{Arc, atomic::AtomicU64}; async fn f() {}";
    let tree = Tree::of(&[("sfu/src/io/thread.rs", line), ("sfu/src/shard.rs", line)]);
    assert_eq!(check_sharing(&tree).len(), 3);
}
