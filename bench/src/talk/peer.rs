//! One synthetic person's PeerConnection, made with the `webrtc` crate: the 17 sections of the protocol, a microphone, a
//! simulcast camera, and a record of all that arrives.
//!
//! Owns the connection and its tasks. Does not know signaling: it makes an offer and takes an answer.

use super::clip::{Clip, LAYERS};
use super::feedback::KeyFrameRequests;
use super::recording::{Packet, Recording};
use super::sender::{self, Wanted};
use crate::offer::{self, LISTENING_SLOTS, SOURCES, VIEWING_SLOTS};
use anyhow::{Context as _, Result, ensure};
use rtc::interceptor::Slot;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState, RTCPeerConnectionState,
    RTCSessionDescription, SettingEngineBuilder,
};
use webrtc::runtime::default_runtime;

/// A place in the chain of interceptors after the last one that the crate names.
const BEHIND_ALL: usize = 20_000;
/// Requests that wait for the camera's next tick.
const KEY_FRAME_REQUESTS: usize = 64;

pub(super) struct Peer {
    connection: Arc<dyn PeerConnection>,
    microphone: Arc<TrackLocalStaticRTP>,
    camera: Arc<TrackLocalStaticRTP>,
    state: watch::Receiver<RTCPeerConnectionState>,
    gathering: watch::Receiver<RTCIceGatheringState>,
    recording: Arc<Mutex<Recording>>,
    key_frame_requests: Option<mpsc::Receiver<u32>>,
}

/// `a=mid` of the sections that signaling speaks of.
#[derive(Clone, Debug)]
pub(super) struct Mids {
    pub microphone: String,
    pub camera: String,
    pub viewing: Vec<String>,
}

impl Peer {
    /// `local` is the address the media is sent from.
    pub(super) async fn new(local: IpAddr) -> Result<Self> {
        let recording = Arc::new(Mutex::new(Recording::default()));
        let (state_out, state) = watch::channel(RTCPeerConnectionState::New);
        let (gathering_out, gathering) = watch::channel(RTCIceGatheringState::New);
        let (requests, key_frame_requests) = mpsc::channel(KEY_FRAME_REQUESTS);
        let handler = Handler { state: state_out, gathering: gathering_out, recording: Arc::clone(&recording) };
        let (media_engine, registry) = offer::negotiable()?;
        // Behind the crate's own stages: they have acted on a packet before it is looked into.
        let registry = registry.with(Slot::Custom(BEHIND_ALL), KeyFrameRequests::new(requests));
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(media_engine)
            .with_interceptor_registry(registry)
            .with_setting_engine(SettingEngineBuilder::new().with_include_loopback_candidate(true).build())
            .with_handler(Arc::new(handler))
            .with_runtime(default_runtime().context("the webrtc crate was built without a runtime")?)
            .with_udp_addrs(vec![(local, 0)])
            .build()
            .await?;
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        let microphone = add_source(&connection, "microphone", RtpCodecKind::Audio, &[""]).await?;
        let camera = add_source(&connection, "camera", RtpCodecKind::Video, &LAYERS.map(|layer| layer.rid)).await?;
        add_source(&connection, "detail", RtpCodecKind::Video, &[""]).await?;
        add_source(&connection, "instrument", RtpCodecKind::Audio, &[""]).await?;
        for (kind, section) in offer::slots() {
            connection.add_transceiver_from_kind(kind, Some(section)).await?;
        }
        Ok(Self {
            connection,
            microphone,
            camera,
            state,
            gathering,
            recording,
            key_frame_requests: Some(key_frame_requests),
        })
    }

    /// The offer with its candidates, and the mids it gave to the sections.
    pub(super) async fn offer(&mut self) -> Result<(String, Mids)> {
        let offer = self.connection.create_offer(None).await.context("the webrtc crate makes no offer")?;
        self.connection.set_local_description(offer).await?;
        self.gathering.wait_for(|state| *state == RTCIceGatheringState::Complete).await?;
        let offer = self.connection.local_description().await.context("no local description after an offer")?;
        let mut mids = Vec::new();
        for transceiver in self.connection.get_transceivers().await {
            mids.push(transceiver.mid().await?.context("a section has no mid after the offer")?);
        }
        // Transceivers come out of a map: the order of sections is that of the mids, which count up.
        mids.sort_by_key(|mid| mid.parse::<u32>().unwrap_or(u32::MAX));
        ensure!(
            mids.len() == SOURCES + LISTENING_SLOTS + VIEWING_SLOTS,
            "the offer has {} sections, not 17",
            mids.len()
        );
        let viewing = mids.split_off(SOURCES + LISTENING_SLOTS);
        let mut mids = mids.into_iter();
        let (microphone, camera) = mids.next().zip(mids.next()).context("the offer has no sections")?;
        Ok((offer.sdp, Mids { microphone, camera, viewing }))
    }

    pub(super) async fn accept(&self, answer: String) -> Result<()> {
        let answer = RTCSessionDescription::answer(answer).context("the answer is not SDP")?;
        self.connection.set_remote_description(answer).await.context("the webrtc crate refuses the answer")
    }

    /// Resolves when ICE and DTLS are done.
    pub(super) async fn connected(&mut self) -> Result<()> {
        let done = |state: &RTCPeerConnectionState| {
            use RTCPeerConnectionState::{Closed, Connected, Failed};
            matches!(state, Connected | Failed | Closed)
        };
        let state = *self.state.wait_for(done).await?;
        ensure!(state == RTCPeerConnectionState::Connected, "the PeerConnection is {state}");
        Ok(())
    }

    pub(super) fn state(&self) -> RTCPeerConnectionState {
        *self.state.borrow()
    }

    /// Speaks and shows the clip until the returned task is aborted; encodes the layers that are wanted.
    pub(super) async fn speak(
        &mut self,
        clip: Arc<Clip>,
        mids: &Mids,
        wanted: watch::Receiver<Wanted>,
    ) -> Result<sender::Sending> {
        let microphone = sender::Line::new(&self.connection, &self.microphone, &mids.microphone).await?;
        let camera = sender::Line::new(&self.connection, &self.camera, &mids.camera).await?;
        let requests = self.key_frame_requests.take().context("the person speaks already")?;
        Ok(sender::start(clip, microphone, camera, wanted, requests, Arc::clone(&self.recording)))
    }

    /// Hands over what was recorded so far.
    pub(super) fn take_recording(&self) -> Recording {
        std::mem::take(&mut *self.recording.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn close(&self) -> Result<()> {
        Ok(self.connection.close().await?)
    }
}

/// A sendonly section with one encoding for each rid.
async fn add_source(
    connection: &Arc<dyn PeerConnection>,
    name: &str,
    kind: RtpCodecKind,
    rids: &[&str],
) -> Result<Arc<TrackLocalStaticRTP>> {
    let (track, section) = offer::source(name, kind, rids);
    let track = Arc::new(TrackLocalStaticRTP::new(track));
    connection
        .add_transceiver_from_track(Arc::clone(&track) as Arc<_>, Some(section))
        .await
        .with_context(|| format!("the webrtc crate cannot add {name}"))?;
    Ok(track)
}

/// Takes the connection's events down; one task a track records its packets.
struct Handler {
    state: watch::Sender<RTCPeerConnectionState>,
    gathering: watch::Sender<RTCIceGatheringState>,
    recording: Arc<Mutex<Recording>>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.state.send_replace(state);
    }

    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.gathering.send_replace(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        tokio::spawn(record(track, Arc::clone(&self.recording)));
    }
}

async fn record(track: Arc<dyn TrackRemote>, recording: Arc<Mutex<Recording>>) {
    let kind = track.kind().await;
    while let Some(event) = track.poll().await {
        let TrackRemoteEvent::OnRtpPacket(packet) = event else { continue };
        let arrived = crate::clock::now();
        let mut recording = recording.lock().unwrap_or_else(PoisonError::into_inner);
        let streams = if kind == RtpCodecKind::Audio { &mut recording.audio } else { &mut recording.video };
        streams.entry(packet.header.ssrc).or_default().push(Packet {
            arrived,
            sequence_number: packet.header.sequence_number,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            payload: packet.payload,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    struct Answerer {
        gathering: watch::Sender<RTCIceGatheringState>,
        rids: mpsc::UnboundedSender<Option<String>>,
    }

    #[async_trait::async_trait]
    impl PeerConnectionEventHandler for Answerer {
        async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
            self.gathering.send_replace(state);
        }

        async fn on_track(&self, track: Arc<dyn TrackRemote>) {
            let rids = self.rids.clone();
            tokio::spawn(async move {
                while let Some(event) = track.poll().await {
                    if let TrackRemoteEvent::OnOpen(open) = event {
                        let _ = rids.send(open.rid);
                    }
                }
            });
        }
    }

    #[tokio::test]
    async fn a_peer_offers_17_sections_and_sends_speech_and_three_layers() {
        let local = IpAddr::from([127, 0, 0, 1]);
        let mut peer = Peer::new(local).await.unwrap();
        let (offer, mids) = peer.offer().await.unwrap();
        assert_eq!(offer.matches("m=").count(), 17, "{offer}");
        assert!(offer.contains("a=simulcast:send q;h;f"), "{offer}");
        assert_eq!((offer.matches("a=sendonly").count(), offer.matches("a=recvonly").count()), (4, 13), "{offer}");

        let (gathering_out, mut gathering) = watch::channel(RTCIceGatheringState::New);
        let (rids, mut opened) = mpsc::unbounded_channel();
        let (media_engine, registry) = offer::negotiable().unwrap();
        let answerer = PeerConnectionBuilder::new()
            .with_media_engine(media_engine)
            .with_interceptor_registry(registry)
            .with_setting_engine(SettingEngineBuilder::new().with_include_loopback_candidate(true).build())
            .with_handler(Arc::new(Answerer { gathering: gathering_out, rids }))
            .with_runtime(default_runtime().unwrap())
            .with_udp_addrs(vec![(local, 0)])
            .build()
            .await
            .unwrap();
        answerer.set_remote_description(RTCSessionDescription::offer(offer).unwrap()).await.unwrap();
        let answer = answerer.create_answer(None).await.unwrap();
        answerer.set_local_description(answer).await.unwrap();
        gathering.wait_for(|state| *state == RTCIceGatheringState::Complete).await.unwrap();
        peer.accept(answerer.local_description().await.unwrap().sdp).await.unwrap();
        tokio::time::timeout(Duration::from_secs(10), peer.connected()).await.unwrap().unwrap();

        let (_wanted, wanted) = watch::channel(None);
        let _sending = peer.speak(Arc::new(Clip::load().unwrap()), &mids, wanted).await.unwrap();
        let mut seen = Vec::new();
        while seen.len() < 4 {
            let rid = tokio::time::timeout(Duration::from_secs(5), opened.recv()).await;
            seen.push(rid.unwrap_or_else(|_| panic!("only {seen:?} arrived")).unwrap().unwrap_or_default());
        }
        seen.sort();
        assert_eq!(seen, ["", "f", "h", "q"]);
    }
}
