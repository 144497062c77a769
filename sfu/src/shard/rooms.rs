//! Rooms as the shard sees them: who is in one, and who speaks.

use super::Shard;
use super::beat::Beat;
use crate::event::{Event, MAX_SPEAKERS};
use crate::ids::{PeerIndex, PeerKey, RoomKey, TrackKey};
use std::time::Instant;

pub(super) struct Room {
    /// In order of arrival.
    pub peers: Vec<PeerIndex>,
    pub beat: Beat,
    /// As last told, loudest first.
    speakers: Vec<TrackKey>,
}

impl Room {
    pub(super) fn new(beat: Beat) -> Self {
        Self { peers: Vec::new(), beat, speakers: Vec::new() }
    }
}

impl Shard {
    pub(super) fn leave_room(&mut self, key: RoomKey, peer: PeerIndex) {
        let Some(room) = self.rooms.get_mut(&key) else { return };
        room.peers.retain(|other| *other != peer);
        if room.peers.is_empty() {
            self.rooms.remove(&key);
        }
    }

    pub(super) fn is_speaking(&self, room: RoomKey, peer: PeerKey) -> bool {
        self.rooms.get(&room).is_some_and(|room| room.speakers.iter().any(|track| track.peer == peer))
    }

    /// Tells who speaks when that has changed. The first peer of a room asks for all of it.
    pub(super) fn update_speakers(&mut self, now: Instant, key: RoomKey, asking: PeerIndex) {
        let Some(room) = self.rooms.get(&key).filter(|room| room.peers.first() == Some(&asking)) else { return };
        let mut loud = std::mem::take(&mut self.loud);
        loud.clear();
        for peer in &room.peers {
            let (Some(state), Some(uplink)) = (self.peers.get(peer.0), self.uplinks.get(peer.0)) else { continue };
            loud.extend(uplink.tracks.iter().filter_map(|track| {
                let loudness = track.published.loudness.speaking(now)?;
                self.router.track(track.index).filter(|routed| routed.forwarding)?;
                Some((loudness, TrackKey { peer: state.key, mid: track.published.mid }))
            }));
        }
        loud.sort_by(|a, b| b.0.total_cmp(&a.0));
        loud.truncate(MAX_SPEAKERS);
        if !loud.iter().map(|(_, track)| track).eq(&room.speakers) {
            let speakers: Vec<TrackKey> = loud.iter().map(|(_, track)| *track).collect();
            if let Some(room) = self.rooms.get_mut(&key) {
                room.speakers.clone_from(&speakers);
            }
            self.tell(Event::SpeakersChanged { room: key, speakers });
        }
        self.loud = loud;
    }
}
