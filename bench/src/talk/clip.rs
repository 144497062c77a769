//! The talk that is sent: speech in Opus packets and one moving picture in three simulcast layers, read from `bench/media`.
//!
//! Owns the packets and what they decode to; both are constant for the life of the process. Does not know RTP.

use super::audio::{self, Speech};
use super::video;
use anyhow::{Context as _, Result};
use bytes::Bytes;
use std::io::Cursor;
use std::time::Duration;

pub(super) const AUDIO_FRAME: Duration = Duration::from_millis(20);
pub(super) const VIDEO_FRAME: Duration = Duration::from_millis(40);

/// The layers, smallest first, in the order of the offer (`a=simulcast:send q;h;f`).
pub(super) const LAYERS: [LayerName; 3] =
    [LayerName { rid: "q", height: 90 }, LayerName { rid: "h", height: 180 }, LayerName { rid: "f", height: 360 }];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LayerName {
    pub rid: &'static str,
    pub height: u32,
}

pub(super) struct Clip {
    pub speech: Speech,
    pub layers: Vec<Layer>,
}

/// One layer's frames; the first is the only key frame, so a sender that is asked for one starts again.
pub(super) struct Layer {
    pub name: LayerName,
    pub frames: Vec<Bytes>,
    /// A digest of each decoded picture: VP8 decodes to the same picture everywhere (RFC 6386 §1), or it was damaged.
    pub pictures: Vec<u64>,
}

impl Clip {
    pub(super) fn load() -> Result<Self> {
        let speech = audio::read_speech(include_bytes!("../../media/talk.opus")).context("bench/media/talk.opus")?;
        let files: [&[u8]; 3] = [
            include_bytes!("../../media/q.ivf"),
            include_bytes!("../../media/h.ivf"),
            include_bytes!("../../media/f.ivf"),
        ];
        let layers = LAYERS
            .iter()
            .zip(files)
            .map(|(&name, file)| read_layer(name, file).with_context(|| format!("bench/media/{}.ivf", name.rid)));
        Ok(Self { speech, layers: layers.collect::<Result<_>>()? })
    }
}

fn read_layer(name: LayerName, file: &'static [u8]) -> Result<Layer> {
    let (mut reader, header) = rtc::media::io::ivf_reader::IVFReader::new(Cursor::new(file))?;
    let mut frames = Vec::new();
    for _ in 0..header.num_frames {
        let (frame, _) = reader.parse_next_frame()?;
        frames.push(frame.freeze());
    }
    let mut decoder = video::Decoder::new()?;
    let pictures = frames.iter().map(|frame| Ok(decoder.decode(frame)?.digest)).collect::<Result<_>>()?;
    Ok(Layer { name, frames, pictures })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clip_has_one_key_frame_a_layer_and_the_heights_it_names() {
        let clip = Clip::load().unwrap();
        for layer in &clip.layers {
            let keys: Vec<bool> = layer.frames.iter().map(|frame| video::is_key_frame(frame)).collect();
            assert!(keys[0] && !keys[1..].contains(&true), "{}", layer.name.rid);
            assert_eq!(video::Decoder::new().unwrap().decode(&layer.frames[0]).unwrap().height, layer.name.height);
        }
    }

    #[test]
    fn speech_is_loud_enough_to_be_measured() {
        let speech = Clip::load().unwrap().speech;
        assert!(speech.packets.len() > 500, "over 10 s");
        let loudest = speech.packets.iter().map(|packet| packet.level).min().unwrap();
        assert!(loudest < 20, "-{loudest} dBov");
    }
}
