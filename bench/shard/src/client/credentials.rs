//! What all clients of a world share: a certificate, how they shake hands, and the offer that names both.

use crate::cipher::Cipher;
use anyhow::{Context as _, Result};
use rtc_crypto::{HashAlgorithm, RTCCryptoProvider};
use rtc_dtls::config::{ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use std::sync::Arc;

/// Chromium's, with the sections of `signaling/PROTOCOL.md` and tracks on all four sources.
const OFFER: &str = include_str!("../../../../sfu/tests/data/offers/chromium-slots-tracks.sdp");
const FINGERPRINT: &str = "a=fingerprint:";

pub(crate) struct Credentials {
    pub(crate) crypto: Arc<dyn RTCCryptoProvider>,
    pub(crate) cipher: Cipher,
    pub(crate) handshake: Arc<HandshakeConfig>,
    pub(crate) offer: String,
}

impl Credentials {
    pub(crate) fn new(cipher: Cipher) -> Result<Self> {
        let crypto = rtc_crypto::default_provider()?;
        let certificate = Certificate::generate_self_signed(vec!["bench".to_owned()], crypto.crypto())?;
        let der = certificate.certificate.first().context("an empty certificate")?;
        let digest = crypto.crypto().hash(HashAlgorithm::Sha256, der)?;
        let fingerprint: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        let fingerprint = format!("{FINGERPRINT}sha-256 {}", fingerprint.join(":"));
        let lines = OFFER.lines().map(|line| if line.starts_with(FINGERPRINT) { &fingerprint } else { line });
        let offer = lines.flat_map(|line| [line, "\r\n"]).collect();
        // The server's certificate is not looked at: the shard is what is measured.
        let handshake = ConfigBuilder::default()
            .with_crypto_provider(crypto.clone())
            .with_certificates(vec![certificate])
            .with_srtp_protection_profiles(vec![cipher.in_handshake()])
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .build(true, None)?;
        Ok(Self { crypto, cipher, handshake: Arc::new(handshake), offer })
    }
}
