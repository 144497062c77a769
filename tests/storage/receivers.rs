//! What messages are sent to: an HTTP gateway and a mail server on loopback that take, refuse or ignore what comes, as they are told, and keep it.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::ServerConfig;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Status(u16),
    /// None at all.
    Silence,
}

/// Takes SMS as docs/sms-gateway.md says.
pub(crate) struct SmsReceiver {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<SmsState>>,
}

struct SmsState {
    /// In their order; when they are used up, everything is accepted.
    answers: VecDeque<Answer>,
    requests: Vec<(String, Value)>,
}

impl SmsReceiver {
    pub(crate) async fn start(answers: &[Answer]) -> Self {
        let (state, app) = Self::prepare(answers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, state }
    }

    pub(crate) async fn start_with_tls(tls: Arc<ServerConfig>) -> Self {
        let (state, app) = Self::prepare(&[]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = RustlsAcceptor::new(RustlsConfig::from_config(tls));
        let server = axum_server::Server::<SocketAddr>::from_listener(listener).acceptor(tls);
        tokio::spawn(async move { server.serve(app.into_make_service()).await });
        Self { address, state }
    }

    fn prepare(answers: &[Answer]) -> (Arc<Mutex<SmsState>>, Router) {
        let state = SmsState { answers: answers.iter().copied().collect(), requests: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        (Arc::clone(&state), Router::new().route("/sms", post(take_sms)).with_state(state))
    }

    pub(crate) fn requests(&self) -> Vec<Value> {
        self.state.lock().unwrap().requests.iter().map(|(_, body)| body.clone()).collect()
    }

    pub(crate) fn authorization(&self) -> String {
        self.state.lock().unwrap().requests[0].0.clone()
    }
}

async fn take_sms(
    State(state): State<Arc<Mutex<SmsState>>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let (answer, number) = {
        let mut state = state.lock().unwrap();
        let authorization = headers.get("authorization").map_or("", |value| value.to_str().unwrap());
        state.requests.push((authorization.to_owned(), body));
        (state.answers.pop_front().unwrap_or(Answer::Status(202)), state.requests.len())
    };
    match answer {
        Answer::Status(status) => {
            (StatusCode::from_u16(status).unwrap(), Json(json!({ "id": format!("gateway-{number}") })))
        }
        Answer::Silence => std::future::pending().await,
    }
}

/// Takes letters by SMTP (RFC 5321), each command in a line of its own.
pub(crate) struct MailReceiver {
    pub(crate) address: SocketAddr,
    letters: Arc<Mutex<Vec<Letter>>>,
}

#[derive(Clone, Default)]
pub(crate) struct Letter {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) data: String,
}

impl MailReceiver {
    /// `replies` answer RCPT, in their order; when they are used up, everything is accepted.
    pub(crate) async fn start(replies: &[&'static str]) -> Self {
        Self::start_with(replies, None).await
    }

    /// STARTTLS with a server's identity (RFC 3207), and nothing before it.
    pub(crate) async fn start_with_tls(tls: Arc<ServerConfig>) -> Self {
        Self::start_with(&[], Some(tls.into())).await
    }

    async fn start_with(replies: &[&'static str], tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let letters = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut replies) = (Arc::clone(&letters), replies.iter().copied().collect::<VecDeque<_>>());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                if let Some(letter) = converse(stream, tls.as_ref(), &mut replies).await {
                    kept.lock().unwrap().push(letter);
                }
            }
        });
        Self { address, letters }
    }

    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }
}

async fn converse(
    stream: TcpStream,
    tls: Option<&TlsAcceptor>,
    replies: &mut VecDeque<&'static str>,
) -> Option<Letter> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.test ESMTP\r\n").await.ok()?;
    let Some(tls) = tls else { return take_letter(stream, replies).await };
    while next_line(&mut stream).await? != "STARTTLS" {
        stream.write_all(b"250-mail.test\r\n250 STARTTLS\r\n").await.ok()?;
    }
    stream.write_all(b"220 Go on\r\n").await.ok()?;
    let stream = tls.accept(stream.into_inner()).await.ok()?;
    take_letter(BufReader::new(stream), replies).await
}

/// Up to QUIT or the connection's end.
async fn take_letter(mut stream: impl Stream, replies: &mut VecDeque<&'static str>) -> Option<Letter> {
    let (mut letter, mut is_taken) = (Letter::default(), false);
    while let Some(line) = next_line(&mut stream).await {
        let reply = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-mail.test\r\n250 8BITMIME",
            "MAIL" => {
                letter.from = in_brackets(&line);
                "250 OK"
            }
            "RCPT" => {
                letter.to = in_brackets(&line);
                replies.pop_front().unwrap_or("250 OK")
            }
            "DATA" => {
                stream.write_all(b"354 Go on\r\n").await.ok()?;
                letter.data = data(&mut stream).await?;
                is_taken = true;
                "250 Taken"
            }
            "QUIT" => {
                stream.write_all(b"221 Bye\r\n").await.ok()?;
                break;
            }
            _ => "500 What?",
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
    }
    is_taken.then_some(letter)
}

trait Stream: AsyncBufRead + AsyncWrite + Unpin {}
impl<S: AsyncBufRead + AsyncWrite + Unpin> Stream for S {}

async fn next_line(stream: &mut impl Stream) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Up to the line with the lone dot; a dot in front of a line stands for one less (RFC 5321 §4.5.2).
async fn data(stream: &mut impl Stream) -> Option<String> {
    let mut data = String::new();
    loop {
        let line = next_line(stream).await?;
        if line == "." {
            return Some(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
        data.push_str("\r\n");
    }
}

fn in_brackets(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inner, _)| inner.to_owned()).unwrap()
}
