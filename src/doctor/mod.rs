//! `kenes doctor`: which hop between a person and a consultation is broken, and who can mend it.
//!
//! Looks from where it is started: beside a server by its configuration ([`machine`], then the way to its own public URL), or from a ward's
//! computer at a server's URL ([`way`]). Changes nothing, sends no message, needs no account.

mod machine;
mod udp;
mod way;

pub use machine::examine_machine;
pub use way::{NoServer, Way, examine_way};

use serde::Serialize;
use std::fmt::{self, Display, Formatter};

/// A hop that can be named to whoever keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    Disk,
    Database,
    SmsGateway,
    MailServer,
    PublicAddress,
    Dns,
    Connection,
    Certificate,
    Server,
    Clock,
    Udp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    /// Works, and will not for ever or not for everybody.
    Doubtful,
    Broken,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub hop: Hop,
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do about it; empty when nothing is to be done.
    pub remedy: String,
}

impl Finding {
    fn ok(hop: Hop, seen: impl Into<String>) -> Self {
        Self { hop, verdict: Verdict::Ok, seen: seen.into(), remedy: String::new() }
    }

    fn doubtful(hop: Hop, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { hop, verdict: Verdict::Doubtful, seen: seen.into(), remedy: remedy.into() }
    }

    fn broken(hop: Hop, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { hop, verdict: Verdict::Broken, seen: seen.into(), remedy: remedy.into() }
    }
}

/// What was found, in the order in which a packet meets the hops: the first that is broken is the one to mend first.
#[derive(Debug, Serialize)]
pub struct Report {
    pub findings: Vec<Finding>,
}

impl Report {
    #[must_use]
    pub fn first_broken(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.verdict == Verdict::Broken)
    }
}

impl Display for Hop {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Disk => "disk",
            Self::Database => "database",
            Self::SmsGateway => "SMS gateway",
            Self::MailServer => "mail server",
            Self::PublicAddress => "public address",
            Self::Dns => "DNS",
            Self::Connection => "connection",
            Self::Certificate => "certificate",
            Self::Server => "server",
            Self::Clock => "clock",
            Self::Udp => "UDP",
        })
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Doubtful => "doubtful",
            Self::Broken => "BROKEN",
        })
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for Finding { hop, verdict, seen, remedy } in &self.findings {
            writeln!(f, "{verdict:9} {hop:15} {seen}")?;
            if !remedy.is_empty() {
                writeln!(f, "{:25} {remedy}", "")?;
            }
        }
        match self.first_broken() {
            Some(finding) => write!(f, "The broken hop: {}.", finding.hop),
            None => write!(f, "No hop is broken."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_names_the_first_broken_hop_and_what_to_do() {
        let findings = vec![
            Finding::ok(Hop::Dns, "kenes.example is 203.0.113.7"),
            Finding::broken(Hop::Connection, "203.0.113.7:443 refuses", "Start the server."),
            Finding::broken(Hop::Udp, "203.0.113.7:40000 is silent", "Open the firewall."),
        ];
        let report = Report { findings };
        let text = report.to_string();
        assert_eq!(report.first_broken().unwrap().hop, Hop::Connection);
        assert!(text.contains("ok        DNS             kenes.example is 203.0.113.7\n"), "{text}");
        assert!(text.contains("                          Start the server.\n"), "{text}");
        assert!(text.ends_with("The broken hop: connection."), "{text}");
        assert_eq!(Report { findings: Vec::new() }.to_string(), "No hop is broken.");
    }
}
