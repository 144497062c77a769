//! A text frame of a participant's socket.
#![no_main]

use kenes_signaling::message::ClientMessage;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = ClientMessage::parse(text);
});
