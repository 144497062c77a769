//! Tests of `transport::ice`: a peer as its demux and its media see it.

use std::time::{Duration, Instant};

use super::*;
use crate::transport::stun::tests::{Check, read_response};

const SUCCESS: (u16, Option<u16>) = (0x0101, None);

struct Peer {
    ice: IceLite,
    start: Instant,
}

fn parameters(ufrag: &str) -> IceParameters {
    IceParameters {
        local_ufrag: ufrag.to_owned(),
        local_pwd: format!("password of {ufrag}"),
        remote_ufrag: "them".to_owned(),
        remote_pwd: "their password, unused by a lite agent".to_owned(),
    }
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 4000))
}

impl Peer {
    #[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn new() -> Self {
        let start = Instant::now();
        Self { ice: IceLite::new(&parameters("first"), start), start }
    }

    fn send(&mut self, at_s: u64, from: u8, check: &Check<'_>) -> (IceReply, Option<(u16, Option<u16>)>) {
        let bytes = check.bytes();
        let mut out = [0; stun::MAX_RESPONSE_LEN];
        let now = self.start + Duration::from_secs(at_s);
        let reply = self.ice.handle_request(now, address(from), &stun::parse(&bytes).unwrap(), &mut out);
        let response = (reply.response_len > 0).then(|| read_response(&out[..reply.response_len]));
        (reply, response)
    }
}

fn check(ufrag: &'static str) -> Check<'static> {
    match ufrag {
        "first" => Check::new("first:them", "password of first"),
        "second" => Check::new("second:them", "password of second"),
        _ => Check::new("third:them", "password of third"),
    }
}

fn nominating(ufrag: &'static str) -> Check<'static> {
    Check { use_candidate: true, ..check(ufrag) }
}

#[test]
fn the_first_valid_pair_carries_media_until_one_is_nominated() {
    let mut peer = Peer::new();
    let (reply, response) = peer.send(0, 1, &check("first"));
    assert_eq!(response, Some(SUCCESS));
    assert!(reply.accepted);
    assert_eq!((reply.nominated, reply.added), (Some(address(1)), Some(address(1))));
    let (reply, _) = peer.send(1, 2, &check("first"));
    assert_eq!((reply.nominated, reply.added), (None, Some(address(2))));
    let (reply, _) = peer.send(2, 2, &nominating("first"));
    assert_eq!((reply.nominated, reply.added), (Some(address(2)), None));
    assert_eq!(peer.ice.selected(), Some(address(2)));
}

#[test]
fn the_newest_nomination_wins() {
    let mut peer = Peer::new();
    for from in [1, 2, 1, 3] {
        peer.send(0, from, &nominating("first"));
        assert_eq!(peer.ice.selected(), Some(address(from)));
    }
}

#[test]
fn a_wrong_password_is_told_so_and_changes_nothing() {
    let mut peer = Peer::new();
    let (reply, response) = peer.send(29, 1, &Check { use_candidate: true, ..Check::new("first:them", "guess") });
    assert_eq!(response, Some((0x0111, Some(401))));
    assert!(!reply.accepted);
    assert_eq!(reply.added, None);
    assert_eq!(peer.ice.selected(), None);
    assert!(peer.ice.consent_expired(peer.start + Duration::from_secs(30)));
}

#[test]
fn refusals_follow_the_order_of_the_rfc() {
    let mut peer = Peer::new();
    let unsigned = Check { password: None, ..check("first") };
    assert_eq!(peer.send(0, 1, &unsigned).1, Some((0x0111, Some(400))));
    let unknown = Check { extra: Some(0x7777), ..check("first").controlled() };
    assert_eq!(peer.send(0, 1, &unknown).1, Some((0x0111, Some(420))));
    assert_eq!(peer.send(0, 1, &check("first").controlled()).1, Some((0x0111, Some(487))));
    assert_eq!(peer.ice.selected(), None);
}

#[test]
fn a_stranger_gets_no_answer() {
    let mut peer = Peer::new();
    let (reply, response) = peer.send(0, 1, &Check::new("other:them", "password of first"));
    assert_eq!((reply, response), (IceReply::default(), None));
}

#[test]
fn consent_lasts_thirty_seconds_from_the_last_authentic_request() {
    let mut peer = Peer::new();
    peer.send(20, 1, &check("first"));
    assert!(!peer.ice.consent_expired(peer.start + Duration::from_millis(49_999)));
    assert!(peer.ice.consent_expired(peer.start + Duration::from_secs(50)));
}

#[test]
fn old_credentials_work_until_the_new_ones_are_used() {
    let mut peer = Peer::new();
    peer.send(0, 1, &nominating("first"));
    assert_eq!(peer.ice.restart(&parameters("second")), None);
    assert_eq!(peer.ice.local_ufrags().collect::<Vec<_>>(), ["second", "first"]);
    assert_eq!(peer.send(1, 1, &check("first")).1, Some(SUCCESS));

    let (reply, response) = peer.send(2, 2, &check("second"));
    assert_eq!(response, Some(SUCCESS));
    assert_eq!(reply.retired_ufrag.as_deref(), Some("first"));
    // Media stays on the old pair until the new ones nominate another (RFC 8445 §9).
    assert_eq!(peer.ice.selected(), Some(address(1)));
    assert_eq!(peer.send(3, 1, &check("first")).1, None);
    assert_eq!(peer.send(3, 2, &nominating("second")).0.nominated, Some(address(2)));
}

#[test]
fn a_restart_that_was_never_used_gives_way_to_the_next() {
    let mut peer = Peer::new();
    peer.send(0, 1, &check("first"));
    assert_eq!(peer.ice.restart(&parameters("second")), None);
    assert_eq!(peer.ice.restart(&parameters("third")).as_deref(), Some("second"));
    assert_eq!(peer.send(1, 1, &check("first")).1, Some(SUCCESS));
    assert_eq!(peer.send(2, 1, &check("third")).0.retired_ufrag.as_deref(), Some("first"));
}

#[test]
fn the_same_credentials_again_are_no_restart() {
    let mut peer = Peer::new();
    assert_eq!(peer.ice.restart(&parameters("first")), None);
    assert_eq!(peer.ice.local_ufrags().count(), 1);
}

#[test]
fn addresses_are_bounded_and_the_selected_one_is_never_forgotten() {
    let mut peer = Peer::new();
    peer.send(0, 1, &nominating("first"));
    let mut evicted = Vec::new();
    for from in 2..=20 {
        evicted.extend(peer.send(1, from, &check("first")).0.evicted);
    }
    assert_eq!(peer.ice.addresses().len(), MAX_ADDRESSES);
    assert!(peer.ice.addresses().contains(&address(1)));
    assert_eq!(evicted, (2..=13).map(address).collect::<Vec<_>>());
}
