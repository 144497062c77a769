//! ICE-TCP as the passive side (RFC 6544): the client's connection carries one peer's datagrams, each with its length (RFC 4571).
//!
//! State: the shard that the first connectivity check named. Until then nothing is forwarded; afterwards everything is, since the shard
//! itself takes datagrams from those addresses alone that passed its own checks.

use crate::End;
use crate::connection::{Step, Tunnel};
use crate::framing::Framing;
use crate::routes::{AudioTypes, Route, Routes};
use std::time::Duration;
use tokio::time::Instant;

/// For the first check: a browser sends it as soon as it is connected.
const FIRST_CHECK_WITHIN: Duration = Duration::from_secs(10);
/// RFC 7675 §5.1: a living client checks consent each 5 s, and consent ends after 30.
const SILENT_AFTER: Duration = Duration::from_secs(30);
const LENGTH: usize = 2;

pub(crate) struct IceTcp<'r> {
    routes: &'r Routes,
    route: Option<Route>,
    deadline: Instant,
}

impl<'r> IceTcp<'r> {
    pub(crate) fn new(routes: &'r Routes, now: Instant) -> Self {
        Self { routes, route: None, deadline: now + FIRST_CHECK_WITHIN }
    }
}

impl Tunnel for IceTcp<'_> {
    const FRAMING: Framing = Framing::Length;

    fn receive<'m>(&mut self, now: Instant, message: &'m [u8]) -> Step<'m> {
        let datagram = message.get(LENGTH..).unwrap_or_default();
        self.route = self.route.or_else(|| self.routes.of_check(datagram));
        let Some(Route { shard, .. }) = self.route else {
            return Step::End(End::Stranger);
        };
        self.deadline = now + SILENT_AFTER;
        Step::Forward { leg: 0, shard, datagram }
    }

    fn wrap(&mut self, _now: Instant, _leg: usize, datagram: &[u8]) -> Option<Vec<u8>> {
        let length = u16::try_from(datagram.len()).ok()?;
        Some([&length.to_be_bytes(), datagram].concat())
    }

    fn audio(&self) -> AudioTypes {
        self.route.map(|route| route.audio).unwrap_or_default()
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }
}
