//! DTLS-SRTP handshake of one peer, over `dimpl` (RFC 5763, RFC 5764, RFC 8842).
//!
//! State: the handshake, and until it is over the keys it made. [`DtlsOutput::Connected`] is reported only after the peer's
//! certificate matched the description's fingerprint. Must not: read the clock, carry application data (there are no data
//! channels), or say more about a failure than its kind.
//!
//! `dimpl` shares its configuration by `Arc`; [`DtlsIdentity`] is the one place in the shard where such a pointer lives. It is
//! cloned once a handshake and never per packet.

use std::fmt;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use dimpl::{Config, ConfigBuilder, Dtls, DtlsCertificate, KeyingMaterial, Output};

use crate::description::{DtlsParameters, Fingerprint};
use crate::transport::client_hello::insists_on_dtls_13;
use crate::transport::srtp::{self, SrtpError, SrtpProfile, SrtpReceiver, SrtpSender};

/// Room that every datagram of the handshake fits into: `dimpl` fragments its flights to 1,150 bytes.
pub const MAX_DATAGRAM_LEN: usize = 1200;

/// A lost flight is sent again after this, and after twice as long each time, whether a timer or the peer's repetition asks for it:
/// ICE has shown that the path works, and with the library's second a person behind a lossy link waits for a word as long.
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(200);
/// For longer than a handshake may take (`shard/handshakes.rs`).
const RETRANSMISSIONS: usize = 8;
/// A flight that is repeated in several datagrams is answered once.
const ONE_FLIGHT: Duration = Duration::from_millis(20);
/// Content types of records (RFC 5246 §6.2.1).
const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;

/// Our certificate, made once per process and shared by all peers; its fingerprint goes into every answer.
#[derive(Clone)]
pub struct DtlsIdentity {
    certificate: DtlsCertificate,
    config: std::sync::Arc<Config>,
    fingerprint: Fingerprint,
}

/// The process cannot make a certificate or has no usable cryptography: it cannot serve.
#[derive(Debug, thiserror::Error)]
#[error("no DTLS identity: {0}")]
pub struct DtlsIdentityError(String);

impl DtlsIdentity {
    /// A self-signed ECDSA P-256 certificate (RFC 8827 §6.5), valid for a year from now.
    pub fn generate() -> Result<Self, DtlsIdentityError> {
        Self::with(Config::builder())
    }

    /// For simulations alone: handshakes whose timers and nonces repeat.
    pub fn repeatable(seed: u64) -> Result<Self, DtlsIdentityError> {
        Self::with(Config::builder().dangerously_set_rng_seed(seed))
    }

    fn with(config: ConfigBuilder) -> Result<Self, DtlsIdentityError> {
        let certificate = dimpl::certificate::generate_self_signed_certificate()
            .map_err(|error| DtlsIdentityError(error.to_string()))?;
        // ICE has already proven that the peer owns its address: a cookie would only cost a round trip.
        let config = config
            .use_server_cookie(false)
            .flight_start_rto(FIRST_RETRANSMISSION)
            .flight_retries(RETRANSMISSIONS)
            .build()
            .map_err(|error| DtlsIdentityError(error.to_string()))?;
        let fingerprint = fingerprint_of(&certificate.certificate);
        Ok(Self { certificate, config: config.into(), fingerprint })
    }

    /// For `a=fingerprint:sha-256` of every answer.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

fn fingerprint_of(certificate_der: &[u8]) -> Fingerprint {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest::digest(&digest::SHA256, certificate_der).as_ref());
    Fingerprint(sha256)
}

/// What the shard does next for a handshake.
#[derive(Debug)]
pub enum DtlsOutput {
    /// Send this many bytes of `out` to the selected address.
    Send(usize),
    /// The handshake is over, and the certificate is the one that was described. Reported once.
    Connected(SrtpKeying),
    /// The peer said goodbye (`close_notify`). Reported once.
    Closed,
    /// The handshake cannot succeed any more; the PeerConnection is lost. Reported once.
    Failed(DtlsFailure),
    /// Nothing to do before this time, or at all (`None`).
    Wait(Option<Instant>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DtlsFailure {
    #[error("the peer's certificate is not the one its description named")]
    FingerprintMismatch,
    #[error("the peer offers no SRTP profile of ours")]
    NoSrtpProfile,
    #[error("the handshake timed out")]
    TimedOut,
    #[error("the handshake broke off")]
    Protocol,
}

/// Master keys and salts of both directions. Drop it as soon as the SRTP contexts are made.
pub struct SrtpKeying {
    profile: SrtpProfile,
    local_is_client: bool,
    material: KeyingMaterial,
}

impl fmt::Debug for SrtpKeying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SrtpKeying({:?}, keys hidden)", self.profile)
    }
}

impl SrtpKeying {
    #[must_use]
    pub fn profile(&self) -> SrtpProfile {
        self.profile
    }

    /// The contexts that open what the peer seals, and seal what we send.
    pub fn contexts(&self) -> Result<(SrtpReceiver, SrtpSender), SrtpError> {
        srtp::from_keying_material(self.profile, &self.material, self.local_is_client)
    }

    fn is_complete(&self) -> bool {
        self.material.len() == self.profile.keying_material_len()
    }
}

/// What ends a passive handshake of DTLS 1.2. A client that did not get it repeats its own last flight, each time after twice as long;
/// `dimpl` answers a repetition only when twice as long has passed since it answered one, so that about every other would be in vain.
#[derive(Default)]
struct LastFlight {
    /// Empty before it was sent.
    datagram: Vec<u8>,
    asked: Option<Instant>,
    is_wanted: bool,
}

impl LastFlight {
    fn note_sent(&mut self, datagram: &[u8]) {
        if datagram.first() == Some(&CHANGE_CIPHER_SPEC) {
            self.datagram = datagram.to_vec();
            self.is_wanted = false;
        }
    }

    fn note_heard(&mut self, now: Instant, datagram: &[u8]) {
        let is_again = self.asked.is_some_and(|at| now.saturating_duration_since(at) < ONE_FLIGHT);
        if !self.datagram.is_empty() && is_unencrypted_handshake(datagram) && !is_again {
            (self.asked, self.is_wanted) = (Some(now), true);
        }
    }

    /// The records as they were sent: whoever has them already takes them for replayed.
    fn take(&mut self, out: &mut [u8]) -> Option<usize> {
        let out = out.get_mut(..self.datagram.len()).filter(|_| std::mem::take(&mut self.is_wanted))?;
        out.copy_from_slice(&self.datagram);
        Some(out.len())
    }
}

/// Of epoch 0 (RFC 6347 §4.1).
fn is_unencrypted_handshake(datagram: &[u8]) -> bool {
    matches!(datagram, [HANDSHAKE, _, _, 0, 0, ..])
}

/// One peer's handshake. After every input, [`DtlsTransport::poll`] until it says [`DtlsOutput::Wait`].
pub struct DtlsTransport {
    /// While we wait for a client's first flight, which decides the version.
    awaiting: Option<DtlsIdentity>,
    /// `None` before that, and once it failed or closed: `dimpl` must not be touched after an error.
    engine: Option<Dtls>,
    local_is_client: bool,
    remote_fingerprint: Fingerprint,
    certificate_matches: bool,
    keying: Option<SrtpKeying>,
    has_keyed: bool,
    is_connected: bool,
    last_flight: LastFlight,
    /// An end that `poll` has not told yet.
    end: Option<DtlsOutput>,
}

impl DtlsTransport {
    /// Passive unless the description says otherwise (`a=setup`, RFC 8842 §5.3). An active one has a ClientHello to poll at once,
    /// so make it when ICE has an address.
    #[must_use]
    pub fn new(identity: &DtlsIdentity, parameters: &DtlsParameters, now: Instant) -> Self {
        let active = parameters.local_is_client.then(|| {
            let mut engine = Dtls::new_auto(identity.config.clone(), identity.certificate.clone(), now);
            engine.set_active(true);
            engine
        });
        let mut transport = Self {
            awaiting: active.is_none().then(|| identity.clone()),
            engine: active,
            local_is_client: parameters.local_is_client,
            remote_fingerprint: parameters.remote_fingerprint,
            certificate_matches: false,
            keying: None,
            has_keyed: false,
            is_connected: false,
            last_flight: LastFlight::default(),
            end: None,
        };
        transport.handle_timeout(now);
        transport
    }

    /// A datagram from a validated address that RFC 7983 classifies as DTLS. Garbage is ignored.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        if let Some(identity) = self.awaiting.take() {
            self.engine = Some(passive_engine(&identity, datagram, now));
        }
        self.handle_timeout(now);
        let Some(engine) = &mut self.engine else { return };
        self.last_flight.note_heard(now, datagram);
        match engine.handle_packet(datagram) {
            Ok(())
            | Err(dimpl::Error::UnexpectedMessage(dimpl::UnexpectedMessageError::UnrecognizedAutoServerResponse)) => {}
            Err(error) => self.fail(failure_of(&error)),
        }
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        let Some(engine) = &mut self.engine else { return };
        if let Err(error) = engine.handle_timeout(now) {
            self.fail(failure_of(&error));
        }
    }

    /// Say goodbye: queues `close_notify` when connected.
    pub fn close(&mut self) {
        if let Some(engine) = &mut self.engine
            && engine.close().is_err()
        {
            self.engine = None;
        }
    }

    /// The next thing to do. `out` must hold [`MAX_DATAGRAM_LEN`] bytes.
    pub fn poll(&mut self, out: &mut [u8]) -> DtlsOutput {
        loop {
            if let Some(end) = self.end.take() {
                return end;
            }
            let Some(engine) = &mut self.engine else { return DtlsOutput::Wait(None) };
            match engine.poll_output(out) {
                Output::Packet(packet) => {
                    self.last_flight.note_sent(packet);
                    return DtlsOutput::Send(packet.len());
                }
                Output::Timeout(_) if self.is_connected && !self.has_keyed => self.fail(DtlsFailure::NoSrtpProfile),
                Output::Timeout(at) => {
                    return self.last_flight.take(out).map_or(DtlsOutput::Wait(Some(at)), DtlsOutput::Send);
                }
                Output::BufferTooSmall { .. } => self.fail(DtlsFailure::Protocol),
                Output::PeerCert(certificate) => {
                    self.certificate_matches = fingerprint_of(certificate) == self.remote_fingerprint;
                    if !self.certificate_matches {
                        self.fail(DtlsFailure::FingerprintMismatch);
                    }
                }
                Output::KeyingMaterial(material, profile) => self.keep(material, profile),
                Output::Connected => self.is_connected = true,
                Output::CloseNotify => {
                    self.engine = None;
                    self.end = Some(DtlsOutput::Closed);
                }
                // Application data would be a data channel: never negotiated, so never answered.
                _ => {}
            }
            if let Some(connected) = self.connected() {
                return connected;
            }
        }
    }
}

/// DTLS 1.2 unless the client insists on 1.3: there `dimpl` takes the client's first SRTP profile, which is Chromium's
/// AES128_CM_SHA1_80, several times as dear per packet as the GCM that it takes in 1.2 (docs/adr/0002).
fn passive_engine(identity: &DtlsIdentity, first_flight: &[u8], now: Instant) -> Dtls {
    let make = if insists_on_dtls_13(first_flight) { Dtls::new_13 } else { Dtls::new_12 };
    make(identity.config.clone(), identity.certificate.clone(), now)
}

impl DtlsTransport {
    fn keep(&mut self, material: KeyingMaterial, profile: dimpl::SrtpProfile) {
        let profile = match profile {
            dimpl::SrtpProfile::AEAD_AES_256_GCM => SrtpProfile::AeadAes256Gcm,
            dimpl::SrtpProfile::AEAD_AES_128_GCM => SrtpProfile::AeadAes128Gcm,
            dimpl::SrtpProfile::AES128_CM_SHA1_80 => SrtpProfile::Aes128CmSha1_80,
            _ => return self.fail(DtlsFailure::NoSrtpProfile),
        };
        let keying = SrtpKeying { profile, local_is_client: self.local_is_client, material };
        self.has_keyed = keying.is_complete();
        self.keying = self.has_keyed.then_some(keying);
    }

    /// `dimpl` hands over the keys after it reports the connection, and the certificate before both.
    fn connected(&mut self) -> Option<DtlsOutput> {
        if !(self.is_connected && self.certificate_matches) {
            return None;
        }
        self.keying.take().map(DtlsOutput::Connected)
    }

    fn fail(&mut self, failure: DtlsFailure) {
        self.engine = None;
        self.keying = None;
        self.end = Some(DtlsOutput::Failed(failure));
    }
}

fn failure_of(error: &dimpl::Error) -> DtlsFailure {
    match error {
        dimpl::Error::Timeout(_) => DtlsFailure::TimedOut,
        _ => DtlsFailure::Protocol,
    }
}

#[cfg(test)]
#[path = "dtls_tests.rs"]
mod tests;
