//! `crypto`: what sealing and opening an SRTP packet costs with aws-lc-rs and with ring (ADR 0003).
//!
//! Holds keys and buffers of one run. Measures the libraries as the packet path uses them: keys expanded once, in place,
//! the header authenticated and not encrypted.

use crate::measure::{Case, Cost, compare};
use crate::report::Table;
use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

/// Payload sizes: speech, a small video packet, a full one.
const SIZES: [usize; 3] = [100, 500, 1_100];
const KEY: [u8; 32] = [7; 32];
/// AES' key sizes.
const KEY_BITS: [usize; 2] = [128, 256];
const AUTHENTICATION_KEY: [u8; 20] = [9; 20];
/// RTP header with one extension element, authenticated beside the payload.
const HEADER: [u8; 20] = [0x90; 20];
const TAG_LEN: usize = 16;

#[derive(Debug, Serialize, Deserialize)]
pub struct CryptoReport {
    pub rows: Vec<Row>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    pub operation: String,
    pub bytes: usize,
    pub aws_lc: Cost,
    /// ring offers no AES-CTR.
    pub ring: Option<Cost>,
}

pub fn run() -> Result<CryptoReport> {
    let mut rows = Vec::new();
    for bytes in SIZES {
        for bits in KEY_BITS {
            let (ours, theirs) = (aws_lc::gcm_seal(bits, bytes)?, ring_crate::gcm_seal(bits, bytes)?);
            rows.push(row(&format!("AES-{bits}-GCM seal"), bytes, ours, Some(theirs))?);
            let (ours, theirs) = (aws_lc::gcm_open(bits, bytes)?, ring_crate::gcm_open(bits, bytes)?);
            rows.push(row(&format!("AES-{bits}-GCM open"), bytes, ours, Some(theirs))?);
        }
        rows.push(row("HMAC-SHA1", bytes, aws_lc::hmac(bytes), Some(ring_crate::hmac(bytes)))?);
        rows.push(row("AES-128-CTR", bytes, aws_lc::ctr(bytes)?, None)?);
        rows.push(row("AES-128-CTR + HMAC-SHA1", bytes, aws_lc::ctr_and_hmac(bytes)?, None)?);
    }
    Ok(CryptoReport { rows })
}

fn row(operation: &str, bytes: usize, aws_lc: Operation, ring: Option<Operation>) -> Result<Row> {
    let mut cases = vec![Case::new(operation, 1, aws_lc)];
    cases.extend(ring.map(|run| Case::new(operation, 1, run)));
    let costs = compare(&mut cases)?;
    let [aws_lc, ring @ ..] = costs.as_slice() else { anyhow::bail!("nothing was measured") };
    Ok(Row { operation: operation.to_owned(), bytes, aws_lc: *aws_lc, ring: ring.first().copied() })
}

pub(crate) type Operation = Box<dyn FnMut() -> Result<()>>;

/// A new nonce for each packet, as SRTP has.
#[derive(Default)]
struct Nonces(u64);

impl Nonces {
    fn next(&mut self) -> [u8; 12] {
        self.0 += 1;
        let mut nonce = [0; 12];
        if let Some(counter) = nonce.last_chunk_mut() {
            *counter = self.0.to_be_bytes();
        }
        nonce
    }
}

fn key(bits: usize) -> Result<&'static [u8]> {
    KEY.get(..bits / 8).context("no key of this size")
}

mod aws_lc {
    use super::*;
    use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
    use aws_lc_rs::hmac;
    use std::hint::black_box;

    pub(super) fn gcm_seal(bits: usize, bytes: usize) -> Result<Operation> {
        let key = gcm_key(bits)?;
        let mut payload = vec![1; bytes];
        let mut nonces = Nonces::default();
        Ok(Box::new(move || {
            let nonce = Nonce::assume_unique_for_key(nonces.next());
            let tag = key.seal_in_place_separate_tag(nonce, Aad::from(HEADER), &mut payload)?;
            black_box(tag.as_ref());
            Ok(())
        }))
    }

    pub(super) fn gcm_open(bits: usize, bytes: usize) -> Result<Operation> {
        let key = gcm_key(bits)?;
        let mut sealed = vec![1; bytes];
        let tag = key.seal_in_place_separate_tag(zero_nonce(), Aad::from(HEADER), &mut sealed)?;
        sealed.extend_from_slice(tag.as_ref());
        let mut packet = sealed.clone();
        Ok(Box::new(move || {
            packet.copy_from_slice(&sealed);
            let plain = key.open_in_place(zero_nonce(), Aad::from(HEADER), &mut packet)?;
            ensure!(black_box(plain).len() + TAG_LEN == sealed.len(), "opened to the wrong length");
            Ok(())
        }))
    }

    pub(super) fn hmac(bytes: usize) -> Operation {
        let key = hmac_key();
        let payload = vec![1; bytes];
        Box::new(move || {
            sign(&key, &payload);
            Ok(())
        })
    }

    pub(super) fn ctr(bytes: usize) -> Result<Operation> {
        let key = ctr_key()?;
        let mut payload = vec![1; bytes];
        let mut nonces = Nonces::default();
        Ok(Box::new(move || apply_keystream(&key, &mut nonces, &mut payload)))
    }

    pub(super) fn ctr_and_hmac(bytes: usize) -> Result<Operation> {
        let (ctr_key, hmac_key) = (ctr_key()?, hmac_key());
        let mut payload = vec![1; bytes];
        let mut nonces = Nonces::default();
        Ok(Box::new(move || {
            apply_keystream(&ctr_key, &mut nonces, &mut payload)?;
            sign(&hmac_key, &payload);
            Ok(())
        }))
    }

    fn gcm_key(bits: usize) -> Result<LessSafeKey> {
        let algorithm = if bits == 256 { &AES_256_GCM } else { &AES_128_GCM };
        Ok(LessSafeKey::new(UnboundKey::new(algorithm, key(bits)?)?))
    }

    fn ctr_key() -> Result<EncryptingKey> {
        Ok(EncryptingKey::ctr(UnboundCipherKey::new(&AES_128, key(128)?)?)?)
    }

    fn hmac_key() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &AUTHENTICATION_KEY)
    }

    fn zero_nonce() -> Nonce {
        Nonce::assume_unique_for_key([0; 12])
    }

    /// The packet and the rollover counter (RFC 3711 §4.2).
    fn sign(key: &hmac::Key, payload: &[u8]) {
        let mut context = hmac::Context::with_key(key);
        for part in [&HEADER[..], payload, &[0; 4]] {
            context.update(part);
        }
        black_box(context.sign());
    }

    fn apply_keystream(key: &EncryptingKey, nonces: &mut Nonces, payload: &mut [u8]) -> Result<()> {
        let mut iv = [0; 16];
        if let Some(nonce) = iv.first_chunk_mut() {
            *nonce = nonces.next();
        }
        key.less_safe_encrypt(payload, EncryptionContext::Iv128(iv.into()))?;
        Ok(())
    }
}

mod ring_crate {
    use super::*;
    use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    use ring::hmac;
    use std::hint::black_box;

    pub(super) fn gcm_seal(bits: usize, bytes: usize) -> Result<Operation> {
        let key = gcm_key(bits)?;
        let mut payload = vec![1; bytes];
        let mut nonces = Nonces::default();
        Ok(Box::new(move || {
            let nonce = Nonce::assume_unique_for_key(nonces.next());
            let tag = key.seal_in_place_separate_tag(nonce, Aad::from(HEADER), &mut payload).map_err(unspecified)?;
            black_box(tag.as_ref());
            Ok(())
        }))
    }

    pub(super) fn gcm_open(bits: usize, bytes: usize) -> Result<Operation> {
        let key = gcm_key(bits)?;
        let zero_nonce = || Nonce::assume_unique_for_key([0; 12]);
        let mut sealed = vec![1; bytes];
        let tag = key.seal_in_place_separate_tag(zero_nonce(), Aad::from(HEADER), &mut sealed).map_err(unspecified)?;
        sealed.extend_from_slice(tag.as_ref());
        let mut packet = sealed.clone();
        Ok(Box::new(move || {
            packet.copy_from_slice(&sealed);
            let plain = key.open_in_place(zero_nonce(), Aad::from(HEADER), &mut packet).map_err(unspecified)?;
            ensure!(black_box(plain).len() + TAG_LEN == sealed.len(), "opened to the wrong length");
            Ok(())
        }))
    }

    pub(super) fn hmac(bytes: usize) -> Operation {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &AUTHENTICATION_KEY);
        let payload = vec![1; bytes];
        Box::new(move || {
            let mut context = hmac::Context::with_key(&key);
            for part in [&HEADER[..], &payload, &[0; 4]] {
                context.update(part);
            }
            black_box(context.sign());
            Ok(())
        })
    }

    fn gcm_key(bits: usize) -> Result<LessSafeKey> {
        let algorithm = if bits == 256 { &AES_256_GCM } else { &AES_128_GCM };
        Ok(LessSafeKey::new(UnboundKey::new(algorithm, key(bits)?).map_err(unspecified)?))
    }

    fn unspecified(_: ring::error::Unspecified) -> anyhow::Error {
        anyhow::anyhow!("ring refuses")
    }
}

impl CryptoReport {
    #[must_use]
    pub fn render(&self) -> String {
        let columns = ["operation", "bytes", "aws-lc median us", "best", "ring median us", "best", "ring / aws-lc"];
        let mut table = Table::new("crypto, CPU time of one packet", &columns);
        let micros = |ns: f64| format!("{:.3}", ns / 1_000.0);
        for row in &self.rows {
            let ring = row.ring.map_or(["-".to_owned(), "-".to_owned(), "-".to_owned()], |ring| {
                let ratio = ring.best_ns / row.aws_lc.best_ns;
                [micros(ring.median_ns), micros(ring.best_ns), format!("{ratio:.2}")]
            });
            let own = [micros(row.aws_lc.median_ns), micros(row.aws_lc.best_ns)];
            let what = [row.operation.clone(), row.bytes.to_string()];
            table.row(what.into_iter().chain(own).chain(ring));
        }
        let text = table.render();
        format!("{text}\nring offers no AES-CTR; opening includes the copy that gives it a sealed packet each time.\n")
    }
}
