//! The namespaces at the two ends of a link, and the device in each.
//!
//! Makes what is missing and removes what it made. Changes no other namespace, and nothing in the one it is called from.

use anyhow::{Context as _, Result, ensure};
use std::process::Command;
use tun_rs::{DeviceBuilder, SyncDevice};

/// The largest packet, as on Ethernet.
const MTU: &str = "1500";

/// Two named namespaces and the addresses that the link gives them.
#[derive(Clone, Debug)]
pub struct Ends {
    pub left: String,
    pub right: String,
    /// Tells several links of one namespace apart: 10.99.N.1 is the left end, 10.99.N.2 the right one.
    pub number: u8,
}

impl Ends {
    #[must_use]
    pub fn address_of(&self, namespace: &str) -> String {
        format!("10.99.{}.{}", self.number, if namespace == self.left { 1 } else { 2 })
    }

    fn address6_of(&self, namespace: &str) -> String {
        format!("fd99:{}::{}", self.number, if namespace == self.left { 1 } else { 2 })
    }

    fn device(&self) -> String {
        format!("link{}", self.number)
    }
}

/// The namespaces that this one has made; they go when it is dropped.
#[derive(Debug)]
pub struct Namespaces {
    made: Vec<String>,
}

impl Namespaces {
    /// Makes those of the two that are not there.
    pub fn ensure(ends: &Ends) -> Result<Self> {
        ensure!(ends.left != ends.right, "a link needs two namespaces, not `{}` twice", ends.left);
        let there = output(&["netns", "list"])?;
        let mut namespaces = Self { made: Vec::new() };
        for name in [&ends.left, &ends.right] {
            if there.lines().any(|line| line.split_whitespace().next() == Some(name)) {
                continue;
            }
            output(&["netns", "add", name])?;
            namespaces.made.push(name.clone());
            output(&["-n", name, "link", "set", "lo", "up"])?;
        }
        Ok(namespaces)
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in &self.made {
            if let Err(error) = output(&["netns", "delete", name]) {
                eprintln!("kenes-link: {error:#}");
            }
        }
    }
}

/// A TUN device within `namespace`, with its address and, on the left, the way to everywhere.
pub(super) fn open_device(ends: &Ends, namespace: &str) -> Result<SyncDevice> {
    let name = ends.device();
    // Made here under a passing name, since both ends carry the same.
    let passing = format!("{name}-{}", if namespace == ends.left { "l" } else { "r" });
    let device = DeviceBuilder::new().name(&passing).build_sync().context("cannot make a TUN device: is this root?")?;
    device.set_nonblocking(true)?;
    let (address, address6) = (ends.address_of(namespace), ends.address6_of(namespace));
    output(&["link", "set", &passing, "netns", namespace, "name", &name])?;
    output(&["-n", namespace, "addr", "add", &format!("{address}/24"), "dev", &name])?;
    output(&["-n", namespace, "addr", "add", &format!("{address6}/64"), "dev", &name, "nodad"])?;
    output(&["-n", namespace, "link", "set", &name, "mtu", MTU, "up"])?;
    if namespace == ends.left {
        output(&["-n", namespace, "route", "replace", "default", "dev", &name])?;
        output(&["-n", namespace, "-6", "route", "replace", "default", "dev", &name])?;
    }
    Ok(device)
}

/// Of `ip`, which comes with every Debian.
fn output(arguments: &[&str]) -> Result<String> {
    let output = Command::new("ip").args(arguments).output().context("cannot run `ip` (Debian: iproute2)")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`ip {}`: {}", arguments.join(" "), said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
