//! Tests of `transport::dtls`: handshakes with `dimpl` as the browser, over a link that loses, on virtual time.

use std::path::Path;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use super::*;

const DELAY: Duration = Duration::from_millis(20);

/// The browser: a bare `dimpl` endpoint.
struct Browser {
    engine: Dtls,
    keys: Option<(Vec<u8>, dimpl::SrtpProfile)>,
    saw_close: bool,
}

#[derive(Clone, Copy)]
enum Version {
    Dtls12,
    Dtls13,
    Auto,
}

struct Link {
    now: Instant,
    rng: StdRng,
    loss: f64,
    browser: Browser,
    server: DtlsTransport,
    /// Arrival time, whether for the server, datagram; in order of sending.
    flying: Vec<(Instant, bool, Vec<u8>)>,
    outcome: Option<Result<SrtpKeying, DtlsFailure>>,
    ended: Option<Instant>,
    server_saw_close: bool,
}

impl Link {
    #[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn new(version: Version, server_is_client: bool, loss: f64, seed: u64) -> Self {
        let now = Instant::now();
        let certificate = dimpl::certificate::generate_self_signed_certificate().unwrap();
        let remote_fingerprint = fingerprint_of(&certificate.certificate);
        let config = std::sync::Arc::new(Config::builder().dangerously_set_rng_seed(seed).build().unwrap());
        let mut engine = match version {
            Version::Dtls12 => Dtls::new_12(config, certificate, now),
            Version::Dtls13 => Dtls::new_13(config, certificate, now),
            Version::Auto => Dtls::new_auto(config, certificate, now),
        };
        engine.set_active(!server_is_client);
        engine.handle_timeout(now).unwrap();
        let parameters = DtlsParameters { remote_fingerprint, local_is_client: server_is_client };
        Self {
            now,
            rng: StdRng::seed_from_u64(seed),
            loss,
            browser: Browser { engine, keys: None, saw_close: false },
            server: DtlsTransport::new(&DtlsIdentity::generate().unwrap(), &parameters, now),
            flying: Vec::new(),
            outcome: None,
            ended: None,
            server_saw_close: false,
        }
    }

    fn send(&mut self, to_server: bool, datagram: Vec<u8>) {
        if !self.rng.random_bool(self.loss) {
            self.flying.push((self.now + DELAY, to_server, datagram));
        }
    }

    /// Both sides say all they have to say now; returns when one wants to be woken.
    fn drain(&mut self) -> Option<Instant> {
        let mut out = [0; MAX_DATAGRAM_LEN];
        let server_wakes = loop {
            match self.server.poll(&mut out) {
                DtlsOutput::Send(len) => self.send(false, out[..len].to_vec()),
                DtlsOutput::Connected(keying) => self.outcome = Some(Ok(keying)),
                DtlsOutput::Failed(failure) => self.outcome = Some(Err(failure)),
                DtlsOutput::Closed => self.server_saw_close = true,
                DtlsOutput::Wait(until) => break until,
            }
        };
        if self.outcome.is_some() {
            self.ended = self.ended.or(Some(self.now));
        }
        let browser_wakes = loop {
            let mut out = [0; 2048];
            match self.browser.engine.poll_output(&mut out) {
                Output::Packet(packet) => {
                    let packet = packet.to_vec();
                    self.send(true, packet);
                }
                Output::KeyingMaterial(material, profile) => self.browser.keys = Some((material.to_vec(), profile)),
                Output::CloseNotify => self.browser.saw_close = true,
                Output::Timeout(at) => break at,
                _ => {}
            }
        };
        Some(server_wakes.map_or(browser_wakes, |at| at.min(browser_wakes)))
    }

    fn step(&mut self) {
        let wakes = self.drain();
        let arrives = self.flying.iter().map(|(at, ..)| *at).min();
        let next = wakes.into_iter().chain(arrives).min().unwrap_or(self.now);
        self.now = next.max(self.now + Duration::from_micros(1));
        self.server.handle_timeout(self.now);
        let _ = self.browser.engine.handle_timeout(self.now);
        let (landed, flying) = std::mem::take(&mut self.flying).into_iter().partition(|(at, ..)| *at <= self.now);
        self.flying = flying;
        let landed: Vec<(Instant, bool, Vec<u8>)> = landed;
        for (_, to_server, datagram) in landed {
            if to_server {
                self.server.handle_datagram(self.now, &datagram);
            } else {
                let _ = self.browser.engine.handle_packet(&datagram);
            }
        }
    }

    fn run(&mut self) -> &Result<SrtpKeying, DtlsFailure> {
        for _ in 0..5_000 {
            if self.outcome.is_some() && (self.browser.keys.is_some() || matches!(self.outcome, Some(Err(_)))) {
                break;
            }
            self.step();
        }
        self.outcome.as_ref().expect("the handshake comes to an end")
    }

    /// Both sides hold the same keys, each the other's way round.
    fn assert_same_keys(&mut self) {
        let keying = self.run().as_ref().expect("connected");
        assert!(keying.contexts().is_ok());
        let ours = keying.material.to_vec();
        assert_eq!(self.browser.keys.as_ref().map(|(material, _)| material.clone()), Some(ours));
    }
}

#[test]
fn a_passive_handshake_gives_both_sides_the_same_keys_in_every_version() {
    for version in [Version::Dtls12, Version::Dtls13, Version::Auto] {
        Link::new(version, false, 0.0, 1).assert_same_keys();
    }
}

#[test]
fn an_active_handshake_gives_both_sides_the_same_keys_in_every_version() {
    for version in [Version::Dtls12, Version::Dtls13, Version::Auto] {
        Link::new(version, true, 0.0, 1).assert_same_keys();
    }
}

#[test]
fn a_fifth_of_all_datagrams_lost_only_delays_the_handshake() {
    for seed in 0..20 {
        for version in [Version::Dtls12, Version::Dtls13] {
            let mut link = Link::new(version, false, 0.2, seed);
            // Retries are finite: with bad luck a handshake times out, and the client opens a new PeerConnection.
            if link.run().is_ok() {
                link.assert_same_keys();
            } else {
                assert!(matches!(link.outcome, Some(Err(DtlsFailure::TimedOut))), "seed {seed}");
            }
        }
    }
}

#[test]
fn each_repetition_of_a_clients_last_flight_is_answered() {
    let mut link = Link::new(Version::Dtls12, false, 0.0, 8);
    let mut repeated = None;
    while link.outcome.is_none() {
        link.drain();
        let is_key_exchange = |datagram: &[u8]| is_unencrypted_handshake(datagram) && datagram.len() > 300;
        let flight = link.flying.iter().rfind(|(_, to_server, datagram)| *to_server && is_key_exchange(datagram));
        repeated = flight.map(|(.., datagram)| datagram.clone()).or(repeated);
        link.step();
    }
    link.flying.clear();
    let repeated = repeated.unwrap();
    let mut answers = || {
        link.flying.clear();
        // In two datagrams, say.
        for _ in 0..2 {
            link.server.handle_datagram(link.now, &repeated);
            link.drain();
        }
        link.now += Duration::from_millis(100);
        link.flying.iter().filter(|(_, to_server, _)| !to_server).count()
    };
    assert_eq!([(); 8].map(|()| answers()), [1; 8]);
    link.now += DELAY;
    let last = link.flying.pop().unwrap().2;
    link.browser.engine.handle_packet(&last).unwrap();
    link.assert_same_keys();
}

#[test]
fn another_certificate_than_the_described_one_never_connects() {
    for version in [Version::Dtls12, Version::Dtls13, Version::Auto] {
        for server_is_client in [false, true] {
            let mut link = Link::new(version, server_is_client, 0.0, 3);
            link.server.remote_fingerprint.0[31] ^= 1;
            assert_eq!(link.run().as_ref().err(), Some(&DtlsFailure::FingerprintMismatch));
            for _ in 0..50 {
                link.step();
            }
            assert!(link.server.engine.is_none());
            assert!(matches!(link.outcome, Some(Err(DtlsFailure::FingerprintMismatch))));
        }
    }
}

#[test]
fn garbage_before_and_during_a_handshake_is_ignored() {
    for server_is_client in [false, true] {
        let mut link = Link::new(Version::Auto, server_is_client, 0.0, 4);
        let mut rng = StdRng::seed_from_u64(4);
        for round in 0..40 {
            let mut garbage = vec![0; rng.random_range(0..200)];
            rng.fill_bytes(&mut garbage);
            // Content types that RFC 7983 hands to DTLS; every other one with a plausible record header.
            if let [kind, header @ ..] = garbage.as_mut_slice() {
                *kind = 20 + *kind % 44;
                if round % 2 == 0 && header.len() >= 12 {
                    header[..12].copy_from_slice(&[0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, round, 0, 20]);
                }
            }
            link.server.handle_datagram(link.now, &garbage);
            if round % 8 == 7 {
                link.step();
            }
        }
        link.assert_same_keys();
    }
}

#[test]
fn an_active_side_that_nobody_answers_times_out() {
    let mut link = Link::new(Version::Auto, true, 1.0, 5);
    let start = link.now;
    assert_eq!(link.run().as_ref().err(), Some(&DtlsFailure::TimedOut));
    assert!(link.ended.unwrap() - start < Duration::from_secs(60));
}

#[test]
fn goodbyes_are_heard_on_both_sides() {
    for version in [Version::Dtls12, Version::Dtls13] {
        let mut link = Link::new(version, false, 0.0, 6);
        link.assert_same_keys();
        link.browser.engine.close().unwrap();
        (0..5).for_each(|_| link.step());
        assert!(link.server_saw_close);

        let mut link = Link::new(version, false, 0.0, 6);
        link.assert_same_keys();
        link.server.close();
        (0..5).for_each(|_| link.step());
        assert!(link.browser.saw_close);
    }
}

#[test]
fn mutated_handshakes_never_panic_and_never_connect_a_wrong_certificate() {
    for (seed, version) in (0..60).zip([Version::Dtls12, Version::Dtls13].into_iter().cycle()) {
        let mut link = Link::new(version, false, 0.0, seed);
        let mut rng = StdRng::seed_from_u64(seed);
        for _ in 0..60 {
            link.step();
            for (_, _, datagram) in &mut link.flying {
                if rng.random_bool(0.2) && !datagram.is_empty() {
                    let at = rng.random_range(0..datagram.len());
                    datagram[at] = rng.random();
                }
            }
        }
        if let Some(Ok(_)) = &link.outcome {
            assert!(link.server.certificate_matches, "seed {seed}");
        }
    }
}

#[test]
fn the_corpus_does_not_panic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus/dtls");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let mut link = Link::new(Version::Auto, false, 0.0, 7);
        link.server.handle_datagram(link.now, &bytes);
        link.drain();
        files += 1;
    }
    assert!(files > 0);
}
