//! Every `.rs` file is reached by `mod` from a root that cargo builds. A file that nobody declares is neither compiled
//! nor tested, and reads as if it were.

use std::collections::BTreeSet;

use crate::Findings;
use crate::source::declared_modules;
use crate::tree::Tree;

pub(crate) fn check(tree: &Tree) -> Findings {
    let mut reached = BTreeSet::new();
    for (file, _) in tree.rust().filter(|(file, _)| is_root(file)) {
        reach(tree, file, &mut reached);
    }
    let dead = tree.rust().filter(|(file, _)| !reached.contains(*file));
    dead.map(|(file, _)| format!("{file}: no `mod` leads here")).collect()
}

/// What cargo itself starts from: `src/{lib,main}.rs`, `build.rs`, and each file or folder with a `main.rs` in the
/// folders of binaries, tests, examples, benches and fuzz targets.
fn is_root(file: &str) -> bool {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let holds_roots = |folder: &str| ["bin", "tests", "examples", "benches", "fuzz_targets"].contains(&&*last(folder));
    match name {
        "build.rs" => true,
        "lib.rs" => last(folder) == "src",
        "main.rs" => last(folder) == "src" || folder.rsplit_once('/').is_some_and(|(above, _)| holds_roots(above)),
        _ => holds_roots(folder),
    }
}

fn reach(tree: &Tree, file: &str, reached: &mut BTreeSet<String>) {
    if !reached.insert(file.to_owned()) {
        return;
    }
    let text = tree.text(file).unwrap_or_default();
    for (inline, name) in declared_modules(text) {
        let path = path_attributes(text, &name).map(|path| format!("{}/{path}", folder_of(file)));
        let below = [vec![own_folder(file)], inline, vec![name]].concat().join("/");
        let candidates = [path.unwrap_or_default(), format!("{below}.rs"), format!("{below}/mod.rs")];
        for candidate in candidates.iter().map(|path| path.trim_start_matches('/')) {
            if tree.text(candidate).is_some() {
                reach(tree, candidate, reached);
            }
        }
    }
}

/// The folder in which a file's modules lie: beside a root or a `mod.rs`, else in a folder of the file's name.
fn own_folder(file: &str) -> String {
    let is_owner = is_root(file) || file.ends_with("/mod.rs");
    if is_owner { folder_of(file).to_owned() } else { file.trim_end_matches(".rs").to_owned() }
}

fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The value of a `#[path = ".."]` written on the line before `mod name;`.
fn path_attributes<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut before = "";
    for line in text.lines().map(str::trim) {
        if line.ends_with(&format!("mod {name};")) {
            return before.strip_prefix("#[path = \"")?.strip_suffix("\"]");
        }
        before = line;
    }
    None
}

#[test]
fn a_file_that_nobody_declares_is_found() {
    let tree = Tree::of(&[("src/lib.rs", "mod a; // mod dead;"), ("src/a.rs", ""), ("src/dead.rs", "")]);
    assert_eq!(check(&tree), ["src/dead.rs: no `mod` leads here"]);
}

#[test]
fn modules_are_followed_into_folders_inline_parents_and_given_paths() {
    let tree = Tree::of(&[
        ("x/src/main.rs", "mod a; mod b { mod c; }"),
        ("x/src/a.rs", "mod d;"),
        ("x/src/a/d/mod.rs", "mod e;"),
        ("x/src/a/d/e.rs", ""),
        ("x/src/b/c.rs", ""),
        ("tests/tidy.rs", "#[path = \"tidy/f.rs\"]\nmod f;"),
        ("tests/tidy/f.rs", ""),
        ("tests/integration/main.rs", "mod g;"),
        ("tests/integration/g.rs", ""),
    ]);
    assert_eq!(check(&tree), Findings::new());
}
