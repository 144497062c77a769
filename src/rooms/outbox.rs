//! The bounded way out to one socket. A reader too slow for it loses the socket, and resumes: nothing waits for it and nothing
//! is skipped in between.

use axum::extract::ws::Utf8Bytes;
use kenes_signaling::message::ServerMessage;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};

/// Messages on their way to one socket. A whole room's changes in a busy second are a tenth of it.
pub(super) const OUTBOX_MESSAGES: usize = 256;

#[derive(Clone)]
pub(super) struct Outbox {
    queue: mpsc::Sender<Outgoing>,
    overflow: Arc<Notify>,
}

pub(super) enum Outgoing {
    Text(Utf8Bytes),
    /// Close once what came before is out.
    Close,
}

/// The socket task's end.
pub(super) struct OutboxEnd {
    pub(super) queue: mpsc::Receiver<Outgoing>,
    /// Notified once when the queue was full.
    pub(super) overflow: Arc<Notify>,
}

pub(super) fn outbox() -> (Outbox, OutboxEnd) {
    let (sender, receiver) = mpsc::channel(OUTBOX_MESSAGES);
    let overflow = Arc::new(Notify::new());
    (Outbox { queue: sender, overflow: Arc::clone(&overflow) }, OutboxEnd { queue: receiver, overflow })
}

/// Written out once, however many get it.
pub(super) fn send_to_all<'a>(outboxes: impl Iterator<Item = &'a Outbox>, message: &ServerMessage) {
    let text = Utf8Bytes::from(message.to_json());
    for outbox in outboxes {
        outbox.push(Outgoing::Text(text.clone()));
    }
}

impl Outbox {
    pub(super) fn send(&self, message: &ServerMessage) {
        send_to_all(std::iter::once(self), message);
    }

    pub(super) fn close(&self) {
        self.push(Outgoing::Close);
    }

    fn push(&self, outgoing: Outgoing) {
        match self.queue.try_send(outgoing) {
            // A closed queue belongs to a socket that is gone: the room hears of it by `SocketLost`.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(_)) => self.overflow.notify_one(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kenes_signaling::time::UnixMillis;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn a_reader_that_is_too_slow_is_found_out_and_nothing_waits() {
        let (outbox, end) = outbox();
        let pong = ServerMessage::Pong { at_ms: UnixMillis(1) };
        for _ in 0..OUTBOX_MESSAGES {
            outbox.send(&pong);
        }
        assert!(timeout(Duration::ZERO, end.overflow.notified()).await.is_err(), "a full queue is no overflow");
        outbox.send(&pong);
        assert!(timeout(Duration::ZERO, end.overflow.notified()).await.is_ok());
    }
}
