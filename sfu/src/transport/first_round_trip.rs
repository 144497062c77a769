//! How long a peer's round trip is at most, by how soon it went on with connecting: known before any media is, where RTCP takes seconds
//! (the publisher's report, ours that goes by it, and the receiver's that names ours).
//!
//! Owns two moments of one peer. A handshake begins after the answer to a check has come there (RFC 8445 §12), and ends after our flight
//! has: neither can be sooner than a round trip. Either is later where something was lost or the peer took its time; both seldom are.

use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub(crate) struct FirstRoundTrip {
    /// The first check's.
    answered: Option<Instant>,
    handshake_began: bool,
    /// The first one, however often it was repeated.
    flight: Option<Instant>,
    least: Option<Duration>,
}

impl FirstRoundTrip {
    /// A check was answered.
    pub(crate) fn note_answer(&mut self, now: Instant) {
        self.answered.get_or_insert(now);
    }

    /// A datagram of the handshake has come.
    pub(crate) fn note_handshake(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.handshake_began, true) {
            self.note(now, self.answered);
        }
    }

    /// Something of the handshake is sent.
    pub(crate) fn note_flight(&mut self, now: Instant) {
        self.flight.get_or_insert(now);
    }

    /// The handshake is over; `None` where nothing of it was seen.
    pub(crate) fn end(&mut self, now: Instant) -> Option<Duration> {
        self.note(now, self.flight);
        self.least
    }

    fn note(&mut self, now: Instant, since: Option<Instant>) {
        let sample = since.map(|since| now.saturating_duration_since(since));
        self.least = [self.least, sample].into_iter().flatten().min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Milliseconds at which the check was answered, the handshake began, our flight left and the handshake was over.
    fn told(answered: u64, began: u64, flights: &[u64], over: u64) -> Option<u128> {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut first = FirstRoundTrip::default();
        first.note_answer(at(answered));
        first.note_answer(at(answered + 50));
        first.note_handshake(at(began));
        flights.iter().for_each(|ms| first.note_flight(at(*ms)));
        first.note_handshake(at(over));
        first.end(at(over)).map(|rtt| rtt.as_millis())
    }

    #[test]
    fn the_sooner_of_two_answers_tells() {
        assert_eq!(told(0, 300, &[301], 620), Some(300));
        assert_eq!(told(0, 360, &[361], 665), Some(304));
    }

    #[test]
    fn what_was_lost_once_spoils_one_of_them() {
        assert_eq!(told(0, 300, &[301, 501], 801), Some(300), "our flight was, or its repetition was one too many");
        assert_eq!(told(0, 400, &[401], 701), Some(300), "the answer to the first check was");
    }

    #[test]
    fn who_was_not_seen_connecting_has_none() {
        assert_eq!(FirstRoundTrip::default().end(Instant::now()), None);
    }
}
