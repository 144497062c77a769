//! What each person is told about the room: `waiting`, `joined`, `state`. Only changes are sent, one message a call.

use super::Room;
use super::chat::ChatLog;
use super::effect::Effect;
use super::media::RECONNECT_PEER;
use super::person::{Greeting, Media, Person, Place, Session, Socket};
use super::slots::Track;
use crate::ids::{ConnectionId, MediaKind, ParticipantId, Sdp, TrackId};
use crate::limits::LIMITS;
use crate::message::{
    HostStatus, IceServer, Joined, ParticipantView, Role, ServerMessage, State, Status, TrackView, Waiting,
};

/// The room as it is now, before it is cut to what one person may see.
struct Scene<'r> {
    locked: bool,
    participants: Vec<ParticipantView>,
    tracks: Vec<TrackView>,
    speakers: &'r [ParticipantId],
    chat: &'r ChatLog,
    ice_servers: &'r [IceServer],
}

impl Room {
    pub(super) fn tell(&mut self, tracks: &[Track]) {
        let host_status = self.host_status();
        let order = self.arrival_order();
        let participants = order.iter().filter_map(|id| self.people.get(id)).filter_map(participant_view).collect();
        let scene = Scene {
            locked: self.locked,
            participants,
            tracks: tracks.iter().map(track_view).collect(),
            speakers: &self.speakers,
            chat: &self.chat,
            ice_servers: &self.ice_servers,
        };
        let mut position = 0;
        for id in order {
            let Some(person) = self.people.get_mut(&id) else { continue };
            let Some(session) = person.session.as_mut() else { continue };
            match session.place {
                Place::Waiting => {
                    position += 1;
                    tell_waiting(id, session, (position, host_status), &mut self.out);
                }
                Place::InCall => tell_in_call(person, &scene, &mut self.out),
            }
        }
    }

    fn host_status(&self) -> HostStatus {
        let mut hosts = self.sessions().filter(|(person, session)| person.role.is_host() && session.is_in_call());
        let mut status = HostStatus::Absent;
        if hosts.any(|(_, session)| {
            status = HostStatus::Present;
            session.is_connected()
        }) {
            status = HostStatus::InCall;
        }
        status
    }
}

fn participant_view(person: &Person) -> Option<ParticipantView> {
    let status = person.session.as_ref()?.status();
    Some(ParticipantView { id: person.id, name: person.name.clone(), role: person.role, status })
}

fn track_view(track: &Track) -> TrackView {
    let TrackId { participant, source } = track.id;
    TrackView { id: track.id, participant, source, kind: source.kind(), active: track.active, muted: track.muted }
}

fn tell_waiting(id: ParticipantId, session: &mut Session, news: (u32, HostStatus), out: &mut Vec<Effect>) {
    let resume = session.resume_grant(id);
    let Socket::Live { connection, greeting: Greeting::Waiting { told }, .. } = &mut session.socket else { return };
    if told.replace(news) == Some(news) {
        return;
    }
    let (position, host_status) = news;
    let message = ServerMessage::Waiting(Waiting { id, position, host_status, resume });
    out.push(Effect::Send { connection: *connection, message });
}

fn tell_in_call(person: &mut Person, scene: &Scene<'_>, out: &mut Vec<Effect>) {
    let Some(session) = person.session.as_mut() else { return };
    let Socket::Live { connection, greeting, .. } = &mut session.socket else { return };
    let connection = *connection;
    match greeting {
        Greeting::Waiting { .. } | Greeting::AwaitingAnswer { .. } => {}
        Greeting::Due { answer, last_rev } => {
            let (answer, last_rev) = (answer.take(), *last_rev);
            *greeting = Greeting::Done;
            renew_view(session, person.role, scene);
            let (id, reads_from) = (person.id, person.reads_from);
            greet(id, session, (connection, answer, last_rev, reads_from), scene, out);
        }
        Greeting::Done => {
            if renew_view(session, person.role, scene)
                && let Some(view) = &session.view
            {
                out.push(Effect::Send { connection, message: ServerMessage::State(view.clone()) });
            }
        }
    }
}

/// Brings the session's view to the scene; whether that changed it.
fn renew_view(session: &mut Session, role: Role, scene: &Scene<'_>) -> bool {
    let sees_waiting = role.is_host();
    let view = State {
        rev: session.rev(),
        intent_rev: session.intent.as_ref().map_or(0, |intent| intent.rev),
        locked: scene.locked,
        participants: scene
            .participants
            .iter()
            .filter(|participant| sees_waiting || participant.status != Status::Waiting)
            .cloned()
            .collect(),
        tracks: scene.tracks.clone(),
        video: session.slot_views(MediaKind::Video),
        audio: session.slot_views(MediaKind::Audio),
        permissions: role.permissions(),
    };
    let changed = session.view.as_ref() != Some(&view);
    if changed {
        session.view = Some(State { rev: view.rev.saturating_add(1), ..view });
    }
    changed
}

/// `joined`, and after it what the person would know had the socket never been away.
fn greet(
    id: ParticipantId,
    session: &Session,
    (connection, answer, last_rev, reads_from): (ConnectionId, Option<Sdp>, Option<u32>, Option<u64>),
    scene: &Scene<'_>,
    out: &mut Vec<Effect>,
) {
    let rev = session.rev();
    let mut send = |message| out.push(Effect::Send { connection, message });
    send(ServerMessage::Joined(Box::new(Joined {
        id,
        generation: session.generation,
        answer,
        ice_servers: scene.ice_servers.to_vec(),
        resume: session.resume_grant(id),
        rev,
        snapshot: session.view.clone().filter(|_| last_rev != Some(rev)),
        history: reads_from.map(|from| scene.chat.read(id, from)).unwrap_or_default(),
        limits: LIMITS,
    })));
    for (mid, active) in &session.wiring.layers {
        send(ServerMessage::Layers { mid: mid.clone(), active: active.clone() });
    }
    if !scene.speakers.is_empty() {
        send(ServerMessage::Speakers { ids: scene.speakers.to_vec() });
    }
    if matches!(session.media, Media::Closed) {
        send(RECONNECT_PEER);
    }
}
