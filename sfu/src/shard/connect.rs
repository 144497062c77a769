//! From a first STUN request to agreed SRTP keys: ICE finds the address, DTLS proves who is there.

use super::Shard;
use super::attention::{EAGER_FOR, REPORT_INTERVAL};
use crate::batch::SendBatch;
use crate::event::{CloseReason, Event};
use crate::ids::PeerIndex;
use crate::transport::dtls::{DtlsOutput, DtlsTransport, MAX_DATAGRAM_LEN, SrtpKeying};
use crate::transport::srtp::SrtpError;
use crate::transport::stun;
use std::net::SocketAddr;
use std::time::Instant;

impl Shard {
    /// A connectivity check (RFC 8445 §7.3). Strangers cost a parse and a look-up.
    pub(super) fn handle_stun(&mut self, now: Instant, from: SocketAddr, datagram: &[u8], batch: &mut SendBatch) {
        let named = stun::parse(datagram).ok().and_then(|request| {
            let peer = self.demux.peer_named(request.local_ufrag()?)?;
            Some((request, peer))
        });
        let Some((request, index)) = named else {
            return self.answer_stranger(from, datagram, batch);
        };
        let Some(peer) = self.peers.get_mut(index.0) else { return };
        let mut response = [0; stun::MAX_RESPONSE_LEN];
        let reply = peer.ice.handle_request(now, from, &request, &mut response);
        if let Some(response) = response.get(..reply.response_len).filter(|response| !response.is_empty()) {
            send_plain(response, from, index, batch);
        }
        if !reply.accepted {
            self.counters.dropped.stun_invalid += 1;
            return;
        }
        self.counters.stun_requests += 1;
        peer.round_trip.note_answer(now);
        if let Some(address) = reply.evicted {
            self.demux.remove_address(address, index);
        }
        if let Some(address) = reply.added {
            self.demux.add_address(address, index);
        }
        if let Some(ufrag) = reply.retired_ufrag {
            self.demux.remove_ufrag(&ufrag);
        }
        if let Some(remote) = reply.nominated {
            self.route(now, index, remote, batch);
        }
    }

    /// Who asks only whether datagrams pass is told where it is seen; nothing is kept of it.
    fn answer_stranger(&mut self, from: SocketAddr, datagram: &[u8], batch: &mut SendBatch) {
        let mut response = [0; stun::MAX_RESPONSE_LEN];
        let written = stun::parse_plain(datagram)
            .and_then(|transaction| stun::write_plain_success(&mut response, transaction, from));
        match written.and_then(|len| response.get(..len)) {
            Some(response) => {
                self.counters.stun_plain += 1;
                send_plain(response, from, PeerIndex(usize::MAX), batch);
            }
            None => self.counters.dropped.stun_invalid += 1,
        }
    }

    /// Media and handshake go to this address from now on.
    fn route(&mut self, now: Instant, index: PeerIndex, remote: SocketAddr, batch: &mut SendBatch) {
        let moved = self.downlinks.get_mut(index.0).is_some_and(|downlink| downlink.route(remote));
        if moved {
            self.mend_pictures(now, index);
        }
        let Some(peer) = self.peers.get_mut(index.0) else { return };
        if peer.dtls.is_none() {
            peer.dtls = Some(Box::new(DtlsTransport::new(&self.identity, &peer.dtls_parameters, now)));
            self.flush_dtls(now, index, batch);
        }
    }

    /// A peer at a new address has missed what went to the old one, and we what it sent from there; decoders would find out later.
    fn mend_pictures(&mut self, now: Instant, index: PeerIndex) {
        if let Some(downlink) = self.downlinks.get_mut(index.0) {
            downlink.request_keyframes();
        }
        if let Some(uplink) = self.uplinks.get_mut(index.0) {
            uplink.need_keyframes(now);
        }
        if let Some(peer) = self.peers.get_mut(index.0) {
            peer.next_layers = now;
        }
        self.wake(index, now);
    }

    pub(super) fn handle_dtls(&mut self, now: Instant, index: PeerIndex, datagram: &[u8], batch: &mut SendBatch) {
        let Some(dtls) = self.peers.get_mut(index.0).and_then(|peer| peer.dtls.as_mut()) else {
            self.counters.dropped.dtls_invalid += 1;
            return;
        };
        dtls.handle_datagram(now, datagram);
        self.flush_dtls(now, index, batch);
    }

    /// Does what DTLS wants done until it waits.
    pub(super) fn flush_dtls(&mut self, now: Instant, index: PeerIndex, batch: &mut SendBatch) {
        let mut datagram = [0; MAX_DATAGRAM_LEN];
        loop {
            let Some(peer) = self.peers.get_mut(index.0) else { return };
            let (Some(dtls), Some(remote)) = (peer.dtls.as_mut(), peer.ice.selected()) else { return };
            match dtls.poll(&mut datagram) {
                DtlsOutput::Send(len) => {
                    peer.round_trip.note_flight(now);
                    send_plain(datagram.get(..len).unwrap_or_default(), remote, index, batch);
                }
                DtlsOutput::Wait(deadline) => {
                    peer.dtls_deadline = deadline;
                    if let Some(deadline) = deadline {
                        self.wake(index, deadline);
                    }
                    return;
                }
                DtlsOutput::Connected(keying) => {
                    if self.begin_media(now, index, &keying).is_err() {
                        return self.lose_peer(index, CloseReason::HandshakeFailed);
                    }
                }
                DtlsOutput::Closed => return self.lose_peer(index, CloseReason::ClosedByPeer),
                DtlsOutput::Failed(failure) => {
                    tracing::info!(%failure, "DTLS handshake failed");
                    return self.lose_peer(index, CloseReason::HandshakeFailed);
                }
            }
        }
    }

    fn begin_media(&mut self, now: Instant, index: PeerIndex, keying: &SrtpKeying) -> Result<(), SrtpError> {
        let (receiver, sender) = keying.contexts()?;
        let Some(peer) = self.peers.get_mut(index.0) else { return Ok(()) };
        if let Some(downlink) = self.downlinks.get_mut(index.0) {
            downlink.begin(now, sender, peer.round_trip.end(now));
        }
        if let Some(uplink) = self.uplinks.get_mut(index.0) {
            uplink.begin(receiver);
        }
        peer.connected = true;
        (peer.reported, peer.next_report) = (now, peer.beat.next(now + REPORT_INTERVAL / 2, REPORT_INTERVAL));
        peer.eager_until = now + EAGER_FOR;
        let handshake = now.saturating_duration_since(peer.opened);
        let event = Event::PeerConnected { peer: peer.key, handshake };
        self.counters.handshakes_completed += 1;
        self.counters.handshake_millis += u64::try_from(handshake.as_millis()).unwrap_or(u64::MAX);
        self.tell(event);
        self.wake(index, now);
        Ok(())
    }
}

fn send_plain(datagram: &[u8], to: SocketAddr, peer: PeerIndex, batch: &mut SendBatch) {
    let Some(out) = batch.reserve(datagram.len()) else { return };
    out.copy_from_slice(datagram);
    batch.commit(to, u32::try_from(peer.0).unwrap_or(u32::MAX), datagram.len());
}
