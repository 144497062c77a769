//! Offers and answers as text, for any SFU: what the generator writes, and what of another's it needs.
//!
//! Holds nothing. BUNDLE and rtcp-mux always; the generator is the DTLS client whoever offers (RFC 8842 §5.3). It offers Opus, VP8
//! and its RTX with NACK, so that a server keeps the caches that it would keep for a browser; the generator itself asks for nothing
//! again. Must not know who signals.

use anyhow::{Context as _, Result, bail};
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

const OPUS: u8 = 111;
const VP8: u8 = 96;
const RTX: u8 = 97;
/// Simulcast layers by their rids, the smallest first.
pub(super) const RIDS: [&str; 3] = ["q", "h", "f"];

const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
const RID: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
const LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
const TRANSPORT_CC: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Audio,
    Video,
}

/// One m-section of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Sends from the start: the microphone or the camera.
    Publish(Kind),
    /// Could send and does not.
    Idle(Kind),
    Receive(Kind),
}

impl Section {
    /// What a viewer has for what somebody else has.
    pub(super) fn watched(self) -> Self {
        let (Self::Publish(kind) | Self::Idle(kind) | Self::Receive(kind)) = self;
        Self::Receive(kind)
    }
}

/// This side of a connection as its descriptions name it.
#[derive(Clone, Debug)]
pub struct LocalDescription {
    pub address: SocketAddr,
    pub ufrag: String,
    pub pwd: String,
    /// As in `a=fingerprint:sha-256`.
    pub fingerprint: String,
    /// Layers of a camera: 1 (by SSRC alone) or 3 (by rid).
    pub layers: usize,
    /// The first SSRC; a source takes as many as it has layers.
    pub first_ssrc: u32,
}

/// What is sent, as it was agreed.
#[derive(Clone, Debug)]
pub struct Publication {
    pub kind: Kind,
    pub mid: String,
    /// One a layer, the smallest layer first.
    pub ssrcs: Vec<u32>,
    pub payload_type: u8,
    pub extensions: Extensions,
}

/// Ids of header extensions; `None` = not to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    pub mid: Option<u8>,
    pub rid: Option<u8>,
    pub level: Option<u8>,
    pub transport_cc: Option<u8>,
}

/// The other side's transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    pub address: SocketAddr,
    pub ufrag: String,
    pub pwd: String,
    pub fingerprint: [u8; 32],
}

/// What two descriptions came to.
#[derive(Clone, Debug)]
pub struct Agreement {
    pub remote: Remote,
    pub publications: Vec<Publication>,
    /// Payload types that arrive, and what they are.
    pub payload_types: Vec<(u8, Kind)>,
    /// Mids of the accepted sections, in order.
    pub mids: Vec<String>,
}

impl LocalDescription {
    /// An offer with these sections; their mids are their numbers.
    #[must_use]
    pub fn offer(&self, sections: &[Section]) -> String {
        let mids: Vec<String> = (0..sections.len()).map(|index| index.to_string()).collect();
        let mut text = session(&mids);
        for (section, mid) in sections.iter().zip(&mids) {
            self.offer_section(&mut text, *section, mid);
        }
        text
    }

    /// Reads the answer to `offer(sections)`.
    ///
    /// # Errors
    /// The answer lacks what a connection needs.
    pub fn agree(&self, sections: &[Section], answer: &str) -> Result<Agreement> {
        let description = Description::parse(answer)?;
        let mut publications = Vec::new();
        let mut mids = Vec::new();
        for (section, answered) in sections.iter().zip(&description.sections) {
            if answered.port == 0 {
                continue;
            }
            mids.push(answered.mid.clone());
            if let Section::Publish(kind) = *section {
                publications.push(Publication {
                    kind,
                    mid: answered.mid.clone(),
                    ssrcs: self.ssrcs(kind),
                    payload_type: payload_type(kind),
                    extensions: answered.extensions(),
                });
            }
        }
        let payload_types = vec![(OPUS, Kind::Audio), (VP8, Kind::Video)];
        Ok(Agreement { remote: description.remote()?, publications, payload_types, mids })
    }

    /// Answers a server's offer: takes what it sends, and sends `publish` where it would take it, each kind once.
    ///
    /// # Errors
    /// The offer lacks what a connection needs.
    pub fn answer(&self, offer: &str, publish: &[Kind]) -> Result<(String, Agreement)> {
        let offer = Description::parse(offer)?;
        let accepted = offer.sections.iter().filter(|section| section.codec().is_some());
        let mids: Vec<String> = accepted.map(|section| section.mid.clone()).collect();
        let mut text = session(&mids);
        let (mut publications, mut payload_types) = (Vec::new(), Vec::new());
        for section in &offer.sections {
            let Some((kind, payload)) = section.codec() else {
                let _ = write!(
                    text,
                    "m={} 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:{}\r\na=inactive\r\n",
                    section.media, section.mid
                );
                continue;
            };
            payload_types.push((payload, kind));
            let unpublished = !publications.iter().any(|publication: &Publication| publication.kind == kind);
            let sends = section.takes && publish.contains(&kind) && unpublished;
            self.answer_section(&mut text, section, kind, payload, sends);
            if sends {
                let extensions = section.extensions();
                let (mid, ssrcs) = (section.mid.clone(), self.ssrcs(kind));
                publications.push(Publication { kind, mid, ssrcs, payload_type: payload, extensions });
            }
        }
        Ok((text, Agreement { remote: offer.remote()?, publications, payload_types, mids }))
    }

    fn ssrcs(&self, kind: Kind) -> Vec<u32> {
        match kind {
            Kind::Audio => vec![self.first_ssrc],
            Kind::Video => (1..=3).take(self.layers).map(|layer| self.first_ssrc.wrapping_add(layer)).collect(),
        }
    }

    fn offer_section(&self, text: &mut String, section: Section, mid: &str) {
        let (kind, direction) = match section {
            Section::Publish(kind) | Section::Idle(kind) => (kind, "sendonly"),
            Section::Receive(kind) => (kind, "recvonly"),
        };
        let formats = match kind {
            Kind::Audio => OPUS.to_string(),
            Kind::Video => format!("{VP8} {RTX}"),
        };
        self.transport(text, media(kind), &formats, mid);
        let sends = direction == "sendonly";
        let _ = write!(text, "a={direction}\r\na=extmap:4 {MID}\r\n");
        match kind {
            Kind::Audio => {
                let _ = write!(text, "a=extmap:1 {LEVEL}\r\na=rtpmap:{OPUS} opus/48000/2\r\n");
                text.push_str("a=fmtp:111 minptime=10;useinbandfec=1\r\n");
            }
            Kind::Video => {
                let _ =
                    write!(text, "a=rtpmap:{VP8} VP8/90000\r\na=rtpmap:{RTX} rtx/90000\r\na=fmtp:{RTX} apt={VP8}\r\n");
                for feedback in ["nack", "nack pli", "ccm fir"] {
                    let _ = write!(text, "a=rtcp-fb:{VP8} {feedback}\r\n");
                }
            }
        }
        if sends {
            let payload = payload_type(kind);
            let _ = write!(
                text,
                "a=extmap:3 {TRANSPORT_CC}\r\na=rtcp-fb:{payload} transport-cc\r\na=msid:load load{mid}\r\n"
            );
        }
        if let Section::Publish(kind) = section {
            self.sources(text, kind);
        }
    }

    fn answer_section(&self, text: &mut String, section: &DescribedSection, kind: Kind, payload: u8, sends: bool) {
        let rtx = section.codecs.iter().find(|codec| codec.apt == Some(payload)).map(|codec| codec.payload_type);
        let formats = rtx.map_or_else(|| payload.to_string(), |rtx| format!("{payload} {rtx}"));
        self.transport(text, media(kind), &formats, &section.mid);
        let direction = match (sends, section.gives) {
            (true, true) => "sendrecv",
            (true, false) => "sendonly",
            (false, true) => "recvonly",
            (false, false) => "inactive",
        };
        let _ = write!(text, "a={direction}\r\n");
        let known = [MID, LEVEL].into_iter().chain(sends.then_some([RID, TRANSPORT_CC]).into_iter().flatten());
        for uri in known {
            if let Some(id) = section.extension(uri) {
                let _ = write!(text, "a=extmap:{id} {uri}\r\n");
            }
        }
        match kind {
            Kind::Audio => {
                let _ =
                    write!(text, "a=rtpmap:{payload} opus/48000/2\r\na=fmtp:{payload} minptime=10;useinbandfec=1\r\n");
            }
            Kind::Video => {
                let _ = write!(text, "a=rtpmap:{payload} VP8/90000\r\n");
                for feedback in ["nack", "nack pli", "ccm fir"] {
                    let _ = write!(text, "a=rtcp-fb:{payload} {feedback}\r\n");
                }
                if let Some(rtx) = rtx {
                    let _ = write!(text, "a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={payload}\r\n");
                }
            }
        }
        if sends {
            let _ = write!(text, "a=rtcp-fb:{payload} transport-cc\r\na=msid:load load{}\r\n", section.mid);
            self.sources(text, kind);
        }
    }

    /// Simulcast goes by rid, everything else by SSRC (RFC 8851, RFC 8853).
    fn sources(&self, text: &mut String, kind: Kind) {
        if kind == Kind::Video && self.layers > 1 {
            let rids = RIDS.get(..self.layers).unwrap_or(&RIDS);
            let _ = write!(text, "a=extmap:5 {RID}\r\n");
            for rid in rids {
                let _ = write!(text, "a=rid:{rid} send\r\n");
            }
            let _ = write!(text, "a=simulcast:send {}\r\n", rids.join(";"));
            return;
        }
        for ssrc in self.ssrcs(kind) {
            let _ = write!(text, "a=ssrc:{ssrc} cname:load\r\n");
        }
    }

    fn transport(&self, text: &mut String, media: &str, formats: &str, mid: &str) {
        let Self { address, ufrag, pwd, fingerprint, .. } = self;
        let _ = write!(
            text,
            "m={media} 9 UDP/TLS/RTP/SAVPF {formats}\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
             a=candidate:1 1 udp 2130706431 {} {} typ host\r\na=end-of-candidates\r\n\
             a=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\na=fingerprint:sha-256 {fingerprint}\r\na=setup:active\r\n\
             a=mid:{mid}\r\na=rtcp-mux\r\n",
            address.ip(),
            address.port(),
        );
    }
}

fn session(mids: &[String]) -> String {
    format!(
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\na=msid-semantic: WMS *\r\n",
        mids.join(" ")
    )
}

fn media(kind: Kind) -> &'static str {
    match kind {
        Kind::Audio => "audio",
        Kind::Video => "video",
    }
}

fn payload_type(kind: Kind) -> u8 {
    match kind {
        Kind::Audio => OPUS,
        Kind::Video => VP8,
    }
}

/// Somebody else's description, as far as it concerns us.
#[derive(Debug, Default)]
pub(super) struct Description {
    session: Attributes,
    pub sections: Vec<DescribedSection>,
}

/// What may stand above all sections or in one.
#[derive(Debug, Default)]
struct Attributes {
    ufrag: Option<String>,
    pwd: Option<String>,
    fingerprint: Option<[u8; 32]>,
    candidates: Vec<SocketAddr>,
}

#[derive(Debug, Default)]
pub(super) struct DescribedSection {
    /// `audio`, `video`, `application`.
    pub media: String,
    /// 0 = refused.
    pub port: u16,
    pub mid: String,
    /// The describing side would receive.
    pub takes: bool,
    /// The describing side would send.
    pub gives: bool,
    codecs: Vec<Codec>,
    extension_ids: Vec<(u8, String)>,
    attributes: Attributes,
}

#[derive(Debug)]
struct Codec {
    payload_type: u8,
    name: String,
    /// The payload type that an RTX codec repeats.
    apt: Option<u8>,
}

impl Description {
    /// # Errors
    /// A line that is needed cannot be read.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut description = Self::default();
        for line in text.lines() {
            if let Some(media) = line.strip_prefix("m=") {
                let mut words = media.split(' ');
                let media = words.next().unwrap_or_default().to_owned();
                let port =
                    words.next().and_then(|port| port.parse().ok()).with_context(|| format!("no port in {line}"))?;
                description.sections.push(DescribedSection {
                    media,
                    port,
                    takes: true,
                    gives: true,
                    ..Default::default()
                });
            } else if let Some(attribute) = line.strip_prefix("a=") {
                match description.sections.last_mut() {
                    Some(section) => section.read(attribute),
                    None => description.session.read(attribute),
                }
            }
        }
        if description.sections.is_empty() {
            bail!("a description without sections");
        }
        Ok(description)
    }

    /// Transport of the bundle: of the first accepted section, or above all (RFC 9143 §7.1.3).
    ///
    /// # Errors
    /// Something of it is missing.
    pub(super) fn remote(&self) -> Result<Remote> {
        let bundled = || self.sections.iter().filter(|section| section.port != 0);
        let levels = || bundled().map(|section| &section.attributes).chain([&self.session]);
        let candidates: Vec<SocketAddr> = levels().flat_map(|level| level.candidates.iter().copied()).collect();
        // The namespace has one address besides loopback; a server may offer both.
        let outside = candidates.iter().find(|candidate| !candidate.ip().is_loopback());
        Ok(Remote {
            address: *outside.or(candidates.first()).context("the description has no UDP candidate over IPv4")?,
            ufrag: levels().find_map(|level| level.ufrag.clone()).context("no a=ice-ufrag")?,
            pwd: levels().find_map(|level| level.pwd.clone()).context("no a=ice-pwd")?,
            fingerprint: levels().find_map(|level| level.fingerprint).context("no a=fingerprint:sha-256")?,
        })
    }
}

impl Attributes {
    fn read(&mut self, attribute: &str) {
        let Some((name, value)) = attribute.split_once(':') else { return };
        match name {
            "ice-ufrag" => self.ufrag = Some(value.trim().to_owned()),
            "ice-pwd" => self.pwd = Some(value.trim().to_owned()),
            "fingerprint" => self.fingerprint = sha256(value).or(self.fingerprint),
            "candidate" => self.candidates.extend(candidate(value)),
            _ => {}
        }
    }
}

impl DescribedSection {
    fn read(&mut self, attribute: &str) {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        match name {
            "mid" => self.mid = value.trim().to_owned(),
            "sendonly" => self.takes = false,
            "recvonly" => self.gives = false,
            "inactive" => (self.takes, self.gives) = (false, false),
            "rtpmap" => self.codecs.extend(codec(value)),
            "fmtp" => self.read_format(value),
            "extmap" => self.extension_ids.extend(extension(value)),
            _ => self.attributes.read(attribute),
        }
    }

    fn read_format(&mut self, value: &str) {
        let Some((payload_type, parameters)) = value.split_once(' ') else { return };
        let apt = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("apt=")?.parse().ok());
        if let Some(codec) = self.codecs.iter_mut().find(|codec| payload_type.parse() == Ok(codec.payload_type)) {
            codec.apt = apt;
        }
    }

    /// The codec of this section that the generator speaks.
    fn codec(&self) -> Option<(Kind, u8)> {
        let (kind, name) = match self.media.as_str() {
            "audio" => (Kind::Audio, "opus"),
            "video" => (Kind::Video, "vp8"),
            _ => return None,
        };
        let codec = self.codecs.iter().find(|codec| codec.name.eq_ignore_ascii_case(name));
        codec.filter(|_| self.port != 0).map(|codec| (kind, codec.payload_type))
    }

    fn extensions(&self) -> Extensions {
        Extensions {
            mid: self.extension(MID),
            rid: self.extension(RID),
            level: self.extension(LEVEL),
            transport_cc: self.extension(TRANSPORT_CC),
        }
    }

    /// One-byte headers alone (RFC 8285 §4.2).
    fn extension(&self, uri: &str) -> Option<u8> {
        self.extension_ids.iter().find(|(id, known)| known == uri && (1..=14).contains(id)).map(|(id, _)| *id)
    }
}

fn codec(value: &str) -> Option<Codec> {
    let (payload_type, name) = value.split_once(' ')?;
    Some(Codec { payload_type: payload_type.parse().ok()?, name: name.split('/').next()?.to_owned(), apt: None })
}

/// `1/sendonly urn:…` (RFC 8285 §8).
fn extension(value: &str) -> Option<(u8, String)> {
    let mut words = value.split_whitespace();
    let id = words.next()?.split('/').next()?.parse().ok()?;
    Some((id, words.next()?.to_owned()))
}

/// A UDP candidate over IPv4 (RFC 8839 §5.1); names and TCP are for others.
fn candidate(value: &str) -> Option<SocketAddr> {
    let words: Vec<&str> = value.split_whitespace().collect();
    let [_, component, transport, _, address, port, ..] = words.as_slice() else { return None };
    let address: IpAddr = address.parse().ok()?;
    let fits = *component == "1" && transport.eq_ignore_ascii_case("udp") && address.is_ipv4();
    fits.then_some(SocketAddr::new(address, port.parse().ok()?))
}

fn sha256(value: &str) -> Option<[u8; 32]> {
    let (hash, pairs) = value.trim().split_once(' ')?;
    let bytes: Option<Vec<u8>> = pairs.trim().split(':').map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
    bytes?.try_into().ok().filter(|_| hash.eq_ignore_ascii_case("sha-256"))
}

#[cfg(test)]
#[path = "sdp_tests.rs"]
mod tests;
