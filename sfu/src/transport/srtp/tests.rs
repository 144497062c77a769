//! Both halves together, against `rtc-srtp` as the independent implementation, and against an adversary.

use super::*;
use crate::ids::Ssrc;
use crate::rtp::corpus::replay_with_mutations;
use crate::rtp::header::RtpHeader;
use crate::rtp::sequence::ExtendedSeq;
use rtc_srtp::context::Context;
use rtc_srtp::crypto::RTCCryptoProvider;
use rtc_srtp::crypto::providers::AwsLcRsProvider;
use rtc_srtp::protection_profile::ProtectionProfile;

const PROFILES: [SrtpProfile; 3] =
    [SrtpProfile::AeadAes256Gcm, SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80];
const SSRC: u32 = 0xcafe_f00d;
const HEADER_LEN: usize = 20;

pub(super) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}

fn keying_material(profile: SrtpProfile) -> Vec<u8> {
    (1..=255).take(profile.keying_material_len()).collect()
}

/// The receiver of a server and the sender of its client, by the material both exported.
fn pair(profile: SrtpProfile) -> (SrtpReceiver, SrtpSender) {
    let material = keying_material(profile);
    let (receiver, _) = from_keying_material(profile, &material, false).unwrap();
    let (_, sender) = from_keying_material(profile, &material, true).unwrap();
    (receiver, sender)
}

/// The client's context of the other implementation.
fn reference(profile: SrtpProfile) -> Context {
    let material = keying_material(profile);
    let keys_len = 2 * profile.key_len();
    let salt = &material[keys_len..keys_len + profile.salt_len()];
    let theirs = match profile {
        SrtpProfile::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
        SrtpProfile::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        SrtpProfile::Aes128CmSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
    };
    Context::new(&material[..profile.key_len()], salt, theirs, None, None, AwsLcRsProvider::new().crypto()).unwrap()
}

/// A plain packet with a header extension.
fn rtp(seq: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x90, 96, 0, 0, 1, 2, 3, 4, 0xca, 0xfe, 0xf0, 0x0d, 0xbe, 0xde, 0, 1, 0x31, 5, 6, 0];
    packet[2..4].copy_from_slice(&seq.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

fn rtcp(octets: u8) -> Vec<u8> {
    let mut packet = hex("80c80006 cafef00d 0102030405060708 11111111 22222222 000000");
    packet.push(octets);
    packet
}

fn protect(sender: &SrtpSender, index: u64, payload: &[u8]) -> Vec<u8> {
    let index = ExtendedSeq(index);
    let mut buffer = rtp(index.seq_no().0, payload);
    let plain_len = buffer.len();
    buffer.resize(plain_len + MAX_OVERHEAD, 0);
    let len = sender.protect_rtp(&mut buffer, HEADER_LEN, plain_len, Ssrc(SSRC), index).unwrap();
    buffer.truncate(len);
    buffer
}

fn protect_rtcp(sender: &mut SrtpSender, plain: &[u8]) -> Vec<u8> {
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + MAX_OVERHEAD, 0);
    let len = sender.protect_rtcp(&mut buffer, plain.len()).unwrap();
    buffer.truncate(len);
    buffer
}

fn unprotect(receiver: &mut SrtpReceiver, packet: &[u8]) -> Result<(Vec<u8>, ExtendedSeq), SrtpError> {
    let mut packet = packet.to_vec();
    let header = RtpHeader::parse(&packet).unwrap();
    let opened = receiver.unprotect_rtp(&mut packet, &header)?;
    packet.truncate(opened.len);
    Ok((packet, opened.index))
}

#[test]
fn another_implementation_opens_what_we_seal_across_a_rollover() {
    for profile in PROFILES {
        let mut reference = reference(profile);
        let (_, mut sender) = pair(profile);
        for index in 65_500..65_600_u64 {
            let protected = protect(&sender, index, b"voice");
            let plain = reference.decrypt_rtp(&protected).unwrap();
            assert_eq!(plain[..], rtp(ExtendedSeq(index).seq_no().0, b"voice"), "{profile:?}");
        }
        for octets in 0..5 {
            let protected = protect_rtcp(&mut sender, &rtcp(octets));
            assert_eq!(reference.decrypt_rtcp(&protected).unwrap()[..], rtcp(octets), "{profile:?}");
        }
    }
}

#[test]
fn we_open_what_another_implementation_seals_across_a_rollover() {
    for profile in PROFILES {
        let mut reference = reference(profile);
        let (mut receiver, _) = pair(profile);
        for index in 65_500..65_600_u64 {
            let plain = rtp(ExtendedSeq(index).seq_no().0, b"voice");
            let protected = reference.encrypt_rtp(&plain).unwrap();
            assert_eq!(unprotect(&mut receiver, &protected), Ok((plain, ExtendedSeq(index))), "{profile:?}");
        }
        for octets in 0..5 {
            let mut protected = reference.encrypt_rtcp(&rtcp(octets)).unwrap();
            let len = receiver.unprotect_rtcp(&mut protected).unwrap();
            assert_eq!(protected[..len], rtcp(octets), "{profile:?}");
        }
    }
}

#[test]
fn a_rollover_inside_a_gap_and_late_packets_around_it_are_opened() {
    for profile in PROFILES {
        let (mut receiver, sender) = pair(profile);
        for index in [65_000, 95_000, 94_500, 127_000, 131_073, 131_071, 131_072, 160_000] {
            let opened = unprotect(&mut receiver, &protect(&sender, index, b"picture"));
            assert_eq!(opened.map(|(_, index)| index.0), Ok(index), "{profile:?}");
        }
    }
}

#[test]
fn a_replayed_packet_is_refused() {
    for profile in PROFILES {
        let (mut receiver, mut sender) = pair(profile);
        let protected = protect(&sender, 10, b"voice");
        assert!(unprotect(&mut receiver, &protected).is_ok());
        assert_eq!(unprotect(&mut receiver, &protected), Err(SrtpError::Replayed));
        let report = protect_rtcp(&mut sender, &rtcp(1));
        assert!(receiver.unprotect_rtcp(&mut report.clone()).is_ok());
        assert_eq!(receiver.unprotect_rtcp(&mut report.clone()), Err(SrtpError::Replayed));
    }
}

#[test]
fn no_changed_byte_goes_unnoticed_and_none_changes_the_receiver() {
    for profile in PROFILES {
        let (mut receiver, mut sender) = pair(profile);
        let protected = protect(&sender, 40_000, b"voice");
        for position in 1..protected.len() {
            let mut forged = protected.clone();
            forged[position] ^= 0x04;
            let mut copy = forged.clone();
            // Changing the length of the extension block moves the payload; the tag covers that too.
            if let Ok(header) = RtpHeader::parse(&forged) {
                assert!(receiver.unprotect_rtp(&mut copy, &header).is_err(), "{profile:?} byte {position}");
            }
        }
        let report = protect_rtcp(&mut sender, &rtcp(1));
        for position in 0..report.len() {
            let mut forged = report.clone();
            forged[position] ^= 0x40;
            assert!(receiver.unprotect_rtcp(&mut forged).is_err(), "{profile:?} byte {position}");
        }
        // A forgery far ahead must not have moved the window or the rollover counter.
        assert_eq!(unprotect(&mut receiver, &protected).map(|(_, index)| index.0), Ok(40_000));
        assert!(receiver.unprotect_rtcp(&mut report.clone()).is_ok());
    }
}

#[test]
fn a_packet_cut_short_anywhere_is_refused() {
    for profile in PROFILES {
        let (mut receiver, mut sender) = pair(profile);
        let protected = protect(&sender, 7, b"voice");
        for len in 0..protected.len() {
            if let Ok(header) = RtpHeader::parse(&protected[..len]) {
                assert!(receiver.unprotect_rtp(&mut protected[..len].to_vec(), &header).is_err());
            }
        }
        let report = protect_rtcp(&mut sender, &rtcp(1));
        for len in 0..report.len() {
            assert!(receiver.unprotect_rtcp(&mut report[..len].to_vec()).is_err());
        }
    }
}

#[test]
fn an_unencrypted_report_is_refused() {
    let (mut receiver, mut sender) = pair(SrtpProfile::AeadAes128Gcm);
    let mut report = protect_rtcp(&mut sender, &rtcp(1));
    let index_word = report.len() - 4;
    report[index_word] &= 0x7f;
    assert_eq!(receiver.unprotect_rtcp(&mut report), Err(SrtpError::NotEncrypted));
}

#[test]
fn a_buffer_without_room_for_the_tag_is_refused() {
    for profile in PROFILES {
        let (_, mut sender) = pair(profile);
        let mut packet = rtp(1, b"voice");
        let plain_len = packet.len();
        let sealed = sender.protect_rtp(&mut packet, HEADER_LEN, plain_len, Ssrc(SSRC), ExtendedSeq(1));
        assert_eq!(sealed, Err(SrtpError::NoRoom));
        assert_eq!(packet, rtp(1, b"voice"), "a refused packet stays as it was");
        let mut report = rtcp(1);
        let plain_len = report.len();
        assert_eq!(sender.protect_rtcp(&mut report, plain_len), Err(SrtpError::NoRoom));
    }
}

#[test]
fn an_index_beyond_48_bits_is_refused() {
    let (_, sender) = pair(SrtpProfile::AeadAes128Gcm);
    let mut buffer = [0; 64];
    let sealed = sender.protect_rtp(&mut buffer, 12, 20, Ssrc(SSRC), ExtendedSeq(1 << 48));
    assert_eq!(sealed, Err(SrtpError::KeyExhausted));
}

#[test]
fn corpus_and_mutations_of_it_are_refused_and_never_panic() {
    replay_with_mutations("srtp", |bytes| {
        for profile in PROFILES {
            let (mut receiver, _) = pair(profile);
            if let Ok(header) = RtpHeader::parse(bytes) {
                assert!(receiver.unprotect_rtp(&mut bytes.to_vec(), &header).is_err(), "nobody has the key");
            }
            assert!(receiver.unprotect_rtcp(&mut bytes.to_vec()).is_err(), "nobody has the key");
        }
    });
}
