//! One signaling socket: limits before parsing, a token before a room, then messages in and messages out until one side ends it.
//!
//! Owns the socket and nothing of the room. A malformed message is answered and the socket stays; what floods, idles or does not
//! read is closed and counted.

use super::cell::RoomCell;
use super::deflate::{deflated, inflated};
use super::outbox::{Outbox, OutboxEnd, Outgoing, outbox};
use super::{Phase, Rooms};
use crate::clock;
use crate::tokens::{Grant, TokenError, TokenKey, Use};
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::SinkExt as _;
use kenes_signaling::ids::{ConnectionId, Language, PersonName, ResumeSecret, RoomId, Subject};
use kenes_signaling::limits::{DEAD_AFTER, RateLimit, SDP_MESSAGE_BYTES};
use kenes_signaling::message::{ByeReason, ClientMessage, ErrorCode, ErrorMessage, Join, ServerMessage};
use kenes_signaling::room::{Claims, Input};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

/// Frames and messages beyond this cut the socket; those between it and [`SDP_MESSAGE_BYTES`] close it with 1009.
pub const HARD_LIMIT_BYTES: usize = 2 * SDP_MESSAGE_BYTES;
/// Per socket; tungstenite's own 128 KiB would be most of a socket's memory.
pub const READ_BUFFER_BYTES: usize = 8 * 1024;
/// How long a socket may stay without a `join`.
const JOIN_WITHIN: Duration = Duration::from_secs(10);
/// How long one message may take to leave.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// How long the other side has to answer a closing handshake (RFC 6455 §7.1.1); closing before it has read loses our last words.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Serves one socket until it is closed.
pub async fn serve(mut socket: WebSocket, rooms: Arc<Rooms>, tokens: &TokenKey) {
    let metrics = Arc::clone(&rooms.metrics);
    metrics.websocket.open.inc();
    let (outbox, mut end) = outbox();
    let mut session = Session::new(rooms, tokens, outbox);
    let ending = exchange(&mut socket, &mut session, &mut end).await;
    session.leave();
    tracing::debug!(connection_id = session.connection.0, ?ending, "socket ended");
    if let Some(cause) = ending.cause() {
        metrics.websocket.closed.with_label_values(&[cause]).inc();
    }
    close(&mut socket, ending).await;
    metrics.websocket.open.dec();
}

/// Why a socket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// The client closed it or vanished.
    Gone,
    /// The room, or an error that closes.
    Dismissed,
    /// Over [`SDP_MESSAGE_BYTES`].
    TooLarge,
    /// Nothing heard for [`DEAD_AFTER`].
    Silent,
    /// No `join` within [`JOIN_WITHIN`].
    NoJoin,
    /// Its outbox was full, or a message took longer than [`WRITE_WITHIN`].
    SlowReader,
    /// The server stops.
    Stopped,
}

async fn exchange(socket: &mut WebSocket, session: &mut Session<'_>, end: &mut OutboxEnd) -> Ending {
    let started = Instant::from_std(clock::now());
    let mut heard = started;
    let mut phase = session.rooms.phase.subscribe();
    loop {
        let patience = if session.cell.is_some() { heard + DEAD_AFTER } else { started + JOIN_WITHIN };
        tokio::select! {
            biased;
            () = end.overflow.notified() => return Ending::SlowReader,
            outgoing = end.queue.recv() => {
                match timeout(WRITE_WITHIN, send_waiting(socket, outgoing, &mut end.queue, session.takes_deflated)).await {
                    Ok(Ok(false)) => {}
                    Ok(Ok(true)) => return Ending::Dismissed,
                    Ok(Err(_)) => return Ending::Gone,
                    Err(_) => return Ending::SlowReader,
                }
            }
            () = stopped(&mut phase) => return Ending::Stopped,
            () = sleep_until(patience) => return if session.cell.is_some() { Ending::Silent } else { Ending::NoJoin },
            incoming = socket.recv() => {
                heard = Instant::from_std(clock::now());
                match incoming {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Ending::Gone,
                    Some(Ok(message)) if message_bytes(&message) > SDP_MESSAGE_BYTES => return Ending::TooLarge,
                    Some(Ok(message)) => session.receive(&message),
                }
            }
        }
    }
}

/// Sends the first and all that waits behind it in one write: a room's people are rated at the same moment, and a write costs more
/// than the messages in it. True when the socket is to be closed.
async fn send_waiting(
    socket: &mut WebSocket,
    first: Option<Outgoing>,
    queue: &mut mpsc::Receiver<Outgoing>,
    deflates: bool,
) -> Result<bool, axum::Error> {
    let mut next = first;
    let mut closes = next.is_none();
    while let Some(outgoing) = next {
        match outgoing {
            Outgoing::Text(text) => {
                let short = deflates.then(|| deflated(&text)).flatten();
                socket.feed(short.map_or(Message::Text(text), Message::Binary)).await?;
            }
            Outgoing::Close => closes = true,
        }
        next = queue.try_recv().ok().filter(|_| !closes);
    }
    socket.flush().await?;
    Ok(closes)
}

async fn stopped(phase: &mut watch::Receiver<Phase>) {
    // An error means that the registry is gone, which is as good as stopped.
    let _ = phase.wait_for(|phase| *phase == Phase::Stopped).await;
}

fn message_bytes(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    }
}

async fn close(socket: &mut WebSocket, ending: Ending) {
    let Some(code) = ending.close_code() else { return };
    let frame = Message::Close(Some(CloseFrame { code, reason: "".into() }));
    let handshake = async {
        if socket.send(frame).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    // A peer that does not answer is dropped all the same.
    let _answered = timeout(CLOSE_WITHIN, handshake).await;
}

impl Ending {
    /// As counted; `None` for what the client did itself.
    fn cause(self) -> Option<&'static str> {
        match self {
            Self::Gone => None,
            Self::Dismissed => Some("dismissed"),
            Self::TooLarge => Some("too_large"),
            Self::Silent => Some("silent"),
            Self::NoJoin => Some("no_join"),
            Self::SlowReader => Some("slow_reader"),
            Self::Stopped => Some("stopped"),
        }
    }

    /// RFC 6455 §7.4.1.
    fn close_code(self) -> Option<u16> {
        match self {
            Self::Gone => None,
            Self::Dismissed => Some(close_code::NORMAL),
            Self::TooLarge => Some(close_code::SIZE),
            Self::Silent | Self::NoJoin | Self::SlowReader => Some(close_code::POLICY),
            Self::Stopped => Some(close_code::AWAY),
        }
    }
}

struct Session<'a> {
    rooms: Arc<Rooms>,
    tokens: &'a TokenKey,
    connection: ConnectionId,
    outbox: Outbox,
    rate: RateLimit,
    /// It has sent a message that was: it reads such.
    takes_deflated: bool,
    /// The room that this socket has sent a `join` to.
    cell: Option<Arc<RoomCell>>,
}

impl<'a> Session<'a> {
    fn new(rooms: Arc<Rooms>, tokens: &'a TokenKey, outbox: Outbox) -> Self {
        let connection = ConnectionId(rooms.next_number());
        Self {
            rooms,
            tokens,
            connection,
            outbox,
            rate: RateLimit::new(clock::unix_ms()),
            takes_deflated: false,
            cell: None,
        }
    }

    fn receive(&mut self, message: &Message) {
        if !self.rate.take(clock::unix_ms()) {
            self.count("over_rate");
            return self.refuse(ErrorMessage::new(ErrorCode::RateLimited, None, None));
        }
        match message {
            Message::Text(text) => self.receive_text(text.as_str()),
            Message::Binary(bytes) => match inflated(bytes, SDP_MESSAGE_BYTES) {
                Ok(text) => {
                    self.takes_deflated = true;
                    self.receive_text(&text);
                }
                Err(refusal) => {
                    self.count("malformed");
                    self.refuse(ErrorMessage::new(refusal.code(), None, None));
                }
            },
            // Answered by tungstenite; a sign of life like any other.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => {}
        }
    }

    fn receive_text(&mut self, text: &str) {
        let message = match ClientMessage::parse(text) {
            Ok(message) => message,
            Err(error) => {
                self.count("malformed");
                self.refuse(error.to_message());
                if error.closes() {
                    self.outbox.close();
                }
                return;
            }
        };
        self.count(kind(&message));
        if let ClientMessage::Stats(stats) = &message {
            self.rooms.metrics.session.observe_stats(stats);
        }
        match (message, &self.cell) {
            (ClientMessage::Join(join), _) => self.receive_join(&join),
            (message, Some(cell)) => {
                let input = Input::Message { connection: self.connection, message };
                cell.handle(&self.rooms, input, clock::unix_ms());
            }
            (message, None) => self.refuse(ErrorMessage::new(ErrorCode::NotJoined, None, message.reference())),
        }
    }

    fn receive_join(&mut self, join: &Join) {
        let claims = match self.tokens.open(Use::Join, join.token.as_str(), clock::unix_ms()) {
            Ok(grant) => claims(grant),
            Err(TokenError::Expired) => return self.dismiss(ErrorCode::TokenExpired),
            Err(TokenError::Invalid) => None,
        };
        let Some(claims) = claims else { return self.dismiss(ErrorCode::TokenInvalid) };
        if self.rooms.is_draining() {
            self.outbox.send(&ServerMessage::Bye { reason: ByeReason::Draining });
            return self.outbox.close();
        }
        if self.cell.as_ref().is_some_and(|cell| *cell.id() != claims.room) {
            return self.refuse(ErrorMessage::new(ErrorCode::AlreadyJoined, None, None));
        }
        let Ok(secret) = resume_secret() else {
            return self.refuse(ErrorMessage::new(ErrorCode::Internal, None, None));
        };
        match self.rooms.join(self.connection, &self.outbox, &claims, join, &secret) {
            Ok(cell) => self.cell = Some(cell),
            Err(super::Full) => self.refuse(ErrorMessage::new(ErrorCode::RoomFull, None, None)),
        }
    }

    /// An error that closes.
    fn dismiss(&self, code: ErrorCode) {
        self.refuse(ErrorMessage::new(code, None, None));
        self.outbox.close();
    }

    fn refuse(&self, error: ErrorMessage) {
        self.rooms.metrics.websocket.count_error(error.code);
        self.outbox.send(&ServerMessage::Error(error));
    }

    fn count(&self, kind: &str) {
        self.rooms.metrics.websocket.messages.with_label_values(&[kind]).inc();
    }

    fn leave(&self) {
        if let Some(cell) = &self.cell {
            cell.lost(&self.rooms, self.connection, clock::unix_ms());
        }
    }
}

/// `None` when the token's names do not have the form that the room demands.
fn claims(grant: Grant) -> Option<Claims> {
    Some(Claims {
        room: RoomId::new(grant.room).ok()?,
        subject: Subject::new(grant.subject).ok()?,
        role: grant.role,
        name: PersonName::new(grant.name),
        language: Language::new(grant.language).ok()?,
    })
}

/// 192 random bits as text.
fn resume_secret() -> Result<ResumeSecret, aws_lc_rs::error::Unspecified> {
    use base64::Engine as _;
    let mut bytes = [0; 24];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(ResumeSecret::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)))
}

/// As counted.
fn kind(message: &ClientMessage) -> &'static str {
    match message {
        ClientMessage::Join(_) => "join",
        ClientMessage::Intent(_) => "intent",
        ClientMessage::Offer(_) => "offer",
        ClientMessage::Moderate(_) => "moderate",
        ClientMessage::App(_) => "app",
        ClientMessage::Stats(_) => "stats",
        ClientMessage::Ping { .. } => "ping",
        ClientMessage::Leave => "leave",
    }
}
