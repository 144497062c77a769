//! Both paths on real loopback sockets: what is sent arrives, whole, in order, from the address it should be from.

use super::*;
use std::collections::BTreeMap;
use std::time::Duration;

const MODES: [IoMode; 2] = [IoMode::Batched, IoMode::Portable];

/// Plain sockets of std, as peers.
fn peers(count: usize) -> Vec<UdpSocket> {
    let peer = |_| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        socket
    };
    (0..count).map(peer).collect()
}

fn sender_on(listen: &str, mode: IoMode) -> (Sender, SocketAddr) {
    let socket = bind(listen.parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (Sender::new(socket, mode, 1_024).unwrap(), address)
}

/// Datagrams of frames as libwebrtc makes them, and some of other sizes, for each destination in turn. Sizes and contents
/// depend on the indices alone, so that two runs can be compared.
fn mixed_batch(destinations: &[SocketAddr], rounds: usize) -> SendBatch {
    let sizes = [1_100, 1_100, 1_101, 1_101, 60, 60, 1_200, 900, 1, 1_200];
    let mut batch = SendBatch::with_capacity(1 << 20, 1_024);
    for round in 0..rounds {
        for (index, &to) in destinations.iter().enumerate() {
            let len = sizes[(round + index * 3) % sizes.len()];
            let room = batch.reserve(len).unwrap();
            for (position, byte) in room.iter_mut().enumerate() {
                *byte = ((round * 31 + index * 17 + position) % 251).try_into().unwrap();
            }
            batch.commit(to, u32::try_from(index).unwrap(), len);
        }
    }
    batch
}

/// What a plain peer receives, in order.
fn take(peer: &UdpSocket, count: usize) -> Vec<(Vec<u8>, SocketAddr)> {
    let mut buffer = [0; 65_536];
    let mut one = || {
        let (len, from) = peer.recv_from(&mut buffer).unwrap();
        (buffer[..len].to_vec(), from)
    };
    (0..count).map(|_| one()).collect()
}

fn read_all(receiver: &mut Receiver, count: usize) -> Vec<(SocketAddr, Vec<u8>)> {
    let mut seen = Vec::new();
    for _ in 0..500 {
        receiver.receive(|incoming| {
            if let Incoming::Datagram(from, datagram) = incoming {
                seen.push((from, datagram.to_vec()));
            }
        });
        if seen.len() >= count {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    seen
}

#[test]
fn both_paths_deliver_the_same_datagrams_in_the_same_order_to_each_peer() {
    for mode in MODES {
        let peers = peers(5);
        let addresses: Vec<_> = peers.iter().map(|peer| peer.local_addr().unwrap()).collect();
        let (mut sender, from) = sender_on("127.0.0.1:0", mode);
        let batch = mixed_batch(&addresses, 60);
        sender.send_batch(&batch);
        for (peer, address) in peers.iter().zip(&addresses) {
            let expected: Vec<_> = batch.datagrams().filter(|(to, _)| to == address).collect();
            let seen = take(peer, expected.len());
            for (number, ((payload, source), (_, sent))) in seen.iter().zip(&expected).enumerate() {
                assert_eq!(payload, sent, "datagram {number}, {mode:?}");
                assert_eq!(*source, from, "{mode:?}");
            }
        }
        let counters = sender.counters();
        assert_eq!((counters.datagrams, counters.buffer_full, counters.errors), (300, 0, 0), "{mode:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_batch_leaves_in_one_call_and_frames_leave_segmented() {
    let peers = peers(3);
    let addresses: Vec<_> = peers.iter().map(|peer| peer.local_addr().unwrap()).collect();
    let (mut sender, _) = sender_on("127.0.0.1:0", IoMode::Batched);
    sender.send_batch(&mixed_batch(&addresses, 40));
    let counters = sender.counters();
    assert_eq!(counters.calls, 1);
    assert!(counters.segmented > 60, "{counters:?}");
    assert_eq!(counters.segmentation_refused, 0);
}

#[test]
fn joined_datagrams_are_split_where_they_were_cut() {
    for sending in MODES {
        for reading in MODES {
            let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let to = socket.local_addr().unwrap();
            let mut receiver = Receiver::new(socket, reading);
            let (mut sender, from) = sender_on("127.0.0.1:0", sending);
            let batch = mixed_batch(&[to], 80);
            sender.send_batch(&batch);
            let seen = read_all(&mut receiver, 80);
            let expected: Vec<_> = batch.datagrams().map(|(_, payload)| (from, payload.to_vec())).collect();
            assert!(seen == expected, "{sending:?} to {reading:?}: {} of {}", seen.len(), expected.len());
            assert_eq!(receiver.counters().datagrams, 80);
            assert_eq!(receiver.counters().truncated, 0);
        }
    }
}

#[test]
fn an_empty_datagram_is_nobodys() {
    for mode in MODES {
        let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let to = socket.local_addr().unwrap();
        let mut receiver = Receiver::new(socket, mode);
        let peer = &peers(1)[0];
        for payload in [&b""[..], b"something", b""] {
            peer.send_to(payload, to).unwrap();
        }
        let seen = read_all(&mut receiver, 1);
        assert_eq!(seen, [(peer.local_addr().unwrap(), b"something".to_vec())], "{mode:?}");
        assert_eq!(receiver.counters().errors, 0);
    }
}

#[test]
fn several_peers_datagrams_stay_apart() {
    for mode in MODES {
        let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let to = socket.local_addr().unwrap();
        let mut receiver = Receiver::new(socket, mode);
        let mut senders = [sender_on("127.0.0.1:0", IoMode::Batched), sender_on("127.0.0.1:0", IoMode::Batched)];
        for (sender, _) in &mut senders {
            sender.send_batch(&mixed_batch(&[to], 30));
        }
        let mut by_source: BTreeMap<_, Vec<Vec<u8>>> = BTreeMap::new();
        for (from, payload) in read_all(&mut receiver, 60) {
            by_source.entry(from).or_default().push(payload);
        }
        let expected: Vec<_> = mixed_batch(&[to], 30).datagrams().map(|(_, payload)| payload.to_vec()).collect();
        for (_, from) in senders {
            assert_eq!(by_source.get(&from), Some(&expected), "{mode:?}");
        }
    }
}

#[test]
fn a_dual_stack_socket_speaks_both_families_and_names_ipv4_plainly() {
    for mode in MODES {
        let socket = bind("[::]:0".parse().unwrap()).unwrap();
        let port = socket.local_addr().unwrap().port();
        let mut receiver = Receiver::new(socket.try_clone().unwrap(), mode);
        let mut sender = Sender::new(socket, mode, 1_024).unwrap();
        for host in ["127.0.0.1", "[::1]"] {
            let peer = UdpSocket::bind(format!("{host}:0")).unwrap();
            peer.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let address = peer.local_addr().unwrap();
            peer.send_to(b"there", format!("{host}:{port}")).unwrap();
            assert_eq!(read_all(&mut receiver, 1), [(address, b"there".to_vec())], "{mode:?}");
            sender.send_batch(&mixed_batch(&[address], 4));
            let seen = take(&peer, 4);
            assert_eq!(seen.iter().map(|(payload, _)| payload.len()).collect::<Vec<_>>(), [1_100, 1_100, 1_101, 1_101]);
            assert_eq!(seen[0].1.to_string(), format!("{host}:{port}"), "{mode:?}");
        }
    }
}

#[test]
fn what_cannot_be_sent_is_counted_and_the_rest_goes() {
    for mode in MODES {
        let peers = peers(1);
        let reachable = peers[0].local_addr().unwrap();
        let mut batch = SendBatch::with_capacity(1 << 20, 64);
        // Port 0 is nobody's.
        for (destination, to) in [(0, SocketAddr::from(([127, 0, 0, 1], 0))), (1, reachable)] {
            batch.reserve(3).unwrap().copy_from_slice(b"abc");
            batch.commit(to, destination, 3);
        }
        let (mut sender, _) = sender_on("127.0.0.1:0", mode);
        sender.send_batch(&batch);
        assert_eq!(take(&peers[0], 1)[0].0, b"abc");
        assert_eq!((sender.counters().datagrams, sender.counters().errors), (1, 1), "{mode:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_receive_queue_that_overflows_is_counted() {
    let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let to = socket.local_addr().unwrap();
    let mut receiver = Receiver::new(socket, IoMode::Batched);
    let (mut sender, _) = sender_on("127.0.0.1:0", IoMode::Batched);
    for _ in 0..40 {
        sender.send_batch(&mixed_batch(&[to], 500));
    }
    let before = read_all(&mut receiver, 20_000).len();
    // The kernel tells with the next datagram that it does queue.
    sender.send_batch(&mixed_batch(&[to], 1));
    let after = read_all(&mut receiver, 1).len();
    let lost = 20_001 - u64::try_from(before + after).unwrap();
    assert!(lost > 0, "the queue took everything: this test needs a larger flood");
    assert!(receiver.counters().queue_dropped > 0);
}
