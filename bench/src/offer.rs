//! What a synthetic client offers: the sections of `signaling/PROTOCOL.md`, with the codecs, feedback and extensions that
//! browsers use with the server.
//!
//! Holds nothing. Serves the `webrtc` crate's peers of `talk`.

use crate::random_u32;
use anyhow::Result;
use rtc::interceptor::Registry;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::interceptor_registry::{
    configure_nack, configure_rtcp_reports, configure_simulcast_extension_headers, configure_twcc,
};
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_OPUS, MIME_TYPE_VP8, MediaEngine};
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RTCRtpHeaderExtensionCapability, RtpCodecKind,
};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use rtc::sdp::extmap::{AUDIO_LEVEL_URI, SDES_MID_URI};

pub(crate) const LISTENING_SLOTS: usize = 6;
pub(crate) const VIEWING_SLOTS: usize = 7;
/// Sections that send, before the slots: microphone, camera, detail, instrument.
pub(crate) const SOURCES: usize = 4;

pub(crate) const VP8_PAYLOAD_TYPE: u8 = 96;
const RTX_PAYLOAD_TYPE: u8 = 97;
const OPUS_PAYLOAD_TYPE: u8 = 111;

/// Opus, VP8 and its RTX; NACK, transport-wide feedback and reports.
pub(crate) fn negotiable() -> Result<(MediaEngine, Registry)> {
    let repair = [("ccm", "fir"), ("nack", ""), ("nack", "pli")];
    let opus = RTCRtpCodec { sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(), ..opus_codec() };
    let vp8 = RTCRtpCodec { rtcp_feedback: repair.map(feedback).to_vec(), ..vp8_codec() };
    let apt = format!("apt={VP8_PAYLOAD_TYPE}");
    let rtx = RTCRtpCodec { mime_type: "video/rtx".to_owned(), sdp_fmtp_line: apt, ..vp8_codec() };
    let mut engine = MediaEngine::default();
    for (rtp_codec, payload_type, kind) in [
        (opus, OPUS_PAYLOAD_TYPE, RtpCodecKind::Audio),
        (vp8, VP8_PAYLOAD_TYPE, RtpCodecKind::Video),
        (rtx, RTX_PAYLOAD_TYPE, RtpCodecKind::Video),
    ] {
        engine.register_codec(RTCRtpCodecParameters { rtp_codec, payload_type }, kind)?;
    }
    for uri in [SDES_MID_URI, AUDIO_LEVEL_URI] {
        let capability = RTCRtpHeaderExtensionCapability { uri: uri.to_owned() };
        engine.register_header_extension(capability, RtpCodecKind::Audio, None)?;
    }
    configure_simulcast_extension_headers(&mut engine)?;
    let registry = configure_nack(Registry::new(), &mut engine);
    let registry = configure_twcc(registry, &mut engine)?;
    Ok((engine, configure_rtcp_reports(registry)))
}

/// A track to send, with one encoding for each rid (`""` = one encoding without), and its sendonly section.
pub(crate) fn source(name: &str, kind: RtpCodecKind, rids: &[&str]) -> (MediaStreamTrack, RTCRtpTransceiverInit) {
    let encoding = |rid: &&str| RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters {
            rid: (*rid).to_owned(),
            ssrc: Some(random_u32()),
            ..Default::default()
        },
        codec: if kind == RtpCodecKind::Audio { opus_codec() } else { vp8_codec() },
        ..Default::default()
    };
    let encodings: Vec<RTCRtpEncodingParameters> = rids.iter().map(encoding).collect();
    let stream = "bench".to_owned();
    let track = MediaStreamTrack::new(stream.clone(), name.to_owned(), name.to_owned(), kind, encodings.clone());
    let section = RTCRtpTransceiverInit {
        direction: RTCRtpTransceiverDirection::Sendonly,
        streams: vec![stream],
        send_encodings: encodings,
    };
    (track, section)
}

/// The slots in the order of the offer; each is a recvonly section.
pub(crate) fn slots() -> impl Iterator<Item = (RtpCodecKind, RTCRtpTransceiverInit)> {
    let kinds = std::iter::repeat_n(RtpCodecKind::Audio, LISTENING_SLOTS)
        .chain(std::iter::repeat_n(RtpCodecKind::Video, VIEWING_SLOTS));
    kinds.map(|kind| {
        (kind, RTCRtpTransceiverInit { direction: RTCRtpTransceiverDirection::Recvonly, ..Default::default() })
    })
}

fn opus_codec() -> RTCRtpCodec {
    RTCRtpCodec { mime_type: MIME_TYPE_OPUS.to_owned(), clock_rate: 48_000, channels: 2, ..Default::default() }
}

fn vp8_codec() -> RTCRtpCodec {
    RTCRtpCodec { mime_type: MIME_TYPE_VP8.to_owned(), clock_rate: 90_000, ..Default::default() }
}

fn feedback((typ, parameter): (&str, &str)) -> RTCPFeedback {
    RTCPFeedback { typ: typ.to_owned(), parameter: parameter.to_owned() }
}
