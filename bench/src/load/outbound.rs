//! Streams that a person sends: RTP numbers, headers with the agreed extensions, payloads that look like Opus and VP8.
//!
//! Owns each stream's numbers. Writes plain packets into a [`Batch`] and seals them there; allocates nothing per packet.

use super::adapter::Seat;
use super::connection::srtp::{Keys, TAG_LEN};
use super::sdp::{Kind, Publication, RIDS};
use super::shape::Frames;
use super::traffic::{SILENCE_BYTES, SPEECH_BYTES, Seeded, Stamp, fragments, frame_bytes};
use crate::{clock, random_u32};

const FIXED_HEADER: usize = 12;
const VP8_DESCRIPTOR: usize = 6;
/// RFC 6465: level 30 dB below overload, and silence. The high bit says "voice".
const SPEECH_LEVEL: u8 = 0x80 | 30;
const SILENCE_LEVEL: u8 = 127;

/// Sealed packets for one socket.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Batch {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn packets(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| self.bytes.get(*start..*end).unwrap_or_default())
    }

    /// Room for one more packet of `len` bytes, zeroed.
    pub(super) fn push(&mut self, len: usize) -> &mut [u8] {
        let start = self.bytes.len();
        self.bytes.resize(start + len, 0);
        self.ends.push(self.bytes.len());
        self.bytes.get_mut(start..).unwrap_or_default()
    }
}

/// One SSRC.
pub(super) struct Stream {
    pub ssrc: u32,
    /// Header and extensions, to be patched.
    header: Vec<u8>,
    transport_cc_at: Option<usize>,
    level_at: Option<usize>,
    /// The extended sequence number of the next packet (RFC 3711 §3.3.1).
    index: u64,
    pub timestamp: u32,
    counter: u32,
    pub packets: u32,
    pub octets: u32,
}

/// A microphone.
pub(super) struct Microphone {
    pub stream: Stream,
    first_timestamp: u32,
    spoke: bool,
}

/// A camera with its layers.
pub(super) struct Camera {
    pub layers: Vec<Layer>,
    first_timestamp: u32,
}

pub(super) struct Layer {
    pub stream: Stream,
    pub wants_key_frame: bool,
    pub active: bool,
    picture: u16,
    mean_bytes: usize,
    vary: bool,
}

/// What a packet goes out with.
pub(super) struct Sealing<'a> {
    pub seat: Seat,
    pub keys: &'a Keys,
    /// The connection's transport-wide number (one for all its streams).
    pub transport_cc: &'a mut u16,
    pub batch: &'a mut Batch,
}

impl Microphone {
    pub(super) fn new(publication: &Publication) -> Option<Self> {
        let stream = Stream::new(publication, *publication.ssrcs.first()?, None);
        Some(Self { first_timestamp: stream.timestamp, stream, spoke: false })
    }

    pub(super) fn send(&mut self, sealing: &mut Sealing<'_>, now_ns: u64, speaks: bool) {
        // 48 ticks a millisecond; the marker begins a talk spurt (RFC 3551 §4.1).
        let marker = speaks && !self.spoke;
        self.spoke = speaks;
        self.stream.timestamp = self.first_timestamp.wrapping_add(ticks(now_ns, 48_000));
        let (len, level) = if speaks { (SPEECH_BYTES, SPEECH_LEVEL) } else { (SILENCE_BYTES, SILENCE_LEVEL) };
        // 20 ms of CELT, fullband, stereo off (RFC 6716 §3.1).
        self.stream.send(sealing, len, marker, Some(level), |payload| write(payload, &[0xf8]));
    }
}

impl Camera {
    pub(super) fn new(publication: &Publication, frames: Frames) -> Self {
        let count = publication.ssrcs.len();
        // One layer is the full one; of several the smallest comes first.
        let means = frames.bytes.into_iter().skip(frames.bytes.len().saturating_sub(count));
        let rids = RIDS.map(|rid| (count > 1).then_some(rid));
        let layers: Vec<Layer> = publication
            .ssrcs
            .iter()
            .zip(means.zip(rids))
            .map(|(ssrc, (mean_bytes, rid))| Layer {
                stream: Stream::new(publication, *ssrc, rid),
                wants_key_frame: true,
                active: true,
                picture: 0,
                mean_bytes,
                vary: frames.vary,
            })
            .collect();
        Self { layers, first_timestamp: random_u32() }
    }

    /// A frame of each active layer.
    pub(super) fn send(&mut self, sealing: &mut Sealing<'_>, now_ns: u64, seeded: &mut Seeded) {
        let timestamp = self.first_timestamp.wrapping_add(ticks(now_ns, 90_000));
        for layer in self.layers.iter_mut().filter(|layer| layer.active) {
            layer.stream.timestamp = timestamp;
            layer.send(sealing, seeded);
        }
    }
}

impl Layer {
    fn send(&mut self, sealing: &mut Sealing<'_>, seeded: &mut Seeded) {
        let key = std::mem::take(&mut self.wants_key_frame);
        let bytes = if self.vary { frame_bytes(seeded, self.mean_bytes, key) } else { self.mean_bytes };
        self.picture = self.picture.wrapping_add(1) & 0x7fff;
        let [high, low] = self.picture.to_be_bytes();
        // Picture id of 15 bits, TL0PICIDX, temporal layer 0 (RFC 7741 §4.2).
        let descriptor = |start: bool| [if start { 0x90 } else { 0x80 }, 0xe0, 0x80 | high, low, low, 0x00];
        let count = fragments(bytes).count();
        for (index, size) in fragments(bytes).enumerate() {
            let (first, last) = (index == 0, index + 1 == count);
            self.stream.send(sealing, VP8_DESCRIPTOR + size, last, None, |payload| {
                write(payload, &descriptor(first));
                if let Some(frame) = payload.get_mut(VP8_DESCRIPTOR..).filter(|_| first) {
                    // Frame tag; a key frame's start code and 640x360 (RFC 7741 §4.3, RFC 6386 §9.1).
                    write(
                        frame,
                        if key { &[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01] } else { &[0x11, 0, 0] },
                    );
                }
            });
        }
    }
}

impl Stream {
    fn new(publication: &Publication, ssrc: u32, rid: Option<&str>) -> Self {
        let extensions = publication.extensions;
        let mut header = vec![0x80, publication.payload_type, 0, 0, 0, 0, 0, 0];
        header.extend_from_slice(&ssrc.to_be_bytes());
        let mut block = Block::default();
        block.add(extensions.mid, publication.mid.as_bytes());
        if let Some(rid) = rid {
            block.add(extensions.rid, rid.as_bytes());
        }
        let transport_cc_at = block.add(extensions.transport_cc, &[0, 0]);
        let level_at = (publication.kind == Kind::Audio).then(|| block.add(extensions.level, &[0])).flatten();
        let behind = |at: usize| at + FIXED_HEADER + 4;
        block.append_to(&mut header);
        Self {
            ssrc,
            header,
            transport_cc_at: transport_cc_at.map(behind),
            level_at: level_at.map(behind),
            index: u64::from(random_u32() & 0x7fff),
            timestamp: random_u32(),
            counter: 0,
            packets: 0,
            octets: 0,
        }
    }

    fn send(
        &mut self,
        sealing: &mut Sealing<'_>,
        payload_len: usize,
        marker: bool,
        level: Option<u8>,
        fill: impl FnOnce(&mut [u8]),
    ) {
        let header_len = self.header.len();
        let packet = sealing.batch.push(header_len + payload_len + TAG_LEN);
        write(packet, &self.header);
        if marker && let Some(byte) = packet.get_mut(1) {
            *byte |= 0x80;
        }
        let [.., high, low] = self.index.to_be_bytes();
        patch(packet, 2, &[high, low]);
        patch(packet, 4, &self.timestamp.to_be_bytes());
        if let Some(at) = self.transport_cc_at {
            patch(packet, at, &sealing.transport_cc.to_be_bytes());
            *sealing.transport_cc = sealing.transport_cc.wrapping_add(1);
        }
        if let (Some(at), Some(level)) = (self.level_at, level) {
            patch(packet, at, &[level]);
        }
        let payload = packet.get_mut(header_len..header_len + payload_len).unwrap_or_default();
        fill(payload);
        let (seat, ssrc, counter) = (sealing.seat, self.ssrc, self.counter);
        let _ = Stamp { seat, ssrc, counter, departed_unix_ns: clock::unix_ns() }.write(payload);
        // A packet that cannot be sealed leaves as it is, and shows as loss.
        let _ = sealing.keys.seal_rtp(packet, header_len, self.ssrc, self.index);
        self.index += 1;
        self.counter = self.counter.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(u32::try_from(payload_len).unwrap_or(0));
    }
}

/// One-byte header extensions (RFC 8285 §4.2).
#[derive(Default)]
struct Block(Vec<u8>);

impl Block {
    /// Where the value begins within the block, if there is an id for it.
    fn add(&mut self, id: Option<u8>, value: &[u8]) -> Option<usize> {
        let length = u8::try_from(value.len().checked_sub(1)?).ok().filter(|length| *length < 16)?;
        self.0.push(id? << 4 | length);
        self.0.extend_from_slice(value);
        Some(self.0.len() - value.len())
    }

    fn append_to(mut self, header: &mut Vec<u8>) {
        if self.0.is_empty() {
            return;
        }
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        if let Some(first) = header.first_mut() {
            *first |= 0x10;
        }
        header.extend_from_slice(&[0xbe, 0xde]);
        header.extend_from_slice(&u16::try_from(self.0.len() / 4).unwrap_or(0).to_be_bytes());
        header.extend_from_slice(&self.0);
    }
}

fn ticks(now_ns: u64, rate: u64) -> u32 {
    let ticks = u128::from(now_ns) * u128::from(rate) / 1_000_000_000;
    u32::try_from(ticks & u128::from(u32::MAX)).unwrap_or(0)
}

fn write(to: &mut [u8], from: &[u8]) {
    patch(to, 0, from);
}

fn patch(to: &mut [u8], at: usize, from: &[u8]) {
    if let Some(place) = to.get_mut(at..at + from.len()) {
        place.copy_from_slice(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::connection::srtp::KEYING_MATERIAL_LEN;
    use crate::load::inbound::Header;
    use crate::load::sdp::Extensions;
    use crate::load::shape::TALKING_HEAD;
    use rtc::rtp::packet::Packet;
    use rtc::shared::marshal::Unmarshal as _;

    const EXTENSIONS: Extensions = Extensions { mid: Some(4), rid: Some(5), level: Some(1), transport_cc: Some(3) };

    fn sent(kind: Kind, send: impl FnOnce(&Publication, &mut Sealing<'_>)) -> Vec<Packet> {
        let publication =
            Publication { kind, mid: "1".into(), ssrcs: vec![10, 11, 12], payload_type: 96, extensions: EXTENSIONS };
        let client = Keys::of_client(&[7; KEYING_MATERIAL_LEN]).unwrap();
        let (mut batch, mut transport_cc) = (Batch::default(), 0);
        let seat = Seat { room: 1, person: 2 };
        send(&publication, &mut Sealing { seat, keys: &client.0, transport_cc: &mut transport_cc, batch: &mut batch });
        let opened = batch.packets().map(|packet| {
            let mut packet = packet.to_vec();
            let header = Packet::unmarshal(&mut packet.as_slice()).unwrap().header;
            let len = Header::read(&packet).unwrap().len;
            let payload = client.0.open_rtp(&mut packet, len, header.ssrc, header.sequence_number.into());
            Packet { header, payload: payload.unwrap().to_vec().into() }
        });
        opened.collect()
    }

    #[test]
    fn a_frame_of_each_layer_begins_with_a_key_frame_and_ends_with_the_marker() {
        let packets = sent(Kind::Video, |publication, sealing| {
            Camera::new(publication, TALKING_HEAD).send(sealing, 0, &mut Seeded::new(1));
        });
        for (ssrc, rid) in [(10, "q"), (11, "h"), (12, "f")] {
            let layer: Vec<&Packet> = packets.iter().filter(|packet| packet.header.ssrc == ssrc).collect();
            assert_eq!(layer[0].header.get_extension(5).unwrap(), rid.as_bytes());
            assert_eq!(layer[0].payload[0] & 0x10, 0x10);
            assert_eq!(layer[0].payload[VP8_DESCRIPTOR] & 1, 0, "a key frame");
            let markers = layer.iter().filter(|packet| packet.header.marker).count();
            assert!(markers == 1 && layer.last().unwrap().header.marker);
            let stamp = Stamp::read(&layer[0].payload).unwrap();
            assert_eq!((stamp.seat, stamp.counter), (Seat { room: 1, person: 2 }, 0));
        }
        let numbers: Vec<u16> = packets
            .iter()
            .map(|packet| u16::from_be_bytes(packet.header.get_extension(3).unwrap()[..].try_into().unwrap()))
            .collect();
        assert_eq!(numbers, (0..u16::try_from(packets.len()).unwrap()).collect::<Vec<_>>());
    }

    #[test]
    fn speech_is_marked_at_its_beginning_and_says_its_level() {
        let packets = sent(Kind::Audio, |publication, sealing| {
            let mut microphone = Microphone::new(publication).unwrap();
            microphone.send(sealing, 0, false);
            microphone.send(sealing, 20_000_000, true);
            microphone.send(sealing, 40_000_000, true);
        });
        let markers: Vec<bool> = packets.iter().map(|packet| packet.header.marker).collect();
        assert_eq!(markers, [false, true, false]);
        let levels: Vec<u8> = packets.iter().map(|packet| packet.header.get_extension(1).unwrap()[0]).collect();
        assert_eq!(levels, [SILENCE_LEVEL, SPEECH_LEVEL, SPEECH_LEVEL]);
        assert_eq!(packets[2].header.timestamp.wrapping_sub(packets[1].header.timestamp), 960);
    }
}
