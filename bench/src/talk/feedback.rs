//! An interceptor of the peer's RTCP: takes out the requests for key frames.
//!
//! The `rtc` crate ends incoming RTCP inside its chain and never asks an encoder for anything; a stage of our own sees it all.
//! Passes every packet on as it came.

use rtc::interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use std::collections::VecDeque;
use std::time::Instant;
use tokio::sync::mpsc;

pub(super) struct KeyFrameRequests {
    /// SSRCs that are to begin anew.
    requests: mpsc::Sender<u32>,
    incoming: VecDeque<TaggedPacket>,
    outgoing: VecDeque<TaggedPacket>,
}

impl KeyFrameRequests {
    pub(super) fn new(requests: mpsc::Sender<u32>) -> Self {
        Self { requests, incoming: VecDeque::new(), outgoing: VecDeque::new() }
    }

    /// Picture losses and full intra requests (RFC 4585 §6.3.1, RFC 5104 §4.3.1), by the SSRC they are about.
    fn note(&self, packets: &[Box<dyn rtc::rtcp::Packet>]) {
        for packet in packets {
            let packet = packet.as_any();
            // A full queue holds the same request already.
            if let Some(pli) = packet.downcast_ref::<PictureLossIndication>() {
                let _ = self.requests.try_send(pli.media_ssrc);
            }
            if let Some(fir) = packet.downcast_ref::<FullIntraRequest>() {
                for entry in &fir.fir {
                    let _ = self.requests.try_send(entry.ssrc);
                }
            }
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for KeyFrameRequests {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(packets) = &packet.message.packet {
            self.note(packets);
        }
        self.incoming.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.incoming.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.outgoing.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.outgoing.pop_front()
    }
}

impl Interceptor for KeyFrameRequests {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}
