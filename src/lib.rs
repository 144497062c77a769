//! The Kenes server: one process that serves the web client, the signaling and the media of consultations.
//!
//! [`Server::start`] puts the modules together and is the one place, with `main`, that reads the configuration. The way of a
//! request: [`router`] -> [`endpoints`] -> [`rooms`]; of a media event: shard -> [`rooms`] -> socket. ARCHITECTURE.md walks both.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod address_limit;
pub mod app;
pub mod booking;
pub mod calendar;
pub mod clock;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod endpoints;
pub mod links;
pub mod listener;
pub mod logging;
pub mod messages;
pub mod metrics;
pub mod model;
pub mod presence;
pub mod rooms;
pub mod router;
pub mod storage;
pub mod tls;
pub mod tokens;
pub mod upkeep;
pub mod visits;
pub mod web_client;

use accounts::first_run::{self, FirstAdmin, FirstRunError};
use accounts::oidc::{Oidc, OidcError};
use accounts::password::Passwords;
use address_limit::AddressLimit;
use app::App;
use axum_server::Handle;
use config::Config;
use endpoints::link_check::{MAX_TRIALS, REQUESTS_A_CHECK};
use kenes_relay::Relay;
use kenes_sfu::io::{IoMode, RunningShard, ThreadSettings, spawn_shard};
use kenes_sfu::shard::ShardConfig;
use kenes_sfu::transport::dtls::{DtlsIdentity, DtlsIdentityError};
use links::{Bases, DemoLinks, TcpPort};
use listener::Front;
use messages::ReportToken;
use messages::sender::{RunningSender, Sender, SenderError};
use metrics::Metrics;
use rooms::media::{Media, OverTcp, ShardSlot};
use rooms::{EVENT_QUEUE, NOTICE_QUEUE, RoomLimits, Rooms, ShardReport};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use storage::{Database, StorageError};
use tokens::{Grant, TokenKey, Use};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use upkeep::{RunningUpkeep, Upkeep};
use visits::Recording;

/// A running server. [`Server::shutdown`] ends it in good order; dropping it closes the listeners and leaves the shards at work.
pub struct Server {
    app: Arc<App>,
    http: SocketAddr,
    https: Option<SocketAddr>,
    bases: Bases,
    demos: Vec<DemoLinks>,
    first_admin: Option<FirstAdmin>,
    clinic: Option<demo::Opening>,
    recording: Recording,
    self_signed: bool,
    shards: Vec<RunningShard>,
    /// Ends the listeners; they are `servers`.
    listeners: Handle<SocketAddr>,
    servers: JoinSet<()>,
    sender: RunningSender,
    upkeep: RunningUpkeep,
    drain: Duration,
    max_sockets: u32,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "cannot listen on `{key}` = {address}: {reason}; set `{key}` to a free address, or end what holds this one"
    )]
    Listen { key: &'static str, address: SocketAddr, reason: std::io::Error },
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    #[error(transparent)]
    MediaCertificate(#[from] DtlsIdentityError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("cannot open the made-up clinic: {0}")]
    Demo(#[from] demo::DemoError),
    #[error("cannot make the first administrator: {0}")]
    FirstRun(#[from] FirstRunError),
    #[error("cannot keep the key of links in the data folder: {0}")]
    TokenKey(std::io::Error),
    #[error(transparent)]
    Sender(#[from] SenderError),
    #[error(transparent)]
    Oidc(#[from] OidcError),
    #[error("the system's cryptography failed")]
    Crypto(#[from] aws_lc_rs::error::Unspecified),
    #[error("cannot set up the metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// When people should try again, on this server restarted or on another.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);
/// How long sockets get to end after the server has begun to close them.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);
/// How many pairing codes one address may type per minute: an administrator and a cart need one.
const PAIRINGS_PER_MINUTE: u32 = 10;
/// How long requests under way get to be answered.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

impl Server {
    /// Binds every port, starts the media shards and serves.
    ///
    /// # Errors
    /// A port that is taken, with the key that names it; a certificate that cannot be read; a failure of the system.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let http = listen("http.listen", config.http.listen)?;
        let https = config.https.as_ref().map(|https| listen("https.listen", https.listen)).transpose()?;
        let (http_address, https_address) = (local_address(&http), https.as_ref().map(local_address));

        let database = Database::open(&config.storage.data_folder, config.storage.database_url.as_deref()).await?;
        let passwords = Passwords::new().map_err(FirstRunError::from)?;
        let key = token_key(&config)?;
        // Before the first administrator, who is one of the made-up clinic's where there is one.
        let clinic = open_clinic(&config, &database, &passwords, &key).await?;
        let first_admin = first_run::ensure_admin(&database, &passwords, clock::unix_ms()).await?;
        let metrics = Arc::new(Metrics::new()?);
        let public_url = config.http.public_url.as_deref();
        let tcp = TcpPort { http: http_address, https: https_address, public_url, configured: config.relay.port };
        let (media, shards, reports) = start_media(&config, &tcp, &key)?;
        let relay = config.relay.enabled.then(|| Arc::clone(media.relay()));
        let limits = RoomLimits { max_rooms: config.rooms.max_rooms, empty_life: config.rooms.empty_life };
        let (notices, told) = mpsc::channel(NOTICE_QUEUE);
        let rooms = Rooms::new(media, Arc::clone(&metrics), limits, notices);
        visits::recover(&database, clock::unix_ms()).await?;
        let recording = visits::record(&database, &rooms, &metrics, told);
        tokio::spawn(Arc::clone(&rooms).take_reports(reports));
        tokio::spawn(Arc::clone(&rooms).watch_shards());

        let bases =
            links::bases(config.http.public_url.as_deref(), http_address, https_address, links::network_address());
        let app = Arc::new(App {
            database,
            passwords,
            presence: Arc::default(),
            report_token: report_token(&config.messages),
            link_base: bases.phone.clone().unwrap_or_else(|| bases.here.clone()),
            tokens: TokenKey::new(key)?,
            join_token_life: config.tokens.join_token_life,
            horizon: config.booking.horizon,
            join_limit: AddressLimit::new(config.http.joins_per_minute),
            sign_in_limit: AddressLimit::new(config.http.sign_ins_per_minute),
            pairing_limit: AddressLimit::new(PAIRINGS_PER_MINUTE),
            link_check_limit: AddressLimit::new(config.http.link_checks_per_minute.saturating_mul(REQUESTS_A_CHECK)),
            trials: Arc::new(Semaphore::new(MAX_TRIALS)),
            oidc: oidc(config.oidc.clone(), &bases)?,
            allowed_origins: config.http.allowed_origins.iter().chain(&config.http.public_url).cloned().collect(),
            sockets: Arc::new(Semaphore::new(config.http.max_sockets)),
            rooms,
            metrics,
        });
        let demos = demos(&app.tokens, &config.demo, &bases)?;

        let listeners = Handle::new();
        let front = Front { app: Arc::clone(&app), relay, handle: listeners.clone() };
        let files = config.https.as_ref().and_then(|https| https.files.as_ref());
        let servers = serve(&config.http, files, &front, http, https)?;
        let upkeep = start_upkeep(&config.booking, &app);
        let sender = start_sender(config.messages, &app)?;
        tracing::info!(shards = shards.len(), "server started");
        Ok(Self {
            app,
            http: http_address,
            https: https_address,
            bases,
            demos,
            first_admin,
            clinic,
            recording,
            self_signed: files.is_none(),
            shards,
            listeners,
            servers,
            sender,
            upkeep,
            drain: config.rooms.drain,
            max_sockets: u32::try_from(config.http.max_sockets).unwrap_or(u32::MAX),
        })
    }

    #[must_use]
    pub fn http_address(&self) -> SocketAddr {
        self.http
    }

    #[must_use]
    pub fn https_address(&self) -> Option<SocketAddr> {
        self.https
    }

    /// UDP addresses of the media shards.
    #[must_use]
    pub fn media_addresses(&self) -> Vec<SocketAddr> {
        self.shards.iter().map(|shard| shard.local_addr).collect()
    }

    /// What a start prints; `links::announcement` describes it.
    #[must_use]
    pub fn announcement(&self) -> String {
        let admin = self.first_admin.as_ref().map(|admin| (admin.login, admin.password.reveal().as_str()));
        let clinic = self.clinic.as_ref();
        let clinic = clinic.map(|open| links::Clinic { logins: &open.logins, password: open.password.reveal() });
        links::announcement(&self.bases, &self.demos, admin, clinic.as_ref(), self.self_signed)
    }

    /// An invitation for anybody: what booking will hand out.
    ///
    /// # Errors
    /// The system's random source failed.
    pub fn invite(&self, grant: &Grant) -> Result<String, StartError> {
        Ok(self.app.tokens.seal(Use::Invitation, grant)?)
    }

    /// Tells everybody, waits for a bounded time, closes what is left, and joins the shards.
    pub async fn shutdown(self) {
        self.app.rooms.drain(RECONNECT_AFTER);
        // All permits back = all sockets closed.
        let all_closed = || self.app.sockets.acquire_many(self.max_sockets);
        let left = tokio::time::timeout(self.drain, all_closed()).await.is_ok();
        self.app.rooms.stop();
        let closed = tokio::time::timeout(CLOSE_WITHIN, all_closed()).await.is_ok();
        tracing::info!(left, closed, "sockets ended");
        self.listeners.graceful_shutdown(Some(ANSWER_WITHIN));
        self.servers.join_all().await;
        let shards = self.shards;
        let joined = tokio::task::spawn_blocking(|| {
            for shard in shards {
                if let Err(error) = shard.shutdown() {
                    tracing::error!(%error, "a shard ended badly");
                }
            }
        });
        if joined.await.is_err() {
            tracing::error!("joining the shards failed");
        }
        self.recording.finish().await;
        self.upkeep.stop().await;
        self.sender.stop().await;
        self.app.database.close().await;
        tracing::info!("server stopped");
    }
}

/// Whoever comes is answered from here on.
fn serve(
    config: &config::Http,
    files: Option<&config::CertificateFiles>,
    front: &Front,
    http: TcpListener,
    https: Option<TcpListener>,
) -> Result<JoinSet<()>, StartError> {
    let mut servers = JoinSet::new();
    let behind_tls = config.public_url.as_ref().is_some_and(|url| url.starts_with("https:"));
    front.serve(&mut servers, http, None, behind_tls);
    if let Some(https) = https {
        let tls = tls::server_config(files, &links::interface_addresses())?;
        front.serve(&mut servers, https, Some(tls), true);
    }
    Ok(servers)
}

fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    listener::listen(address).map_err(|reason| StartError::Listen { key, address, reason })
}

/// A bound listener has an address; were it lost, the links would show port 0.
fn local_address(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)))
}

type StartedMedia = (Media, Vec<RunningShard>, mpsc::Receiver<ShardReport>);

/// The shards, and the relay before them. `tcp` is where both are told of, `key` what TURN's credentials follow from.
fn start_media(config: &Config, tcp: &TcpPort<'_>, key: &[u8; 32]) -> Result<StartedMedia, StartError> {
    let identity = DtlsIdentity::generate()?;
    let public = &config.media.public_addresses;
    let hosts = links::media_hosts(config.media.listen.ip(), public);
    let (sender, reports) = mpsc::channel(EVENT_QUEUE);
    let (mut running, mut slots) = (Vec::new(), Vec::new());
    for index in 0..config.media.shards {
        let shard = start_shard(&config.media, index, &identity, sender.clone())?;
        let candidates = hosts.iter().map(|host| SocketAddr::new(*host, shard.local_addr.port())).collect();
        slots.push(ShardSlot::new(shard.handle.clone(), candidates, shard.local_addr));
        running.push(shard);
    }
    let relay = Arc::new(Relay::new(kenes_relay::Settings {
        shards: running.iter().map(|shard| shard.local_addr).collect(),
        hosts,
        secret: tokens::derived(key, b"turn"),
        unix_seconds: || clock::unix_ms().0 / 1_000,
        max_connections: config.relay.max_connections,
        max_connections_per_address: config.relay.max_connections_per_address,
    }));
    let over_tcp = if config.relay.enabled {
        OverTcp { relay, candidates: tcp.candidates(public), turn_url: tcp.turn_url() }
    } else {
        OverTcp { relay, candidates: Vec::new(), turn_url: None }
    };
    Ok((Media::new(identity.fingerprint(), slots, over_tcp), running, reports))
}

fn start_shard(
    config: &config::Media,
    index: usize,
    identity: &DtlsIdentity,
    reports: mpsc::Sender<ShardReport>,
) -> Result<RunningShard, StartError> {
    let mut seed = [0; 8];
    aws_lc_rs::rand::fill(&mut seed)?;
    let settings = ThreadSettings {
        index,
        listen: config.shard_address(index),
        pin_to: config.pin_shards.then_some(index + 1),
        mode: IoMode::default(),
    };
    let shard = ShardConfig { identity: identity.clone(), seed: u64::from_ne_bytes(seed) };
    let sink = move |message| reports.try_send(ShardReport { shard: index, message }).is_ok();
    let address = settings.listen;
    spawn_shard(settings, shard, sink).map_err(|reason| StartError::Listen { key: "media.listen", address, reason })
}

fn report_token(settings: &config::Messages) -> ReportToken {
    ReportToken::new(settings.sms.as_ref().and_then(|sms| sms.delivery_secret.as_deref()))
}

fn start_sender(settings: config::Messages, app: &App) -> Result<RunningSender, SenderError> {
    let (database, metrics) = (app.database.clone(), Arc::clone(&app.metrics));
    Ok(Sender::new(settings, app.link_base.clone(), database, metrics)?.spawn())
}

fn oidc(settings: Option<config::Oidc>, bases: &Bases) -> Result<Option<Oidc>, OidcError> {
    let redirect_uri = links::sign_in_callback(&bases.here);
    settings.map(|settings| Oidc::new(settings, redirect_uri)).transpose()
}

async fn open_clinic(
    config: &Config,
    database: &Database,
    passwords: &Passwords,
    key: &[u8],
) -> Result<Option<demo::Opening>, StartError> {
    if !config.demo.seed {
        return Ok(None);
    }
    let (password, horizon) = (demo::password(key), config.booking.horizon);
    Ok(demo::open(database, passwords, password, clock::unix_ms(), horizon, &config.demo.time_zone).await?)
}

fn start_upkeep(settings: &config::Booking, app: &App) -> RunningUpkeep {
    let (database, presence) = (app.database.clone(), Arc::clone(&app.presence));
    Upkeep { database, presence, metrics: Arc::clone(&app.metrics), horizon: settings.horizon }.spawn()
}

/// The configured key; without one that of the data folder, made at the first start, so that links outlive the process.
fn token_key(config: &Config) -> Result<[u8; 32], StartError> {
    match config.tokens.key {
        Some(key) => Ok(key),
        None => tokens::kept_key(&config.storage.data_folder).map_err(StartError::TokenKey),
    }
}

fn demos(key: &TokenKey, demo: &config::Demo, bases: &Bases) -> Result<Vec<DemoLinks>, StartError> {
    let expires = clock::unix_ms().plus(demo.invitation_life);
    let seal = |grant: &Grant| key.seal(Use::Invitation, grant);
    let links = |number| {
        let [nurse, specialist, patient] = links::demo_grants(number, &demo.language, expires);
        let patient = seal(&patient)?;
        Ok(DemoLinks {
            nurse: links::visit(&bases.here, &seal(&nurse)?),
            specialist: links::visit(&bases.here, &seal(&specialist)?),
            phone: bases.phone.as_deref().map(|base| links::visit(base, &patient)),
            patient: links::visit(&bases.here, &patient),
        })
    };
    (1..=demo.rooms).map(links).collect()
}
