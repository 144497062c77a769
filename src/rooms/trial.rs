//! A link tried out before a call: two PeerConnections of one page, outside every room, of which one hears what the other says, on several
//! sections at once: more packets tell a loss more closely. What the page learns from them (which transport works, how long a packet takes,
//! how many are lost) is true of the call that follows.
//!
//! Owns nothing but a task per trial, which ends it after [`TRIAL_LIFE`] whatever the page does. No room, no visit and no record knows of it.

use super::Rooms;
use super::media::{NotAnswered, ShardId};
use kenes_sfu::command::Command;
use kenes_sfu::description::{Flow, MediaKind, PeerDescription};
use kenes_sfu::ids::{Mid, PeerKey, RoomKey, TrackKey};
use kenes_sfu::sdp::Negotiated;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// A page measures for nine seconds, and its answer takes its time.
const TRIAL_LIFE: Duration = Duration::from_secs(12);
/// Sections of sound that go through.
const MAX_WAYS: usize = 6;

/// The SDP of a trial's two PeerConnections.
pub struct Pair {
    /// Sends sound; what is heard are its last sections.
    pub speak: String,
    /// Receives it, in its last sections.
    pub listen: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialRefused {
    BadOffer,
    /// No shard, or it is busy.
    Unavailable,
}

struct Ends {
    shard: ShardId,
    peers: [(PeerKey, PeerDescription); 2],
}

impl Rooms {
    /// Answers the offers of a trial and begins it. `place` is given back at its end.
    ///
    /// # Errors
    /// Offers that cannot be used, or no shard that takes them.
    pub fn try_out(self: &Arc<Self>, offers: &Pair, place: OwnedSemaphorePermit) -> Result<Pair, TrialRefused> {
        let shard = self.media.place_room();
        let opened = self.open_trial(shard, offers);
        let Ok((answers, ends)) = opened else {
            self.media.release_room(shard);
            return opened.map(|(answers, _)| answers);
        };
        let rooms = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(TRIAL_LIFE).await;
            rooms.close_trial(&ends);
            drop(place);
        });
        Ok(answers)
    }

    fn open_trial(&self, shard: ShardId, offers: &Pair) -> Result<(Pair, Ends), TrialRefused> {
        let speak = self.media.answer(shard, &offers.speak, None)?;
        let listen = self.media.answer(shard, &offers.listen, None)?;
        let ways = ways(&speak.description, &listen.description);
        if ways.is_empty() {
            return Err(TrialRefused::BadOffer);
        }
        let room = RoomKey(self.next_number());
        let [speaker, listener] = [PeerKey(self.next_number()), PeerKey(self.next_number())];
        let open = |peer, negotiated: &Negotiated| Command::OpenPeer {
            peer,
            room,
            description: Box::new(negotiated.description.clone()),
        };
        let bind = |(said, heard)| {
            let track = Some(TrackKey { peer: speaker, mid: said });
            Command::BindAudio { subscriber: listener, mid: heard, track }
        };
        let opened = [open(speaker, &speak), open(listener, &listen)];
        let commands: Vec<_> = opened.into_iter().chain(ways.into_iter().map(bind)).collect();
        let ends = Ends { shard, peers: [(speaker, speak.description), (listener, listen.description)] };
        for command in commands {
            if self.media.send(shard, command).is_err() {
                self.close_peers(&ends);
                return Err(TrialRefused::Unavailable);
            }
        }
        for (_, description) in &ends.peers {
            self.media.expect(shard, description);
        }
        Ok((Pair { speak: speak.answer, listen: listen.answer }, ends))
    }

    fn close_trial(&self, ends: &Ends) {
        self.close_peers(ends);
        self.media.release_room(ends.shard);
    }

    fn close_peers(&self, ends: &Ends) {
        for (peer, description) in &ends.peers {
            self.media.forget(description);
            // A shard that takes no command drops a silent peer by itself.
            let _ = self.media.send(ends.shard, Command::ClosePeer { peer: *peer });
        }
    }
}

/// Which section of the listener hears which of the speaker: the last the last, and so on. Of a speaker's sections the first is left over,
/// for it may fall silent (see `kenes_sfu::sdp`).
fn ways(speak: &PeerDescription, listen: &PeerDescription) -> Vec<(Mid, Mid)> {
    let said = mids_from_the_last(speak, |flow| matches!(flow, Flow::Uplink { .. }));
    let heard = mids_from_the_last(listen, |flow| matches!(flow, Flow::Downlink { .. }));
    said.zip(heard).take(MAX_WAYS).collect()
}

fn mids_from_the_last(description: &PeerDescription, runs: impl Fn(&Flow) -> bool) -> impl Iterator<Item = Mid> {
    let sections = description.sections.iter().rev();
    sections.filter(move |section| section.kind == MediaKind::Audio && runs(&section.flow)).map(|section| section.mid)
}

impl From<NotAnswered> for TrialRefused {
    fn from(refusal: NotAnswered) -> Self {
        match refusal {
            NotAnswered::BadOffer(_) => Self::BadOffer,
            NotAnswered::Unavailable => Self::Unavailable,
        }
    }
}
