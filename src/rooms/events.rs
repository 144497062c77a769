//! What the shards say, brought to the rooms. One task takes it off a bounded queue; a shard never waits for it.

use super::cell::RoomCell;
use super::media::ShardId;
use super::{Rooms, convert};
use crate::clock;
use kenes_sfu::event::{CloseReason, Event};
use kenes_sfu::ids::{PeerKey, RoomKey, TrackKey};
use kenes_sfu::io::ShardMessage;
use kenes_signaling::room::{Input, MediaEvent, MediaPeer, MediaTrack, Report};
use kenes_signaling::time::UnixMillis;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// Messages of all shards on their way to the rooms: some seconds of reports of 1,000 people.
pub const EVENT_QUEUE: usize = 8192;

/// What one shard said.
#[derive(Debug)]
pub struct ShardReport {
    pub shard: usize,
    pub message: ShardMessage,
}

impl Rooms {
    /// Until every shard has ended.
    pub async fn take_reports(self: Arc<Self>, mut reports: Receiver<ShardReport>) {
        while let Some(ShardReport { shard, message }) = reports.recv().await {
            match message {
                ShardMessage::Counters(snapshot) => self.media.take_in(ShardId(shard), *snapshot),
                ShardMessage::Event(event) => self.take_event(event, clock::unix_ms()),
            }
        }
    }

    fn take_event(&self, event: Event, now: UnixMillis) {
        match event {
            Event::PeerConnected { peer, handshake } => self.peer_connected(peer, handshake, now),
            Event::PeerClosed { peer, reason } => self.peer_closed(peer, reason, now),
            Event::LayersWanted { track, any, rids } => {
                let rids = rids.iter().filter_map(convert::to_signaling_rid).collect();
                if let Some((cell, track)) = self.track(track) {
                    cell.handle(self, Input::Media(MediaEvent::LayersWanted { track, any, rids }), now);
                }
            }
            Event::SpeakersChanged { room, speakers } => self.speakers_changed(room, &speakers, now),
            Event::PeerReport { peer: key, uplink, downlink, is_limited, paused } => {
                let Some((cell, peer)) = self.peer(key) else { return };
                let (uplink, downlink) = (convert::to_link_quality(&uplink), convert::to_link_quality(&downlink));
                let paused = paused.into_iter().filter_map(convert::to_signaling_mid).collect();
                let report = Report { peer, uplink, downlink, is_limited, paused };
                cell.handle(self, Input::Media(MediaEvent::Report(report)), now);
            }
        }
    }

    fn peer_connected(&self, key: PeerKey, handshake: Duration, now: UnixMillis) {
        let Some((cell, peer)) = self.peer(key) else { return };
        self.metrics.session.handshake_seconds.observe(handshake.as_secs_f64());
        if let Some(joining) = cell.peer_connected(peer, now) {
            self.metrics.session.join_seconds.observe(joining.as_secs_f64());
        }
        cell.span().in_scope(|| tracing::info!(participant_id = %peer.participant, "media connected"));
        cell.handle(self, Input::Media(MediaEvent::Connected { peer }), now);
    }

    fn peer_closed(&self, key: PeerKey, reason: CloseReason, now: UnixMillis) {
        let Some((cell, peer)) = self.peer(key) else { return };
        cell.peer_closed(self, peer);
        cell.span().in_scope(|| tracing::info!(participant_id = %peer.participant, ?reason, "media closed"));
        let reason = convert::to_signaling_close_reason(reason);
        cell.handle(self, Input::Media(MediaEvent::Closed { peer, reason }), now);
    }

    fn speakers_changed(&self, room: RoomKey, speakers: &[TrackKey], now: UnixMillis) {
        let Some(cell) = self.by_key.get(&room).map(|cell| Arc::clone(&cell)) else { return };
        let tracks = speakers.iter().filter_map(|track| self.track(*track)).map(|(_, track)| track).collect();
        cell.handle(self, Input::Media(MediaEvent::SpeakersChanged { tracks }), now);
    }

    fn peer(&self, key: PeerKey) -> Option<(Arc<RoomCell>, MediaPeer)> {
        self.peers.get(&key).map(|entry| entry.value().clone())
    }

    fn track(&self, key: TrackKey) -> Option<(Arc<RoomCell>, MediaTrack)> {
        let (cell, peer) = self.peer(key.peer)?;
        Some((cell, MediaTrack { peer, mid: convert::to_signaling_mid(key.mid)? }))
    }
}
