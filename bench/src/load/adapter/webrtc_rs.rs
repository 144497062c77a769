//! webrtc-rs' `sfu` crate behind its example server: one connection a person; the client offers what it publishes over a WebSocket, and
//! the server offers again, on the same connection, whenever somebody else publishes.
//!
//! Owns the process.

use super::{Act, Attendance, Place, Seat, ServerProcess, Sfu, listening};
use crate::load::sdp::{Kind, LocalDescription, Section};
use crate::load::wiring::{Connection, Wiring};
use crate::peers;
use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

const SIGNALING_PORT: u16 = 8443;
/// One port is one thread of the server; it may use one processor.
const MEDIA_PORT: u16 = 3478;
const PUBLISHED: [Kind; 2] = [Kind::Audio, Kind::Video];
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct WebrtcRs {
    process: ServerProcess,
    address: SocketAddr,
    tls: TlsConnector,
}

impl WebrtcRs {
    pub(super) async fn start(place: &Place) -> Result<Self> {
        peers::Peer::WebrtcRs.ensure()?;
        let binary = peers::webrtc_rs::binary()?;
        let process = ServerProcess::spawn(binary.as_os_str(), place, |command| {
            // Without --debug it logs nothing.
            command.args(["--force-local-loop", "--host", &place.address.to_string()]);
            command.args(["--signal-port", &SIGNALING_PORT.to_string()]);
            command.args(["--media-port-min", &MEDIA_PORT.to_string(), "--media-port-max", &MEDIA_PORT.to_string()]);
            command.stdout(Stdio::null());
        })?;
        let address = SocketAddr::new(place.address, SIGNALING_PORT);
        listening(address).await.context("the server of webrtc-rs does not listen")?;
        Ok(Self { process, address, tls: TlsConnector::from(Arc::new(believing_anybody()?)) })
    }
}

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// What the server says: a description, with a number if it is an offer.
#[derive(Deserialize)]
struct Said {
    r#type: String,
    sdp: String,
    request_id: Option<Value>,
}

#[async_trait]
impl Sfu for WebrtcRs {
    fn processes(&self) -> Vec<u32> {
        vec![self.process.id()]
    }

    async fn join(&self, seat: Seat, wiring: &Wiring) -> Result<Box<dyn Attendance>> {
        let mut socket = self.open().await?;
        let room = format!("00000000-0000-0000-0000-{:012x}", u64::from(seat.room) + 1);
        // Whole numbers are clients' names there.
        send(&mut socket, &json!({ "cmd": "register", "roomid": room, "clientid": seat.person + 1 })).await?;
        let published = wiring.published_by(seat);
        // An offer needs a section, and one that only receives is no publication to this server.
        let sections = if published.is_empty() { vec![Section::Receive(Kind::Video)] } else { published };
        let end = wiring.end()?;
        let offer = json!({ "type": "offer", "sdp": end.description.offer(&sections) });
        send(&mut socket, &json!({ "cmd": "offer", "sdp": offer })).await?;
        let said = tokio::time::timeout(ANSWER_TIMEOUT, receive(&mut socket)).await??;
        if said.r#type != "answer" {
            bail!("the server of webrtc-rs answered an offer with an {}", said.r#type);
        }
        let agreement = end.description.agree(&sections, &said.sdp)?;
        let description = end.description.clone();
        let connection = Arc::new(wiring.connect(seat, end, agreement).await?);
        let (orders, incoming) = socket.split();
        let orders = Arc::new(tokio::sync::Mutex::new(orders));
        let person = Person { description, connection: Arc::clone(&connection), orders: Arc::clone(&orders) };
        let task = tokio::spawn(async move { person.answer_offers(incoming).await });
        Ok(Box::new(Present { connection, orders, task }))
    }
}

impl WebrtcRs {
    async fn open(&self) -> Result<Socket> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::from(self.address.ip());
        let stream = self.tls.connect(name, stream).await?;
        let url = format!("wss://{}/ws", self.address);
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.context("the socket does not open")?;
        Ok(socket)
    }
}

type Orders = Arc<tokio::sync::Mutex<SplitSink<Socket, Message>>>;

struct Person {
    description: LocalDescription,
    connection: Arc<Connection>,
    orders: Orders,
}

impl Person {
    async fn answer_offers(self, mut incoming: futures_util::stream::SplitStream<Socket>) -> Result<()> {
        loop {
            let offer = receive(&mut incoming).await?;
            if offer.r#type != "offer" {
                continue;
            }
            let (sdp, agreement) = self.description.answer(&offer.sdp, &PUBLISHED)?;
            let answer =
                json!({ "cmd": "answer", "sdp": { "type": "answer", "sdp": sdp }, "request_id": offer.request_id });
            send(&mut *self.orders.lock().await, &answer).await?;
            self.connection.renegotiated(&self.description, agreement);
        }
    }
}

struct Present {
    connection: Arc<Connection>,
    orders: Orders,
    task: JoinHandle<Result<()>>,
}

impl Drop for Present {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl Attendance for Present {
    async fn leave(self: Box<Self>) -> Result<()> {
        send(&mut *self.orders.lock().await, &json!({ "cmd": "leave" })).await
    }

    async fn act(&mut self, act: Act) -> Result<()> {
        if let Act::Mute(kind, muted) = act {
            self.connection.mute(kind, muted);
        }
        Ok(())
    }
}

async fn send<S>(socket: &mut S, message: &Value) -> Result<()>
where
    S: futures_util::Sink<Message, Error = tokio_tungstenite::tungstenite::Error> + Unpin,
{
    socket.send(Message::text(message.to_string())).await.context("the server of webrtc-rs takes no more messages")
}

async fn receive<S>(socket: &mut S) -> Result<Said>
where
    S: futures_util::Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
{
    while let Some(frame) = socket.next().await {
        let Message::Text(text) = frame.context("the socket to webrtc-rs broke")? else { continue };
        log::debug!("webrtc-rs: {text}");
        return serde_json::from_str(&text).with_context(|| format!("no description: {text}"));
    }
    bail!("the server of webrtc-rs closed the socket")
}

/// The example has a certificate of its own in its source, of another name; the process is ours, and in our namespace.
fn believing_anybody() -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Arc::new(Anybody(Arc::clone(&provider)));
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
