//! ICE-lite agent of one peer (RFC 8445 §2.5, §7.3): answers checks, knows where media may go and whether the peer still
//! wants it (RFC 7675).
//!
//! State: our credentials (two sets while a restart settles), the addresses that passed a check, the selected one, the time
//! of the last check. Bounded by [`MAX_ADDRESSES`]. Must not: send checks, read the clock, or look at media.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::description::IceParameters;
use crate::transport::stun::{self, BindingRequest, ErrorCode, IceRole, Password};

/// Validated addresses kept for one peer, so that demux by address stays bounded. A client with Wi-Fi, a cable and a mobile
/// network on both IP versions checks from six.
pub const MAX_ADDRESSES: usize = 8;
/// RFC 7675 §5.1: consent lasts 30 s after the last authenticated request.
pub const CONSENT_LIFETIME: Duration = Duration::from_secs(30);

/// ICE-lite state of one peer. What each look at the peer asks comes first.
#[repr(C)]
pub struct IceLite {
    last_consent: Instant,
    current: Credentials,
    /// The credentials in use before a restart, until the peer first uses the new ones (RFC 8445 §9).
    previous: Option<Credentials>,
    /// In order of use, the most recent last.
    addresses: Vec<SocketAddr>,
    selected: Option<SocketAddr>,
}

struct Credentials {
    ufrag: String,
    password: Password,
}

impl Credentials {
    fn of(parameters: &IceParameters) -> Self {
        Self { ufrag: parameters.local_ufrag.clone(), password: Password::new(&parameters.local_pwd) }
    }
}

/// What one request led to. The default is a request that was dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IceReply {
    /// Bytes of `out` to send back to where the request came from; 0 = no answer.
    pub response_len: usize,
    /// The request was authentic and accepted.
    pub accepted: bool,
    /// Where media goes from now on, when this request changed it.
    pub nominated: Option<SocketAddr>,
    /// An address that passed its first check: demux may map it to this peer.
    pub added: Option<SocketAddr>,
    /// An address that had to make room: demux forgets it.
    pub evicted: Option<SocketAddr>,
    /// A user name that is no longer ours, after the peer used the one of a restart: demux forgets it.
    pub retired_ufrag: Option<String>,
}

impl IceLite {
    /// Consent counts from `now`, so a peer that never sends a check expires too.
    #[must_use]
    pub fn new(parameters: &IceParameters, now: Instant) -> Self {
        Self {
            current: Credentials::of(parameters),
            previous: None,
            addresses: Vec::new(),
            selected: None,
            last_consent: now,
        }
    }

    /// ICE restart (RFC 8445 §9): media goes on over the old pair until the new credentials nominate one.
    /// Returns the user name of an earlier restart that was never used, which demux must forget.
    #[must_use]
    pub fn restart(&mut self, parameters: &IceParameters) -> Option<String> {
        if parameters.local_ufrag == self.current.ufrag {
            return None;
        }
        let replaced = std::mem::replace(&mut self.current, Credentials::of(parameters));
        if self.previous.is_some() {
            return Some(replaced.ufrag);
        }
        self.previous = Some(replaced);
        None
    }

    /// Our user names that demux must map to this peer: one, or two while a restart settles.
    pub fn local_ufrags(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.current).chain(&self.previous).map(|credentials| credentials.ufrag.as_str())
    }

    /// Addresses that passed a check: datagrams from elsewhere are not this peer's.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where media goes: the newest nominated pair, before any nomination the first pair that passed a check.
    #[must_use]
    pub fn selected(&self) -> Option<SocketAddr> {
        self.selected
    }

    #[must_use]
    pub fn consent_deadline(&self) -> Instant {
        self.last_consent + CONSENT_LIFETIME
    }

    /// No authenticated request for 30 s (RFC 7675 §5.1): stop sending, the peer is gone.
    #[must_use]
    pub fn consent_expired(&self, now: Instant) -> bool {
        now >= self.consent_deadline()
    }

    /// Answer a check. `out` should hold [`stun::MAX_RESPONSE_LEN`] bytes.
    ///
    /// Order of refusals as in RFC 8489 §6.3 and §9.1.3: credentials, then attributes, then role.
    pub fn handle_request(
        &mut self,
        now: Instant,
        from: SocketAddr,
        request: &BindingRequest<'_>,
        out: &mut [u8],
    ) -> IceReply {
        let is_current = request.local_ufrag() == Some(&self.current.ufrag);
        let credentials = if is_current { Some(&self.current) } else { self.previous.as_ref() };
        let Some(credentials) = credentials.filter(|ours| request.local_ufrag() == Some(&ours.ufrag)) else {
            return IceReply::default();
        };
        let password = &credentials.password;
        if let Some(error) = refusal(request, password) {
            let response_len = stun::write_error(out, request.transaction(), error, password).unwrap_or(0);
            return IceReply { response_len, ..IceReply::default() };
        }
        let response_len = stun::write_success(out, request.transaction(), from, password).unwrap_or(0);

        self.last_consent = now;
        let retired = if is_current { self.previous.take() } else { None };
        let (added, evicted) = self.touch(from);
        IceReply {
            response_len,
            accepted: true,
            nominated: self.nominate(from, request.use_candidate()),
            added,
            evicted,
            retired_ufrag: retired.map(|credentials| credentials.ufrag),
        }
    }

    /// The newest nomination wins: an agent that nominates aggressively ends on the pair it settled on, one that moves
    /// networks is followed at once. A first valid pair is used without nomination: a client may send and expect media
    /// over it before it decides (RFC 8445 §12.1).
    fn nominate(&mut self, from: SocketAddr, use_candidate: bool) -> Option<SocketAddr> {
        if self.selected == Some(from) || !(use_candidate || self.selected.is_none()) {
            return None;
        }
        self.selected = Some(from);
        self.selected
    }

    /// Move an address to the end of the list, at the cost of the one longest unused when the list is full.
    fn touch(&mut self, from: SocketAddr) -> (Option<SocketAddr>, Option<SocketAddr>) {
        if let Some(index) = self.addresses.iter().position(|&address| address == from) {
            self.addresses.remove(index);
            self.addresses.push(from);
            return (None, None);
        }
        let mut evicted = None;
        if self.addresses.len() >= MAX_ADDRESSES {
            let stale = self.addresses.iter().position(|&address| Some(address) != self.selected);
            evicted = stale.map(|index| self.addresses.remove(index));
        }
        self.addresses.push(from);
        (Some(from), evicted)
    }
}

fn refusal(request: &BindingRequest<'_>, password: &Password) -> Option<ErrorCode> {
    if !request.has_integrity() {
        return Some(ErrorCode::BadRequest);
    }
    if !request.verify(password) {
        return Some(ErrorCode::Unauthenticated);
    }
    if let Some(kind) = request.unknown_attribute() {
        return Some(ErrorCode::UnknownAttribute(kind));
    }
    // RFC 8445 §6.1.1: a lite agent is controlled, always; a peer that says the same must switch (§7.3.1.1).
    (request.role() == Some(IceRole::Controlled)).then_some(ErrorCode::RoleConflict)
}

#[cfg(test)]
#[path = "ice_tests.rs"]
mod tests;
