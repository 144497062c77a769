//! What one person sends: sizes and rates. Holds nothing; `script` turns it into packets.

use std::time::Duration;

/// 30 frames a second.
pub const FRAME_INTERVAL: Duration = Duration::from_micros(33_333);
pub(crate) const FRAME_TICKS: u32 = 3_000;
/// 20 ms of Opus a packet.
pub const VOICE_INTERVAL: Duration = Duration::from_millis(20);
pub(crate) const VOICE_TICKS: u32 = 960;

/// The streams of one person.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    pub video: Option<Video>,
    /// Bytes of an Opus packet.
    pub voice: Option<usize>,
}

/// One layer, as a camera sends once it has been told which layer is displayed. An encoder splits a frame into packets of
/// equal size.
#[derive(Clone, Copy, Debug)]
pub struct Video {
    pub packets_per_frame: u32,
    pub payload_bytes: usize,
}

impl Traffic {
    pub(crate) fn is_sent(&self) -> bool {
        self.video.is_some() || self.voice.is_some()
    }

    pub const SILENT: Self = Self { video: None, voice: None };
    /// 2.1 Mbit/s of full packets and no sound: the figures of `media.md`.
    pub const FULL_PACKETS: Self =
        Self { video: Some(Video { packets_per_frame: 8, payload_bytes: 1_100 }), voice: None };
    /// A person in a consultation: 720p at 1.5 Mbit/s, Opus at 32 kbit/s.
    pub const PERSON: Self =
        Self { video: Some(Video { packets_per_frame: 6, payload_bytes: 1_050 }), voice: Some(80) };
}

/// Which packets are lost, and come back by retransmission; the rest of a path is perfect.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loss {
    /// One in so many video packets to the server is lost; it is sent again as RTX after a round trip.
    pub uplink_one_in: Option<u32>,
    /// One in so many video packets to each viewer is lost; the viewer asks for it after a round trip.
    pub downlink_one_in: Option<u32>,
}

impl Loss {
    pub const NONE: Self = Self { uplink_one_in: None, downlink_one_in: None };
}
