//! Datagrams that reach a handshake: the input is cut into them by a length byte each.
#![no_main]

use std::sync::LazyLock;
use std::time::Instant;

use kenes_sfu::description::{DtlsParameters, Fingerprint};
use kenes_sfu::transport::dtls::{DtlsIdentity, DtlsOutput, DtlsTransport, MAX_DATAGRAM_LEN};

static IDENTITY: LazyLock<DtlsIdentity> = LazyLock::new(|| DtlsIdentity::generate().expect("an identity can be made"));

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let now = Instant::now();
    let parameters = DtlsParameters { remote_fingerprint: Fingerprint([0; 32]), local_is_client: false };
    let mut transport = DtlsTransport::new(&IDENTITY, &parameters, now);
    let mut rest = input;
    while let Some((&length, after)) = rest.split_first() {
        let (datagram, next) = after.split_at(usize::from(length).min(after.len()));
        transport.handle_datagram(now, datagram);
        while let DtlsOutput::Send(_) = transport.poll(&mut [0; MAX_DATAGRAM_LEN]) {}
        rest = next;
    }
});
