//! What people write to each other, kept for those who reload.

use super::Room;
use crate::ids::{ConnectionId, ParticipantId};
use crate::limits;
use crate::message::{App, AppDraft, AppKind, ErrorCode, Recipient, ServerMessage};
use crate::time::UnixMillis;
use std::collections::VecDeque;

/// The last [`limits::MAX_HISTORY`] messages, numbered from the start of the visit.
#[derive(Default)]
pub(super) struct ChatLog {
    messages: VecDeque<App>,
    /// Number of the first message still kept.
    first: u64,
}

impl ChatLog {
    pub(super) fn next_number(&self) -> u64 {
        self.first.saturating_add(u64::try_from(self.messages.len()).unwrap_or(u64::MAX))
    }

    fn push(&mut self, message: App) {
        if self.messages.len() >= limits::MAX_HISTORY {
            self.messages.pop_front();
            self.first += 1;
        }
        self.messages.push_back(message);
    }

    /// What went to `reader` since the message numbered `from`.
    pub(super) fn read(&self, reader: ParticipantId, from: u64) -> Vec<App> {
        (self.first..)
            .zip(&self.messages)
            .filter(|(number, message)| *number >= from && is_for(message, reader))
            .map(|(_, message)| message.clone())
            .collect()
    }
}

fn is_for(message: &App, reader: ParticipantId) -> bool {
    match message.to {
        Recipient::Room => true,
        Recipient::Participant(to) => reader == to || reader == message.from,
    }
}

impl Room {
    pub(super) fn handle_app(
        &mut self,
        now: UnixMillis,
        connection: ConnectionId,
        from: ParticipantId,
        draft: AppDraft,
    ) {
        let is_in_call = |id: ParticipantId| self.session(id).is_some_and(|session| session.is_in_call());
        if !is_in_call(from) {
            self.refuse(connection, ErrorCode::NotAllowed, Some("chat"));
            return;
        }
        if let Recipient::Participant(to) = draft.to
            && !is_in_call(to)
        {
            self.refuse(connection, ErrorCode::UnknownTarget, Some("to"));
            return;
        }
        let message = App { from, to: draft.to, kind: draft.kind, body: draft.body, at_ms: now };
        let is_chat = message.kind == AppKind::Chat;
        // Who shows a still has it, and a thin link.
        let readers: Vec<ConnectionId> = self
            .sessions()
            .filter(|(person, _)| is_for(&message, person.id) && (is_chat || person.id != from))
            .filter_map(|(_, session)| session.greeted())
            .collect();
        // A still is of now: who comes later gets the next.
        if is_chat {
            self.chat.push(message.clone());
        }
        for reader in readers {
            self.send(reader, ServerMessage::App(message.clone()));
        }
    }
}
