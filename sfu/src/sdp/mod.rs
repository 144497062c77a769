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

use crate::description::{Fingerprint, PeerDescription};

/// What the server brings to every answer.
#[derive(Clone, Copy, Debug)]
pub struct AnswerOptions<'a> {
    /// Of our certificate: `DtlsIdentity::fingerprint`.
    pub fingerprint: Fingerprint,
    /// Where the peer's shard listens for UDP, most preferred first.
    pub candidates: &'a [SocketAddr],
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
pub fn answer(_offer: &str, _options: &AnswerOptions<'_>, _rng: &mut impl CryptoRng) -> Result<Negotiated, SdpError> {
    Err(SdpError { section: None, attribute: "m=", problem: SdpProblem::Unsupported })
}

/// Answer a later offer of the same PeerConnection: an ICE restart when its user name changed, else the same answer again.
/// Sections, codecs, SSRCs and DTLS stay as in `previous`; an offer that changes them is an error (`Changed`).
pub fn restart(
    _offer: &str,
    _previous: &PeerDescription,
    _options: &AnswerOptions<'_>,
    _rng: &mut impl CryptoRng,
) -> Result<Negotiated, SdpError> {
    Err(SdpError { section: None, attribute: "m=", problem: SdpProblem::Unsupported })
}
