//! One person: a `str0m` PeerConnection with microphone, camera, ears and screens, behind an access.
//!
//! Owns the PeerConnection and what was heard and seen. Must not know the shard: it speaks to an address.

use crate::camera::{Camera, Layer};
use crate::clock;
use crate::dtls;
use crate::ear::Ear;
use crate::media;
use crate::microphone::{Microphone, parameters};
use crate::network::Datagram;
use crate::page::Page;
use crate::screen::{Piece, Screen};
use anyhow::{Context as _, Result};
use kenes_sfu::event::LinkReport;
use kenes_sfu::ids::PeerKey;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use str0m::bwe::{Bitrate, BweKind};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid, Simulcast, SimulcastLayer};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, Ssrc};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

/// What browsers begin with.
const FIRST_ESTIMATE: Bitrate = Bitrate::kbps(300);
/// What speech takes of an estimate, headers included.
const AUDIO_BPS: u64 = 50_000;

/// A check that was lost comes again as soon, and this many mean that the path is gone, as in browsers.
const CHECK_AGAIN: Duration = Duration::from_millis(480);
const CHECKS_LOST: usize = 10;

/// Between two words.
const SHUTTER: Duration = Duration::from_millis(7);

/// What a person brings: everybody has a microphone and a camera.
#[derive(Clone, Debug, Default)]
pub(crate) struct Equipment {
    pub(crate) access: usize,
    pub(crate) dtx: bool,
    pub(crate) red: bool,
    /// The camera's rate, whatever the link; without it, as the person's own estimate says.
    pub(crate) steady_bps: Option<u64>,
    /// Lowest first.
    pub(crate) camera: Vec<Layer>,
    /// For others: so many ears, so many screens.
    pub(crate) slots: usize,
}

pub(crate) struct Person {
    pub(crate) key: PeerKey,
    pub(crate) address: SocketAddr,
    pub(crate) access: usize,
    rtc: Rtc,
    pending: Option<SdpPendingOffer>,
    pub(crate) microphone: Microphone,
    pub(crate) camera: Camera,
    pub(crate) ears: Vec<(Mid, Ear)>,
    pub(crate) screens: Vec<(Mid, Screen)>,
    page: Page,
    /// Of the own uplink, where it is estimated.
    estimate_bps: Option<u64>,
    slots: BTreeMap<Ssrc, Mid>,
    pub(crate) connected: Option<Duration>,
    /// ICE has given up on the path: signaling has to bring a restart.
    pub(crate) disconnected: bool,
    pub(crate) next_timeout: Duration,
}

impl Person {
    /// The person and its offer.
    pub(crate) fn new(number: u8, now: Duration, equipment: &Equipment, seed: u64) -> Result<(Self, String)> {
        let address = address_of(number);
        let mut rtc = rtc(address, now, equipment.steady_bps.is_none(), equipment.red)?;
        let mut changes = rtc.sdp_api();
        let simulcast = simulcast(&equipment.camera);
        let microphone = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let camera = changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, simulcast);
        let mut receive = |kind| changes.add_media(kind, Direction::RecvOnly, None, None, None);
        let ears = (0..equipment.slots).map(|_| (receive(MediaKind::Audio), Ear::default())).collect();
        let screens = (0..equipment.slots).map(|_| (receive(MediaKind::Video), Screen::default())).collect();
        let (offer, pending) = changes.apply().context("nothing to offer")?;
        let mut person = Self::with(rtc, number, now, [microphone, camera], equipment, seed);
        (person.pending, person.ears, person.screens) = (Some(pending), ears, screens);
        Ok((person, offer.to_sdp_string()))
    }

    fn with(rtc: Rtc, number: u8, now: Duration, sources: [Mid; 2], equipment: &Equipment, seed: u64) -> Self {
        let [microphone, camera] = sources;
        let budget_bps = equipment.steady_bps.unwrap_or(FIRST_ESTIMATE.as_u64() - AUDIO_BPS);
        Self {
            key: PeerKey(u64::from(number)),
            address: address_of(number),
            access: equipment.access,
            rtc,
            pending: None,
            microphone: Microphone::new(microphone, equipment.dtx, seed),
            camera: Camera::new(camera, &equipment.camera, budget_bps, seed),
            ears: Vec::new(),
            screens: Vec::new(),
            page: Page::default(),
            estimate_bps: None,
            slots: BTreeMap::new(),
            connected: None,
            disconnected: false,
            next_timeout: now,
        }
    }

    /// One who only hears and sees who offers microphone and camera, without a server between; and its answer.
    pub(crate) fn answering(number: u8, now: Duration, offer: &str, sources: [Mid; 2]) -> Result<(Self, String)> {
        let address = address_of(number);
        let mut rtc = rtc(address, now, false, false)?;
        let answer = rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(offer)?)?;
        let [audio, video] = sources;
        let mut person = Self::with(rtc, number, now, sources, &Equipment::default(), 0);
        person.ears.push((audio, Ear::default()));
        person.screens.push((video, Screen::default()));
        Ok((person, answer.to_sdp_string()))
    }

    pub(crate) fn accept(&mut self, answer: &str) -> Result<()> {
        let pending = self.pending.take().context("an answer without an offer")?;
        self.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(answer)?)?;
        Ok(())
    }

    pub(crate) fn restart_ice(&mut self) -> Result<String> {
        let mut changes = self.rtc.sdp_api();
        changes.ice_restart(true);
        let (offer, pending) = changes.apply().context("nothing to restart")?;
        self.pending = Some(pending);
        self.disconnected = false;
        Ok(offer.to_sdp_string())
    }

    /// Another address, as after a change of network; the old one is dead.
    pub(crate) fn move_to(&mut self, address: SocketAddr) -> Result<()> {
        let old = Candidate::host(self.address, "udp")?;
        self.rtc.direct_api().invalidate_candidate(&old);
        self.address = address;
        self.rtc.add_local_candidate(Candidate::host(address, "udp")?).context("a candidate is refused")?;
        Ok(())
    }

    /// What it says is read at once: `str0m` keeps no more than one packet of a stream for that.
    pub(crate) fn handle_datagram(
        &mut self,
        now: Duration,
        datagram: &Datagram,
        send: impl FnMut(Datagram),
    ) -> Result<()> {
        let received = Receive::new(Protocol::Udp, datagram.from, self.address, &datagram.bytes);
        let Ok(received) = received else { return Ok(()) };
        self.rtc.handle_input(Input::Receive(clock::instant(now), received))?;
        self.poll(now, send)
    }

    /// When something of this person is due: media, or a timer of the PeerConnection.
    pub(crate) fn next_moment(&self) -> Duration {
        let media = self.microphone.next.min(self.camera.next);
        if self.connected.is_some() { media.min(self.next_timeout) } else { self.next_timeout }
    }

    /// Does all that is due, and gives what is to be sent to `send`.
    pub(crate) fn run(&mut self, now: Duration, send: impl FnMut(Datagram)) -> Result<()> {
        self.produce(now);
        self.look(now);
        if self.next_timeout <= now {
            self.rtc.handle_input(Input::Timeout(clock::instant(now)))?;
        }
        self.poll(now, send)
    }

    fn poll(&mut self, now: Duration, mut send: impl FnMut(Datagram)) -> Result<()> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => {
                    // What is due at once is due a tick later: time goes on between two packets of one person.
                    self.next_timeout = clock::moment(at).max(now + clock::TICK);
                    return Ok(());
                }
                Output::Transmit(transmit) => {
                    let bytes = transmit.contents.to_vec();
                    send(Datagram { from: self.address, to: transmit.destination, bytes });
                }
                Output::Event(event) => self.note(now, event),
            }
        }
    }

    /// How somebody's links fare, perhaps one's own.
    pub(crate) fn hear_of(&mut self, peer: PeerKey, uplink: &LinkReport, downlink: LinkReport) {
        if peer == self.key {
            self.page.hear_of_uplink(uplink, self.estimate_bps);
        } else {
            self.page.hear_of(peer, downlink);
        }
        self.camera.room_bps = self.page.room_bps();
        (self.microphone.rate_bps, self.microphone.doubles) = self.page.voice(self.estimate_bps);
        self.microphone.repeats = self.page.repeats();
    }

    pub(crate) fn finish(&mut self, now: Duration) {
        self.ears.iter_mut().for_each(|(_, ear)| ear.play_until(now));
    }

    fn produce(&mut self, now: Duration) {
        if self.connected.is_none() {
            return;
        }
        if self.microphone.next <= now {
            self.microphone.speak(&mut self.rtc);
            self.next_timeout = now;
        }
        if self.camera.next <= now {
            self.camera.film(&mut self.rtc);
            let (least, most) = self.camera.wish_bps();
            self.rtc.bwe().set_bitrate(Bitrate::bps(least + AUDIO_BPS), Bitrate::bps(most + AUDIO_BPS));
            self.next_timeout = now;
        }
    }

    /// Asks for a key frame where the picture stands still.
    fn look(&mut self, now: Duration) {
        for (mid, screen) in &mut self.screens {
            if screen.asks_keyframe(now)
                && let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(*mid, None)
            {
                stream.request_keyframe(KeyframeRequestKind::Pli);
                self.next_timeout = now;
            }
        }
    }

    fn note(&mut self, now: Duration, event: Event) {
        match event {
            Event::Connected => self.begin_media(now),
            Event::IceConnectionStateChange(state) => self.disconnected = state == IceConnectionState::Disconnected,
            Event::KeyframeRequest(request) => self.camera.owe_keyframe(request.rid),
            Event::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) => {
                self.estimate_bps = Some(estimate.as_u64());
                self.camera.budget_bps = estimate.as_u64().saturating_sub(AUDIO_BPS);
            }
            Event::RtpPacket(packet) => self.receive_rtp(now, &packet),
            _ => {}
        }
    }

    /// Media runs on a grid of its own frames, not of when somebody connected.
    fn begin_media(&mut self, now: Duration) {
        self.connected.get_or_insert(now);
        let on_grid = |ms: u64| {
            let frames = now.as_millis().div_ceil(u128::from(ms));
            Duration::from_millis(u64::try_from(frames).unwrap_or(0) * ms)
        };
        self.microphone.next = on_grid(media::AUDIO_FRAME_MS);
        self.camera.begin(on_grid(media::VIDEO_FRAME_MS) + Duration::from_millis(media::VIDEO_FRAME_MS) + SHUTTER);
    }

    fn receive_rtp(&mut self, now: Duration, packet: &RtpPacket) {
        let ssrc = packet.header.ssrc;
        let known = self.slots.get(&ssrc).copied();
        let Some(mid) = known.or_else(|| self.rtc.direct_api().stream_rx(&ssrc).map(|stream| stream.mid())) else {
            return;
        };
        self.slots.insert(ssrc, mid);
        if let Some((_, ear)) = self.ears.iter_mut().find(|(slot, _)| *slot == mid) {
            let red = parameters(&self.rtc, Codec::Opus).and_then(|params| params.red());
            let is_red = red == Some(packet.header.payload_type);
            let frames = if is_red { media::read_red(&packet.payload) } else { Some(vec![(0, &packet.payload[..])]) };
            for (ticks, frame) in frames.unwrap_or_default() {
                if let Some(frame) = media::read_opus(frame) {
                    ear.receive(now, packet.time.numer().saturating_sub(u64::from(ticks)), frame);
                }
            }
        } else if let Some((_, screen)) = self.screens.iter_mut().find(|(slot, _)| *slot == mid) {
            let start = media::read_vp8(&packet.payload);
            let piece = Piece { start, ends_frame: packet.header.marker, len: packet.payload.len() };
            screen.receive(now, *packet.seq_no, piece);
        }
    }
}

fn address_of(number: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, number], 40_000))
}

fn rtc(address: SocketAddr, now: Duration, estimates: bool, red: bool) -> Result<Rtc> {
    let mut config = Rtc::builder();
    config.set_max_stun_rto(CHECK_AGAIN);
    config.set_max_stun_retransmits(CHECKS_LOST);
    let mut rtc = config
        .set_crypto_provider(dtls::provider())
        .set_rtp_mode(true)
        .clear_codecs()
        .enable_opus(true, red)
        .enable_vp8(true)
        .enable_bwe(estimates.then_some(FIRST_ESTIMATE))
        .build(clock::instant(now));
    rtc.add_local_candidate(Candidate::host(address, "udp")?).context("a candidate is refused")?;
    Ok(rtc)
}

fn simulcast(layers: &[Layer]) -> Option<Simulcast> {
    let mut simulcast = Simulcast::new();
    layers.iter().for_each(|layer| simulcast.add_send_layer(SimulcastLayer::new(layer.rid)));
    (layers.len() > 1).then_some(simulcast)
}
