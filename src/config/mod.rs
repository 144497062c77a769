//! The configuration: `config/default.toml`, then a file, then the environment, checked once into typed values.
//!
//! Only `main` and `lib` read it; every other module gets the few values that it needs. Nothing past [`load`] sees raw TOML.

mod messages;
mod sources;
mod validate;

pub use messages::{Messages, Sms, Smtp, SmtpSecurity};

use crate::model::time::Zone;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::{Host, Url};

/// Every key with unit, default, range and reason; what the binary runs on when nothing else is given.
pub const DEFAULT_TOML: &str = include_str!("../../config/default.toml");

#[derive(Clone)]
pub struct Config {
    pub http: Http,
    pub https: Option<Https>,
    pub media: Media,
    pub relay: Relay,
    pub storage: Storage,
    pub booking: Booking,
    pub rooms: Rooms,
    pub tokens: Tokens,
    pub messages: Messages,
    pub oidc: Option<Oidc>,
    pub demo: Demo,
    pub log: Log,
}

#[derive(Clone, Debug)]
pub struct Http {
    pub listen: SocketAddr,
    /// Without a trailing slash; `None` = derived from the listening addresses.
    pub public_url: Option<String>,
    pub allowed_origins: Vec<String>,
    pub max_sockets: usize,
    pub joins_per_minute: u32,
    pub sign_ins_per_minute: u32,
    pub link_checks_per_minute: u32,
}

#[derive(Clone, Debug)]
pub struct Https {
    pub listen: SocketAddr,
    /// `None` = a self-signed certificate made at start.
    pub files: Option<CertificateFiles>,
}

#[derive(Clone, Debug)]
pub struct CertificateFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Clone, Debug)]
pub struct Media {
    /// Of the first shard; shard n takes port + n, or any free port when this one is 0.
    pub listen: SocketAddr,
    pub public_addresses: Vec<IpAddr>,
    pub shards: usize,
    pub pin_shards: bool,
}

#[derive(Clone, Debug)]
pub struct Relay {
    /// `false` = clients are told of no way over TCP, and none is served.
    pub enabled: bool,
    /// TCP port to offer to clients; `None` = the one that is listened on.
    pub port: Option<u16>,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
}

/// No `Debug`: the URL may hold a password.
#[derive(Clone)]
pub struct Storage {
    pub data_folder: PathBuf,
    /// Of PostgreSQL; `None` = SQLite in the data folder.
    pub database_url: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Booking {
    /// How far ahead slots are published.
    pub horizon: Duration,
}

#[derive(Clone, Debug)]
pub struct Rooms {
    pub max_rooms: usize,
    pub empty_life: Duration,
    pub drain: Duration,
}

impl Media {
    /// Where shard `index` listens; `load` has checked that the ports exist.
    #[must_use]
    pub fn shard_address(&self, index: usize) -> SocketAddr {
        let offset = if self.listen.port() == 0 { 0 } else { u16::try_from(index).unwrap_or_default() };
        SocketAddr::new(self.listen.ip(), self.listen.port().saturating_add(offset))
    }
}

/// No `Debug`: it holds the key.
#[derive(Clone)]
pub struct Tokens {
    /// `None` = kept in the data folder.
    pub key: Option<[u8; 32]>,
    pub join_token_life: Duration,
}

/// No `Debug`: it holds a secret.
#[derive(Clone)]
pub struct Oidc {
    /// Compared with what the provider calls itself, so exactly as it was written.
    pub issuer: String,
    pub client_id: String,
    /// `None` = a public client.
    pub client_secret: Option<String>,
    pub name: String,
    pub login_claim: String,
    pub scopes: String,
}

impl Oidc {
    /// Over TLS, or not leaving this machine: anybody on another way could be the provider.
    #[must_use]
    pub fn is_private(url: &Url) -> bool {
        let is_loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
    }
}

#[derive(Clone, Debug)]
pub struct Demo {
    /// Whether an empty database gets the made-up clinic.
    pub seed: bool,
    /// Of the made-up clinic.
    pub time_zone: Zone,
    pub rooms: u32,
    pub language: String,
    pub invitation_life: Duration,
}

#[derive(Clone, Debug)]
pub struct Log {
    pub json: bool,
    pub filter: String,
}

/// What is wrong, in the words of the person who wrote it: key, value, allowed range.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    #[error("cannot read the configuration file {path}: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("the configuration file {path} is not TOML: {reason}")]
    NotToml { path: String, reason: String },
    #[error("unknown configuration key `{key}` in {origin}; allowed here: {allowed}")]
    UnknownKey { key: String, origin: String, allowed: String },
    #[error("bad configuration value `{key}` = {value}; allowed: {allowed}")]
    BadValue { key: String, value: String, allowed: String },
}

/// Reads the defaults, `file` when given, and those variables of `environment` whose names start with `KENES_`.
///
/// # Errors
/// The first key that is unknown or holds a value outside its range.
pub fn load(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Config, ConfigError> {
    let mut merged = sources::Merged::defaults()?;
    if let Some(path) = file {
        merged.apply_file(path)?;
    }
    merged.apply_environment(environment)?;
    validate::validate(&merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        load(None, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn error_of(variables: &[(&str, &str)]) -> String {
        load_with(variables).err().expect("must be refused").to_string()
    }

    #[test]
    fn the_embedded_defaults_are_valid() {
        let config = load_with(&[]).unwrap();
        assert_eq!(config.http.listen, "127.0.0.1:8080".parse().unwrap());
        assert!(config.media.shards >= 1);
        assert!(config.tokens.key.is_none());
    }

    #[test]
    fn the_environment_wins() {
        let config = load_with(&[("KENES_HTTP_LISTEN", "127.0.0.1:0"), ("KENES_HTTPS_LISTEN", "")]).unwrap();
        assert_eq!(config.http.listen.port(), 0);
        assert!(config.https.is_none());
    }

    #[test]
    fn a_list_in_the_environment_is_separated_by_commas() {
        let config = load_with(&[("KENES_MEDIA_PUBLIC_ADDRESSES", "192.0.2.1, 2001:db8::1")]).unwrap();
        assert_eq!(config.media.public_addresses.len(), 2);
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = error_of(&[("KENES_HTTP_LISTN", "x")]);
        assert!(error.contains("KENES_HTTP_LISTN") && error.contains("listen"), "{error}");
    }

    #[test]
    fn a_value_out_of_range_is_named_with_its_range() {
        let error = error_of(&[("KENES_MEDIA_SHARDS", "65")]);
        assert_eq!(error, "bad configuration value `media.shards` = 65; allowed: 0 to 64");
    }

    #[test]
    fn a_word_where_a_number_belongs_is_named() {
        assert!(error_of(&[("KENES_MEDIA_SHARDS", "many")]).contains("`media.shards` = many; allowed: a whole number"));
    }

    #[test]
    fn the_token_key_is_never_printed() {
        assert!(!error_of(&[("KENES_TOKENS_KEY", "hunter2")]).contains("hunter2"));
    }

    #[test]
    fn a_database_url_is_checked_and_never_printed() {
        assert!(load_with(&[]).unwrap().storage.database_url.is_none());
        let url = "postgres://kenes:hunter2@db/kenes";
        let config = load_with(&[("KENES_STORAGE_DATABASE_URL", url)]).unwrap();
        assert_eq!(config.storage.database_url.as_deref(), Some(url));
        let error = error_of(&[("KENES_STORAGE_DATABASE_URL", "mysql://kenes:hunter2@db/kenes")]);
        assert!(error.contains("storage.database_url") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_sign_in_provider_is_named_in_full_and_over_tls() {
        assert!(load_with(&[]).unwrap().oidc.is_none());
        let with = |issuer, client_id| [("KENES_OIDC_ISSUER", issuer), ("KENES_OIDC_CLIENT_ID", client_id)];
        assert!(load_with(&with("https://id.example/realms/hospital", "kenes")).unwrap().oidc.is_some());
        assert!(load_with(&with("http://127.0.0.1:9000", "kenes")).unwrap().oidc.is_some());
        for issuer in ["http://id.example", "id.example", "https://id.example/?a=b", "https://id.example/#a"] {
            assert!(error_of(&with(issuer, "kenes")).contains("oidc.issuer"), "{issuer}");
        }
        assert!(error_of(&with("https://id.example", "")).contains("oidc.client_id"));
        let scopes = [with("https://id.example", "kenes")[..].to_vec(), vec![("KENES_OIDC_SCOPES", "email")]].concat();
        assert!(error_of(&scopes).contains("oidc.scopes"));
    }

    #[test]
    fn media_ports_of_all_shards_must_exist() {
        let error = error_of(&[("KENES_MEDIA_LISTEN", "0.0.0.0:65535"), ("KENES_MEDIA_SHARDS", "2")]);
        assert!(error.contains("media.listen"), "{error}");
    }

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        assert!(error_of(&[("KENES_HTTPS_CERTIFICATE_FILE", "a.pem")]).contains("https.key_file"));
    }

    #[test]
    fn without_a_gateway_there_is_none() {
        let messages = load_with(&[]).unwrap().messages;
        assert!(messages.sms.is_none() && messages.smtp.is_none());
    }

    #[test]
    fn a_gateway_for_sms_has_an_address_and_a_token() {
        let (url, token) = (("KENES_SMS_URL", "https://sms.example/v1/messages"), ("KENES_SMS_TOKEN", "hunter2"));
        let sms = load_with(&[url, token]).unwrap().messages.sms.unwrap();
        assert_eq!((sms.url.as_str(), sms.sender.as_str()), (url.1, "Kenes"));
        assert!(sms.delivery_secret.is_none());
        assert!(error_of(&[url]).contains("sms.token"));
        let error = error_of(&[url, token, ("KENES_SMS_DELIVERY_SECRET", "hunter2")]);
        assert!(error.contains("sms.delivery_secret") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn what_patients_read_goes_by_tls_or_stays_on_the_machine() {
        let sms = |url| load_with(&[("KENES_SMS_URL", url), ("KENES_SMS_TOKEN", "x")]).map(|_| ());
        assert!(sms("http://127.0.0.1:9000/sms").is_ok() && sms("http://[::1]/").is_ok());
        assert!(sms("http://sms.example/").is_err() && sms("ftp://sms.example/").is_err() && sms("sms").is_err());
        let from = ("KENES_SMTP_FROM", "Kenes <kenes@hospital.kz>");
        let plain = |host| load_with(&[("KENES_SMTP_HOST", host), from, ("KENES_SMTP_SECURITY", "none")]).map(|_| ());
        assert!(plain("127.0.0.1").is_ok() && plain("mail.hospital.kz").is_err());
    }

    #[test]
    fn an_smtp_server_has_a_sender_and_an_account_both_parts() {
        let host = ("KENES_SMTP_HOST", "mail.hospital.kz");
        let from = ("KENES_SMTP_FROM", "Kenes <kenes@hospital.kz>");
        let smtp = load_with(&[host, from]).unwrap().messages.smtp.unwrap();
        assert_eq!((smtp.port, smtp.security), (587, SmtpSecurity::StartTls));
        assert!(smtp.account.is_none());
        assert!(error_of(&[host]).contains("smtp.from"));
        assert!(error_of(&[host, from, ("KENES_SMTP_USER", "kenes")]).contains("smtp.password"));
    }

    #[test]
    fn every_key_has_a_comment_above_it() {
        let lines: Vec<&str> = DEFAULT_TOML.lines().collect();
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(" = ") && !line.starts_with('#'))
        {
            let explained = lines[..index].iter().rev().take_while(|line| !line.is_empty() && !line.starts_with('['));
            assert!(explained.clone().any(|line| line.starts_with('#')), "no comment above `{line}`");
        }
    }
}
