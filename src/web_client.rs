//! The web client, compiled into the binary: which path gives which file. Knows no HTTP.

use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "web-client/public"]
struct Files;

pub struct Page {
    pub bytes: std::borrow::Cow<'static, [u8]>,
    pub content_type: String,
    /// Strong entity tag with its quotes (RFC 9110 §8.8.3): the content's SHA-256.
    pub etag: String,
}

/// The file of a request path; `/visit` is short for `/visit.html`, `/` for `/index.html`.
#[must_use]
pub fn page(path: &str) -> Option<Page> {
    let path = path.strip_prefix('/')?;
    match path {
        "" => read("index.html"),
        path if path.contains('.') => read(path),
        path => read(&format!("{path}.html")),
    }
}

/// Shown for a path that names nothing.
#[must_use]
pub fn not_found_page() -> Option<Page> {
    read("404.html")
}

fn read(path: &str) -> Option<Page> {
    let EmbeddedFile { data, metadata, .. } = Files::get(path)?;
    let hash: String = metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let content_type = match metadata.mimetype() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    Some(Page { bytes: data, content_type, etag: format!("\"{hash}\"") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_folder() {
        for path in ["/../Cargo.toml", "/js/../../Cargo.toml", "/%2e%2e/Cargo.toml", "//etc/passwd", "no-slash.js"] {
            assert!(page(path).is_none(), "{path}");
        }
    }

    #[test]
    fn scripts_are_served_as_javascript() {
        assert_eq!(page("/vendor/preact.js").unwrap().content_type, "text/javascript; charset=utf-8");
    }
}
