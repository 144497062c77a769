//! HTTPS as a browser meets it: the certificate, HTTP/2 for pages, HTTP/1.1 for WebSockets.

use crate::http;
use crate::test_app::TestApp;
use axum::http::{Request, StatusCode};
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

#[tokio::test]
async fn https_serves_with_a_certificate_of_its_own() {
    let (_app, https) = start().await;
    // A TLS alert or handshake, not HTTP: a plain request gets no HTTP answer there.
    assert_ne!(http::get(https, "/healthz").await.body, "ok\n");
    let stream = connect(https, &[]).await;
    let (_, session) = stream.get_ref();
    assert!(session.alpn_protocol().is_none() && session.peer_certificates().is_some());
}

#[tokio::test]
async fn a_browser_gets_a_page_and_its_modules_over_one_http_2_connection() {
    let (_app, https) = start().await;
    let stream = connect(https, &[b"h2", b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut requests, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    for path in ["/visit", "/js/visit.js", "/vendor/preact.js"] {
        let request =
            Request::get(format!("https://{https}{path}")).header("accept-encoding", "gzip").body(()).unwrap();
        requests = requests.ready().await.unwrap();
        let (response, _) = requests.send_request(request, true).unwrap();
        let response = response.await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["content-encoding"], "gzip", "{path}");
        assert!(response.headers().contains_key("content-security-policy"), "{path}");
    }
}

#[tokio::test]
async fn a_websocket_opens_over_http_1_1_beside_it() {
    let (_app, https) = start().await;
    let stream = connect(https, &[b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let (_socket, response) = tokio_tungstenite::client_async(format!("wss://{https}/ws"), stream).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
}

#[tokio::test]
async fn on_the_same_port_turn_is_told_from_http_behind_tls_and_media_from_tls_before_it() {
    let (_app, https) = start().await;
    let mut turn = connect(https, &[]).await;
    let transaction = *b"transaction1";
    let allocate = [&[0, 3, 0, 8, 0x21, 0x12, 0xA4, 0x42][..], &transaction, &[0, 0x19, 0, 4, 17, 0, 0, 0]].concat();
    turn.write_all(&allocate).await.unwrap();
    let mut answer = [0; 28];
    turn.read_exact(&mut answer).await.unwrap();
    assert_eq!((&answer[..2], &answer[8..20]), (&[1, 0x13][..], &transaction[..]), "an Allocate error response");
    assert_eq!(answer[20..28], [0, 9, 0, 19, 0, 0, 4, 1], "401, which says how to come back");

    // A frame of ICE-TCP for nobody: the connection is closed, without a word of TLS.
    let mut stranger = TcpStream::connect(https).await.unwrap();
    stranger.write_all(&[0, 2, 7, 7]).await.unwrap();
    let mut said = Vec::new();
    stranger.read_to_end(&mut said).await.unwrap();
    assert!(said.is_empty());
}

async fn start() -> (TestApp, SocketAddr) {
    let app = TestApp::start_with(&[("KENES_HTTPS_LISTEN", "127.0.0.1:0")]).await;
    let https = app.server.https_address().unwrap();
    (app, https)
}

/// A client that offers `protocols` by ALPN (RFC 7301) and takes any certificate.
async fn connect(server: SocketAddr, protocols: &[&[u8]]) -> TlsStream<TcpStream> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let stream = TcpStream::connect(server).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

#[derive(Debug)]
struct AnyCertificate;

impl rustls::client::danger::ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
