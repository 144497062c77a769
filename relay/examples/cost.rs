//! What a person by TCP costs beside one by UDP: processor time of the relay's thread for each datagram, either way, over loopback.
//!
//! `cargo run --release -p kenes-relay --example cost`. The unit beside it is a bare `send` and `recv` of the same datagram on a connected UDP
//! socket in the same run, since machines differ. Loopback counts the receiving kernel's work with the sender's.
#![expect(clippy::print_stdout, reason = "it is what this program is for")]

use kenes_relay::{Relay, Route, Settings};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

const DATAGRAM: usize = 1_148;
/// A burst, then a pause: 4,000 datagrams a second, which is what a screen and six people are.
const BURST: usize = 40;
const PAUSE: Duration = Duration::from_millis(10);
const BURSTS: usize = 500;

fn main() -> io::Result<()> {
    let shard = UdpSocket::bind("127.0.0.1:0")?;
    let (mut client, relay_time) = start(&shard)?;
    client.write_all(&framed(&check()))?;
    let mut buffer = [0; 2_048];
    let (_, leg) = shard.recv_from(&mut buffer)?;

    let before = relay_time.read()?;
    let reading = client.try_clone()?;
    let reader = thread::spawn(move || read_all(reading));
    for _ in 0..BURSTS {
        for _ in 0..BURST {
            shard.send_to(&rtp(), leg)?;
        }
        thread::sleep(PAUSE);
    }
    let down = relay_time.read()? - before;

    let before = relay_time.read()?;
    let draining = shard.try_clone()?;
    thread::spawn(move || {
        let mut buffer = [0; 2_048];
        while draining.recv(&mut buffer).is_ok() {}
    });
    for _ in 0..BURSTS {
        client.write_all(&framed(&rtp()).repeat(BURST))?;
        thread::sleep(PAUSE);
    }
    let up = relay_time.read()? - before;
    client.shutdown(std::net::Shutdown::Both)?;
    let arrived = reader.join().map_err(|_| io::Error::other("the reader panicked"))??;

    let bare = bare()?;
    let datagrams = BURSTS * BURST;
    println!("{datagrams} datagrams of {DATAGRAM} bytes each way, {arrived} bytes at the client");
    println!("bare UDP send + recv   {bare:6.2} us");
    for (name, time) in [("relay, shard to client", down), ("relay, client to shard", up)] {
        let each = time.as_secs_f64() * 1e6 / f64::from(u32::try_from(datagrams).unwrap_or(u32::MAX));
        println!("{name} {each:6.2} us = {:.1} x bare", each / bare);
    }
    Ok(())
}

/// A relay on a thread of its own, and a client that is connected to it.
fn start(shard: &UdpSocket) -> io::Result<(TcpStream, ThreadTime)> {
    let local = shard.local_addr()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    client.set_nodelay(true)?;
    let (stream, _) = listener.accept()?;
    let (said, heard) = mpsc::channel();
    thread::spawn(move || -> io::Result<()> {
        said.send(ThreadTime::of_this()?).map_err(io::Error::other)?;
        let settings = Settings {
            shards: vec![local],
            hosts: vec![local.ip()],
            secret: [0; 32],
            unix_seconds: || 0,
            max_connections: 1,
            max_connections_per_address: 1,
        };
        let relay = Arc::new(Relay::new(settings));
        relay.routes().insert("ours", Route { shard: local, audio: [111].into_iter().collect() });
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            stream.set_nonblocking(true)?;
            let stream = tokio::net::TcpStream::from_std(stream)?;
            kenes_relay::tune(&stream);
            relay.serve_ice_tcp(stream).await;
            Ok(())
        })
    });
    Ok((client, heard.recv().map_err(io::Error::other)?))
}

/// The same datagram from one connected socket to another.
fn bare() -> io::Result<f64> {
    let (near, far) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    near.connect(far.local_addr()?)?;
    let (time, datagram, mut buffer) = (ThreadTime::of_this()?, rtp(), [0; 2_048]);
    let before = time.read()?;
    for _ in 0..BURSTS {
        for _ in 0..BURST {
            near.send(&datagram)?;
            far.recv(&mut buffer)?;
        }
    }
    let each = (time.read()? - before).as_secs_f64() * 1e6;
    Ok(each / f64::from(u32::try_from(BURSTS * BURST).unwrap_or(u32::MAX)))
}

fn read_all(mut client: TcpStream) -> io::Result<usize> {
    let (mut buffer, mut all) = (vec![0; 64 * 1024], 0);
    loop {
        match client.read(&mut buffer)? {
            0 => return Ok(all),
            count => all += count,
        }
    }
}

/// Processor time of one thread, as the kernel's scheduler counts it in nanoseconds.
struct ThreadTime(PathBuf);

impl ThreadTime {
    fn of_this() -> io::Result<Self> {
        Ok(Self(PathBuf::from("/proc").join(std::fs::read_link("/proc/thread-self")?).join("schedstat")))
    }

    fn read(&self) -> io::Result<Duration> {
        let text = std::fs::read_to_string(&self.0)?;
        let nanos = text.split_whitespace().next().and_then(|first| first.parse().ok());
        nanos.map(Duration::from_nanos).ok_or_else(|| io::Error::other("no time of the thread"))
    }
}

fn rtp() -> Vec<u8> {
    let mut datagram = vec![0; DATAGRAM];
    if let Some(header) = datagram.first_chunk_mut() {
        *header = [0x80, 96];
    }
    datagram
}

fn framed(datagram: &[u8]) -> Vec<u8> {
    [&u16::try_from(datagram.len()).unwrap_or_default().to_be_bytes(), datagram].concat()
}

/// A connectivity check for `ours:them`.
fn check() -> Vec<u8> {
    let attribute = [&[0, 6, 0, 9][..], b"ours:them", &[0; 3]].concat();
    [&[0, 1, 0, 16, 0x21, 0x12, 0xA4, 0x42][..], &[5; 12], &attribute].concat()
}
