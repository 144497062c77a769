//! Who sends what to whom, with which keys: the bare forwarder's only state beside packets.

use crate::packet_key::PacketKey;
use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use kenes_bench_shard::cipher::Cipher;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// A line of standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// A client behind an address of its own, with what DTLS would have exported, as hex: client key, server key, client salt,
    /// server salt of AEAD_AES_128_GCM (RFC 5764 §4.2).
    Connection {
        address: SocketAddr,
        material: String,
    },
    /// Packets of this SSRC from one go to the other, too.
    Route {
        from: SocketAddr,
        ssrc: u32,
        to: SocketAddr,
    },
    Gone {
        address: SocketAddr,
    },
}

const KEY_LEN: usize = 16;
const SALT_LEN: usize = 12;
pub const MATERIAL_LEN: usize = 2 * (KEY_LEN + SALT_LEN);

#[derive(Default)]
pub(super) struct Table {
    connections: Vec<Option<Connection>>,
    /// By port: clients of one load share an address, and each has a port of its own.
    by_port: Vec<Option<usize>>,
}

pub(super) struct Connection {
    pub(super) address: SocketAddr,
    pub(super) opens: Direction,
    pub(super) seals: Direction,
    streams: Vec<Stream>,
}

pub(super) struct Direction {
    pub(super) key: PacketKey,
    salt: [u8; SALT_LEN],
}

struct Stream {
    ssrc: u32,
    /// The newest packet's number with its rollovers (RFC 3711 §3.3.1).
    newest: Option<u64>,
    to: Vec<usize>,
}

impl Table {
    pub(super) fn obey(&mut self, order: Order) -> Result<()> {
        match order {
            Order::Connection { address, material } => {
                let index = self.connections.len();
                self.connections.push(Some(Connection::new(address, &material)?));
                let port = usize::from(address.port());
                if self.by_port.len() <= port {
                    self.by_port.resize(port + 1, None);
                }
                let place = self.by_port.get_mut(port).context("no such port")?;
                ensure!(place.replace(index).is_none(), "two clients with port {port}");
            }
            Order::Route { from, ssrc, to } => {
                // Somebody who is gone already needs no route.
                let (Some(from), Some(to)) = (self.at(from), self.at(to)) else { return Ok(()) };
                let Some(connection) = self.connections.get_mut(from).and_then(Option::as_mut) else { return Ok(()) };
                match connection.streams.iter_mut().find(|stream| stream.ssrc == ssrc) {
                    Some(stream) => stream.to.push(to),
                    None => connection.streams.push(Stream { ssrc, newest: None, to: vec![to] }),
                }
            }
            Order::Gone { address } => {
                let index = self.by_port.get_mut(usize::from(address.port())).and_then(Option::take);
                if let Some(index) = index {
                    self.connections.get_mut(index).and_then(Option::take);
                    let streams = self.connections.iter_mut().flatten().flat_map(|connection| &mut connection.streams);
                    streams.for_each(|stream| stream.to.retain(|to| *to != index));
                }
            }
        }
        Ok(())
    }

    pub(super) fn at(&self, address: SocketAddr) -> Option<usize> {
        self.by_port.get(usize::from(address.port())).copied().flatten()
    }

    pub(super) fn connection(&self, index: usize) -> Option<&Connection> {
        self.connections.get(index)?.as_ref()
    }

    /// The packet's number with its rollovers, and where it goes.
    pub(super) fn number(&mut self, connection: usize, ssrc: u32, sequence: u16) -> Option<u64> {
        let connection = self.connections.get_mut(connection)?.as_mut()?;
        let stream = connection.streams.iter_mut().find(|stream| stream.ssrc == ssrc)?;
        let newest = stream.newest.unwrap_or_else(|| u64::from(sequence));
        let [.., high, low] = newest.to_be_bytes();
        let ahead = sequence.wrapping_sub(u16::from_be_bytes([high, low]));
        let behind = ahead.wrapping_neg();
        let number = if ahead < 0x8000 { newest + u64::from(ahead) } else { newest.saturating_sub(u64::from(behind)) };
        stream.newest = Some(newest.max(number));
        Some(number)
    }

    pub(super) fn receivers(&self, connection: usize, ssrc: u32) -> &[usize] {
        let streams = self.connection(connection).map_or(&[][..], |connection| &connection.streams);
        streams.iter().find(|stream| stream.ssrc == ssrc).map_or(&[], |stream| &stream.to)
    }
}

impl Connection {
    fn new(address: SocketAddr, material: &str) -> Result<Self> {
        let material = unhex(material)?;
        ensure!(material.len() == MATERIAL_LEN, "{} bytes of key material", material.len());
        let (keys, salts) = material.split_at(2 * KEY_LEN);
        let ((client_key, server_key), (client_salt, server_salt)) = (keys.split_at(KEY_LEN), salts.split_at(SALT_LEN));
        let opens = Direction::new(client_key, client_salt)?;
        Ok(Self { address, opens, seals: Direction::new(server_key, server_salt)?, streams: Vec::new() })
    }
}

impl Direction {
    /// RFC 3711 §4.3.1: label 0 gives the key, label 2 the salt.
    fn new(key: &[u8], salt: &[u8]) -> Result<Self> {
        let derived: [u8; KEY_LEN] = derive(key, salt, 0)?;
        Ok(Self { key: PacketKey::new(Cipher::Gcm128, &derived, &[])?, salt: derive(key, salt, 2)? })
    }

    /// Two zeros, SSRC and the 48-bit number, XOR the salt (RFC 7714 §8.1); the rest is not used.
    pub(super) fn iv(&self, ssrc: u32, number: u64) -> [u8; 16] {
        let mut iv = [0; 16];
        let [_, _, number @ ..] = number.to_be_bytes();
        let plain = [0, 0].into_iter().chain(ssrc.to_be_bytes()).chain(number);
        iv.iter_mut().zip(plain.zip(self.salt)).for_each(|(byte, (plain, salt))| *byte = plain ^ salt);
        iv
    }
}

/// The keystream of the master key at the salt with the label on it (RFC 3711 §4.3.3).
fn derive<const LEN: usize>(key: &[u8], salt: &[u8], label: u8) -> Result<[u8; LEN]> {
    let mut iv = [0; 16];
    iv.iter_mut().zip(salt).for_each(|(byte, salt)| *byte = *salt);
    if let Some(byte) = iv.get_mut(7) {
        *byte ^= label;
    }
    let mut stream = [0; LEN];
    let key = EncryptingKey::ctr(UnboundCipherKey::new(&AES_128, key)?)?;
    key.less_safe_encrypt(&mut stream, EncryptionContext::Iv128(iv.into()))?;
    Ok(stream)
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?));
    pairs.collect()
}
