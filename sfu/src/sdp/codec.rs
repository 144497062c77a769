//! Which codecs of an offered section the server routes, with what each needs (RFC 8866 §6.6, RFC 4588, RFC 4585 §4.2).

use rtc_sdp::description::media::MediaDescription;

use crate::description::{Codec, CodecParameters, H264Profile, MediaKind};
use crate::ids::PayloadType;
use crate::sdp::offer::values;

/// A codec that can be answered.
pub(super) struct OfferedCodec {
    pub parameters: CodecParameters,
    /// Lower-case hexadecimal `profile-level-id` of H.264, as the answer repeats it.
    pub profile_level_id: Option<String>,
    pub level_asymmetry_allowed: bool,
    /// RFC 2198 §5: the payload type of every frame in redundant audio, when all are of one.
    wrapped: Option<PayloadType>,
}

impl OfferedCodec {
    fn wraps(&self, payload_type: PayloadType) -> bool {
        self.wrapped == Some(payload_type)
    }
}

/// Codecs of an m-line that the server routes, in the offer's order.
pub(super) fn offered(kind: MediaKind, description: &MediaDescription) -> Vec<OfferedCodec> {
    let table = formats(description);
    let listed: Vec<u8> = payload_types(description).collect();
    let mut codecs: Vec<OfferedCodec> = listed
        .iter()
        .filter_map(|&payload_type| offered_codec(kind, payload_type, table.get(usize::from(payload_type))?))
        .collect();
    let opus: Vec<PayloadType> = of_codec(&codecs, Codec::Opus).collect();
    codecs.retain(|codec| codec.parameters.codec != Codec::Red || opus.iter().any(|opus| codec.wraps(*opus)));
    for &payload_type in &listed {
        let Some(format) = table.get(usize::from(payload_type)) else { continue };
        let Some(apt) = format.repaired() else { continue };
        let repaired = codecs.iter_mut().map(|codec| &mut codec.parameters).find(|codec| {
            codec.payload_type.0 == apt && codec.clock_rate_hz == format.clock_rate_hz && codec.rtx.is_none()
        });
        // Without NACK nothing would ever be sent again; redundant audio is mended by its own next packet.
        if let Some(codec) = repaired.filter(|codec| codec.nack && codec.codec != Codec::Red) {
            codec.rtx = Some(PayloadType(payload_type));
        }
    }
    codecs
}

fn of_codec(codecs: &[OfferedCodec], codec: Codec) -> impl Iterator<Item = PayloadType> {
    codecs
        .iter()
        .filter(move |offered| offered.parameters.codec == codec)
        .map(|offered| offered.parameters.payload_type)
}

/// The m-line's formats that may be payload types: dynamic ones, without those that look like RTCP when muxed
/// (RFC 5761 §4), each once.
fn payload_types(description: &MediaDescription) -> impl Iterator<Item = u8> {
    let mut seen = 0_u128;
    description.media_name.formats.iter().filter_map(|format| format.parse().ok()).filter(move |&payload_type: &u8| {
        let is_new = matches!(payload_type, 35..=63 | 96..=127) && seen & (1 << payload_type) == 0;
        if is_new {
            seen |= 1 << payload_type;
        }
        is_new
    })
}

/// What the attributes of a section say about one payload type.
#[derive(Clone, Copy, Default)]
struct Format<'a> {
    name: &'a str,
    clock_rate_hz: u32,
    channels: u8,
    fmtp: &'a str,
    nack: bool,
    pli: bool,
    transport_cc: bool,
}

impl<'a> Format<'a> {
    /// A value of `a=fmtp`: `key=value;key=value`.
    fn parameter(&self, key: &str) -> Option<&'a str> {
        let mut pairs = self.fmtp.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.trim())
    }

    /// `a=fmtp:63 111/111`
    fn wrapped(&self) -> Option<PayloadType> {
        let mut frames = self.fmtp.split('/').map(|number| number.trim().parse());
        let first = frames.next()?.ok()?;
        frames.all(|other| other == Ok(first)).then_some(PayloadType(first))
    }

    /// RFC 4588 §8.1: the payload type that this one repairs.
    fn repaired(&self) -> Option<u8> {
        if self.name.eq_ignore_ascii_case("rtx") { self.parameter("apt")?.parse().ok() } else { None }
    }
}

/// One pass over the attributes: a table by payload type.
fn formats(description: &MediaDescription) -> Vec<Format<'_>> {
    let attributes = description.attributes.as_slice();
    let mut table = vec![Format::default(); 128];
    for (payload_type, mapping) in values(attributes, "rtpmap").filter_map(|value| value.split_once(' ')) {
        let Some(format) = entry(&mut table, payload_type).filter(|format| format.name.is_empty()) else { continue };
        let mut parts = mapping.trim().split('/');
        format.name = parts.next().unwrap_or_default();
        format.clock_rate_hz = parts.next().and_then(|rate| rate.parse().ok()).unwrap_or_default();
        format.channels = parts.next().and_then(|channels| channels.parse().ok()).unwrap_or(1);
    }
    for (payload_type, parameters) in values(attributes, "fmtp").filter_map(|value| value.split_once(' ')) {
        if let Some(format) = entry(&mut table, payload_type).filter(|format| format.fmtp.is_empty()) {
            format.fmtp = parameters;
        }
    }
    for value in values(attributes, "rtcp-fb") {
        let Some((payload_type, feedback)) = value.split_once(' ') else { continue };
        if let Some(format) = entry(&mut table, payload_type) {
            format.agree(feedback.trim());
        }
    }
    // `*` means every payload type; gathered first, so that a hostile offer stays linear.
    let mut everywhere = Format::default();
    for value in values(attributes, "rtcp-fb").filter_map(|value| value.strip_prefix("* ")) {
        everywhere.agree(value.trim());
    }
    for format in &mut table {
        format.nack |= everywhere.nack;
        format.pli |= everywhere.pli;
        format.transport_cc |= everywhere.transport_cc;
    }
    table
}

fn entry<'t, 'a>(table: &'t mut [Format<'a>], payload_type: &str) -> Option<&'t mut Format<'a>> {
    table.get_mut(payload_type.parse::<usize>().ok()?)
}

impl Format<'_> {
    /// The feedback that we give or heed. No REMB (transport-cc supersedes it), no FIR (PLI asks the same).
    fn agree(&mut self, feedback: &str) {
        match feedback {
            "nack" => self.nack = true,
            "nack pli" => self.pli = true,
            "transport-cc" => self.transport_cc = true,
            _ => {}
        }
    }
}

fn offered_codec(kind: MediaKind, payload_type: u8, format: &Format<'_>) -> Option<OfferedCodec> {
    let name = format.name.to_ascii_lowercase();
    let mut profile_level_id = None;
    let codec = match (kind, name.as_str(), format.clock_rate_hz) {
        // RFC 7587 §7: always 48000/2, whatever is sent.
        (MediaKind::Audio, "opus", 48_000) if format.channels == 2 => Codec::Opus,
        (MediaKind::Audio, "red", 48_000) if format.channels == 2 => Codec::Red,
        (MediaKind::Video, "vp8", 90_000) => Codec::Vp8,
        (MediaKind::Video, "vp9", 90_000) => match format.parameter("profile-id").unwrap_or("0") {
            "0" => Codec::Vp9 { profile_id: 0 },
            _ => return None,
        },
        (MediaKind::Video, "h264", 90_000) => {
            // RFC 6184 §8.1: baseline profile at level 1 when nothing is said.
            let level_id = format.parameter("profile-level-id").unwrap_or("42000a").to_ascii_lowercase();
            let profile = h264_profile(&level_id)?;
            profile_level_id = Some(level_id);
            let packetization_mode = match format.parameter("packetization-mode").unwrap_or("0") {
                "0" => 0,
                "1" => 1,
                _ => return None,
            };
            Codec::H264 { profile, packetization_mode }
        }
        _ => return None,
    };
    let parameters = CodecParameters {
        codec,
        payload_type: PayloadType(payload_type),
        clock_rate_hz: format.clock_rate_hz,
        rtx: None,
        nack: format.nack,
        pli: format.pli,
        transport_cc: format.transport_cc,
    };
    let level_asymmetry_allowed = format.parameter("level-asymmetry-allowed") == Some("1");
    let wrapped = format.wrapped().filter(|_| codec == Codec::Red);
    Some(OfferedCodec { parameters, profile_level_id, level_asymmetry_allowed, wrapped })
}

/// The class of a `profile-level-id` (RFC 6184 §8.1, table 5): what matters is which decoder can read it.
fn h264_profile(level_id: &str) -> Option<H264Profile> {
    let digits = level_id.len() == 6 && level_id.bytes().all(|char| char.is_ascii_hexdigit());
    let [_, profile_idc, constraints, _] = u32::from_str_radix(level_id, 16).ok().filter(|_| digits)?.to_be_bytes();
    // constraint_set0 is the top bit; the last four bits are reserved but for constrained high.
    let set = |number: u8| constraints & (0x80 >> number) != 0;
    match (profile_idc, constraints & 0x0F) {
        (0x42, 0) if set(1) => Some(H264Profile::ConstrainedBaseline),
        (0x42, 0) => Some(H264Profile::Baseline),
        (0x4D, 0) if set(0) => Some(H264Profile::ConstrainedBaseline),
        (0x58, 0) if set(0) && set(1) => Some(H264Profile::ConstrainedBaseline),
        (0x58, 0) if set(0) => Some(H264Profile::Baseline),
        (0x4D, 0) => Some(H264Profile::Main),
        (0x64, 0) => Some(H264Profile::High),
        (0x64, 0x0C) => Some(H264Profile::ConstrainedHigh),
        _ => None,
    }
}
