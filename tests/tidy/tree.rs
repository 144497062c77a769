//! The work tree as a map from path to text: read from disk for the rules' real run, written by hand for their own
//! tests. Leaves out what is not ours (vendored, installed, built).

use std::collections::BTreeMap;
use std::path::Path;

/// Folders whose content somebody else wrote or a program made.
const NOT_OURS: [&str; 8] = [".git", "target", "node_modules", "vendor", "data", "output", "golden", "fuzz-corpus"];

const READ: [&str; 8] = ["rs", "toml", "js", "mjs", "css", "html", "json", "sh"];

/// Files by path relative to the root, with `/`, in order.
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    pub(crate) fn read() -> Self {
        let mut files = BTreeMap::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        read_folder(root, root, &mut files);
        assert!(files.contains_key("Cargo.toml"), "{} is the workspace", root.display());
        Self { files }
    }

    /// A tree made up in a test.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect() }
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all().filter(|(path, _)| path.ends_with(".rs"))
    }

    /// The Rust files below `folder`, by their path from there.
    pub(crate) fn rust_below(&self, folder: &str) -> impl Iterator<Item = (&str, &str)> {
        self.rust().filter_map(move |(path, text)| Some((path.strip_prefix(folder)?.strip_prefix('/')?, text)))
    }
}

fn read_folder(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the work tree can be listed") {
        let path = entry.expect("an entry of the work tree can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !NOT_OURS.contains(&name.as_str()) {
                read_folder(root, &path, files);
            }
        } else if path.extension().is_some_and(|extension| READ.iter().any(|read| extension == *read)) {
            let relative = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            files.insert(relative, std::fs::read_to_string(&path).expect("our files are UTF-8"));
        }
    }
}
