//! From merged TOML to [`Config`]: each value against its range. A range here is the one that `config/default.toml` states.

use super::sources::{Merged, bad_value};
use super::{
    Booking, CertificateFiles, Config, ConfigError, Demo, Http, Https, Log, Media, Oidc, Relay, Rooms, Storage, Tokens,
    messages,
};
use crate::model::time::Zone;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;
use toml::Value;
use url::Url;

pub(super) fn validate(merged: &Merged) -> Result<Config, ConfigError> {
    Ok(Config {
        http: http(&Section { merged, name: "http" })?,
        https: https(&Section { merged, name: "https" })?,
        media: media(&Section { merged, name: "media" })?,
        relay: relay(&Section { merged, name: "relay" })?,
        storage: storage(&Section { merged, name: "storage" })?,
        booking: booking(&Section { merged, name: "booking" })?,
        rooms: rooms(&Section { merged, name: "rooms" })?,
        tokens: tokens(&Section { merged, name: "tokens" })?,
        messages: messages::validate(merged)?,
        oidc: oidc(&Section { merged, name: "oidc" })?,
        demo: demo(&Section { merged, name: "demo" })?,
        log: log(&Section { merged, name: "log" })?,
    })
}

fn http(section: &Section<'_>) -> Result<Http, ConfigError> {
    let public_url = section.string("public_url");
    Ok(Http {
        listen: section.address("listen")?,
        public_url: if public_url.is_empty() { None } else { Some(section.origin("public_url", public_url)?) },
        allowed_origins: section
            .strings("allowed_origins")?
            .iter()
            .map(|text| section.origin("allowed_origins", text))
            .collect::<Result<_, _>>()?,
        max_sockets: section.number("max_sockets", 1..=100_000)?,
        joins_per_minute: section.number("joins_per_minute", 1..=100_000)?,
        sign_ins_per_minute: section.number("sign_ins_per_minute", 1..=100_000)?,
        link_checks_per_minute: section.number("link_checks_per_minute", 1..=100_000)?,
    })
}

fn https(section: &Section<'_>) -> Result<Option<Https>, ConfigError> {
    let files = match (section.string("certificate_file"), section.string("key_file")) {
        ("", "") => None,
        ("", _) => return Err(section.bad("certificate_file", "\"\"", "a PEM file, since https.key_file is set")),
        (_, "") => return Err(section.bad("key_file", "\"\"", "a PEM file, since https.certificate_file is set")),
        (certificate, key) => {
            Some(CertificateFiles { certificate: PathBuf::from(certificate), key: PathBuf::from(key) })
        }
    };
    if section.string("listen").is_empty() {
        return Ok(None);
    }
    Ok(Some(Https { listen: section.address("listen")?, files }))
}

fn media(section: &Section<'_>) -> Result<Media, ConfigError> {
    let listen = section.address("listen")?;
    let shards = match section.number("shards", 0..=64)? {
        0 => cores().saturating_sub(1).max(1),
        shards => shards,
    };
    if listen.port() != 0 && usize::from(u16::MAX - listen.port()) < shards.saturating_sub(1) {
        let allowed = format!("a port up to {}, since {shards} shards take one each", 65_536 - shards);
        return Err(section.bad("listen", &listen.to_string(), allowed));
    }
    let public_addresses = section
        .strings("public_addresses")?
        .iter()
        .map(|text| text.parse::<IpAddr>().map_err(|_| section.bad("public_addresses", text, "IP addresses")))
        .collect::<Result<_, _>>()?;
    Ok(Media { listen, public_addresses, shards, pin_shards: section.flag("pin_shards") && shards < cores() })
}

fn relay(section: &Section<'_>) -> Result<Relay, ConfigError> {
    let port = section.number("port", 0..=65_535)?;
    Ok(Relay {
        enabled: section.flag("enabled"),
        port: (port != 0).then_some(port),
        max_connections: section.number("max_connections", 1..=100_000)?,
        max_connections_per_address: section.number("max_connections_per_address", 1..=100_000)?,
    })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn storage(section: &Section<'_>) -> Result<Storage, ConfigError> {
    let data_folder = section.string("data_folder");
    if data_folder.is_empty() {
        return Err(section.bad("data_folder", "\"\"", "a path"));
    }
    let url = section.string("database_url");
    let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
    if !url.is_empty() && !is_postgres {
        return Err(section.bad("database_url", url, "a postgres:// URL, or \"\" for SQLite"));
    }
    Ok(Storage { data_folder: PathBuf::from(data_folder), database_url: is_postgres.then(|| url.to_owned()) })
}

fn booking(section: &Section<'_>) -> Result<Booking, ConfigError> {
    let days: u64 = section.number("horizon_days", 1..=90)?;
    Ok(Booking { horizon: Duration::from_secs(days * 24 * 3600) })
}

fn rooms(section: &Section<'_>) -> Result<Rooms, ConfigError> {
    Ok(Rooms {
        max_rooms: section.number("max_rooms", 1..=100_000)?,
        empty_life: Duration::from_millis(section.number("empty_room_ms", 1000..=86_400_000)?),
        drain: Duration::from_millis(section.number("drain_ms", 0..=60_000)?),
    })
}

fn tokens(section: &Section<'_>) -> Result<Tokens, ConfigError> {
    let text = section.string("key");
    let key = match text {
        "" => None,
        text => Some(key_bytes(text).ok_or_else(|| section.bad("key", text, "64 hexadecimal digits, or \"\""))?),
    };
    Ok(Tokens { key, join_token_life: Duration::from_millis(section.number("join_token_ms", 10_000..=3_600_000)?) })
}

fn oidc(section: &Section<'_>) -> Result<Option<Oidc>, ConfigError> {
    let issuer = section.string("issuer");
    if issuer.is_empty() {
        return Ok(None);
    }
    if !is_issuer(issuer) {
        return Err(section.bad("issuer", issuer, "an https:// URL without query and fragment, or \"\""));
    }
    let filled = |key, most: usize, allowed: &str| {
        let text = section.string(key);
        let is_filled = (1..=most).contains(&text.chars().count()) && !text.contains(char::is_control);
        if is_filled { Ok(text.to_owned()) } else { Err(section.bad(key, text, allowed)) }
    };
    let scopes = section.string("scopes");
    if !scopes.split(' ').any(|scope| scope == "openid") {
        return Err(section.bad("scopes", scopes, "`openid` and others, separated by spaces"));
    }
    let secret = section.string("client_secret");
    Ok(Some(Oidc {
        issuer: issuer.to_owned(),
        client_id: filled("client_id", 255, "the name that the provider gave this server")?,
        client_secret: (!secret.is_empty()).then(|| secret.to_owned()),
        name: filled("name", 40, "1 to 40 characters")?,
        login_claim: filled("login_claim", 80, "a claim's name")?,
        scopes: scopes.to_owned(),
    }))
}

/// OpenID Connect Discovery 1.0 §3.
fn is_issuer(text: &str) -> bool {
    let is_plain = |url: &Url| url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    Url::parse(text).is_ok_and(|url| Oidc::is_private(&url) && is_plain(&url))
}

fn demo(section: &Section<'_>) -> Result<Demo, ConfigError> {
    let hours: u64 = section.number("invitation_hours", 1..=168)?;
    let zone = section.string("time_zone");
    Ok(Demo {
        seed: section.flag("seed"),
        time_zone: Zone::named(zone)
            .map_err(|_| section.bad("time_zone", zone, "a name of the IANA time zone database"))?,
        rooms: section.number("rooms", 0..=1000)?,
        language: section.one_of("language", &["kk", "ru", "en"])?.to_owned(),
        invitation_life: Duration::from_secs(hours * 3600),
    })
}

fn log(section: &Section<'_>) -> Result<Log, ConfigError> {
    let filter = section.string("filter");
    if filter.parse::<tracing_subscriber::EnvFilter>().is_err() {
        return Err(section.bad("filter", filter, "EnvFilter directives, e.g. info or kenes=debug"));
    }
    Ok(Log { json: section.one_of("format", &["text", "json"])? == "json", filter: filter.to_owned() })
}

fn key_bytes(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// One section of the merged table. Types were checked against the defaults when it was merged.
pub(super) struct Section<'a> {
    pub(super) merged: &'a Merged,
    pub(super) name: &'static str,
}

impl Section<'_> {
    pub(super) fn string(&self, key: &str) -> &str {
        self.merged.value(self.name, key).and_then(Value::as_str).unwrap_or_default()
    }

    fn flag(&self, key: &str) -> bool {
        self.merged.value(self.name, key).and_then(Value::as_bool).unwrap_or_default()
    }

    fn strings(&self, key: &str) -> Result<Vec<&str>, ConfigError> {
        let list = self.merged.value(self.name, key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        list.iter()
            .map(|item| item.as_str().ok_or_else(|| self.bad(key, &item.to_string(), "a list of strings")))
            .collect()
    }

    pub(super) fn number<N: TryFrom<i64>>(&self, key: &str, range: RangeInclusive<i64>) -> Result<N, ConfigError> {
        let value = self.merged.value(self.name, key).and_then(Value::as_integer).unwrap_or_default();
        let allowed = || format!("{} to {}", range.start(), range.end());
        Some(value)
            .filter(|value| range.contains(value))
            .and_then(|value| N::try_from(value).ok())
            .ok_or_else(|| self.bad(key, &value.to_string(), allowed()))
    }

    fn address(&self, key: &str) -> Result<SocketAddr, ConfigError> {
        let text = self.string(key);
        text.parse().map_err(|_| self.bad(key, text, "an IP address with a port, e.g. 127.0.0.1:8080 or [::]:8080"))
    }

    /// Scheme and authority, as in an `Origin` header (RFC 6454 §6.2).
    fn origin(&self, key: &str, text: &str) -> Result<String, ConfigError> {
        let host = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
            .map(|rest| rest.trim_end_matches('/'));
        match host {
            Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', ' ']) => {
                Ok(text.trim_end_matches('/').to_ascii_lowercase())
            }
            _ => Err(self.bad(key, text, "http:// or https:// and a host, without a path")),
        }
    }

    pub(super) fn one_of(&self, key: &str, allowed: &[&str]) -> Result<&str, ConfigError> {
        let text = self.string(key);
        if allowed.contains(&text) { Ok(text) } else { Err(self.bad(key, text, allowed.join(", "))) }
    }

    pub(super) fn bad(&self, key: &str, value: &str, allowed: impl Into<String>) -> ConfigError {
        bad_value(self.name, key, value, allowed)
    }
}
