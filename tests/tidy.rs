//! Holds what the compiler and clippy do not: the arrows of ARCHITECTURE.md, the size of files, dead files, where
//! `unsafe` may stand, words that do not belong in a finished tree.
//!
//! Reads the work tree as text, knows no Rust beyond what `source` lexes, and depends on nothing. Each rule is a
//! function from made-up or real files to a list of findings, so that a test beside it shows that it can fail.
#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "all of it is test: what goes wrong in it fails, as it should"
)]

#[path = "tidy/arrows.rs"]
mod arrows;
#[path = "tidy/dead_files.rs"]
mod dead_files;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/text.rs"]
mod text;
#[path = "tidy/tree.rs"]
mod tree;

use tree::Tree;

/// What a rule found: one line for a person, beginning with the file.
type Findings = Vec<String>;

#[test]
fn sfu_modules_use_only_what_the_architecture_lets_them() {
    assert_clean(&arrows::check_modules(&Tree::read(), &arrows::SFU));
}

#[test]
fn server_modules_use_only_what_the_architecture_lets_them() {
    assert_clean(&arrows::check_modules(&Tree::read(), &arrows::SERVER));
}

#[test]
fn crates_depend_only_on_what_the_architecture_lets_them() {
    assert_clean(&arrows::check_crates(&Tree::read()));
}

#[test]
fn sfu_outside_io_shares_nothing_between_threads() {
    assert_clean(&arrows::check_sharing(&Tree::read()));
}

#[test]
fn unsafe_stands_only_in_sfu_io_and_says_why_it_is_sound() {
    assert_clean(&text::check_unsafe(&Tree::read()));
}

#[test]
fn every_rust_file_is_reached_by_a_mod() {
    assert_clean(&dead_files::check(&Tree::read()));
}

#[test]
fn no_file_is_longer_than_the_limit() {
    assert_clean(&text::check_sizes(&Tree::read()));
}

#[test]
fn every_module_opens_with_its_job() {
    assert_clean(&text::check_module_docs(&Tree::read()));
}

#[test]
fn no_file_is_named_after_nothing() {
    assert_clean(&text::check_names(&Tree::read()));
}

#[test]
fn nothing_is_left_for_later() {
    assert_clean(&text::check_leftovers(&Tree::read()));
}

#[test]
fn lock_files_name_no_registry() {
    assert_clean(&text::check_npm_locks(&Tree::read()));
}

fn assert_clean(findings: &Findings) {
    assert!(findings.is_empty(), "{} finding(s):\n  {}", findings.len(), findings.join("\n  "));
}
