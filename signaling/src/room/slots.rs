//! Who is heard and seen in which slot: wishes and published tracks in, forwarding and bindings out. Only differences are
//! told, and a new generation has been told nothing, so it is told everything.

use super::Room;
use super::effect::{Effect, MediaPeer, MediaTrack};
use super::input::{Direction, Section};
use super::person::{Carried, Media, Session, VideoSlot, Wiring};
use crate::ids::{MediaKind, Mid, ParticipantId, TrackId};
use crate::message::{Intent, SlotView};

/// A track that somebody in the call publishes on a living generation.
pub(super) struct Track {
    pub id: TrackId,
    pub media: MediaTrack,
    pub active: bool,
    pub muted: bool,
}

impl Room {
    /// All published tracks: by arrival of their people, then in the order in which each names them.
    pub(super) fn tracks(&self) -> Vec<Track> {
        let mut tracks = Vec::new();
        for id in self.arrival_order() {
            let Some(session) = self.session(id).filter(|session| session.is_in_call()) else { continue };
            let published = session.intent.iter().flat_map(|intent| &intent.publish);
            tracks.extend(
                published.filter(|entry| session.has_section(&entry.mid, Direction::Uplink, entry.source.kind())).map(
                    |entry| Track {
                        id: TrackId { participant: id, source: entry.source },
                        media: MediaTrack { peer: session.peer(id), mid: entry.mid.clone() },
                        active: entry.active,
                        muted: entry.muted,
                    },
                ),
            );
        }
        tracks
    }

    /// Brings the shard's forwarding and bindings to what the wishes and tracks now say.
    pub(super) fn wire(&mut self, tracks: &[Track]) {
        for person in self.people.values_mut() {
            let Some(session) = person.session.as_mut().filter(|session| session.is_in_call()) else { continue };
            let peer = session.peer(person.id);
            let Media::Live { sections, .. } = &session.media else { continue };
            let intent = session.intent.as_ref();
            wire_forwarding(peer, sections, intent, &mut session.wiring, &mut self.out);
            wire_video(peer, sections, (intent, tracks), &mut session.wiring, &mut self.out);
            wire_audio(peer, sections, (intent, tracks, &self.speakers), &mut session.wiring, &mut self.out);
        }
    }
}

fn wire_forwarding(
    peer: MediaPeer,
    sections: &[Section],
    intent: Option<&Intent>,
    wiring: &mut Wiring,
    out: &mut Vec<Effect>,
) {
    for section in sections.iter().filter(|section| section.direction == Direction::Uplink) {
        let published = intent.iter().flat_map(|intent| &intent.publish).find(|entry| entry.mid == section.mid);
        let forwarding = published.is_some_and(|entry| entry.active && !entry.muted);
        if wiring.forwarding.insert(section.mid.clone(), forwarding) != Some(forwarding) {
            out.push(Effect::SetForwarding { track: MediaTrack { peer, mid: section.mid.clone() }, forwarding });
        }
    }
}

fn wire_video(
    subscriber: MediaPeer,
    sections: &[Section],
    (intent, tracks): (Option<&Intent>, &[Track]),
    wiring: &mut Wiring,
    out: &mut Vec<Effect>,
) {
    for mid in slots(sections, MediaKind::Video) {
        let wish = intent.and_then(|intent| intent.video.iter().find(|wish| wish.mid == *mid));
        let carried = wish.and_then(|wish| wish.track).and_then(|id| tracks.iter().find(|track| track.id == id));
        // Without a track nothing is sent, whatever was wished.
        let slot = match (wish, carried) {
            (Some(wish), Some(track)) => VideoSlot {
                carried: Some(Carried { id: track.id, media: track.media.clone() }),
                max_height: wish.max_height,
                priority: wish.priority,
            },
            _ => VideoSlot::default(),
        };
        let before = wiring.video.insert(mid.clone(), slot.clone()).unwrap_or_default();
        if before != slot {
            let track = slot.carried.map(|carried| carried.media);
            let VideoSlot { max_height, priority, .. } = slot;
            out.push(Effect::BindVideo { subscriber, mid: mid.clone(), track, max_height, priority });
        }
    }
}

fn wire_audio(
    subscriber: MediaPeer,
    sections: &[Section],
    (intent, tracks, speakers): (Option<&Intent>, &[Track], &[ParticipantId]),
    wiring: &mut Wiring,
    out: &mut Vec<Effect>,
) {
    let mids: Vec<&Mid> = slots(sections, MediaKind::Audio).collect();
    let heard: Vec<TrackId> = wiring.audio.values().map(|carried| carried.id).collect();
    let is_audible = |track: &&Track| {
        track.active && track.id.source.kind() == MediaKind::Audio && track.id.participant != subscriber.participant
    };
    let audible = tracks.iter().filter(is_audible).collect();
    let mut chosen = choose_audible(audible, intent, speakers, &heard);
    chosen.truncate(mids.len());

    // Those who stay keep their slot; the others take what is free.
    let (mut kept, mut newcomers) = (Vec::new(), Vec::new());
    for track in chosen {
        if heard.contains(&track.id) { kept.push(track) } else { newcomers.push(track) }
    }
    let mut newcomers = newcomers.into_iter();
    for mid in mids {
        let before = wiring.audio.remove(mid);
        let stays = before.as_ref().and_then(|before| kept.iter().find(|track| track.id == before.id)).copied();
        let after =
            stays.or_else(|| newcomers.next()).map(|track| Carried { id: track.id, media: track.media.clone() });
        if before != after {
            let track = after.as_ref().map(|carried| carried.media.clone());
            out.push(Effect::BindAudio { subscriber, mid: mid.clone(), track });
        }
        if let Some(after) = after {
            wiring.audio.insert(mid.clone(), after);
        }
    }
}

/// Best first: the pinned in their order, then those who are not muted before those who are, the loudest, those heard now
/// (so that a pause does not cost the slot), order of arrival.
fn choose_audible<'t>(
    mut audible: Vec<&'t Track>,
    intent: Option<&Intent>,
    speakers: &[ParticipantId],
    heard: &[TrackId],
) -> Vec<&'t Track> {
    let pinned = intent.map_or(&[][..], |intent| &intent.audio.pinned);
    let auto = intent.is_none_or(|intent| intent.audio.auto);
    let rank_in = |position: Option<usize>| position.unwrap_or(usize::MAX);
    audible.retain(|track| auto || pinned.contains(&track.id));
    audible.sort_by_key(|track| {
        let pin = rank_in(pinned.iter().position(|id| *id == track.id));
        let loudness = rank_in(speakers.iter().position(|id| *id == track.id.participant));
        (pin, track.muted, loudness, !heard.contains(&track.id))
    });
    audible
}

fn slots(sections: &[Section], kind: MediaKind) -> impl Iterator<Item = &Mid> {
    sections
        .iter()
        .filter(move |section| section.direction == Direction::Downlink && section.kind == kind)
        .map(|section| &section.mid)
}

impl Session {
    /// What the slots carry, in the order of the offer.
    pub(super) fn slot_views(&self, kind: MediaKind) -> Vec<SlotView> {
        let carried = |mid: &Mid| match kind {
            MediaKind::Audio => self.wiring.audio.get(mid).map(|carried| carried.id),
            MediaKind::Video => self.wiring.video.get(mid)?.carried.as_ref().map(|carried| carried.id),
        };
        slots(self.sections(), kind).map(|mid| SlotView { mid: mid.clone(), track: carried(mid) }).collect()
    }
}
