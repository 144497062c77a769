//! Which shard a connectivity check is meant for, by the user name in it, and which of the peer's payload types are sound.
//!
//! Owns the table, which the control plane writes with each answer and a stranger's first message is looked up in: a TCP connection that
//! names nobody ends before a shard hears of it.

use crate::stun::Message;
use dashmap::DashMap;
use std::net::SocketAddr;

#[derive(Default)]
pub struct Routes {
    by_ufrag: DashMap<String, Route>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where this process reaches the shard's UDP port.
    pub shard: SocketAddr,
    pub audio: AudioTypes,
}

/// RTP payload types that one peer's answer gave to audio codecs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AudioTypes(u128);

impl AudioTypes {
    #[must_use]
    pub fn contains(self, payload_type: u8) -> bool {
        self.0 & (1 << (payload_type & 0x7F)) != 0
    }
}

impl FromIterator<u8> for AudioTypes {
    fn from_iter<I: IntoIterator<Item = u8>>(types: I) -> Self {
        Self(types.into_iter().fold(0, |set, payload_type| set | 1 << (payload_type & 0x7F)))
    }
}

impl Routes {
    pub fn insert(&self, ufrag: &str, route: Route) {
        self.by_ufrag.insert(ufrag.to_owned(), route);
    }

    pub fn remove(&self, ufrag: &str) {
        self.by_ufrag.remove(ufrag);
    }

    /// `None` unless the datagram is a connectivity check for a peer that is expected.
    pub(crate) fn of_check(&self, datagram: &[u8]) -> Option<Route> {
        let message = Message::parse(datagram).ok()?;
        self.by_ufrag.get(message.local_ufrag()?).map(|route| *route)
    }
}
