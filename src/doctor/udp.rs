//! Whether datagrams go to a media port and back: a Binding request without credentials (RFC 8489 §7.1) and the address that its answer
//! names. Knows no ICE; a shard answers such a request when its answer is no longer than the question.

use kenes_relay::stun::{BINDING, Class, Message, TransactionId, Writer, XOR_MAPPED_ADDRESS};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// A lost datagram is not a broken hop: so often it is asked again.
const TRIES: usize = 4;
const TRY_WITHIN: Duration = Duration::from_millis(700);

/// RFC 8489 §14.14, a comprehension-optional text: it makes the request as long as the longest answer.
const SOFTWARE: u16 = 0x8022;
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

fn request(transaction: TransactionId) -> Vec<u8> {
    Writer::begin(Class::Request, BINDING, transaction).attribute(SOFTWARE, &[SOFTWARE_TEXT]).finish()
}

/// What the answer to `transaction` says.
fn mapped_address(answer: &[u8], transaction: TransactionId) -> Option<SocketAddr> {
    let answer = Message::parse(answer).ok()?;
    let is_ours = answer.class == Class::Success && answer.method == BINDING && answer.transaction == transaction;
    is_ours.then(|| answer.address(XOR_MAPPED_ADDRESS)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSACTION: TransactionId = *b"transaction1";

    fn answer(class: Class, method: u16) -> Vec<u8> {
        let mapped = [0, 1, 0xA1, 0x47, 0xE1, 0x12, 0xA6, 0x43];
        Writer::begin(class, method, TRANSACTION).attribute(XOR_MAPPED_ADDRESS, &[&mapped]).finish()
    }

    #[test]
    fn the_answer_to_the_question_says_the_address() {
        let answer = answer(Class::Success, BINDING);
        assert_eq!(mapped_address(&answer, TRANSACTION), "192.0.2.1:32853".parse().ok());
    }

    #[test]
    fn somebody_elses_answer_and_half_an_answer_are_none() {
        let whole = answer(Class::Success, BINDING);
        assert_eq!(mapped_address(&whole, [0; 12]), None);
        assert_eq!(mapped_address(&answer(Class::Error, BINDING), TRANSACTION), None);
        assert_eq!(mapped_address(&answer(Class::Success, 3), TRANSACTION), None);
        for len in 0..whole.len() {
            assert_eq!(mapped_address(&whole[..len], TRANSACTION), None);
        }
    }

    #[test]
    fn the_question_is_as_long_as_the_longest_answer() {
        assert_eq!(request(TRANSACTION).len(), 20 + 48);
    }
}
