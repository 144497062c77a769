//! A client in memory: the `rtc` crate's sans-IO PeerConnection, on the same virtual time as the shard.
//!
//! Owns one connection; datagrams go in and out as bytes. Another implementation than the SFU's own, so that what the shard
//! is fed is what a client would send it.

use crate::offer::{self, VP8_PAYLOAD_TYPE};
use crate::random_u32;
use anyhow::{Context as _, Result};
use bytes::{Bytes, BytesMut};
use rtc::dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::event::RTCPeerConnectionEvent;
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::state::RTCPeerConnectionState;
use rtc::peer_connection::transport::{CandidateConfig, CandidateHostConfig, RTCIceCandidate};
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::rtp::{Packet, header::Header};
use rtc::rtp_transceiver::RTCRtpSenderId;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use rtc::sansio::Protocol as _;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};
use std::net::SocketAddr;
use std::time::Instant;

pub(super) struct Client {
    pub(super) address: SocketAddr,
    server: SocketAddr,
    connection: RTCPeerConnection,
    detail: RTCRtpSenderId,
    detail_ssrc: u32,
    sequence_number: u16,
    connected: bool,
}

impl Client {
    pub(super) fn new(address: SocketAddr, server: SocketAddr, now: Instant) -> Result<Self> {
        let (media_engine, registry) = offer::negotiable()?;
        // The cipher that the floor is made of.
        let settings = SettingEngineBuilder::new()
            .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm]);
        let mut connection = RTCPeerConnectionBuilder::new()
            .with_media_engine(media_engine)
            .with_interceptor_registry(registry)
            .with_setting_engine(settings.with_include_loopback_candidate(true).build())
            .build(now)?;
        let (microphone, section) = offer::source("microphone", RtpCodecKind::Audio, &[""]);
        connection.add_transceiver_from_track(microphone, Some(section))?;
        let (camera, section) = offer::source("camera", RtpCodecKind::Video, &["q", "h", "f"]);
        connection.add_transceiver_from_track(camera, Some(section))?;
        let (detail, section) = offer::source("detail", RtpCodecKind::Video, &[""]);
        let detail_ssrc = detail.ssrcs().next().context("the detail section has no SSRC")?;
        let detail = RTCRtpSenderId::from(connection.add_transceiver_from_track(detail, Some(section))?);
        let (instrument, section) = offer::source("instrument", RtpCodecKind::Audio, &[""]);
        connection.add_transceiver_from_track(instrument, Some(section))?;
        for (kind, section) in offer::slots() {
            connection.add_transceiver_from_kind(kind, Some(section))?;
        }
        let [.., high, low] = random_u32().to_be_bytes();
        let sequence_number = u16::from_be_bytes([high, low]);
        Ok(Self { address, server, connection, detail, detail_ssrc, sequence_number, connected: false })
    }

    pub(super) fn offer(&mut self, now: Instant) -> Result<String> {
        let offer = self.connection.create_offer(None)?;
        self.connection.set_local_description(now, offer)?;
        let base_config = CandidateConfig {
            network: "udp".to_owned(),
            address: self.address.ip().to_string(),
            port: self.address.port(),
            component: 1,
            ..Default::default()
        };
        let candidate = CandidateHostConfig { base_config, ..Default::default() }.new_candidate_host()?;
        self.connection.add_local_candidate(RTCIceCandidate::from(&candidate).to_json()?)?;
        Ok(self.connection.local_description().context("no local description after an offer")?.sdp)
    }

    pub(super) fn accept(&mut self, now: Instant, answer: String) -> Result<()> {
        Ok(self.connection.set_remote_description(now, RTCSessionDescription::answer(answer)?)?)
    }

    pub(super) fn receive(&mut self, now: Instant, datagram: &[u8]) -> Result<()> {
        let transport = TransportContext {
            local_addr: self.address,
            peer_addr: self.server,
            transport_protocol: TransportProtocol::UDP,
            ecn: None,
        };
        Ok(self.connection.handle_read(TaggedBytesMut { now, transport, message: BytesMut::from(datagram) })?)
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<()> {
        if self.connection.poll_timeout().is_some_and(|at| at <= now) {
            self.connection.handle_timeout(now)?;
        }
        Ok(())
    }

    /// The next datagram to the server.
    pub(super) fn poll(&mut self) -> Option<BytesMut> {
        while self.connection.poll_read().is_some() {}
        while let Some(event) = self.connection.poll_event() {
            if let RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) = event {
                self.connected = state == RTCPeerConnectionState::Connected;
            }
        }
        self.connection.poll_write().map(|message| message.message)
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected
    }

    /// One packet of the detail camera; it comes out of [`Self::poll`], sealed.
    pub(super) fn publish(&mut self, now: Instant, timestamp: u32, marker: bool, payload: Bytes) -> Result<()> {
        let header = Header {
            version: 2,
            marker,
            payload_type: VP8_PAYLOAD_TYPE,
            sequence_number: self.sequence_number,
            timestamp,
            ssrc: self.detail_ssrc,
            ..Default::default()
        };
        self.sequence_number = self.sequence_number.wrapping_add(1);
        let mut sender = self.connection.rtp_sender(self.detail).context("the detail section has no sender")?;
        Ok(sender.write_rtp(now, Packet { header, payload })?)
    }
}
