//! What is read of others' descriptions, and that others read ours.

use super::*;
use rand::SeedableRng as _;

fn local(layers: usize) -> LocalDescription {
    LocalDescription {
        address: "10.77.0.1:5000".parse().unwrap(),
        ufrag: "ours".into(),
        pwd: "aPasswordThatIsOurs1234".into(),
        fingerprint: ["AB"; 32].join(":"),
        layers,
        first_ssrc: 100,
    }
}

/// An answer with what servers answer differently: ice-lite above the sections, several candidates, extensions in one of the sections.
const ANSWER: &str = "v=0\r\no=- 1 2 IN IP4 10.77.0.1\r\ns=VideoRoom 1\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-lite\r\n\
m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 10.77.0.1\r\na=recvonly\r\na=mid:0\r\na=rtcp-mux\r\na=ice-ufrag:aGFv\r\n\
a=ice-pwd:uQy1pBYnU4TdKOVfUhfHkT\r\na=ice-options:trickle\r\n\
a=fingerprint:sha-256 01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F:20\r\n\
a=setup:passive\r\na=rtpmap:111 opus/48000/2\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=candidate:1 1 udp 2015363327 fe80::1 33000 typ host\r\n\
a=candidate:2 1 udp 2015363327 127.0.0.1 33001 typ host\r\na=candidate:3 1 udp 2015363327 10.77.0.1 33002 typ host\r\n\
a=end-of-candidates\r\n\
m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 10.77.0.1\r\na=recvonly\r\na=mid:1\r\na=rtcp-mux\r\n\
a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n";

const PUBLISHED: [Section; 2] = [Section::Publish(Kind::Audio), Section::Publish(Kind::Video)];

#[test]
fn an_answer_gives_the_transport_and_the_agreed_extensions() {
    let agreement = local(3).agree(&PUBLISHED, ANSWER).unwrap();
    assert_eq!(agreement.remote.address, SocketAddr::from(([10, 77, 0, 1], 33_002)));
    assert_eq!((agreement.remote.ufrag.as_str(), agreement.remote.fingerprint[..3].to_vec()), ("aGFv", vec![1, 2, 3]));
    let [audio, video] = agreement.publications.as_slice() else { panic!("{agreement:?}") };
    assert_eq!(
        (audio.ssrcs.as_slice(), audio.extensions.level, audio.extensions.transport_cc),
        (&[100][..], Some(1), None)
    );
    assert_eq!((video.ssrcs.as_slice(), video.extensions.transport_cc), (&[101, 102, 103][..], Some(3)));
}

#[test]
fn our_own_server_and_the_generator_understand_each_other() {
    let identity = kenes_sfu::transport::dtls::DtlsIdentity::generate().unwrap();
    let candidates = ["127.0.0.1:40000".parse().unwrap(), "10.77.0.1:40000".parse().unwrap()];
    let options = kenes_sfu::sdp::AnswerOptions {
        fingerprint: identity.fingerprint(),
        candidates: &candidates,
        tcp_candidates: &[],
    };
    let mut rng = rand::rngs::StdRng::seed_from_u64(1);
    let sections = [PUBLISHED[0], PUBLISHED[1], Section::Idle(Kind::Video), Section::Receive(Kind::Audio)];
    let offer = local(3).offer(&sections);
    let answered = kenes_sfu::sdp::answer(&offer, &options, &mut rng).unwrap();
    let agreement = local(3).agree(&sections, &answered.answer).unwrap();
    assert_eq!(agreement.remote.address, candidates[1]);
    assert_eq!(agreement.mids, ["0", "1", "2", "3"]);
    let everything = Extensions { mid: Some(4), rid: Some(5), level: None, transport_cc: Some(3) };
    assert_eq!(agreement.publications[1].extensions, everything);
    let again = LocalDescription { ufrag: "anew".into(), ..local(3) };
    let restarted =
        kenes_sfu::sdp::restart(&again.offer(&sections), &answered.description, &options, &mut rng).unwrap();
    let agreement_again = again.agree(&sections, &restarted.answer).unwrap();
    assert_ne!(agreement_again.remote.pwd, agreement.remote.pwd);
}

#[test]
fn a_refused_section_carries_nothing() {
    let answer = ANSWER.replace("m=video 9", "m=video 0");
    let agreement = local(1).agree(&PUBLISHED, &answer).unwrap();
    assert_eq!(agreement.mids, ["0"]);
    assert_eq!(agreement.publications.len(), 1);
}

#[test]
fn a_servers_offer_is_answered_as_the_dtls_client_that_takes_what_it_gives() {
    let offer = ANSWER.replace("recvonly", "sendonly").replace("setup:passive", "setup:actpass")
        + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n";
    let (answer, agreement) = local(1).answer(&offer, &[]).unwrap();
    assert_eq!(agreement.payload_types, [(111, Kind::Audio), (96, Kind::Video)]);
    assert!(agreement.publications.is_empty());
    for line in [
        "a=group:BUNDLE 0 1\r\n",
        "a=setup:active\r\n",
        "a=recvonly\r\n",
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n",
        "m=application 0 ",
    ] {
        assert!(answer.contains(line), "{line} in {answer}");
    }
}

#[test]
fn a_server_that_offers_to_receive_gets_what_is_published() {
    let (answer, agreement) = local(1).answer(ANSWER, &[Kind::Audio, Kind::Video]).unwrap();
    assert_eq!(agreement.publications.len(), 2);
    assert!(answer.contains("a=sendonly") && answer.contains("a=ssrc:101 cname:load"));
}

#[test]
fn an_offer_is_one_that_others_can_read() {
    let sections = [Section::Publish(Kind::Video), Section::Idle(Kind::Audio), Section::Receive(Kind::Video)];
    let offer = local(3).offer(&sections);
    let session =
        rtc::sdp::description::session::SessionDescription::unmarshal(&mut std::io::Cursor::new(&offer)).unwrap();
    assert_eq!(session.media_descriptions.len(), 3);
    let read = Description::parse(&offer).unwrap();
    assert_eq!(read.remote().unwrap().address, SocketAddr::from(([10, 77, 0, 1], 5_000)));
    let directions: Vec<(bool, bool)> = read.sections.iter().map(|section| (section.takes, section.gives)).collect();
    assert_eq!(directions, [(false, true), (false, true), (true, false)]);
    assert!(offer.contains("a=simulcast:send q;h;f"));
}
