//! JSON messages over a person's socket, in both directions. Holds no state; what a message means is its user's.

use super::link::Socket;
use anyhow::{Context as _, Result};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

pub(crate) async fn send(socket: &mut Socket, message: &Value) -> Result<()> {
    log::debug!("to the server: {message}");
    socket.send(Message::text(message.to_string())).await.context("the socket takes no more messages")
}

/// `None` when the server closed the socket.
pub(crate) async fn receive<T: DeserializeOwned>(socket: &mut Socket) -> Result<Option<T>> {
    while let Some(frame) = socket.next().await {
        let Message::Text(text) = frame.context("the socket broke")? else { continue };
        log::debug!("from the server: {text}");
        let message = serde_json::from_str(&text);
        return message.map(Some).with_context(|| {
            let start: String = text.chars().take(300).collect();
            format!("a message is not as signaling/PROTOCOL.md says: {start}")
        });
    }
    Ok(None)
}
