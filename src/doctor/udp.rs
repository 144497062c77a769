//! Whether datagrams go to a media port and back: a Binding request without credentials (RFC 8489 §7.1) and the address that its answer
//! names. Knows no ICE; a shard answers such a request when its answer is no longer than the question.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// A lost datagram is not a broken hop: so often it is asked again.
const TRIES: usize = 4;
const TRY_WITHIN: Duration = Duration::from_millis(700);

const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const HEADER_LEN: usize = 20;
/// RFC 8489 §14.14, a comprehension-optional text: it makes the request as long as the longest answer.
const SOFTWARE: [u8; 4] = [0x80, 0x22, 0, 44];
const SOFTWARE_TEXT: &[u8; 44] = b"kenes doctor, asking whether datagrams pass ";

/// From where `server` sees this machine; `None` when it does not answer.
///
/// # Errors
/// This machine cannot send to such an address at all.
pub(super) async fn reflexive_address(server: SocketAddr) -> io::Result<Option<SocketAddr>> {
    let any: IpAddr = if server.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    let mut transaction = [0; 12];
    aws_lc_rs::rand::fill(&mut transaction).map_err(io::Error::other)?;
    let request = request(transaction);
    for _ in 0..TRIES {
        socket.send(&request).await?;
        let mut answer = [0; 512];
        // A refusal (ICMP) may belong to an earlier try and is no answer either.
        let Ok(Ok(len)) = timeout(TRY_WITHIN, socket.recv(&mut answer)).await else { continue };
        if let Some(address) = answer.get(..len).and_then(|answer| mapped_address(answer, transaction)) {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

fn request(transaction: [u8; 12]) -> Vec<u8> {
    let mut request = vec![0, 1, 0, 48];
    request.extend(COOKIE);
    request.extend(transaction);
    request.extend(SOFTWARE);
    request.extend(SOFTWARE_TEXT);
    request
}

/// XOR-MAPPED-ADDRESS (RFC 8489 §14.2) of the answer to `transaction`.
fn mapped_address(answer: &[u8], transaction: [u8; 12]) -> Option<SocketAddr> {
    let (header, mut attributes) = answer.split_first_chunk::<HEADER_LEN>()?;
    if !header.starts_with(&BINDING_SUCCESS) || header.get(4..8)? != COOKIE || header.get(8..)? != transaction {
        return None;
    }
    loop {
        let ([k0, k1, l0, l1], rest) = attributes.split_first_chunk::<4>()?;
        let len = usize::from(u16::from_be_bytes([*l0, *l1]));
        let value = rest.get(..len)?;
        if u16::from_be_bytes([*k0, *k1]) == XOR_MAPPED_ADDRESS {
            return unmask(value, transaction);
        }
        attributes = rest.get(len.next_multiple_of(4)..)?;
    }
}

fn unmask(value: &[u8], transaction: [u8; 12]) -> Option<SocketAddr> {
    let ([_, family, p0, p1], address) = value.split_first_chunk::<4>()?;
    let [c0, c1, ..] = COOKIE;
    let mask = COOKIE.into_iter().chain(transaction);
    let bytes: Vec<u8> = address.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    let ip: IpAddr = match family {
        1 => <[u8; 4]>::try_from(bytes).ok()?.into(),
        2 => <[u8; 16]>::try_from(bytes).ok()?.into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes([p0 ^ c0, p1 ^ c1])))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSACTION: [u8; 12] = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

    /// The answers of RFC 5769 §2.2 and §2.3, up to their mapped address.
    #[test]
    fn the_sample_answers_of_rfc_5769_are_read() {
        let header = [&[0x01, 0x01, 0x00, 0x3c][..], &COOKIE, &TRANSACTION].concat();
        let software = b"\x80\x22\x00\x0btest vector ";
        let v4 = b"\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43";
        let answer = [&header[..], software, v4].concat();
        assert_eq!(mapped_address(&answer, TRANSACTION), "192.0.2.1:32853".parse().ok());
        let v6 = b"\x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9";
        let answer = [&header[..], software, v6].concat();
        assert_eq!(mapped_address(&answer, TRANSACTION), "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().ok());
    }

    #[test]
    fn somebody_elses_answer_and_half_an_answer_are_none() {
        let answer =
            [&[0x01, 0x01, 0, 12][..], &COOKIE, &[0; 12], b"\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"].concat();
        assert_eq!(mapped_address(&answer, TRANSACTION), None);
        assert!(mapped_address(&answer, [0; 12]).is_some());
        for len in 0..answer.len() {
            assert_eq!(mapped_address(&answer[..len], [0; 12]), None);
        }
    }
}
