//! The floor of `forward`: opening a packet, copying it for each subscriber and sealing each copy, with nothing around it.
//!
//! Owns keys and memory; the same cipher, sizes and number of packets as the shard gets, and memory that is as spread out.

use super::room::{PACKETS, PACKETS_PER_FRAME};
use crate::floor::PAYLOAD_BYTES;
use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// RTP header with one word of extensions, as the publisher sends it.
const HEADER: [u8; 20] = [0x90; 20];
const TAG_LEN: usize = 16;
const SEALED_LEN: usize = HEADER.len() + PAYLOAD_BYTES + TAG_LEN;

pub(super) struct Floor {
    keys: Vec<LessSafeKey>,
    sealed: Vec<u8>,
    received: Vec<u8>,
    /// What one frame's packets become; used again for the next frame, as the shard uses its batch again.
    sent: Vec<u8>,
}

impl Floor {
    pub(super) fn new(subscribers: u16) -> Result<Self> {
        let keys = (0..=u8::try_from(subscribers)?)
            .map(|number| Ok(LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[number; 16])?)));
        let keys: Vec<LessSafeKey> = keys.collect::<Result<_>>()?;
        let packets = usize::try_from(PACKETS)?;
        let mut sealed = vec![1; packets * SEALED_LEN];
        let publisher = keys.first().context("no key")?;
        for (number, packet) in (0..).zip(sealed.chunks_exact_mut(SEALED_LEN)) {
            seal(publisher, number, packet)?;
        }
        let sent = vec![0; usize::try_from(PACKETS_PER_FRAME)? * usize::from(subscribers) * SEALED_LEN];
        Ok(Self { keys, received: sealed.clone(), sealed, sent })
    }

    pub(super) fn prepare(&mut self) {
        self.received.copy_from_slice(&self.sealed);
    }

    /// The measured part: each packet opened where it lies, copied and sealed for each subscriber.
    pub(super) fn forward(&mut self) -> Result<()> {
        let (publisher, subscribers) = self.keys.split_first().context("no key")?;
        let frame_len = self.sent.len() / subscribers.len();
        let mut number = 0;
        for frame in self.received.chunks_exact_mut(frame_len) {
            let mut copies = self.sent.chunks_exact_mut(SEALED_LEN);
            for packet in frame.chunks_exact_mut(SEALED_LEN) {
                let payload = packet.get_mut(HEADER.len()..).context("no payload")?;
                publisher.open_in_place(nonce(number), Aad::from(HEADER), payload)?;
                for subscriber in subscribers {
                    let copy = copies.next().context("too few copies")?;
                    copy.copy_from_slice(packet);
                    seal(subscriber, number, copy)?;
                }
                number += 1;
            }
        }
        ensure!(number == PACKETS, "{number} packets, not {PACKETS}");
        Ok(())
    }
}

fn seal(key: &LessSafeKey, number: u32, packet: &mut [u8]) -> Result<()> {
    let (plain, tag) = packet.split_at_mut(HEADER.len() + PAYLOAD_BYTES);
    let payload = plain.get_mut(HEADER.len()..).context("no payload")?;
    let sealed = key.seal_in_place_separate_tag(nonce(number), Aad::from(HEADER), payload)?;
    tag.copy_from_slice(sealed.as_ref());
    Ok(())
}

fn nonce(number: u32) -> Nonce {
    let mut nonce = [0; 12];
    if let Some(counter) = nonce.last_chunk_mut() {
        *counter = number.to_be_bytes();
    }
    Nonce::assume_unique_for_key(nonce)
}
