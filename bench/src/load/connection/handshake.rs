//! From two descriptions to keys: connectivity checks, then DTLS as the client.
//!
//! Runs beside the engine, so that the cost of somebody's handshake delays nobody's packets. Owns one socket until the keys are made.
//! `rtc`'s DTLS, because it offers the one SRTP profile that it is told to.

use super::srtp::{KEYING_MATERIAL_LEN, Keys};
use super::stun::{self, Check};
use crate::clock;
use crate::load::sdp::{LocalDescription, Remote};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use bytes::BytesMut;
use rtc::crypto::{RTCCryptoProvider, default_provider};
use rtc::dtls::config::{ConfigBuilder, HandshakeConfig};
use rtc::dtls::crypto::Certificate;
use rtc::dtls::endpoint::{Endpoint, EndpointEvent};
use rtc::dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc::shared::TransportProtocol;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// From the first check to the keys.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between checks that nobody has answered.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// A flight is sent again after this.
const FLIGHT_INTERVAL: Duration = Duration::from_millis(400);
const EXPORT_LABEL: &str = "EXTRACTOR-dtls_srtp";

/// The generator's certificate: one for all people, since no server tells people apart by it.
pub(crate) struct Identity {
    provider: Arc<dyn RTCCryptoProvider>,
    certificate: Certificate,
    /// As in `a=fingerprint:sha-256`.
    pub fingerprint: String,
}

impl Identity {
    /// # Errors
    /// No certificate can be made.
    pub(crate) fn generate() -> Result<Self> {
        let provider = default_provider().map_err(|error| anyhow!("no crypto for DTLS: {error}"))?;
        let certificate = Certificate::generate_self_signed(vec!["load".to_owned()], provider.crypto())?;
        let der = certificate.certificate.first().context("a certificate without bytes")?;
        let pairs: Vec<String> = digest(&SHA256, der).as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        Ok(Self { provider, certificate, fingerprint: pairs.join(":") })
    }

    fn config(&self) -> Result<Arc<HandshakeConfig>> {
        let config = ConfigBuilder::default()
            .with_crypto_provider(Arc::clone(&self.provider))
            .with_certificates(vec![self.certificate.clone()])
            .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm])
            .with_flight_interval(FLIGHT_INTERVAL)
            // The fingerprint of the description is what authenticates (RFC 5763 §5); `connected` compares it.
            .with_insecure_skip_verify(true)
            .with_server_name("load".to_owned())
            .build(true, None)?;
        Ok(Arc::new(config))
    }
}

/// Those that seal and those that open.
///
/// # Errors
/// The server did not answer, or is not the one that was described.
pub(crate) async fn connect(
    socket: &UdpSocket,
    identity: &Identity,
    local: &LocalDescription,
    remote: &Remote,
) -> Result<(Keys, Keys)> {
    timeout(PATIENCE, async {
        check(socket, local, remote).await?;
        handshake(socket, identity, local, remote).await
    })
    .await
    .map_err(|_| anyhow!("neither connected nor refused within {} s", PATIENCE.as_secs()))?
}

/// Until the server answers a check.
async fn check(socket: &UdpSocket, local: &LocalDescription, remote: &Remote) -> Result<()> {
    let mut buffer = [0; 1_500];
    loop {
        let request = stun::request(transaction(), &local.ufrag, &remote.ufrag, &remote.pwd);
        // A server that is told of us only with our answer may not listen yet: the next check may do.
        let _ = socket.send(&request).await;
        let Ok(received) = timeout(CHECK_INTERVAL, socket.recv(&mut buffer)).await else { continue };
        let Ok(length) = received else {
            tokio::time::sleep(CHECK_INTERVAL).await;
            continue;
        };
        let datagram = buffer.get(..length).unwrap_or_default();
        match stun::read(datagram, &local.pwd, &remote.pwd) {
            Some(Check::Success { .. }) => return Ok(()),
            Some(Check::Request { transaction }) => answer(socket, transaction, local, remote).await?,
            None => {}
        }
    }
}

async fn answer(socket: &UdpSocket, transaction: [u8; 12], local: &LocalDescription, remote: &Remote) -> Result<()> {
    socket.send(&stun::success(transaction, remote.address, &local.pwd)).await?;
    Ok(())
}

async fn handshake(
    socket: &UdpSocket,
    identity: &Identity,
    local: &LocalDescription,
    remote: &Remote,
) -> Result<(Keys, Keys)> {
    let to = remote.address;
    let mut endpoint = Endpoint::new(local.address, TransportProtocol::UDP, None);
    endpoint.connect(clock::now(), to, identity.config()?, None)?;
    let mut buffer = vec![0; 2_048];
    loop {
        while let Some(transmit) = endpoint.poll_transmit() {
            socket.send(&transmit.message).await?;
        }
        let due = endpoint.poll_timeout(&to).map_or(FLIGHT_INTERVAL, |due| due.saturating_duration_since(clock::now()));
        let Ok(received) = timeout(due, socket.recv(&mut buffer)).await else {
            endpoint.handle_timeout(to, clock::now())?;
            continue;
        };
        let datagram = buffer.get(..received?).unwrap_or_default();
        match datagram.first() {
            Some(0..=3) => {
                if let Some(Check::Request { transaction }) = stun::read(datagram, &local.pwd, &remote.pwd) {
                    answer(socket, transaction, local, remote).await?;
                }
            }
            Some(20..=63) => {
                let events = endpoint.read(clock::now(), to, None, BytesMut::from(datagram))?;
                if events.iter().any(|event| matches!(event, EndpointEvent::HandshakeComplete)) {
                    while let Some(transmit) = endpoint.poll_transmit() {
                        socket.send(&transmit.message).await?;
                    }
                    return connected(&endpoint, to, remote);
                }
                if events.iter().any(|event| matches!(event, EndpointEvent::PeerClosed)) {
                    bail!("the server ended the DTLS handshake");
                }
            }
            _ => {}
        }
    }
}

fn connected(endpoint: &Endpoint, to: SocketAddr, remote: &Remote) -> Result<(Keys, Keys)> {
    let state = endpoint.get_connection_state(to).context("DTLS ended")?;
    let certificate = state.peer_certificates.first().context("the server showed no certificate")?;
    ensure!(
        digest(&SHA256, certificate).as_ref() == remote.fingerprint.as_slice(),
        "the server's certificate is not the one of its description"
    );
    let profile = state.srtp_protection_profile();
    ensure!(
        profile == SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
        "the server does not speak AEAD_AES_128_GCM, which alone was offered ({profile:?})"
    );
    let material = state.export_keying_material(EXPORT_LABEL, &[], KEYING_MATERIAL_LEN)?;
    Keys::of_client(material.as_ref().try_into()?)
}

/// Unlikely to be used twice, which is all that a check needs here.
pub(crate) fn transaction() -> [u8; 12] {
    let [a, b, c, d] = crate::random_u32().to_be_bytes();
    let [e, f, g, h] = crate::random_u32().to_be_bytes();
    [a, b, c, d, e, f, g, h, 0, 0, 0, 0]
}
