//! One question about a client's first flight: may the handshake be DTLS 1.2?
//!
//! Pure and only a hint: whatever it says, `dimpl` reads the flight itself. Must not be asked about anything else.

/// A record of type handshake (RFC 6347 §4.1) with a ClientHello that is not fragmented (§4.2.2).
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
/// Lengths of the record header and of the handshake header.
const RECORD_HEADER_LEN: usize = 13;
const HANDSHAKE_HEADER_LEN: usize = 12;
/// Client version and random.
const FIXED_LEN: usize = 2 + 32;
/// `supported_versions` (RFC 8446 §4.2.1), and DTLS 1.2 in it.
const SUPPORTED_VERSIONS: u16 = 43;
const DTLS_12: u16 = 0xfefd;

/// True when a whole ClientHello names its versions and DTLS 1.2 is not among them.
#[must_use]
pub(super) fn insists_on_dtls_13(datagram: &[u8]) -> bool {
    supported_versions(datagram)
        .is_some_and(|versions| !versions.chunks_exact(2).any(|version| version == DTLS_12.to_be_bytes()))
}

/// `None` for anything but a whole ClientHello with the extension.
fn supported_versions(datagram: &[u8]) -> Option<&[u8]> {
    let handshake = datagram.get(RECORD_HEADER_LEN..).filter(|_| datagram.first() == Some(&HANDSHAKE))?;
    let (header, mut rest) = handshake.split_first_chunk::<HANDSHAKE_HEADER_LEN>()?;
    let &[message_type, l0, l1, l2, _, _, o0, o1, o2, f0, f1, f2] = header;
    if message_type != CLIENT_HELLO || [o0, o1, o2] != [0; 3] || [l0, l1, l2] != [f0, f1, f2] {
        return None;
    }
    rest = rest.get(FIXED_LEN..)?;
    take(&mut rest, 1)?; // session id
    take(&mut rest, 1)?; // cookie
    take(&mut rest, 2)?; // cipher suites
    take(&mut rest, 1)?; // compression methods
    let mut extensions = take(&mut rest, 2)?;
    while let Some((kind, after)) = extensions.split_first_chunk::<2>() {
        extensions = after;
        let mut value = take(&mut extensions, 2)?;
        if u16::from_be_bytes(*kind) == SUPPORTED_VERSIONS {
            return take(&mut value, 1);
        }
    }
    None
}

/// A vector whose length stands before it in `len_bytes` bytes.
fn take<'a>(rest: &mut &'a [u8], len_bytes: usize) -> Option<&'a [u8]> {
    let (len, after) = rest.split_at_checked(len_bytes)?;
    let len = len.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
    let (value, after) = after.split_at_checked(len)?;
    *rest = after;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_hello(versions: &[u16]) -> Vec<u8> {
        let mut list: Vec<u8> = versions.iter().flat_map(|version| version.to_be_bytes()).collect();
        list.insert(0, u8::try_from(list.len()).unwrap());
        let mut extensions = vec![0, 23, 0, 0];
        extensions.extend_from_slice(&[0, 43, 0, u8::try_from(list.len()).unwrap()]);
        extensions.extend_from_slice(&list);
        let mut body = vec![0xfe, 0xfd];
        body.extend_from_slice(&[7; 32]);
        body.extend_from_slice(&[0, 0, 0, 2, 0xc0, 0x2b, 1, 0, 0, u8::try_from(extensions.len()).unwrap()]);
        body.extend_from_slice(&extensions);
        let len = u8::try_from(body.len()).unwrap();
        let mut datagram = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, len + 12];
        datagram.extend_from_slice(&[1, 0, 0, len, 0, 0, 0, 0, 0, 0, 0, len]);
        datagram.extend_from_slice(&body);
        datagram
    }

    #[test]
    fn a_client_that_names_1_3_alone_insists_and_one_that_names_both_does_not() {
        assert!(insists_on_dtls_13(&client_hello(&[0xfefc])));
        assert!(!insists_on_dtls_13(&client_hello(&[0xfefc, 0xfefd])));
    }

    #[test]
    fn garbage_and_fragments_insist_on_nothing() {
        let whole = client_hello(&[0xfefc]);
        for len in 0..whole.len() {
            assert!(!insists_on_dtls_13(&whole[..len]), "{len} bytes");
        }
    }
}
