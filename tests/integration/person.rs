//! One person's signaling socket, seen from the page.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longer than anything that a test waits for; a failure, not a pace.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) struct Person {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    token: String,
}

impl Person {
    pub(crate) async fn connect(address: SocketAddr, token: String) -> Self {
        let (socket, _) = connect_async(format!("ws://{address}/ws")).await.unwrap();
        Self { socket, token }
    }

    /// Without media.
    pub(crate) async fn join(&mut self) {
        self.join_with(1, Value::Null, Value::Null).await;
    }

    pub(crate) async fn join_with(&mut self, generation: u32, offer: Value, resume: Value) {
        let token = self.token.clone();
        let join = json!({
            "type": "join", "proto": 1, "token": token, "gen": generation, "offer": offer, "resume": resume,
        });
        self.send(join).await;
    }

    pub(crate) async fn moderate(&mut self, op: &str, target: &Value) {
        self.send(json!({ "type": "moderate", "op": op, "target": target, "req": "r1" })).await;
    }

    pub(crate) async fn chat(&mut self, body: &str) {
        self.send(json!({ "type": "app", "to": "room", "kind": "chat", "body": body })).await;
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_text(message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: String) {
        self.send_frame(Message::text(text)).await;
    }

    pub(crate) async fn send_frame(&mut self, frame: Message) {
        self.socket.send(frame).await.unwrap();
    }

    /// The next message of type `kind`; others are skipped.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        self.next_of(&[kind]).await
    }

    pub(crate) async fn next_of(&mut self, kinds: &[&str]) -> Value {
        self.next_where(&kinds.join(" or "), |message| kinds.iter().any(|kind| message["type"] == *kind)).await
    }

    /// The next `state` that shows what the test waits for.
    pub(crate) async fn state_where(&mut self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        self.next_where(what, |message| message["type"] == "state" && holds(message)).await
    }

    pub(crate) async fn next_where(&mut self, what: &str, matches: impl Fn(&Value) -> bool) -> Value {
        let mut skipped = Vec::new();
        loop {
            let Some(message) = self.next_message().await else {
                panic!("no {what}; the socket ended after {skipped:#?}");
            };
            if matches(&message) {
                return message;
            }
            skipped.push(message);
        }
    }

    /// `None` once the socket has ended.
    pub(crate) async fn next_message(&mut self) -> Option<Value> {
        match self.next_frame().await? {
            Message::Text(text) => Some(serde_json::from_str(&text).unwrap()),
            _ => None,
        }
    }

    /// Text, or what ended the socket.
    pub(crate) async fn next_frame(&mut self) -> Option<Message> {
        loop {
            let frame = timeout(PATIENCE, self.socket.next()).await.expect("the server says nothing");
            match frame {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(frame)) => return Some(frame),
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Reads on until the server closes; the code of its close frame, if there was one.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.next_frame().await {
                Some(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Some(_) => {}
                None => return None,
            }
        }
    }

    /// The socket vanishes without a word.
    pub(crate) fn vanish(self) -> String {
        self.token
    }

    /// A round trip through the server: everything sent before has been handled.
    pub(crate) async fn settle(&mut self) {
        self.send(json!({ "type": "ping", "at_ms": 1 })).await;
        self.next("pong").await;
    }
}
