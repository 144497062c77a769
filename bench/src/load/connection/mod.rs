//! One PeerConnection as the generator has it: from two descriptions to keys, and from then on what the engine carries.
//!
//! [`Carried`] owns a connected socket, its keys, and the streams in both directions. It does no I/O: datagrams come in, and what is to be
//! sent goes into the engine's batch.

pub(super) mod handshake;
pub(super) mod srtp;
pub(super) mod stun;

use super::adapter::Seat;
use super::engine::Established;
use super::inbound::{Arrival, Header, Inbound};
use super::outbound::{Batch, Camera, Microphone, Sealing};
use super::rtcp::{self, Told};
use super::sdp::{Agreement, Kind, LocalDescription};
use super::shape::Frames;
use super::traffic::Seeded;
use super::window::Tally;
use srtp::{Keys, RTCP_OVERHEAD};
use std::net::UdpSocket;
use stun::Check;

/// Streams of one connection; a server that sends more is not what an adapter asked for.
const MAX_ARRIVING: usize = 64;

pub(super) struct Carried {
    pub seat: Seat,
    pub socket: UdpSocket,
    description: LocalDescription,
    agreement: Agreement,
    seals: Keys,
    opens: Keys,
    transport_cc: u16,
    microphone: Option<Microphone>,
    camera: Option<Camera>,
    muted: [bool; 2],
    arriving: Vec<Inbound>,
    overflowed: u32,
    /// For RTCP before it is sealed.
    plain: Vec<u8>,
}

impl Carried {
    pub(super) fn new(established: Established, frames: Frames) -> Self {
        let Established { seat, socket, description, agreement, seals, opens, .. } = established;
        let of = |kind| agreement.publications.iter().find(move |publication| publication.kind == kind);
        Self {
            seat,
            socket,
            microphone: of(Kind::Audio).and_then(Microphone::new),
            camera: of(Kind::Video).map(|camera| Camera::new(camera, frames)),
            description,
            agreement,
            seals,
            opens,
            transport_cc: 0,
            muted: [false; 2],
            arriving: Vec::with_capacity(16),
            overflowed: 0,
            plain: Vec::with_capacity(1_500),
        }
    }

    pub(super) fn has_audio(&self) -> bool {
        self.microphone.is_some()
    }

    pub(super) fn has_video(&self) -> bool {
        self.camera.is_some()
    }

    pub(super) fn has_heard(&self) -> bool {
        !self.arriving.is_empty()
    }

    /// Another offer and answer: credentials and payload types, while streams go on.
    pub(super) fn renegotiate(&mut self, description: LocalDescription, agreement: Agreement) {
        self.description = description;
        self.agreement = agreement;
    }

    pub(super) fn encode(&mut self, wanted: [bool; 3]) {
        let layers = self.camera.iter_mut().flat_map(|camera| &mut camera.layers);
        for (layer, wanted) in layers.zip(wanted) {
            // An encoder that starts again starts with a key frame.
            layer.wants_key_frame |= wanted && !layer.active;
            layer.active = wanted;
        }
    }

    pub(super) fn mute(&mut self, kind: Kind, muted: bool) {
        let [audio, video] = &mut self.muted;
        *(if kind == Kind::Audio { audio } else { video }) = muted;
        if kind == Kind::Video && !muted {
            // As an encoder that starts again.
            self.camera.iter_mut().flat_map(|camera| &mut camera.layers).for_each(|layer| layer.wants_key_frame = true);
        }
    }

    pub(super) fn send_audio(&mut self, batch: &mut Batch, now_ns: u64, speaks: bool) {
        let [muted, _] = self.muted;
        let mut sealing = Sealing { seat: self.seat, keys: &self.seals, transport_cc: &mut self.transport_cc, batch };
        if let Some(microphone) = self.microphone.as_mut().filter(|_| !muted) {
            microphone.send(&mut sealing, now_ns, speaks);
        }
    }

    pub(super) fn send_video(&mut self, batch: &mut Batch, now_ns: u64, seeded: &mut Seeded) {
        let [_, muted] = self.muted;
        let mut sealing = Sealing { seat: self.seat, keys: &self.seals, transport_cc: &mut self.transport_cc, batch };
        if let Some(camera) = self.camera.as_mut().filter(|_| !muted) {
            camera.send(&mut sealing, now_ns, seeded);
        }
    }

    pub(super) fn send_reports(&mut self, batch: &mut Batch, now_ns: u64, unix_ns: u64) {
        let microphone = self.microphone.iter().map(|microphone| &microphone.stream);
        let camera = self.camera.iter().flat_map(|camera| &camera.layers).map(|layer| &layer.stream);
        self.plain.clear();
        let own_ssrc = self.description.first_ssrc;
        rtcp::reports(&mut self.plain, own_ssrc, microphone.chain(camera), &mut self.arriving, (now_ns, unix_ns));
        self.seal(batch);
    }

    pub(super) fn send_consent(&self, batch: &mut Batch) {
        let remote = &self.agreement.remote;
        let request = stun::request(handshake::transaction(), &self.description.ufrag, &remote.ufrag, &remote.pwd);
        batch.push(request.len()).copy_from_slice(&request);
    }

    /// Demultiplexes by the first byte (RFC 7983 §7) and, of what SRTP protects, the second (RFC 5761 §4).
    pub(super) fn receive(&mut self, datagram: &mut [u8], at: Arrival, batch: &mut Batch, tally: &mut Tally) {
        match (datagram.first(), datagram.get(1)) {
            (Some(0..=3), _) => self.receive_check(datagram, batch),
            (Some(128..=191), Some(192..=223)) => self.receive_rtcp(datagram, at, tally),
            (Some(128..=191), _) => self.receive_rtp(datagram, at, batch, tally),
            // A server's last DTLS flight, sent again.
            _ => {}
        }
    }

    fn receive_check(&self, datagram: &[u8], batch: &mut Batch) {
        let remote = &self.agreement.remote;
        if let Some(Check::Request { transaction }) = stun::read(datagram, &self.description.pwd, &remote.pwd) {
            let answer = stun::success(transaction, remote.address, &self.description.pwd);
            batch.push(answer.len()).copy_from_slice(&answer);
        }
    }

    fn receive_rtp(&mut self, packet: &mut [u8], at: Arrival, batch: &mut Batch, tally: &mut Tally) {
        let Some(header) = Header::read(packet) else { return };
        let known = self.agreement.payload_types.iter().find(|(payload_type, _)| *payload_type == header.payload_type);
        let Some((_, kind)) = known else {
            tally.unstamped += 1;
            return;
        };
        let place = self.arriving.iter().position(|inbound| inbound.ssrc == header.ssrc).unwrap_or_else(|| {
            if self.arriving.len() < MAX_ARRIVING {
                self.arriving.push(Inbound::new(header, *kind));
            }
            self.arriving.len() - 1
        });
        let Some(inbound) = self.arriving.get_mut(place).filter(|inbound| inbound.ssrc == header.ssrc) else { return };
        if inbound.receive(packet, header, &self.opens, at, tally) {
            self.plain.clear();
            rtcp::key_frame_request(&mut self.plain, self.description.first_ssrc, header.ssrc);
            self.seal(batch);
        }
    }

    fn receive_rtcp(&mut self, packet: &mut [u8], at: Arrival, tally: &mut Tally) {
        let Some(compound) = self.opens.open_rtcp(packet) else {
            tally.unauthentic += 1;
            return;
        };
        rtcp::read(compound, |told| match told {
            Told::KeyFrame(ssrc) => {
                let layers = self.camera.iter_mut().flat_map(|camera| &mut camera.layers);
                for layer in layers.filter(|layer| layer.stream.ssrc == ssrc) {
                    layer.wants_key_frame = true;
                    tally.key_frames_asked += 1;
                }
            }
            Told::Report(ssrc, middle) => {
                for inbound in self.arriving.iter_mut().filter(|inbound| inbound.ssrc == ssrc) {
                    inbound.last_report = Some((middle, at.now_ns));
                }
            }
        });
    }

    /// Whom this connection heard since the last time, by kind.
    pub(super) fn take_heard(&mut self) -> impl Iterator<Item = (Kind, Seat)> {
        self.arriving.iter_mut().filter_map(|inbound| Some((inbound.kind, inbound.heard.take()?)))
    }

    /// Of the kernel's running count of dropped datagrams, what is new.
    pub(super) fn overflowed_since(&mut self, total: u32) -> u32 {
        total.wrapping_sub(std::mem::replace(&mut self.overflowed, total))
    }

    fn seal(&mut self, batch: &mut Batch) {
        self.plain.resize(self.plain.len() + RTCP_OVERHEAD, 0);
        if self.seals.seal_rtcp(&mut self.plain).is_some() {
            batch.push(self.plain.len()).copy_from_slice(&self.plain);
        }
    }
}
