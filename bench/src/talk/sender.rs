//! Sends the clip over RTP at the pace of a microphone and a camera.
//!
//! Owns sequence numbers, timestamps and where each layer is in its clip. A layer that is asked for a key frame, or wanted
//! again after a pause, starts its clip anew, as an encoder would. Does not pace within a frame.

use super::clip::{AUDIO_FRAME, Clip, LAYERS, Layer, VIDEO_FRAME};
use super::recording::Recording;
use crate::random_u32;
use anyhow::{Context as _, Result};
use bytes::Bytes;
use rtc::rtp::codec::vp8::Vp8Payloader;
use rtc::rtp::packetizer::Payloader as _;
use rtc::rtp::{Packet, header::Header};
use rtc::sdp::extmap::{AUDIO_LEVEL_URI, SDES_MID_URI, SDES_RTP_STREAM_ID_URI};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use webrtc::media_stream::Track as _;
use webrtc::media_stream::track_local::TrackLocal as _;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::PeerConnection;

/// Payload of one packet at most: below every path's MTU with SRTP, UDP and IPv6 around it.
const MAX_PAYLOAD: usize = 1_100;

/// Rids that somebody watches, as the server's `layers` says; `None` = it has not said yet, send all.
pub(super) type Wanted = Option<Vec<String>>;

/// The tasks that send; they end when this is dropped.
pub(super) struct Sending([JoinHandle<()>; 2]);

impl Drop for Sending {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

/// A negotiated sendonly section: its track and how its packets are marked.
pub(super) struct Line {
    track: Arc<TrackLocalStaticRTP>,
    mid: String,
    payload_type: u8,
    extensions: HashMap<String, u8>,
}

impl Line {
    pub(super) async fn new(
        connection: &Arc<dyn PeerConnection>,
        track: &Arc<TrackLocalStaticRTP>,
        mid: &str,
    ) -> Result<Self> {
        for sender in connection.get_senders().await {
            if sender.track().track_id().await != track.track_id().await {
                continue;
            }
            let parameters = sender.get_parameters().await?.rtp_parameters;
            let codec = parameters.codecs.first().with_context(|| format!("the answer took no codec of mid {mid}"))?;
            let extensions = parameters.header_extensions.iter();
            let extensions = extensions.map(|extension| Ok((extension.uri.clone(), u8::try_from(extension.id)?)));
            return Ok(Self {
                track: Arc::clone(track),
                mid: mid.to_owned(),
                payload_type: codec.payload_type,
                extensions: extensions.collect::<Result<_>>()?,
            });
        }
        anyhow::bail!("mid {mid} has no sender")
    }

    async fn send(&self, stream: &mut Stream, payload: Bytes, marker: bool, marks: &[(&str, Bytes)]) -> Result<()> {
        let mut header = Header {
            version: 2,
            marker,
            payload_type: self.payload_type,
            sequence_number: stream.sequence_number,
            timestamp: stream.timestamp,
            ssrc: stream.ssrc,
            ..Default::default()
        };
        stream.sequence_number = stream.sequence_number.wrapping_add(1);
        for (uri, value) in marks {
            if let Some(&id) = self.extensions.get(*uri) {
                header.set_extension(id, value.clone())?;
            }
        }
        self.track.write_rtp(Packet { header, payload }).await.context("the webrtc crate does not send")
    }

    fn mid_mark(&self) -> (&'static str, Bytes) {
        (SDES_MID_URI, Bytes::copy_from_slice(self.mid.as_bytes()))
    }
}

/// Where one SSRC is.
struct Stream {
    ssrc: u32,
    sequence_number: u16,
    timestamp: u32,
}

impl Stream {
    fn new(ssrc: u32) -> Self {
        let [.., high, low] = random_u32().to_be_bytes();
        Self { ssrc, sequence_number: u16::from_be_bytes([high, low]), timestamp: random_u32() }
    }
}

pub(super) fn start(
    clip: Arc<Clip>,
    microphone: Line,
    camera: Line,
    wanted: watch::Receiver<Wanted>,
    requests: mpsc::Receiver<u32>,
    recording: Arc<Mutex<Recording>>,
) -> Sending {
    let speech = tokio::spawn({
        let (clip, recording) = (Arc::clone(&clip), Arc::clone(&recording));
        async move { end_of(speak(&clip, &microphone, &recording).await, "microphone") }
    });
    let picture =
        tokio::spawn(async move { end_of(show(&clip, &camera, &recording, wanted, requests).await, "camera") });
    Sending([speech, picture])
}

fn end_of(result: Result<()>, what: &str) {
    if let Err(error) = result {
        eprintln!("the {what} stopped: {error:#}");
    }
}

async fn speak(clip: &Clip, line: &Line, recording: &Mutex<Recording>) -> Result<()> {
    let ssrc = line.track.ssrcs().await.first().copied().context("the microphone has no SSRC")?;
    let mut stream = Stream::new(ssrc);
    let mut ticks = every(AUDIO_FRAME);
    for (index, packet) in clip.speech.packets.iter().enumerate().cycle() {
        ticks.tick().await;
        lock(recording).sent.audio.push((crate::clock::now(), index));
        // RFC 6464 §3: the voice bit, then -dBov.
        let voice = if packet.level < 60 { 0x80 } else { 0 };
        let level = Bytes::copy_from_slice(&[voice | packet.level]);
        line.send(&mut stream, packet.payload.clone(), false, &[line.mid_mark(), (AUDIO_LEVEL_URI, level)]).await?;
        stream.timestamp = stream.timestamp.wrapping_add(super::audio::FRAME_TICKS);
    }
    Ok(())
}

/// One layer's encoder, so to speak.
struct Encoder<'a> {
    layer: &'a Layer,
    stream: Stream,
    payloader: Vp8Payloader,
    next: usize,
    running: bool,
}

async fn show(
    clip: &Clip,
    line: &Line,
    recording: &Mutex<Recording>,
    wanted: watch::Receiver<Wanted>,
    mut requests: mpsc::Receiver<u32>,
) -> Result<()> {
    let ssrcs = line.track.codings().await;
    let mut encoders = Vec::with_capacity(LAYERS.len());
    for (layer, coding) in clip.layers.iter().zip(ssrcs) {
        let stream = Stream::new(coding.rtp_coding_parameters.ssrc.context("a layer has no SSRC")?);
        let payloader = payloader_with_long_picture_ids()?;
        encoders.push(Encoder { layer, stream, payloader, next: 0, running: false });
    }
    let mut ticks = every(VIDEO_FRAME);
    loop {
        ticks.tick().await;
        while let Ok(ssrc) = requests.try_recv() {
            lock(recording).sent.key_frame_requests += 1;
            encoders.iter_mut().filter(|encoder| encoder.stream.ssrc == ssrc).for_each(|encoder| encoder.next = 0);
        }
        lock(recording).sent.captured.push(crate::clock::now());
        for (index, encoder) in encoders.iter_mut().enumerate() {
            let rid = encoder.layer.name.rid;
            let running = wanted.borrow().as_ref().is_none_or(|rids| rids.iter().any(|wanted| wanted == rid));
            if running {
                if !std::mem::replace(&mut encoder.running, true) {
                    encoder.next = 0;
                }
                let sent = encoder.send_frame(line).await?;
                if let Some(log) = lock(recording).sent.video.get_mut(index) {
                    log.push((crate::clock::now(), sent));
                }
            }
            encoder.running = running;
            encoder.stream.timestamp = encoder.stream.timestamp.wrapping_add(super::video::FRAME_TICKS);
        }
    }
}

/// Browsers number pictures with 15 bits; the crate's payloader does so from 128 on.
fn payloader_with_long_picture_ids() -> Result<Vp8Payloader> {
    let mut payloader = Vp8Payloader::default();
    payloader.enable_picture_id = true;
    for _ in 0..128 {
        payloader.payload(MAX_PAYLOAD, &Bytes::from_static(&[0]))?;
    }
    Ok(payloader)
}

impl Encoder<'_> {
    /// Which frame of the clip was sent.
    async fn send_frame(&mut self, line: &Line) -> Result<usize> {
        let index = self.next;
        let frame = self.layer.frames.get(index).context("a layer's clip is empty")?;
        self.next = (index + 1) % self.layer.frames.len();
        let rid = Bytes::from_static(self.layer.name.rid.as_bytes());
        let marks = [line.mid_mark(), (SDES_RTP_STREAM_ID_URI, rid)];
        let payloads = self.payloader.payload(MAX_PAYLOAD, frame)?;
        let last = payloads.len().saturating_sub(1);
        for (number, payload) in payloads.into_iter().enumerate() {
            line.send(&mut self.stream, payload, number == last, &marks).await?;
        }
        Ok(index)
    }
}

fn every(period: std::time::Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(period);
    // A late tick is made up for at once: a microphone's samples do not vanish because a task was late.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    ticks
}

fn lock(recording: &Mutex<Recording>) -> std::sync::MutexGuard<'_, Recording> {
    recording.lock().unwrap_or_else(PoisonError::into_inner)
}
