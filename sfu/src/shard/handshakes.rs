//! DTLS waits until media has had its turn.
//!
//! Key agreement and signatures cost as much as hundreds of packets, and a hospital that comes back after a power cut joins at
//! once. Datagrams of handshakes therefore wait here, and [`Shard::handle_timeout`] takes one step a call: between two steps
//! `io` reads the socket. Owns the queue, bounded for each peer and for all of them; peers take turns. Nobody sleeps while
//! something waits, so a lone join does not notice. Must not handle DTLS itself.

use super::Shard;
use super::peers::Peer;
use crate::batch::SendBatch;
use crate::ids::PeerIndex;
use std::collections::VecDeque;
use std::time::Instant;

/// Datagrams that wait for one peer: a client's longest flight (certificate, key, proof) with room for a retransmission.
pub(super) const MAX_WAITING_PER_PEER: usize = 16;
/// Of all peers: two flights each of several hundred.
const MAX_WAITING: usize = 2_048;
/// A larger datagram is no handshake: flights are cut to the path's MTU.
const MAX_LEN: usize = 2_048;

#[derive(Default)]
pub(super) struct HandshakeQueue {
    /// Peers with something waiting, in the order of their turns, and since when. A peer that has gone may still be named.
    turns: VecDeque<(PeerIndex, Instant)>,
    /// Datagrams of all peers.
    waiting: usize,
}

impl HandshakeQueue {
    /// Since when somebody waits.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        self.turns.front().map(|(_, since)| *since)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0 && self.turns.is_empty()
    }

    /// What a peer that goes takes with it.
    pub(super) fn forget(&mut self, peer: &Peer) {
        self.waiting -= peer.dtls_waiting.len();
    }
}

impl Shard {
    /// Keeps a datagram for its peer's turn.
    pub(super) fn defer_dtls(&mut self, now: Instant, index: PeerIndex, datagram: &[u8]) {
        let queue = &mut self.handshakes;
        let Some(peer) = self.peers.get_mut(index.0).filter(|peer| peer.dtls.is_some() && datagram.len() <= MAX_LEN)
        else {
            self.counters.dropped.dtls_invalid += 1;
            return;
        };
        peer.round_trip.note_handshake(now);
        if peer.dtls_waiting.iter().any(|waiting| repeats(datagram, waiting)) {
            self.counters.dropped.handshake_repeated += 1;
            return;
        }
        if peer.dtls_waiting.len() >= MAX_WAITING_PER_PEER || queue.waiting >= MAX_WAITING {
            self.counters.dropped.handshake_queue += 1;
            return;
        }
        if peer.dtls_waiting.is_empty() {
            queue.turns.push_back((index, now));
        }
        peer.dtls_waiting.push_back(datagram.into());
        queue.waiting += 1;
    }

    /// One datagram of the peer whose turn it is.
    pub(super) fn continue_handshake(&mut self, now: Instant, batch: &mut SendBatch) {
        while let Some((index, _)) = self.handshakes.turns.pop_front() {
            let Some(peer) = self.peers.get_mut(index.0) else { continue };
            let Some(datagram) = peer.dtls_waiting.pop_front() else { continue };
            self.handshakes.waiting -= 1;
            if peer.dtls_waiting.is_empty() {
                peer.dtls_waiting = VecDeque::new();
            } else {
                self.handshakes.turns.push_back((index, now));
            }
            return self.handle_dtls(now, index, &datagram, batch);
        }
    }
}

/// A flight sent again because we have not come to it yet: the same handshake records but for their numbers, and for what
/// encryption makes of these.
fn repeats(datagram: &[u8], waiting: &[u8]) -> bool {
    if datagram.len() != waiting.len() {
        return false;
    }
    let (mut new, mut old) = (datagram, waiting);
    while let (Some(a), Some(b)) = (Record::read(new), Record::read(old)) {
        if !a.repeats(&b) {
            return false;
        }
        (new, old) = (a.rest, b.rest);
    }
    new.is_empty() && old.is_empty()
}

/// A record as DTLS 1.2 and the first flight of 1.3 have it (RFC 6347 §4.1).
struct Record<'a> {
    content_type: u8,
    epoch: &'a [u8],
    body: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Record<'a> {
    fn read(datagram: &'a [u8]) -> Option<Self> {
        let (header, rest) = datagram.split_at_checked(13)?;
        let [content_type, _, _, epoch @ .., _, _, _, _, _, _, len_high, len_low] = header else { return None };
        let (body, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([*len_high, *len_low])))?;
        Some(Self { content_type: *content_type, epoch, body, rest })
    }

    fn repeats(&self, other: &Self) -> bool {
        const CHANGE_CIPHER_SPEC: u8 = 20;
        const HANDSHAKE: u8 = 22;
        let is_encrypted = self.epoch != [0, 0];
        matches!(self.content_type, CHANGE_CIPHER_SPEC | HANDSHAKE)
            && (self.content_type, self.epoch) == (other.content_type, other.epoch)
            && (self.body == other.body || (is_encrypted && self.body.len() == other.body.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(content_type: u8, epoch: u8, number: u8, body: &[u8]) -> Vec<u8> {
        let mut record = vec![content_type, 254, 253, 0, epoch, 0, 0, 0, 0, 0, number, 0];
        record.push(u8::try_from(body.len()).unwrap());
        record.extend(body);
        record
    }

    /// Certificate and change of cipher in the clear, the end encrypted; a retransmission counts on.
    fn flight(first_number: u8, finished: &[u8]) -> Vec<u8> {
        let plain = [record(22, 0, first_number, b"certificate"), record(20, 0, first_number + 1, b"\x01")];
        [plain.concat(), record(22, 1, first_number, finished)].concat()
    }

    #[test]
    fn a_flight_sent_again_repeats_the_first() {
        assert!(repeats(&flight(5, b"nonce and tag"), &flight(1, b"its ciphertxt")));
    }

    #[test]
    fn another_message_repeats_nothing() {
        assert!(!repeats(&record(22, 0, 2, b"second part"), &record(22, 0, 1, b"first part.")));
        assert!(
            !repeats(&record(21, 1, 2, b"goodbye"), &record(21, 1, 1, b"warning")),
            "an alert is never one too many"
        );
        assert!(!repeats(b"no record at all", b"no record at all"));
    }
}
