//! Synthetic media that says what it is: Opus and VP8 payloads that a forwarder understands, with a number that tells the
//! receiver which moment it hears or sees. Holds no state.

/// What the microphone encodes at a time; a packet holds one or two.
pub(crate) const AUDIO_FRAME_MS: u64 = 20;
pub(crate) const AUDIO_TICKS: u32 = 960;
pub(crate) const VIDEO_FRAME_MS: u64 = 40;
pub(crate) const VIDEO_TICKS: u32 = 3_600;

/// Bytes of VP8's payload descriptor with a long picture id (RFC 7741 §4.2).
const DESCRIPTOR_LEN: usize = 4;
/// Frame tag and key-frame header (RFC 6386 §9.1); delta frames keep the place.
const FRAME_HEADER_LEN: usize = 10;
/// What one packet carries of a frame.
const CHUNK_LEN: usize = 1_100;
/// The least a frame can be: header, layer and number.
pub(crate) const MIN_VIDEO_FRAME_LEN: usize = FRAME_HEADER_LEN + 5;

/// An Opus packet of at least 6 bytes and one frame, or two of the same size (RFC 6716 §3.2.3). `silence_follows`: silence follows,
/// nothing is sent for it (DTX).
pub(crate) fn opus(frame: OpusFrame, len: usize) -> Vec<u8> {
    let OpusFrame { number, silence_follows, is_double } = frame;
    let mut payload = vec![0xfc | u8::from(is_double), u8::from(silence_follows)];
    payload.extend_from_slice(&number.to_be_bytes());
    payload.resize(len.max(payload.len()), 0x55);
    payload
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpusFrame {
    pub(crate) number: u32,
    pub(crate) silence_follows: bool,
    /// The next frame is with it.
    pub(crate) is_double: bool,
}

pub(crate) fn read_opus(payload: &[u8]) -> Option<OpusFrame> {
    let (&[contents, silence_follows, a, b, c, d], _) = payload.split_first_chunk()?;
    let number = u32::from_be_bytes([a, b, c, d]);
    Some(OpusFrame { number, silence_follows: silence_follows == 1, is_double: contents & 1 == 1 })
}

/// RFC 2198 §3: the newest frame with those before it, each with how much older it is in RTP ticks; oldest first.
pub(crate) fn red(pt: u8, older: &[(u32, Vec<u8>)], newest: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (ticks, frame) in older {
        let len = u32::try_from(frame.len()).unwrap_or(0);
        payload.push(0x80 | pt);
        payload.extend_from_slice(&(ticks << 10 | len).to_be_bytes()[1..]);
    }
    payload.push(pt);
    older.iter().for_each(|(_, frame)| payload.extend_from_slice(frame));
    payload.extend_from_slice(newest);
    payload
}

/// Each frame of a RED payload with how much older than the packet it is.
pub(crate) fn read_red(payload: &[u8]) -> Option<Vec<(u32, &[u8])>> {
    let (mut headers, mut rest) = (Vec::new(), payload);
    while let Some((&[_, a, b, c], after)) = rest.split_first_chunk::<4>().filter(|(header, _)| header[0] & 0x80 != 0) {
        let packed = u32::from_be_bytes([0, a, b, c]);
        headers.push((packed >> 10, usize::try_from(packed & 0x3ff).ok()?));
        rest = after;
    }
    let mut data = rest.get(1..)?;
    let mut frames = Vec::new();
    for (ticks, len) in headers {
        let (frame, after) = data.split_at_checked(len)?;
        frames.push((ticks, frame));
        data = after;
    }
    frames.push((0, data));
    Some(frames)
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct VideoFrame {
    pub(crate) layer: u8,
    pub(crate) number: u32,
    pub(crate) keyframe: bool,
    pub(crate) height: u16,
    pub(crate) picture_id: u16,
    pub(crate) len: usize,
}

/// The payloads of a frame's packets.
pub(crate) fn vp8(frame: &VideoFrame) -> Vec<Vec<u8>> {
    let [height_0, height_1] = frame.height.to_le_bytes();
    let [width_0, width_1] = (frame.height / 9 * 16).to_le_bytes();
    let mut data = if frame.keyframe {
        vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, width_0, width_1, height_0, height_1]
    } else {
        vec![0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    };
    data.push(frame.layer);
    data.extend_from_slice(&frame.number.to_be_bytes());
    data.resize(frame.len.max(data.len()), 0x55);
    let [high, low] = (frame.picture_id | 0x8000).to_be_bytes();
    let packet = |(index, chunk): (usize, &[u8])| {
        let mut payload = vec![if index == 0 { 0x90 } else { 0x80 }, 0x80, high, low];
        payload.extend_from_slice(chunk);
        payload
    };
    data.chunks(CHUNK_LEN).enumerate().map(packet).collect()
}

/// The first packet of a frame says what it is; the others have nothing to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameStart {
    pub(crate) layer: u8,
    pub(crate) number: u32,
    pub(crate) keyframe: bool,
}

pub(crate) fn read_vp8(payload: &[u8]) -> Option<FrameStart> {
    let (&[first, ..], rest) = payload.split_first_chunk::<DESCRIPTOR_LEN>()?;
    let is_start = first & 0x10 != 0;
    let (&[tag], _) = rest.split_first_chunk().filter(|_| is_start)?;
    let (&[layer, a, b, c, d], _) = rest.get(FRAME_HEADER_LEN..)?.split_first_chunk()?;
    Some(FrameStart { layer, number: u32::from_be_bytes([a, b, c, d]), keyframe: tag & 1 == 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let spoken = OpusFrame { number: 70_000, silence_follows: true, is_double: true };
        let payload = opus(spoken, 80);
        assert_eq!((payload.len(), read_opus(&payload)), (80, Some(spoken)));
        let red = red(111, &[(1_920, vec![1; 300]), (960, vec![2; 3])], &payload);
        let frames = read_red(&red).unwrap();
        assert_eq!(frames, [(1_920, &[1; 300][..]), (960, &[2; 3]), (0, &payload)]);
        let frame = VideoFrame { layer: 2, number: 9, keyframe: true, height: 720, picture_id: 5, len: 2_500 };
        let packets = vp8(&frame);
        assert_eq!(packets.len(), 3);
        assert_eq!(read_vp8(&packets[0]), Some(FrameStart { layer: 2, number: 9, keyframe: true }));
        assert_eq!(read_vp8(&packets[1]), None);
    }
}
