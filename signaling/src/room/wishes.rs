//! What a person wishes to send and to see: checked as a whole, taken in as a whole.

use super::Room;
use super::input::Direction;
use super::person::{Media, Session};
use crate::ids::{ConnectionId, MediaKind, ParticipantId, Source};
use crate::message::{ErrorCode, Intent, Role};

impl Room {
    pub(super) fn handle_intent(&mut self, connection: ConnectionId, id: ParticipantId, intent: Intent) {
        let Some(person) = self.people.get(&id) else { return };
        let Some(session) = person.session.as_ref() else { return };
        if session.intent.as_ref().is_some_and(|taken| intent.rev <= taken.rev) {
            return;
        }
        let fault = self.fault_in(&intent, person.role, session);
        if let Some((code, field)) = fault {
            self.refuse_about(connection, code, Some(field), Some(intent.rev.to_string()));
            return;
        }
        if let Some(session) = self.session_mut(id) {
            session.intent = Some(intent);
            self.changed = true;
        }
    }

    fn fault_in(&self, intent: &Intent, role: Role, session: &Session) -> Option<(ErrorCode, String)> {
        // Before the offer was answered nobody knows the mids; what does not fit then is never put to use.
        let knows_mids = matches!(session.media, Media::Live { .. });
        for (index, entry) in intent.publish.iter().enumerate() {
            if !role.sources().contains(&entry.source) {
                return Some((ErrorCode::NotAllowed, entry.source.as_str().to_owned()));
            }
            if knows_mids && !session.has_section(&entry.mid, Direction::Uplink, entry.source.kind()) {
                return Some((ErrorCode::UnknownMid, format!("publish[{index}]")));
            }
        }
        for (index, wish) in intent.video.iter().enumerate() {
            if knows_mids && !session.has_section(&wish.mid, Direction::Downlink, MediaKind::Video) {
                return Some((ErrorCode::UnknownMid, format!("video[{index}]")));
            }
            let is_seen = |source: Source| source.kind() == MediaKind::Video;
            if wish.track.is_some_and(|track| !is_seen(track.source) || !self.people.contains_key(&track.participant)) {
                return Some((ErrorCode::UnknownTrack, format!("video[{index}]")));
            }
        }
        for track in &intent.audio.pinned {
            if track.source.kind() != MediaKind::Audio || !self.people.contains_key(&track.participant) {
                return Some((ErrorCode::UnknownTrack, "audio".to_owned()));
            }
        }
        None
    }

    /// A moderator's mute: as if the person had wished it.
    pub(super) fn mute(&mut self, id: ParticipantId) {
        let Some(intent) = self.session_mut(id).and_then(|session| session.intent.as_mut()) else { return };
        for entry in intent.publish.iter_mut().filter(|entry| entry.source == Source::Microphone) {
            entry.muted = true;
        }
        self.changed = true;
    }
}
