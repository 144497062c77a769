//! What a client sends over TCP, framed as TURN and as ICE-TCP: from anybody.
#![no_main]

use kenes_relay::framing::Framing;
use kenes_relay::stun::Message;

libfuzzer_sys::fuzz_target!(|stream: &[u8]| {
    for framing in [Framing::Length, Framing::Turn] {
        if let Ok(Some(length)) = framing.message_len(stream) {
            let _ = stream.get(..length).map(Message::parse);
        }
    }
});
