//! SDP offer in, answer and [`PeerDescription`] out (RFC 8829, RFC 9429 §5.3): the only place that reads or writes SDP.
//!
//! Pure functions of offer, options and random source; state: none. Runs on the control plane, on text that anybody may have
//! written: everything is validated before it is used, and nothing of an offer is echoed but what was understood.
//! Must not: log SDP, or put any of it into an error.
//!
//! What a session must have: unified plan, BUNDLE over every section that is to be used, rtcp-mux, DTLS-SRTP with a SHA-256
//! fingerprint, full ICE on the other side. Sections that cannot be used are rejected one by one; an offer that cannot be
//! used at all is an [`SdpError`].

use std::fmt;
use std::net::SocketAddr;

use rand::CryptoRng;

use crate::description::{DtlsParameters, ExtensionIds, Fingerprint, Flow, IceParameters, PeerDescription, Section};
use crate::ids::Ssrc;
use crate::sdp::offer::{Direction, ExtensionKind, Offer, OfferedMedia, OfferedSection, Setup};

mod codec;
mod offer;
mod text;

/// What the server brings to every answer.
#[derive(Clone, Copy, Debug)]
pub struct AnswerOptions<'a> {
    /// Of our certificate: `DtlsIdentity::fingerprint`.
    pub fingerprint: Fingerprint,
    /// Where the peer's shard listens for UDP, most preferred first.
    pub candidates: &'a [SocketAddr],
    /// Where ICE-TCP is listened for, for clients that no UDP reaches.
    pub tcp_candidates: &'a [SocketAddr],
}

#[derive(Clone, Debug)]
pub struct Negotiated {
    pub answer: String,
    pub description: PeerDescription,
}

/// Why an offer cannot be answered. Names the place, never the content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", self.field())]
pub struct SdpError {
    /// Index of the m-line; `None` = the session level.
    pub section: Option<usize>,
    /// The attribute or line at fault, e.g. `a=mid`.
    pub attribute: &'static str,
    pub problem: SdpProblem,
}

impl SdpError {
    /// The place in a form for signaling's `bad_offer`, e.g. `m3 a=mid`.
    #[must_use]
    pub fn field(&self) -> String {
        match self.section {
            Some(index) => format!("m{index} {}", self.attribute),
            None => self.attribute.to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SdpProblem {
    /// Not SDP.
    Syntax,
    Missing,
    Invalid,
    Duplicate,
    /// More than a named limit allows.
    TooMany,
    /// Well-formed, but nothing that this server does.
    Unsupported,
    /// An ICE restart that changes more than ICE.
    Changed,
}

impl fmt::Display for SdpProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "is not SDP",
            Self::Missing => "is missing",
            Self::Invalid => "has an invalid value",
            Self::Duplicate => "occurs twice",
            Self::TooMany => "occurs too often",
            Self::Unsupported => "is not supported",
            Self::Changed => "changed in an ICE restart",
        })
    }
}

/// Answer the first offer of a PeerConnection. The caller has limited the offer's length.
pub fn answer(offer: &str, options: &AnswerOptions<'_>, rng: &mut impl CryptoRng) -> Result<Negotiated, SdpError> {
    let offer = offer::parse(offer)?;
    let mut taken: Vec<Ssrc> = offer.declared_ssrcs().collect();
    let mut sections = Vec::with_capacity(offer.sections.len());
    for section in &offer.sections {
        let slot = |with_rtx: bool| (fresh_ssrc(rng, &mut taken), with_rtx.then(|| fresh_ssrc(rng, &mut taken)));
        sections.push(plan(section, slot));
    }
    if offer.sections.iter().all(|section| section.media.is_none()) {
        return Err(SdpError { section: None, attribute: "m=", problem: SdpProblem::Unsupported });
    }
    let dtls = DtlsParameters {
        remote_fingerprint: offer.transport.fingerprint,
        // RFC 8842 §5.3: a client that may be either connects, so that its first flight opens NATs.
        local_is_client: offer.transport.setup == Setup::Passive,
    };
    let ice = fresh_ice(&offer, rng);
    let description = PeerDescription { ice, dtls, sections, cname: fresh_cname(rng) };
    Ok(Negotiated { answer: text::answer(&offer, &description, options), description })
}

/// Answer a later offer of the same PeerConnection: an ICE restart when its user name or password changed, else the same
/// answer again. Sections, codecs, SSRCs and DTLS stay as in `previous`; an offer that changes them is an error (`Changed`).
pub fn restart(
    offer: &str,
    previous: &PeerDescription,
    options: &AnswerOptions<'_>,
    rng: &mut impl CryptoRng,
) -> Result<Negotiated, SdpError> {
    let offer = offer::parse(offer)?;
    let changed = |section, attribute| SdpError { section, attribute, problem: SdpProblem::Changed };
    if offer.sections.len() != previous.sections.len() {
        return Err(changed(None, "m="));
    }
    // RFC 8842 §5.5: a new certificate or role would be a new DTLS association, hence a new PeerConnection.
    if offer.transport.fingerprint != previous.dtls.remote_fingerprint {
        return Err(changed(None, "a=fingerprint"));
    }
    let role_stays = match offer.transport.setup {
        Setup::ActPass => true,
        Setup::Active => !previous.dtls.local_is_client,
        Setup::Passive => previous.dtls.local_is_client,
    };
    if !role_stays {
        return Err(changed(None, "a=setup"));
    }
    let mut sections = Vec::with_capacity(previous.sections.len());
    for (index, (section, before)) in offer.sections.iter().zip(&previous.sections).enumerate() {
        let now = plan(section, |_| kept_slot(before));
        if let Some(attribute) = difference(before, &now) {
            return Err(changed(Some(index), attribute));
        }
        sections.push(now);
    }
    let remote = (offer.transport.ufrag.as_str(), offer.transport.pwd.as_str());
    let is_restart = remote != (previous.ice.remote_ufrag.as_str(), previous.ice.remote_pwd.as_str());
    let ice = if is_restart { fresh_ice(&offer, rng) } else { previous.ice.clone() };
    let description = PeerDescription { ice, dtls: previous.dtls.clone(), sections, cname: previous.cname.clone() };
    Ok(Negotiated { answer: text::answer(&offer, &description, options), description })
}

/// What we make of an offered section. `slot` names the SSRCs of a downlink, told whether one for RTX is wanted.
fn plan(section: &OfferedSection, slot: impl FnOnce(bool) -> (Ssrc, Option<Ssrc>)) -> Section {
    let (mid, kind) = (section.mid, section.kind);
    let Some(media) = &section.media else {
        return Section { mid, kind, flow: Flow::Inactive, codecs: Vec::new(), extensions: ExtensionIds::default() };
    };
    let extensions = extension_ids(media);
    let codecs: Vec<_> = media.codecs.iter().map(|codec| codec.parameters.clone()).collect();
    let flow = match media.direction {
        // A client publishes where it can: listening slots of its own are offered recvonly.
        Direction::SendOnly | Direction::SendRecv => Flow::Uplink {
            rids: if extensions.rid.is_some() { media.rids.clone() } else { Vec::new() },
            declared: media.declared.clone(),
        },
        Direction::RecvOnly => {
            let (ssrc, rtx) = slot(codecs.iter().any(|codec| codec.rtx.is_some()));
            Flow::Downlink { ssrc, rtx }
        }
        Direction::Inactive => Flow::Inactive,
    };
    Section { mid, kind, flow, codecs, extensions }
}

fn extension_ids(media: &OfferedMedia) -> ExtensionIds {
    let mut ids = ExtensionIds::default();
    for extension in media.extensions.iter().filter(|extension| is_accepted(media, extension)) {
        let id = Some(extension.id);
        match extension.kind {
            ExtensionKind::Mid => ids.mid = id,
            ExtensionKind::Rid => ids.rid = id,
            ExtensionKind::RepairedRid => ids.repaired_rid = id,
            ExtensionKind::AudioLevel => ids.audio_level = id,
            ExtensionKind::TransportCc => ids.transport_cc = id,
        }
    }
    ids
}

/// Uplinks carry all that we know; downlinks the mid, the transport-wide number that its receiver reports on and, for a client
/// that shows levels, the audio level.
/// video-orientation is not among them on purpose: without it a publisher turns its pixels itself, and a recording, a bridge
/// or a layer switch need not know.
fn is_accepted(media: &OfferedMedia, extension: &offer::OfferedExtension) -> bool {
    match media.direction {
        Direction::SendOnly | Direction::SendRecv => extension.direction != Direction::RecvOnly,
        Direction::RecvOnly => {
            extension.direction != Direction::SendOnly
                && matches!(extension.kind, ExtensionKind::Mid | ExtensionKind::AudioLevel | ExtensionKind::TransportCc)
        }
        Direction::Inactive => false,
    }
}

/// SSRCs of a slot stay; a section that was none shows up as a difference of flows.
fn kept_slot(before: &Section) -> (Ssrc, Option<Ssrc>) {
    match before.flow {
        Flow::Downlink { ssrc, rtx } => (ssrc, rtx),
        Flow::Uplink { .. } | Flow::Inactive => (Ssrc(0), None),
    }
}

/// The first attribute in which a section is not what it was. Declared SSRCs may change: the uplink learns them anyway.
fn difference(before: &Section, now: &Section) -> Option<&'static str> {
    if (before.mid, before.kind) != (now.mid, now.kind) {
        return Some("a=mid");
    }
    match (&before.flow, &now.flow) {
        (Flow::Uplink { rids: before, .. }, Flow::Uplink { rids: now, .. }) if before != now => {
            return Some("a=simulcast");
        }
        (Flow::Uplink { .. }, Flow::Uplink { .. }) => {}
        (before, now) if before != now => return Some("direction"),
        _ => {}
    }
    if before.codecs != now.codecs {
        return Some("a=rtpmap");
    }
    (before.extensions != now.extensions).then_some("a=extmap")
}

fn fresh_ice(offer: &Offer, rng: &mut impl CryptoRng) -> IceParameters {
    IceParameters {
        // RFC 8445 §5.3 wants 24 and 128 random bits. 48 for the user name, because shards look peers up by it.
        local_ufrag: ice_chars(rng, 8),
        local_pwd: ice_chars(rng, 24),
        remote_ufrag: offer.transport.ufrag.clone(),
        remote_pwd: offer.transport.pwd.clone(),
    }
}

/// RFC 8839 §5.4: ice-char = ALPHA / DIGIT / "+" / "/"; six random bits each.
fn ice_chars(rng: &mut impl CryptoRng, len: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut random = vec![0; len];
    rng.fill_bytes(&mut random);
    random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 63))).map(|&char| char::from(char)).collect()
}

/// RFC 7022 §4.2: 96 random bits for each session, so that a CNAME tells nothing.
fn fresh_cname(rng: &mut impl CryptoRng) -> String {
    format!("{:016x}{:08x}", rng.next_u64(), rng.next_u32())
}

/// Different from every SSRC of the offer and of the answer so far (RFC 3550 §8.1).
fn fresh_ssrc(rng: &mut impl CryptoRng, taken: &mut Vec<Ssrc>) -> Ssrc {
    loop {
        let ssrc = Ssrc(rng.next_u32());
        if ssrc.0 != 0 && !taken.contains(&ssrc) {
            taken.push(ssrc);
            return ssrc;
        }
    }
}

#[cfg(test)]
#[path = "sdp_tests.rs"]
mod tests;
