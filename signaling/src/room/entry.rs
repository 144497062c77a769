//! How people come and go: join, resume, reload, waiting room, lost sockets, leaving.

use super::effect::{Attendance, Effect};
use super::input::Claims;
use super::person::{Greeting, HeldOffer, Media, Person, Place, Session, Socket, Standing};
use super::{Over, Room};
use crate::ids::{ConnectionId, Generation, ParticipantId, ResumeSecret, Sdp, Subject};
use crate::limits;
use crate::message::{ByeReason, ErrorCode, Join, ReconnectTier, Resume, Role, ServerMessage};
use crate::time::UnixMillis;
use std::time::Duration;

impl Room {
    pub(super) fn handle_join(
        &mut self,
        now: UnixMillis,
        connection: ConnectionId,
        claims: Claims,
        join: Join,
        secret: ResumeSecret,
    ) {
        self.hear(now, connection);
        self.expire(now);
        if claims.room != self.id {
            self.refuse(connection, ErrorCode::TokenInvalid, Some("token"));
            self.out.push(Effect::CloseSocket { connection });
            return;
        }
        if let Some(over) = self.over {
            self.dismiss(connection, over.reason());
            return;
        }
        match join.resume {
            Some(resume) => self.resume(now, connection, &claims, &resume, (join.generation, join.offer)),
            None if self.participant_of(connection).is_some() => {
                self.refuse(connection, ErrorCode::AlreadyJoined, None);
            }
            None => self.enter(now, connection, claims, (join.generation, join.offer), secret),
        }
    }

    /// A new session: first arrival, reload, return.
    fn enter(
        &mut self,
        now: UnixMillis,
        connection: ConnectionId,
        claims: Claims,
        (wanted, offer): (Generation, Option<Sdp>),
        secret: ResumeSecret,
    ) {
        let known = self.people.values().find(|person| person.subject == claims.subject).map(|person| person.id);
        if let Err(code) = self.admissible(known, claims.role) {
            self.refuse(connection, code, None);
            return;
        }
        let id = known.unwrap_or_else(|| self.next_participant());
        let held = self.session(id).map(|session| (session.place, session.arrival));
        let place = held.map_or_else(|| self.place_of_arrival(known, claims.role), |(place, _)| place);
        let arrival = held.map_or_else(|| self.next_arrival(), |(_, arrival)| arrival);
        self.retire_media(id);
        self.replace_socket(id, connection);

        let person = self.people.entry(id).or_insert_with(|| Person {
            id,
            subject: claims.subject,
            role: claims.role,
            name: claims.name.clone(),
            standing: Standing::Newcomer,
            generation: None,
            reads_from: None,
            session: None,
        });
        person.role = claims.role;
        person.name = claims.name;
        let generation = person.generation.map_or(wanted, |used| wanted.max(used.next()));
        person.generation = Some(generation);
        person.session = Some(Session::new(now, connection, generation, secret, (place, arrival)));
        let is_in_call = place == Place::InCall;
        self.out.push(Effect::Noted(Attendance::Arrived { who: id, is_in_call }));
        if is_in_call {
            self.mark_admitted(id);
        }
        self.take_offer(id, offer.map(|sdp| HeldOffer { sdp, neg_id: None }));
        self.changed = true;
    }

    /// A lost or broken session goes on: on a new socket, and with a larger generation on a new PeerConnection.
    fn resume(
        &mut self,
        now: UnixMillis,
        connection: ConnectionId,
        claims: &Claims,
        resume: &Resume,
        (generation, offer): (Generation, Option<Sdp>),
    ) {
        let own = self.people.get(&resume.id).filter(|person| person.subject == claims.subject);
        let session = own.and_then(|person| person.session.as_ref());
        let Some(session) = session.filter(|session| session.secret.matches(&resume.secret)) else {
            self.refuse(connection, ErrorCode::SessionUnknown, None);
            return;
        };
        let on_joined_socket = self.participant_of(connection);
        if on_joined_socket.is_some_and(|joined| joined != resume.id || generation == session.generation) {
            self.refuse(connection, ErrorCode::AlreadyJoined, None);
            return;
        }
        let reopens = generation == session.generation && offer.is_some() && !matches!(session.media, Media::None);
        if generation < session.generation || reopens {
            self.refuse(connection, ErrorCode::StaleGeneration, Some("gen"));
            return;
        }
        let larger = generation > session.generation;
        if larger {
            self.retire_media(resume.id);
        }
        self.replace_socket(resume.id, connection);
        let Some(person) = self.people.get_mut(&resume.id) else { return };
        let Some(session) = person.session.as_mut() else { return };
        if larger {
            session.generation = generation;
            person.generation = Some(generation);
        }
        let last_rev = Some(resume.last_rev);
        let greeting = match (session.place, &session.media) {
            (Place::Waiting, _) => Greeting::Waiting { told: None },
            (Place::InCall, Media::Opening { neg_id: None }) => Greeting::AwaitingAnswer { last_rev },
            (Place::InCall, _) => Greeting::Due { answer: session.unsent_answer.take(), last_rev },
        };
        session.socket = Socket::Live { connection, heard_at: now, greeting };
        let held = session.held_offer.take();
        let offer = offer.map(|sdp| HeldOffer { sdp, neg_id: None }).or(held);
        self.take_offer(resume.id, offer);
        self.changed = true;
    }

    /// Whether there is room for a new session of this person.
    fn admissible(&self, known: Option<ParticipantId>, role: Role) -> Result<(), ErrorCode> {
        if known.is_some_and(|id| self.session(id).is_some()) {
            return Ok(());
        }
        let is_full = self.sessions().count() >= limits::MAX_PARTICIPANTS;
        if is_full || (known.is_none() && self.people.len() >= limits::MAX_PEOPLE) {
            return Err(ErrorCode::RoomFull);
        }
        if self.locked && role == Role::Guest && self.standing(known) != Standing::Admitted {
            return Err(ErrorCode::RoomLocked);
        }
        Ok(())
    }

    fn place_of_arrival(&self, known: Option<ParticipantId>, role: Role) -> Place {
        // A lock must not shut out the one person who could open it: without a host inside, a host enters.
        let may_enter = role.is_host() && !(self.locked && self.has_host_in_call());
        match self.standing(known) {
            Standing::Admitted => Place::InCall,
            Standing::Newcomer if may_enter => Place::InCall,
            Standing::Newcomer | Standing::Removed => Place::Waiting,
        }
    }

    fn standing(&self, known: Option<ParticipantId>) -> Standing {
        known.and_then(|id| self.people.get(&id)).map_or(Standing::Newcomer, |person| person.standing)
    }

    fn has_host_in_call(&self) -> bool {
        self.sessions().any(|(person, session)| person.role.is_host() && session.is_in_call())
    }

    /// The server's admission: it does not undo a host's removal.
    pub(super) fn admit_subject(&mut self, subject: &Subject) {
        let person = self.people.values().find(|person| person.subject == *subject);
        if let Some(person) = person.filter(|person| person.standing != Standing::Removed) {
            self.admit(person.id, None);
        }
    }

    /// Lets somebody who waits into the call.
    pub(super) fn admit(&mut self, id: ParticipantId, by: Option<ParticipantId>) {
        let Some(session) = self.session_mut(id).filter(|session| !session.is_in_call()) else { return };
        session.place = Place::InCall;
        if let Some(greeting) = session.greeting_mut() {
            *greeting = Greeting::Due { answer: None, last_rev: None };
            // Without a socket the offer stays held: its answer could not be heard.
            let offer = session.held_offer.take();
            self.take_offer(id, offer);
        }
        self.mark_admitted(id);
        self.out.push(Effect::Noted(Attendance::Admitted { who: id, by }));
        self.changed = true;
    }

    fn mark_admitted(&mut self, id: ParticipantId) {
        let reads_from = self.chat.next_number();
        if let Some(person) = self.people.get_mut(&id) {
            person.standing = Standing::Admitted;
            person.reads_from.get_or_insert(reads_from);
        }
    }

    pub(super) fn handle_socket_lost(&mut self, now: UnixMillis, connection: ConnectionId) {
        if let Some(id) = self.participant_of(connection)
            && let Some(session) = self.session_mut(id)
        {
            session.socket = Socket::Lost { at: now };
            self.changed = true;
        }
    }

    /// What time alone brings: dead sockets, sessions that nobody resumed, sessions that are too old.
    pub(super) fn expire(&mut self, now: UnixMillis) {
        let due: Vec<ParticipantId> =
            self.sessions().filter(|(_, session)| session.deadline() <= now).map(|(person, _)| person.id).collect();
        for id in due {
            let Some(session) = self.session_mut(id) else { continue };
            let is_old = session.started_at.plus(limits::SESSION_LIFETIME) <= now;
            match session.socket {
                Socket::Live { connection, .. } if !is_old => {
                    session.socket = Socket::Lost { at: now };
                    self.out.push(Effect::CloseSocket { connection });
                }
                Socket::Live { .. } | Socket::Lost { .. } => self.part(id, ByeReason::Expired),
            }
            self.changed = true;
        }
    }

    /// Ends a person's session, with a word to the socket if there is one.
    pub(super) fn part(&mut self, id: ParticipantId, reason: ByeReason) {
        self.retire_media(id);
        let Some(session) = self.people.get_mut(&id).and_then(|person| person.session.take()) else { return };
        let lost_at = match session.socket {
            Socket::Live { connection, .. } => {
                self.dismiss(connection, reason);
                None
            }
            Socket::Lost { at } => Some(at),
        };
        self.out.push(Effect::Noted(Attendance::Departed { who: id, lost_at }));
        self.speakers.retain(|speaker| *speaker != id);
        self.changed = true;
        if self.over.is_none() && self.sessions().next().is_none() {
            self.out.push(Effect::RoomEmpty);
        }
    }

    pub(super) fn end(&mut self, by: Option<ParticipantId>) {
        if self.over == Some(Over::Ended) {
            return;
        }
        self.over = Some(Over::Ended);
        self.part_all(ByeReason::Ended);
        self.out.push(Effect::RoomEnded { by });
    }

    pub(super) fn handle_drain(&mut self, url: Option<&str>, after: Duration) {
        self.over = Some(Over::Draining);
        let after_ms = u32::try_from(after.as_millis()).unwrap_or(u32::MAX);
        let connections: Vec<ConnectionId> = self.sessions().filter_map(|(_, session)| session.connection()).collect();
        for connection in connections {
            let url = url.map(str::to_owned);
            self.send(connection, ServerMessage::Reconnect { tier: ReconnectTier::Server, url, after_ms });
        }
        self.part_all(ByeReason::Draining);
    }

    fn part_all(&mut self, reason: ByeReason) {
        let everybody: Vec<ParticipantId> = self.sessions().map(|(person, _)| person.id).collect();
        for id in everybody {
            self.part(id, reason);
        }
    }

    /// The older socket of a person who is back on another one.
    fn replace_socket(&mut self, id: ParticipantId, by: ConnectionId) {
        let older = self.session(id).and_then(Session::connection).filter(|older| *older != by);
        if let Some(older) = older {
            self.dismiss(older, ByeReason::Replaced);
        }
    }

    fn dismiss(&mut self, connection: ConnectionId, reason: ByeReason) {
        self.send(connection, ServerMessage::Bye { reason });
        self.out.push(Effect::CloseSocket { connection });
    }

    fn next_participant(&self) -> ParticipantId {
        // People are never forgotten, so their number tells the next id; MAX_PEOPLE bounds it.
        ParticipantId(u32::try_from(self.people.len()).unwrap_or(u32::MAX).saturating_add(1))
    }

    fn next_arrival(&mut self) -> u64 {
        self.arrivals += 1;
        self.arrivals
    }
}
