//! The life of a generation: offer, answer, restart, end; and what the shard says about it.

use super::Room;
use super::effect::{Effect, MediaPeer, MediaTrack};
use super::input::{CloseReason, Direction, MediaEvent, Section};
use super::person::{Greeting, HeldOffer, Media, Session, Wiring};
use crate::ids::{ConnectionId, ParticipantId, Rid, Sdp, Source};
use crate::message::{ErrorCode, Offer, ReconnectTier, ServerMessage};
use crate::time::UnixMillis;

/// What `layers.active` holds for a section without rids that somebody watches.
const ONLY_LAYER: &str = "all";

impl Room {
    /// Opens media with this offer if its person is in the call and can hear the answer; holds it otherwise.
    pub(super) fn take_offer(&mut self, id: ParticipantId, offer: Option<HeldOffer>) {
        let Some(offer) = offer else { return };
        let Some(session) = self.session_mut(id) else { return };
        if !session.is_in_call() || session.connection().is_none() {
            session.held_offer = Some(offer);
            return;
        }
        session.media = Media::Opening { neg_id: offer.neg_id };
        if offer.neg_id.is_none()
            && let Some(greeting) = session.greeting_mut()
        {
            let last_rev = match greeting {
                Greeting::Due { last_rev, .. } | Greeting::AwaitingAnswer { last_rev } => *last_rev,
                Greeting::Waiting { .. } | Greeting::Done => None,
            };
            *greeting = Greeting::AwaitingAnswer { last_rev };
        }
        let peer = session.peer(id);
        self.out.push(Effect::OpenMedia { peer, offer: offer.sdp });
        self.changed = true;
    }

    pub(super) fn handle_offer(&mut self, connection: ConnectionId, id: ParticipantId, offer: Offer) {
        let Some(session) = self.session(id) else { return };
        let neg_id = offer.neg_id;
        match (&session.media, offer.ice_restart) {
            (Media::None, false) => self.take_offer(id, Some(HeldOffer { sdp: offer.sdp, neg_id: Some(neg_id) })),
            (Media::Live { .. }, true) => {
                let peer = session.peer(id);
                self.out.push(Effect::RestartMedia { peer, neg_id, offer: offer.sdp });
            }
            _ => self.refuse_about(
                connection,
                ErrorCode::BadOffer,
                Some("ice_restart".to_owned()),
                Some(neg_id.to_string()),
            ),
        }
    }

    pub(super) fn handle_media(&mut self, now: UnixMillis, event: MediaEvent) {
        match event {
            MediaEvent::Opened { peer, answer, sections } => self.handle_opened(peer, answer, sections),
            MediaEvent::Restarted { peer, neg_id, answer } => {
                if let Some(connection) = self.living(peer).and_then(|session| session.greeted()) {
                    self.send(connection, ServerMessage::Answer { neg_id, sdp: answer });
                }
            }
            MediaEvent::Refused { peer, neg_id, code, field } => self.handle_refused(peer, neg_id, code, field),
            MediaEvent::Connected { peer } => {
                if let Some(Media::Live { connected, .. }) = self.living(peer).map(|session| &mut session.media) {
                    *connected = true;
                    self.changed = true;
                }
            }
            MediaEvent::Closed { peer, reason } => self.handle_closed(peer, reason),
            MediaEvent::LayersWanted { track, any, rids } => self.handle_layers(&track, any, rids),
            MediaEvent::SpeakersChanged { tracks } => self.handle_speakers(&tracks),
            MediaEvent::Report(report) => self.handle_report(now, &report),
        }
    }

    /// The session of this peer, unless the peer was retired.
    pub(super) fn living(&mut self, peer: MediaPeer) -> Option<&mut Session> {
        self.session_mut(peer.participant).filter(|session| session.generation == peer.generation)
    }

    fn handle_opened(&mut self, peer: MediaPeer, answer: Sdp, sections: Vec<Section>) {
        let Some(session) = self.living(peer) else { return };
        let Media::Opening { neg_id } = session.media else { return };
        session.media = Media::Live { sections, connected: false };
        match (neg_id, session.greeting_mut()) {
            (None, Some(greeting)) => {
                if let Greeting::AwaitingAnswer { last_rev } = *greeting {
                    *greeting = Greeting::Due { answer: Some(answer), last_rev };
                }
            }
            (None, None) => session.unsent_answer = Some(answer),
            (Some(neg_id), _) => {
                if let Some(connection) = session.greeted() {
                    self.send(connection, ServerMessage::Answer { neg_id, sdp: answer });
                }
            }
        }
        self.changed = true;
    }

    fn handle_refused(&mut self, peer: MediaPeer, restart: Option<u32>, code: ErrorCode, field: Option<String>) {
        let Some(session) = self.living(peer) else { return };
        let reference = match (restart, &session.media) {
            (Some(neg_id), Media::Live { .. }) => Some(neg_id),
            (None, Media::Opening { neg_id }) => {
                let neg_id = *neg_id;
                session.media = Media::None;
                if let Some(greeting) = session.greeting_mut()
                    && let Greeting::AwaitingAnswer { last_rev } = *greeting
                {
                    *greeting = Greeting::Due { answer: None, last_rev };
                }
                neg_id
            }
            _ => return,
        };
        let connection = session.connection();
        self.changed = true;
        // `joined` goes out first: the person is in, without media.
        self.settle();
        if let Some(connection) = connection {
            self.refuse_about(connection, code, field, reference.map(|neg_id| neg_id.to_string()));
        }
    }

    fn handle_closed(&mut self, peer: MediaPeer, reason: CloseReason) {
        let Some(session) = self.living(peer) else { return };
        if !matches!(session.media, Media::Live { .. }) {
            return;
        }
        session.media = Media::Closed;
        session.wiring = Wiring::default();
        let told = session.greeted().filter(|_| reason != CloseReason::ClosedByPeer);
        self.changed = true;
        if let Some(connection) = told {
            self.send(connection, RECONNECT_PEER);
        }
    }

    /// Retires the living generation, if there is one. What is said about it from here on is ignored.
    pub(super) fn retire_media(&mut self, id: ParticipantId) {
        let Some(session) = self.session_mut(id) else { return };
        let peer = session.peer(id);
        let is_open = matches!(session.media, Media::Opening { .. } | Media::Live { .. });
        session.media = Media::None;
        session.wiring = Wiring::default();
        session.held_offer = None;
        session.unsent_answer = None;
        if is_open {
            self.out.push(Effect::CloseMedia { peer });
        }
    }

    fn handle_layers(&mut self, track: &MediaTrack, any: bool, rids: Vec<Rid>) {
        let Some(session) = self.living(track.peer) else { return };
        let is_published = |section: &Section| section.mid == track.mid && section.direction == Direction::Uplink;
        if !session.sections().iter().any(is_published) {
            return;
        }
        let active = match (any, rids.is_empty()) {
            (false, _) => Vec::new(),
            (true, false) => rids,
            (true, true) => Rid::new(ONLY_LAYER).into_iter().collect(),
        };
        let before = session.wiring.layers.insert(track.mid.clone(), active.clone());
        let is_news = before.as_ref() != Some(&active);
        if let Some(connection) = session.greeted().filter(|_| is_news) {
            self.send(connection, ServerMessage::Layers { mid: track.mid.clone(), active });
        }
    }

    fn handle_speakers(&mut self, loud: &[MediaTrack]) {
        let microphones: Vec<MediaTrack> = self
            .tracks()
            .into_iter()
            .filter(|track| track.id.source == Source::Microphone)
            .map(|track| track.media)
            .collect();
        let speaking = loud.iter().filter(|track| microphones.contains(track));
        let ids: Vec<ParticipantId> = speaking.map(|track| track.peer.participant).collect();
        if ids == self.speakers {
            return;
        }
        self.speakers.clone_from(&ids);
        self.changed = true;
        self.send_to_call(ServerMessage::Speakers { ids });
    }
}

pub(super) const RECONNECT_PEER: ServerMessage =
    ServerMessage::Reconnect { tier: ReconnectTier::Peer, url: None, after_ms: 0 };
