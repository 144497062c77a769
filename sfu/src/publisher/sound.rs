//! How loud one audio track is, from its packets' levels (RFC 6464).

use crate::rtp::header::AudioLevel;
use std::time::{Duration, Instant};

/// Quieter than this is background: -dBov, smaller is louder.
const SPEECH_LEVEL: u8 = 50;
/// A speaker stays one through the pauses between words.
const HOLD: Duration = Duration::from_millis(700);
/// Share of a new packet in the smoothed level: about 100 ms of packets.
const SMOOTHING: f32 = 0.2;

#[derive(Debug, Default)]
pub(crate) struct Loudness {
    /// dB above silence (0..=127), smoothed.
    smoothed: f32,
    last_speech: Option<Instant>,
}

impl Loudness {
    pub(crate) fn note(&mut self, now: Instant, level: AudioLevel) {
        let above_silence = f32::from(127 - level.level.min(127));
        self.smoothed += (above_silence - self.smoothed) * SMOOTHING;
        if level.level <= SPEECH_LEVEL {
            self.last_speech = Some(now);
        }
    }

    /// Loudness while speaking, `None` while silent.
    pub(crate) fn speaking(&self, now: Instant) -> Option<f32> {
        let last = self.last_speech?;
        (now.saturating_duration_since(last) < HOLD).then_some(self.smoothed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speaker_is_held_through_a_pause_and_then_let_go() {
        let start = Instant::now();
        let mut loudness = Loudness::default();
        loudness.note(start, AudioLevel { level: 30, voice: true });
        loudness.note(start + Duration::from_millis(20), AudioLevel { level: 127, voice: false });
        assert!(loudness.speaking(start + HOLD / 2).is_some());
        assert!(loudness.speaking(start + HOLD).is_none());
    }

    #[test]
    fn background_noise_is_not_speech() {
        let start = Instant::now();
        let mut loudness = Loudness::default();
        loudness.note(start, AudioLevel { level: 70, voice: false });
        assert!(loudness.speaking(start).is_none());
    }
}
