//! Synthetic media that says where it comes from: a VP8 frame header that a forwarder understands, then publisher, layer and
//! number, so that a viewer can tell what it got.

/// Bytes of a frame tag and key-frame header (RFC 6386 §9.1); delta frames keep the place.
const HEADER_LEN: usize = 10;
/// Largest RTP payload of a client, roughly: frames above it are several packets.
pub(crate) const LARGE: usize = 3_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) publisher: u8,
    pub(crate) layer: u8,
    pub(crate) number: u32,
}

pub(crate) fn vp8(label: Label, keyframe: bool, height: u16, len: usize) -> Vec<u8> {
    let mut frame = vec![0x55; len.max(HEADER_LEN + 6)];
    let [height_0, height_1] = height.to_le_bytes();
    let [width_0, width_1] = (height * 16 / 9).to_le_bytes();
    let header = if keyframe {
        [0x10, 0, 0, 0x9d, 0x01, 0x2a, width_0, width_1, height_0, height_1]
    } else {
        [0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    };
    frame[..HEADER_LEN].copy_from_slice(&header);
    write_label(&mut frame[HEADER_LEN..], label);
    frame
}

pub(crate) fn opus(label: Label, len: usize) -> Vec<u8> {
    let mut frame = vec![0xfc; len.max(7)];
    write_label(&mut frame[1..], label);
    frame
}

pub(crate) fn is_keyframe(vp8: &[u8]) -> bool {
    vp8[0] & 1 == 0
}

pub(crate) fn vp8_label(frame: &[u8]) -> Label {
    read_label(&frame[HEADER_LEN..])
}

pub(crate) fn opus_label(frame: &[u8]) -> Label {
    read_label(&frame[1..])
}

fn write_label(out: &mut [u8], label: Label) {
    out[0] = label.publisher;
    out[1] = label.layer;
    out[2..6].copy_from_slice(&label.number.to_be_bytes());
}

fn read_label(bytes: &[u8]) -> Label {
    Label { publisher: bytes[0], layer: bytes[1], number: u32::from_be_bytes(bytes[2..6].try_into().unwrap()) }
}
