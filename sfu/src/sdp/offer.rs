//! Reads an offer into what an answer needs, and nothing else.
//!
//! Lines are split by `rtc-sdp`; attributes are read here, because its own readers cut `fmtp` at a space and keep codecs in a
//! `HashMap`, whose order is not the offer's. Work is linear in the offer's length: everything looked up per payload type is
//! in a table of 128.

use std::io::Cursor;

use rtc_sdp::description::common::Attribute;
use rtc_sdp::description::media::MediaDescription;
use rtc_sdp::description::session::SessionDescription;

use crate::description::{DeclaredSource, Fingerprint, MAX_LAYERS, MAX_SECTIONS, MediaKind};
use crate::ids::{Mid, Rid, Ssrc};
use crate::sdp::codec::{self, OfferedCodec};
use crate::sdp::{SdpError, SdpProblem};

/// RTP over DTLS-SRTP with feedback: the only profile of WebRTC (RFC 8834 §4.2).
const PROTOCOL: &str = "UDP/TLS/RTP/SAVPF";

pub(super) struct Offer {
    /// `o=`'s version: grows with each re-offer.
    pub version: u64,
    pub transport: Transport,
    /// Mids of the BUNDLE group, the tagged one first.
    pub bundle: Vec<Mid>,
    pub sections: Vec<OfferedSection>,
}

impl Offer {
    pub(super) fn declared_ssrcs(&self) -> impl Iterator<Item = Ssrc> {
        let media = self.sections.iter().filter_map(|section| section.media.as_ref());
        media.flat_map(|media| &media.declared).flat_map(|source| std::iter::once(source.ssrc).chain(source.rtx))
    }
}

/// ICE and DTLS of the whole bundle, as its tagged section says (RFC 9143 §7.1.3).
pub(super) struct Transport {
    pub ufrag: String,
    pub pwd: String,
    pub fingerprint: Fingerprint,
    pub setup: Setup,
}

/// `a=setup` of the offer (RFC 4145 §4).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Setup {
    ActPass,
    Active,
    Passive,
}

pub(super) struct OfferedSection {
    pub mid: Mid,
    pub kind: MediaKind,
    /// The m-line's own words, for a refusal: media, protocol, first format.
    pub line: (String, String, String),
    /// `None`: to be refused.
    pub media: Option<OfferedMedia>,
}

/// A section that can be answered.
pub(super) struct OfferedMedia {
    pub direction: Direction,
    pub codecs: Vec<OfferedCodec>,
    pub extensions: Vec<OfferedExtension>,
    /// Layers of `a=simulcast:send` that have their `a=rid`, in that order.
    pub rids: Vec<Rid>,
    pub declared: Vec<DeclaredSource>,
}

/// Seen from the client (RFC 8866 §6.7).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

/// A header extension that we know (RFC 8285 §5).
#[derive(Clone, Copy)]
pub(super) struct OfferedExtension {
    pub kind: ExtensionKind,
    pub id: u8,
    /// The offer limits it to one direction, so the answer must too.
    pub direction: Direction,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ExtensionKind {
    Mid,
    Rid,
    RepairedRid,
    AudioLevel,
    TransportCc,
}

impl ExtensionKind {
    const ALL: [Self; 5] = [Self::Mid, Self::Rid, Self::RepairedRid, Self::AudioLevel, Self::TransportCc];

    pub(super) fn uri(self) -> &'static str {
        match self {
            Self::Mid => "urn:ietf:params:rtp-hdrext:sdes:mid",
            Self::Rid => "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
            Self::RepairedRid => "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
            Self::AudioLevel => "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            Self::TransportCc => "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Offer, SdpError> {
    let session =
        SessionDescription::unmarshal(&mut Cursor::new(text)).map_err(|_| error(None, "offer", SdpProblem::Syntax))?;
    let media = &session.media_descriptions;
    if media.is_empty() {
        return Err(error(None, "m=", SdpProblem::Missing));
    }
    if media.len() > MAX_SECTIONS {
        return Err(error(None, "m=", SdpProblem::TooMany));
    }
    // RFC 8445 §6.1.1: of two lite agents neither would check.
    if has(&session.attributes, "ice-lite") {
        return Err(error(None, "a=ice-lite", SdpProblem::Unsupported));
    }
    let bundle = bundle(&session.attributes)?;
    let mut sections: Vec<OfferedSection> = Vec::with_capacity(media.len());
    for (index, description) in media.iter().enumerate() {
        let section = section(index, description, &session.attributes, &bundle)?;
        if sections.iter().any(|earlier| earlier.mid == section.mid) {
            return Err(error(Some(index), "a=mid", SdpProblem::Duplicate));
        }
        sections.push(section);
    }
    let tagged = sections.iter().position(|section| bundle.first() == Some(&section.mid));
    let tagged = tagged.ok_or(error(None, "a=group", SdpProblem::Invalid))?;
    let attributes = media.get(tagged).map(|description| description.attributes.as_slice()).unwrap_or_default();
    let transport = transport(tagged, attributes, &session.attributes)?;
    Ok(Offer { version: session.origin.session_version, transport, bundle, sections })
}

/// The mids of the one BUNDLE group (RFC 9143 §7.2): a peer has one transport.
fn bundle(session: &[Attribute]) -> Result<Vec<Mid>, SdpError> {
    let mut groups = values(session, "group").filter_map(|group| group.strip_prefix("BUNDLE"));
    let group = groups.next().ok_or(error(None, "a=group", SdpProblem::Missing))?;
    if groups.next().is_some() {
        return Err(error(None, "a=group", SdpProblem::Unsupported));
    }
    let mids: Option<Vec<Mid>> = group.split_whitespace().take(MAX_SECTIONS).map(Mid::new).collect();
    mids.ok_or(error(None, "a=group", SdpProblem::Invalid))
}

fn transport(index: usize, media: &[Attribute], session: &[Attribute]) -> Result<Transport, SdpError> {
    let find = |key| values(media, key).chain(values(session, key)).next();
    let fail = |attribute, problem| error(Some(index), attribute, problem);

    let ufrag = find("ice-ufrag").ok_or(fail("a=ice-ufrag", SdpProblem::Missing))?;
    let pwd = find("ice-pwd").ok_or(fail("a=ice-pwd", SdpProblem::Missing))?;
    // RFC 8839 §5.4
    let is_ice_text = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte));
    if !((4..=256).contains(&ufrag.len()) && is_ice_text(ufrag)) {
        return Err(fail("a=ice-ufrag", SdpProblem::Invalid));
    }
    if !((22..=256).contains(&pwd.len()) && is_ice_text(pwd)) {
        return Err(fail("a=ice-pwd", SdpProblem::Invalid));
    }
    let setup = match find("setup").ok_or(fail("a=setup", SdpProblem::Missing))? {
        "actpass" => Setup::ActPass,
        "active" => Setup::Active,
        "passive" => Setup::Passive,
        _ => return Err(fail("a=setup", SdpProblem::Unsupported)),
    };
    // RFC 8122 §5: several hash functions may be offered; SHA-256 is the one that WebRTC requires (RFC 8827 §6.5).
    let level = if has(media, "fingerprint") { media } else { session };
    let fingerprint = values(level, "fingerprint")
        .filter_map(|value| value.split_once(' '))
        .find(|(hash, _)| hash.eq_ignore_ascii_case("sha-256"))
        .ok_or(fail("a=fingerprint", SdpProblem::Missing))?;
    let fingerprint = sha256(fingerprint.1).ok_or(fail("a=fingerprint", SdpProblem::Invalid))?;
    Ok(Transport { ufrag: ufrag.to_owned(), pwd: pwd.to_owned(), fingerprint, setup })
}

/// RFC 8122 §5: bytes in hexadecimal, separated by colons.
fn sha256(text: &str) -> Option<Fingerprint> {
    let mut bytes = [0; 32];
    let mut pairs = text.trim().split(':');
    for byte in &mut bytes {
        let pair = pairs.next().filter(|pair| pair.len() == 2 && pair.bytes().all(|char| char.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    pairs.next().is_none().then_some(Fingerprint(bytes))
}

fn section(
    index: usize,
    description: &MediaDescription,
    session: &[Attribute],
    bundle: &[Mid],
) -> Result<OfferedSection, SdpError> {
    let name = &description.media_name;
    let attributes = description.attributes.as_slice();
    let mid = values(attributes, "mid").next().ok_or(error(Some(index), "a=mid", SdpProblem::Missing))?;
    let mid = Mid::new(mid).ok_or(error(Some(index), "a=mid", SdpProblem::Invalid))?;
    let kind = match name.media.as_str() {
        "audio" => MediaKind::Audio,
        "video" => MediaKind::Video,
        _ => MediaKind::Other,
    };
    let protocol = name.protos.join("/");
    let format = name.formats.first().cloned().unwrap_or_default();
    // RFC 9143 §6: port 0 refuses a section unless it is offered in the bundle only.
    let is_offered = name.port.value != 0 || has(attributes, "bundle-only");
    let is_usable = is_offered && kind != MediaKind::Other && protocol == PROTOCOL && bundle.contains(&mid);
    let line = (name.media.clone(), protocol, format);
    if !line.1.is_ascii() || !line.2.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(error(Some(index), "m=", SdpProblem::Invalid));
    }
    let codecs = if is_usable { codec::offered(kind, description) } else { Vec::new() };
    if codecs.is_empty() {
        return Ok(OfferedSection { mid, kind, line, media: None });
    }
    // RFC 8834 §4.5: without it RTCP would need a second transport.
    if !has(attributes, "rtcp-mux") {
        return Err(error(Some(index), "a=rtcp-mux", SdpProblem::Missing));
    }
    let media = OfferedMedia {
        direction: direction(attributes).or_else(|| direction(session)).unwrap_or(Direction::SendRecv),
        codecs,
        extensions: extensions(index, attributes)?,
        rids: rids(index, attributes)?,
        declared: declared(index, attributes)?,
    };
    Ok(OfferedSection { mid, kind, line, media: Some(media) })
}

fn direction(attributes: &[Attribute]) -> Option<Direction> {
    attributes.iter().find_map(|attribute| match attribute.key.as_str() {
        "sendrecv" => Some(Direction::SendRecv),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::RecvOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    })
}

/// `a=extmap:<id>[/<direction>] <uri> [<attributes>]`. Ids over 14 need two-byte headers, which we do not speak: as if absent.
fn extensions(index: usize, attributes: &[Attribute]) -> Result<Vec<OfferedExtension>, SdpError> {
    let mut found: Vec<OfferedExtension> = Vec::new();
    for value in values(attributes, "extmap") {
        let mut words = value.split_whitespace();
        let (Some(id), Some(uri)) = (words.next(), words.next()) else { continue };
        let Some(kind) = ExtensionKind::ALL.into_iter().find(|kind| kind.uri() == uri) else { continue };
        let (id, direction) = id.split_once('/').unwrap_or((id, "sendrecv"));
        let Some(id) = id.parse().ok().filter(|id| (1..=14).contains(id)) else { continue };
        let direction = match direction {
            "sendonly" => Direction::SendOnly,
            "recvonly" => Direction::RecvOnly,
            "sendrecv" => Direction::SendRecv,
            _ => continue,
        };
        if found.iter().any(|earlier| earlier.id == id) {
            return Err(error(Some(index), "a=extmap", SdpProblem::Duplicate));
        }
        if found.iter().all(|earlier| earlier.kind != kind) {
            found.push(OfferedExtension { kind, id, direction });
        }
    }
    Ok(found)
}

/// Layers that the client wants to send (RFC 8853 §5.1), each the first of its alternatives, paused ones included.
fn rids(index: usize, attributes: &[Attribute]) -> Result<Vec<Rid>, SdpError> {
    let Some(simulcast) = values(attributes, "simulcast").next() else { return Ok(Vec::new()) };
    let mut words = simulcast.split_whitespace();
    let Some(layers) = words.find(|&word| word == "send").and_then(|_| words.next()) else { return Ok(Vec::new()) };
    let mut rids = Vec::new();
    for (position, layer) in layers.split(';').enumerate() {
        if position == MAX_LAYERS {
            return Err(error(Some(index), "a=simulcast", SdpProblem::TooMany));
        }
        let name = layer.split(',').next().unwrap_or_default().trim_start_matches('~');
        // RFC 8851 §10: rid-id is alphanumeric, with "-" and "_".
        let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        let rid = Rid::new(name).filter(|_| is_token).ok_or(error(Some(index), "a=simulcast", SdpProblem::Invalid))?;
        if rids.contains(&rid) {
            return Err(error(Some(index), "a=simulcast", SdpProblem::Duplicate));
        }
        // RFC 8853 §5.2: a layer without its a=rid is none.
        if values(attributes, "rid").any(|value| {
            let mut words = value.split_whitespace();
            words.next() == Some(name) && words.next() == Some("send")
        }) {
            rids.push(rid);
        }
    }
    Ok(rids)
}

/// SSRCs of `a=ssrc`, in order, with the one that repairs each (`a=ssrc-group:FID`, RFC 5576 §4.2).
fn declared(index: usize, attributes: &[Attribute]) -> Result<Vec<DeclaredSource>, SdpError> {
    const MAX_SSRCS: usize = 3 * MAX_LAYERS;
    let mut ssrcs: Vec<Ssrc> = Vec::new();
    for value in values(attributes, "ssrc") {
        let Some(ssrc) = value.split_whitespace().next().and_then(|id| id.parse().ok()).map(Ssrc) else { continue };
        if !ssrcs.contains(&ssrc) {
            ssrcs.push(ssrc);
        }
        if ssrcs.len() > MAX_SSRCS {
            return Err(error(Some(index), "a=ssrc", SdpProblem::TooMany));
        }
    }
    let mut sources: Vec<DeclaredSource> = ssrcs.into_iter().map(|ssrc| DeclaredSource { ssrc, rtx: None }).collect();
    for value in values(attributes, "ssrc-group").take(MAX_SSRCS) {
        let mut words = value.split_whitespace();
        let Some(semantics @ ("FID" | "FEC-FR")) = words.next() else { continue };
        let mut pair = words.filter_map(|id| id.parse().ok()).map(Ssrc);
        let (Some(primary), Some(secondary)) = (pair.next(), pair.next()) else { continue };
        sources.retain(|source| source.ssrc != secondary || source.ssrc == primary);
        if semantics == "FID" {
            sources.iter_mut().filter(|source| source.ssrc == primary).for_each(|source| source.rtx = Some(secondary));
        }
    }
    if sources.len() > MAX_LAYERS {
        return Err(error(Some(index), "a=ssrc", SdpProblem::TooMany));
    }
    Ok(sources)
}

pub(super) fn values<'a>(attributes: &'a [Attribute], key: &'a str) -> impl Iterator<Item = &'a str> {
    attributes.iter().filter(move |attribute| attribute.key == key).filter_map(|attribute| attribute.value.as_deref())
}

fn has(attributes: &[Attribute], key: &str) -> bool {
    attributes.iter().any(|attribute| attribute.key == key)
}

fn error(section: Option<usize>, attribute: &'static str, problem: SdpProblem) -> SdpError {
    SdpError { section, attribute, problem }
}
