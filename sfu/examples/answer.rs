//! Answers offers by hand: reads SDP offers from standard input, each ended by a line `.`, and writes their answers the same way.
//!
//! The first offer opens a PeerConnection, each further one restarts its ICE. `tests/data/capture` runs it beside a browser.

use std::io::{BufRead, Write, stdin, stdout};

use kenes_sfu::description::PeerDescription;
use kenes_sfu::sdp::{self, AnswerOptions, Negotiated};
use kenes_sfu::transport::dtls::DtlsIdentity;
use rand::rngs::SysRng;
use rand::{SeedableRng, rngs::StdRng};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let identity = DtlsIdentity::generate()?;
    let candidates = ["127.0.0.1:9".parse()?];
    let options = AnswerOptions { fingerprint: identity.fingerprint(), candidates: &candidates, tcp_candidates: &[] };
    let mut rng = StdRng::try_from_rng(&mut SysRng)?;
    let mut peer: Option<PeerDescription> = None;
    let mut offer = String::new();
    for line in stdin().lock().lines() {
        let line = line?;
        if line != "." {
            offer.push_str(&line);
            offer.push_str("\r\n");
            continue;
        }
        let Negotiated { answer, description } = match &peer {
            None => sdp::answer(&offer, &options, &mut rng)?,
            Some(previous) => sdp::restart(&offer, previous, &options, &mut rng)?,
        };
        peer = Some(description);
        offer.clear();
        write!(stdout(), "{answer}.\r\n")?;
        stdout().flush()?;
    }
    Ok(())
}
