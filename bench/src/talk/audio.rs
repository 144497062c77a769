//! Opus in, loudness out: reads the speech that is sent, decodes what came back, and compares the two as a listener would.
//!
//! Pure functions over packets. The comparison is of envelopes (loudness each 20 ms): a word that is lost, late or cut shows,
//! the codec's own differences do not.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use opus_pure::{OggOpusReader, OpusDecoder};
use std::io::Cursor;

pub(super) const RATE_HZ: u32 = 48_000;
/// Samples of one 20 ms frame at 48 kHz, the clock of Opus in RTP (RFC 7587 §4.1).
pub(super) const FRAME_SAMPLES: usize = 960;
/// The same on the RTP clock.
pub(super) const FRAME_TICKS: u32 = 960;

/// A recording as its packets, one frame of 20 ms each.
pub(super) struct Speech {
    pub packets: Vec<SpeechPacket>,
}

pub(super) struct SpeechPacket {
    pub payload: Bytes,
    /// -dBov, 0 loudest to 127 silence (RFC 6464 §3).
    pub level: u8,
}

pub(super) fn read_speech(ogg: &[u8]) -> Result<Speech> {
    let mut reader = OggOpusReader::new(Cursor::new(ogg))?;
    let mut decoder = Decoder::new()?;
    let mut packets = Vec::new();
    while let Some(packet) = reader.read_packet()? {
        let loudness = decoder.decode(Some(&packet.data))?;
        packets.push(SpeechPacket { payload: Bytes::from(packet.data), level: level_dbov(loudness) });
    }
    ensure!(!packets.is_empty(), "the recording is empty");
    Ok(Speech { packets })
}

/// RMS of a full-scale square wave is 0 dBov; silence is 127.
fn level_dbov(loudness: f32) -> u8 {
    let db = -20.0 * loudness.max(1e-9).log10();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=127")]
    let level = db.clamp(0.0, 127.0) as u8;
    level
}

/// The decoder of one stream.
pub(super) struct Decoder {
    opus: OpusDecoder,
    frame: Vec<f32>,
}

impl Decoder {
    pub(super) fn new() -> Result<Self> {
        let rate = i32::try_from(RATE_HZ)?;
        Ok(Self { opus: OpusDecoder::new(rate, 1)?, frame: vec![0.0; FRAME_SAMPLES] })
    }

    /// Loudness (RMS, full scale = 1) of the next 20 ms; `None` = lost, concealed as a receiver would.
    pub(super) fn decode(&mut self, payload: Option<&[u8]>) -> Result<f32> {
        let samples = self.opus.decode(payload.unwrap_or_default(), FRAME_SAMPLES, &mut self.frame);
        let samples = samples.context("the Opus decoder refuses a packet")?;
        ensure!(samples == FRAME_SAMPLES, "a packet holds {samples} samples, not 20 ms");
        let power: f32 = self.frame.iter().map(|sample| sample * sample).sum();
        #[expect(clippy::cast_precision_loss, reason = "960")]
        let mean = power / FRAME_SAMPLES as f32;
        Ok(mean.sqrt())
    }
}

/// How alike two envelopes are, at the shift at which they are most alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Likeness {
    /// Pearson's, -1..=1; 1 = the same speech.
    pub correlation: f64,
    /// Energy received over energy sent where both are, in decibels.
    pub level_difference_db: f64,
}

/// Compares `heard` with `sent`; `heard` may begin up to `max_shift` frames into `sent`.
#[must_use]
pub(super) fn compare(sent: &[f32], heard: &[f32], max_shift: usize) -> Option<Likeness> {
    let likeness_at = |shift: usize| {
        let sent = sent.get(shift..)?;
        let length = sent.len().min(heard.len());
        let (sent, heard) = (sent.get(..length)?, heard.get(..length)?);
        // Half a second is too little to tell speech from speech.
        if length < 25 {
            return None;
        }
        let level_difference_db = 10.0 * (energy(heard).max(1e-12) / energy(sent).max(1e-12)).log10();
        Some(Likeness { correlation: pearson(sent, heard), level_difference_db })
    };
    (0..=max_shift).filter_map(likeness_at).max_by(|a, b| a.correlation.total_cmp(&b.correlation))
}

fn energy(envelope: &[f32]) -> f64 {
    envelope.iter().map(|&loudness| f64::from(loudness) * f64::from(loudness)).sum()
}

fn pearson(a: &[f32], b: &[f32]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand frames")]
    let count = a.len() as f64;
    let mean = |values: &[f32]| values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut covariance, mut variance_a, mut variance_b) = (0.0, 0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a) - mean_a, f64::from(b) - mean_b);
        covariance += a * b;
        variance_a += a * a;
        variance_b += b * b;
    }
    let product = variance_a * variance_b;
    if product > 0.0 { covariance / product.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken() -> Vec<f32> {
        let speech = read_speech(include_bytes!("../../media/talk.opus")).unwrap();
        let mut decoder = Decoder::new().unwrap();
        speech.packets.iter().map(|packet| decoder.decode(Some(&packet.payload)).unwrap()).collect()
    }

    #[test]
    fn the_same_speech_a_little_later_is_alike() {
        let sent = spoken();
        let likeness = compare(&sent, &sent[30..], 50).unwrap();
        assert!(likeness.correlation > 0.999, "{likeness:?}");
        assert!(likeness.level_difference_db.abs() < 0.1, "{likeness:?}");
    }

    #[test]
    fn speech_with_every_third_word_lost_is_not_alike() {
        let sent = spoken();
        let mut heard = sent.clone();
        for (index, loudness) in heard.iter_mut().enumerate() {
            if (index / 15) % 3 == 0 {
                *loudness = 0.0;
            }
        }
        assert!(compare(&sent, &heard, 50).unwrap().correlation < 0.9);
    }

    #[test]
    fn silence_is_like_nothing() {
        let sent = spoken();
        assert!(compare(&sent, &vec![0.0; sent.len()], 50).unwrap().correlation < 0.1);
    }

    #[test]
    fn a_lost_packet_is_concealed_and_the_stream_goes_on() {
        let speech = read_speech(include_bytes!("../../media/talk.opus")).unwrap();
        let mut decoder = Decoder::new().unwrap();
        for (index, packet) in speech.packets.iter().enumerate() {
            decoder.decode((index % 10 != 9).then_some(&packet.payload[..])).unwrap();
        }
    }
}
