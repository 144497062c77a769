//! TLS for HTTPS: from the configured files, or a certificate that this process signs for itself at start; and how long a
//! connection, with TLS or without, may stay silent.

mod first_bytes;
mod media;

pub use first_bytes::FirstBytesAcceptor;
pub use media::{IceTcpAcceptor, TurnAcceptor};

use crate::config::CertificateFiles;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot use `{key}` = {path}: {reason}")]
    File { key: &'static str, path: String, reason: String },
    #[error("cannot make a self-signed certificate: {0}")]
    SelfSigned(#[from] rcgen::Error),
    #[error("the certificate does not fit its key (`https.certificate_file`, `https.key_file`): {0}")]
    Rejected(#[from] rustls::Error),
}

/// `addresses` go into a self-signed certificate beside `localhost`.
///
/// # Errors
/// A file that cannot be read or does not hold what it should.
pub fn server_config(files: Option<&CertificateFiles>, addresses: &[IpAddr]) -> Result<Arc<ServerConfig>, TlsError> {
    let (chain, key) = match files {
        Some(files) => from_files(files)?,
        None => self_signed(addresses)?,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    // Over h2 a page's many modules share one handshake and their headers (RFC 7541). A browser offers http/1.1 alone for a
    // WebSocket, which upgrades from it (RFC 6455 §4.1).
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

type ChainAndKey = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn from_files(files: &CertificateFiles) -> Result<ChainAndKey, TlsError> {
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad_file("https.certificate_file", &files.certificate, &error))?;
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| bad_file("https.key_file", &files.key, &error))?;
    Ok((chain, key))
}

fn self_signed(addresses: &[IpAddr]) -> Result<ChainAndKey, TlsError> {
    let names = std::iter::once("localhost".to_owned()).chain(addresses.iter().map(IpAddr::to_string));
    let signed = rcgen::generate_simple_self_signed(names.collect::<Vec<_>>())?;
    let key = PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
    Ok((vec![signed.cert.der().clone()], key.into()))
}

fn bad_file(key: &'static str, path: &Path, reason: &rustls::pki_types::pem::Error) -> TlsError {
    TlsError::File { key, path: path.display().to_string(), reason: reason.to_string() }
}
