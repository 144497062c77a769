//! From a person's link to an open WebSocket with a join token in hand, as the web client does it.
//!
//! Holds no state. Knows the way in of `signaling/PROTOCOL.md` ("Before the socket") and nothing of what is said after it.

use anyhow::{Context as _, Result, bail, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;

pub(crate) type Socket = WebSocketStream<Box<dyn Stream>>;

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// `http://host:port/visit#invitation`, as the server prints it.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    host: String,
    port: u16,
    tls: bool,
    invitation: String,
}

/// What an invitation is exchanged for.
#[derive(Debug, Deserialize)]
pub(crate) struct Admission {
    pub token: String,
    pub role: String,
    pub name: String,
}

/// `application/problem+json` (RFC 9457), as far as a person needs it.
#[derive(Deserialize)]
struct Problem {
    title: String,
    code: String,
}

impl Link {
    pub(crate) fn parse(link: &str) -> Result<Self> {
        let (address, invitation) = link.split_once('#').with_context(|| {
            format!("{link}: no invitation after '#'. Give the whole link that the server printed, in quotes")
        })?;
        let uri: Uri = address.parse().with_context(|| format!("{address} is not a link"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            other => bail!("{address}: scheme {other:?}; a link begins with http:// or https://"),
        };
        let host = uri.host().with_context(|| format!("{address} names no host"))?.to_owned();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { host, port, tls, invitation: invitation.to_owned() })
    }

    /// Where the server answers, and the local address from which it is reached.
    pub(crate) async fn addresses(&self) -> Result<(SocketAddr, SocketAddr)> {
        let stream = self.connect_tcp().await?;
        Ok((stream.peer_addr()?, stream.local_addr()?))
    }

    /// `POST /api/v1/join`: the invitation for a join token.
    pub(crate) async fn exchange(&self, trust: &Trust) -> Result<Admission> {
        let body = serde_json::json!({ "invitation": self.invitation }).to_string();
        let request = Request::post("/api/v1/join")
            .header(header::HOST, self.authority())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(bytes::Bytes::from(body)))?;
        let io = TokioIo::new(self.connect(trust).await?);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
        tokio::spawn(connection);
        let response = sender.send_request(request).await.context("POST /api/v1/join got no answer")?;
        let status = response.status();
        let body =
            response.into_body().collect().await.context("the answer to POST /api/v1/join broke off")?.to_bytes();
        if !status.is_success() {
            match serde_json::from_slice::<Problem>(&body) {
                Ok(problem) => {
                    bail!("the server refuses the invitation: {} ({}, {status})", problem.title, problem.code)
                }
                Err(_) => bail!("POST /api/v1/join: {status}, and not a problem+json. Is this a Kenes server?"),
            }
        }
        serde_json::from_slice(&body).context("the answer to POST /api/v1/join lacks token, role or name")
    }

    pub(crate) async fn open_socket(&self, trust: &Trust) -> Result<Socket> {
        let scheme = if self.tls { "wss" } else { "ws" };
        let url = format!("{scheme}://{}/ws", self.authority());
        let stream = self.connect(trust).await?;
        let (socket, _) =
            tokio_tungstenite::client_async(&url, stream).await.with_context(|| format!("{url} does not open"))?;
        Ok(socket)
    }

    fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    async fn connect_tcp(&self) -> Result<TcpStream> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        TcpStream::connect((host, self.port)).await.with_context(|| {
            format!("no server answers at {}. Is it running, and is the port right?", self.authority())
        })
    }

    async fn connect(&self, trust: &Trust) -> Result<Box<dyn Stream>> {
        let stream = self.connect_tcp().await?;
        stream.set_nodelay(true)?;
        if !self.tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(self.host.clone())?;
        let stream = TlsConnector::from(Arc::clone(&trust.0)).connect(name, stream).await;
        Ok(Box::new(stream.with_context(|| {
            format!("no TLS with {}. For a server with its own certificate give it as --cacert FILE", self.authority())
        })?))
    }
}

/// Whose certificates are believed.
pub(crate) struct Trust(Arc<rustls::ClientConfig>);

impl Trust {
    /// The public roots, or the certificates of one PEM file alone.
    pub(crate) fn new(cacert: Option<&Path>) -> Result<Self> {
        let mut roots = rustls::RootCertStore::empty();
        match cacert {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(path) => {
                let unreadable = || format!("--cacert {}: not a PEM file of certificates", path.display());
                for certificate in CertificateDer::pem_file_iter(path).with_context(unreadable)? {
                    roots.add(certificate.with_context(unreadable)?)?;
                }
                ensure!(!roots.is_empty(), unreadable());
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_taken_apart() {
        let link = Link::parse("http://127.0.0.1:8080/visit#abc.def").unwrap();
        assert_eq!(
            (link.authority().as_str(), link.tls, link.invitation.as_str()),
            ("127.0.0.1:8080", false, "abc.def")
        );
        assert_eq!(Link::parse("https://clinic.example/visit#a").unwrap().authority(), "clinic.example:443");
    }

    #[test]
    fn a_link_cut_at_the_hash_says_so() {
        let error = Link::parse("http://127.0.0.1:8080/visit").unwrap_err();
        assert!(error.to_string().contains("no invitation"), "{error}");
    }
}
