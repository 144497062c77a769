//! Brings one browser up to SRTP keys by hand: reads an SDP offer from standard input, ended by a line `.`, writes the answer
//! the same way, then serves ICE and DTLS on a UDP socket of the address given as argument until the keys are there.
//!
//! `tests/data/capture/check-connect.mjs` runs it beside a browser.

use std::io::{BufRead, Write, stdin, stdout};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use kenes_sfu::description::PeerDescription;
use kenes_sfu::sdp::{self, AnswerOptions};
use kenes_sfu::transport::dtls::{DtlsIdentity, DtlsOutput, DtlsTransport, MAX_DATAGRAM_LEN};
use kenes_sfu::transport::ice::IceLite;
use kenes_sfu::transport::stun;
use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let ip: IpAddr = std::env::args().nth(1).ok_or("usage: connect <address>")?.parse()?;
    let socket = UdpSocket::bind((ip, 0))?;
    socket.set_read_timeout(Some(Duration::from_millis(20)))?;
    let identity = DtlsIdentity::generate()?;
    let description = answer(&identity, &[socket.local_addr()?])?;
    let (ice, dtls) = (IceLite::new(&description.ice, now()), DtlsTransport::new(&identity, &description.dtls, now()));
    serve(&socket, ice, dtls)
}

fn answer(identity: &DtlsIdentity, candidates: &[SocketAddr]) -> Result<PeerDescription, Failure> {
    let lines = stdin().lock().lines().map_while(Result::ok).take_while(|line| line != ".");
    let offer: String = lines.map(|line| line + "\r\n").collect();
    let options = AnswerOptions { fingerprint: identity.fingerprint(), candidates, tcp_candidates: &[] };
    let negotiated = sdp::answer(&offer, &options, &mut StdRng::try_from_rng(&mut SysRng)?)?;
    write!(stdout(), "{}.\r\n", negotiated.answer)?;
    stdout().flush()?;
    Ok(negotiated.description)
}

fn serve(socket: &UdpSocket, mut ice: IceLite, mut dtls: DtlsTransport) -> Result<(), Failure> {
    let (mut datagram, mut out) = ([0; 2048], [0; MAX_DATAGRAM_LEN]);
    while !ice.consent_expired(now()) {
        if let Ok((len, from)) = socket.recv_from(&mut datagram) {
            let bytes = datagram.get(..len).unwrap_or_default();
            match stun::parse(bytes) {
                Ok(request) => {
                    let reply = ice.handle_request(now(), from, &request, &mut out);
                    socket.send_to(out.get(..reply.response_len).unwrap_or_default(), from)?;
                }
                Err(_) => dtls.handle_datagram(now(), bytes),
            }
        }
        dtls.handle_timeout(now());
        loop {
            match dtls.poll(&mut out) {
                DtlsOutput::Send(len) => {
                    let to = ice.selected().ok_or("DTLS before ICE")?;
                    socket.send_to(out.get(..len).unwrap_or_default(), to)?;
                }
                DtlsOutput::Connected(keying) => writeln!(stdout(), "connected {:?}", keying.profile())?,
                DtlsOutput::Closed => return Ok(()),
                DtlsOutput::Failed(failure) => return Err(failure.into()),
                DtlsOutput::Wait(_) => break,
            }
        }
    }
    Err("consent expired".into())
}

#[expect(clippy::disallowed_methods, reason = "an example stands in for sfu::io")]
fn now() -> Instant {
    Instant::now()
}
