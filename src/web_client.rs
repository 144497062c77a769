//! The web client, compiled into the binary: which path gives which file, as it is or gzipped. Owns the gzipped forms, each made
//! when it is first asked for. Knows no HTTP.

use axum::body::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use parking_lot::Mutex;
use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write as _};

#[derive(RustEmbed)]
#[folder = "web-client/public"]
struct Files;

type Hash = [u8; 32];

/// By the content's hash, because a development build reads its files anew; as many as there are files.
static GZIPPED: Mutex<BTreeMap<Hash, Bytes>> = Mutex::new(BTreeMap::new());

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coding {
    Identity,
    Gzip,
}

pub struct Page {
    pub bytes: Bytes,
    pub content_type: String,
    /// Strong entity tag with its quotes: the content's SHA-256, and the coding (RFC 9110 §8.8.3.3).
    pub etag: String,
    pub coding: Coding,
}

/// The file of a request path; `/visit` is short for `/visit.html`, `/` for `/index.html`. Gzipped only when `accepted` and text.
#[must_use]
pub fn page(path: &str, accepted: Coding) -> Option<Page> {
    let path = path.strip_prefix('/')?;
    match path {
        "" => read("index.html", accepted),
        path if path.contains('.') => read(path, accepted),
        path => read(&format!("{path}.html"), accepted),
    }
}

/// Shown for a path that names nothing.
#[must_use]
pub fn not_found_page(accepted: Coding) -> Option<Page> {
    read("404.html", accepted)
}

fn read(path: &str, accepted: Coding) -> Option<Page> {
    let EmbeddedFile { data, metadata, .. } = Files::get(path)?;
    let hash = metadata.sha256_hash();
    let tag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let content_type = match metadata.mimetype() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    let gzipped = (accepted == Coding::Gzip && is_text(&content_type)).then(|| gzipped(hash, &data).ok()).flatten();
    Some(match gzipped {
        Some(bytes) => Page { bytes, content_type, etag: format!("\"{tag}-gzip\""), coding: Coding::Gzip },
        None => Page { bytes: whole(data), content_type, etag: format!("\"{tag}\""), coding: Coding::Identity },
    })
}

fn is_text(content_type: &str) -> bool {
    content_type.starts_with("text/") || matches!(content_type, "application/json" | "image/svg+xml")
}

fn whole(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

fn gzipped(hash: Hash, data: &[u8]) -> io::Result<Bytes> {
    let mut known = GZIPPED.lock();
    if let Some(bytes) = known.get(&hash) {
        return Ok(bytes.clone());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data)?;
    let bytes = Bytes::from(encoder.finish()?);
    known.insert(hash, bytes.clone());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read as _;

    #[test]
    fn a_path_cannot_leave_the_folder() {
        for path in ["/../Cargo.toml", "/js/../../Cargo.toml", "/%2e%2e/Cargo.toml", "//etc/passwd", "no-slash.js"] {
            assert!(page(path, Coding::Identity).is_none(), "{path}");
        }
    }

    #[test]
    fn scripts_are_served_as_javascript() {
        let script = page("/vendor/preact.js", Coding::Identity).unwrap();
        assert_eq!(script.content_type, "text/javascript; charset=utf-8");
    }

    #[test]
    fn every_kind_of_text_is_gzipped_and_unpacks_to_itself() {
        for path in ["/visit", "/js/visit.js", "/css/base.css", "/icon.svg"] {
            let (plain, packed) = (page(path, Coding::Identity).unwrap(), page(path, Coding::Gzip).unwrap());
            assert_eq!((plain.coding, packed.coding), (Coding::Identity, Coding::Gzip), "{path}");
            assert_ne!(plain.etag, packed.etag, "{path}");
            let mut unpacked = Vec::new();
            GzDecoder::new(packed.bytes.as_ref()).read_to_end(&mut unpacked).unwrap();
            assert!(unpacked == plain.bytes && packed.bytes.len() < plain.bytes.len(), "{path}");
        }
    }
}
