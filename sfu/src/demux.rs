//! Whose datagram is it, and of which protocol.
//!
//! Owns the maps from address and from ICE user name to peer. An address is in the map only after an authenticated connectivity
//! check, so strangers cost one look-up and reach nothing.

use crate::ids::PeerIndex;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::net::SocketAddr;

#[derive(Default)]
pub(crate) struct Demux {
    by_address: HashMap<SocketAddr, PeerIndex, BuildHasherDefault<AddressHasher>>,
    by_ufrag: HashMap<String, PeerIndex>,
    /// Who was found last: the packets of a frame come in a row.
    last: Option<(SocketAddr, PeerIndex)>,
}

/// A multiplication for each word of an address. Nobody can fill the map with addresses that collide: each was checked, and a peer
/// has a few (`transport::ice`).
#[derive(Default)]
struct AddressHasher(u64);

/// A datagram's protocol by its first byte (RFC 7983 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Stun,
    Dtls,
    Rtp,
    Rtcp,
}

/// `None` for a datagram of none of these protocols (ZRTP, TURN channels) or shorter than two bytes.
#[must_use]
pub fn classify(datagram: &[u8]) -> Option<Class> {
    match *datagram {
        [0..=3, _, ..] => Some(Class::Stun),
        [20..=63, _, ..] => Some(Class::Dtls),
        // RFC 5761 §4: RTCP packet types 192..=223 where RTP has marker and payload type.
        [128..=191, 192..=223, ..] => Some(Class::Rtcp),
        [128..=191, _, ..] => Some(Class::Rtp),
        _ => None,
    }
}

impl Demux {
    pub(crate) fn peer_at(&mut self, address: SocketAddr) -> Option<PeerIndex> {
        if let Some((last, peer)) = self.last
            && last == address
        {
            return Some(peer);
        }
        let peer = self.by_address.get(&address).copied()?;
        self.last = Some((address, peer));
        Some(peer)
    }

    /// Who is there, without taking it for the last one.
    pub(crate) fn expected_at(&self, address: SocketAddr) -> Option<PeerIndex> {
        self.by_address.get(&address).copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_address.is_empty() && self.by_ufrag.is_empty()
    }

    /// By the first half of STUN's USERNAME, which is ours (RFC 8445 §7.2.2).
    pub(crate) fn peer_named(&self, ufrag: &str) -> Option<PeerIndex> {
        self.by_ufrag.get(ufrag).copied()
    }

    pub(crate) fn add_ufrag(&mut self, ufrag: &str, peer: PeerIndex) {
        self.by_ufrag.insert(ufrag.to_owned(), peer);
    }

    /// The address may have been another peer's: a page that reloads often keeps its port.
    pub(crate) fn add_address(&mut self, address: SocketAddr, peer: PeerIndex) {
        self.by_address.insert(address, peer);
        self.last = None;
    }

    pub(crate) fn remove_ufrag(&mut self, ufrag: &str) {
        self.by_ufrag.remove(ufrag);
    }

    pub(crate) fn remove_address(&mut self, address: SocketAddr, peer: PeerIndex) {
        if self.by_address.get(&address) == Some(&peer) {
            self.by_address.remove(&address);
            self.last = None;
        }
    }
}

impl AddressHasher {
    fn fold(&mut self, word: u64) {
        /// Odd, and half of its bits are ones: 2^64 over the golden ratio.
        const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15;
        let product = u128::from(self.0 ^ word) * FACTOR;
        let [high, low] = [product >> 64, product & u128::from(u64::MAX)];
        self.0 = u64::try_from(high ^ low).unwrap_or_default();
    }
}

impl Hasher for AddressHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            self.fold(chunk.iter().fold(1, |word, byte| word << 8 | u64::from(*byte)));
        }
    }

    fn write_u16(&mut self, port: u16) {
        self.fold(port.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.fold(word.into());
    }

    fn write_usize(&mut self, _len: usize) {}

    fn write_isize(&mut self, _family: isize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_tells_the_protocol() {
        assert_eq!(classify(&[0, 1]), Some(Class::Stun));
        assert_eq!(classify(&[22, 254]), Some(Class::Dtls));
        assert_eq!(classify(&[0x80, 111]), Some(Class::Rtp));
        assert_eq!(classify(&[0x80, 0xc8]), Some(Class::Rtcp));
        assert_eq!(classify(&[0x90, 0xe0]), Some(Class::Rtp));
        for datagram in [&[][..], &[0x80], &[64, 0], &[200, 0]] {
            assert_eq!(classify(datagram), None);
        }
    }

    #[test]
    fn an_address_that_moved_to_another_peer_stays_there_when_the_first_is_removed() {
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        let mut demux = Demux::default();
        demux.add_address(address, PeerIndex(1));
        demux.add_address(address, PeerIndex(2));
        demux.remove_address(address, PeerIndex(1));
        assert_eq!(demux.peer_at(address), Some(PeerIndex(2)));
    }

    #[test]
    fn an_address_that_was_found_last_is_forgotten_like_any_other() {
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        let mut demux = Demux::default();
        demux.add_address(address, PeerIndex(1));
        assert_eq!(demux.peer_at(address), Some(PeerIndex(1)));
        demux.add_address(address, PeerIndex(2));
        assert_eq!(demux.peer_at(address), Some(PeerIndex(2)));
        demux.remove_address(address, PeerIndex(2));
        assert_eq!(demux.peer_at(address), None);
    }
}
