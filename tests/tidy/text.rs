//! Rules about a file's text and name: its length, its opening, `unsafe`, words that say "not finished", names that
//! say nothing, registries in lock files.

use crate::Findings;
use crate::source::tokens;
use crate::tree::Tree;

const MAX_LINES: usize = 800;

pub(crate) fn check_sizes(tree: &Tree) -> Findings {
    let ours = tree.all().filter(|(file, _)| !file.ends_with(".json"));
    let long = ours.map(|(file, text)| (file, text.lines().count())).filter(|(_, lines)| *lines > MAX_LINES);
    long.map(|(file, lines)| format!("{file}: {lines} lines, the limit is {MAX_LINES}: split it by job")).collect()
}

pub(crate) fn check_module_docs(tree: &Tree) -> Findings {
    let bare = tree.rust().filter(|(_, text)| !text.trim_start().starts_with("//!"));
    bare.map(|(file, _)| format!("{file}: opens without `//!`: its job, its state, what it must not do")).collect()
}

/// Where `unsafe` stands outside `sfu::io`, and why.
const UNSAFE_EXCEPTIONS: [(&str, &str); 2] = [
    ("sfu/src/prefetch.rs", "a hint to the processor, which reads and writes nothing, has no safe form (ADR 0019)"),
    ("sim/src/chance.rs", "std's hash maps take their keys from a symbol of the C library alone (ADR 0023)"),
];

/// Lines above an `unsafe` among which its SAFETY comment is looked for.
const SAFETY_REACH: usize = 4;

pub(crate) fn check_unsafe(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (file, text) in tree.rust().filter(|(_, text)| tokens(text).iter().any(|token| token == "unsafe")) {
        let in_io = file.starts_with("sfu/src/io/") || file == "sfu/src/io.rs";
        if !in_io && !UNSAFE_EXCEPTIONS.iter().any(|(excepted, _)| *excepted == file) {
            findings.push(format!("{file}: unsafe outside sfu::io"));
        }
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in
            lines.iter().enumerate().filter(|(_, line)| tokens(line).iter().any(|token| token == "unsafe"))
        {
            let near = &lines[at.saturating_sub(SAFETY_REACH)..=at];
            if !line.trim_start().starts_with("//")
                && !near.iter().any(|line| line.contains("SAFETY") || line.contains("# Safety"))
            {
                findings.push(format!("{file}:{}: unsafe without a SAFETY comment", at + 1));
            }
        }
    }
    findings
}

/// Words of a file's or folder's name that say nothing about its job (STYLE 4).
const EMPTY_NAMES: [&str; 7] = ["utils", "util", "helpers", "helper", "common", "manager", "misc"];

pub(crate) fn check_names(tree: &Tree) -> Findings {
    let says_nothing = |file: &str| file.split(['/', '.', '_', '-']).any(|word| EMPTY_NAMES.contains(&word));
    tree.all()
        .filter(|(file, _)| says_nothing(file))
        .map(|(file, _)| format!("{file}: name it after its job"))
        .collect()
}

/// Split, so that this file does not find itself.
const LEFTOVERS: [&str; 4] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];

pub(crate) fn check_leftovers(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (file, text) in tree.all().filter(|(file, _)| !file.ends_with(".json")) {
        for (at, line) in text.lines().enumerate() {
            let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            if let Some(word) = words.find(|word| LEFTOVERS.contains(word)) {
                findings.push(format!("{file}:{}: {word}: do it, or file an issue", at + 1));
            }
        }
    }
    findings
}

/// A `resolved` address ties the tree to the registry of whoever locked it; npm finds packages by name and hash.
pub(crate) fn check_npm_locks(tree: &Tree) -> Findings {
    let locks = tree.all().filter(|(file, _)| file.ends_with("package-lock.json"));
    let tied = locks.filter(|(_, text)| text.contains("\"resolved\": \"http"));
    tied.map(|(file, _)| format!("{file}: has `resolved`; lock with omit-lockfile-registry-resolved=true")).collect()
}

#[test]
fn a_file_over_the_limit_is_found() {
    let (long, just) = ("//\n".repeat(MAX_LINES + 1), "//\n".repeat(MAX_LINES));
    assert_eq!(check_sizes(&Tree::of(&[("a.rs", &long), ("b.rs", &just)])).len(), 1);
}

#[test]
fn a_module_without_an_opening_is_found() {
    assert_eq!(check_module_docs(&Tree::of(&[("a.rs", "use std::fmt;"), ("b.rs", "//! Job.")])).len(), 1);
}

#[test]
fn unsafe_is_found_outside_io_and_where_it_gives_no_reason() {
    let with_reason = "// SAFETY: the buffer outlives the call\nunsafe { go() }";
    let tree = Tree::of(&[("sfu/src/io/a.rs", with_reason), ("sfu/src/io/b.rs", "unsafe { go() }")]);
    assert_eq!(check_unsafe(&tree), ["sfu/src/io/b.rs:1: unsafe without a SAFETY comment"]);
    assert_eq!(check_unsafe(&Tree::of(&[("src/a.rs", with_reason)])), ["src/a.rs: unsafe outside sfu::io"]);
}

#[test]
fn an_empty_name_is_found() {
    assert_eq!(check_names(&Tree::of(&[("src/http_utils.rs", ""), ("src/rooms.rs", "")])).len(), 1);
}

#[test]
fn a_leftover_is_found() {
    let line = format!("// {}: later", LEFTOVERS[0]);
    assert_eq!(check_leftovers(&Tree::of(&[("a.js", &line)])).len(), 1);
}

#[test]
fn a_lock_with_a_registry_is_found() {
    let lock = format!("{{\"resolved\": \"{}://example.org/a.tgz\"}}", "https");
    assert_eq!(check_npm_locks(&Tree::of(&[("web/package-lock.json", &lock)])).len(), 1);
}
