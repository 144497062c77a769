//! One person: a `str0m` PeerConnection with the sections of the protocol, a microphone and a simulcast camera.

use crate::frame::{self, Label};
use kenes_sfu::ids::PeerKey;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, Frequency, KeyframeRequestKind, MediaKind, MediaTime, Mid, Simulcast, SimulcastLayer};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

pub(crate) const AUDIO_INTERVAL: Duration = Duration::from_millis(20);
pub(crate) const VIDEO_INTERVAL: Duration = Duration::from_millis(40);

/// A simulcast layer as this client encodes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    pub(crate) rid: &'static str,
    pub(crate) height: u16,
    pub(crate) frame_len: usize,
    pub(crate) active: bool,
}

pub(crate) const SIMULCAST: [Layer; 3] = [
    Layer { rid: "q", height: 180, frame_len: 600, active: true },
    Layer { rid: "h", height: 360, frame_len: 1_500, active: true },
    Layer { rid: "f", height: 720, frame_len: 5_000, active: true },
];

/// A frame as it arrived at a viewer or listener.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) at: Instant,
    pub(crate) label: Label,
    pub(crate) keyframe: bool,
    pub(crate) contiguous: bool,
    pub(crate) media_time: Duration,
}

pub(crate) struct Client {
    pub(crate) number: u8,
    pub(crate) key: PeerKey,
    pub(crate) address: SocketAddr,
    pub(crate) rtc: Rtc,
    pending: Option<SdpPendingOffer>,
    pub(crate) microphone: Mid,
    pub(crate) camera: Mid,
    pub(crate) audio_slots: Vec<Mid>,
    pub(crate) video_slots: Vec<Mid>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) sends_audio: bool,
    pub(crate) sends_video: bool,
    pub(crate) arrived: HashMap<Mid, Vec<Arrived>>,
    pub(crate) connected: bool,
    pub(crate) disconnected: bool,
    pub(crate) keyframes_asked: u32,
    keyframe_due: [bool; 3],
    frames_sent: u32,
    /// When each word was.
    said: Vec<Instant>,
    started: Instant,
    pub(crate) next_timeout: Instant,
    /// Nothing is read or sent any more: the phone is in the river.
    pub(crate) dead: bool,
}

impl Client {
    pub(crate) fn new(
        key: u32,
        now: Instant,
        layers: &[Layer],
        audio_slots: usize,
        video_slots: usize,
    ) -> (Self, String) {
        str0m::crypto::from_feature_flags().install_process_default();
        let [_, high, low, number] = key.to_be_bytes();
        let address = SocketAddr::from(([10, high, low, number], 40_000));
        let mut rtc = Rtc::builder().build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap()).unwrap();
        let mut changes = rtc.sdp_api();
        let microphone = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let camera = changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, simulcast(layers));
        let mut receive = |kind| changes.add_media(kind, Direction::RecvOnly, None, None, None);
        let audio_slots = (0..audio_slots).map(|_| receive(MediaKind::Audio)).collect();
        let video_slots = (0..video_slots).map(|_| receive(MediaKind::Video)).collect();
        let (offer, pending) = changes.apply().unwrap();
        let client = Self {
            number,
            key: PeerKey(u64::from(key)),
            address,
            rtc,
            pending: Some(pending),
            microphone,
            camera,
            audio_slots,
            video_slots,
            layers: layers.to_vec(),
            sends_audio: true,
            sends_video: true,
            arrived: HashMap::new(),
            connected: false,
            disconnected: false,
            keyframes_asked: 0,
            keyframe_due: [true; 3],
            frames_sent: 0,
            said: Vec::new(),
            started: now,
            next_timeout: now,
            dead: false,
        };
        (client, offer.to_sdp_string())
    }

    pub(crate) fn accept(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
    }

    pub(crate) fn restart_ice(&mut self) -> String {
        let mut changes = self.rtc.sdp_api();
        changes.ice_restart(true);
        let (offer, pending): (SdpOffer, _) = changes.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    /// Another address, as after a change of network.
    pub(crate) fn move_to(&mut self, address: SocketAddr) {
        self.address = address;
        self.rtc.add_local_candidate(Candidate::host(address, "udp").unwrap()).unwrap();
    }

    pub(crate) fn handle_datagram(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        let Ok(receive) = Receive::new(Protocol::Udp, from, self.address, bytes) else { return };
        self.rtc.handle_input(Input::Receive(now, receive)).unwrap();
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
    }

    /// Drains what the client wants to send; notes its events.
    pub(crate) fn poll(&mut self, now: Instant, mut send: impl FnMut(SocketAddr, Vec<u8>)) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => {
                    self.next_timeout = at.max(now + Duration::from_micros(100));
                    return;
                }
                Output::Transmit(transmit) => send(transmit.destination, transmit.contents.to_vec()),
                Output::Event(event) => self.note(now, event),
            }
        }
    }

    fn note(&mut self, now: Instant, event: Event) {
        match event {
            Event::Connected => self.connected = true,
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => self.disconnected = true,
            Event::KeyframeRequest(request) => {
                self.keyframes_asked += 1;
                let asked = |layer: &Layer| request.rid.is_none_or(|rid| &*rid == layer.rid);
                for (due, layer) in self.keyframe_due.iter_mut().zip(&self.layers) {
                    *due |= asked(layer);
                }
            }
            Event::MediaData(data) => {
                let is_video = self.video_slots.contains(&data.mid);
                let label = if is_video { frame::vp8_label(&data.data) } else { frame::opus_label(&data.data) };
                self.arrived.entry(data.mid).or_default().push(Arrived {
                    at: now,
                    label,
                    keyframe: is_video && frame::is_keyframe(&data.data),
                    contiguous: data.contiguous,
                    media_time: data.time.into(),
                });
            }
            _ => {}
        }
    }

    pub(crate) fn speak(&mut self, now: Instant, level: i8) {
        if !self.sends_audio || !self.connected || self.dead {
            return;
        }
        let label = Label { publisher: self.number, layer: 0, number: self.words_said() };
        self.said.push(now);
        let time = MediaTime::from(now.duration_since(self.started));
        let Some(writer) = self.rtc.writer(self.microphone) else { return };
        let pt = writer.payload_params().find(|params| params.spec().codec == Codec::Opus).unwrap().pt();
        writer.audio_level(level, true).write(pt, now, time, frame::opus(label, 80)).unwrap();
    }

    pub(crate) fn words_said(&self) -> u32 {
        u32::try_from(self.said.len()).unwrap()
    }

    pub(crate) fn said_at(&self, word: u32) -> Instant {
        self.said[usize::try_from(word).unwrap()]
    }

    pub(crate) fn film(&mut self, now: Instant) {
        if !self.sends_video || !self.connected || self.dead {
            return;
        }
        let time = MediaTime::from(now.duration_since(self.started)).rebase(Frequency::NINETY_KHZ);
        self.frames_sent += 1;
        for (position, layer) in self.layers.clone().into_iter().enumerate().filter(|(_, layer)| layer.active) {
            let layer_number = u8::try_from(position).unwrap();
            let label = Label { publisher: self.number, layer: layer_number, number: self.frames_sent };
            let keyframe = std::mem::take(&mut self.keyframe_due[position]);
            let len = if keyframe { layer.frame_len * 3 } else { layer.frame_len };
            let frame = frame::vp8(label, keyframe, layer.height, len);
            let Some(writer) = self.rtc.writer(self.camera) else { return };
            let pt = writer.payload_params().find(|params| params.spec().codec == Codec::Vp8).unwrap().pt();
            let writer = if self.layers.len() > 1 { writer.rid(layer.rid.into()) } else { writer };
            writer.write(pt, now, time, frame).unwrap();
        }
    }

    pub(crate) fn send_layers(&mut self, is_wanted: impl Fn(&str) -> bool) {
        for layer in &mut self.layers {
            layer.active = is_wanted(layer.rid);
        }
    }

    pub(crate) fn ask_keyframe(&mut self, slot: Mid) {
        self.rtc.writer(slot).unwrap().request_keyframe(None, KeyframeRequestKind::Pli).unwrap();
    }

    pub(crate) fn seen(&self, slot: Mid) -> &[Arrived] {
        self.arrived.get(&slot).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn forget_arrivals(&mut self) {
        self.arrived.clear();
    }
}

fn simulcast(layers: &[Layer]) -> Option<Simulcast> {
    if layers.len() < 2 {
        return None;
    }
    let mut simulcast = Simulcast::new();
    for layer in layers {
        simulcast.add_send_layer(SimulcastLayer::new(layer.rid));
    }
    Some(simulcast)
}
