//! Executes what a room decided: messages into outboxes, offers into answers, commands into the room's shard.
//!
//! Runs under the room's lock, so nothing here waits. What an effect brings about at once comes back as the room's next input.

use super::cell::{OpenPeer, RoomCell, RoomState};
use super::media::NotAnswered;
use super::notices::{self, Happening, RoomNotice};
use super::{Rooms, convert, outbox};
use crate::model::quality::POOR_MOS;
use kenes_sfu::command::Command;
use kenes_sfu::ids::{PeerKey, TrackKey};
use kenes_signaling::ids::{ConnectionId, Sdp};
use kenes_signaling::message::{ErrorCode, Quality, ServerMessage};
use kenes_signaling::room::{Effect, Input, MediaEvent, MediaPeer, MediaTrack};
use kenes_signaling::time::UnixMillis;
use std::sync::Arc;

pub(super) fn run(
    rooms: &Rooms,
    cell: &Arc<RoomCell>,
    state: &mut RoomState,
    effect: Effect,
    now: UnixMillis,
) -> Option<Input> {
    match effect {
        Effect::Send { connection, message } => send(rooms, state, connection, &message, now),
        Effect::SendToAll { connections, message } => {
            outbox::send_to_all(connections.iter().filter_map(|connection| state.sockets.get(connection)), &message);
        }
        Effect::CloseSocket { connection } => close_socket(state, connection),
        Effect::OpenMedia { peer, offer } => return Some(open_media(rooms, cell, state, peer, &offer, now)),
        Effect::RestartMedia { peer, neg_id, offer } => {
            return Some(restart_media(rooms, cell, state, peer, neg_id, &offer));
        }
        Effect::CloseMedia { peer } => close_media(rooms, cell, state, peer),
        Effect::SetForwarding { track, forwarding } => {
            let command = track_key(state, &track).map(|track| Command::SetForwarding { track, forwarding });
            send_command(rooms, cell, command);
        }
        Effect::BindAudio { subscriber, mid, track } => {
            let target = peer_key(state, subscriber).zip(convert::to_sfu_mid(&mid));
            let track = track.and_then(|track| track_key(state, &track));
            send_command(rooms, cell, target.map(|(subscriber, mid)| Command::BindAudio { subscriber, mid, track }));
        }
        Effect::BindVideo { subscriber, mid, track, max_height, priority } => {
            let target = peer_key(state, subscriber).zip(convert::to_sfu_mid(&mid));
            let track = track.and_then(|track| track_key(state, &track));
            let bind = |(subscriber, mid)| Command::BindVideo { subscriber, mid, track, max_height, priority };
            send_command(rooms, cell, target.map(bind));
        }
        Effect::RoomEmpty => tracing::info!("room emptied"),
        Effect::RoomEnded { .. } => {
            tracing::info!("consultation ended");
            rooms.tell(RoomNotice { room: cell.id().clone(), at: now, what: Happening::Ended });
        }
        Effect::Noted(attendance) => notices::note(rooms, cell.id(), state, attendance, now),
        Effect::Rated(quality) => count_rating(rooms, state, &quality),
    }
    None
}

fn send(rooms: &Rooms, state: &mut RoomState, connection: ConnectionId, message: &ServerMessage, now: UnixMillis) {
    match message {
        ServerMessage::Waiting(_) => {
            state.waiting_since.entry(connection).or_insert(now);
        }
        ServerMessage::Joined(_) => {
            if let Some(since) = state.waiting_since.remove(&connection) {
                rooms.metrics.session.waiting_seconds.observe(now.since(since).as_secs_f64());
            }
        }
        ServerMessage::Error(error) => rooms.metrics.websocket.count_error(error.code),
        _ => {}
    }
    if let Some(outbox) = state.sockets.get(&connection) {
        outbox.send(message);
    }
}

fn count_rating(rooms: &Rooms, state: &mut RoomState, quality: &Quality) {
    rooms.metrics.session.observe_rating(quality);
    let has_video = state.room.sends_video(quality.id);
    state.measured.entry(quality.id).or_default().add_rating(quality, has_video);
    let Some(mos) = quality.mos else { return };
    // The newest generation is the one that is rated.
    let rated = state.peers.iter_mut().rev().find(|(peer, _)| peer.participant == quality.id);
    if let Some((_, open)) = rated {
        open.ratings += 1;
        open.poor_ratings += u32::from(mos < POOR_MOS);
    }
}

fn close_socket(state: &mut RoomState, connection: ConnectionId) {
    state.waiting_since.remove(&connection);
    if let Some(outbox) = state.sockets.remove(&connection) {
        outbox.close();
    }
}

fn open_media(
    rooms: &Rooms,
    cell: &Arc<RoomCell>,
    state: &mut RoomState,
    peer: MediaPeer,
    offer: &Sdp,
    now: UnixMillis,
) -> Input {
    let negotiated = match rooms.media.answer(cell.shard(), offer.as_str(), None) {
        Ok(negotiated) => negotiated,
        Err(refusal) => return refused(peer, None, refusal),
    };
    let key = PeerKey(rooms.next_number());
    let open = Command::OpenPeer { peer: key, room: cell.key(), description: Box::new(negotiated.description.clone()) };
    // Before the shard can say anything about it.
    rooms.peers.insert(key, (Arc::clone(cell), peer));
    if rooms.media.send(cell.shard(), open).is_err() {
        rooms.peers.remove(&key);
        rooms.metrics.session.commands_refused.inc();
        return refused(peer, None, NotAnswered::Unavailable);
    }
    rooms.media.expect(cell.shard(), &negotiated.description);
    let sections = negotiated.description.sections.iter().filter_map(convert::to_signaling_section).collect();
    state.peers.insert(peer, OpenPeer::new(key, negotiated.description, now));
    Input::Media(MediaEvent::Opened { peer, answer: Sdp::new(negotiated.answer), sections })
}

fn restart_media(
    rooms: &Rooms,
    cell: &RoomCell,
    state: &mut RoomState,
    peer: MediaPeer,
    neg_id: u32,
    offer: &Sdp,
) -> Input {
    let Some(open) = state.peers.get_mut(&peer) else {
        return refused(peer, Some(neg_id), NotAnswered::Unavailable);
    };
    let negotiated = match rooms.media.answer(cell.shard(), offer.as_str(), Some(&open.description)) {
        Ok(negotiated) => negotiated,
        Err(refusal) => return refused(peer, Some(neg_id), refusal),
    };
    let restart = Command::RestartIce { peer: open.key, description: Box::new(negotiated.description.clone()) };
    if rooms.media.send(cell.shard(), restart).is_err() {
        rooms.metrics.session.commands_refused.inc();
        return refused(peer, Some(neg_id), NotAnswered::Unavailable);
    }
    rooms.media.forget(&open.description);
    rooms.media.expect(cell.shard(), &negotiated.description);
    open.description = negotiated.description;
    Input::Media(MediaEvent::Restarted { peer, neg_id, answer: Sdp::new(negotiated.answer) })
}

fn refused(peer: MediaPeer, neg_id: Option<u32>, refusal: NotAnswered) -> Input {
    let (code, field) = match refusal {
        NotAnswered::BadOffer(error) => (ErrorCode::BadOffer, Some(error.field())),
        NotAnswered::Unavailable => (ErrorCode::MediaUnavailable, None),
    };
    Input::Media(MediaEvent::Refused { peer, neg_id, code, field })
}

fn close_media(rooms: &Rooms, cell: &RoomCell, state: &mut RoomState, peer: MediaPeer) {
    if let Some(open) = forget_peer(rooms, state, peer) {
        send_command(rooms, cell, Some(Command::ClosePeer { peer: open.key }));
    }
}

/// Takes a peer off the books and counts how it went.
pub(super) fn forget_peer(rooms: &Rooms, state: &mut RoomState, peer: MediaPeer) -> Option<OpenPeer> {
    let open = state.peers.remove(&peer)?;
    rooms.peers.remove(&open.key);
    rooms.media.forget(&open.description);
    rooms.metrics.session.outcomes.with_label_values(&[open.outcome()]).inc();
    Some(open)
}

/// `None` is a command whose target has gone meanwhile.
fn send_command(rooms: &Rooms, cell: &RoomCell, command: Option<Command>) {
    let Some(command) = command else { return };
    if rooms.media.send(cell.shard(), command).is_err() {
        rooms.metrics.session.commands_refused.inc();
        tracing::warn!("shard refused a command");
    }
}

fn peer_key(state: &RoomState, peer: MediaPeer) -> Option<PeerKey> {
    state.peers.get(&peer).map(|open| open.key)
}

fn track_key(state: &RoomState, track: &MediaTrack) -> Option<TrackKey> {
    Some(TrackKey { peer: peer_key(state, track.peer)?, mid: convert::to_sfu_mid(&track.mid)? })
}
