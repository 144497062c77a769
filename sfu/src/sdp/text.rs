//! Writes the answer: a [`PeerDescription`] as SDP, with what the offer says and the description does not keep.

use std::fmt::Write;

use crate::description::{Codec, CodecParameters, Fingerprint, Flow, MediaKind, PeerDescription, Section};
use crate::ids::Mid;
use crate::sdp::AnswerOptions;
use crate::sdp::codec::OfferedCodec;
use crate::sdp::offer::{Direction, Offer, OfferedMedia, OfferedSection};

pub(super) fn answer(offer: &Offer, description: &PeerDescription, options: &AnswerOptions<'_>) -> String {
    let is_accepted = |mid: &&Mid| offer.sections.iter().any(|section| section.mid == **mid && section.media.is_some());
    let bundle: Vec<&Mid> = offer.bundle.iter().filter(is_accepted).collect();

    let mut lines = Lines::default();
    lines.push("v=0");
    // RFC 3264 §8: one id for all answers of a session, with a growing version. Both come from what the peer keeps anyway.
    let id = u64::from_str_radix(description.cname.get(..15).unwrap_or_default(), 16).unwrap_or_default();
    lines.push(format_args!("o=- {id} {} IN IP4 127.0.0.1", offer.version));
    lines.push("s=-");
    lines.push("t=0 0");
    let mids: Vec<&str> = bundle.iter().map(|mid| mid.as_str()).collect();
    lines.push(format_args!("a=group:BUNDLE {}", mids.join(" ")));
    lines.push("a=ice-lite");
    let mut has_speech = false;
    for (offered, section) in offer.sections.iter().zip(&description.sections) {
        let Some(media) = &offered.media else {
            refuse(&mut lines, offered);
            continue;
        };
        begin(&mut lines, section, media);
        transport(&mut lines, description, options.fingerprint);
        if bundle.first() == Some(&&section.mid) {
            candidates(&mut lines, options);
        }
        direction(&mut lines, section);
        let opus = section.codecs.iter().find(|codec| codec.codec == Codec::Opus).map(|codec| codec.payload_type.0);
        for (offered, codec) in media.codecs.iter().zip(&section.codecs) {
            let parameters = match codec.codec {
                Codec::Opus => opus_parameters(&section.flow, has_speech).to_owned(),
                Codec::Red => opus.map_or_else(String::new, |opus| format!("{opus}/{opus}")),
                Codec::Vp8 => String::new(),
                Codec::Vp9 { profile_id } => format!("profile-id={profile_id}"),
                Codec::H264 { packetization_mode, .. } => h264_parameters(offered, packetization_mode),
            };
            write_codec(&mut lines, codec, &parameters);
        }
        simulcast(&mut lines, &section.flow);
        slot(&mut lines, section, &description.cname);
        has_speech |= section.kind == MediaKind::Audio && matches!(section.flow, Flow::Uplink { .. });
    }
    lines.0
}

/// SDP lines end in CRLF (RFC 8866 §5).
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn push(&mut self, line: impl std::fmt::Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{line}\r\n");
    }
}

/// RFC 9143 §7.3.3: port 0, and not in the bundle.
fn refuse(lines: &mut Lines, offered: &OfferedSection) {
    let (media, protocol, format) = &offered.line;
    lines.push(format_args!("m={media} 0 {protocol} {format}"));
    lines.push("c=IN IP4 0.0.0.0");
    lines.push(format_args!("a=mid:{}", offered.mid.as_str()));
    lines.push("a=inactive");
}

fn begin(lines: &mut Lines, section: &Section, media: &OfferedMedia) {
    let name = if section.kind == MediaKind::Audio { "audio" } else { "video" };
    let mut payload_types = String::new();
    for codec in &section.codecs {
        for payload_type in std::iter::once(codec.payload_type).chain(codec.rtx) {
            let _ = write!(payload_types, " {}", payload_type.0);
        }
    }
    lines.push(format_args!("m={name} 9 UDP/TLS/RTP/SAVPF{payload_types}"));
    lines.push("c=IN IP4 0.0.0.0");
    lines.push(format_args!("a=mid:{}", section.mid.as_str()));
    for extension in media.extensions.iter().filter(|extension| super::is_accepted(media, extension)) {
        let direction = match extension.direction {
            Direction::SendOnly => "/recvonly",
            Direction::RecvOnly => "/sendonly",
            Direction::SendRecv | Direction::Inactive => "",
        };
        lines.push(format_args!("a=extmap:{}{direction} {}", extension.id, extension.kind.uri()));
    }
}

/// In every section, although BUNDLE makes one suffice: browsers write them so, and read nothing else as well.
fn transport(lines: &mut Lines, description: &PeerDescription, fingerprint: Fingerprint) {
    lines.push("a=rtcp-mux");
    lines.push("a=rtcp-rsize");
    lines.push(format_args!("a=ice-ufrag:{}", description.ice.local_ufrag));
    lines.push(format_args!("a=ice-pwd:{}", description.ice.local_pwd));
    let bytes: Vec<String> = fingerprint.0.iter().map(|byte| format!("{byte:02X}")).collect();
    lines.push(format_args!("a=fingerprint:sha-256 {}", bytes.join(":")));
    lines.push(if description.dtls.local_is_client { "a=setup:active" } else { "a=setup:passive" });
}

/// RFC 8839 §5.1, with RFC 8445 §5.1.2.1's recommended priorities: type, then our order. All of them at once. TCP is below every UDP,
/// as RFC 6544 §4.2 wants it: a client that has both takes it only where UDP fails.
fn candidates(lines: &mut Lines, options: &AnswerOptions<'_>) {
    const HOST_OVER_UDP: u32 = 126;
    const HOST_OVER_TCP: u32 = 90;
    const COMPONENT_RTP: u32 = 1;
    let udp = options.candidates.iter().map(|address| (address, "udp", HOST_OVER_UDP, ""));
    let tcp = options.tcp_candidates.iter().map(|address| (address, "tcp", HOST_OVER_TCP, " tcptype passive"));
    for ((address, protocol, kind, tcp_type), foundation) in udp.chain(tcp).zip(1..=u32::from(u16::MAX)) {
        let local_preference = u32::from(u16::MAX) + 1 - foundation;
        let priority = (kind << 24) + (local_preference << 8) + (256 - COMPONENT_RTP);
        let (ip, port) = (address.ip(), address.port());
        lines.push(format_args!("a=candidate:{foundation} 1 {protocol} {priority} {ip} {port} typ host{tcp_type}"));
    }
    lines.push("a=end-of-candidates");
}

fn direction(lines: &mut Lines, section: &Section) {
    match section.flow {
        Flow::Uplink { .. } => lines.push("a=recvonly"),
        Flow::Downlink { .. } => {
            lines.push("a=sendonly");
            lines.push(format_args!("a=msid:{0} {0}", slot_name(section.mid)));
        }
        Flow::Inactive => lines.push("a=inactive"),
    }
}

/// A stream of its own for each slot: browsers would otherwise hold back one to play it in sync with another, and a slot
/// shows now this participant and now that one. Lips are kept in step by the page (ADR 0024).
fn slot_name(mid: Mid) -> String {
    format!("slot-{}", mid.as_str())
}

fn write_codec(lines: &mut Lines, codec: &CodecParameters, parameters: &str) {
    let (payload_type, rate) = (codec.payload_type.0, codec.clock_rate_hz);
    let (name, channels) = match codec.codec {
        Codec::Opus => ("opus", "/2"),
        Codec::Red => ("red", "/2"),
        Codec::Vp8 => ("VP8", ""),
        Codec::Vp9 { .. } => ("VP9", ""),
        Codec::H264 { .. } => ("H264", ""),
    };
    lines.push(format_args!("a=rtpmap:{payload_type} {name}/{rate}{channels}"));
    if !parameters.is_empty() {
        lines.push(format_args!("a=fmtp:{payload_type} {parameters}"));
    }
    for (is_agreed, feedback) in [(codec.transport_cc, "transport-cc"), (codec.nack, "nack"), (codec.pli, "nack pli")] {
        if is_agreed {
            lines.push(format_args!("a=rtcp-fb:{payload_type} {feedback}"));
        }
    }
    if let Some(rtx) = codec.rtx {
        lines.push(format_args!("a=rtpmap:{} rtx/{rate}", rtx.0));
        lines.push(format_args!("a=fmtp:{} apt={payload_type}", rtx.0));
    }
}

/// What we ask of the client's encoder (RFC 7587 §6.1). Its first audio section is speech: FEC, and silence costs nothing.
/// A further one is an instrument, whose silence is a finding: no DTX, stereo, a rate that keeps a heart murmur.
fn opus_parameters(flow: &Flow, has_speech: bool) -> &'static str {
    match flow {
        Flow::Uplink { .. } if has_speech => "minptime=10;useinbandfec=0;usedtx=0;stereo=1;maxaveragebitrate=128000",
        Flow::Uplink { .. } => "minptime=10;useinbandfec=1;usedtx=1",
        Flow::Downlink { .. } | Flow::Inactive => "minptime=10;useinbandfec=1",
    }
}

/// RFC 6184 §8.2.2: profile and mode are those of the offer; the level may differ only where both sides allow it.
fn h264_parameters(offered: &OfferedCodec, packetization_mode: u8) -> String {
    let asymmetry = if offered.level_asymmetry_allowed { "level-asymmetry-allowed=1;" } else { "" };
    let level_id = offered.profile_level_id.as_deref().unwrap_or_default();
    format!("{asymmetry}packetization-mode={packetization_mode};profile-level-id={level_id}")
}

/// RFC 8853 §5.3.2: we receive every layer that was offered.
fn simulcast(lines: &mut Lines, flow: &Flow) {
    let Flow::Uplink { rids, .. } = flow else { return };
    if rids.is_empty() {
        return;
    }
    for rid in rids {
        lines.push(format_args!("a=rid:{} recv", rid.as_str()));
    }
    let layers: Vec<&str> = rids.iter().map(|rid| rid.as_str()).collect();
    lines.push(format_args!("a=simulcast:recv {}", layers.join(";")));
}

/// The SSRCs that a slot has for the life of the PeerConnection (RFC 5576).
fn slot(lines: &mut Lines, section: &Section, cname: &str) {
    let Flow::Downlink { ssrc, rtx } = section.flow else { return };
    if let Some(rtx) = rtx {
        lines.push(format_args!("a=ssrc-group:FID {} {}", ssrc.0, rtx.0));
    }
    for ssrc in std::iter::once(ssrc).chain(rtx) {
        lines.push(format_args!("a=ssrc:{} cname:{cname}", ssrc.0));
        lines.push(format_args!("a=ssrc:{} msid:{1} {1}", ssrc.0, slot_name(section.mid)));
    }
}
