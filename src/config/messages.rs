//! The sections of messages to patients: how often, by which gateway of SMS, by which mail server.

use super::ConfigError;
use super::sources::Merged;
use super::validate::Section;
use lettre::message::Mailbox;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// No `Debug`: it holds secrets; so do the sections below.
#[derive(Clone)]
pub struct Messages {
    /// Until the first of the attempts after a failed one.
    pub retry: Duration,
    pub timeout: Duration,
    /// Of certificate authorities beside the system's.
    pub ca_file: Option<PathBuf>,
    pub sms: Option<Sms>,
    pub smtp: Option<Smtp>,
}

#[derive(Clone)]
pub struct Sms {
    pub url: String,
    pub token: String,
    pub sender: String,
    /// `None`: delivery reports are not taken.
    pub delivery_secret: Option<String>,
}

#[derive(Clone)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub security: SmtpSecurity,
    /// User and password.
    pub account: Option<(String, String)>,
    pub from: Mailbox,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// RFC 3207, and nothing is said before it.
    StartTls,
    /// From the first byte (RFC 8314 §3.3).
    Tls,
    /// On this machine alone.
    None,
}

pub(super) fn validate(merged: &Merged) -> Result<Messages, ConfigError> {
    let messages = Section { merged, name: "messages" };
    Ok(Messages {
        retry: Duration::from_millis(messages.number("retry_ms", 100..=3_600_000)?),
        timeout: Duration::from_millis(messages.number("timeout_ms", 100..=120_000)?),
        ca_file: Some(messages.string("ca_file")).filter(|path| !path.is_empty()).map(PathBuf::from),
        sms: sms(&Section { merged, name: "sms" })?,
        smtp: smtp(&Section { merged, name: "smtp" })?,
    })
}

fn sms(section: &Section<'_>) -> Result<Option<Sms>, ConfigError> {
    let url = section.string("url");
    if url.is_empty() {
        return Ok(None);
    }
    if !is_private(url) {
        return Err(section.bad("url", url, "an https:// URL, or http:// on this machine"));
    }
    let token = section.string("token");
    if !is_printable(token, 1, 1000) {
        return Err(section.bad("token", token, "printable ASCII characters, since sms.url is set"));
    }
    let sender = section.string("sender");
    if !is_printable(sender, 1, 15) {
        return Err(section.bad("sender", sender, "1 to 15 printable ASCII characters"));
    }
    let secret = section.string("delivery_secret");
    if !secret.is_empty() && !is_printable(secret, 16, 200) {
        return Err(section.bad("delivery_secret", secret, "16 to 200 printable ASCII characters, or \"\""));
    }
    let delivery_secret = (!secret.is_empty()).then(|| secret.to_owned());
    Ok(Some(Sms { url: url.to_owned(), token: token.to_owned(), sender: sender.to_owned(), delivery_secret }))
}

fn smtp(section: &Section<'_>) -> Result<Option<Smtp>, ConfigError> {
    let host = section.string("host");
    if host.is_empty() {
        return Ok(None);
    }
    let security = match section.one_of("security", &["starttls", "tls", "none"])? {
        "starttls" => SmtpSecurity::StartTls,
        "tls" => SmtpSecurity::Tls,
        _ if is_this_machine(host) => SmtpSecurity::None,
        none => return Err(section.bad("security", none, "starttls or tls, since smtp.host is another machine")),
    };
    let account = match (section.string("user"), section.string("password")) {
        ("", "") => None,
        ("", _) => return Err(section.bad("user", "\"\"", "a name, since smtp.password is set")),
        (_, "") => return Err(section.bad("password", "\"\"", "a password, since smtp.user is set")),
        (user, password) => Some((user.to_owned(), password.to_owned())),
    };
    let from = section.string("from");
    let from = from.parse().map_err(|_| section.bad("from", from, "an address, e.g. Kenes <kenes@hospital.kz>"))?;
    Ok(Some(Smtp { host: host.to_owned(), port: section.number("port", 1..=65_535)?, security, account, from }))
}

/// Nobody on the way reads it: under TLS, or not leaving the machine.
fn is_private(url: &str) -> bool {
    let Ok(url) = url.parse::<reqwest::Url>() else { return false };
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(host.trim_matches(['[', ']'])))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_printable(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
