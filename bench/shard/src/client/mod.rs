//! One client in memory: the offer that a browser made, checks, handshake, and packets sealed as a browser would.
//!
//! Owns one connection; datagrams go in and out as bytes, on the same virtual time as the shard. Built on the `rtc` family's
//! crates, so that what the shard is fed is another implementation's.

mod credentials;
mod packets;

pub(crate) use credentials::Credentials;
pub(crate) use packets::{Outgoing, Stream, video_payload};

use anyhow::{Context as _, Result};
use bytes::BytesMut;
use kenes_sfu::description::PeerDescription;
use rtc_crypto::RTCCryptoProvider;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_shared::TransportProtocol;
use rtc_srtp::config::LABEL_EXTRACTOR_DTLS_SRTP;
use rtc_srtp::context::Context;
use rtc_stun::attributes::{ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME, AttrType};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, Message, Setter, TransactionId};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    server: SocketAddr,
    /// What offer and answer agreed on: slots' SSRCs and ICE credentials.
    pub(crate) description: PeerDescription,
    pub(crate) video: Stream,
    pub(crate) voice: Stream,
    crypto: Arc<dyn RTCCryptoProvider>,
    cipher: crate::cipher::Cipher,
    endpoint: Endpoint,
    seal: Option<Context>,
    /// Of everything it sends (transport-wide congestion control).
    transport_sequence: u16,
    /// Newest sequence number by the SSRC of a slot.
    received: HashMap<u32, u16>,
}

impl Client {
    pub(crate) fn new(
        address: SocketAddr,
        server: SocketAddr,
        credentials: &Credentials,
        description: PeerDescription,
    ) -> Result<Self> {
        Ok(Self {
            address,
            server,
            video: Stream::video(&description)?,
            voice: Stream::voice(&description)?,
            description,
            crypto: credentials.crypto.clone(),
            cipher: credentials.cipher,
            endpoint: Endpoint::new(address, TransportProtocol::UDP, None),
            seal: None,
            transport_sequence: 0,
            received: HashMap::new(),
        })
    }

    /// A connectivity check that nominates, as a full agent's (RFC 8445 §7.2.4).
    pub(crate) fn check(&self) -> Result<Vec<u8>> {
        let ice = &self.description.ice;
        let username = format!("{}:{}", ice.local_ufrag, ice.remote_ufrag);
        let mut check = Message::new();
        check.build(&[Box::new(BINDING_REQUEST), Box::<TransactionId>::default()])?;
        let attributes: [(AttrType, &[u8]); 4] = [
            (ATTR_USERNAME, username.as_bytes()),
            (ATTR_USE_CANDIDATE, &[]),
            (ATTR_ICE_CONTROLLING, &[9; 8]),
            (ATTR_PRIORITY, &[0x6e, 0, 1, 0xff]),
        ];
        for (kind, value) in attributes {
            check.add(kind, value);
        }
        let password = ice.local_pwd.clone();
        MessageIntegrity::new_short_term_integrity_with_provider(password, self.crypto.crypto()).add_to(&mut check)?;
        FINGERPRINT.add_to(&mut check)?;
        Ok(check.raw)
    }

    /// Sends the ClientHello.
    pub(crate) fn shake_hands(&mut self, now: Instant, credentials: &Credentials) -> Result<()> {
        Ok(self.endpoint.connect(now, self.server, credentials.handshake.clone(), None)?)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.seal.is_some()
    }

    /// The next datagram of the handshake.
    pub(crate) fn poll(&mut self) -> Option<BytesMut> {
        self.endpoint.poll_transmit().map(|transmit| transmit.message)
    }

    /// The handshake goes on; of media, the newest number of each slot is remembered. The rest does not matter to a script.
    pub(crate) fn receive(&mut self, now: Instant, datagram: &[u8]) -> Result<()> {
        match datagram {
            [20..=63, ..] => {
                let events = self.endpoint.read(now, self.server, None, BytesMut::from(datagram))?;
                if events.iter().any(|event| matches!(event, EndpointEvent::HandshakeComplete)) {
                    self.seal = Some(self.keys()?);
                }
            }
            &[128..=191, kind, a, b, _, _, _, _, c, d, e, f, ..] if !(192..=223).contains(&kind) => {
                self.received.insert(u32::from_be_bytes([c, d, e, f]), u16::from_be_bytes([a, b]));
            }
            _ => {}
        }
        Ok(())
    }

    /// The newest number that came on a slot.
    pub(crate) fn newest(&self, ssrc: u32) -> Option<u16> {
        self.received.get(&ssrc).copied()
    }

    /// RFC 5764 §4.2
    fn keys(&self) -> Result<Context> {
        let mut config = rtc_srtp::config::Config { profile: self.cipher.in_srtp(), ..Default::default() };
        let state = self.endpoint.get_connection_state(self.server).context("no handshake to take keys from")?;
        let material = state.export_keying_material(LABEL_EXTRACTOR_DTLS_SRTP, &[], config.keying_material_len())?;
        config.set_session_keys_from_keying_material(material.as_ref(), true)?;
        let keys = &config.keys;
        let (key, salt) = (&keys.local_master_key, &keys.local_master_salt);
        Ok(Context::new(key, salt, config.profile, None, None, self.crypto.crypto())?)
    }
}
